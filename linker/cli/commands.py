"""The command line: one module a command, each thin: arguments in, plain functions called."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from linker.cli.annotate import annotate
from linker.cli.build import build
from linker.cli.console import STOPPED
from linker.cli.demo import demo
from linker.cli.diff import diff
from linker.cli.doctor import doctor
from linker.cli.evaluate import evaluate
from linker.cli.info import info
from linker.cli.link import link
from linker.cli.map import map_
from linker.cli.overlay import overlay
from linker.cli.streams import prepare_streams
from linker.cli.train import train
from linker.errors import LinkerError

COMMANDS = (
    build,
    overlay,
    diff,
    info,
    link,
    map_,
    annotate,
    evaluate,
    train,
    demo,
    doctor,
)
"""In the order in which `linker --help` lists them. A new command is one module and one name."""


class _Group(typer.core.TyperGroup):
    """Turns our own errors into a line on stderr and the exit status 1."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        prepare_streams()
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of the help, which no command prints
            typer.echo(f"error: {_one_line(error)}", err=True)
            sys.exit(1)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # `linker link | head`: nobody reads on. Typer ends the program quietly.
            raise
        except (LinkerError, OSError) as error:
            typer.echo(f"error: {_one_line(error)}", err=True)
            raise typer.Exit(1) from error
        except MemoryError as error:
            reason = f" ({_one_line(error)})" if str(error) else ""
            typer.echo(
                f"error: memory is short{reason}; free some, or raise the limit of the container, "
                "of the job or of the shell (ulimit -v)",
                err=True,
            )
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo("stopped", err=True)
            raise typer.Exit(STOPPED) from error


class _Command(typer.core.TyperCommand):
    """Shows an argument by its name, without a type such as "<list[str]>"."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)
        for parameter in params:
            if parameter.param_type_name == "argument":
                parameter.display_type = lambda ctx: ""  # noqa: ARG005
        return params


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).splitlines())


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # In boxes of 80 columns, long names of options are cut ("--split-abbrev…"), and help stands in
    # a column of 16.
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"concept-linker {version('concept-linker')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Find the biomedical mentions in clinical text and link each to its concept."""


for command in COMMANDS:
    # The list of commands would cut what it takes from the docstring itself.
    about = " ".join((command.__doc__ or "").partition("\n\n")[0].split())
    app.command(command.__name__.rstrip("_"), cls=_Command, short_help=about)(command)

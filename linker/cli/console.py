"""What every command shares of opening, showing and being stopped."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from linker.errors import EncoderError
from linker.home import at_home

if TYPE_CHECKING:
    from linker.link import Linker

STOPPED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""

_UNFOLDED = 100_000
"""Characters: longer than any line, for what is not printed on a terminal."""

out_console = Console()
err_console = Console(stderr=True)


def open_linker(index: Path, **options: Any) -> Linker:
    """`Linker.load`, with torch and the rest imported only now.

    Raises:
        EncoderError: the encoder's folder is not there: said now, not when it is first needed.
        LinkerError: as `Linker.load`.
    """
    from linker.link import Linker

    folder = at_home(options.get("encoder") or "")
    if folder.is_absolute() and not folder.is_dir():
        raise EncoderError(f"{folder}: no such folder; --encoder says where the encoder is now")
    return Linker.load(index, **options)


def show(table: Table) -> None:
    """Print a table on stdout: in a pipe a line a row, unless COLUMNS asks for a width."""
    if out_console.is_terminal:
        out_console.print(table, highlight=False)
        return
    asked = os.environ.get("COLUMNS", "")
    width = int(asked) if asked.isdigit() and int(asked) > 0 else _UNFOLDED
    # `print(width=...)` only narrows. Of an own console, because rich asks for its width when made.
    printed = io.StringIO()
    Console(width=width, file=printed, color_system=None).print(table, highlight=False)
    # Cells are padded to the longest of their column, the last too.
    lines = printed.getvalue().splitlines()
    out_console.file.write("".join(f"{line.rstrip()}\n" for line in lines))
    # While an error can still be told.
    out_console.file.flush()


@contextmanager
def resumable(out: Path) -> Iterator[None]:
    """After Ctrl-C, say how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        if not out.with_name(f"{out.name}.partial").exists():
            raise
        typer.echo("stopped; what was done is kept: use --resume to go on", err=True)
        raise typer.Exit(STOPPED) from error

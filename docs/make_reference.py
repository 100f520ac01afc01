"""Writes docs/reference.md from the command line's help and the docstrings.

python docs/make_reference.py
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from spacy.language import Language

import linker
from linker.cli import app
from linker.component import create_concept_linker, set_extensions, split_at_signs

REFERENCE = Path(__file__).with_name("reference.md")


def reference() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Made by `python docs/make_reference.py`; do not edit. The same is in `linker COMMAND --help`"
    yield "and `help(linker.Linker)`."
    yield ""
    yield "## Command line"
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        usage = " ".join(f"{p.name.upper()}{'...' * (p.nargs == -1)}" for p in arguments)
        yield from ("", f"### linker {name} {usage}".rstrip(), "", _plain(command.help), "")
        yield from ("| option | |", "|---|---|")
        for parameter in command.params:
            yield f"| {_label(parameter)} | {_help(parameter)} |"
    yield from ("", "## Python")
    for name in linker.__all__:
        yield from ("", f"### linker.{name}", "")
        value: Any = getattr(linker, name)
        yield from _documented(name, value)
        if inspect.isclass(value):
            for member, found in vars(value).items():
                function = getattr(found, "__func__", found)
                is_ours = inspect.isfunction(function) and inspect.getdoc(function)
                if is_ours and not member.startswith(("_", "model_")):
                    yield from ("", f"#### {name}.{member}", "")
                    yield from _documented(member, function)
    yield from ("", "## spaCy", "", "### concept_linker", "", "```text")
    yield 'nlp.add_pipe("concept_linker", config={'
    for option, default in Language.get_factory_meta("concept_linker").default_config.items():
        yield f"    {option!r}: {default!r},"
    yield from ("})", "```", "")
    yield from _documented("concept_linker", inspect.getdoc(create_concept_linker))
    for function in (set_extensions, split_at_signs):
        yield from ("", f"### linker.component.{function.__name__}", "")
        yield from _documented(function.__name__, function)


def _documented(name: str, value: Any) -> Iterator[str]:
    if inspect.isfunction(value):
        yield from ("```text", f"{name}{_signature(value)}", "```", "")
    said = value if isinstance(value, str) else inspect.getdoc(value) or ""
    yield from ("```text", said, "```")


def _signature(function: Any) -> str:
    parameters = ", ".join(str(p) for p in inspect.signature(function).parameters.values())
    short = f"({parameters})"
    if len(short) < 90:
        return short
    parts = [str(p) for p in inspect.signature(function).parameters.values()]
    return "(\n    " + ",\n    ".join(parts) + ",\n)"


def _label(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    names = [*parameter.opts, *parameter.secondary_opts]
    needed = " (required)" if parameter.required else ""
    return ", ".join(f"`{name}`" for name in names) + needed


def _help(parameter: Any) -> str:
    default = parameter.default
    shown = default is not None and not callable(default) and default not in (False, True, (), [])
    is_said = shown and not parameter.required and getattr(parameter, "show_default", False)
    return _plain(parameter.help or "").replace("|", "\\|") + f" Default: {default}." * bool(
        is_said
    )


def _plain(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")

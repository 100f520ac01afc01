"""Writes docs/reference.md from the command line's help and the docstrings.

python docs/make_reference.py
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
from spacy.language import Language

# Of the checkout that this file stands in, whatever else is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import linker
from linker.annotate import annotate_files
from linker.cli import app
from linker.component import (
    ConceptLinker,
    create_concept_linker,
    set_extensions,
    split_at_signs,
)
from linker.detect import expand
from linker.evaluate import compare, evaluate, read_gold

REFERENCE = Path(__file__).with_name("reference.md")
BEYOND: dict[str, Callable[..., Any]] = {
    "linker.annotate.annotate_files": annotate_files,
    "linker.detect.expand": expand,
    "linker.evaluate.evaluate": evaluate,
    "linker.evaluate.compare": compare,
    "linker.evaluate.read_gold": read_gold,
}
"""What the pages use beside the public names of `linker`."""


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
            yield from _members(name, value)
    for name, function in BEYOND.items():
        yield from ("", f"### {name}", "")
        yield from _documented(function.__name__, function)
    yield from ("", "## spaCy", "", "### concept_linker", "", "```text")
    yield 'nlp.add_pipe("concept_linker", config={'
    for option, default in Language.get_factory_meta("concept_linker").default_config.items():
        yield f"    {option!r}: {default!r},"
    yield from ("})", "```", "")
    yield from _documented("concept_linker", inspect.getdoc(create_concept_linker))
    yield from ("", "### linker.component.ConceptLinker", "")
    yield from _documented("ConceptLinker", inspect.getdoc(ConceptLinker))
    yield from _properties("ConceptLinker", ConceptLinker)
    for function in (set_extensions, split_at_signs):
        yield from ("", f"### linker.component.{function.__name__}", "")
        yield from _documented(function.__name__, function)


def _members(name: str, value: type) -> Iterator[str]:
    """The properties and methods of a class, but for what it inherits."""
    yield from _properties(name, value)
    for member, found in vars(value).items():
        function = getattr(found, "__func__", found)
        is_ours = inspect.isfunction(function) and inspect.getdoc(function)
        if is_ours and not member.startswith(("_", "model_")):
            yield from ("", f"#### {name}.{member}", "")
            yield from _documented(member, function)


def _properties(name: str, value: type) -> Iterator[str]:
    found = {
        member: _plain(inspect.getdoc(of) or "")
        for member, of in vars(value).items()
        if isinstance(of, property)
    }
    if found:
        yield from ("", "| property | |", "|---|---|")
        yield from (f"| `{name}.{member}` | {said} |" for member, said in found.items())


def _documented(name: str, value: Any) -> Iterator[str]:
    if inspect.isfunction(value):
        yield from ("```text", f"{name}{_signature(value)}", "```", "")
    said = value if isinstance(value, str) else inspect.getdoc(value) or ""
    yield from ("```text", said, "```")


def _signature(function: Any) -> str:
    """As `help` shows it, but for `self` and `cls`; types as the code has them."""
    signature = inspect.signature(function)
    shown = [
        p.replace(annotation=_Verbatim(p.annotation)) if p.annotation is not p.empty else p
        for p in signature.parameters.values()
        if p.name not in ("self", "cls")
    ]
    short = str(signature.replace(parameters=shown, return_annotation=signature.empty))
    if len(short) < 90:
        return short
    parts = [str(p) for p in shown]
    first = next((i for i, p in enumerate(shown) if p.kind is p.KEYWORD_ONLY), len(parts))
    starred = [*parts[:first], *["*"] * (first < len(parts)), *parts[first:]]
    return "(\n    " + ",\n    ".join(starred) + ",\n)"


class _Verbatim:
    """An annotation that is shown without quotes."""

    def __init__(self, annotation: Any) -> None:
        self._text = (
            annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
        )

    def __repr__(self) -> str:
        return self._text


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

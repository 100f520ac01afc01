"""`linker doctor`: what is installed and found here, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import show

if TYPE_CHECKING:
    from linker.doctor import Diagnosis, FoundIndex


def doctor(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Index folders, or folders of them; by default indexes/."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show what is installed and found here, what will be fast or slow, and what is missing."""
    from linker.doctor import diagnose

    found = diagnose([Path("indexes")] if paths is None else paths)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in _rows(found):
        table.add_row(Text(key), Text(value))
    show(table)


def _rows(found: Diagnosis) -> list[tuple[str, str]]:
    machine = found.machine
    features = machine.cpu_features
    return [
        ("concept-linker", f"{found.version or 'not installed'}, Python {machine.python}"),
        ("system", machine.system),
        ("cores", f"{machine.threads}{_omp(machine.omp_threads)}"),
        ("processor", "not known" if features is None else ", ".join(features) or "no AVX2"),
        ("memory", f"{_gb(machine.memory)}, {_gb(machine.memory_free)} free"),
        ("GPU", ", ".join(machine.gpus) or "none"),
        *((f"package {name}", v or "not installed") for name, v in found.packages.items()),
        *((f"extra [{e}]", _absent(absent)) for e, absent in found.extras.items()),
        *((f"encoder {name}", at or "not here") for name, at in found.encoders.items()),
        *((f"spaCy model {name}", v) for name, v in found.models.items()),
        *((f"index {index.path}", _index(index)) for index in found.indexes),
        *(("here", sentence) for sentence in found.speed),
        *(("missing", f"{what}; {command}") for what, command in found.missing),
    ]


def _omp(threads: str) -> str:
    return f", OMP_NUM_THREADS={threads}" if threads else ""


def _gb(n_bytes: int | None) -> str:
    return "not known" if n_bytes is None else f"{n_bytes / 1e9:.1f} GB"


def _absent(names: Sequence[str]) -> str:
    return f"lacks {', '.join(names)}" if names else "all there"


def _index(index: FoundIndex) -> str:
    if index.problem:
        return f"cannot be used: {index.problem}"
    encoder = "found" if index.encoder_found else "not found here"
    return (
        f"{index.terminology} {index.release}, {index.names:,} names, "
        f"encoder {index.encoder} ({encoder})"
    )

"""`linker doctor`: what is installed and found here, and what is missing."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import show
from linker.counted import counted

if TYPE_CHECKING:
    from linker.doctor import Diagnosis, FoundIndex


def doctor(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATHS",
            help="Index folders, or folders that contain some; by default indexes/.",
        ),
    ] = None,
    *,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Read and check every file of the indexes; exit with 1 if one is unusable.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show what is installed on this machine, what will be fast or slow, and what is missing."""
    from linker.doctor import diagnose

    found = diagnose(paths, verify=verify)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
    else:
        table = Table(show_header=False, box=None)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for key, value in _rows(found):
            table.add_row(Text(key), Text(value))
        show(table)
    if verify and any(index.problem for index in found.indexes):
        raise typer.Exit(1)


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
        *((f"package {name}", found.packages[name] or "not installed") for name in found.needed),
        *((f"extra [{extra}]", _extra(found, extra)) for extra in found.extras),
        *((f"encoder {name}", at or "not here") for name, at in found.encoders.items()),
        *_export(found),
        *((f"spaCy model {name}", v) for name, v in found.models.items()),
        *((f"index {index.path}", _index(index)) for index in found.indexes),
        *(("here", sentence) for sentence in found.speed),
        *(("missing", f"{what}; to get it: {command}") for what, command in found.missing),
    ]


def _omp(threads: str) -> str:
    return f", OMP_NUM_THREADS={threads}" if threads else ""


def _gb(n_bytes: int | None) -> str:
    return "not known" if n_bytes is None else f"{n_bytes / 1e9:.1f} GB"


def _extra(found: Diagnosis, extra: str) -> str:
    """What it is for, and its packages."""
    from linker.doctor import EXTRAS

    names = found.extras[extra]
    absent = [name for name in names if not found.packages[name]]
    there = ", ".join(f"{name} {found.packages[name]}" for name in names if name not in absent)
    lacks = f"lacks {', '.join(absent)}" if absent else ""
    return f"for {EXTRAS[extra]}: {'; '.join(part for part in (there, lacks) if part)}"


def _export(found: Diagnosis) -> list[tuple[str, str]]:
    if not any(found.encoders.values()):
        return []
    return [("ONNX export", found.export or "no folder for it can be written")]


def _index(index: FoundIndex) -> str:
    if index.problem:
        return f"cannot be used: {index.problem}"
    encoder = "found" if index.encoder_found else "not found here"
    release = f"{index.terminology} {index.release}".strip()
    checked = "every checksum is right" if index.verified else "checksums: --verify compares them"
    return (
        f"{release}, {counted(index.names, 'name')}, encoder {index.encoder} ({encoder}); {checked}"
    )

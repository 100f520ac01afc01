"""`linker info`: what an index holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import show
from linker.counted import counted

if TYPE_CHECKING:
    from linker.terminology import Part, Release


def info(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The index folder.", show_default=False)
    ],
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Show what an index holds: its release, counts, filters, encoder and licence."""
    from linker.index.manifest import Manifest

    manifest = Manifest.read(folder)
    if verify:
        manifest.verify(folder)
    if as_json:
        # In ASCII: it is the same in any locale.
        typer.echo(json.dumps(manifest.model_dump(mode="json"), indent=2))
        return
    terminology, encoder, vectors, counts = (
        manifest.terminology,
        manifest.encoder,
        manifest.vectors,
        manifest.counts,
    )
    size = sum(file.bytes for file in manifest.files.values())
    rows = {
        "terminology": terminology.terminology,
        **(_parts(terminology.parts) if terminology.parts else _release(terminology)),
        "concepts": f"{counts.concepts:,}"
        + (f" (and {counted(counts.retired, 'retired id')})" if counts.retired else ""),
        "names": f"{counts.names:,} distinct, {counts.name_concept_pairs:,} with their concepts"
        + (f" ({counted(counts.derived, 'derived form')} among them)" if counts.derived else ""),
        **{f"overlay {info.name}": info.summary for info in manifest.overlays},
        **{
            f"overlay {info.name}, line {row.line}": f"left out: {row.reason}"
            for info in manifest.overlays
            for row in info.left_out
        },
        "encoder": f"{encoder.name} ({encoder.dim} dimensions, {encoder.pooling} pooling, "
        f"{encoder.precision})",
        "encoder licence": encoder.licence or "not stated",
        "encoder fingerprint": encoder.fingerprint,
        "vectors": f"{vectors.kind}, recall@10 {vectors.recall_at_10:.3f} "
        f"on {counted(vectors.recall_queries, 'name')}"
        + (f" ({vectors.effort})" if str(vectors.effort) else ""),
        "size": f"{size / 1e6:,.1f} MB",
        "built by": f"concept-linker {manifest.tool_version}",
        **({"files": "every checksum is right"} if verify else {}),
    }
    table = Table(show_header=False, box=None, title=Text(str(folder)), title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(value))
    show(table)


def _release(release: Release | Part) -> dict[str, str]:
    return {
        "release": release.version or "not stated",
        "licence": release.licence or "not stated",
        "read by": release.source,
        **{f"filter {key}": _filter(value) for key, value in release.filters.items()},
        **{f"left out, {key}": f"{value:,}" for key, value in release.skipped.items()},
    }


def _filter(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _parts(parts: Sequence[Part]) -> dict[str, str]:
    """The same of each terminology of the index, and how much of it is there."""
    rows = {}
    for number, part in enumerate(parts, start=1):
        rows[f"{number}. terminology"] = part.terminology
        rows.update({f"{number}. {key}": value for key, value in _release(part).items()})
        if part.prefix:
            rows[f"{number}. prefix of ids"] = part.prefix
        rows[f"{number}. concepts"] = f"{part.concepts:,}" + (
            f" (and {counted(part.retired, 'retired id')})" if part.retired else ""
        )
        rows[f"{number}. names"] = f"{part.names:,}"
    return rows

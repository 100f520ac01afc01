"""`linker overlay`: local names, codes and concepts on a built index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linker.cli.options import EncoderOption
from linker.counted import counted

if TYPE_CHECKING:
    from linker.index import Manifest


def overlay(
    index: Annotated[
        Path, typer.Argument(metavar="INDEX", help="The index folder.", show_default=False)
    ],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILES",
            help="CSV files: concept_id, name, kind (exact, abbreviation, ..., remove), "
            "preferred_name, semantic_types, definition, codes.VOCABULARY.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write a new index there and leave the old one as it is.")
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Remove the overlay with this name; repeatable."),
    ] = None,
    skip_unknown: Annotated[
        bool,
        typer.Option(
            "--skip-unknown", help="Skip and report rows about concepts that are not in the index."
        ),
    ] = False,
    encoder: EncoderOption = None,
) -> None:
    """Add local names, codes and concepts to a built index, in seconds.

    A file replaces an earlier one of the same name. The index keeps a copy of each, so that
    `linker build --force` applies them to the next release too.
    """
    if not files and not remove:
        raise typer.BadParameter("give a CSV file, or --remove NAME")
    from linker.index import Manifest
    from linker.offline import overlay_index

    before = Manifest.read(index)
    manifest = overlay_index(
        index,
        files or [],
        out=out,
        remove=remove or [],
        skip_unknown=skip_unknown,
        encoder=encoder,
    )
    report(manifest, before)
    say_size(index if out is None else out, manifest)


def report(manifest: Manifest, before: Manifest | None = None) -> None:
    """Say on stderr what the overlays of an index did, and which of their rows are left out.

    Args:
        before: of the index as it was: a file may have taken another one's place.
    """
    former = {} if before is None else {info.name: info for info in before.overlays}
    for info in manifest.overlays:
        was = former.get(info.name, info)
        instead = ""
        if was.sha256 != info.sha256:
            instead = f"; instead of the {counted(was.rows, 'row')} that it had"
        typer.echo(f"{info.name}: {info.summary}{instead}", err=True)
        for row in info.left_out:
            typer.echo(f"{info.name}:{row.line}: left out: {row.reason}", err=True)


def say_size(folder: Path, manifest: Manifest) -> None:
    """Say on stderr how much an index holds."""
    concepts = counted(manifest.counts.concepts, "concept")
    names = counted(manifest.counts.names, "distinct name")
    typer.echo(f"{folder}: {concepts}, {names}", err=True)

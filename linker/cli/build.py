"""`linker build`: a terminology to an index folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from linker.cli.console import err_console, resumable
from linker.config import DEFAULT_ENCODER, Recipe, validated


def build(
    source: Annotated[
        str | None,
        typer.Argument(
            help="The format: umls, snomed, rxnorm, obo, icd10cm, table, jsonl.", show_default=False
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Argument(
            help="The file or folder, or package:NAME/FILE for one that a package carries.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="The index folder to make.", show_default=False)],
    encoder: Annotated[
        str | None,
        typer.Option(help=f"A known encoder, a hub name or a folder. [default: {DEFAULT_ENCODER}]"),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A build as a file (TOML); flags override it.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="A FAISS factory string, or auto: by names and memory. [default: auto]"),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="What the search may keep in memory, for auto. [default: 1.5GB]"),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The recall@10 to tune the search for. [default: 0.95]"),
    ] = None,
    root: Annotated[
        list[str] | None, typer.Option(help="Keep this concept and what is below it; repeatable.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(help="For table: OURS=THEIRS, as in concept_id=Code; repeatable."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call the terminology.")] = None,
    release: Annotated[str | None, typer.Option(help="Which release it is.")] = None,
    licence: Annotated[str | None, typer.Option(help="Under which terms it may be used.")] = None,
    max_bad_rows: Annotated[
        int | None, typer.Option(min=0, help="Broken rows to leave out before giving up.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a build that was stopped.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a finished index; start an unfinished one over."),
    ] = False,
) -> None:
    """Read a terminology, embed every name, and write an index folder."""
    from linker.offline import build_index
    from linker.progress import Bars

    flags = {
        "source": source,
        "path": path,
        "roots": root or None,
        "columns": _columns(column or []) or None,
        "terminology": name,
        "version": release,
        "licence": licence,
        "max_bad_rows": max_bad_rows,
    }
    data: dict[str, Any] = (
        Recipe.load(recipe).model_dump()
        if recipe
        else {"terminology": {}, "encoder": {}, "index": {}}
    )
    data["terminology"].update({key: value for key, value in flags.items() if value is not None})
    if encoder is not None:
        data["encoder"] = {"name": encoder}
    wanted = {"kind": kind, "memory": memory, "recall": recall}
    data["index"].update({key: value for key, value in wanted.items() if value is not None})
    if {"source", "path"} - set(data["terminology"]):
        raise typer.BadParameter("give SOURCE and PATH, or a --recipe")
    with resumable(out), Bars(err_console) as progress:
        index = build_index(
            validated(Recipe, data, where="build"),
            out,
            resume=resume,
            force=force,
            progress=progress,
        )
    counts = index.manifest.counts
    typer.echo(f"{out}: {counts.concepts:,} concepts, {counts.names:,} distinct names", err=True)


def _columns(pairs: Iterable[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not ours or not theirs:
            raise typer.BadParameter(
                f"--column {pair}: expected OURS=THEIRS, as in concept_id=Code"
            )
        columns[ours] = theirs
    return columns

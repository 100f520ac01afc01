"""`linker build`: a terminology to an index folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linker.checked import validated
from linker.cli.console import err_console, resumable
from linker.cli.overlay import report, say_size
from linker.config import DEFAULT_ENCODER, Recipe

if TYPE_CHECKING:
    from linker.index import Index, Manifest


def build(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="The format: umls, snomed, rxnorm, omop, mesh, obo, orphanet, icd10cm, claml, "
            "table, jsonl.",
            show_default=False,
        ),
    ] = None,
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="The file or folder, or package:NAME/FILE for a file inside an installed package.",
            show_default=False,
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="The index folder to create.", show_default=False)],
    encoder: Annotated[
        str | None,
        typer.Option(help=f"A known encoder, a hub name or a folder. [default: {DEFAULT_ENCODER}]"),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            help="What runs the encoder: auto, torch, torch-bf16, onnx, onnx-int8. [default: auto]"
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda, or several: cuda:0,cuda:1. [default: a GPU if there is one]"),
    ] = None,
    pooling: Annotated[
        str | None,
        typer.Option(help="mean, cls or max, for an encoder folder that does not say which."),
    ] = None,
    reuse: Annotated[
        Path | None,
        typer.Option(
            help="An older index with the same encoder: only names not in it are embedded.",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="A TOML file that describes a build; flags override it.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="How vectors are searched: a FAISS factory string, or auto, by the number of "
            "names and --memory. [default: auto]"
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="For --kind auto: how much memory the search may use. [default: 1.5GB]"),
    ] = None,
    recall: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="The recall@10 to tune the search for. [default: 0.95]"),
    ] = None,
    root: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Keep only this concept and its descendants; repeatable."),
    ] = None,
    semantic_type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE",
            help="Keep only concepts of this type: a semantic tag of SNOMED CT (disorder), a "
            "semantic type of the UMLS (T047, or its name), a category of MeSH (C), a domain of "
            "OMOP; repeatable.",
        ),
    ] = None,
    semantic_group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GROUP",
            help="For umls and rxnorm: keep only concepts of this semantic group (DISO), and those "
            "of --semantic-type; repeatable.",
        ),
    ] = None,
    default_type: Annotated[
        str | None,
        typer.Option(
            help="The semantic type of concepts that have none, such as disorder: the rules for "
            "disorders, drugs and body parts go by types.",
            show_default=False,
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS",
            help="For table: the file's column for one of ours, as in concept_id=Code; repeatable, "
            "also for the same one of ours: synonyms=Short, synonyms=Alias.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="For table: read only the rows with this value in this column, as in "
            "STATUS=ACTIVE; repeatable.",
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--and",
            metavar="SOURCE:PATH",
            help="Another terminology for the same index; repeatable.",
        ),
    ] = None,
    overlay: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A CSV of local names, codes and concepts (linker overlay); repeatable.",
        ),
    ] = None,
    derive_names: Annotated[
        bool | None,
        typer.Option(
            "--derive-names/--no-derive-names",
            help="Add the forms that people write, derived from the names. [default: derive]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call the terminology.")] = None,
    release: Annotated[
        str | None, typer.Option(help="Which release of the terminology it is.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="The terms under which it may be used.")
    ] = None,
    max_bad_rows: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="How many broken rows, records or clauses to skip and count before giving up. "
            "[default: 0]",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a build that was stopped.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a finished index, or restart an unfinished one."),
    ] = False,
) -> None:
    """Read a terminology, embed every name, and write an index folder."""
    from linker.cli.progress import Bars
    from linker.offline import build_index

    flags = {
        "source": source,
        "path": path,
        "roots": root or None,
        "semantic_types": semantic_type or None,
        "semantic_groups": semantic_group or None,
        "default_type": default_type,
        "columns": {
            ours: theirs if len(theirs) > 1 else theirs[0]
            for ours, theirs in _pairs(
                "--column", column or [], "OURS=THEIRS, as in concept_id=Code"
            ).items()
        }
        or None,
        "only": _pairs("--only", only or [], "COLUMN=VALUE, as in STATUS=ACTIVE") or None,
        "terminology": name,
        "version": release,
        "licence": licence,
        "max_bad_rows": max_bad_rows,
        "derive_names": derive_names,
    }
    data: dict[str, Any] = (
        Recipe.load(recipe).model_dump()
        if recipe
        else {"terminology": {}, "encoder": {}, "index": {}}
    )
    _set_terminology(data, {key: value for key, value in flags.items() if value is not None})
    _add_terminologies(data, also or [], derive_names)
    data["overlay"] = [*data.get("overlay", ()), *(overlay or ())]
    if encoder is not None:
        data["encoder"] = {"name": encoder}
    runs = {"backend": backend, "device": device, "pooling": pooling}
    data["encoder"].update({key: value for key, value in runs.items() if value is not None})
    wanted = {"kind": kind, "memory": memory, "recall": recall}
    data["index"].update({key: value for key, value in wanted.items() if value is not None})
    with resumable(out), Bars(err_console) as progress:
        index = build_index(
            validated(Recipe, data, where="build"),
            out,
            resume=resume,
            force=force,
            reuse=reuse,
            progress=progress,
        )
    report(index.manifest)
    _tell_typeless(index, out)
    _tell_left_out(index.manifest, out)
    if reuse is not None:
        _tell_overlays(index.manifest, out, reuse)
    say_size(out, index.manifest)


def _tell_left_out(manifest: Manifest, out: Path) -> None:
    """Say on stderr, in a line, what of the terminologies is not in the index, and what to do."""
    from linker.terminology import BROKEN

    left_out = manifest.terminology.left_out
    if not left_out:
        return
    said = [f"left out: {', '.join(f'{what} ({count:,})' for what, count in left_out.items())}"]
    if manifest.terminology.parts:
        said.append(f"linker info {out} says of which terminology")
    if BROKEN in left_out:
        said.append("without --max-bad-rows the build stops at the first broken row, and names it")
    typer.echo(f"{out}: {'; '.join(said)}", err=True)


def _tell_typeless(index: Index, out: Path) -> None:
    """Say on stderr that no concept has a semantic type, and what to do."""
    store = index.store
    if not any(store.semantic_types(row) for row in range(store.n_concepts)):
        typer.echo(
            f"{out}: no concept has a semantic type, and the rules for disorders, drugs and body "
            "parts go by types; if it is a list of one of these, build it with --default-type "
            "disorder (or substance, body structure)",
            err=True,
        )


def _tell_overlays(manifest: Manifest, out: Path, reuse: Path) -> None:
    """Say on stderr which overlays of the older index are not on the new one, and what to do.

    Only its vectors are taken over: it may be of another terminology.
    """
    from linker.index import Manifest

    there = {info.name for info in manifest.overlays}
    names = [info.name for info in Manifest.read(reuse).overlays if info.name not in there]
    if names:
        command = join(("linker", "overlay", str(out), *names, "--skip-unknown"))
        typer.echo(
            f"{out}: without the overlays of {reuse} ({', '.join(names)}); apply them with: "
            f"{command}",
            err=True,
        )


def _set_terminology(data: dict[str, Any], flags: dict[str, Any]) -> None:
    """Flags override a recipe's terminology; of several, they cannot say which."""
    if isinstance(data["terminology"], dict):
        data["terminology"].update(flags)
        if {"source", "path"} - set(data["terminology"]):
            raise typer.BadParameter("give SOURCE and PATH, or a --recipe")
    elif set(flags) - {"derive_names"}:
        raise typer.BadParameter(
            f"the recipe has {len(data['terminology'])} terminologies; set "
            f"{', '.join(sorted(set(flags) - {'derive_names'}))} in it"
        )


def _add_terminologies(
    data: dict[str, Any], pairs: Iterable[str], derive_names: bool | None
) -> None:
    given = data["terminology"]
    sections = [given] if isinstance(given, dict) else list(given)
    for pair in pairs:
        source, colon, path = pair.partition(":")
        if not colon or not source or not path:
            raise typer.BadParameter(
                f"--and {pair}: expected SOURCE:PATH, as in icd10cm:icd10cm-tabular-2025.xml"
            )
        sections.append({"source": source, "path": path})
    if derive_names is not None:
        sections = [{**section, "derive_names": derive_names} for section in sections]
    data["terminology"] = sections[0] if len(sections) == 1 else sections


def _pairs(flag: str, pairs: Iterable[str], expected: str) -> dict[str, list[str]]:
    """What a repeatable flag says of each name, in order."""
    said: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not (value or flag == "--only"):
            raise typer.BadParameter(f"{flag} {pair}: expected {expected}")
        said.setdefault(name, []).append(value)
    return said

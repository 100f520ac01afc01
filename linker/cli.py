"""The command line: arguments in, plain functions called, results and errors printed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linker.config import DEFAULT_ENCODER, DEFAULT_THRESHOLD, Recipe, validated
from linker.errors import LinkerError

if TYPE_CHECKING:
    from linker.annotate import Counts
    from linker.link import Linker

LINK_BATCH = 256
"""Mention strings that `linker link` links together."""

out_console = Console()
err_console = Console(stderr=True)


STOPPED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""


class _Group(typer.core.TyperGroup):
    """Turns our own errors into a line on stderr and the exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # `linker link | head`: nobody reads on. Typer ends the program quietly.
            raise
        except (LinkerError, OSError) as error:
            typer.echo(f"error: {_one_line(error)}", err=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo("stopped", err=True)
            raise typer.Exit(STOPPED) from error


def _one_line(error: LinkerError | OSError) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).splitlines())


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
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


_Index = Annotated[Path, typer.Option("--index", help="The index folder.", show_default=False)]
_K = Annotated[int, typer.Option("--k", min=1, help="Candidates to keep a mention.")]
_Threshold = Annotated[
    float,
    typer.Option(min=0, max=1, help="Links below this probability are NIL."),
]
_Encoder = Annotated[
    str | None,
    typer.Option(help="Where the index's encoder is now, if not where it was at the build."),
]
_Detector = Annotated[
    str,
    typer.Option(
        help='Finds the mentions: "dictionary", or an installed spaCy or scispaCy pipeline.'
    ),
]


@app.command()
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
        str | None, typer.Option(help="A FAISS factory string. [default: Flat]")
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
    if kind is not None:
        data["index"]["kind"] = kind
    if {"source", "path"} - set(data["terminology"]):
        raise typer.BadParameter("give SOURCE and PATH, or a --recipe")
    with _resumable(out), Bars(err_console) as progress:
        index = build_index(
            validated(Recipe, data, where="build"),
            out,
            resume=resume,
            force=force,
            progress=progress,
        )
    counts = index.manifest.counts
    typer.echo(f"{out}: {counts.concepts:,} concepts, {counts.names:,} distinct names", err=True)


@app.command()
def info(
    folder: Annotated[Path, typer.Argument(help="The index folder.", show_default=False)],
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and compare its checksum.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Show what an index holds, from what release, with what encoder, under what licence."""
    from linker.index.manifest import Manifest

    manifest = Manifest.read(folder)
    if verify:
        manifest.verify(folder)
    if as_json:
        typer.echo(manifest.model_dump_json(indent=2))
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
        "release": terminology.version or "not stated",
        "licence": terminology.licence or "not stated",
        "read by": terminology.source,
        **{f"filter {key}": str(value) for key, value in terminology.filters.items()},
        **{f"left out, {key}": f"{value:,}" for key, value in terminology.skipped.items()},
        "concepts": f"{counts.concepts:,}"
        + (f" (and {counts.retired:,} retired ids)" if counts.retired else ""),
        "names": f"{counts.names:,} distinct, {counts.name_concept_pairs:,} with their concepts",
        "encoder": f"{encoder.name} ({encoder.dim} dimensions, {encoder.pooling} pooling)",
        "encoder licence": encoder.licence or "not stated",
        "encoder fingerprint": encoder.fingerprint,
        "vectors": f"{vectors.kind}, recall@10 {vectors.recall_at_10:.3f} "
        f"on {vectors.recall_queries} names",
        "size": f"{size / 1e6:,.1f} MB",
        "built by": f"concept-linker {manifest.tool_version}",
        **({"files": "every checksum is right"} if verify else {}),
    }
    table = Table(show_header=False, box=None, title=Text(str(folder)), title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, value in rows.items():
        table.add_row(key, Text(value))
    _show(table)


@app.command()
def link(
    *,
    index: _Index,
    k: _K = 5,
    threshold: _Threshold = DEFAULT_THRESHOLD,
    encoder: _Encoder = None,
) -> None:
    """Link mention strings, one a line on stdin, to JSON lines on stdout."""
    from linker.annotate import json_line, mention_json

    linker = _open(index, threshold=threshold, encoder=encoder)
    lines = _lines(sys.stdin)
    # A person at a terminal sees each answer at once.
    size = 1 if sys.stdin is not None and sys.stdin.isatty() else LINK_BATCH
    while batch := list(islice(lines, size)):
        answer = "".join(json_line(mention_json(found)) for found in linker.link(batch, k=k))
        # Bytes: JSON is UTF-8, whatever the locale.
        sys.stdout.buffer.write(answer.encode())
        sys.stdout.buffer.flush()


@app.command()
def annotate(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="JSON lines of {id, text}, .txt files, .gz of both, or folders."),
    ],
    *,
    index: _Index,
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    format: Annotated[str, typer.Option(help="What to write: jsonl.")] = "jsonl",  # noqa: A002
    k: _K = 5,
    threshold: _Threshold = DEFAULT_THRESHOLD,
    detector: _Detector = "dictionary",
    encoder: _Encoder = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output; start a stopped run over.")
    ] = False,
) -> None:
    """Find and link the mentions of clinical notes."""
    from linker.annotate import annotate_files
    from linker.progress import Bars

    if format != "jsonl":
        raise typer.BadParameter(f"--format {format} is not known; known: jsonl")
    linker = _open(index, threshold=threshold, encoder=encoder, detector=detector)
    with _resumable(out), Bars(err_console) as progress:
        progress.step("annotating", unit="notes")
        counts = annotate_files(
            linker,
            inputs,
            out,
            k=k,
            workers=workers,
            resume=resume,
            force=force,
            progress=lambda stream, n: progress.at(stream.bytes_read, n, total=stream.total_bytes),
        )
    _say(counts, out)


@app.command()
def demo(
    *,
    index: Annotated[Path, typer.Option(help="The index folder; built if it is not there.")] = Path(
        "indexes/hpo"
    ),
    out: Annotated[Path, typer.Option(help="The folder for the links and the report.")] = Path(
        "demo"
    ),
) -> None:
    """Link a dozen sample notes to the Human Phenotype Ontology, and write a report to look at."""
    # Everything is in packages: nothing may be fetched, and this shows that nothing is.
    os.environ["HF_HUB_OFFLINE"] = "1"
    from linker.demo import run_demo
    from linker.progress import Bars

    with Bars(err_console) as progress:
        found = run_demo(index, out, progress=progress)
    table = Table(box=None, title="Found most often", title_justify="left")
    for heading in ("concept", "name", "notes", "for example"):
        table.add_column(heading)
    for row in found.most_common:
        table.add_row(row.concept_id, Text(row.preferred_name), str(row.notes), Text(row.example))
    _show(table)
    typer.echo(f"{found.notes} notes, {found.links} links to {found.concepts} concepts")
    typer.echo(f"links   {found.jsonl}")
    typer.echo(f"report  {found.report}  (open it in a browser)")


def _open(index: Path, **options: Any) -> Linker:
    from linker.link import Linker

    return Linker.load(index, **options)


def _show(table: Table) -> None:
    # What is piped is not cut to the width of a terminal.
    out_console.print(table, highlight=False, width=None if out_console.is_terminal else 1000)


@contextmanager
def _resumable(out: Path) -> Iterator[None]:
    """After Ctrl-C, say how to go on."""
    try:
        yield
    except KeyboardInterrupt as error:
        if not out.with_name(f"{out.name}.partial").exists():
            raise
        typer.echo("stopped; what was done is kept: use --resume to go on", err=True)
        raise typer.Exit(STOPPED) from error


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


def _lines(stdin: TextIO | None) -> Iterator[str]:
    """Lines as UTF-8, whatever the locale; a byte that is none becomes U+FFFD."""
    if stdin is None:  # Closed, as a service may have it.
        return
    if isinstance(stdin, io.TextIOWrapper):
        stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline="\n")
    for line in stdin:
        yield line.rstrip("\r\n")


def _say(counts: Counts, out: Path) -> None:
    resumed = f", {counts.resumed:,} done before" if counts.resumed else ""
    typer.echo(f"{out}: {counts.notes:,} notes{resumed}, {counts.links:,} links", err=True)
    if counts.errors:
        typer.echo(
            f"{counts.errors:,} notes could not be annotated: see {out}.errors.jsonl", err=True
        )

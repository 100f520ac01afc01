"""`linker annotate`: the mentions of notes, found and linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linker.cli.console import err_console, open_linker, resumable
from linker.cli.options import (
    DetectorOption,
    EncoderOption,
    IndexOption,
    KOption,
    NestedOption,
    ThresholdOption,
    WholeCompositesOption,
)
from linker.config import DEFAULT_THRESHOLD
from linker.counted import counted

if TYPE_CHECKING:
    from linker.annotate import Counts


_LONG_TO_WRITE = 50_000
"""Notes that take some seconds to write: only then it is shown."""


def annotate(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUTS",
            help="JSON lines of {id, text}, CSV, TSV, Parquet, text files, BRAT, PubTator, BioC, "
            "OMOP NOTE, FHIR DocumentReference, also .gz and .zst; folders; - for stdin; "
            "sqlite:///FILE or postgresql://... with --query.",
        ),
    ],
    *,
    index: IndexOption,
    out: Annotated[
        Path,
        typer.Option(
            help="The file to write, or for brat and docbin the folder.", show_default=False
        ),
    ],
    format: Annotated[  # noqa: A002
        str | None,
        typer.Option(
            help="The output format: jsonl, parquet, csv, brat, pubtator, bioc, omop, fhir or "
            "docbin. By default, the ending of --out decides, and jsonl if it does not."
        ),
    ] = None,
    input_format: Annotated[
        str | None,
        typer.Option(
            help="The input format, if file endings do not tell: jsonl, text, csv, tsv, parquet, "
            "brat, pubtator, bioc, json or fhir."
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="For a database, what selects the notes: SELECT id, text ...")
    ] = None,
    id_column: Annotated[
        str | None, typer.Option(help="The column, or JSON key, with the notes' ids.")
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(help="The column, or JSON key, with the notes' texts.")
    ] = None,
    k: KOption = 5,
    threshold: ThresholdOption = DEFAULT_THRESHOLD,
    detector: DetectorOption = "dictionary",
    nested: NestedOption = False,
    whole_composites: WholeCompositesOption = False,
    encoder: EncoderOption = None,
    assertion_rules: Annotated[
        Path | None,
        typer.Option(
            help="A TOML file with your own rules for what is negated, historical and so on."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="How many processes. [default: 1; with --ray, the cores of the cluster]"
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="auto|ADDRESS|local",
            help="Run on a Ray cluster: the one this machine is part of, the one at an address, or "
            "a new one on this machine only. All its machines must see the notes and the index.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run that was stopped.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the output, or restart a stopped run.")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="Drop from the output the notes that are not in the input."),
    ] = False,
) -> None:
    """Find and link the mentions of clinical notes.

    If the output exists from an earlier run, only new and changed notes are annotated.
    """
    from linker.annotate import NOTE_READERS, WRITERS, Columns, annotate_files, choose_format
    from linker.cli.progress import Bars

    for option, value, known in (
        ("--format", format, WRITERS),
        ("--input-format", input_format, NOTE_READERS),
    ):
        if value is not None and value not in known:
            raise typer.BadParameter(f"{option} {value} is not known; known: {', '.join(known)}")
    linker = open_linker(
        index,
        threshold=threshold,
        encoder=encoder,
        detector=detector,
        nested=nested,
        whole_composites=whole_composites,
        assertion_rules=assertion_rules,
    )
    with resumable(out), Bars(err_console) as progress:
        progress.step("annotating", unit="notes")
        is_writing = False

        def wrote(n: int, total: int) -> None:
            nonlocal is_writing
            if not is_writing and total >= _LONG_TO_WRITE:
                is_writing = True
                progress.step("writing", total=total, unit="records")
            if is_writing:
                progress.advance(n)

        counts = annotate_files(
            linker,
            inputs,
            out,
            format=choose_format(out) if format is None else format,
            input_format=input_format,
            columns=Columns(id_column, text_column),
            query=query,
            k=k,
            workers=workers,
            ray=ray,
            resume=resume,
            force=force,
            prune=prune,
            progress=lambda stream, n: progress.at(stream.bytes_read, n, total=stream.total_bytes),
            told=lambda counts: progress.say(
                f"{counted(counts.links, 'link')}"
                + f", {counted(counts.errors, 'error')}" * (counts.errors > 0)
                + f", {counted(counts.deaths, 'worker', 'replaced')}" * (counts.deaths > 0)
            ),
            wrote=wrote,
        )
    _say(counts, out)


def _say(counts: Counts, out: Path) -> None:
    said = [_of(counts.notes, counts.links)]
    if counts.kept and not (counts.notes or counts.errors or counts.resumed or counts.dropped):
        said = ["nothing new"]
    if counts.resumed:
        said.append(f"{counts.resumed:,} done before")
    if counts.kept:
        said.append(f"{counts.kept:,} kept of the output that was there")
    if counts.dropped:
        said.append(f"{counts.dropped:,} dropped")
    if counts.resumed or counts.kept or counts.dropped:
        said.append(f"it holds {_of(counts.held_notes, counts.held_links)}")
    typer.echo(f"{out}: {'; '.join(said)}", err=True)
    if counts.changed:
        typer.echo(
            f"written with blanks for their line ends or tabs: {counted(counts.changed, 'note')}",
            err=True,
        )
    if counts.text_ids:
        is_one = counts.text_ids == 1
        ids = "has an id that is not an integer" if is_one else "have ids that are not integers"
        typer.echo(
            f"note_id is text: {counts.text_ids:,} of {counted(counts.held_notes, 'note')} "
            f"{ids}, which the CDM requires",
            err=True,
        )
    if counts.deaths:
        was = "was" if counts.deaths == 1 else "were"
        typer.echo(
            f"{counted(counts.deaths, 'worker')} died and {was} replaced (was memory short?); "
            "nothing is lost",
            err=True,
        )
    if counts.held_errors:
        each = "each " * (counts.held_errors > 1)
        # Those that a stopped run met are not told apart.
        old = 0 if counts.resumed else counts.held_errors - counts.errors
        typer.echo(
            f"{counted(counts.held_errors, 'error')}, {each}a note or the rest of a file: see "
            f"{out}.errors.jsonl" + f" ({old:,} kept from earlier runs)" * (old > 0),
            err=True,
        )
    if counts.unread or (counts.held_errors and not counts.held_notes):
        # Nothing came of it: a script is to stop here.
        raise typer.Exit(1)


def _of(notes: int, links: int) -> str:
    return f"{counted(notes, 'note')}, {counted(links, 'link')}"

"""`linker annotate`: the mentions of notes, found and linked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linker.cli.console import err_console, open_linker, resumable
from linker.cli.options import DetectorOption, EncoderOption, IndexOption, KOption, ThresholdOption
from linker.config import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from linker.annotate import Counts


def annotate(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="JSON lines of {id, text}, .txt files, .gz of both, or folders."),
    ],
    *,
    index: IndexOption,
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    format: Annotated[str, typer.Option(help="What to write: jsonl.")] = "jsonl",  # noqa: A002
    k: KOption = 5,
    threshold: ThresholdOption = DEFAULT_THRESHOLD,
    detector: DetectorOption = "dictionary",
    encoder: EncoderOption = None,
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
    linker = open_linker(index, threshold=threshold, encoder=encoder, detector=detector)
    with resumable(out), Bars(err_console) as progress:
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


def _say(counts: Counts, out: Path) -> None:
    resumed = f", {counts.resumed:,} done before" if counts.resumed else ""
    typer.echo(f"{out}: {counts.notes:,} notes{resumed}, {counts.links:,} links", err=True)
    if counts.errors:
        typer.echo(
            f"{counts.errors:,} notes could not be annotated: see {out}.errors.jsonl", err=True
        )

"""`linker map`: a column of local terms to concepts, for review; and the review to an overlay."""

from __future__ import annotations

from pathlib import Path
from shlex import join
from typing import Annotated

import typer

from linker.cli.console import err_console, open_linker
from linker.cli.options import EncoderOption, IndexOption, KOption
from linker.counted import counted


def map_(
    terms: Annotated[
        Path | None,
        typer.Argument(metavar="TERMS", help="A CSV, TSV or Parquet file.", show_default=False),
    ] = None,
    *,
    column: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="The column with the terms; repeatable, if several columns make up a term.",
            show_default=False,
        ),
    ],
    index: IndexOption,
    out: Annotated[
        Path | None, typer.Option(help="Where to write: .csv, .tsv or .parquet.")
    ] = None,
    k: KOption = 5,
    codes: Annotated[
        str,
        typer.Option(
            help="Add a column of codes for each of these vocabularies: SNOMEDCT_US,ICD10CM."
        ),
    ] = "",
    count: Annotated[
        str | None,
        typer.Option(
            help="The column that says how often each term is used; the most used come first."
        ),
    ] = None,
    accept: Annotated[
        float, typer.Option(min=0, max=1, help="From this probability on, review is 'accept'.")
    ] = 0.8,
    reject: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Below this probability, review is 'reject'; in between, 'look'."
        ),
    ] = 0.2,
    review: Annotated[
        Path | None,
        typer.Option(help="Also write a page for reviewing in a browser: review.html."),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A column that the page shows beside each term, too; repeatable."
        ),
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="What to put before the names of the new columns.")
    ] = "",
    decisions: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Instead of TERMS: a reviewed output, with accept, reject or a concept id in its "
            "column decision; or the decisions saved from the page of --review. Repeatable: "
            "several reviewers, or months.",
        ),
    ] = None,
    overlay_out: Annotated[
        Path | None, typer.Option(help="Where to write the decisions, for linker overlay.")
    ] = None,
    encoder: EncoderOption = None,
) -> None:
    """Map a column of local terms (problems, labs, drugs) to concepts, for review.

    Each row gets its concept, candidates, codes and a column review. With --decisions and
    --overlay-out, the decisions of a reviewer, made in a table or on the page of --review, are
    turned into an overlay for the index.
    """
    if decisions or overlay_out is not None:
        if not decisions or overlay_out is None:
            raise typer.BadParameter("--decisions REVIEWED and --overlay-out FILE go together")
        if (terms, out, review) != (None, None, None):
            raise typer.BadParameter(
                "--decisions takes no TERMS, no --out and no --review; map again afterwards"
            )
        _make_overlay(index, encoder, decisions, column, overlay_out, prefix)
        return
    if show and review is None:
        raise typer.BadParameter("--show COLUMN goes with --review PAGE")
    if terms is None or out is None:
        raise typer.BadParameter("give TERMS and --out, or --decisions and --overlay-out")
    from linker.cli.progress import Bars
    from linker.mapping import Columns, Review, TermTable, map_terms

    linker = open_linker(index, encoder=encoder)
    vocabularies = tuple(name.strip() for name in codes.split(",") if name.strip())
    with Bars(err_console) as progress:
        done = map_terms(
            linker,
            TermTable(terms, column),
            out,
            columns=Columns(k, vocabularies, prefix),
            review=Review(accept, reject),
            count=count,
            page=review,
            show=show or (),
            progress=progress,
        )
    if done.without_code:
        missing, there = ", ".join(done.without_code), ", ".join(done.vocabularies)
        typer.echo(
            f"no concept of these terms has a code of {missing}; "
            f"they have {f'codes of {there}' if there else 'none'}",
            err=True,
        )
    verdicts = ", ".join(f"{n:,} {name}" for name, n in done.review.items())
    blank = f"{done.blank:,} of them without a term, " if done.blank else ""
    decided = f"; {done.decided:,} of the terms decided before" if done.decided else ""
    typer.echo(
        f"{out}: {counted(done.rows, 'row')} ({blank}{counted(done.terms, 'term')}): {verdicts}"
        f"{decided}",
        err=True,
    )
    if review is not None:
        terms_in = (word for name in column for word in ("--column", name))
        own = (*terms_in, *(("--prefix", prefix) if prefix else ()), "--index", str(index))
        command = join(
            ("linker", "map", "--decisions", "SAVED", *own, "--overlay-out", "LOCAL.csv")
        )
        typer.echo(
            f"{review}: to review in a browser; make an overlay of what it saves with: {command}",
            err=True,
        )


def _make_overlay(
    index: Path,
    encoder: str | None,
    decisions: list[Path],
    column: list[str],
    out: Path,
    prefix: str,
) -> None:
    """What a reviewer decided, as an overlay of the index."""
    from linker.mapping import TermTable, write_overlay

    linker = open_linker(index, encoder=encoder)
    reviewed = [TermTable(path, column) for path in decisions]
    decided = write_overlay(linker, reviewed, out, prefix=prefix)
    typer.echo(
        f"{out}: {counted(decided.named, 'term')} named, {decided.rejected:,} rejected, "
        f"{counted(decided.undecided, 'row')} undecided; "
        f"apply it to the index with: {join(('linker', 'overlay', str(index), str(out)))}",
        err=True,
    )

"""What `linker evaluate` shows: its figures as tables, and what of the gold could not be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from linker.cli.console import show
from linker.counted import counted

if TYPE_CHECKING:
    from linker.evaluate import Figure, Report
    from linker.evaluate.report import Group

SHOWN = 5
"""Problems and ids that are told one by one; all are in the JSON."""


def say_problems(report: Report) -> None:
    """Tell on stderr what of the gold could not be used, and if it has nothing to measure."""
    from linker.formats.document import KINDS

    for kind, count in report.problem_counts.items():
        typer.echo(f"{counted(count, *KINDS[kind])}:", err=True)
        of_kind = [problem for problem in report.problems if problem.kind == kind]
        for problem in of_kind[:SHOWN]:
            typer.echo(f"  {problem}", err=True)
        if count > SHOWN:
            typer.echo(f"  and {count - SHOWN:,} more (--json lists all)", err=True)
    if report.gold.lack:
        typer.echo(report.gold.lack, err=True)


def say_lost(report: Report, where: str = "") -> None:
    """Tell on stderr of gold mentions that no link can be right of; `where` begins the line."""
    lost = report.gold.with_ids - report.gold.known
    if lost:
        ids = ", ".join(f"{i} ({n})" for i, n in report.unknown_ids[:SHOWN])
        own = next((f", as {r.concept_id}" for r in report.results if r.concept_id), "")
        typer.echo(
            f"{where}mentions without an id that the index holds: {lost:,} of "
            f"{report.gold.with_ids:,}; they count as not found; the most frequent: {ids}. If the "
            f"index writes these ids differently{own}, map them with --map-prefix.",
            err=True,
        )


def show_figures(report: Report, index: Path) -> None:
    """Print the figures of an index, with their intervals, and those of each type."""
    from linker.evaluate import LABELS

    gold = report.gold
    typer.echo(
        f"{index}, protocol {report.settings['protocol']}: {counted(gold.documents, 'document')}, "
        f"{counted(gold.mentions, 'mention')}, {gold.with_ids:,} with a gold id"
    )
    table = Table(box=None)
    table.add_column("figure")
    table.add_column("%", justify="right")
    table.add_column("95% interval", justify="right")
    names = {figure.name for figure in report.figures}
    for name, label in LABELS.items():
        if name in names:
            figure = report.figure(name)
            # Of one document the same one is drawn each time.
            interval = (
                f"{100 * figure.low:.1f} – {100 * figure.high:.1f}" if gold.documents > 1 else "–"
            )
            table.add_row(label, f"{100 * figure.value:.1f}", interval)
    show(table)
    by_type = [group for group in report.groups if group.by == "type"]
    if len(by_type) > 1:
        show(_types(by_type))


def show_differences(
    differences: Sequence[Figure], report: Report, other: Report, index: Path, against: Path
) -> None:
    """Print by how much the figures of one index are above those of another."""
    from linker.evaluate import LABELS

    typer.echo(f"{index} less {against}, the same documents drawn for both:")
    table = Table(box=None)
    table.add_column("figure")
    for heading in ("one", "other", "higher by", "95% interval"):
        table.add_column(heading, justify="right")
    by_name = {figure.name: figure for figure in differences}
    for name, label in LABELS.items():
        if name in by_name:
            figure = by_name[name]
            shares = (f"{100 * share:.1f}" for share in (report[name], other[name]))
            bounds = (f"{100 * bound:+.1f}" for bound in (figure.low, figure.high))
            interval = " – ".join(bounds) if report.gold.documents > 1 else "–"
            table.add_row(label, *shares, f"{100 * figure.value:+.1f}", interval)
    show(table)


def _types(groups: Sequence[Group]) -> Table:
    from linker.evaluate import COLUMNS

    table = Table(box=None)
    names = [name for name in COLUMNS if any(name in group.figures for group in groups)]
    table.add_column("type")
    for heading in ("mentions", *(COLUMNS[name] for name in names)):
        table.add_column(heading, justify="right")
    for group in groups:
        figures = (
            f"{100 * group.figures[name]:.1f}" if name in group.figures else "–" for name in names
        )
        table.add_row(Text(group.label), f"{group.mentions:,}", *figures)
    return table

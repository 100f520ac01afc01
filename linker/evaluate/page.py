"""The report of an evaluation as one HTML page: figures, plots, and examples with their sentence.

The page is self-contained, runs no script and asks for nothing. It holds sentences of the gold
documents: protect it as you protect them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from linker.atomic import write_atomically
from linker.counted import counted
from linker.evaluate.labels import COLUMNS, LABELS
from linker.evaluate.report import END_TO_END, Confusion, Group, Report
from linker.evaluate.sentences import Sentences
from linker.formats import Document
from linker.formats.document import KINDS
from linker.page import shown, template

TEMPLATE = Path(__file__).with_name("page.html")
_ROWS = 60
_EXAMPLES = 20
_GROUPS = 12

GROUPS = {
    "name": "Is it a name in the dictionary?",
    "train": "Seen in train?",
    "words": "Words looked up",
    "type": "Type, as the gold has it",
    "looked up by": "Looked up by",
    "ids": "Gold ids",
    "semantic type": "Semantic type of the gold concept",
    "file": "File",
}
"""The properties of groups, as headings, in the order of display."""


def render_page(
    report: Report, documents: Sequence[Document], *, title: str = "Accuracy of the links"
) -> str:
    """Draw a report as one self-contained HTML page.

    Args:
        report: of `evaluate`.
        documents: the same as it was given.
        title: the page's heading.

    Returns:
        The page; the same report gives the same page, byte for byte. It encodes to UTF-8.
    """
    sentences = Sentences(documents)
    end_to_end = report.settings["protocol"] == END_TO_END
    names = {figure.name for figure in report.figures}
    main = ("strict_f1", "overlap_f1", "spans_f1") if end_to_end else ("acc@1", "acc@5", "mrr")
    rows = [
        {"label": label, "figure": report.figure(name)}
        for name, label in LABELS.items()
        if name in names
    ]
    context: dict[str, Any] = {
        "title": title,
        "end_to_end": end_to_end,
        "settings": report.settings,
        "gold": report.gold,
        "main": [
            {"label": LABELS[name], "figure": report.figure(name)} for name in main if name in names
        ],
        "figures": [rows[: (len(rows) + 1) // 2], rows[(len(rows) + 1) // 2 :]],
        "columns": COLUMNS,
        "groups": _groups(report),
        "has_intervals": report.gold.documents > 1,
        "reliability": report.reliability,
        "plot": _reliability_plot(report),
        "points": report.operating_points,
        "curves": _curves(report),
        "concepts": [
            {"row": row, "examples": sentences.of(row.examples)} for row in report.concepts[:_ROWS]
        ],
        "n_concepts": len(report.concepts),
        "sections": [
            {
                "id": key,
                "title": heading,
                "lead": lead,
                "rows": [_confusion(row, sentences) for row in rows[:_ROWS]],
                "n": len(rows),
                "mentions": sum(row.mentions for row in rows),
            }
            for key, heading, lead, rows in _sections(report, end_to_end=end_to_end)
        ],
        "problems": [
            {
                "said": counted(count, *KINDS[kind]),
                "count": count,
                "examples": _problems(report, kind),
            }
            for kind, count in report.problem_counts.items()
        ],
        "unknown_ids": report.unknown_ids[:_EXAMPLES],
        "n_unknown_ids": len(report.unknown_ids),
    }
    return template(TEMPLATE).render(shown(context))


def write_page(
    path: str | Path,
    report: Report,
    documents: Sequence[Document],
    *,
    title: str = "Accuracy of the links",
) -> Path:
    """Write `render_page`'s page to `path`, whole or not at all, and return the path.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    write_atomically(path, render_page(report, documents, title=title))
    return path


def _sections(
    report: Report, *, end_to_end: bool
) -> Iterable[tuple[str, str, str, tuple[Confusion, ...]]]:
    if end_to_end:
        yield (
            "confusions",
            "Taken for another",
            "A predicted mention overlaps the gold one, but names another concept or is NIL.",
            report.confusions,
        )
        yield (
            "missed",
            "Not found",
            "No predicted mention overlaps the gold one.",
            report.missed,
        )
        yield (
            "invented",
            "Not in the gold",
            "A link where the gold has no mention at all.",
            report.invented,
        )
        return
    yield (
        "confusions",
        "Taken for another",
        "The first candidate is not a gold concept. Rank: that of the gold concept; – if it is not "
        "among the candidates. Linked: how often the link was made.",
        report.confusions,
    )


def _groups(report: Report) -> list[dict[str, Any]]:
    tables = []
    for by, heading in GROUPS.items():
        rows = [group for group in report.groups if group.by == by]
        if by == "words":
            rows.sort(key=lambda group: group.label)
        # A single row says what the headline says.
        if len(rows) > 1:
            tables.append(_table(heading, "mentions", rows))
    if report.link_groups:
        heading = "Semantic type of the linked concept"
        tables.append(_table(heading, "links", report.link_groups))
    return tables


def _table(heading: str, of: str, rows: Sequence[Group]) -> dict[str, Any]:
    names = [name for name in COLUMNS if any(name in row.figures for row in rows)]
    return {
        "title": heading,
        "of": of,
        "columns": names,
        "rows": rows[:_GROUPS],
        "n": len(rows),
    }


def _confusion(row: Confusion, sentences: Sentences) -> dict[str, Any]:
    ranks = [str(rank) if rank else "–" for rank in row.ranks]
    return {
        "row": row,
        "ranks": ", ".join(ranks[:4]) + (", …" if len(ranks) > 4 else ""),
        "examples": sentences.of(row.examples),
    }


def _problems(report: Report, kind: str) -> list[str]:
    return [str(problem) for problem in report.problems if problem.kind == kind][:_EXAMPLES]


# Plots, in the coordinates of a square of 100 by 100 with the origin at the lower left


def _reliability_plot(report: Report) -> list[dict[str, float]]:
    """The bins as points: stated against right, with an area that grows with their mentions."""
    most = max((b.mentions for b in report.reliability), default=0)
    return [
        {
            "x": round(100 * b.stated, 2),
            "y": round(100 - 100 * b.right, 2),
            "r": round(1.2 + 3.3 * (b.mentions / most) ** 0.5, 2),
            "low": round(100 * b.low, 2),
            "mentions": b.mentions,
            "stated": b.stated,
            "right": b.right,
        }
        for b in report.reliability
        if b.mentions
    ]


def _curves(report: Report) -> Mapping[str, str]:
    """Precision, recall and F1 over the threshold, as the points of polylines."""
    return {
        name: " ".join(
            f"{100 * point.threshold:.1f},{100 - 100 * getattr(point, name):.1f}"
            for point in report.operating_points
            # Where no link stands there is no precision to show.
            if point.links or name != "precision"
        )
        for name in ("precision", "recall", "f1")
    }

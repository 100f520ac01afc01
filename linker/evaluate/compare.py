"""Two reports on the same gold: by how much one is better, and whether that may be chance."""

from __future__ import annotations

from linker.evaluate.bootstrap import Figure, difference, intervals
from linker.evaluate.report import Report
from linker.evaluate.spans import RECENTRED


def compare(report: Report, other: Report) -> tuple[Figure, ...]:
    """How much higher each figure of a report is than that of another, with its 95% interval.

    The same documents are drawn for both (a paired bootstrap): if the interval excludes 0, the
    difference is hardly chance. For the calibration error and the Brier score, lower is better.

    Args:
        report, other: of `evaluate`, both on the same documents, with the same `draws` and `seed`.

    Returns:
        The figures that both have, in the order of the first; in [-1, 1].

    Raises:
        ValueError: they are of different documents, or were drawn with other `draws` or `seed`.
    """
    theirs = {(r.document, r.start, r.end) for r in other.results}
    if {(r.document, r.start, r.end) for r in report.results} != theirs:
        raise ValueError("the reports are of other mentions: measure both on the same documents")
    if report.draws is None or other.draws is None:
        raise ValueError("a report that does not come from `evaluate` has no draws to compare")
    return intervals(difference(report.draws, other.draws), recentred=RECENTRED, least=-1)

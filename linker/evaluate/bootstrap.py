"""Figures with intervals: documents are drawn again, with replacement, and the figures with them.

A statistic takes weights, how often each document was drawn, and gives figures: the same function
gives the figure itself (each document once) and its bootstrap (Efron 1979).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Statistic = Callable[[Array], Mapping[str, Array]]
"""From weights, shape (draws, documents), to figures by name, each of shape (draws,); NaN where a
draw has nothing to measure."""

DRAWS = 1000
LEVEL = 0.95
_CHUNK = 50
"""Draws at a time: 50 x 10,000 documents are 4 MB of weights."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the interval that holds it in 95 of 100 corpora drawn like this one.

    Attributes:
        value, low, high: in the figure's own unit; shares are in [0, 1], not percent.
    """

    name: str
    value: float
    low: float
    high: float


def figures_with_intervals(
    statistics: Sequence[Statistic],
    n_documents: int,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    recentred: Collection[str] = (),
    progress: Callable[[int], None] | None = None,
) -> tuple[Figure, ...]:
    """The figures of some statistics, each with its percentile interval.

    Args:
        statistics: over the same documents; they share their draws.
        n_documents: at least 1.
        draws: how often the documents are drawn; at least 1.
        seed: the same seed gives the same intervals.
        recentred: names of shares whose draws lie to one side of the figure: their intervals are
            moved by as much as the mean of the draws is off.
        progress: told how many draws were done.

    Returns:
        In the order of the statistics; those that have nothing to measure are left out.
    """
    if n_documents < 1 or draws < 1:
        raise ValueError(f"{n_documents} documents, {draws} draws; at least 1 of each is needed")
    rng = np.random.default_rng(seed)
    share = np.full(n_documents, 1 / n_documents)
    values = _all(statistics, np.ones((1, n_documents)))
    drawn: dict[str, list[Array]] = {name: [] for name in values}
    for begun in range(0, draws, _CHUNK):
        size = min(_CHUNK, draws - begun)
        weights: Array = rng.multinomial(n_documents, share, size=size).astype(np.float64)
        for name, found in _all(statistics, weights).items():
            drawn[name].append(found)
        if progress is not None:
            progress(size)
    tail = 50 * (1 - LEVEL)
    figures = []
    for name, value in values.items():
        if np.isnan(value[0]):
            continue
        every = np.concatenate(drawn[name])
        every = every[~np.isnan(every)]
        if name in recentred and len(every):
            every = np.clip(every - (every.mean() - value[0]), 0, 1)
        low, high = (
            np.percentile(every, [tail, 100 - tail]) if len(every) else (float(value[0]),) * 2
        )
        figures.append(Figure(name, float(value[0]), float(low), float(high)))
    return tuple(figures)


def _all(statistics: Sequence[Statistic], weights: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for statistic in statistics:
        found.update(statistic(weights))
    return found


def ratio(top: Array, bottom: Array) -> Array:
    """`top / bottom`; NaN where `bottom` is 0."""
    return np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)


def f1(precision: Array, recall: Array) -> Array:
    """The harmonic mean, 2 TP / (2 TP + FP + FN): 0 without a hit, NaN where there is nothing.

    Nothing made leaves no precision (NaN) and misses all: F1 is 0. Only where nothing was to be
    found either, both NaN, has it no value.
    """
    p, r = np.nan_to_num(precision), np.nan_to_num(recall)
    total = p + r
    empty = np.isnan(precision) & np.isnan(recall)
    return np.divide(2 * p * r, total, out=np.where(empty, np.nan, 0.0), where=total > 0)


class Sums:
    """Per-document counts by name, to be summed with the weights of a draw.

    Args:
        n_documents: how many documents there are.
    """

    def __init__(self, n_documents: int) -> None:
        self._n = n_documents
        self._columns: dict[str, Array] = {}

    def add(
        self, name: str, document: npt.NDArray[np.int64], value: npt.NDArray[np.generic]
    ) -> None:
        """Count a value a row.

        Args:
            document: shape (rows,): whose row it is.
            value: shape (rows,): what it counts; a boolean counts 1.
        """
        weights = value.astype(np.float64)
        counts = np.bincount(document, weights=weights, minlength=self._n)
        # An empty bincount is of integers.
        self._columns[name] = counts.astype(np.float64)

    def of(self, weights: Array) -> dict[str, Array]:
        """The weighted sums, each of shape (draws,)."""
        if not self._columns:
            return {}
        matrix = np.stack(list(self._columns.values()), axis=1)
        return dict(zip(self._columns, (weights @ matrix).T, strict=True))

    def column(self, name: str) -> Array:
        """The counts of a name, shape (documents,)."""
        return self._columns[name]

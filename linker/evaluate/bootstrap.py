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
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
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


@dataclass(frozen=True, slots=True)
class Draws:
    """Figures of some documents, and of each draw of them.

    Attributes:
        values: by name, in the order of the statistics; NaN where there is nothing to measure.
        drawn: by name, of shape (draws,); NaN where a draw has nothing to measure.
        n_documents, seed: what was drawn from, and by which numbers: equal ones drew alike.
    """

    values: Mapping[str, float]
    drawn: Mapping[str, Array]
    n_documents: int
    seed: int


def draw(
    statistics: Sequence[Statistic],
    n_documents: int,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Draws:
    """The figures of some statistics, and of documents that are drawn again.

    Args:
        statistics: over the same documents; they share their draws.
        n_documents: at least 1.
        draws: how often the documents are drawn; at least 1.
        seed: the same seed draws the same documents.
        progress: told how many draws were done.
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
    return Draws(
        {name: float(value[0]) for name, value in values.items()},
        {name: np.concatenate(found) for name, found in drawn.items()},
        n_documents,
        seed,
    )


def intervals(
    found: Draws, *, recentred: Collection[str] = (), least: float = 0.0
) -> tuple[Figure, ...]:
    """Figures with their percentile intervals, from `least` to 1.

    Args:
        recentred: names of figures whose draws lie to one side: their intervals are moved by as
            much as the mean of the draws is off.

    Returns:
        In the order of the figures; those that have nothing to measure are left out.
    """
    tail = 50 * (1 - LEVEL)
    figures = []
    for name, value in found.values.items():
        if np.isnan(value):
            continue
        every = found.drawn[name]
        every = every[~np.isnan(every)]
        if not len(every):
            every = np.array([value])
        if name in recentred:
            every = np.clip(every - (every.mean() - value), least, 1)
        low, high = np.percentile(every, [tail, 100 - tail])
        figures.append(Figure(name, value, float(low), float(high)))
    return tuple(figures)


def difference(ours: Draws, theirs: Draws) -> Draws:
    """How much higher each figure is that both have, draw by draw: a paired bootstrap.

    What makes a document hard is hard for both, and falls out: the interval is narrower than
    those of the two figures let think.

    Raises:
        ValueError: the documents were drawn otherwise.
    """
    if (ours.n_documents, ours.seed) != (theirs.n_documents, theirs.seed):
        raise ValueError(
            f"{ours.n_documents} documents by seed {ours.seed}, and {theirs.n_documents} documents "
            f"by seed {theirs.seed}: measure both on the same documents, by the same seed"
        )
    names = [name for name in ours.values if name in theirs.values]
    if any(len(ours.drawn[name]) != len(theirs.drawn[name]) for name in names):
        raise ValueError("the documents were drawn another number of times; give the same `draws`")
    return Draws(
        {name: ours.values[name] - theirs.values[name] for name in names},
        {name: ours.drawn[name] - theirs.drawn[name] for name in names},
        ours.n_documents,
        ours.seed,
    )


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

    def add(self, name: str, document: Ints, value: npt.NDArray[np.generic]) -> None:
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

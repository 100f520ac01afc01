"""Figures of gold mentions: retrieval, NIL, the links that stand, and calibration.

| figure | over | what |
|---|---|---|
| acc@k | mentions with a gold id | a gold id is among the first k candidates (**the headline**) |
| mrr | the same | 1 / rank of the first gold id, 0 beyond the candidates |
| acc@k known | those with a gold id that the index holds | the same |
| nil_precision, _recall, _f1 | all | NIL is right where the index holds none of the gold ids |
| precision, recall, f1 | links; mentions with a gold id | the link that stands is right |
| decision | all | linked to a gold id, or NIL where that is right |
| ece, brier | all | of the first candidate's probability, that it is right |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from linker.evaluate.bootstrap import Array, Bools, Ints, Statistic, Sums, f1, ratio
from linker.evaluate.protocol import NOT_FOUND, Outcome

CUTOFFS = (1, 5, 25)
BINS = 10


@dataclass(frozen=True, slots=True)
class MentionTable:
    """Outcomes as columns, a row a gold mention.

    Attributes:
        document: int64: the document's position, from 0.
        rank: int64: of the first gold id, from 1; `NOT_FOUND` where there is none.
        has_ids, known, linked: bool; see `Outcome`.
        probability: float64, in [0, 1].
    """

    document: Ints
    rank: Ints
    has_ids: Bools
    known: Bools
    linked: Bools
    probability: Array

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> MentionTable:
        """The columns of some outcomes, in their order."""
        return cls(
            document=np.array([o.document for o in outcomes], dtype=np.int64),
            rank=np.array([o.rank for o in outcomes], dtype=np.int64),
            has_ids=np.array([bool(o.gold) for o in outcomes], dtype=np.bool_),
            known=np.array([o.known for o in outcomes], dtype=np.bool_),
            linked=np.array([o.linked for o in outcomes], dtype=np.bool_),
            probability=np.array([o.probability for o in outcomes], dtype=np.float64),
        )

    @property
    def right(self) -> Bools:
        """The first candidate is right."""
        right: Bools = self.rank == 1
        return right

    def found(self, k: int) -> Bools:
        """A gold id is among the first k candidates."""
        found: Bools = (self.rank != NOT_FOUND) & (self.rank <= k)
        return found

    def reciprocal(self) -> Array:
        """1 / rank, 0 where the gold id was not found."""
        return np.where(self.rank == NOT_FOUND, 0.0, 1 / np.maximum(self.rank, 1))

    def bins(self) -> Ints:
        """The bin of each probability: ten of equal width, the last closed (Guo et al. 2017)."""
        return np.minimum((self.probability * BINS).astype(np.int64), BINS - 1)


def mention_statistic(table: MentionTable, n_documents: int, *, k: int) -> Statistic:
    """The figures of gold mentions, for `draw`.

    Args:
        k: how many candidates there are: no acc@ is given beyond.
    """
    sums = Sums(n_documents)
    document, right = table.document, table.right
    sums.add("has_ids", document, table.has_ids)
    sums.add("known", document, table.known)
    sums.add("all", document, np.ones(len(document)))
    for cutoff in CUTOFFS:
        sums.add(f"found{cutoff}", document, table.found(cutoff))
    sums.add("reciprocal", document, table.reciprocal())
    sums.add("nil", document, ~table.known)
    sums.add("said nil", document, ~table.linked)
    sums.add("rightly nil", document, ~table.linked & ~table.known)
    sums.add("linked", document, table.linked)
    sums.add("rightly linked", document, table.linked & right)
    sums.add("squared error", document, (table.probability - right) ** 2)
    bins = table.bins()
    for b in range(BINS):
        inside = bins == b
        sums.add(f"gap{b}", document, np.where(inside, table.probability - right, 0.0))

    def statistic(weights: Array) -> Mapping[str, Array]:
        s = sums.of(weights)
        nil_precision = ratio(s["rightly nil"], s["said nil"])
        nil_recall = ratio(s["rightly nil"], s["nil"])
        precision = ratio(s["rightly linked"], s["linked"])
        recall = ratio(s["rightly linked"], s["has_ids"])
        gaps = np.abs(np.stack([s[f"gap{b}"] for b in range(BINS)])).sum(axis=0)
        cutoffs = [cutoff for cutoff in CUTOFFS if cutoff <= k]
        return {
            **{f"acc@{c}": ratio(s[f"found{c}"], s["has_ids"]) for c in cutoffs},
            "mrr": ratio(s["reciprocal"], s["has_ids"]),
            **{f"acc@{c} known": ratio(s[f"found{c}"], s["known"]) for c in cutoffs},
            "mrr known": ratio(s["reciprocal"], s["known"]),
            "precision": precision,
            "recall": recall,
            "f1": f1(precision, recall),
            "nil_precision": nil_precision,
            "nil_recall": nil_recall,
            "nil_f1": f1(nil_precision, nil_recall),
            "decision": ratio(s["rightly linked"] + s["rightly nil"], s["all"]),
            "ece": ratio(gaps, s["all"]),
            "brier": ratio(s["squared error"], s["all"]),
        }

    return statistic


@dataclass(frozen=True, slots=True)
class Bin:
    """What was said and what was so, of the mentions whose probability lies in [low, high).

    Attributes:
        mentions: how many; `stated`: their mean probability; `right`: the share that is right. Both
            are 0 in an empty bin.
    """

    low: float
    high: float
    mentions: int
    stated: float
    right: float


def reliability(table: MentionTable) -> tuple[Bin, ...]:
    """The reliability table of the first candidate's probability, in ten bins."""
    bins = table.bins()
    found = []
    for b in range(BINS):
        inside = bins == b
        n = int(inside.sum())
        stated = float(table.probability[inside].mean()) if n else 0.0
        right = float(table.right[inside].mean()) if n else 0.0
        found.append(Bin(b / BINS, (b + 1) / BINS, n, stated, right))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold of the probability gives.

    Attributes:
        links: how many stand; precision: NaN never, 1 where none stands.
    """

    threshold: float
    links: int
    precision: float
    recall: float
    f1: float


THRESHOLDS = (*(round(0.05 * step, 2) for step in range(20)), 0.97, 0.99)


def operating_points(
    probability: Array,
    right: Bools,
    found: Array,
    n_gold: int,
    thresholds: Sequence[float] = THRESHOLDS,
) -> tuple[OperatingPoint, ...]:
    """Precision, recall and F1 of the links at or above each threshold.

    Args:
        probability: shape (links,): of each link that could be made.
        right: shape (links,): whether it is right.
        found: shape (gold mentions found at all,): the highest probability of a right link of each.
        n_gold: how many gold mentions have an id.
    """
    stated = np.sort(probability)
    stated_right = np.sort(probability[right])
    best = np.sort(found)
    points = []
    for threshold in thresholds:
        links = len(stated) - int(np.searchsorted(stated, threshold))
        correct = len(stated_right) - int(np.searchsorted(stated_right, threshold))
        precision = correct / links if links else 1.0
        recall = (len(best) - int(np.searchsorted(best, threshold))) / n_gold if n_gold else 0.0
        total = precision + recall
        points.append(
            OperatingPoint(
                float(threshold),
                links,
                precision,
                recall,
                2 * precision * recall / total if total else 0.0,
            )
        )
    return tuple(points)

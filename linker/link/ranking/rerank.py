"""The second look: the nearest concepts weighed against each other by more than the nested logit.

The nested logit says how likely it is that any concept is right, and it is fitted for each index.
Which of the nearest concepts that is, boosted trees decide, by `features.FEATURES`: trained on gold
mentions of several terminologies with the softmax over a mention's candidates as their loss
(ListNet, Cao et al., ICML 2007), they ship with the package as plain numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from linker.index import Index, Store
from linker.link.arrays import Bools, Floats
from linker.link.ranking.features import COLUMNS, FEATURES, REASONS, FeatureReader, Seen
from linker.link.ranking.opposites import is_opposed_beyond
from linker.link.ranking.rank import Ranking
from linker.link.ranking.shared_names import SharedNames
from linker.link.ranking.trees import Trees, shipped_trees
from linker.schema import Candidate
from linker.text import normalise

HEAD = 12
"""Concepts that are looked at again."""

KEPT = 0.1
"""The share of the nested logit's opinion that stays: trees are sure of what they never saw."""

OPPOSED = 0.005
"""How likely a concept is meant by a query that its best name contradicts, against one that it does
not: no annotator of the train splits meant one."""

LOOKED_AT = 0.1
"""The probability above which a concept's preferred name is looked at, too."""


class Reranker:
    """Weighs the first concepts of each query again.

    Args:
        index: whose concepts.
        slope: of the index's weights.
        trees: the ranker; by default the one that ships.

    Attributes:
        above: gives the rows of a concept's parents and grandparents, and how many steps up each
            is.
    """

    def __init__(self, index: Index, slope: float, trees: Trees | None = None) -> None:
        self._store = index.store
        self._reader = FeatureReader(index.store, slope)
        self.above = self._reader.above
        self._shared_names = SharedNames(index, self.above)
        self._trees = shipped_trees() if trees is None else trees
        if self._trees.features != FEATURES:
            raise ValueError(f"the trees ask for {self._trees.features}, there are {FEATURES}")

    def rerank(
        self, queries: Sequence[str], ranking: Ranking, other: Bools | None = None
    ) -> Ranking:
        """Share out the probability of each query's first concepts anew.

        Args:
            queries: the strings that were looked up.
            ranking: their concepts.
            other: which of these are of another kind than their mention's label says; by default
                none.

        Returns:
            The same concepts, each query's most probable first, ties by concept id. The first
            `HEAD` that each had have `reasons`, and together the probability that they had, less
            what those lose that contradict their query; the others are as they were but for that.
        """
        features = self._reader.read(queries, ranking, first=HEAD)
        head = np.flatnonzero(ranking.places() < HEAD)
        query, before = ranking.best.query, ranking.probability
        probability = before.copy()
        is_other = np.zeros(len(head), dtype=bool) if other is None else other[head]
        losses = self._shared_names.losses(ranking.best[head], is_other)
        values = self._trees(features[head]) - losses.log_odds
        of = query[head]
        top = np.full(len(queries), -np.inf)
        np.maximum.at(top, of, values)
        shares = np.exp(values - top[of])
        # Sums that do not depend on what other queries there are.
        total, shared = (np.bincount(of, summed, len(queries)) for summed in (shares, before[head]))
        probability[head] = KEPT * before[head] + (1 - KEPT) * shares / total[of] * shared[of]
        is_opposed = self._opposed(queries, ranking, features, probability)
        features[is_opposed, COLUMNS["opposites"]] = 1
        if is_opposed.any():
            probability = ranking.after(np.where(is_opposed, OPPOSED, 1.0), probability)
        reasons = np.full((len(before), len(REASONS)), np.nan)
        reasons[head] = np.column_stack(
            [
                features[head],
                ranking.best.derived[head],
                ranking.best.reworded[head],
                *losses,
                is_other,
                np.zeros((len(head), 2)),  # `local_first` knows of overlays.
            ]
        )
        return ranking.reordered(probability, self._store, reasons=reasons)

    def _opposed(
        self, queries: Sequence[str], ranking: Ranking, features: Floats, probability: Floats
    ) -> Bools:
        """The concepts that contradict their query, by their best name or their preferred one.

        "Chronic gastritis" is near to "acute gastritis", and where a terminology lacks the one, no
        other concept may be near enough to take its place: NIL does.
        """
        best = ranking.best
        is_opposed: Bools = features[:, COLUMNS["opposites"]] == 1
        doubtful = ~(is_opposed | best.exact | best.preferred) & (probability > LOOKED_AT)
        for at in np.flatnonzero(doubtful).tolist():
            is_opposed[at] = is_opposed_beyond(
                normalise(queries[best.query[at]]),
                self._store.normal(int(best.row[at])),
                normalise(self._store.preferred_name(int(best.concept[at]))),
            )
        return is_opposed


def candidates(ranking: Ranking, query: int, store: Store, *, k: int) -> tuple[Candidate, ...]:
    """The first `k` concepts of a query as candidates.

    Raises:
        ValueError: k is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; ask for at least 1 candidate")
    own = ranking.of(query)
    first = slice(own.start, min(own.start + k, own.stop))
    best = ranking.best
    columns = (best.concept, best.row, best.place, best.score, ranking.probability, ranking.reasons)
    return tuple(
        Candidate(
            matched_name=store.surface(row, place),
            score=score,
            probability=probability,
            features=_named(reasons),
            **store.summary(concept),
        )
        for concept, row, place, score, probability, reasons in zip(
            *(column[first].tolist() for column in columns), strict=True
        )
    )


def _named(reasons: Sequence[float]) -> Mapping[str, float]:
    """The reasons by name; none where the ranker did not look."""
    return {} if not reasons or math.isnan(reasons[0]) else Seen(reasons)

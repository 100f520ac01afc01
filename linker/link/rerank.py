"""The second look: the nearest concepts weighed against each other by more than the nested logit.

The nested logit says how likely it is that any concept is right, and it is fitted for each index.
Which of the nearest concepts that is, boosted trees decide, by `features.FEATURES`: trained on gold
mentions of several terminologies with the softmax over a mention's candidates as their loss
(ListNet, Cao et al., ICML 2007), they ship with the package as plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from linker.index import Store
from linker.link.features import FEATURES, FeatureReader
from linker.link.rank import Ranked
from linker.link.trees import Trees, shipped_trees
from linker.schema import Candidate

HEAD = 12
"""Concepts that are looked at again."""

KEPT = 0.1
"""The share of the nested logit's opinion that stays: trees are sure of what they never saw."""


class Reranker:
    """Weighs the first concepts of each query again.

    Args:
        store: of the index.
        slope: of the index's weights.
        trees: the ranker; by default the one that ships.
    """

    def __init__(self, store: Store, slope: float, trees: Trees | None = None) -> None:
        self._store = store
        self._reader = FeatureReader(store, slope)
        self._trees = shipped_trees() if trees is None else trees
        if self._trees.features != FEATURES:
            raise ValueError(f"the trees ask for {self._trees.features}, there are {FEATURES}")

    def rerank(self, queries: Sequence[str], ranked: Sequence[list[Ranked]]) -> list[list[Ranked]]:
        """Share out the probability of each query's first concepts anew.

        Args:
            queries: the strings that were looked up.
            ranked: for each its concepts, best first.

        Returns:
            For each query the same concepts, the most probable first, ties by concept id. The first
            `HEAD` have `reasons`, and together the probability that they had; the others are as
            they were.
        """
        heads = [found[:HEAD] for found in ranked]
        read = [self._reader.read(query, head) for query, head in zip(queries, heads, strict=True)]
        if not sum(map(len, heads)):
            return list(ranked)
        rows = np.concatenate(read)
        values = self._trees(rows)
        done = []
        start = 0
        for found, head in zip(ranked, heads, strict=True):
            own = slice(start, start + len(head))
            start += len(head)
            if not head:
                done.append(found)
                continue
            weights = np.exp(values[own] - values[own].max())
            shares = weights / weights.sum() * sum(item.probability for item in head)
            looked_at = [
                replace(
                    item,
                    probability=KEPT * item.probability + (1 - KEPT) * share,
                    reasons=tuple(row),
                )
                for item, share, row in zip(head, shares.tolist(), rows[own].tolist(), strict=True)
            ]
            done.append(
                sorted(
                    [*looked_at, *found[HEAD:]],
                    key=lambda item: (-item.probability, self._store.order(item.concept)),
                )
            )
        return done


def candidates(ranked: Sequence[Ranked], store: Store, *, k: int) -> tuple[Candidate, ...]:
    """The first `k` ranked concepts as candidates.

    Raises:
        ValueError: k is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; ask for at least 1 candidate")
    return tuple(
        Candidate(
            matched_name=item.name,
            score=item.features.score,
            probability=item.probability,
            features=dict(zip(FEATURES, item.reasons, strict=False)),
            **store.summary(item.concept),
        )
        for item in ranked[:k]
    )

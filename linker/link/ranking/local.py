"""Names that a house laid over a terminology: what it calls a concept, it means by that name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linker.index import Store
from linker.link.ranking.features import COLUMNS
from linker.link.ranking.rank import Ranking
from linker.text import normalise

KEPT = 0.1
"""The share of its probability that a concept keeps whose name the house gave to another."""

BELOW = 0.95
"""What the best of another terminology may have, as a share of what the house's concept has."""


def local_first(queries: Sequence[str], ranking: Ranking, store: Store) -> Ranking:
    """Rank the concepts that overlays give a query for a name before all others.

    How likely it is that any concept of a terminology is meant stays as it was. Of that, the others
    keep a tenth of what they had, and the house's have the rest, in the shares that they had. Those
    of other terminologies, which may well mean the same, come behind. Of a name that means nothing
    here each concept keeps a tenth.

    Args:
        queries: the strings that were looked up.
        ranking: their concepts, as the ranker leaves them.
        store: of the index.
    """
    if not store.local_names:
        return ranking
    n, of, before = len(ranking), ranking.best.query, ranking.probability
    is_local, is_nothing = np.zeros((2, len(before)), dtype=bool)
    for query, text in enumerate(queries):
        concepts = store.local_names.get(normalise(text))
        if concepts is not None:
            own = ranking.of(query)
            is_local[own] = np.isin(ranking.best.concept[own], [*concepts])
            is_nothing[own] = not concepts
    if not (is_local | is_nothing).any():
        return ranking
    contest = of * store.n_parts + store.parts_of(ranking.best.concept)
    any_meant, local = (
        np.bincount(contest, p, n * store.n_parts)[contest] for p in (before, before * is_local)
    )
    share = before / np.where(local > 0, local, 1.0)
    probability = np.where(local > 0, KEPT, 1.0) * before
    probability[is_local] = (share * (any_meant - KEPT * (any_meant - local)))[is_local]
    best, rival = np.zeros(n), np.zeros(n)
    elsewhere = local == 0
    np.maximum.at(best, of[is_local], probability[is_local])
    np.maximum.at(rival, of[elsewhere], probability[elsewhere])
    behind = np.where(
        (best > 0) & (rival > BELOW * best), BELOW * best / np.where(rival > 0, rival, 1), 1
    )
    probability[elsewhere] *= behind[of[elsewhere]]
    probability[is_nothing] *= KEPT
    reasons = ranking.reasons.copy()
    reasons[is_local, COLUMNS["local"]] = 1
    reasons[is_nothing, COLUMNS["no_mention"]] = 1
    return ranking.reordered(probability, store, reasons=reasons)

"""Concepts to choose from, terminology by terminology.

An index of several terminologies holds one disease several times. "Heart attack" is a concept of
each, and none of them is wrong; if they shared one probability, none would look right either. So a
concept competes with those of its own terminology alone, against that one's NIL, and the answers of
all stand in one list, the most probable first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from linker.index import Store
from linker.link.ranking.broader import Broader
from linker.link.ranking.features import COLUMNS
from linker.link.ranking.labels import TypeFilter
from linker.link.ranking.local import local_first
from linker.link.ranking.opposites import is_opposed_beyond
from linker.link.ranking.rank import Ranking, Weights, pairs_of, rank_pairs
from linker.link.ranking.rerank import Reranker
from linker.link.retrieve import Retrieved
from linker.text import normalise

OPPOSED = 0.005
"""How likely a concept is meant by a query that its best name contradicts, against one that it does
not: no annotator of the train splits meant one."""

LOOKED_AT = 0.1
"""The probability above which a concept's preferred name is looked at, too."""


def decide(
    queries: Sequence[str],
    found: Retrieved,
    store: Store,
    weights: Weights,
    reranker: Reranker,
    broader: Broader,
    *,
    kinds: Sequence[str | None],
    types: TypeFilter | None,
) -> Ranking:
    """Rank the concepts of what was found, look again at the first, heed the mentions' kinds, and
    offer what stands above.

    Args:
        queries: the strings that were looked up.
        found: the names that were found for them.
        weights: of the index.
        broader: offers what stands above the first concepts.
        kinds: of each query's mention, as `labels.kind_of` gives it.
        types: heeds the kinds; None to leave them out of it.

    Returns:
        The concepts of each query, most probable first, ties by concept id: see `local_first` for
        the names of an overlay.
    """
    pairs = pairs_of(queries, found.hits, store)
    contests, contest = np.unique(
        pairs.query * store.n_parts + store.parts_of(pairs.concept), return_inverse=True
    )
    asked = contests // store.n_parts
    strings = [queries[i] for i in asked.tolist()]
    ranking = rank_pairs(replace(pairs, query=contest), len(contests), store, weights)
    said = [kinds[i] for i in asked.tolist()]
    other = None if types is None else types.is_other(ranking.best, said)
    ranking = reranker.rerank(strings, ranking, other)
    ranking = _without_opposed(strings, ranking, store)
    if types is not None:
        ranking = types.weigh(ranking, said)
    ranking = broader.offer(ranking, found.vectors[asked], said, types)
    return local_first(queries, ranking.renumbered(asked, len(queries), store), store)


def _without_opposed(queries: Sequence[str], ranking: Ranking, store: Store) -> Ranking:
    """The same concepts, those that contradict their query with next to no probability.

    "Chronic gastritis" is near to "acute gastritis", and where a terminology lacks the one, no
    other concept may be near enough to take its place: NIL does.
    """
    best, is_opposed = ranking.best, ranking.reasons[:, COLUMNS["opposites"]] == 1
    doubtful = ~(is_opposed | best.exact | best.preferred) & (ranking.probability > LOOKED_AT)
    for at in np.flatnonzero(doubtful).tolist():
        is_opposed[at] = is_opposed_beyond(
            normalise(queries[best.query[at]]),
            store.normal(int(best.row[at])),
            normalise(store.summary(int(best.concept[at]))["preferred_name"]),
        )
    if not is_opposed.any():
        return ranking
    reasons = ranking.reasons.copy()
    reasons[is_opposed, COLUMNS["opposites"]] = 1
    return ranking.weighed(np.where(is_opposed, OPPOSED, 1.0), store, reasons=reasons)

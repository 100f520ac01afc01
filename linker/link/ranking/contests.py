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
from linker.link.ranking.labels import TypeFilter
from linker.link.ranking.local import local_first
from linker.link.ranking.rank import Ranking, Weights, pairs_of, rank_pairs
from linker.link.ranking.rerank import Reranker
from linker.link.retrieve import Retrieved


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
    if types is not None:
        ranking = types.weigh(ranking, said)
    ranking = broader.offer(ranking, found.vectors[asked], said, types)
    return local_first(queries, ranking.renumbered(asked, len(queries), store), store)

"""Fitting the weights of `ranking`: on gold mentions for what ships, on held-out names per index.

How far a cosine speaks for a concept depends on the encoder and on how crowded the terminology is,
so `slope` and `any` are fitted for each index when it is built: a sample of its names are queries,
each looked up with itself left out. A name that is its concept's only one stands for NIL; of these
there are as many as NIL is likely, and not as many as the terminology has: a list of codes with one
title each says nothing of how often people write what is in none. What no held-out name can show
(how often an exact match is right) keeps the shipped weights, and so does all, where no concept has
two names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from linker.index import Index, NamePair, Store
from linker.link.arrays import Floats, Ints
from linker.link.ranking.rank import LINEAR, Pairs, Weights, pairs_of, strongest
from linker.link.retrieve import Hits
from linker.terminology import NameKind
from linker.text import stems

SHIPPED = Weights(
    slope=19.0,
    same_words=3.0,
    exact=2.15,
    case=0.2,
    preferred=0.75,
    loose=-0.5,
    any=2.8,
    pooled=0.45,
)
"""Fitted on gold mentions of train splits: see benchmarks/fit_weights.py."""

MENTION_SHIFT = 1.1
"""What `any` of gold mentions has over that of held-out names: people write closer to the
dictionary than its own synonyms are to each other. From the same fit."""

FITTED = ("slope", "any")
HELD_OUT_NAMES = 2000
NEIGHBOURS = 64
NIL_SHARE = 0.2
"""The greatest share of the held-out names that stand for NIL. HPO comes with it: a fifth of its
names are their concepts' only ones. Of MEDIC's a thirtieth are."""
_RIDGE = 1e-4
"""How far a weight is pulled back, by its squared change, where all of `HELD_OUT_NAMES` are there;
ever more where there are fewer: ten names say little of how names are spaced."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Queries whose answers are known.

    Attributes:
        pairs: what each was offered.
        answers: for each query the concepts that are right; it may have been offered none of them
            (NIL).
    """

    pairs: Pairs
    answers: Sequence[frozenset[int]]

    def __add__(self, other: Answered) -> Answered:
        """Both, one after the other."""
        later = replace(other.pairs, query=other.pairs.query + len(self.answers))
        return Answered(self.pairs + later, [*self.answers, *other.answers])


def fit(answered: Answered, start: Weights, free: Sequence[str]) -> Weights:
    """The maximum-likelihood weights, with a light pull towards where they start.

    Args:
        answered: at least one query.
        start: the weights to begin with; those that are not free stay.
        free: the names of the weights to fit.
    """
    # The name that speaks best for each concept under the starting weights.
    best = strongest(answered.pairs, start)
    design, query_of = best.design(), best.query
    is_right = np.array(
        [
            concept in answered.answers[query]
            for query, concept in zip(query_of.tolist(), best.concept.tolist(), strict=True)
        ]
    )
    n = len(answered.answers)

    def weights_of(values: Floats) -> Weights:
        return replace(start, **dict(zip(free, values.tolist(), strict=True)))

    def loss(values: Floats) -> float:
        weights = weights_of(values)
        utility = design @ np.array([getattr(weights, name) for name in LINEAR])
        total = np.full(n, -np.inf)
        np.logaddexp.at(total, query_of, utility)
        odds = weights.any + weights.pooled * total
        log_any, log_nil = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
        # Several answers may be right: the probability of any of them; of NIL, if none is offered.
        chosen = np.full(n, -np.inf)
        np.logaddexp.at(chosen, query_of[is_right], utility[is_right])
        likelihood = np.where(np.isneginf(chosen), log_nil, chosen - total + log_any)
        return float(ridge * ((values - first) ** 2).sum() - likelihood.mean())

    first = np.array([getattr(start, name) for name in free])
    ridge = _RIDGE * max(1.0, HELD_OUT_NAMES / n) ** 1.5
    # Only a build fits weights: every process that links would load a hundred modules for nothing.
    from scipy.optimize import minimize

    return weights_of(minimize(loss, first, method="L-BFGS-B").x)


def held_out_queries(index: Index, *, size: int = HELD_OUT_NAMES) -> Answered:
    """Names of an index as queries, each looked up with itself and its derived forms left out.

    Derived forms and abbreviations are no queries: how near they are to their names says nothing of
    synonyms. Names that nothing else is offered for are left out. Of those that are their concepts'
    only ones, at most `NIL_SHARE` of all queries is kept.
    """
    store = index.store
    rng = np.random.default_rng(0)
    own = store.own_rows()
    rows = np.sort(rng.choice(own, size=min(size, len(own)), replace=False))
    rows = _with_few_alone(store, rows[[_is_name(store, row) for row in rows.tolist()]], rng)
    vectors = index.vectors.take(rows)
    scores, neighbours = index.vectors.search(vectors, NEIGHBOURS + 1)
    query, hit, score, same = [], [], [], []
    for i, row in enumerate(rows.tolist()):
        own_words = sorted(stems(store.normal(row)))
        pairs = store.pairs(row)
        offered = [
            (other, cosine)
            for other, cosine in zip(neighbours[i].tolist(), scores[i].tolist(), strict=True)
            if other not in (row, -1) and not _are_forms(store.pairs(other), pairs)
        ]
        query += [i] * len(offered)
        hit += [other for other, _ in offered]
        score += [cosine for _, cosine in offered]
        same += [sorted(stems(store.normal(other))) == own_words for other, _ in offered]
    hits = Hits(
        query=np.array(query, dtype=np.int64),
        row=np.array(hit, dtype=np.int64),
        score=np.array(score, dtype=float),
        exact=np.zeros(len(query), dtype=bool),
        same_words=np.array(same, dtype=bool),
        reworded=np.zeros(len(query), dtype=bool),
    )
    return _apart(
        pairs_of([store.normal(row) for row in rows.tolist()], hits, store),
        [{pair.concept for pair in store.pairs(row)} for row in rows.tolist()],
        store,
    )


def _apart(pairs: Pairs, answers: Sequence[set[int]], store: Store) -> Answered:
    """Each query once for each terminology that has its name, with what that one offers for it.

    Where none of the answers' terminology is offered, nothing can be learnt of it.
    """
    own = [np.array(sorted(rows), dtype=np.int32) for rows in answers]
    having = [i * store.n_parts + store.parts_of(rows) for i, rows in enumerate(own)]
    contest = pairs.query * store.n_parts + store.parts_of(pairs.concept)
    kept = np.isin(contest, np.concatenate(having)) if having else np.zeros(0, dtype=bool)
    contests, query = np.unique(contest[kept], return_inverse=True)
    return Answered(
        replace(pairs[kept], query=query),
        [
            frozenset(own[at // store.n_parts][having[at // store.n_parts] == at].tolist())
            for at in contests.tolist()
        ],
    )


def _is_name(store: Store, row: int) -> bool:
    """Whether a name is one as people write it, of some concept."""
    return any(map(_is_written_out, store.pairs(row)))


def _is_written_out(pair: NamePair) -> bool:
    return pair.form is None and pair.kind is not NameKind.ABBREVIATION


def _with_few_alone(store: Store, rows: Ints, rng: np.random.Generator) -> Ints:
    """The names of concepts that have another one, and so many others that NIL has its share."""
    alone = np.array([_is_alone(store, row) for row in rows.tolist()], dtype=bool)
    most = math.ceil(NIL_SHARE / (1 - NIL_SHARE) * (~alone).sum())
    if alone.sum() <= most:
        return rows
    kept: Ints = np.sort(
        np.concatenate([rows[~alone], rng.choice(rows[alone], size=most, replace=False)])
    )
    return kept


def _is_alone(store: Store, row: int) -> bool:
    """Whether each concept of a name has no other that is written out."""
    return not any(
        other != row and pair.concept == own.concept and _is_written_out(pair)
        for own in store.pairs(row)
        for other in store.name_rows(own.concept)
        for pair in store.pairs(other)
    )


def _are_forms(pairs: Sequence[NamePair], names: Sequence[NamePair]) -> bool:
    """Whether a name is nothing but a form or an abbreviation of some names."""
    surfaces, concepts = {pair.surface for pair in names}, {pair.concept for pair in names}
    return all(
        pair.surface in surfaces
        if pair.form is not None
        else pair.kind is NameKind.ABBREVIATION and pair.concept in concepts
        for pair in pairs
    )


def calibrate(index: Index) -> dict[str, Any]:
    """The content of `calibration.json` of an index."""
    held_out = held_out_queries(index)
    n = len(held_out.answers)
    weights = SHIPPED
    if n:
        # Few names say little: what is left of them then is what ships.
        start = replace(SHIPPED, any=SHIPPED.any - MENTION_SHIFT)
        weights = fit(held_out, start, FITTED)
        weights = replace(weights, any=weights.any + MENTION_SHIFT)
    return {
        "model": "nested logit",
        "weights": {name: round(value, 6) for name, value in asdict(weights).items()},
        "fitted": list(FITTED) if n else [],
        "held_out_names": n,
    }

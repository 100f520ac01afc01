"""Fitting the weights of `rank`: on gold mentions for what ships, on held-out names per index.

How far a cosine speaks for a concept depends on the encoder and on how crowded the terminology is,
so `slope` and `any` are fitted for each index when it is built: a sample of its names are queries,
each looked up with itself left out. A name that is its concept's only one stands for NIL. What no
held-out name can show (how often an exact match is right) keeps the shipped weights.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from linker.index import Index, NamePair
from linker.link.rank import Features, Weights, features_of
from linker.link.retrieve import NameHit
from linker.text import words

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
_RIDGE = 1e-4
"""How far a weight is pulled back, by its squared change, where all of `HELD_OUT_NAMES` are there;
ever more where there are fewer: ten names say little of how names are spaced."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query whose answer is known.

    Attributes:
        candidates: for each concept offered, its names' features.
        answers: the concepts that are right; none of the candidates may be among them (NIL).
    """

    candidates: Mapping[int, Sequence[Features]]
    answers: frozenset[int]


def fit(queries: Sequence[Query], start: Weights, free: Sequence[str]) -> Weights:
    """The maximum-likelihood weights, with a light pull towards where they start.

    Args:
        queries: at least one.
        start: the weights to begin with; those that are not free stay.
        free: the names of the weights to fit.
    """
    owner, right, rows = [], [], []
    for i, query in enumerate(queries):
        for concept, names in query.candidates.items():
            # The name that speaks best for the concept under the starting weights.
            rows.append(_slopes(max(names, key=lambda features: features.utility(start))))
            owner.append(i)
            right.append(concept in query.answers)
    design = np.array(rows)
    query_of, is_right = np.array(owner), np.array(right)

    def weights_of(values: npt.NDArray[np.float64]) -> Weights:
        return replace(start, **dict(zip(free, values.tolist(), strict=True)))

    def loss(values: npt.NDArray[np.float64]) -> float:
        weights = weights_of(values)
        utility = design @ np.array([getattr(weights, name) for name in _LINEAR])
        total = np.full(len(queries), -np.inf)
        np.logaddexp.at(total, query_of, utility)
        odds = weights.any + weights.pooled * total
        log_any, log_nil = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
        # Several answers may be right: the probability of any of them; of NIL, if none is offered.
        chosen = np.full(len(queries), -np.inf)
        np.logaddexp.at(chosen, query_of[is_right], utility[is_right])
        likelihood = np.where(np.isneginf(chosen), log_nil, chosen - total + log_any)
        return float(ridge * ((values - first) ** 2).sum() - likelihood.mean())

    first = np.array([getattr(start, name) for name in free])
    ridge = _RIDGE * max(1.0, HELD_OUT_NAMES / len(queries)) ** 1.5
    return weights_of(minimize(loss, first, method="L-BFGS-B").x)


_LINEAR = ("slope", "same_words", "exact", "case", "preferred", "loose")


def _slopes(features: Features) -> list[float]:
    """How the utility changes with each of the `_LINEAR` weights."""
    return [features.utility(replace(_ZERO, **{name: 1.0})) for name in _LINEAR]


_ZERO = Weights(**dict.fromkeys(asdict(SHIPPED), 0.0))


def held_out_queries(index: Index, *, size: int = HELD_OUT_NAMES) -> list[Query]:
    """Names of an index as queries, each looked up with itself and its derived forms left out.

    Derived forms are no queries: how near they are to their names says nothing of synonyms.
    """
    store = index.store
    rng = np.random.default_rng(0)
    own = store.own_rows()
    rows = np.sort(rng.choice(own, size=min(size, len(own)), replace=False))
    vectors = index.vectors.take(rows)
    scores, neighbours = index.vectors.search(vectors, NEIGHBOURS + 1)
    queries = []
    for i, row in enumerate(rows.tolist()):
        query = store.normal(row)
        stems = sorted(word.stem for word in words(query) if word.stem)
        surfaces = {pair.surface for pair in store.pairs(row)}
        hits = [
            NameHit(other, float(score), exact=False, same_words=_same(store.normal(other), stems))
            for other, score in zip(neighbours[i].tolist(), scores[i].tolist(), strict=True)
            if other not in (row, -1) and not _are_forms(store.pairs(other), surfaces)
        ]
        offered: dict[int, list[Features]] = {}
        for concept, _, _, features in features_of(query, hits, store):
            offered.setdefault(concept, []).append(features)
        answers = frozenset(pair.concept for pair in store.pairs(row))
        queries.append(Query(offered, answers))
    return queries


def _are_forms(pairs: Sequence[NamePair], surfaces: Container[str]) -> bool:
    """Whether a name is nothing but a form of some names."""
    return all(pair.form is not None and pair.surface in surfaces for pair in pairs)


def _same(name: str, stems: list[str]) -> bool:
    return sorted(word.stem for word in words(name) if word.stem) == stems


def calibrate(index: Index) -> dict[str, Any]:
    """The content of `calibration.json` of an index."""
    queries = [query for query in held_out_queries(index) if query.candidates]
    weights = SHIPPED
    if queries:
        weights = fit(queries, SHIPPED, FITTED)
        weights = replace(weights, any=weights.any + MENTION_SHIFT)
    return {
        "model": "nested logit",
        "weights": {name: round(value, 6) for name, value in asdict(weights).items()},
        "fitted": list(FITTED) if queries else [],
        "held_out_names": len(queries),
    }

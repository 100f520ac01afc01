"""Name hits to ranked concepts with probabilities.

A nested logit (McFadden 1978): each concept has a utility, linear in a few features of its best
name,

    P(concept | any) = exp(u) / sum over concepts of exp(u)
    P(any)           = 1 / (1 + exp(-any - pooled * log(sum over concepts of exp(u))))

and P(concept) is their product: a close rival lowers it, and so does the lack of any close name.
Concepts that tie are ordered by id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from linker.index import Store
from linker.link.retrieve import NameHit
from linker.terminology import NameKind

_LOOSE = frozenset({NameKind.BROAD, NameKind.NARROW, NameKind.RELATED})


@dataclass(frozen=True, slots=True)
class Weights:
    """The utility of a concept is a sum over the features of its best name; and what NIL is worth.

    Attributes:
        slope: taken off for each unit by which the cosine falls short of 1.
        same_words: the name has the query's words in another order or inflection.
        exact: the name is the query.
        case: the query is written as the name's source writes it, capitals and all.
        preferred: the name is the concept's preferred one.
        loose: the name is a broad, narrow or related synonym.
        any: how likely it is that some concept is right, as a log-odds.
        pooled: how far good candidates make that more likely; 1 makes the whole a plain logit.
    """

    slope: float
    same_words: float
    exact: float
    case: float
    preferred: float
    loose: float
    any: float
    pooled: float

    @classmethod
    def from_json(cls, data: Mapping[str, float]) -> Weights:
        """The weights of a JSON object; other keys in it are ignored."""
        return cls(**{field.name: float(data[field.name]) for field in fields(cls)})


@dataclass(frozen=True, slots=True)
class Features:
    """What `Weights` weighs, of one name of one concept, for one query."""

    score: float
    exact: bool
    same_words: bool
    case: bool
    preferred: bool
    loose: bool

    def utility(self, weights: Weights) -> float:
        """The utility: any real number, higher for a better name."""
        return (
            weights.exact * self.exact
            - weights.slope * (1 - self.score)
            + weights.same_words * (self.same_words and not self.exact)
            + weights.case * self.case
            + weights.preferred * self.preferred
            + weights.loose * self.loose
        )


@dataclass(frozen=True, slots=True)
class Ranked:
    """A concept that was proposed, by its best name.

    Attributes:
        concept: its row.
        name: the best name, as the source writes it; `row` is that name's row.
        scores: the cosines of all its names that were proposed.
        probability: that it is the right one, in [0, 1].
        reasons: what the ranker saw, by `features.FEATURES`; empty where it did not look.
    """

    concept: int
    name: str
    row: int
    features: Features
    scores: tuple[float, ...]
    probability: float
    reasons: tuple[float, ...] = ()


def features_of(
    query: str, hits: Iterable[NameHit], store: Store
) -> list[tuple[int, str, int, Features]]:
    """Every pair of a concept and a name that the hits propose.

    Returns:
        The concept's row, the name's surface and row, and its features.
    """
    query = " ".join(query.split())
    return [
        (
            pair.concept,
            pair.surface,
            hit.row,
            Features(
                score=hit.score,
                exact=hit.exact,
                same_words=hit.same_words,
                case=hit.exact and pair.written == query,
                preferred=pair.kind is NameKind.PREFERRED,
                loose=pair.kind in _LOOSE,
            ),
        )
        for hit in hits
        for pair in store.pairs(hit.row)
    ]


def rank(query: str, hits: Sequence[NameHit], store: Store, weights: Weights) -> list[Ranked]:
    """The concepts of the hits, each with its best name, best first, ties by concept id.

    A concept is worth what its most useful name is worth; the name that is shown for it is the
    query itself, if it has that one.
    """
    best: dict[int, tuple[float, str, int, Features]] = {}
    scores: dict[int, list[float]] = {}
    for concept, surface, row, features in features_of(query, hits, store):
        utility = features.utility(weights)
        scores.setdefault(concept, []).append(features.score)
        known = best.get(concept)
        if known is None:
            best[concept] = (utility, surface, row, features)
            continue
        most, _, _, seen = known
        key = (not features.exact, -utility, surface)
        if key < (not seen.exact, -seen.utility(weights), known[1]):
            known = (most, surface, row, features)
        best[concept] = (max(most, utility), *known[1:])
    order = sorted(best, key=lambda concept: (-best[concept][0], store.order(concept)))
    if not order:
        return []
    top = best[order[0]][0]
    total = sum(math.exp(best[concept][0] - top) for concept in order)
    odds = weights.any + weights.pooled * (top + math.log(total))
    log_any = -math.log1p(math.exp(-odds)) if odds > 0 else odds - math.log1p(math.exp(odds))
    return [
        Ranked(
            concept=concept,
            name=surface,
            row=row,
            features=features,
            scores=tuple(scores[concept]),
            probability=math.exp(utility - top + log_any) / total,
        )
        for concept in order
        for utility, surface, row, features in [best[concept]]
    ]

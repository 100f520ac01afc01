"""Name hits to ranked concepts with probabilities.

A nested logit (McFadden 1978): each concept has a utility, linear in a few features of its best
name,

    P(concept | any) = exp(u) / sum over concepts of exp(u)
    P(any)           = 1 / (1 + exp(-any - pooled * log(sum over concepts of exp(u))))

and P(concept) is their product: a close rival lowers it, and so does the lack of any close name.
Concepts that tie are ordered by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from linker.index import Store, kind_rank
from linker.link.arrays import Bools, Floats, Ints
from linker.link.retrieve import Hits
from linker.terminology import NameKind
from linker.text import typed

_LOOSE = [kind_rank(kind) for kind in (NameKind.BROAD, NameKind.NARROW, NameKind.RELATED)]

_SUPPORT = 20.0
"""How fast a farther name counts less for a concept's `support`: by e for each .05 of cosine."""


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
class Pairs:
    """Pairs of a concept and one of its names, proposed for some queries: equally long arrays.

    Attributes:
        query: which query, from 0, ascending.
        concept: the concept's row.
        row, place: the name's row, and which of its pairs this is: `Store.pairs(row)[place]`.
        score: the cosine of the query and the name.
        exact, same_words, reworded: as in `Hits`.
        derived: it is a form of a name, and no name that some source has.
        case: the query is written as the name's source writes it.
        preferred, loose: of the name's kind, as in `Weights`.
    """

    query: Ints
    concept: npt.NDArray[np.int32]
    row: Ints
    place: Ints
    score: Floats
    exact: Bools
    same_words: Bools
    reworded: Bools
    derived: Bools
    case: Bools
    preferred: Bools
    loose: Bools

    def __len__(self) -> int:
        return len(self.query)

    def __getitem__(self, at: Ints | Bools) -> Pairs:
        return Pairs(*(getattr(self, field.name)[at] for field in fields(self)))

    def __add__(self, other: Pairs) -> Pairs:
        """Both, one after the other; the queries of the second are numbered on already."""
        columns = (field.name for field in fields(self))
        return Pairs(*(np.concatenate([getattr(self, c), getattr(other, c)]) for c in columns))

    def design(self) -> Floats:
        """What the linear weights are multiplied with: shape (len(self), len(LINEAR))."""
        design: Floats = np.stack(
            [
                self.score - 1,
                self.same_words & ~self.exact,
                self.exact,
                self.case,
                self.preferred,
                self.loose,
            ],
            axis=1,
        ).astype(float)
        return design

    def utility(self, weights: Weights) -> Floats:
        """The utility of each: any real number, higher for a better name."""
        # Column by column: a matrix product may differ in the last digit with its number of rows.
        columns = self.design().T
        total = np.zeros(len(self))
        for name, column in zip(LINEAR, columns, strict=True):
            total += getattr(weights, name) * column
        return total


LINEAR = ("slope", "same_words", "exact", "case", "preferred", "loose")
"""The weights that make a utility, in the order of the columns of `Pairs.design`."""


def pairs_of(queries: Sequence[str], hits: Hits, store: Store) -> Pairs:
    """Every pair of a concept and a name that the hits propose."""
    found = store.pair_rows(hits.row)
    query, row, exact = hits.query[found.name], hits.row[found.name], hits.exact[found.name]
    case = np.zeros(len(query), dtype=bool)
    written = {int(i): typed(queries[i]) for i in np.unique(query[exact])}
    for at in np.flatnonzero(exact).tolist():
        pair = store.pairs(int(row[at]))[found.place[at]]
        case[at] = typed(pair.written) == written[int(query[at])]
    return Pairs(
        query=query,
        concept=found.concept,
        row=row,
        place=found.place,
        score=hits.score[found.name],
        exact=exact,
        same_words=hits.same_words[found.name],
        reworded=hits.reworded[found.name],
        derived=found.derived,
        case=case,
        preferred=found.kind == kind_rank(NameKind.PREFERRED),
        loose=np.isin(found.kind, _LOOSE),
    )


def strongest(pairs: Pairs, weights: Weights) -> Pairs:
    """For each query and concept the name of the greatest utility, by query and concept's row."""
    utility = pairs.utility(weights)
    pairs = pairs[np.lexsort((pairs.place, pairs.row, -utility, pairs.concept, pairs.query))]
    return pairs[_starts(pairs.query, pairs.concept)]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Concepts ranked for some queries, query by query, best first, ties by concept id.

    Attributes:
        bounds: where the concepts of each query begin, and the end: shape (queries + 1,).
        best: each concept by its best name.
        support: the logarithm of how many of a concept's names were proposed, each counted the less
            the farther it is from the concept's nearest, derived forms left out; at least 0.
        probability: that the concept is the right one, in [0, 1].
        reasons: what the ranker saw and what else counted, by `features.REASONS`; NaN where it did
            not look. Shape (len(best), reasons), or (len(best), 0) before it looked.
    """

    bounds: Ints
    best: Pairs
    support: Floats
    probability: Floats
    reasons: Floats

    def __len__(self) -> int:
        """The number of queries."""
        return len(self.bounds) - 1

    def of(self, query: int) -> slice:
        """Where the concepts of a query stand in the arrays."""
        return slice(int(self.bounds[query]), int(self.bounds[query + 1]))

    def concepts(self, query: int) -> list[int]:
        """The concepts' rows of a query, best first."""
        rows: list[int] = self.best.concept[self.of(query)].tolist()
        return rows

    def reordered(
        self, probability: Floats, store: Store, *, reasons: Floats | None = None
    ) -> Ranking:
        """The same concepts with other probabilities, each query's most probable first.

        Args:
            probability: of each concept, in the order that they have now.
            store: says which of two that tie is first: that of the lesser id.
            reasons: if the ranker has looked.
        """
        order = np.lexsort((store.order(self.best.concept), -probability, self.best.query))
        return Ranking(
            bounds=self.bounds,
            best=self.best[order],
            support=self.support[order],
            probability=probability[order],
            reasons=(self.reasons if reasons is None else reasons)[order],
        )

    def after(self, weight: Floats, probability: Floats | None = None) -> Floats:
        """The probability of each concept given one more observation, after Bayes.

        Args:
            weight: how likely it is with each concept, against how likely it is with NIL. What a
                concept loses goes to the others of its query and to NIL, in proportion.
            probability: of each, before it; by default what they have.
        """
        of, before = self.best.query, self.probability if probability is None else probability
        nil = 1 - np.bincount(of, before, len(self))
        total = np.maximum(nil, 0) + np.bincount(of, before * weight, len(self))
        given: Floats = before * weight / np.where(total > 0, total, 1.0)[of]
        return given

    def with_more(self, more: Pairs, probability: Floats, store: Store) -> Ranking:
        """The same concepts and some that no name of theirs was proposed for.

        Args:
            more: each by its best name, in any order.
            probability: of the concepts that there are, and behind them of these.
            store: says which of two that tie is first.
        """
        best = self.best + more
        unseen = np.full((len(more), self.reasons.shape[1]), np.nan)
        together = Ranking(
            bounds=np.searchsorted(np.sort(best.query), np.arange(len(self) + 1)),
            best=best,
            support=np.concatenate([self.support, np.zeros(len(more))]),
            probability=probability,
            reasons=np.concatenate([self.reasons, unseen]),
        )
        return together.reordered(probability, store)

    def renumbered(self, query: Ints, n: int, store: Store) -> Ranking:
        """The concepts of several queries brought together as those of one.

        Args:
            query: for each query, ascending, which of `n` it becomes a part of.
            store: says which of two that tie is first.
        """
        best = replace(self.best, query=query[self.best.query])
        bounds = np.searchsorted(best.query, np.arange(n + 1))
        return replace(self, bounds=bounds, best=best).reordered(self.probability, store)

    def places(self) -> Ints:
        """The place of each concept among those of its query, from 0."""
        places: Ints = np.arange(len(self.best)) - self.bounds[self.best.query]
        return places


def rank(queries: Sequence[str], hits: Hits, store: Store, weights: Weights) -> Ranking:
    """The concepts of the hits, each with its best name.

    A concept is worth what its most useful name is worth; the name that is shown for it is the
    query itself, if it has that one, and of names that tie the first by its spelling. No number
    depends on the other queries.
    """
    return rank_pairs(pairs_of(queries, hits, store), len(queries), store, weights)


def rank_pairs(pairs: Pairs, n: int, store: Store, weights: Weights) -> Ranking:
    """The same, for what is proposed to `n` queries; the pairs may stand in any order."""
    utility = pairs.utility(weights)
    order = np.lexsort((pairs.place, pairs.row, -utility, ~pairs.exact, pairs.concept, pairs.query))
    pairs, utility = pairs[order], utility[order]
    starts = _starts(pairs.query, pairs.concept)
    best, most = pairs[_first_spelled(pairs, utility, starts, store)], _top(utility, starts)
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(pairs)))
    near = np.exp(_SUPPORT * (pairs.score - _top(pairs.score, starts)[group]))
    # What was derived from a name adds nothing to it.
    support = np.log(np.maximum(_sums(near * ~pairs.derived, group, len(starts)), 1.0))
    order = np.lexsort((store.order(best.concept), -most, best.query))
    best, most, support = best[order], most[order], support[order]
    bounds = np.searchsorted(best.query, np.arange(n + 1))
    return Ranking(
        bounds=bounds,
        best=best,
        support=support,
        probability=_shares(best.query, most, n, weights),
        reasons=np.empty((len(best), 0)),
    )


def _shares(query: Ints, utility: Floats, n: int, weights: Weights) -> Floats:
    """P(concept | any) * P(any) of each concept, its query's concepts best first."""
    top = np.zeros(n)
    # The first of each query; assignment in the order of the array leaves the first one there.
    top[query[::-1]] = utility[::-1]
    exp = np.exp(utility - top[query])
    total = np.maximum(_sums(exp, query, n), 1.0)
    odds = weights.any + weights.pooled * (top + np.log(total))
    log_any = -np.logaddexp(0, -odds)
    shares: Floats = exp * np.exp(log_any)[query] / total[query]
    return shares


def _starts(query: Ints, concept: npt.NDArray[np.int32]) -> Ints:
    """Where each group of one query and one concept begins, in arrays sorted by both."""
    if not len(query):
        return np.zeros(0, dtype=np.int64)
    changes = (query[1:] != query[:-1]) | (concept[1:] != concept[:-1])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _first_spelled(pairs: Pairs, utility: Floats, starts: Ints, store: Store) -> Ints:
    """The first name of each group; of those that tie with it, the first by its spelling."""
    first = starts.copy()
    ends = np.append(starts[1:], len(pairs))
    behind = np.minimum(starts + 1, max(len(pairs) - 1, 0))
    tied = (behind < ends) & (behind > starts)
    tied &= (utility[behind] == utility[starts]) & (pairs.exact[behind] == pairs.exact[starts])
    for group in np.flatnonzero(tied).tolist():
        start = starts[group]
        same = (utility[start : ends[group]] == utility[start]) & (
            pairs.exact[start : ends[group]] == pairs.exact[start]
        )
        first[group] = min(
            (start + np.flatnonzero(same)).tolist(),
            key=lambda at: store.surface(int(pairs.row[at]), int(pairs.place[at])),
        )
    return first


def _top(values: Floats, starts: Ints) -> Floats:
    """The greatest value of each group."""
    top: Floats = np.maximum.reduceat(values, starts) if len(starts) else np.zeros(0)
    return top


def _sums(values: Floats, group: Ints, n: int) -> Floats:
    """The sum of each group's values, one after the other: the same whatever else there is."""
    return np.asarray(np.bincount(group, values, n), dtype=np.float64)

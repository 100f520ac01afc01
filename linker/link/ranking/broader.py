"""Concepts above those that were found: what is said in general, where only kinds of it have names.

MEDIC has seven complement deficiencies, and "complement deficiency" is a name of none: its
annotators mean Immunologic Deficiency Syndromes, which stands above all seven and shares no word
with it. No name leads there, but the hierarchy does. So where the first concept of a query is not
sure, and does not have the very words for a name, the parents and grandparents of the first ten
are offered as well: the more likely, the more of these they are above.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linker.index import Index
from linker.link.arrays import Floats
from linker.link.ranking.labels import TypeFilter
from linker.link.ranking.rank import Pairs, Ranking
from linker.link.ranking.shared_names import preferred_row

SURE = 0.9
"""Nothing is offered where the first concept has at least this probability."""
SEEN = 10
"""Concepts of a query above which is looked."""
GRANDPARENT = 1 / 3
"""What a concept counts for one that is two steps above it; for its parents it counts 1."""
OFFERED = 2
"""The most concepts of a query that gain by it."""
BEHIND = 0.95
"""The most that one of them may have, as a share of what the first concept has: none becomes the
first."""
SHARE = 1 / 3
"""The most that one of them may have of what the first concept leaves."""

_CACHED = 20_000


class Chances(NamedTuple):
    """How likely a concept is meant that stands above others: the weights of a logit.

    Attributes:
        offset: the log-odds where all else is 0.
        doubt: for each unit of log(1 - p), p being the probability of the first concept.
        above: for each unit of log(1 + n), n being how many it is above (`Broader.below`).
    """

    offset: float
    doubt: float
    above: float

    def of(self, first: float, below: float) -> float:
        """How likely a concept is meant, in [0, 1].

        Args:
            first: the probability of the query's first concept, in [0, 1).
            below: how many of the first `SEEN` it is above.
        """
        odds = self.offset + self.doubt * math.log(1 - first) + self.above * math.log1p(below)
        return 1 / (1 + math.exp(-odds))


SHIPPED = Chances(offset=-5.88, doubt=1.5, above=2.85)
"""Fitted on gold mentions of train splits: see benchmarks/fit_broader.py."""


class _Name(NamedTuple):
    """A name's row, and which of its pairs is meant."""

    row: int
    place: int


class _Offered(NamedTuple):
    """A concept that gains.

    Attributes:
        query: whose.
        concept: its row.
        name: its preferred name.
        place: which of the query's concepts it is; None if it is none of them yet.
        probability: what it has from now on.
    """

    query: int
    concept: int
    name: _Name
    place: int | None
    probability: float


class Broader:
    """Offers what stands above the first concepts of queries.

    Args:
        index: whose concepts.
        above: gives the rows of a concept's parents and grandparents, and how many steps up each
            is.
        chances: the logit; by default the one that ships.
    """

    def __init__(
        self,
        index: Index,
        above: Callable[[int], Mapping[int, int]],
        chances: Chances = SHIPPED,
    ) -> None:
        self._store = index.store
        self._vectors = index.vectors
        self._above = above
        self._chances = chances
        self._name = lru_cache(maxsize=_CACHED)(self._read_name)

    def offer(
        self,
        ranking: Ranking,
        vectors: npt.NDArray[np.float32],
        kinds: Sequence[str | None],
        types: TypeFilter | None,
    ) -> Ranking:
        """The concepts of some queries, and those above them.

        Args:
            ranking: the concepts, all of a query's of one terminology.
            vectors: of the queries: shape (queries, dim).
            kinds: of each query's mention, as `labels.kind_of` gives it.
            types: what is of another kind is not offered; None to leave the kinds out of it.

        Returns:
            The ranking, each query's most probable concept first, ties by concept id. The first one
            of a query and its probability are as they were. What some gain, NIL and the others
            lose, in proportion to what they have. What is new has no `reasons`.
        """
        offered = [
            one
            for query in range(len(ranking))
            for one in self._offered(ranking, query, kinds[query], types)
        ]
        if not offered:
            return ranking
        probability = ranking.probability.copy()
        for query, gaining in groupby(offered, key=attrgetter("query")):
            _share_out(probability[ranking.of(query)], [*gaining])
        new = [one for one in offered if one.place is None]
        more = np.array([one.probability for one in new], dtype=float)
        return ranking.with_more(
            self._pairs(new, vectors), np.concatenate([probability, more]), self._store
        )

    def below(self, concepts: Sequence[int]) -> dict[int, float]:
        """How many of a query's first concepts each of their parents and grandparents is above.

        One that it is the grandparent of counts `GRANDPARENT`. Kinds of the first concept do not
        count: the first is above them, and so is whatever is above it.

        Args:
            concepts: best first, at least one.
        """
        first, *others = concepts[:SEEN]
        below: dict[int, float] = {}
        for concept in (first, *(row for row in others if first not in self._above(row))):
            for above, steps in self._above(concept).items():
                below[above] = below.get(above, 0.0) + (1.0 if steps == 1 else GRANDPARENT)
        return below

    def _offered(
        self, ranking: Ranking, query: int, kind: str | None, types: TypeFilter | None
    ) -> Iterator[_Offered]:
        own = ranking.of(query)
        probabilities = ranking.probability[own].tolist()
        if not probabilities or probabilities[0] >= SURE or ranking.best.exact[own.start]:
            return
        first = probabilities[0]
        concepts = ranking.concepts(query)
        places = {concept: place for place, concept in enumerate(concepts)}
        for concept, chance in self._likely(concepts, first):
            place = places.get(concept)
            before = 0.0 if place is None else probabilities[place]
            after = min(chance, BEHIND * first, SHARE * (1 - first))
            is_other = types is not None and types.is_of_other_kind(concept, kind)
            name = self._name(concept)
            if after > before and name is not None and not is_other:
                yield _Offered(query, concept, name, place, after)

    def _likely(self, concepts: Sequence[int], first: float) -> Iterator[tuple[int, float]]:
        """The concepts that are most likely meant of those above some, and how likely each is."""
        below = self.below(concepts)
        rows = [*below]
        order = dict(zip(rows, self._store.order(np.array(rows, dtype=np.int32)), strict=True))
        for row in sorted(rows, key=lambda row: (-below[row], order[row]))[:OFFERED]:
            yield row, self._chances.of(first, below[row])

    def _pairs(self, new: Sequence[_Offered], vectors: npt.NDArray[np.float32]) -> Pairs:
        """New concepts by their preferred names."""
        rows = np.array([one.name.row for one in new], dtype=np.int64)
        query = np.array([one.query for one in new], dtype=np.int64)
        no = np.zeros(len(new), dtype=bool)
        return Pairs(
            query=query,
            concept=np.array([one.concept for one in new], dtype=np.int32),
            row=rows,
            place=np.array([one.name.place for one in new], dtype=np.int64),
            score=self._vectors.cosines(vectors[query], rows),
            exact=no,
            same_words=no,
            reworded=no,
            derived=no,
            case=no,
            preferred=~no,
            loose=no,
        )

    def _read_name(self, concept: int) -> _Name | None:
        """A concept's preferred name; None if it has none."""
        row = preferred_row(self._store, concept)
        if row < 0:
            return None
        pairs = self._store.pairs(row)
        return _Name(row, next(i for i, pair in enumerate(pairs) if pair.concept == concept))


def _share_out(probability: Floats, offered: Sequence[_Offered]) -> None:
    """Give some concepts of a query what they gain, in place; all but the first give it up."""
    known = {one.place: one.probability for one in offered if one.place is not None}
    left = 1 - probability[0]
    had, have = probability[[*known]].sum(), math.fsum(one.probability for one in offered)
    # At most two thirds of what is left: the others keep a third at least.
    probability[1:] *= (left - have) / (left - had)
    probability[[*known]] = [*known.values()]

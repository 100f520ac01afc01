"""What the ranker looks at: a query beside the best name of a concept, as a row of numbers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from linker.index import Store
from linker.link.letters import dice
from linker.link.rank import Pairs, Ranking
from linker.link.retrieve import Floats
from linker.text import normalise, stems

FEATURES = (
    "distance",
    "gap",
    "exact",
    "same_words",
    "case",
    "preferred",
    "loose",
    "missing_words",
    "extra_words",
    "letters",
    "names",
    "numbers",
    "opposites",
    "head",
    "support",
    "broader",
    "narrower",
    "children",
)
"""The columns of the ranker's matrix.

- distance: 1 - cosine, times the slope of the index (`calibration.json`), so that encoders and
  terminologies of other spacing look alike. gap: how much farther than the nearest concept.
- exact: the query is the name. same_words: in another order or inflection. case: to the letter.
- preferred: it is the concept's preferred name. loose: a broad, narrow or related one.
- missing_words, extra_words: the share of the query's words that the name lacks, and the reverse.
- letters: the Dice coefficient of their trigrams of letters.
- names: the logarithm of how many names the concept has: what is well known has many.
- numbers: they differ. opposites: "high" here is "low" there. head: they end in the same word.
- support: the logarithm of how many of the concept's names are near, the farther ones counted less.
- broader: the share of the other concepts that it is a parent or grandparent of. narrower: one of
  them is a parent or grandparent of it. children: the logarithm of how many it has. Who writes
  "ataxia" seldom means one kind of it.
"""

_COLUMNS = {name: column for column, name in enumerate(FEATURES)}

_OPPOSITES = (
    ("small short low decreased reduced decrease reduction narrow thin loss hypo under",
     "large long high increased elevated increase elevation wide thick gain hyper over"),
    ("acute", "chronic"), ("upper", "lower"), ("left", "right"), ("proximal", "distal"),
    ("anterior", "posterior"), ("primary", "secondary"), ("male", "female"),
    ("benign", "malignant"), ("internal", "external"), ("medial", "lateral"),
    ("unilateral", "bilateral"), ("morphology", "physiology"), ("fast", "slow"),
)  # fmt: skip
_SIDE = {
    word: (pair, side)
    for pair, sides in enumerate(_OPPOSITES)
    for side, listed in enumerate(sides)
    for word in listed.split()
}
_PREFIXES = ("hyper", "hypo", "under", "over")

_CACHED_NAMES = 10_000
"""Names whose words are kept: about 1 kB each."""
_CACHED_STEMS = 65_536


class Seen(Mapping[str, float]):
    """The features of one concept by name, packed: a fifth of a dictionary's memory.

    Args:
        values: in the order of `FEATURES`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[float]) -> None:
        self._values = array("d", values)

    def __getitem__(self, name: str) -> float:
        if name not in _COLUMNS:
            raise KeyError(name)
        return self._values[_COLUMNS[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(FEATURES)

    def __len__(self) -> int:
        return len(FEATURES)

    def __repr__(self) -> str:
        return repr(dict(self))


class Parsed(NamedTuple):
    """A normal form, taken apart once.

    Attributes:
        stems: of its words. last: of the last one. numbers: those that are digits.
        sides: the pairs of opposites that it speaks of, and which side of each it is on.
    """

    stems: frozenset[str]
    last: str
    numbers: frozenset[str]
    sides: frozenset[tuple[int, int]]


class FeatureReader:
    """Makes the matrix of ranked concepts; keeps the words of the names that it met last.

    Args:
        store: of the index.
        slope: of the index's weights.
    """

    def __init__(self, store: Store, slope: float) -> None:
        self._store = store
        self._slope = slope
        self._name = lru_cache(maxsize=_CACHED_NAMES)(self._read_name)
        self._above = lru_cache(maxsize=_CACHED_NAMES)(self._read_above)
        self._parents = lru_cache(maxsize=_CACHED_NAMES)(store.parents)

    def read(self, queries: Sequence[str], ranking: Ranking, *, first: int) -> Floats:
        """The features of each query's first concepts.

        Args:
            queries: the strings that were looked up.
            ranking: their concepts.
            first: how many of each query are looked at.

        Returns:
            Shape (len(ranking.best), len(FEATURES)), float64; NaN behind the first ones.
        """
        rows = np.full((len(ranking.best), len(FEATURES)), np.nan)
        at = np.flatnonzero(ranking.places() < first)
        seen = ranking.best[at]
        nearest = np.full(len(queries), -np.inf)
        np.maximum.at(nearest, seen.query, seen.score)
        rows[at] = np.column_stack(
            [
                self._slope * (1 - seen.score),
                self._slope * (nearest[seen.query] - seen.score),
                seen.exact,
                seen.same_words & ~seen.exact,
                seen.case,
                seen.preferred,
                seen.loose,
                self._compared(queries, seen),
                ranking.support[at],
                self._related(seen),
                np.log1p(self._store.child_counts(seen.concept)),
            ]
        )
        # Between what the words say.
        rows[at, _COLUMNS["names"]] = np.log1p(self._store.name_counts(seen.concept))
        return rows

    def _compared(self, queries: Sequence[str], seen: Pairs) -> Floats:
        """The columns from `missing_words` to `head`; `names` is left 0."""
        compared: list[float] = []
        normals = [normalise(query) for query in queries]
        names, place = np.unique(seen.row, return_inverse=True)
        letters = dice(normals, [*map(self._store.normal, names.tolist())], seen.query, place)
        last, asked, opposites = -1, parse(""), frozenset[tuple[int, int]]()
        for query, row, alike in zip(
            *(column.tolist() for column in (seen.query, seen.row, letters)), strict=True
        ):
            if query != last:
                last, asked = query, parse(normals[query])
                opposites = frozenset([(pair, 1 - side) for pair, side in asked.sides])
            name = self._name(row)
            common = len(asked.stems & name.stems)
            compared += (
                _share(len(asked.stems) - common, asked.stems),
                _share(len(name.stems) - common, name.stems),
                alike,
                0.0,
                asked.numbers != name.numbers,
                not opposites.isdisjoint(name.sides),
                asked.last == name.last,
            )
        return np.array(compared).reshape(len(seen), _COLUMNS["support"] - _COLUMNS["loose"] - 1)

    def _related(self, seen: Pairs) -> Floats:
        """The columns `broader` and `narrower`."""
        broader, narrower = [0.0] * len(seen), [False] * len(seen)
        concepts = seen.concept.tolist()
        starts = np.flatnonzero(np.diff(seen.query, prepend=-1)).tolist()
        for start, stop in pairwise([*starts, len(seen)]):
            place = {concept: at for at, concept in enumerate(concepts[start:stop], start=start)}
            share = 1 / max(stop - start - 1, 1)
            for concept, at in place.items():
                for other in self._above(concept).intersection(place):
                    broader[place[other]] += share
                    narrower[at] = True
        return np.column_stack([broader, narrower])

    def _read_above(self, concept: int) -> frozenset[int]:
        """The rows of a concept's parents and grandparents."""
        parents = self._parents(concept)
        grandparents = (above for row in parents for above in self._parents(row))
        return frozenset({*parents, *grandparents} - {concept})

    def _read_name(self, row: int) -> Parsed:
        return parse(self._store.normal(row))


def parse(normal: str) -> Parsed:
    """Take a normal form apart."""
    found = stems(normal)
    return Parsed(
        frozenset(found),
        found[-1] if found else "",
        frozenset(filter(str.isdigit, found)),
        frozenset(chain.from_iterable(map(_sides, found))),
    )


@lru_cache(maxsize=_CACHED_STEMS)
def _sides(stem: str) -> tuple[tuple[int, int], ...]:
    """The sides that a stem is on, of the pairs of opposites."""
    prefixes = (p for p in _PREFIXES if stem.startswith(p) and len(stem) > len(p) + 3)
    return tuple(_SIDE[word] for word in (stem, *prefixes) if word in _SIDE)


def _share(part: int, whole: frozenset[str]) -> float:
    return part / len(whole) if whole else 0.0

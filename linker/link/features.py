"""What the ranker looks at: a query beside the best name of a concept, as a row of numbers."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from linker.index import Store
from linker.link.rank import Pairs, Ranking
from linker.link.retrieve import Floats
from linker.text import normalise, words

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
"""Names whose words are kept: about 3 kB each."""


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
    """A normal form, taken apart once."""

    stems: frozenset[str]
    last: str
    trigrams: frozenset[str]
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
        self._names: OrderedDict[int, Parsed] = OrderedDict()
        self._above = lru_cache(maxsize=_CACHED_NAMES)(self._read_above)

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
        compared = np.zeros((len(seen), _COLUMNS["support"] - _COLUMNS["loose"] - 1))
        last, asked = -1, parse("")
        for i, (query, row) in enumerate(zip(seen.query.tolist(), seen.row.tolist(), strict=True)):
            if query != last:
                last, asked = query, parse(normalise(queries[query]))
            name = self._name(row)
            compared[i] = (
                _share(asked.stems - name.stems, asked.stems),
                _share(name.stems - asked.stems, name.stems),
                _dice(asked.trigrams, name.trigrams),
                0.0,
                asked.numbers != name.numbers,
                any((pair, 1 - side) in name.sides for pair, side in asked.sides),
                asked.last == name.last,
            )
        return compared

    def _related(self, seen: Pairs) -> Floats:
        """The columns `broader` and `narrower`."""
        related = np.zeros((len(seen), 2))
        concepts = seen.concept.tolist()
        starts = np.flatnonzero(np.diff(seen.query, prepend=-1)).tolist()
        for start, stop in pairwise([*starts, len(seen)]):
            place = {concept: at for at, concept in enumerate(concepts[start:stop], start=start)}
            for concept, at in place.items():
                above = [place[other] for other in self._above(concept) if other in place]
                related[above, 0] += 1 / max(stop - start - 1, 1)
                related[at, 1] = bool(above)
        return related

    def _read_above(self, concept: int) -> frozenset[int]:
        """The rows of a concept's parents and grandparents."""
        parents = self._store.parents(concept)
        grandparents = (above for row in parents for above in self._store.parents(row))
        return frozenset({*parents, *grandparents} - {concept})

    def _name(self, row: int) -> Parsed:
        known = self._names.get(row)
        if known is None:
            known = self._names[row] = parse(self._store.normal(row))
            if len(self._names) > _CACHED_NAMES:
                self._names.popitem(last=False)
        else:
            self._names.move_to_end(row)
        return known


def parse(normal: str) -> Parsed:
    """Take a normal form apart."""
    stems = [word.stem for word in words(normal) if word.stem]
    padded = f"  {normal} "
    return Parsed(
        frozenset(stems),
        stems[-1] if stems else "",
        frozenset(padded[i : i + 3] for i in range(len(padded) - 2)),
        frozenset(stem for stem in stems if stem.isdigit()),
        frozenset(_sides(stems)),
    )


def _sides(stems: Iterable[str]) -> Iterable[tuple[int, int]]:
    for stem in stems:
        if stem in _SIDE:
            yield _SIDE[stem]
        for prefix in _PREFIXES:
            if stem.startswith(prefix) and len(stem) > len(prefix) + 3:
                yield _SIDE[prefix]


def _share(part: frozenset[str], whole: frozenset[str]) -> float:
    return len(part) / len(whole) if whole else 0.0


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    """Dice 1945: twice what they share, over the sum of both."""
    return 2 * len(one & other) / max(len(one) + len(other), 1)

"""What the ranker looks at: a query beside the best name of a concept, as a row of numbers."""

from __future__ import annotations

from array import array
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from linker.index import Store
from linker.link.arrays import Bools, Floats
from linker.link.ranking.likeness import compare
from linker.link.ranking.rank import Pairs, Ranking
from linker.text import normalise

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
- numbers: they differ. opposites: they contradict each other (`opposites`). head: they end in the
  same word.
- support: the logarithm of how many of the concept's names are near, the farther ones counted less.
- broader: the share of the other concepts that it is a parent or grandparent of. narrower: one of
  them is a parent or grandparent of it. children: the logarithm of how many it has. Who writes
  "ataxia" seldom means one kind of it.
"""

REASONS = (
    *FEATURES,
    "derived",
    "reworded",
    "farther",
    "lesser",
    "other_kind",
    "local",
    "no_mention",
)
"""What a concept owes its probability to: the ranker's features, and what counts beside them.

- derived: the name is a form of the one that is shown, and no name that some source has.
- reworded: the query is read as the name, in other words (`linker.link.queries.reworded`).
- farther: by how much nearer to the shared name, in cosine, another's preferred name is
  (`linker.link.ranking.shared_names`).
- lesser: another of that name goes before it, as it is a morphology or qualifier (there too).
- other_kind: it is of another kind than the mention's label says, or a finding where the mention is
  a test (`linker.link.ranking.labels`).
- local: an overlay gives it the name. no_mention: an overlay says that the query is no mention
  (`linker.link.ranking.local`).
"""

COLUMNS = {name: column for column, name in enumerate(REASONS)}

_CACHED_CONCEPTS = 10_000
"""Concepts whose relations are kept."""


class Seen(Mapping[str, float]):
    """The reasons of one concept by name, packed: a fifth of a dictionary's memory.

    Args:
        values: in the order of `REASONS`.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[float]) -> None:
        self._values = array("d", values)

    def __getitem__(self, name: str) -> float:
        if name not in COLUMNS:
            raise KeyError(name)
        return self._values[COLUMNS[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(REASONS)

    def __len__(self) -> int:
        return len(REASONS)

    def items(self) -> ItemsView[str, float]:
        """All of them, in half of the time that asking for each takes."""
        return dict(zip(REASONS, self._values, strict=True)).items()

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, float]:
        # `dataclasses.asdict` copies what is no dictionary, and JSON can hold nothing else.
        return dict(self.items())


class FeatureReader:
    """Makes the matrix of ranked concepts; keeps the relations of those that it met last.

    Args:
        store: of the index.
        slope: of the index's weights.

    Attributes:
        above: gives the rows of a concept's parents and grandparents, and how many steps up each
            is.
    """

    def __init__(self, store: Store, slope: float) -> None:
        self._store = store
        self._slope = slope
        self.above = lru_cache(maxsize=_CACHED_CONCEPTS)(self._read_above)
        self._parents = lru_cache(maxsize=_CACHED_CONCEPTS)(store.parents)

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
                *self._compared(queries, seen),
                ranking.support[at],
                self._related(seen),
                np.log1p(self._store.child_counts(seen.concept)),
            ]
        )
        return rows

    def _compared(self, queries: Sequence[str], seen: Pairs) -> Iterator[Floats | Bools]:
        """The columns from `missing_words` to `head`."""
        names, name = np.unique(seen.row, return_inverse=True)
        said = compare(
            [*map(normalise, queries)],
            [*map(self._store.normal, names.tolist())],
            seen.query,
            name,
        )
        yield from (said.missing, said.extra, said.letters)
        yield np.log1p(self._store.name_counts(seen.concept))
        yield from (said.numbers, said.opposites, said.head)

    def _related(self, seen: Pairs) -> Floats:
        """The columns `broader` and `narrower`."""
        broader, narrower = [0.0] * len(seen), [False] * len(seen)
        concepts = seen.concept.tolist()
        starts = np.flatnonzero(np.diff(seen.query, prepend=-1)).tolist()
        for start, stop in pairwise([*starts, len(seen)]):
            place = {concept: at for at, concept in enumerate(concepts[start:stop], start=start)}
            share = 1 / max(stop - start - 1, 1)
            for concept, at in place.items():
                for other in self.above(concept).keys() & place.keys():
                    broader[place[other]] += share
                    narrower[at] = True
        return np.column_stack([broader, narrower])

    def _read_above(self, concept: int) -> Mapping[int, int]:
        """How many steps each of a concept's parents and grandparents is above it: 1 or 2."""
        parents = self._parents(concept)
        grandparents = (above for row in parents for above in self._parents(row))
        steps = dict.fromkeys(grandparents, 2) | dict.fromkeys(parents, 1)
        steps.pop(concept, None)
        return steps

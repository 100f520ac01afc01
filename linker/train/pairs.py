"""Pairs of texts that mean one concept, made from an index as a stream.

Three kinds, after BioLORD (Remy et al., Findings of EMNLP 2022, section 3) and SapBERT (Liu et al.,
NAACL 2021): two names; a name and the definition; a name and a description made of the concept's
place in the terminology, "[parent] that [relation] [concept]".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Literal

import numpy as np

from linker.index import Store
from linker.schema import Concept
from linker.terminology import NameKind
from linker.text import normalise

PairKind = Literal["name", "definition", "description"]
Labels = frozenset[int]
"""What a text stands for: 64-bit hashes of concept ids. Texts that share one are no negatives."""

# A broader or related name is another meaning; a short form has no meaning that can be read off it.
_KINDS = frozenset({NameKind.PREFERRED, NameKind.EXACT})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts of one concept, normalised, and what each stands for (one label is common)."""

    kind: PairKind
    left: str
    right: str
    left_labels: Labels
    right_labels: Labels

    def __post_init__(self) -> None:
        if not self.left_labels & self.right_labels:
            raise ValueError(f"a pair of kind {self.kind} without a concept in common")


class PairSource:
    """The pairs of an index, read from its files as they are needed.

    In memory are three numbers a concept, not the pairs: a Metathesaurus gives tens of millions.

    Args:
        store: of the index.
        held_out: rows of names that are in no pair.
        names_per_concept: name pairs a concept gives in an epoch, at most.
    """

    def __init__(
        self,
        store: Store,
        *,
        held_out: frozenset[int] = frozenset(),
        definitions: bool = True,
        descriptions: bool = True,
        names_per_concept: int = 8,
    ) -> None:
        self._store = store
        self._held_out = held_out
        self._definitions = definitions
        self._names_per_concept = names_per_concept
        self._children = _Children(store) if descriptions else None

    def pairs(self, *, seed: int, epoch: int) -> Iterator[Pair]:
        """The pairs of an epoch, concepts in an order of chance; the same for the same numbers.

        No pair comes twice in an epoch: two concepts that share both names give it once. Another
        epoch pairs other names of a concept that has many.
        """
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(self._store.n_concepts).astype(np.int32)
        for row in order.tolist():
            yield from self._of_concept(row, np.random.default_rng([seed, epoch, row]))

    def pools(self, size: int, *, seed: int, epoch: int) -> Iterator[list[Pair]]:
        """The pairs of an epoch, `size` at a time; the last pool may be smaller."""
        stream = self.pairs(seed=seed, epoch=epoch)
        while pool := list(islice(stream, size)):
            yield pool

    def texts(self, *, seed: int, epoch: int) -> Iterator[str]:
        """What the distillation reads: each name once, and each definition."""
        rng = np.random.default_rng([seed, epoch])
        for row in rng.permutation(self._store.n_concepts).tolist():
            concept = self._store.concept(row)
            for name in self._names(row):
                if self._owner(name) == row:
                    yield self._store.normal(name)
            if self._definitions and concept.definition:
                yield normalise(concept.definition)

    def _of_concept(self, row: int, rng: np.random.Generator) -> Iterator[Pair]:
        names = self._names(row)
        if not names:
            return
        for left, right in _partners(names, rng)[: self._names_per_concept]:
            one, other = self._concepts_of(left), self._concepts_of(right)
            if min(one & other) == row:
                yield self._pair("name", left, self._store.normal(right), other, one)
        concept = self._store.concept(row)
        seen = {self._store.normal(name) for name in names}
        for kind, text in self._sentences(row, concept, rng):
            if text not in seen:
                left = names[int(rng.integers(len(names)))]
                yield self._pair(kind, left, text, frozenset([row]), self._concepts_of(left))

    def _sentences(
        self, row: int, concept: Concept, rng: np.random.Generator
    ) -> Iterator[tuple[PairKind, str]]:
        if self._definitions and concept.definition:
            yield "definition", normalise(concept.definition)
        if self._children is not None:
            sentences = _descriptions(concept, self._parents(concept), self._children.of(row))
            if sentences:
                yield "description", normalise(sentences[int(rng.integers(len(sentences)))])

    def _pair(
        self,
        kind: PairKind,
        left: int,
        right: str,
        right_rows: frozenset[int],
        rows: frozenset[int],
    ) -> Pair:
        return Pair(
            kind, self._store.normal(left), right, self._labels(rows), self._labels(right_rows)
        )

    def _names(self, row: int) -> list[int]:
        return [
            name
            for name in self._store.name_rows(row)
            if name not in self._held_out
            and any(p.concept == row and p.kind in _KINDS for p in self._store.pairs(name))
        ]

    def _concepts_of(self, name: int) -> frozenset[int]:
        return frozenset(pair.concept for pair in self._store.pairs(name))

    def _owner(self, name: int) -> int:
        """The one concept that speaks for a name which several have."""
        return min(p.concept for p in self._store.pairs(name) if p.kind in _KINDS)

    def _labels(self, rows: frozenset[int]) -> Labels:
        """Hashes of the concepts' ids, and of their codes: one index may hold a concept twice."""
        labels = set()
        for row in rows:
            summary = self._store.summary(row)
            labels.add(_hash(summary["concept_id"]))
            for vocabulary, codes in summary["codes"].items():
                labels.update(_hash(f"{vocabulary}:{code}") for code in codes)
        return frozenset(labels)

    def _parents(self, concept: Concept) -> list[str]:
        rows = (self._store.find(parent) for parent in concept.parents)
        return [self._store.summary(row)["preferred_name"] for row in rows if row is not None]


class _Children:
    """A child of each concept, where it has one: two sorted arrays, 8 bytes a relation."""

    def __init__(self, store: Store) -> None:
        self._store = store
        rows, parents = store.parent_rows()
        order = np.argsort(parents, kind="stable")
        self._parents, self._rows = parents[order], rows[order]

    def of(self, row: int) -> list[str]:
        """The preferred names of the children of a concept, at most eight."""
        start, stop = np.searchsorted(self._parents, [row, row + 1])
        rows = self._rows[start : min(stop, start + 8)].tolist()
        return [self._store.summary(child)["preferred_name"] for child in rows]


def _descriptions(concept: Concept, parents: list[str], children: list[str]) -> list[str]:
    """What the hierarchy says of a concept without its name.

    An index keeps is-a relations alone, so the relation is "is also a kind of", or "includes".
    """
    kinds = [kind.replace("_", " ") for kind in concept.semantic_types]
    return [
        *(
            f"{one} that is also a kind of {two}"
            for one in parents
            for two in parents
            if one != two
        ),
        *(f"{parent} that includes {child}" for parent in parents for child in children),
        *(f"{kind} that is a kind of {parent}" for kind in kinds for parent in parents),
    ]


def _partners(names: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Each name with another of the same concept, around a circle of chance; no pair twice."""
    if len(names) < 2:
        return []
    circle = [names[i] for i in rng.permutation(len(names))]
    pairs = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    return pairs[:1] if len(names) == 2 else pairs


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)

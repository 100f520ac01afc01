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
import pyarrow as pa
import pyarrow.compute as pc

from linker.index import Store
from linker.schema import Concept
from linker.terminology import NameKind
from linker.text import normalise
from linker.train.descriptions import Descriptions

PairKind = Literal["name", "definition", "description"]
Labels = frozenset[int]
"""What a text stands for, and itself: 64-bit hashes. Texts that share one are no negatives."""

PAIRS_VERSION = 2
"""Raised when the same index gives other pairs: a training goes on only with those it began with.
"""
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

    In memory are a few numbers a concept, not the pairs: a Metathesaurus gives tens of millions.

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
        self._descriptions = Descriptions(store) if descriptions else None
        self._common = _common_codes(store)

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
        if self._descriptions is not None:
            sentences = self._descriptions.of(row, concept)
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
        text = self._store.normal(left)
        return Pair(kind, text, right, self._labels(text, rows), self._labels(right, right_rows))

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

    def _labels(self, text: str, rows: frozenset[int]) -> Labels:
        """Hashes of the text, of the concepts' ids, and of codes: a concept may be there twice.

        The text's own: two concepts may have one definition, and it is no negative of itself.
        """
        labels = {_hash(f"text {text}")}
        for row in rows:
            summary = self._store.summary(row)
            labels.add(_hash(summary["concept_id"]))
            for vocabulary, codes in summary["codes"].items():
                labels.update(_hash(f"{vocabulary}:{code}") for code in codes)
        return frozenset(labels - self._common)


def _partners(names: list[int], rng: np.random.Generator) -> list[tuple[int, int]]:
    """Each name with another of the same concept, around a circle of chance; no pair twice."""
    if len(names) < 2:
        return []
    circle = [names[i] for i in rng.permutation(len(names))]
    pairs = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    return pairs[:1] if len(names) == 2 else pairs


def _common_codes(store: Store) -> frozenset[int]:
    """Hashes of the codes that more concepts have than can be one concept.

    A code of another vocabulary may be a chapter or a remark: ICD10:Q87.8 is on 419 diseases of
    ORDO. Two terminologies in one index, or an old id and a new one, give one concept twice.
    """
    pairs = pa.chunked_array(store.concept_table()["codes"]).combine_chunks().flatten()
    codes = pc.binary_join_element_wise(
        pc.struct_field(pairs, "vocabulary"), pc.struct_field(pairs, "code"), ":"
    )
    counted = pc.value_counts(codes)
    common = pc.greater(pc.struct_field(counted, "counts"), max(2, store.n_parts))
    return frozenset(
        _hash(code) for code in pc.struct_field(counted, "values").filter(common).to_pylist()
    )


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)

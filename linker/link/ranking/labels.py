"""What a detector calls a mention, beside what a terminology calls its concepts.

A concept of another kind than the mention's label says is not ruled out, since detectors err: its
odds fall by `OTHER`, and what it loses goes to the others and to NIL alike, after Bayes, as if the
label were one more observation. Labels and types that `data/labels.toml` does not list say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import RootModel

from linker.checked import shipped
from linker.index import Store
from linker.link.arrays import Bools
from linker.link.ranking.rank import Pairs, Ranking
from linker.terminology import DISORDER, MORPHOLOGY, kinds, kinds_of

NO_DISORDER = "no disorder"
"""What no label says: the kind of a mention that is a test and not what it shows, a body part and
not what is wrong with it, or a plain word: see `queries.no_disorders`.

Concepts of any kind but disorders may be of it.
"""
OTHER = 0.05
"""How likely a label is on a mention of a concept of another kind, against one of its own kind."""

_NO_DISORDER = 0.005
"""The same for what a table knows to be none: detectors err more."""

_CACHED = 100_000


class TypeFilter:
    """Weighs the concepts of labelled mentions by their semantic types.

    Args:
        store: of the index.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kinds_of = lru_cache(maxsize=_CACHED)(self._read)
        self._bits = {name: 1 << bit for bit, name in enumerate(kinds())}
        # A morphology is a disorder too.
        self._bits[NO_DISORDER] = sum(self._bits.values()) & ~(
            self._bits[DISORDER] | self._bits[MORPHOLOGY]
        )

    def weigh(self, ranking: Ranking, kinds: Sequence[str | None]) -> Ranking:
        """The same concepts, with the probabilities that they have given their mentions' kinds.

        Args:
            ranking: the concepts of some queries.
            kinds: of each query's mention, as `kind_of` gives it.

        Returns:
            The ranking, each query's most probable concept first, ties by concept id.
        """
        if not any(kinds):
            return ranking
        least = np.array([_NO_DISORDER if kind == NO_DISORDER else OTHER for kind in kinds])
        is_other = self.is_other(ranking.best, kinds)
        weight = np.where(is_other, least[ranking.best.query], 1.0)
        return ranking.reordered(ranking.after(weight), self._store)

    def is_other(self, best: Pairs, kinds: Sequence[str | None]) -> Bools:
        """Which concepts are of another kind than their mentions are said to be.

        Args:
            best: the concepts of some queries.
            kinds: of each query's mention, as `kind_of` gives it.
        """
        if not any(kinds):
            return np.zeros(len(best), dtype=bool)
        asked = np.array([0 if kind is None else self._bits[kind] for kind in kinds])[best.query]
        is_other: Bools = asked != 0
        # Of most mentions nothing is said.
        concepts, place = np.unique(best.concept[is_other], return_inverse=True)
        known = np.array([*map(self._kinds_of, concepts.tolist())], dtype=np.int64)[place]
        is_other[is_other] = (known != 0) & (asked[is_other] & known == 0)
        return is_other

    def is_of_other_kind(self, concept: int, kind: str | None) -> bool:
        """Whether a concept, by its row, is of another kind than its mention is said to be."""
        known = 0 if kind is None else self._kinds_of(concept)
        return kind is not None and known != 0 and self._bits[kind] & known == 0

    def _read(self, row: int) -> int:
        """The kinds of a concept, a bit each; none where its types are not known."""
        return sum(self._bits[kind] for kind in kinds_of(self._store.semantic_types(row)))


def kind_of(label: str) -> str | None:
    """The kind of thing that a detector's label means; None if it is not known."""
    return _labels().get(label.lower())


@lru_cache(maxsize=1)
def _labels() -> dict[str, str]:
    labels_of = shipped(RootModel[dict[str, tuple[str, ...]]], __package__, "labels.toml").root
    return {label: kind for kind, labels in labels_of.items() for label in labels}

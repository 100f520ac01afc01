"""Adjectives of body parts as queries: "pulmonary" is looked up as the lung.

Who marks "renal" in a text means the kidney, and terminologies list few adjectives, and most of
those as the short form of a disease. `data/organs.toml` has them. They are no names of an index, or
its dictionary matcher would find a lung in each pulmonary embolism; they only say what a mention
that somebody marked is looked up by.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from linker.checked import Checked, shipped
from linker.index import Store
from linker.terminology import ANATOMY, NameKind, kinds_of
from linker.text import normalise


class _Table(Checked):
    adjectives: dict[str, tuple[str, ...]]
    labelled: dict[str, tuple[str, ...]]


_SAMPLE = 1000
_MOST = 0.9
"""The share of body parts, of some concepts, from which on a terminology is one of body parts."""


class Organs:
    """Says which body part of an index an adjective is of.

    What the terminology calls so itself stands: the preferred name of a concept, or any name of a
    body part.

    Args:
        store: of the index.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found = lru_cache(maxsize=None)(self._read)

    def name_of(self, query: str, kind: str | None = None) -> str:
        """The name of the body part, or the query as it is.

        Args:
            query: a mention's string.
            kind: of the mention, as `labels.kind_of` gives it; None if nothing is known of it. Some
                adjectives need to be told to be those of body parts, or that the index has hardly
                anything else.
        """
        if kind not in (None, ANATOMY):
            return query
        word, table = query.strip().lower(), _table()
        nouns = table.adjectives.get(word)
        if nouns is None and word in table.labelled and (kind == ANATOMY or self._has_parts_alone):
            nouns = table.labelled[word]
        return query if nouns is None else self._found(word, nouns) or query

    @cached_property
    def _has_parts_alone(self) -> bool:
        """Whether what somebody links to this index is a body part, as with UBERON."""
        n = self._store.n_concepts
        rows = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).astype(int)).tolist()
        # Retired concepts have no types.
        typed = [row for row in rows if self._store.semantic_types(row)]
        return sum(map(self._is_part, typed)) >= _MOST * len(typed)

    def _read(self, adjective: str, nouns: tuple[str, ...]) -> str | None:
        own = self._pairs(adjective)
        if any(kind is NameKind.PREFERRED or is_part for kind, is_part in own):
            return None
        is_name = (noun for noun in nouns if any(is_part for _, is_part in self._pairs(noun)))
        return next(is_name, None)

    def _pairs(self, name: str) -> list[tuple[NameKind, bool]]:
        """Of each concept that has a name: of what kind it is, and whether it is a body part."""
        row = self._store.name_row(normalise(name))
        pairs = () if row is None else self._store.pairs(row)
        return [(pair.kind, self._is_part(pair.concept)) for pair in pairs]

    def _is_part(self, concept: int) -> bool:
        return ANATOMY in kinds_of(self._store.semantic_types(concept))


@lru_cache(maxsize=1)
def _table() -> _Table:
    return shipped(_Table, __package__, "organs.toml")

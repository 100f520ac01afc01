"""The concepts of an index as scispaCy's users know them: `linker.kb.cui_to_entity[concept_id]`.

The shape is that of `scispacy.linking_utils.KnowledgeBase`; nothing is read before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from linker.index import Store
from linker.text import normalise


class Entity(NamedTuple):
    """A concept, with the field names of scispaCy's `Entity`.

    `aliases` are the names beside the canonical one; `types` the semantic types.
    """

    concept_id: str
    canonical_name: str
    aliases: list[str]
    types: list[str]
    definition: str | None


class _Entities(Mapping[str, Entity]):
    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, concept_id: object) -> Entity:
        row = self._store.find(concept_id)
        if row is None:
            raise KeyError(concept_id)
        concept = self._store.concept(row)
        return Entity(
            concept_id=concept.concept_id,
            canonical_name=concept.preferred_name,
            aliases=[name for name in concept.names if name != concept.preferred_name],
            types=list(concept.semantic_types),
            definition=concept.definition,
        )

    def __iter__(self) -> Iterator[str]:
        rows = filter(self._store.is_active, range(self._store.n_concepts))
        return map(self._store.concept_id, rows)

    def __len__(self) -> int:
        return self._store.count("active")


class _Aliases(Mapping[str, set[str]]):
    def __init__(self, store: Store) -> None:
        self._store = store

    def __getitem__(self, alias: object) -> set[str]:
        row = self._store.name_row(normalise(alias)) if isinstance(alias, str) else None
        pairs = () if row is None else self._store.pairs(row)
        owners = {
            self._store.concept_id(pair.concept)
            for pair in pairs
            if pair.form is None and pair.surface == alias
        }
        if not owners:
            raise KeyError(alias)
        return owners

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._store.name_table().column("name").to_pylist()))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KnowledgeBase:
    """The concepts of an index, by id and by name.

    Attributes:
        cui_to_entity: by concept id, of whatever terminology. Iterates over the active ids; an id
            that was retired gives the entity that replaced it.
        alias_to_cuis: by a name as its source writes it, capitals and all: the ids of the concepts
            that have it. To iterate or to count reads all names.
    """

    def __init__(self, store: Store) -> None:
        self.cui_to_entity: Mapping[str, Entity] = _Entities(store)
        self.alias_to_cuis: Mapping[str, set[str]] = _Aliases(store)

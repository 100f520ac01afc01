"""Sentences that say which concept is meant by its place in the hierarchy, without its name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linker.index import Store
from linker.schema import Concept

Rows = npt.NDArray[np.int32]
_CHILDREN = 8
"""Children of a concept that sentences are made of, at most."""
_SIBLINGS = 64
"""In a larger family another child is taken to be of the same kind; looking would take long."""


class Descriptions:
    """The sentences of each concept of an index that are of no other concept.

    "disease that is a kind of heart disease" is said of all children of heart disease, and drew
    them all to one point: of the sentences of DOID, HPO and MONDO about half are so.

    In memory are two sorted arrays, 8 bytes a relation.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        rows, parents = store.parent_rows()
        order = np.lexsort((rows, parents))
        self._parents, self._rows = parents[order], rows[order]

    def of(self, row: int, concept: Concept) -> list[str]:
        """The sentences of a concept's row.

        An index keeps is-a relations alone, so the relation of BioLORD's "[parent] that [relation]
        [concept]" is "is also a kind of", or "includes".
        """
        found = (self._store.find(parent) for parent in concept.parents)
        parents = list(dict.fromkeys(parent for parent in found if parent is not None))
        name = {parent: self._store.preferred_name(parent) for parent in parents}
        children = self._family(row)[:_CHILDREN].tolist()
        return [
            *(
                f"{name[one]} that is also a kind of {name[two]}"
                for one in parents
                for two in parents
                if name[one] != name[two] and not self._have_both(one, two, row)
            ),
            *(
                f"{name[parent]} that includes {self._store.preferred_name(child)}"
                for child in children
                for parent in parents
                if not self._lie_between(parent, child, row)
            ),
            *(
                f"{kind.replace('_', ' ')} that is a kind of {name[parent]}"
                for kind in concept.semantic_types
                for parent in parents
                if not self._are_of_kind(kind, parent, row)
            ),
        ]

    def _family(self, parent: int) -> Rows:
        """The rows of the children of a concept, ascending."""
        start, stop = np.searchsorted(self._parents, [parent, parent + 1])
        family: Rows = self._rows[start:stop]
        return family

    def _have_both(self, one: int, two: int, row: int) -> bool:
        """Whether another concept than `row` has both parents."""
        few, many = sorted((self._family(one), self._family(two)), key=len)
        at = np.minimum(np.searchsorted(many, few), len(many) - 1)
        return bool(len(many)) and bool(((many[at] == few) & (few != row)).any())

    def _lie_between(self, parent: int, child: int, row: int) -> bool:
        """Whether another concept than `row` has this parent and this child."""
        return any(
            other != row and parent in self._store.parents(other)
            for other in self._store.parents(child)
        )

    def _are_of_kind(self, kind: str, parent: int, row: int) -> bool:
        """Whether another child of a concept has a semantic type."""
        family = self._family(parent)
        return len(family) > _SIBLINGS or any(
            other != row and kind in self._store.semantic_types(other) for other in family.tolist()
        )

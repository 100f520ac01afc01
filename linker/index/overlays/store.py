"""The store of an index under a layer of changes.

The layer holds whole rows: those of the concepts and names that it changes, under their own
numbers, and new ones, numbered on from the last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linker.index.columns import numbers_of
from linker.index.store.schema import PairRows, spelled
from linker.index.store.store import Store
from linker.terminology import CONCEPTS


class LayeredStore(Store):
    """A store under a layer.

    Args:
        base: the store of the index's own files.
        concepts: the columns of `concepts.arrow`, and "row", ascending.
        names: the columns of `names.arrow`, and "row", ascending.
        local: see `Store.local_names`.
    """

    def __init__(
        self,
        base: Store,
        concepts: pa.RecordBatch,
        names: pa.RecordBatch,
        local: Mapping[str, frozenset[int]],
    ) -> None:
        super().__init__(concepts, names)
        self._base = base
        self._local = local
        self._concept_rows = numbers_of(self._concepts.pop("row"))
        self._name_numbers = numbers_of(self._names.pop("row"))
        first = int(np.searchsorted(self._concept_rows, base.n_concepts))
        # New concepts are in the order of their ids, and stand between two of the base.
        self._new_ids = self._concepts["concept_id"].slice(first).to_pylist()
        self._before = [base.position(concept_id) for concept_id in self._new_ids]
        first = int(np.searchsorted(self._name_numbers, base.n_names))
        self._new_names = self._names["normal"].slice(first).to_pylist()

    @property
    def n_concepts(self) -> int:
        return self._base.n_concepts + len(self._new_ids)

    @property
    def n_names(self) -> int:
        return self._base.n_names + len(self._new_names)

    @property
    def n_pairs(self) -> int:
        changed = self._name_numbers[self._name_numbers < self._base.n_names].tolist()
        hidden = sum(len(self._base.pairs(row)) for row in changed)
        return self._base.n_pairs - hidden + super().n_pairs

    @property
    def n_derived(self) -> int:
        changed = self._name_numbers[self._name_numbers < self._base.n_names].tolist()
        hidden = sum(pair.form is not None for row in changed for pair in self._base.pairs(row))
        return self._base.n_derived - hidden + super().n_derived

    def own_rows(self) -> npt.NDArray[np.int64]:
        base = np.setdiff1d(self._base.own_rows(), self._name_numbers)
        return np.union1d(base, self._name_numbers[super().own_rows()])

    def count(self, status: str) -> int:
        changed = self._concept_rows[self._concept_rows < self._base.n_concepts].tolist()
        wanted = status == "active"
        hidden = sum(self._base.is_active(row) == wanted for row in changed)
        return self._base.count(status) - hidden + super().count(status)

    def order(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        keys = self._base.order(rows)
        new = np.flatnonzero(rows >= self._base.n_concepts)
        at = rows[new] - self._base.n_concepts
        before = np.array(self._before, dtype=np.int32)[at]
        keys[new] = self._base.order(before - 1) + at + 1
        return keys

    @cached_property
    def n_parts(self) -> int:
        return self._base.n_parts + (self._base.n_parts > 1 and bool(self._new_ids))

    def parts_of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        # Concepts of overlays are a terminology of their own, beside several others.
        parts = np.full(len(rows), self._base.n_parts if self._base.n_parts > 1 else 0)
        base = rows < self._base.n_concepts
        parts[base] = self._base.parts_of(rows[base])
        return parts

    def parents(self, row: int) -> tuple[int, ...]:
        if _at(self._concept_rows, row) is None:
            return self._base.parents(row)
        return _rows_in(self, self._concept(row, "parents"))

    def parent_rows(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        concepts, parents = self._base.parent_rows()
        kept = ~np.isin(concepts, self._concept_rows)
        own = [
            (row, parent)
            for row in self._concept_rows.tolist()
            for parent in _rows_in(self, self._concept(row, "parents"))
        ]
        more = np.array(own, dtype=np.int32).reshape(-1, 2)
        return (
            np.concatenate([concepts[kept], more[:, 0]]),
            np.concatenate([parents[kept], more[:, 1]]),
        )

    def child_counts(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        counts = np.array([self._more_children[row] for row in rows.tolist()], dtype=np.int64)
        base = rows < self._base.n_concepts
        counts[base] += self._base.child_counts(rows[base])
        return counts

    @cached_property
    def _more_children(self) -> Counter[int]:
        """By row, how many children a concept has more than in the base; or less, below 0."""
        more: Counter[int] = Counter()
        for row in self._concept_rows.tolist():
            more.update(_rows_in(self, self._concept(row, "parents")))
            if row < self._base.n_concepts:
                more.subtract(_rows_in(self._base, self._base._concept(row, "parents")))
        return more

    def _names_of(
        self, rows: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        at, own = _places(self._concept_rows, rows)
        concepts, names = self._base._names_of(rows[~own])
        more, its = super()._names_of(at[own].astype(np.int32))
        of = np.concatenate([np.flatnonzero(~own)[concepts], np.flatnonzero(own)[more]])
        order = np.argsort(of, kind="stable")
        return of[order], np.concatenate([names, its])[order]

    def pair_rows(self, rows: npt.NDArray[np.int64]) -> PairRows:
        at, own = _places(self._name_numbers, rows)
        if not own.any():
            return self._base.pair_rows(rows)
        of_base = self._base.pair_rows(rows[~own])
        of_layer = super().pair_rows(at[own])
        name = np.concatenate(
            [np.flatnonzero(~own)[of_base.name], np.flatnonzero(own)[of_layer.name]]
        )
        order = np.argsort(name, kind="stable")
        place, concept, kind, derived = (
            np.concatenate([getattr(of_base, column), getattr(of_layer, column)])[order]
            for column in ("place", "concept", "kind", "derived")
        )
        return PairRows(name[order], place, concept, kind, derived)

    def normals(self, start: int, stop: int) -> list[str]:
        first = self._base.n_names
        own = self._base.normals(start, min(stop, first)) if start < first else []
        return [*own, *self._new_names[max(start - first, 0) : max(stop - first, 0)]]

    def name_row(self, normal: str) -> int | None:
        row = self._base.name_row(normal)
        return self._new_name(normal) if row is None else row

    def _new_name(self, normal: str) -> int | None:
        at = bisect_left(self._new_names, normal)
        found = at < len(self._new_names) and self._new_names[at] == normal
        return self._base.n_names + at if found else None

    def find_names(self, normals: Sequence[str]) -> npt.NDArray[np.int64]:
        # Each part is in order, both together are not.
        found = self._base.find_names(normals)
        for i in np.flatnonzero(found < 0).tolist():
            new = self._new_name(normals[i])
            found[i] = -1 if new is None else new
        return found

    @property
    def local_names(self) -> Mapping[str, frozenset[int]]:
        return self._local

    def concept_table(self) -> pa.Table:
        base = self._base.concept_table()
        kept = base.filter(
            pc.invert(pc.is_in(base["concept_id"], value_set=self._concepts["concept_id"]))
        )
        own = pa.table({name: self._concepts[name] for name in CONCEPTS.names}, schema=CONCEPTS)
        return pa.concat_tables([kept, own])

    def name_table(self) -> pa.Table:
        concept_of = pa.concat_arrays(
            [self._base.concept_ids(), pa.array(self._new_ids, pa.string())]
        )
        kept = np.ones(self._base.n_names, dtype=bool)
        kept[self._name_numbers[self._name_numbers < self._base.n_names]] = False
        base = self._base._names["pairs"].filter(pa.array(kept))
        own = self._names["pairs"]
        return pa.concat_tables([spelled(base, concept_of), spelled(own, concept_of)])

    def _concept(self, row: int, column: str) -> Any:
        at = _at(self._concept_rows, row)
        return self._base._concept(row, column) if at is None else super()._concept(at, column)

    def _name(self, row: int, column: str) -> Any:
        at = _at(self._name_numbers, row)
        return self._base._name(row, column) if at is None else super()._name(at, column)

    def row(self, concept_id: str) -> int | None:
        row = self._base.row(concept_id)
        if row is not None:
            return row
        at = bisect_left(self._new_ids, concept_id)
        found = at < len(self._new_ids) and self._new_ids[at] == concept_id
        return self._base.n_concepts + at if found else None


def _at(rows: npt.NDArray[np.int32], row: int) -> int | None:
    at = int(np.searchsorted(rows, row))
    return at if at < len(rows) and rows[at] == row else None


def _places(
    numbers: npt.NDArray[np.int32], rows: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Where each row stands among the layer's, and whether it is there at all."""
    at = np.searchsorted(numbers, rows)
    own = at < len(numbers)
    own[own] = numbers[at[own]] == rows[own]
    return at, own


def _rows_in(store: Store, concept_ids: Iterable[str]) -> tuple[int, ...]:
    """The rows of the ids that a store has."""
    return tuple(row for row in map(store.row, concept_ids) if row is not None)

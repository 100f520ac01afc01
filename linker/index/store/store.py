"""Concepts and names on disk: two Arrow files, memory-mapped, joined by row numbers.

`concepts.arrow` is sorted by id, so that an id is found by bisection. `names.arrow` has one row a
distinct normal form, sorted by it; each row lists its pairs: the concept that has the name, how the
name stands to it, the name as that concept's source writes it, and, where the row is of a form that
was derived from that name, the form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linker.index.arrow import open_table
from linker.index.columns import numbers_of, offsets_of, ranges, reader, rows_of
from linker.index.store.schema import (
    CONCEPT_COLUMNS,
    CONCEPTS_FILE,
    NAMES_FILE,
    NamePair,
    PairRows,
    Rows,
    codes_of,
    derived_in,
    is_own,
    pair_of,
    spelled,
    surfaces_of,
)
from linker.schema import Codes, Concept
from linker.terminology import CONCEPTS

_PIECE = 1 << 16
_CACHED_SUMMARIES = 8192
"""Concepts whose summaries are kept, and shared by the candidates that show them."""


class Store:
    """The concepts and the names of an index."""

    def __init__(self, concepts: pa.RecordBatch, names: pa.RecordBatch) -> None:
        self._concepts = dict(zip(concepts.schema.names, concepts.columns, strict=True))
        self._names = dict(zip(names.schema.names, names.columns, strict=True))
        self._read_concept = {name: reader(column) for name, column in self._concepts.items()}
        self._read_name = {name: reader(column) for name, column in self._names.items()}
        lists = self._names["pairs"]
        self._read_name["pairs"] = rows_of(lists, pair_of)
        self._pair_offsets = offsets_of(lists)
        self._read_name["surfaces"] = surfaces_of(lists)
        self._pair_concepts = numbers_of(pc.struct_field(lists.values, "concept"))
        self._pair_kinds = numbers_of(pc.struct_field(lists.values, "kind"))
        self._is_derived = derived_in(lists.values)
        self._name_offsets = offsets_of(self._concepts["name_rows"])
        self._name_rows = numbers_of(self._concepts["name_rows"].values)
        parts = self._concepts.get("part")
        self._parts = None if parts is None else numbers_of(parts)
        self._summary = lru_cache(maxsize=_CACHED_SUMMARIES)(self._read_summary)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Map the two files of an index folder."""
        return cls(open_table(folder / CONCEPTS_FILE), open_table(folder / NAMES_FILE))

    @property
    def n_concepts(self) -> int:
        """The number of concept ids, retired ones among them."""
        return len(self._concepts["concept_id"])

    @property
    def n_names(self) -> int:
        """The number of distinct names."""
        return len(self._names["normal"])

    @property
    def n_pairs(self) -> int:
        """The number of pairs of a name and a concept that has it."""
        return len(self._names["pairs"].flatten())

    @property
    def n_derived(self) -> int:
        """The number of pairs that are of a derived form."""
        return int(np.count_nonzero(~is_own(self._names["pairs"].flatten())))

    def own_rows(self) -> npt.NDArray[np.int64]:
        """The rows of the names that some source has itself, ascending: all but derived forms."""
        lists = self._names["pairs"]
        parents = np.repeat(np.arange(len(lists)), lists.value_lengths().to_numpy())
        rows: npt.NDArray[np.int64] = np.unique(parents[is_own(lists.flatten())])
        return rows

    def count(self, status: str) -> int:
        """The number of concept ids with a status: "active" or "retired"."""
        return int(pc.sum(pc.equal(self._concepts["status"], status)).as_py() or 0)

    def find(self, concept_id: object) -> int | None:
        """The row of an id, or None; what is no string is no id.

        A retired id gives the row of the active concept that replaced it, at once or by way of
        other retired ids; its own row where it leads to none.
        """
        if not isinstance(concept_id, str):
            return None
        own = row = self.row(concept_id)
        passed = set()
        while row is not None and row not in passed:
            if self.is_active(row):
                return row
            passed.add(row)
            replaced_by = self._concept(row, "replaced_by")
            row = None if replaced_by is None else self.row(replaced_by)
        return own

    def is_active(self, row: int) -> bool:
        """Whether the concept of a row is active, and not a retired id."""
        return bool(self._concept(row, "status") == "active")

    def order(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Keys that sort the rows of concepts by their ids."""
        return rows.astype(np.int64) << 32

    @cached_property
    def n_parts(self) -> int:
        """How many terminologies were put together in the index; 1 where it is just one."""
        return 1 if self._parts is None else 1 + int(self._parts.max(initial=0))

    def parts_of(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """Which terminology each of some concepts' rows is of, from 0."""
        if self._parts is None:
            return np.zeros(len(rows), dtype=np.int64)
        parts: npt.NDArray[np.int64] = self._parts[rows].astype(np.int64)
        return parts

    def child_counts(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """How many concepts have each of some concepts' rows for a parent."""
        counts: npt.NDArray[np.int64] = self._children[rows].astype(np.int64)
        return counts

    @cached_property
    def _children(self) -> Rows:
        children: Rows = numbers_of(self._concepts["children"])
        return children

    def _concept(self, row: int, column: str) -> Any:
        return self._read_concept[column](row)

    def _name(self, row: int, column: str) -> Any:
        return self._read_name[column](row)

    def row(self, concept_id: str) -> int | None:
        """The row of an id itself, retired or not, or None."""
        row = self.position(concept_id)
        known = row < len(self._concepts["concept_id"])
        return row if known and self._concept(row, "concept_id") == concept_id else None

    def position(self, concept_id: str) -> int:
        """The row that an id has, or would stand before."""
        # UTF-8 sorts as code points do, which is how Python compares.
        rows = range(len(self._concepts["concept_id"]))
        return bisect_left(rows, concept_id, key=self._read_concept["concept_id"])

    def concept(self, row: int) -> Concept:
        """The concept of a row, whole. A retired id has no names, only a preferred one to show."""
        value = {column: self._concept(row, column) for column in CONCEPT_COLUMNS.names}
        names = [value["preferred_name"]] if value["status"] == "active" else []
        for name in value["name_rows"]:
            names.extend(pair.surface for pair in self.pairs(name) if pair.concept == row)
        return Concept(
            concept_id=value["concept_id"],
            preferred_name=value["preferred_name"],
            names=tuple(dict.fromkeys(names)),
            definition=value["definition"],
            semantic_types=tuple(value["semantic_types"]),
            parents=tuple(value["parents"]),
            codes=codes_of(value["codes"]),
        )

    def concept_values(self, row: int) -> dict[str, Any]:
        """The columns of `linker.terminology.CONCEPTS` for a concept's row."""
        return {column: self._concept(row, column) for column in CONCEPTS.names}

    def concept_id(self, row: int) -> str:
        """The id of a concept's row."""
        return str(self._concept(row, "concept_id"))

    def preferred_name(self, row: int) -> str:
        """The preferred name of a concept's row."""
        return str(self._concept(row, "preferred_name"))

    def parents(self, row: int) -> tuple[int, ...]:
        """The rows of a concept's parents, as far as they are in the index."""
        return tuple(self._concept(row, "parent_rows"))

    def parent_rows(self) -> tuple[Rows, Rows]:
        """All relations of a concept and a parent that is in the index: two equally long arrays."""
        rows = self._concepts["parent_rows"]
        concepts = np.repeat(np.arange(len(rows), dtype=np.int32), rows.value_lengths())
        return concepts, rows.flatten().to_numpy().astype(np.int32)

    def summary(self, row: int) -> Mapping[str, Any]:
        """What a candidate shows of its concept: id, preferred name, semantic types, codes."""
        return self._summary(row)

    def _read_summary(self, row: int) -> Mapping[str, Any]:
        return {
            "concept_id": self._concept(row, "concept_id"),
            "preferred_name": self.preferred_name(row),
            "semantic_types": self.semantic_types(row),
            "codes": Codes(codes_of(self._concept(row, "codes"))),
        }

    def semantic_types(self, row: int) -> tuple[str, ...]:
        """The semantic types of a concept's row, as its source has them."""
        return tuple(self._concept(row, "semantic_types"))

    def normal(self, row: int) -> str:
        """The normal form of a name's row: what the encoder read."""
        return str(self._name(row, "normal"))

    def normals(self, start: int, stop: int) -> list[str]:
        """The normal forms of a range of rows."""
        normals: list[str] = self._names["normal"].slice(start, stop - start).to_pylist()
        return normals

    def each_normal(self) -> Iterator[str]:
        """The normal forms of all rows in their order, some thousands in memory at a time."""
        for start in range(0, self.n_names, _PIECE):
            yield from self.normals(start, start + _PIECE)

    def name_row(self, normal: str) -> int | None:
        """The row of a normal form, or None."""
        read = self._read_name["normal"]
        n_rows = len(self._names["normal"])
        row = bisect_left(range(n_rows), normal, key=read)
        return row if row < n_rows and read(row) == normal else None

    def find_names(self, normals: Sequence[str]) -> npt.NDArray[np.int64]:
        """The row of each of some normal forms, -1 where it has none: shape (n,).

        Args:
            normals: ascending, each once; a run of the file is read, from the first to the last.
        """
        found = np.full(len(normals), -1, dtype=np.int64)
        if not normals:
            return found
        in_file, read = range(len(self._names["normal"])), self._read_name["normal"]
        start = bisect_left(in_file, normals[0], key=read)
        stop = bisect_left(in_file, normals[-1], key=read) + 1
        # The run may be the whole file: it is looked through, and none of it becomes a Python text.
        run = self._names["normal"].slice(start, stop - start)
        places = pc.index_in(run, value_set=pa.array(normals, pa.string()))
        there = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
        found[numbers_of(places.drop_null())] = start + there
        return found

    @property
    def local_names(self) -> Mapping[str, frozenset[int]]:
        """What overlays say that names mean, by normal form: the rows of the concepts.

        What the house calls a concept it means by that name, whatever else is called so. Where
        there is none, it means nothing by it.
        """
        return {}

    def name_rows(self, row: int) -> tuple[int, ...]:
        """The rows of the names of a concept's row, ascending; a retired id has none."""
        return tuple(self._concept(row, "name_rows"))

    def name_counts(self, rows: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """How many names each of some concepts' rows has, derived forms left out."""
        concept, name = self._names_of(rows)
        pairs = self.pair_rows(name)
        own = (pairs.concept == rows[concept[pairs.name]]) & ~pairs.derived
        return np.bincount(concept[np.unique(pairs.name[own])], minlength=len(rows))

    def _names_of(
        self, rows: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The names' rows of some concepts' rows, and which of the concepts each is of."""
        starts = self._name_offsets[rows]
        lengths = self._name_offsets[rows + 1] - starts
        names = self._name_rows[ranges(starts, lengths)].astype(np.int64)
        return np.repeat(np.arange(len(rows)), lengths), names

    def concept_table(self) -> pa.Table:
        """The concepts, retired ids among them, with the schema `linker.terminology.CONCEPTS`."""
        return pa.table({name: self._concepts[name] for name in CONCEPTS.names}, schema=CONCEPTS)

    def concept_ids(self) -> pa.Array:
        """The ids, row by row."""
        return self._concepts["concept_id"]

    def name_table(self) -> pa.Table:
        """The names as their sources write them, with the schema `linker.terminology.NAMES`."""
        return spelled(self._names["pairs"], self.concept_ids())

    def pairs(self, row: int) -> tuple[NamePair, ...]:
        """The concepts that have a name, nearest kind first, then by concept id."""
        found: tuple[NamePair, ...] = self._name(row, "pairs")
        return found

    def surface(self, row: int, place: int) -> str:
        """The name of a pair as its source writes it: `pairs(row)[place].surface`."""
        return str(self._name(row, "surfaces")[place])

    def pair_rows(self, rows: npt.NDArray[np.int64]) -> PairRows:
        """The pairs of many names at once."""
        starts = self._pair_offsets[rows]
        lengths = self._pair_offsets[rows + 1] - starts
        at = ranges(starts, lengths)
        name = np.repeat(np.arange(len(rows)), lengths)
        return PairRows(
            name,
            at - starts[name],
            self._pair_concepts[at],
            self._pair_kinds[at],
            self._is_derived(at),
        )

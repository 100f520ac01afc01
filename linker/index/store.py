"""Concepts and names on disk: two Arrow files, memory-mapped, joined by row numbers.

`concepts.arrow` is sorted by id, so that an id is found by bisection. `names.arrow` has one row a
distinct normal form, sorted by it; each row lists its pairs: the concept that has the name, how the
name stands to it, and the name as that concept's source writes it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linker.errors import TerminologyError
from linker.index.arrow import open_table, write_table
from linker.schema import Concept
from linker.terminology import NameKind, Terminology
from linker.text import normalise

CONCEPTS_FILE = "concepts.arrow"
NAMES_FILE = "names.arrow"
Rows = npt.NDArray[np.int32]
_KINDS = tuple(NameKind)
_RANK = {kind.value: rank for rank, kind in enumerate(_KINDS)}


@dataclass(frozen=True, slots=True)
class NamePair:
    """A name of a concept: the concept's row, the kind of name, and its source's spelling."""

    concept: int
    kind: NameKind
    surface: str


class Store:
    """The concepts and the names of an index."""

    def __init__(self, concepts: pa.RecordBatch, names: pa.RecordBatch) -> None:
        self._concepts = dict(zip(concepts.schema.names, concepts.columns, strict=True))
        self._names = dict(zip(names.schema.names, names.columns, strict=True))

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Map the two files of an index folder."""
        return cls(open_table(folder / CONCEPTS_FILE), open_table(folder / NAMES_FILE))

    @property
    def n_names(self) -> int:
        """The number of distinct names."""
        return len(self._names["normal"])

    @property
    def n_pairs(self) -> int:
        """The number of pairs of a name and a concept that has it."""
        return len(self._names["pairs"].flatten())

    def count(self, status: str) -> int:
        """The number of concept ids with a status: "active" or "retired"."""
        return int(pc.sum(pc.equal(self._concepts["status"], status)).as_py() or 0)

    def find(self, concept_id: str) -> int | None:
        """The row of an id, or None.

        A retired id gives the row of the active concept that replaced it, at once or by way of
        other retired ids; its own row where it leads to none.
        """
        own = row = self._row(concept_id)
        passed = set()
        while row is not None and row not in passed:
            if self._concepts["status"][row].as_py() == "active":
                return row
            passed.add(row)
            replaced_by = self._concepts["replaced_by"][row].as_py()
            row = None if replaced_by is None else self._row(replaced_by)
        return own

    def _row(self, concept_id: str) -> int | None:
        ids = self._concepts["concept_id"]
        # UTF-8 sorts as code points do, which is how Python compares.
        row = bisect_left(range(len(ids)), concept_id, key=lambda row: ids[row].as_py())
        return row if row < len(ids) and ids[row].as_py() == concept_id else None

    def concept(self, row: int) -> Concept:
        """The concept of a row, whole. A retired id has no names, only a preferred one to show."""
        value = {name: column[row].as_py() for name, column in self._concepts.items()}
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
            codes=_codes(value["codes"]),
        )

    def concept_id(self, row: int) -> str:
        """The id of a concept's row."""
        return str(self._concepts["concept_id"][row].as_py())

    @property
    def n_concepts(self) -> int:
        """The number of concept ids, retired ones among them."""
        return len(self._concepts["concept_id"])

    def name_rows(self, row: int) -> list[int]:
        """The rows of a concept's names, ascending; a retired id has none."""
        rows: list[int] = self._concepts["name_rows"][row].as_py()
        return rows

    def parent_rows(self) -> tuple[Rows, Rows]:
        """All relations of a concept and a parent that is in the index: two equally long arrays."""
        lists = self._concepts["parents"]
        concepts = np.repeat(np.arange(len(lists), dtype=np.int32), lists.value_lengths())
        parents = pc.index_in(lists.flatten(), value_set=self._concepts["concept_id"])
        known = parents.is_valid().to_numpy(zero_copy_only=False)
        return concepts[known], parents.drop_null().to_numpy().astype(np.int32)

    def summary(self, row: int) -> dict[str, Any]:
        """What a candidate shows of its concept: id, preferred name, semantic types, codes."""
        return {
            "concept_id": self._concepts["concept_id"][row].as_py(),
            "preferred_name": self._concepts["preferred_name"][row].as_py(),
            "semantic_types": tuple(self._concepts["semantic_types"][row].as_py()),
            "codes": _codes(self._concepts["codes"][row].as_py()),
        }

    def normal(self, row: int) -> str:
        """The normal form of a name's row: what the encoder read."""
        return str(self._names["normal"][row].as_py())

    def normals(self, start: int, stop: int) -> list[str]:
        """The normal forms of a range of rows."""
        normals: list[str] = self._names["normal"].slice(start, stop - start).to_pylist()
        return normals

    def pairs(self, row: int) -> tuple[NamePair, ...]:
        """The concepts that have a name, nearest kind first, then by concept id."""
        return tuple(
            NamePair(pair["concept"], _KINDS[pair["kind"]], pair["surface"])
            for pair in self._names["pairs"][row].as_py()
        )


def _codes(pairs: list[dict[str, str]]) -> dict[str, tuple[str, ...]]:
    codes: dict[str, list[str]] = {}
    for pair in pairs:
        codes.setdefault(pair["vocabulary"], []).append(pair["code"])
    return {vocabulary: tuple(values) for vocabulary, values in codes.items()}


def write_store(terminology: Terminology, folder: Path) -> None:
    """Join a terminology's two tables by row numbers and write both files.

    Names without any character that the encoder can read are left out.

    Raises:
        TerminologyError: no name is left, or a name is of a concept that is not there.
    """
    concepts = terminology.concepts.sort_by("concept_id")
    names = _distinct_names(terminology.names, concepts.column("concept_id"))
    write_table(folder / NAMES_FILE, names)
    write_table(
        folder / CONCEPTS_FILE,
        concepts.append_column("name_rows", _name_rows(names, len(concepts))),
    )


def _distinct_names(names: pa.Table, concept_ids: pa.ChunkedArray) -> pa.Table:
    rows = pc.index_in(names.column("concept_id"), value_set=concept_ids.combine_chunks())
    if rows.null_count:
        stray = names.filter(pc.is_null(rows)).slice(0, 1).to_pylist()[0]
        raise TerminologyError(
            f"the name {stray['name']!r} is of {stray['concept_id']!r}, "
            "which is not among the concepts"
        )
    pairs = pa.table(
        {
            "normal": pa.array(map(normalise, names.column("name").to_pylist()), pa.string()),
            "kind": pa.array(map(_RANK.__getitem__, names.column("kind").to_pylist()), pa.int8()),
            "concept": rows,
            "surface": names.column("name"),
        }
    )
    pairs = pairs.filter(pc.not_equal(pairs.column("normal"), ""))
    if not len(pairs):
        raise TerminologyError(
            f"none of the {len(names)} names holds a character that can be read; "
            "is this the right file, in the right encoding?"
        )
    # Rows are in the order of ids, so this is: by name, nearest kind, concept id, spelling.
    pairs = pairs.sort_by([(column, "ascending") for column in pairs.column_names])
    normals, kinds, concepts, surfaces = (column.combine_chunks() for column in pairs.columns)
    starts = np.flatnonzero(pc.not_equal(normals[1:], normals[:-1])) + 1
    starts = np.concatenate([[0], starts]).astype(np.int32)
    struct = pa.StructArray.from_arrays(
        [concepts, kinds, surfaces], names=["concept", "kind", "surface"]
    )
    return pa.table(
        {
            "normal": normals.take(pa.array(starts)),
            "pairs": pa.ListArray.from_arrays(np.append(starts, np.int32(len(pairs))), struct),
        }
    )


def _name_rows(names: pa.Table, n_concepts: int) -> pa.Array:
    """For each concept, its names' rows, ascending."""
    lists = names.column("pairs").combine_chunks()
    concept = lists.flatten().field("concept").to_numpy()
    name = np.repeat(np.arange(len(lists), dtype=np.int32), lists.value_lengths().to_numpy())
    distinct = np.unique(np.stack([concept, name], axis=1), axis=0)
    ends = np.searchsorted(distinct[:, 0], np.arange(n_concepts + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(ends, distinct[:, 1])

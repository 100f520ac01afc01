"""The files of concepts and names, made of a terminology: `linker.index.store.store` reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linker.counted import counted
from linker.errors import TerminologyError
from linker.index.arrow import write_table
from linker.index.store.schema import CONCEPTS_FILE, NAMES_FILE, Rows, kind_rank
from linker.terminology import NameKind, Terminology
from linker.text import normalise

_RANK = {kind.value: kind_rank(kind) for kind in NameKind}


def write_store(terminology: Terminology, folder: Path) -> None:
    """Join a terminology's two tables by row numbers and write both files.

    Names without any character that the encoder can read are left out.

    Raises:
        TerminologyError: no name is left, or a name is of a concept that is not there.
    """
    concepts = _with_parts(terminology).sort_by("concept_id")
    ids = concepts.column("concept_id").combine_chunks()
    concepts = _with_relations(concepts, ids)
    names = _distinct_names(terminology, ids)
    write_table(folder / NAMES_FILE, names)
    write_table(
        folder / CONCEPTS_FILE,
        concepts.append_column("name_rows", _name_rows(names, len(concepts))),
    )


def _with_relations(concepts: pa.Table, ids: pa.Array) -> pa.Table:
    """The concepts, with the rows of the parents that are among them, and the count of children."""
    lists = concepts.column("parents").combine_chunks()
    owner, parents = _relations(lists, ids)
    ends = np.searchsorted(owner, np.arange(len(lists) + 1)).astype(np.int32)
    children = np.bincount(parents, minlength=len(lists)).astype(np.int32)
    rows = pa.ListArray.from_arrays(ends, pa.array(parents))
    return concepts.append_column("parent_rows", rows).append_column("children", pa.array(children))


def _relations(parents: pa.ListArray, ids: pa.Array) -> tuple[Rows, Rows]:
    """The rows of the concepts and of those of their parents whose ids there are, pair by pair."""
    owner = np.repeat(np.arange(len(parents), dtype=np.int32), parents.value_lengths())
    rows = pc.index_in(parents.flatten(), value_set=ids)
    known = rows.is_valid().to_numpy(zero_copy_only=False)
    return owner[known], rows.drop_null().to_numpy().astype(np.int32)


def _with_parts(terminology: Terminology) -> pa.Table:
    """The concepts, and of which terminology each is, if several were put together."""
    concepts, parts = terminology.concepts, terminology.release.parts
    if len(parts) < 2:
        return concepts
    lengths = [part.concepts + part.retired for part in parts]
    numbers = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
    return concepts.append_column("part", pa.array(numbers))


def _distinct_names(terminology: Terminology, concept_ids: pa.Array) -> pa.Table:
    names, forms = terminology.names, terminology.forms
    pairs = _pairs(names, "name", concept_ids).append_column(
        "form", pa.nulls(len(names), pa.string())
    )
    pairs = pairs.filter(pc.not_equal(pairs.column("normal"), ""))
    if not len(pairs):
        raise TerminologyError(
            f"{counted(len(names), 'name')}, none with a character that can be read; "
            "is this the right file, in the right encoding?"
        )
    if len(forms):
        derived = _pairs(forms, "form", concept_ids).append_column("form", forms.column("form"))
        # What a terminology calls something itself is no form of anything else.
        known = pc.is_in(derived.column("normal"), value_set=pc.unique(pairs.column("normal")))
        known = pc.or_(known, pc.equal(derived.column("normal"), ""))
        pairs = pa.concat_tables([pairs, derived.filter(pc.invert(known))])
    # Rows are in the order of ids, so this is: by name, nearest kind, concept id, spelling.
    pairs = pairs.sort_by([(column, "ascending") for column in pairs.column_names])
    normals, *columns = (column.combine_chunks() for column in pairs.columns)
    starts = np.flatnonzero(pc.not_equal(normals[1:], normals[:-1])) + 1
    starts = np.concatenate([[0], starts]).astype(np.int32)
    kinds, concepts, surfaces, written = columns
    struct = pa.StructArray.from_arrays(
        [concepts, kinds, surfaces, written], names=["concept", "kind", "surface", "form"]
    )
    return pa.table(
        {
            "normal": normals.take(pa.array(starts)),
            "pairs": pa.ListArray.from_arrays(np.append(starts, np.int32(len(pairs))), struct),
        }
    )


def _pairs(names: pa.Table, spelling: str, concept_ids: pa.Array) -> pa.Table:
    """Normal form, kind, concept's row and surface of each name, the first one of a spelling."""
    rows = pc.index_in(names.column("concept_id"), value_set=concept_ids)
    if rows.null_count:
        stray = names.filter(pc.is_null(rows)).slice(0, 1).to_pylist()[0]
        raise TerminologyError(
            f"the name {stray['name']!r} is of {stray['concept_id']!r}, "
            "which is not among the concepts"
        )
    return pa.table(
        {
            "normal": pa.array(map(normalise, names.column(spelling).to_pylist()), pa.string()),
            "kind": pa.array(map(_RANK.__getitem__, names.column("kind").to_pylist()), pa.int8()),
            "concept": rows,
            "surface": names.column("name"),
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

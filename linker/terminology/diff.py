"""What changed between two releases of a terminology: set operations on their Arrow tables."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linker.terminology.tables import Terminology

_SEPARATOR = "\x1f"
"""Stands in no id and no name (ASCII "unit separator")."""
_LONGEST_CHAIN = 20
"""How often a replacement may have been replaced itself."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed, each a table sorted by its first columns. Only active concepts have names.

    Attributes:
        concepts_added: concept_id, preferred_name: active now, and no concept before.
        concepts_retired: concept_id, preferred_name: active before, and now retired without a
            replacement, or gone.
        concepts_merged: concept_id, preferred_name, into, into_name: now another's id.
        preferred_names_changed: concept_id, old, new.
        semantic_types_changed, parents_changed: concept_id, preferred_name, old, new; the values
            sorted and joined by "|".
        definitions_changed: concept_id, preferred_name, old, new; "" where there is none.
        codes_added, codes_retired: concept_id, preferred_name, vocabulary, code; of concepts that
            are active in both.
        names_added, names_retired: concept_id, name; without those that moved.
        names_moved: name, old, new: the ids of a concept that lost the name, and of one that got
            it.
    """

    concepts_added: pa.Table
    concepts_retired: pa.Table
    concepts_merged: pa.Table
    preferred_names_changed: pa.Table
    semantic_types_changed: pa.Table
    parents_changed: pa.Table
    definitions_changed: pa.Table
    codes_added: pa.Table
    codes_retired: pa.Table
    names_added: pa.Table
    names_retired: pa.Table
    names_moved: pa.Table

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {field.name: len(getattr(self, field.name)) for field in fields(self)}


def diff(old: Terminology, new: Terminology) -> Changes:
    """Compare two releases by concept id, and their names by spelling."""
    before, after = _active(old.concepts), _active(new.concepts)
    ids, new_ids = before["concept_id"].combine_chunks(), after["concept_id"].combine_chunks()
    stays = pc.is_in(ids, value_set=new_ids)
    # A retired id that is active again was no concept before, so it counts as added.
    added = after.filter(pc.invert(pc.is_in(new_ids, value_set=ids)))
    retired, merged = _gone(before.filter(pc.invert(stays)), new.concepts, after)
    same = before.filter(stays)
    now = after.take(pc.index_in(same["concept_id"], value_set=new_ids))
    codes_added, codes_retired = _codes(same, now)
    names_added, names_retired, names_moved = _names(old.names, new.names)
    return Changes(
        concepts_added=_sorted(added.select(["concept_id", "preferred_name"])),
        concepts_retired=retired,
        concepts_merged=merged,
        preferred_names_changed=_changed(
            {"concept_id": now["concept_id"]}, same["preferred_name"], now["preferred_name"]
        ),
        semantic_types_changed=_lists_changed(same, now, "semantic_types"),
        parents_changed=_lists_changed(same, now, "parents"),
        definitions_changed=_changed(
            _said_of(now), *(pc.fill_null(table["definition"], "") for table in (same, now))
        ),
        codes_added=codes_added,
        codes_retired=codes_retired,
        names_added=names_added,
        names_retired=names_retired,
        names_moved=names_moved,
    )


def _active(concepts: pa.Table) -> pa.Table:
    return concepts.filter(pc.equal(concepts["status"], "active")).combine_chunks()


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in table.column_names])


def _gone(gone: pa.Table, concepts: pa.Table, after: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Of the concepts that are active no more: those without, and those with a replacement."""
    known = pc.index_in(gone["concept_id"], value_set=concepts["concept_id"].combine_chunks())
    into = concepts["replaced_by"].combine_chunks().take(known)
    for _ in range(_LONGEST_CHAIN):
        at = pc.index_in(into, value_set=concepts["concept_id"].combine_chunks())
        further = concepts["replaced_by"].combine_chunks().take(at)
        if further.null_count == len(further):
            break
        into = pc.coalesce(further, into)
    at = pc.index_in(into, value_set=after["concept_id"].combine_chunks())
    names = after["preferred_name"].combine_chunks().take(at)
    columns = _said_of(gone)
    replaced = pc.is_valid(at)
    merged = pa.table({**columns, "into": into, "into_name": names}).filter(replaced)
    return _sorted(pa.table(columns).filter(pc.invert(replaced))), _sorted(merged)


def _said_of(concepts: pa.Table) -> dict[str, pa.Array]:
    return {name: concepts[name] for name in ("concept_id", "preferred_name")}


def _changed(columns: dict[str, pa.Array], old: pa.Array, new: pa.Array) -> pa.Table:
    table = pa.table({**columns, "old": old, "new": new})
    return _sorted(table.filter(pc.not_equal(table["old"], table["new"])))


def _lists_changed(same: pa.Table, now: pa.Table, column: str) -> pa.Table:
    lists = (_joined(table[column].combine_chunks()) for table in (same, now))
    return _changed(_said_of(now), *lists)


def _joined(lists: pa.ListArray) -> pa.Array:
    """Each list's values, sorted and joined: their order means nothing."""
    rows = np.repeat(np.arange(len(lists)), pc.list_value_length(lists).to_numpy())
    values = pa.table({"row": rows, "value": lists.flatten()}).sort_by(
        [("row", "ascending"), ("value", "ascending")]
    )
    ends = np.concatenate([[0], np.cumsum(pc.list_value_length(lists).to_numpy())])
    ordered = pa.ListArray.from_arrays(
        ends.astype(np.int32), values["value"].combine_chunks().cast(pa.string())
    )
    return pc.binary_join(ordered, "|")


def _codes(same: pa.Table, now: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Codes that were added to concepts of both releases, and those that were taken away."""
    old, new = (_code_table(table, now["preferred_name"]) for table in (same, now))
    keyed = ["concept_id", "vocabulary", "code"]
    old_keys, new_keys = _keys(old.select(keyed)), _keys(new.select(keyed))
    return (
        _sorted(new.filter(pc.invert(pc.is_in(new_keys, value_set=old_keys)))),
        _sorted(old.filter(pc.invert(pc.is_in(old_keys, value_set=new_keys)))),
    )


def _code_table(concepts: pa.Table, names: pa.ChunkedArray) -> pa.Table:
    """One row a code of a concept; `names` are the preferred ones to show."""
    codes = concepts["codes"].combine_chunks()
    rows, pairs = pc.list_parent_indices(codes), codes.flatten()
    return pa.table(
        {
            "concept_id": concepts["concept_id"].take(rows),
            "preferred_name": names.take(rows),
            "vocabulary": pc.struct_field(pairs, "vocabulary"),
            "code": pc.struct_field(pairs, "code"),
        }
    )


def _names(old: pa.Table, new: pa.Table) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Names that were added, were retired, or moved from one concept to another."""
    old, new = (table.select(["concept_id", "name"]).combine_chunks() for table in (old, new))
    old_keys, new_keys = _keys(old), _keys(new)
    gone = old.filter(pc.invert(pc.is_in(old_keys, value_set=new_keys)))
    come = new.filter(pc.invert(pc.is_in(new_keys, value_set=old_keys)))
    moved = gone.rename_columns(["old", "name"]).join(
        come.rename_columns(["new", "name"]), keys="name", join_type="inner"
    )
    moved = _sorted(moved.select(["name", "old", "new"]))
    names = moved["name"].combine_chunks()
    added, retired = (
        _sorted(table.filter(pc.invert(pc.is_in(table["name"], value_set=names))))
        for table in (come, gone)
    )
    return added, retired, moved


def _keys(rows: pa.Table) -> pa.Array:
    # Long texts: nine million of these are more than the 2 GiB that a text column may hold.
    columns = [
        rows[column].combine_chunks().cast(pa.large_string()) for column in rows.column_names
    ]
    return pc.binary_join_element_wise(*columns, pa.scalar(_SEPARATOR, pa.large_string()))

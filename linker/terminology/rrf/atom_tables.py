"""The two tables, from those that `atoms` describes: what is kept, with all that is said of it."""

# What stands in the queries are names of ours, and values quoted by `quoted`.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linker.terminology.database import quoted
from linker.terminology.rrf.atoms import OTHER_TERM_TYPE, among, n_kept
from linker.terminology.rrf.release import RrfRelease
from linker.terminology.tables import CONCEPTS, NAMES, NameKind

# TTY in MRDOC.RRF: abbreviation, acronym, and those of attributes, the Metathesaurus and sources.
_ABBREVIATIONS = ("AB", "ACR", "AA", "MTH_ACR", "RAB", "VAB")

_NO_CODE = "NOCODE"
"""Stands for a code where the source has none (UMLS Reference Manual, ch. 3: MRCONSO, CODE)."""

_ROUNDS = 20
"""How often a retired id may lead to a retired id."""


def read_tables(release: RrfRelease) -> tuple[pa.Table, pa.Table]:
    """The tables of concepts and of names: concepts by id, of each the preferred name first.

    A retired id goes with the concept that replaces it: where a filter leaves that out, this goes
    too.
    """
    size = n_kept(release)
    names = _names(release)
    preferred = names.filter(pc.equal(names["place"], 1))
    retired = _retired(release)
    active = [
        preferred["concept_id"],
        preferred["name"],
        _definitions(release),
        _lists(release, size, "type", "types", "min(key)"),
        _lists(release, size, "parent", "parents", "min(parent)"),
        _codes(release, size),
        pa.repeat("active", size),
        pa.nulls(size, pa.string()),
    ]
    concepts = pa.concat_tables([_table(active, CONCEPTS), retired])
    return concepts, _table([names[column] for column in NAMES.names], NAMES)


def _table(columns: Sequence[pa.Array | pa.ChunkedArray], schema: pa.Schema) -> pa.Table:
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)],
        schema=schema,
    )


def _names(release: RrfRelease) -> pa.Table:
    """concept_id, name, kind and place (1 for the preferred one), by concept and place."""
    # A name that one source calls an abbreviation and another a name is a name.
    return release.table(f"""
        SELECT concept_id, name, place, CASE
            WHEN place = 1 THEN {quoted(NameKind.PREFERRED.value)}
            WHEN abbreviation THEN {quoted(NameKind.ABBREVIATION.value)}
            ELSE {quoted(NameKind.EXACT.value)} END AS kind
        FROM (
            SELECT n, concept_id, name, abbreviation,
                row_number() OVER (PARTITION BY n ORDER BY key, name) AS place
            FROM (
                SELECT n, concept_id, name, min(key) AS key,
                    bool_and({among("term_type", _ABBREVIATIONS)}) AS abbreviation
                FROM atoms JOIN kept USING (concept_id)
                WHERE left_out IS NULL
                GROUP BY n, concept_id, name
            )
        )
        ORDER BY n, place
    """)


def _definitions(release: RrfRelease) -> pa.ChunkedArray:
    return release.table("""
        SELECT definition FROM kept LEFT JOIN (
            SELECT concept_id, arg_min(definition, (key, definition)) AS definition
            FROM definitions GROUP BY concept_id
        ) USING (concept_id)
        ORDER BY n
    """)["definition"]


def _lists(release: RrfRelease, size: int, column: str, table: str, key: str) -> pa.ListArray:
    """One list a concept: the values of a column, each once, by the key and themselves."""
    rows = release.table(f"""
        SELECT n, {column} FROM {table} JOIN kept USING (concept_id)
        WHERE {column} IS NOT NULL
        GROUP BY n, {column} ORDER BY n, {key}, {column}
    """)
    return _grouped(rows["n"], rows[column].combine_chunks().cast(pa.string()), size)


def _codes(release: RrfRelease, size: int) -> pa.ListArray:
    """One list a concept: its codes by source, the code of the best name first."""
    rows = release.table(f"""
        SELECT n, source, code FROM atoms JOIN kept USING (concept_id)
        WHERE coalesce(left_out, {quoted(OTHER_TERM_TYPE)}) = {quoted(OTHER_TERM_TYPE)}
            AND source IS NOT NULL AND code IS NOT NULL AND code <> {quoted(_NO_CODE)}
        GROUP BY n, source, code ORDER BY n, source, min(key), code
    """)
    pairs = pa.StructArray.from_arrays(
        [rows[column].combine_chunks().cast(pa.string()) for column in ("source", "code")],
        fields=list(CONCEPTS.field("codes").type.value_type),
    )
    return _grouped(rows["n"], pairs, size)


def _grouped(n: pa.ChunkedArray, values: pa.Array, size: int) -> pa.ListArray:
    """Lists of the values that share an `n`, which rises, for each of 0 to `size` - 1."""
    starts = np.searchsorted(n.to_numpy(), np.arange(size + 1))
    return pa.ListArray.from_arrays(pa.array(starts, pa.int32()), values)


def _retired(release: RrfRelease) -> pa.Table:
    """Ids that no atom has any more, each with the active concept that it leads to, if any."""
    release.run("CREATE TABLE alive AS SELECT DISTINCT concept_id FROM atoms")
    release.run("""
        CREATE TABLE gone AS
        SELECT concept_id, min(name) AS name, arg_min(successor, (key, successor)) AS successor
        FROM retired
        WHERE concept_id NOT IN (SELECT concept_id FROM alive)
        GROUP BY concept_id
    """)
    for _ in range(_ROUNDS):
        # Each round the successors that are retired give way to theirs; in a circle, for ever.
        moved = release.run("""
            UPDATE gone SET successor = next.successor FROM gone AS next
            WHERE gone.successor = next.concept_id
        """)
        if not moved[0][0]:
            break
    found = release.table("""
        SELECT concept_id, coalesce(name, concept_id) AS preferred_name,
            CASE WHEN successor IN (SELECT concept_id FROM kept) THEN successor END AS replaced_by
        FROM gone
        WHERE successor IS NULL OR successor IN (SELECT concept_id FROM kept)
            OR successor NOT IN (SELECT concept_id FROM alive)
        ORDER BY concept_id
    """)
    size = len(found)
    empty = pa.array(np.zeros(size + 1), pa.int32())
    columns = [
        found["concept_id"],
        found["preferred_name"],
        pa.nulls(size, pa.string()),
        *(
            pa.ListArray.from_arrays(empty, pa.array([], CONCEPTS.field(name).type.value_type))
            for name in ("semantic_types", "parents", "codes")
        ),
        pa.repeat("retired", size),
        found["replaced_by"],
    ]
    return _table(columns, CONCEPTS)

"""From atoms, the rows in which the NLM's files keep one name of one source, to the two tables.

What DuckDB sorts and joins may be larger than memory; what comes out is Arrow, columnar throughout.
`load_atoms` makes these tables in the database of a release, and fills the first; the reader fills
`types`; `keep_concepts` makes `kept`, and counts it from 0; the reader fills the rest, where it has
anything; `read_tables` does the rest.

    atoms(concept_id, name, language, source, term_type, code, suppress, level, key, left_out)
        left_out: why the name is not kept, or NULL
    types(concept_id, type, key)    kept(concept_id, n)    parents(concept_id, parent)
    definitions(concept_id, definition, key)    retired(concept_id, name, successor, key)

Of several, the one with the least key is preferred, or first. Parents are among the kept.
"""

# What stands in the queries are names of ours, and values quoted by `quoted`.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology.rows import NO_PARENT
from linker.terminology.rrf import RrfRelease, quoted
from linker.terminology.tables import CONCEPTS, NAMES, NameKind

OTHER_TERM_TYPE = "names of other term types"
_SUPPRESSED = "suppressed names"

# TTY in MRDOC.RRF: abbreviation, acronym, and those of attributes, the Metathesaurus and sources.
_ABBREVIATIONS = ("AB", "ACR", "AA", "MTH_ACR", "RAB", "VAB")

_NO_CODE = "NOCODE"
"""Stands for a code where the source has none (UMLS Reference Manual, ch. 3: MRCONSO, CODE)."""

_ROUNDS = 20
"""How often a retired id may lead to a retired id."""


_TABLES = (
    "types (concept_id VARCHAR, type VARCHAR, key BIGINT)",
    "parents (concept_id VARCHAR, parent VARCHAR)",
    "definitions (concept_id VARCHAR, definition VARCHAR, key BIGINT)",
    "retired (concept_id VARCHAR, name VARCHAR, successor VARCHAR, key BIGINT)",
)


def clean(column: str) -> str:
    """SQL for a text with single spaces, and none around it."""
    return rf"trim(regexp_replace({column}, '[\s\p{{Z}}]+', ' ', 'g'))"


def among(column: str, values: Collection[str]) -> str:
    """SQL that is true where a column has one of `values`, false elsewhere, and at NULL."""
    listed = ", ".join(map(quoted, sorted(values)))
    return f"coalesce({column} IN ({listed}), false)" if values else "false"


def not_suppressed(options: ReadOptions) -> str:
    """SQL: SUPPRESS, in several files: O obsolete, E by an editor, Y by its source and type."""
    return f"NOT {among('SUPPRESS', {'O', 'E', 'Y'} - set(options.keep_suppressed))}"


def load_atoms(
    release: RrfRelease,
    main: str,
    concept_id: str,
    *,
    key: str,
    options: ReadOptions,
    languages: Sequence[str],
    sources: Sequence[str],
    level: str = "SRL",
    joined: str = "",
) -> None:
    """Make the tables, and fill `atoms`.

    Args:
        main: the file of atoms; `concept_id` is its column.
        key: SQL for an integer from the columns of the file, and of what is `joined`.
        sources: keep these; none keeps all.
        level: SQL for the restriction level.

    Raises:
        TerminologyError: rows are broken, or a filter asks for what the file has none of.
    """
    for table in _TABLES:
        release.run(f"CREATE TABLE {table}")
    columns = ("LAT", "TS", "STT", "ISPREF", "SAB", "TTY", "CODE", "STR", "SRL", "SUPPRESS")
    reasons = [(f"NOT {among('LAT', languages)}", "names in other languages")]
    if sources:
        reasons.append((f"NOT {among('SAB', sources)}", "names of other sources"))
    if options.max_restriction_level is not None:
        allowed = (
            f"coalesce(try_cast({level} AS INTEGER) <= {options.max_restriction_level}, false)"
        )
        reasons.append((f"NOT {allowed}", "names of restricted sources"))
    reasons.append((f"NOT ({not_suppressed(options)})", _SUPPRESSED))
    if options.term_types:
        reasons.append((f"NOT {among('TTY', options.term_types)}", OTHER_TERM_TYPE))
    left_out = " ".join(f"WHEN {test} THEN {quoted(reason)}" for test, reason in reasons)
    release.run(f"""
        CREATE TABLE atoms AS
        SELECT {concept_id} AS concept_id, {clean("STR")} AS name, LAT AS language, SAB AS source,
            TTY AS term_type, CODE AS code, SUPPRESS AS suppress, {level} AS level, {key} AS key,
            CASE {left_out} END AS left_out
        FROM {release.rows(main, (concept_id, *columns))} {joined}
    """)
    blank = "concept_id IS NULL OR trim(concept_id) = '' OR name IS NULL OR name = ''"
    if release.run(f"SELECT count(*) FROM atoms WHERE {blank}")[0][0]:
        release.refuse_blank(main, (concept_id, "STR"))
        release.run(f"DELETE FROM atoms WHERE {blank}")
    for option, column, values in (
        ("languages", "language", languages),
        ("sources", "source", sources),
        ("term_types", "term_type", options.term_types),
    ):
        _refuse_absent(release, main, option, column, values)


def _refuse_absent(
    release: RrfRelease, main: str, option: str, column: str, values: Sequence[str]
) -> None:
    """A value that no row has is a slip of the pen: an index would lack names and nobody know."""
    held = {value for (value,) in release.run(f"SELECT DISTINCT {column} FROM atoms")} - {None}
    if not held:
        raise TerminologyError(
            f"{release.where(main)}: no row with a {column.replace('_', ' ')}, expected one for "
            "each name; was the file cut short? fetch it again"
        )
    if absent := [value for value in values if value not in held]:
        raise TerminologyError(
            f"{release.where(main)}: no name with {column.replace('_', ' ')} {absent[0]!r}; "
            f"found: {', '.join(sorted(held))}; correct {option}"
        )


def filters(
    options: ReadOptions, *, languages: Sequence[str], sources: Sequence[str]
) -> dict[str, object]:
    """What the manifest says of the filters: those that leave anything out."""
    stated: dict[str, object] = {
        "languages": list(languages),
        "sources": list(sources),
        "max_restriction_level": options.max_restriction_level,
        "term_types": list(options.term_types),
        "keep_suppressed": list(options.keep_suppressed),
        "semantic_groups": list(options.semantic_groups),
        "semantic_types": list(options.semantic_types),
    }
    return {option: value for option, value in stated.items() if value not in (None, [])}


# --- The two tables ---------------------------------------------------------


def keep_concepts(release: RrfRelease, main: str, types: Collection[str] | None) -> None:
    """Make the table `kept`: the concepts with a name that is kept.

    Args:
        types: keep the concepts that have one of these; None keeps all.

    Raises:
        TerminologyError: no concept is left.
    """
    of_type = ""
    if types is not None:
        of_type = f"AND concept_id IN (SELECT concept_id FROM types WHERE {among('type', types)})"
    release.run(f"""
        CREATE TABLE kept AS
        SELECT concept_id, row_number() OVER (ORDER BY concept_id) - 1 AS n
        FROM (SELECT DISTINCT concept_id FROM atoms WHERE left_out IS NULL {of_type})
    """)
    if not _size(release):
        raise TerminologyError(
            f"{release.where(main)}: no concept is left; the filters leave out all of it, or it is "
            "empty"
        )


def load_parents(release: RrfRelease, *, past: str | None) -> None:
    """Fill `parents` from a table `steps` of the same columns; parents that no atom names count.

    Args:
        past: SQL for a table of one column, ids of concepts that are left out: the way leads on
            past them to their parents. None to go to the next step alone.
    """
    of_kept = "concept_id IN (SELECT concept_id FROM kept)"
    missing = release.run(f"""
        SELECT count(*) FROM steps
        WHERE {of_kept} AND parent NOT IN (SELECT concept_id FROM atoms)
    """)[0][0]
    if missing:
        release.bad.noted[NO_PARENT] += missing
    to_kept = "parent IN (SELECT concept_id FROM kept)"
    release.run(f"""
        INSERT INTO parents SELECT concept_id, parent FROM steps WHERE {of_kept} AND {to_kept}
    """)
    if past is not None:
        # UNION forgets what it has seen, so that a circle ends.
        release.run(f"""
            INSERT INTO parents
            WITH RECURSIVE passed (passed) AS ({past}), way AS (
                SELECT concept_id, parent FROM steps SEMI JOIN passed ON passed = parent
                WHERE {of_kept}
                UNION
                SELECT way.concept_id, steps.parent
                FROM way SEMI JOIN passed ON passed = way.parent
                JOIN steps ON steps.concept_id = way.parent
            )
            SELECT concept_id, parent FROM way WHERE {to_kept} AND parent <> concept_id
        """)


def read_tables(release: RrfRelease) -> tuple[pa.Table, pa.Table]:
    """The tables of concepts and of names: concepts by id, of each the preferred name first.

    A retired id goes with the concept that replaces it: where a filter leaves that out, this goes
    too.
    """
    size = _size(release)
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


def left_out(release: RrfRelease, types: Collection[str] | None) -> dict[str, int]:
    """How much the filters left out, by filter, after `read_tables`."""
    counts = dict(
        release.run("SELECT left_out, count(*) FROM atoms WHERE left_out IS NOT NULL GROUP BY ALL")
    )
    counted = {reason: counts[reason] for reason in sorted(counts)}
    if types is not None:
        counted["concepts of other semantic types"] = release.run(
            "SELECT count(DISTINCT concept_id) FROM atoms WHERE left_out IS NULL "
            "AND concept_id NOT IN (SELECT concept_id FROM kept)"
        )[0][0]
    return {reason: count for reason, count in counted.items() if count}


def _size(release: RrfRelease) -> int:
    return int(release.run("SELECT count(*) FROM kept")[0][0])


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

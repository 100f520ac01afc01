"""From atoms, the rows in which the NLM's files keep one name of one source, to the two tables.

What DuckDB sorts and joins may be larger than memory; what comes out is Arrow, columnar throughout.
`load_atoms` makes these tables in the database of a release, and fills the first; the reader fills
`types`; `keep_concepts` makes `kept`, and counts it from 0; the reader fills the rest, where it has
anything; `atom_tables` does the rest.

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

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology.bad_rows import NO_PARENT
from linker.terminology.database import clean, quoted
from linker.terminology.rrf.release import RrfRelease

OTHER_TERM_TYPE = "names of other term types"
_SUPPRESSED = "suppressed names"

_TABLES = (
    "types (concept_id VARCHAR, type VARCHAR, key BIGINT)",
    "parents (concept_id VARCHAR, parent VARCHAR)",
    "definitions (concept_id VARCHAR, definition VARCHAR, key BIGINT)",
    "retired (concept_id VARCHAR, name VARCHAR, successor VARCHAR, key BIGINT)",
)


def among(column: str, values: Collection[str]) -> str:
    """SQL that is true where a column has one of `values`, false elsewhere, and at NULL."""
    listed = ", ".join(map(quoted, sorted(values)))
    return f"coalesce({column} IN ({listed}), false)" if values else "false"


def not_suppressed(options: ReadOptions) -> str:
    """SQL: SUPPRESS, in several files: O obsolete, E by an editor, Y by its source and type."""
    return f"NOT {among('SUPPRESS', {'O', 'E', 'Y'} - set(options.keep_suppressed))}"


def load_atoms(
    release: RrfRelease,
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
        concept_id: the column of the main file that holds it.
        key: SQL for an integer from the columns of that file, and of what is `joined`.
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
        FROM {release.rows(release.main, (concept_id, *columns))} {joined}
    """)
    blank = "concept_id IS NULL OR trim(concept_id) = '' OR name IS NULL OR name = ''"
    if release.run(f"SELECT count(*) FROM atoms WHERE {blank}")[0][0]:
        release.refuse_blank(release.main, (concept_id, "STR"))
        release.run(f"DELETE FROM atoms WHERE {blank}")
    for option, column, values in (
        ("languages", "language", languages),
        ("sources", "source", sources),
        ("term_types", "term_type", options.term_types),
    ):
        _refuse_absent(release, option, column, values)


def _refuse_absent(release: RrfRelease, option: str, column: str, values: Sequence[str]) -> None:
    """A value that no row has is a slip of the pen: an index would lack names and nobody know."""
    where = release.where(release.main)
    held = {value for (value,) in release.run(f"SELECT DISTINCT {column} FROM atoms")} - {None}
    if not held:
        raise TerminologyError(
            f"{where}: no row with a {column.replace('_', ' ')}, expected one for "
            "each name; was the file cut short? download it again"
        )
    if absent := [value for value in values if value not in held]:
        raise TerminologyError(
            f"{where}: no name with {column.replace('_', ' ')} {absent[0]!r}; "
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


# --- What is kept -----------------------------------------------------------


def keep_concepts(release: RrfRelease, types: Collection[str] | None) -> None:
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
    if not n_kept(release):
        raise TerminologyError(
            f"{release.where(release.main)}: no concept is left; the filters leave out all of it, "
            "or it is empty"
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


def left_out(release: RrfRelease, types: Collection[str] | None) -> dict[str, int]:
    """How much the filters left out, by filter, after `atom_tables.read_tables`."""
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


def n_kept(release: RrfRelease) -> int:
    """How many concepts are kept."""
    return int(release.run("SELECT count(*) FROM kept")[0][0])

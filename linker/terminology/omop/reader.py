"""The OMOP standardized vocabularies, as OHDSI's Athena hands them out (OMOP CDM v5.4).

CONCEPT.csv is all that is required. From what else is there come synonyms (CONCEPT_SYNONYM),
mappings, replacements and "Is a" (CONCEPT_RELATIONSHIP), the hierarchy (CONCEPT_ANCESTOR) and the
release (VOCABULARY). The files are tab-separated, whatever their ending says, and nothing is
quoted.

**Concepts** are the standard ones (standard_concept "S") that are valid; a concept's id is its
concept_id, its codes its own and those of what maps to it, by vocabulary.

**Non-standard concepts** that map to one standard concept ("Maps to") lend it their names and
codes, and their ids lead to it. The target of a map is the same or broader, so these names are
narrower ones. What maps to several standard concepts is all of them together, and names none.

**Parents** are those one level up in CONCEPT_ANCESTOR, and those of "Is a"; where a filter leaves
one out, what is above it.

**Retired ids** (invalid_reason "D" or "U") lead to where "Concept replaced by" and "Maps to" lead,
the former first.
"""

# What stands in the queries are names of ours; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress, Silent
from linker.terminology.bad_rows import BadRows
from linker.terminology.database import (
    as_rows,
    clean,
    columns_of,
    one,
    table_of,
    temporary_database,
)
from linker.terminology.omop.files import find_files
from linker.terminology.omop.release import (
    filters_of,
    left_out,
    licence_of,
    missing_parents,
    version_of,
)
from linker.terminology.omop.sql import (
    CONCEPT_ROWS,
    FOLDED,
    KEPT,
    LENT,
    MAPPED,
    NAME_ROWS,
    NAMED,
    PARENTS,
    RETIRED,
    SEVERAL,
)
from linker.terminology.release_files import ReleaseFile
from linker.terminology.tables import CONCEPTS, NAMES, Release, Terminology
from linker.terminology.tsv import find_lines, read_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_MEMORY = "2GB"
_ENGLISH = ("4180186",)
_ID, _TEXT = pa.int64(), pa.string()
_COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    "CONCEPT": {
        "concept_id": _ID,
        "concept_name": _TEXT,
        "domain_id": _TEXT,
        "vocabulary_id": _TEXT,
        "concept_class_id": _TEXT,
        "standard_concept": _TEXT,
        "concept_code": _TEXT,
        "invalid_reason": _TEXT,
    },
    "CONCEPT_SYNONYM": {
        "concept_id": _ID,
        "concept_synonym_name": _TEXT,
        "language_concept_id": _ID,
    },
    "CONCEPT_RELATIONSHIP": {
        "concept_id_1": _ID,
        "concept_id_2": _ID,
        "relationship_id": _TEXT,
        "invalid_reason": _TEXT,
    },
    "CONCEPT_ANCESTOR": {
        "ancestor_concept_id": _ID,
        "descendant_concept_id": _ID,
        "min_levels_of_separation": _ID,
    },
    "VOCABULARY": {"vocabulary_id": _TEXT, "vocabulary_name": _TEXT, "vocabulary_version": _TEXT},
}
# Of the large files, only what is used enters the database.
_WHERE = {
    "CONCEPT_SYNONYM": "list_contains($languages::BIGINT[], language_concept_id)",
    "CONCEPT_RELATIONSHIP": "relationship_id IN ('Maps to', 'Concept replaced by', 'Is a') "
    "AND trim(invalid_reason) = '' AND concept_id_1 <> concept_id_2",
    "CONCEPT_ANCESTOR": "min_levels_of_separation = 1",
}
_CPT4 = "CONCEPT_CPT4"
"""The concepts of CPT-4 without their names: Athena's `cpt.sh` asks the NLM for these, and appends
the concepts to CONCEPT.csv."""


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read the folder or zip that Athena gives; the files may be gzipped.

    Raises:
        TerminologyError: CONCEPT.csv is missing or is no such file, more rows are broken than may
            be, or a filter asks for what is not there.
    """
    languages = [_number(language) for language in options.languages or _ENGLISH]
    tables = (*_COLUMNS, _CPT4)
    files, bad = find_files(path, tables, main="CONCEPT"), BadRows(options.max_bad_rows)
    with temporary_database(path, memory_limit=_MEMORY, on_disk=True) as (db, _):
        for table in _COLUMNS:
            _load(db, table, files.get(table), languages, bad, progress)
        progress.step("joining names and concepts")
        _check_concepts(db, files["CONCEPT"], bad)
        if _CPT4 in files and (not options.vocabularies or "CPT4" in options.vocabularies):
            _note_nameless(db, files[_CPT4], bad)
        for option, column in (("vocabularies", "vocabulary_id"), ("domains", "domain_id")):
            _refuse_absent(db, files["CONCEPT"], option, [column], getattr(options, option))
        _refuse_absent(
            db,
            files["CONCEPT"],
            "semantic_types",
            ["domain_id", "concept_class_id"],
            options.semantic_types,
        )
        bad.noted.update(missing_parents(db))
        other = _leave_out_vocabularies(db, options.vocabularies)
        db.execute(
            KEPT,
            {
                "domains": list(options.domains),
                "types": list(options.semantic_types),
                "standard": options.standard_only,
            },
        )
        if not one(db, "SELECT count(*) FROM kept"):
            raise TerminologyError(
                f"{files['CONCEPT']}: no concept is left; the filters leave out all of it, or it "
                "has no valid standard concept (standard_only = false reads the others)"
            )
        db.execute(MAPPED)
        db.execute(SEVERAL, {"standard": options.standard_only})
        db.execute(FOLDED, {"standard": options.standard_only})
        db.execute(LENT)
        db.execute(PARENTS)
        filtered = bool(options.vocabularies or options.domains or options.semantic_types)
        db.execute(RETIRED, {"filtered": filtered})
        db.execute(NAMED)
        return Terminology(
            Release(
                terminology="OMOP Standardized Vocabularies",
                version=version_of(db),
                licence=licence_of(db),
                source="omop",
                filters=filters_of(options, languages),
                skipped={**other, **left_out(db), **bad.counted()},
            ),
            table_of(db, CONCEPT_ROWS, CONCEPTS),
            table_of(db, NAME_ROWS, NAMES),
        )


def _number(language: str) -> int:
    if not language.strip().isdecimal():
        raise TerminologyError(
            f"languages: {language!r} is no language_concept_id; they look like '4180186' (English)"
        )
    return int(language)


# --- Files to tables --------------------------------------------------------


def _load(
    db: DuckDBPyConnection,
    table: str,
    file: ReleaseFile | None,
    languages: Sequence[int],
    bad: BadRows,
    progress: Progress,
) -> None:
    """Make a table of a file, empty where there is none; each row knows its place in it."""
    columns = _COLUMNS[table]
    db.execute(f"CREATE TABLE {table} ({columns_of(columns)})")
    if file is None:
        return
    where = _WHERE.get(table, "true")
    parameters = {"languages": list(languages)} if "$languages" in where else {}
    for rows in read_rows(file, columns, bad, progress):
        with as_rows(db, rows):
            db.execute(f"INSERT INTO {table} SELECT * FROM rows WHERE {where}", parameters)


def _check_concepts(db: DuckDBPyConnection, file: ReleaseFile, bad: BadRows) -> None:
    """A concept without a name, or that occurs twice, is a broken row; one of the two stays."""
    columns = ", ".join(_COLUMNS["CONCEPT"])
    nameless = f"{clean('concept_name')} = ''"
    twice = db.execute(
        "SELECT concept_id, count(*) FROM CONCEPT GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL"
    ).fetchall()
    # One that has a name in another row stands twice: that its row is told of is enough.
    blank = db.execute(
        f"SELECT concept_id FROM CONCEPT GROUP BY ALL HAVING bool_and({nameless}) ORDER BY 1"
    ).fetchall()
    lines = find_lines(file, "concept_id", [row[0] for row in (*blank, *twice)])
    for (concept_id,) in blank:
        bad.skip(
            TerminologyError(
                f"{file}:{lines[concept_id][0]}: concept {concept_id} has a blank "
                "concept_name; each needs an id and a name"
            )
        )
    for concept_id, count in twice:
        at = lines[concept_id]
        for line in at[1:]:
            bad.skip(
                TerminologyError(
                    f"{file}:{line}: concept {concept_id} occurs in {count} rows, first at line "
                    f"{at[0]}, expected one; are two downloads in one file?"
                )
            )
    if blank or twice:
        db.execute(
            f"CREATE TABLE whole AS SELECT * FROM CONCEPT WHERE NOT {nameless} "
            f"QUALIFY row_number() OVER (PARTITION BY concept_id ORDER BY {columns}) = 1"
        )
        db.execute("DROP TABLE CONCEPT")
        db.execute("ALTER TABLE whole RENAME TO CONCEPT")


def _note_nameless(db: DuckDBPyConnection, file: ReleaseFile, bad: BadRows) -> None:
    """Count the concepts of CPT-4 that are not in CONCEPT.csv yet."""
    for rows in read_rows(file, {"concept_id": _ID}, bad, Silent()):
        with as_rows(db, rows):
            absent = one(db, "SELECT count(*) FROM rows ANTI JOIN CONCEPT USING (concept_id)")
        if absent:
            bad.noted["concepts of CPT-4, which cpt.sh of the download adds to CONCEPT.csv"] += (
                absent
            )


def _refuse_absent(
    db: DuckDBPyConnection,
    file: ReleaseFile,
    option: str,
    columns: Sequence[str],
    values: Sequence[str],
) -> None:
    """A value that no row has is a slip of the pen: an index would lack names and nobody know."""
    if not values:
        return
    held = {
        value
        for column in columns
        for (value,) in db.execute(f"SELECT DISTINCT {column} FROM CONCEPT").fetchall()
    }
    if absent := [value for value in values if value not in held]:
        raise TerminologyError(
            f"{file}: {option}: no concept has the {' or '.join(columns)} {absent[0]!r}; found: "
            f"{', '.join(sorted(held)[:80])}"
        )


def _leave_out_vocabularies(db: DuckDBPyConnection, vocabularies: Sequence[str]) -> dict[str, int]:
    if not vocabularies:
        return {}
    where = "WHERE NOT list_contains($vocabularies::VARCHAR[], vocabulary_id)"
    parameters = {"vocabularies": list(vocabularies)}
    count = one(db, f"SELECT count(*) FROM CONCEPT {where}", parameters)
    db.execute(f"DELETE FROM CONCEPT {where}", parameters)
    return {"concepts of other vocabularies": count}

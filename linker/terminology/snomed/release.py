"""The rows of RF2 in a database, of each id the one that counts, and whether a release is whole.

An extension (US, UK, ...) changes rows of the International Edition: of all rows with one id the
latest effectiveTime counts, whatever its module (Release File Specification, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.database import as_rows, columns_of, one
from linker.terminology.snomed.files import Rf2File
from linker.terminology.snomed.sql import ASSOCIATIONS, CORE_MODULE, IS_A, MAPS
from linker.terminology.tsv import find_lines, read_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_ID, _TEXT = pa.int64(), pa.string()
_VERSIONED = {"effectiveTime": pa.int32(), "active": pa.bool_(), "moduleId": _ID}
_COMPONENT = {"id": _ID, **_VERSIONED}
# The id of a member of a reference set is a UUID.
_MEMBER = {"id": _TEXT, **_VERSIONED, "refsetId": _ID, "referencedComponentId": _ID}
_DESCRIPTION = {
    **_COMPONENT,
    "conceptId": _ID,
    "languageCode": _TEXT,
    "typeId": _ID,
    "term": _TEXT,
}


@dataclass(frozen=True, slots=True)
class _Load:
    """What of a file goes into which table of the database."""

    table: str
    columns: Mapping[str, pa.DataType]
    where: str = "true"


_MAPS = f"refsetId IN ({', '.join(map(str, MAPS))})"
_LOADS = {
    "concept": _Load("concept", _COMPONENT),
    "description": _Load("description", _DESCRIPTION),
    "definition": _Load("description", _DESCRIPTION),
    "relationship": _Load(
        "relationship",
        {**_COMPONENT, "sourceId": _ID, "destinationId": _ID, "typeId": _ID},
        f"typeId = {IS_A}",
    ),
    "language": _Load("language", {**_MEMBER, "acceptabilityId": _ID}),
    "association": _Load(
        "association",
        {**_MEMBER, "targetComponentId": _ID},
        f"refsetId IN {ASSOCIATIONS}",
    ),
    "map": _Load(
        "map",
        {**_MEMBER, "mapGroup": _ID, "mapPriority": _ID, "mapRule": _TEXT, "mapTarget": _TEXT},
        _MAPS,
    ),
    "simple_map": _Load("simple_map", {**_MEMBER, "mapTarget": _TEXT}, _MAPS),
}


def load_release(
    db: DuckDBPyConnection,
    path: Path,
    files: Sequence[Rf2File],
    bad: BadRows,
    progress: Progress,
) -> None:
    """Make the tables concept, description, relationship, language, association, map, simple_map.

    Raises:
        TerminologyError: the release is an extension without the International Edition, or has too
            many broken rows.
    """
    for table in dict.fromkeys(load.table for load in _LOADS.values()):
        _load(db, table, files, bad, progress)
    progress.step("joining names and concepts")
    _check_base(db, path)
    _check_references(db, files, bad)


def _load(
    db: DuckDBPyConnection,
    table: str,
    files: Sequence[Rf2File],
    bad: BadRows,
    progress: Progress,
) -> None:
    """Make a table of the files that belong into it: of each id the row that counts."""
    loads = {kind: load for kind, load in _LOADS.items() if load.table == table}
    columns = next(iter(loads.values())).columns
    db.execute(f"CREATE TABLE loaded ({columns_of(columns)}, file INTEGER)")
    for number, file in enumerate(files):
        if file.kind in loads:
            _insert(db, file, number, loads[file.kind], bad, progress)
    if "refsetId" not in columns:
        _refuse_repeated(db, files, bad)
    # Two rows of one date: the extension's, for it had the International Edition's before it.
    others = ", ".join(name for name in (*columns, "file") if name != "id")
    db.execute(
        f"CREATE TABLE {table} AS SELECT * FROM loaded QUALIFY row_number() OVER ("  # noqa: S608
        f"PARTITION BY id ORDER BY effectiveTime DESC, moduleId = {CORE_MODULE}, {others}) = 1"
    )
    db.execute("DROP TABLE loaded")


def _insert(
    db: DuckDBPyConnection,
    file: Rf2File,
    number: int,
    load: _Load,
    bad: BadRows,
    progress: Progress,
) -> None:
    for rows in read_rows(file, load.columns, bad, progress):
        with as_rows(db, rows):
            db.execute(f"INSERT INTO loaded SELECT *, {number} FROM rows WHERE {load.where}")  # noqa: S608
            if load.where == _MAPS:
                _note_other_maps(db, bad)


def _note_other_maps(db: DuckDBPyConnection, bad: BadRows) -> None:
    """Count the codes of maps that are none of `MAPS`."""
    others = db.execute(
        f"SELECT refsetId, count(*) FROM rows WHERE active AND NOT {_MAPS} GROUP BY 1 ORDER BY 1"  # noqa: S608
    )
    for refset, count in others.fetchall():
        bad.noted[f"codes of the map {refset}, which is not known"] += count


def _refuse_repeated(db: DuckDBPyConnection, files: Sequence[Rf2File], bad: BadRows) -> None:
    """An id that stands in one file more than once is a broken row."""
    repeated: list[tuple[int, int]] = db.execute(
        "SELECT file, id FROM loaded GROUP BY file, id HAVING count(*) > 1 ORDER BY ALL LIMIT $n",
        {"n": bad.left + 1},
    ).fetchall()
    for number, lines in _lines_by_file(files, repeated).items():
        for component, at in lines.items():
            bad.skip(
                TerminologyError(
                    f"{files[number]}:{at[-1]}: id {component} occurs in {len(at)} "
                    f"rows (lines {', '.join(map(str, at[:4]))}), expected one in a Snapshot; is "
                    "it a Full file under another name, or two files in one?"
                )
            )


def _lines_by_file(
    files: Sequence[Rf2File], rows: Iterable[tuple[int, int]]
) -> dict[int, dict[int, list[int]]]:
    """Of pairs of a file and an id: the lines of each id, by file."""
    ids: dict[int, list[int]] = {}
    for number, component in rows:
        ids.setdefault(number, []).append(component)
    return {number: find_lines(files[number], "id", found) for number, found in ids.items()}


# --- What a release must hold -----------------------------------------------

_BESIDE = (
    "put the International Edition of the date that the extension was made for beside it, "
    "and give the folder that holds both"
)


def _check_base(db: DuckDBPyConnection, path: Path) -> None:
    if one(db, f"SELECT count(*) FROM concept WHERE moduleId = {CORE_MODULE}"):  # noqa: S608
        return
    modules = db.execute("SELECT DISTINCT moduleId FROM concept ORDER BY 1 LIMIT 4").fetchall()
    raise TerminologyError(
        f"{path}: an extension without its International Edition: no concept is of the core module "
        f"{CORE_MODULE}, only of {', '.join(str(row[0]) for row in modules) or 'none'}; {_BESIDE}"
    )


def _check_references(db: DuckDBPyConnection, files: Sequence[Rf2File], bad: BadRows) -> None:
    """Each active row that names a concept which is not there is a broken one."""
    for what, column, owner in (
        ("relationship", "sourceId", "sourceId"),
        ("relationship", "destinationId", "sourceId"),
        ("description", "conceptId", "conceptId"),
    ):
        dangling = db.execute(
            f"SELECT d.file, d.id, d.{column} FROM {what} d "  # noqa: S608
            f"LEFT JOIN concept c ON c.id = d.{owner} "
            f"WHERE d.active AND c.active IS DISTINCT FROM false "
            f"AND d.{column} NOT IN (SELECT id FROM concept) ORDER BY ALL"
        )
        rows = dangling.fetchmany(bad.left + 1)
        lines = _lines_by_file(files, ((file, component) for file, component, _ in rows))
        for file, component, missing in rows:
            at = lines[file][component]
            bad.skip(
                TerminologyError(
                    f"{files[file]}:{at[0]}: {what} {component} has the "
                    f"{column} {missing}, which is not a concept of this release; if it is an "
                    f"extension, {_BESIDE}"
                )
            )

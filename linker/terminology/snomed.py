"""SNOMED CT, as its release centres give it: RF2 snapshots, of one edition or several together.

An extension (US, UK, ...) adds to the International Edition and changes some of its rows: of all
rows with one id the latest effectiveTime counts, whatever its module (Release File Specification,
section 3.1). Both are read from one folder; an edition that has the International files in its own
needs no other.

**Names.** A language reference set says which descriptions a language's users accept, and which one
they prefer. Synonyms outside the chosen sets are left out: they belong to another dialect. The
fully specified name without its semantic tag ("Foo (disorder)") is a name as well; the tag is the
semantic type. The preferred name is the synonym that the first set prefers; without one, that of
the next; then the fully specified name. Where a release has no language set, all synonyms are
names.

By default the sets are those of the edition's country, if names of its own are in no other, and
then US or GB English, whichever prefers more of what these prefer; else US English, and where that
is absent, GB English.

**Codes.** The maps to ICD-10 and ICD-10-CM have groups of rules ("if male"). Of each group the
targets without a condition are codes; where there are none, those with one. The UK's maps, to
ICD-10 written its way and to OPCS-4, are the vocabularies ICD10UK and OPCS4. Targets may
end in a place to fill ("S02.0XX?", the episode of care): the code is then the category that is
certain, S02.0. The codes of maps that are not known are counted.

**Retired concepts** lead to the one that they are SAME AS or REPLACED BY; POSSIBLY EQUIVALENT TO
and POSSIBLY REPLACED BY count if they name one concept only. MOVED TO is not followed: it names a
namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.database import temporary_database
from linker.terminology.rf2 import ReleaseFile, find_release
from linker.terminology.rows import BadRows
from linker.terminology.snomed_sql import (
    ASSOCIATIONS,
    BELOW,
    CODES,
    CONCEPT_ROWS,
    CORE_MODULE,
    DESCRIBED,
    FULL_NAMES,
    GB_ENGLISH,
    IS_A,
    LANGUAGES,
    MAPS,
    NAME_ROWS,
    OFFERED,
    PARENTS,
    PREFERRED,
    RETIRED,
    SYNONYM,
    US_ENGLISH,
)
from linker.terminology.tables import CONCEPTS, NAMES, Release, Terminology
from linker.terminology.tsv import find_lines, read_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LICENCE = "SNOMED CT affiliate licence (SNOMED International, or your national release centre)"

_EDITIONS = {"INT": "International Edition", "US1000124": "US Edition"}

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
_SQL_TYPES = {_ID: "BIGINT", pa.int32(): "INTEGER", pa.bool_(): "BOOLEAN", _TEXT: "VARCHAR"}


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read the snapshots in a folder or zip, or in a folder of several of these.

    `options.language_refsets` chooses the language reference sets, the first preferred; by default
    those of the edition's country and US or GB English. `options.semantic_types` keeps the
    concepts with one of these tags, together with `options.roots` those below them; their parents
    are then the nearest ancestors that are kept, and retired ids stay that lead to one of them.

    Raises:
        TerminologyError: the release is no snapshot, is an extension without the International
            Edition, has too many broken rows, or has no such language set or tag.
    """
    files, bad = find_release(path), BadRows(options.max_bad_rows)
    with temporary_database(path, memory_limit="2GB", on_disk=False) as (db, _):
        for table in dict.fromkeys(load.table for load in _LOADS.values()):
            _load(db, table, files, bad, progress)
        progress.step("joining names and concepts")
        _check_base(db, path)
        _check_references(db, files, bad)
        refsets = _choose_refsets(db, path, options.language_refsets)
        db.execute(DESCRIBED, {"any": None if refsets else 1000})
        db.execute(FULL_NAMES)
        db.execute(OFFERED)
        _check_named(db, path, bad)
        tags = _choose_concepts(db, path, options)
        db.execute(RETIRED, {"all": not tags})
        db.execute(PARENTS)
        db.execute(CODES)
        filters: dict[str, object] = {"language_refsets": refsets} if refsets else {}
        if tags:
            filters["semantic_types"] = tags
            if options.roots:
                filters["roots"] = list(options.roots)
        return Terminology(
            Release(
                terminology=_title(files),
                version=_iso(max(file.date for file in files)),
                licence=_LICENCE,
                source="snomed",
                filters=filters,
                skipped={**_skipped(db, rooted="roots" in filters), **bad.counted()},
            ),
            _arrow(db, CONCEPT_ROWS, CONCEPTS),
            _arrow(db, NAME_ROWS, NAMES),
        )


def _arrow(db: DuckDBPyConnection, sql: str, schema: pa.Schema) -> pa.Table:
    return db.sql(sql).to_arrow_table().cast(schema)


def _title(files: Sequence[ReleaseFile]) -> str:
    """As in "SNOMED CT US Edition"; where there are several, each with its date."""
    dates = {file.edition: file.date for file in files if file.kind == "concept"}
    names = [_EDITIONS.get(edition, edition) for edition in dates]
    if len(names) > 1:
        names = [f"{name} {_iso(date)}" for name, date in zip(names, dates.values(), strict=True)]
    return f"SNOMED CT {' + '.join(names)}"


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}"


# --- Files to tables, one row an id -----------------------------------------


def _load(
    db: DuckDBPyConnection,
    table: str,
    files: Sequence[ReleaseFile],
    bad: BadRows,
    progress: Progress,
) -> None:
    """Make a table of the files that belong into it: of each id the row that counts."""
    loads = {kind: load for kind, load in _LOADS.items() if load.table == table}
    columns = next(iter(loads.values())).columns
    typed = ", ".join(f"{name} {_SQL_TYPES[type_]}" for name, type_ in columns.items())
    db.execute(f"CREATE TABLE loaded ({typed}, file INTEGER)")
    for number, file in enumerate(files):
        if file.kind in loads:
            for rows in read_rows(file, columns, bad, progress):
                db.register("rows", rows)
                db.execute(
                    f"INSERT INTO loaded SELECT *, {number} FROM rows "  # noqa: S608
                    f"WHERE {loads[file.kind].where}"
                )
                if loads[file.kind].where == _MAPS:
                    _note_other_maps(db, bad)
                db.unregister("rows")
    if "refsetId" not in columns:
        _refuse_repeated(db, files, bad)
    # Two rows of one date: the extension's, for it had the International Edition's before it.
    others = ", ".join(name for name in (*columns, "file") if name != "id")
    db.execute(
        f"CREATE TABLE {table} AS SELECT * FROM loaded QUALIFY row_number() OVER ("  # noqa: S608
        f"PARTITION BY id ORDER BY effectiveTime DESC, moduleId = {CORE_MODULE}, {others}) = 1"
    )
    db.execute("DROP TABLE loaded")


def _note_other_maps(db: DuckDBPyConnection, bad: BadRows) -> None:
    """Count the codes of maps that are none of `MAPS`."""
    others = db.execute(
        f"SELECT refsetId, count(*) FROM rows WHERE active AND NOT {_MAPS} GROUP BY 1 ORDER BY 1"  # noqa: S608
    )
    for refset, count in others.fetchall():
        bad.noted[f"codes of the map {refset}, which is not known"] += count


def _refuse_repeated(db: DuckDBPyConnection, files: Sequence[ReleaseFile], bad: BadRows) -> None:
    """An id that stands in one file more than once is a broken row."""
    repeated: list[tuple[int, int]] = db.execute(
        "SELECT file, id FROM loaded GROUP BY file, id HAVING count(*) > 1 ORDER BY ALL LIMIT $n",
        {"n": bad.left + 1},
    ).fetchall()
    for number, lines in _lines_by_file(files, repeated).items():
        for component, at in lines.items():
            bad.skip(
                TerminologyError(
                    f"{files[number]}:{at[-1]}: id {component} stands in {len(at)} "
                    f"rows (lines {', '.join(map(str, at[:4]))}), expected one in a Snapshot; is "
                    "it a Full file under another name, or two files in one?"
                )
            )


def _lines_by_file(
    files: Sequence[ReleaseFile], rows: Iterable[tuple[int, int]]
) -> dict[int, dict[str, list[int]]]:
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
    if _one(db, f"SELECT count(*) FROM concept WHERE moduleId = {CORE_MODULE}"):  # noqa: S608
        return
    modules = db.execute("SELECT DISTINCT moduleId FROM concept ORDER BY 1 LIMIT 4").fetchall()
    raise TerminologyError(
        f"{path}: an extension without its International Edition: no concept is of the core module "
        f"{CORE_MODULE}, only of {', '.join(str(row[0]) for row in modules) or 'none'}; {_BESIDE}"
    )


def _check_references(db: DuckDBPyConnection, files: Sequence[ReleaseFile], bad: BadRows) -> None:
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
            at = lines[file][str(component)]
            bad.skip(
                TerminologyError(
                    f"{files[file]}{f':{at[0]}' if at else ''}: {what} {component} has the "
                    f"{column} {missing}, which is no concept of this release; if it is an "
                    f"extension, {_BESIDE}"
                )
            )


def _check_named(db: DuckDBPyConnection, path: Path, bad: BadRows) -> None:
    nameless = db.execute(
        "SELECT id FROM concept WHERE active AND id NOT IN (SELECT concept FROM offered) ORDER BY 1"
    )
    while row := nameless.fetchone():
        bad.skip(
            TerminologyError(
                f"{path}: concept {row[0]} has no active description, expected a fully specified "
                "name at least; is the description file whole?"
            )
        )
    if not _one(db, "SELECT count(*) FROM offered"):
        raise TerminologyError(f"{path}: no concept found; is this the right release?")


def _one(db: DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
    # All of it: DuckDB refuses other work while a result is not fetched to its end.
    return db.execute(sql, parameters).fetchall()[0][0]


# --- Names ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Language:
    """A language reference set: see `LANGUAGES`."""

    refset: str
    accepted: int
    like_us: int
    like_gb: int
    own: int


def _of_the_realm(sets: Sequence[_Language]) -> list[str]:
    """The English sets of the country whose edition it is, if it has some; then US or GB.

    Editions of other countries than the US have their own names in sets of their own: the UK's in
    that of the NHS realm, Australia's in that of its dialect.
    """
    own = [language for language in sets if language.own]
    like_gb = sum(language.like_gb for language in own) > sum(language.like_us for language in own)
    order = (GB_ENGLISH, US_ENGLISH) if like_gb else (US_ENGLISH, GB_ENGLISH)
    there = {language.refset for language in sets}
    return [
        *(language.refset for language in own),
        *[refset for refset in order if refset in there][:1],
    ]


def _choose_refsets(db: DuckDBPyConnection, path: Path, wanted: Sequence[str]) -> list[str]:
    """The language reference sets to use, and the table `accepted` of what they accept.

    `rank` is the place of the first set that prefers a description; 1000 more where none does.
    """
    sets = [_Language(*row) for row in db.execute(LANGUAGES).fetchall()]
    found = {language.refset: language.accepted for language in sets}
    listed = ", ".join(f"{refset} ({count:,} rows)" for refset, count in found.items()) or "none"
    chosen = list(dict.fromkeys(refset.strip() for refset in wanted))
    for refset in chosen:
        if refset not in found:
            raise TerminologyError(
                f"{path}: language_refsets: {refset!r} is no language reference set of this "
                f"release; it has: {listed}"
            )
    if not chosen:
        chosen = _of_the_realm(sets)
    if not chosen and len(found) > 1:
        raise TerminologyError(
            f"{path}: no English language reference set, but {listed}; say which with "
            "language_refsets"
        )
    chosen = chosen or list(found)
    db.execute(
        "CREATE TABLE accepted AS"
        " WITH placed AS (SELECT *, list_position($chosen::BIGINT[], refsetId) - 1"
        "    + CASE acceptabilityId WHEN $preferred THEN 0 ELSE 1000 END AS place"
        "  FROM language WHERE active AND list_contains($chosen::BIGINT[], refsetId)),"
        " latest AS (SELECT referencedComponentId AS description,"
        "    arg_max(place, (effectiveTime, id)) AS place"
        "  FROM placed GROUP BY referencedComponentId, refsetId)"
        " SELECT description, min(place) AS rank FROM latest GROUP BY description",
        {"chosen": [int(refset) for refset in chosen], "preferred": PREFERRED},
    )
    return chosen


# --- Concepts ---------------------------------------------------------------


def _choose_concepts(db: DuckDBPyConnection, path: Path, options: ReadOptions) -> list[str]:
    """The table `kept` of the concepts to give, and the tags that were asked for."""
    tags = [tag.strip(" ()").lower() for tag in options.semantic_types]
    known = {
        str(tag): count
        for tag, count in db.execute(
            "SELECT lower(tag) AS tag, count(*) FROM full_name JOIN concept c ON c.id = concept "
            "WHERE c.active AND tag IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
    }
    for tag in tags:
        if tag not in known:
            raise TerminologyError(
                f"{path}: semantic_types: {tag!r} is no semantic tag of this release; it has: "
                f"{', '.join(list(known)[:80])}"
            )
    # Roots alone are everyone's affair; with tags, the way down passes what the tags leave out.
    roots = list(options.roots) if tags else []
    for root in roots:
        if not db.execute(
            "SELECT 1 FROM concept WHERE active AND id::VARCHAR = $root", {"root": root}
        ).fetchall():
            raise TerminologyError(f"{path}: root {root!r} is no active concept of this release")
    db.execute(BELOW, {"roots": roots})
    db.execute(
        "CREATE TABLE kept AS SELECT DISTINCT o.concept AS id FROM offered o "
        "LEFT JOIN full_name f USING (concept) "
        "WHERE (len($tags::VARCHAR[]) = 0 OR list_contains($tags::VARCHAR[], lower(f.tag))) "
        "AND (NOT $rooted OR o.concept IN (SELECT id FROM below))",
        {"tags": tags, "rooted": bool(roots)},
    )
    if not _one(db, "SELECT count(*) FROM kept"):
        raise TerminologyError(
            f"{path}: no concept is left: none below the roots has one of the semantic_types"
        )
    return tags


def _skipped(db: DuckDBPyConnection, *, rooted: bool) -> dict[str, int]:
    counts = {
        "synonyms outside the language reference sets": _one(
            db,
            "SELECT count(*) FROM described d JOIN concept c ON c.id = d.concept AND c.active "  # noqa: S608
            f"WHERE d.active AND d.type = {SYNONYM} AND d.rank IS NULL",
        ),
        # Without roots, there is no counting from them.
        "outside the roots": rooted
        and _one(db, "SELECT count(DISTINCT concept) FROM offered ANTI JOIN below ON id = concept"),
        "outside the semantic types": _one(
            db,
            "SELECT count(DISTINCT concept) FROM offered ANTI JOIN kept ON kept.id = concept "
            "WHERE NOT $rooted OR concept IN (SELECT id FROM below)",
            {"rooted": rooted},
        ),
        "parents that are retired": _one(
            db,
            "SELECT count(*) FROM relationship r "
            "JOIN concept child ON child.id = r.sourceId AND child.active "
            "JOIN concept parent ON parent.id = r.destinationId AND NOT parent.active "
            "WHERE r.active",
        ),
    }
    return {reason: count for reason, count in counts.items() if count}

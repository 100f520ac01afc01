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

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.database import one, table_of, temporary_database
from linker.terminology.snomed.files import Rf2File, find_release
from linker.terminology.snomed.language import choose_refsets
from linker.terminology.snomed.release import load_release
from linker.terminology.snomed.sql import (
    BELOW,
    CODES,
    CONCEPT_ROWS,
    DESCRIBED,
    FULL_NAMES,
    NAME_ROWS,
    OFFERED,
    PARENTS,
    RETIRED,
    SYNONYM,
)
from linker.terminology.tables import CONCEPTS, NAMES, Release, Terminology

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LICENCE = "SNOMED CT affiliate licence (SNOMED International, or your national release centre)"

_EDITIONS = {"INT": "International Edition", "US1000124": "US Edition"}


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
        load_release(db, path, files, bad, progress)
        refsets = choose_refsets(db, path, options.language_refsets)
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
            table_of(db, CONCEPT_ROWS, CONCEPTS),
            table_of(db, NAME_ROWS, NAMES),
        )


def _title(files: Sequence[Rf2File]) -> str:
    """As in "SNOMED CT US Edition"; where there are several, each with its date."""
    dates = {file.edition: file.date for file in files if file.kind == "concept"}
    names = [_EDITIONS.get(edition, edition) for edition in dates]
    if len(names) > 1:
        names = [f"{name} {_iso(date)}" for name, date in zip(names, dates.values(), strict=True)]
    return f"SNOMED CT {' + '.join(names)}"


def _iso(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}"


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
    if not one(db, "SELECT count(*) FROM offered"):
        raise TerminologyError(f"{path}: no concept found; is this the right release?")


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
    if not one(db, "SELECT count(*) FROM kept"):
        raise TerminologyError(
            f"{path}: no concept is left: none below the roots has one of the semantic_types"
        )
    return tags


def _skipped(db: DuckDBPyConnection, *, rooted: bool) -> dict[str, int]:
    counts = {
        "synonyms outside the language reference sets": one(
            db,
            "SELECT count(*) FROM described d JOIN concept c ON c.id = d.concept AND c.active "  # noqa: S608
            f"WHERE d.active AND d.type = {SYNONYM} AND d.rank IS NULL",
        ),
        # Without roots, there is no counting from them.
        "outside the roots": rooted
        and one(db, "SELECT count(DISTINCT concept) FROM offered ANTI JOIN below ON id = concept"),
        "outside the semantic types": one(
            db,
            "SELECT count(DISTINCT concept) FROM offered ANTI JOIN kept ON kept.id = concept "
            "WHERE NOT $rooted OR concept IN (SELECT id FROM below)",
            {"rooted": rooted},
        ),
        "parents that are retired": one(
            db,
            "SELECT count(*) FROM relationship r "
            "JOIN concept child ON child.id = r.sourceId AND child.active "
            "JOIN concept parent ON parent.id = r.destinationId AND NOT parent.active "
            "WHERE r.active",
        ),
    }
    return {reason: count for reason, count in counts.items() if count}

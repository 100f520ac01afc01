"""What Athena's download says of itself, and what of it is left out: see `reader`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linker.config import ReadOptions
from linker.terminology.bad_rows import NO_PARENT
from linker.terminology.database import one

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LICENCE = (
    "OHDSI Athena: each vocabulary has the licence of its owner, which you accepted or hold; of "
    "what is kept"
)


def version_of(db: DuckDBPyConnection) -> str:
    """The release of all vocabularies ("v5.0 29-AUG-24"): the row "None" of VOCABULARY."""
    said = db.execute(
        "SELECT vocabulary_version FROM VOCABULARY WHERE vocabulary_id = 'None'"
    ).fetchall()
    return str(said[0][0]).strip() if said else ""


def licence_of(db: DuckDBPyConnection) -> str:
    """The licence, and which vocabularies the names and codes are of, with their versions."""
    vocabularies = [
        f"{vocabulary} ({version.strip()})" if version and version.strip() else vocabulary
        for vocabulary, version in db.execute("""
            SELECT vocabulary_id, any_value(v.vocabulary_version)
            FROM (SELECT id FROM kept UNION SELECT id FROM folded) given
            JOIN CONCEPT c ON c.concept_id = given.id LEFT JOIN VOCABULARY v USING (vocabulary_id)
            GROUP BY vocabulary_id ORDER BY vocabulary_id
        """).fetchall()
    ]
    return f"{_LICENCE}: {', '.join(vocabularies)}"


def filters_of(options: ReadOptions, languages: Sequence[int]) -> dict[str, object]:
    """What the options leave out, by option."""
    stated: dict[str, object] = {
        "standard_only": options.standard_only,
        "languages": [str(language) for language in languages],
        "vocabularies": list(options.vocabularies),
        "domains": list(options.domains),
        "semantic_types": list(options.semantic_types),
    }
    return {option: value for option, value in stated.items() if value not in (False, [])}


def missing_parents(db: DuckDBPyConnection) -> dict[str, int]:
    """How many parents are no concept of the download."""
    count = one(
        db,
        """
        SELECT count(*) FROM (
            SELECT concept_id_1 AS child, concept_id_2 AS parent FROM CONCEPT_RELATIONSHIP
            WHERE relationship_id = 'Is a'
            UNION SELECT descendant_concept_id, ancestor_concept_id FROM CONCEPT_ANCESTOR
        ) WHERE child IN (SELECT concept_id FROM CONCEPT)
            AND parent NOT IN (SELECT concept_id FROM CONCEPT)
        """,
    )
    return {NO_PARENT: count} if count else {}


def left_out(db: DuckDBPyConnection) -> dict[str, int]:
    """How many concepts are left out, by reason."""
    counts = {
        "concepts that map to several": "SELECT count(*) FROM several",
        "valid concepts that map to none of these": """
            SELECT count(*) FROM CONCEPT WHERE trim(invalid_reason) = ''
            AND concept_id NOT IN (SELECT id FROM kept)
            AND concept_id NOT IN (SELECT id FROM folded)
            AND concept_id NOT IN (SELECT id FROM several)
        """,
    }
    found = {reason: one(db, sql) for reason, sql in counts.items()}
    return {reason: count for reason, count in found.items() if count}

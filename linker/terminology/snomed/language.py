"""The language reference sets of a SNOMED CT release: which of them choose its names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linker.errors import TerminologyError
from linker.terminology.snomed.sql import GB_ENGLISH, LANGUAGES, PREFERRED, US_ENGLISH

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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


def choose_refsets(db: DuckDBPyConnection, path: Path, wanted: Sequence[str]) -> list[str]:
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

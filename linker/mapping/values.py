"""What is written of a term: its concept, the candidates, and what a reviewer is to do."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from linker.detect import clinical_long_form, is_ambiguous, said_in
from linker.errors import ConfigError
from linker.schema import Candidate, Link
from linker.text import normalise

Decision = Literal["accept", "reject"]
Verdict = Literal["accept", "look", "reject"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

ACCEPT, REJECT = 0.8, 0.2
"""Probabilities. Of the distinct mentions of three dev splits, 62 to 67% are accepted, and 93 to
96% of these are right; 2 to 4% are rejected: `benchmarks/map_thresholds.py`. At 0.9 fewer are
accepted, and hardly more of them are right."""

DECISION = "decision"
_MORE = re.compile(r"\b(?:due to|secondary to|caused by|2/2|or|vs|versus)\b", re.IGNORECASE)
"""What ties a finding to another one: its cause, or what it may be instead."""

_ABOUT = re.compile(
    r"\b(?:anti|post)-|\b(?:antibody|antibodies|carrier|contact|counsell?ing|drugs?|exposure|genes?"
    r"|medications?|monitoring|surgery|surgical|survivor|susceptibility|therapy|treatment)\b",
    re.IGNORECASE,
)
"""What is about a finding, and is none: "asthma medication"."""

_FOUND = re.compile(
    r"\b(?:increas|decreas|elevat|diminish|prolong|excess|abnormal|anomal|deficien|absen|positiv)\w*"
    r"|\b(?:low|lowered|high|raised|reduced|reduction|shortened)\b",
    re.IGNORECASE,
)
"""What makes a finding of what is examined. Of 4,362 distinct mentions of ten train and dev splits
and a problem list that would be accepted, 2 lack such a word that the name has; but of 793 terms
made of HPO's names without it ("sarcoplasmic glycogen") 157 would be accepted, 148 as the
finding."""

_INITIALS = re.compile(r"(?=.*[A-Z].*[A-Z])[A-Za-z]{2,4}")
"""Of the distinct mentions of ten train and dev splits that would be accepted, 130 are such and in
no clinical table: 59% right, of the others 96%. With a digit ("SCA3") 26 of 27 are right."""

_WHEN_NEEDED = re.compile(r"\b(?:prn|as needed)\b.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Review:
    """What probability is enough.

    Attributes:
        accept: a term is accepted from here on.
        reject: below this it has no concept; between the two a person is to look.
    """

    accept: float = ACCEPT
    reject: float = REJECT

    def __post_init__(self) -> None:
        if not 0 <= self.reject <= self.accept <= 1:
            raise ConfigError(
                f"accept is {self.accept} and reject {self.reject}; expected probabilities, "
                "0 <= reject <= accept <= 1"
            )

    def of(self, link: Link) -> Verdict:
        """The verdict on a term; one for which nothing was found is rejected."""
        if link.best is None or link.probability < self.reject:
            return "reject"
        return "look" if link.probability < self.accept or doubt_of(link) else "accept"


def doubt_of(link: Link) -> str:
    """Why a person is to look at a term however probable its concept is; "" if nothing speaks so.

    A term may say more of a finding than the name that it was found by: "hx of TIA" is no TIA, nor
    is "r/o PE" a PE, "gout or pseudogout" gout, or "asthma medication" asthma. Or it is an
    abbreviation of which no reviewer said before what it means here: one of several senses ("PE"),
    or one that clinics do not use in one sense and that this terminology happens to have for
    something ("NS", Netherton syndrome). Or it is what a laboratory examines, and the name a
    finding of it: "Albumin, serum" is no low albumin.
    """
    best, query = link.best, link.mention.query
    if best is None:
        return ""
    if _says_more(link.mention.text, best.matched_name):
        return "says more than the name"
    if _FOUND.search(best.matched_name) and not _FOUND.search(query):
        return "says less than the name"
    if best.features.get("local"):
        return ""
    if is_ambiguous(query):
        return "has several senses"
    # The name, too: a dose may stand behind the letters ("NS 0.9% 1000 mL").
    for short in filter(_INITIALS.fullmatch, (query, best.matched_name)):
        if best.preferred_name.casefold() != short.casefold() and not clinical_long_form(short):
            return "is an abbreviation"
    return ""


def decided_before(link: Link, local_names: Collection[str]) -> Decision | None:
    """What the overlays of an index say of a term itself: that it is its concept, or none.

    Args:
        local_names: those of the linker: `Linker.local_names`.

    Returns:
        None if they say nothing of it, or give it to several concepts.
    """
    if link.best is None or normalise(link.mention.text) not in local_names:
        return None
    if link.best.features.get("no_mention"):
        return "reject"
    of_house = [candidate for candidate in link.candidates if candidate.features.get("local")]
    return "accept" if of_house == [link.best] else None


def _says_more(term: str, name: str) -> bool:
    # What a medicine is taken for, when needed, is no part of its name.
    if not said_in(_WHEN_NEEDED.sub("", term)) <= said_in(name):
        return True
    return any(more.search(term) and not more.search(name) for more in (_MORE, _ABOUT))


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are added to the table.

    Attributes:
        k: candidates, at least 1.
        vocabularies: each gets a column of codes; with none, all codes are in one column.
        prefix: what the names of the columns begin with.
    """

    k: int = 5
    vocabularies: tuple[str, ...] = ()
    prefix: str = ""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ConfigError(f"k is {self.k}; ask for at least 1 candidate")

    @property
    def fields(self) -> list[pa.Field]:
        """The columns and their types, in order."""
        text, number = pa.string(), pa.float64()
        codes = [f"codes.{name}" for name in self.vocabularies] or ["codes"]
        kinds = {
            "concept_id": text,
            "preferred_name": text,
            "semantic_types": text,
            "matched_name": text,
            "score": number,
            "probability": number,
            **dict.fromkeys(codes, text),
            "review": text,
            "doubt": text,
            DECISION: text,
        }
        for i in range(1, self.k + 1):
            kinds |= {f"candidate_{i}": text, f"candidate_{i}_name": text}
            kinds[f"candidate_{i}_probability"] = number
        return [pa.field(f"{self.prefix}{name}", kind) for name, kind in kinds.items()]

    def refuse_clash(self, names: Sequence[str], where: str) -> None:
        """See that none of our columns is the table's.

        Raises:
            ConfigError: one is.
        """
        for field in self.fields:
            if field.name in names:
                raise ConfigError(
                    f"{where}: has a column {field.name!r} already; rename it, or put something "
                    "before the names of the new columns with --prefix"
                )

    def values(
        self, link: Link, verdict: Verdict, decided: Decision | None = None, doubt: str = ""
    ) -> tuple[Any, ...]:
        """What is written of a term, in the order of `fields`.

        Where the verdict is "reject", concept, name, types and codes are null; score, probability
        and matched name are then those of the candidate that was turned down.

        Args:
            verdict: what goes into the column `review`.
            decided: what goes into the column `decision`.
            doubt: what goes into the column of that name.
        """
        best = link.best
        concept = best if verdict != "reject" else None
        values: list[Any] = [
            None if concept is None else concept.concept_id,
            None if concept is None else concept.preferred_name,
            None if concept is None else "|".join(concept.semantic_types) or None,
            None if best is None else best.matched_name,
            None if best is None else round(best.score, 6),
            round(link.probability, 6),
            *self._codes(concept),
            verdict,
            doubt or None,
            decided,
        ]
        for i in range(self.k):
            one = link.candidates[i] if i < len(link.candidates) else None
            values += (
                [None, None, None]
                if one is None
                else [one.concept_id, one.preferred_name, round(one.probability, 6)]
            )
        return tuple(values)

    def _codes(self, concept: Candidate | None) -> list[str | None]:
        if concept is None:
            return [None] * max(1, len(self.vocabularies))
        if self.vocabularies:
            return ["|".join(concept.codes.get(name, ())) or None for name in self.vocabularies]
        every = (f"{name}:{code}" for name, codes in concept.codes.items() for code in codes)
        return ["|".join(every) or None]

"""The values that travel between rooms: frozen, checked when made, free of any library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from linker.counted import counted
from linker.reasons import reasons
from linker.records import link_record

ASSERTIONS = ("negated", "historical", "hypothetical", "family", "uncertain")
"""The attributes of a mention in its context, after ConText (Harkema et al., 2009)."""


@dataclass(frozen=True, slots=True, repr=False)
class Concept:
    """An entry of a terminology.

    Attributes:
        concept_id: the id as its source writes it ("HP:0001658", "C0027051").
        preferred_name: the source's preferred name.
        names: every name, the preferred one first, without repeats.
        definition: the source's definition, if any.
        semantic_types: UMLS TUIs, SNOMED semantic tags, OBO namespaces.
        parents: ids of the broader concepts.
        codes: the same concept in other vocabularies: `{"SNOMEDCT_US": ("22298006",)}`.
    """

    concept_id: str
    preferred_name: str
    names: tuple[str, ...] = ()
    definition: str | None = None
    semantic_types: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.concept_id or not self.preferred_name:
            raise ValueError(
                f"concept {self.concept_id!r} has the preferred name {self.preferred_name!r}; "
                "both must be non-empty"
            )

    def __repr__(self) -> str:
        names = counted(len(self.names), "name")
        return f"<Concept {self.concept_id} {self.preferred_name!r}, {names}>"


@dataclass(frozen=True, slots=True, repr=False)
class Note:
    """A clinical note: an id that is unique within its run, and the text as the caller has it.

    Attributes:
        carried: what else its source says of it, for output formats that have a place for it
            ("person_id", "note_date", "subject").
    """

    id: str
    text: str
    carried: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        # It comes into logs and tracebacks; its text must not.
        return f"<Note {self.id!r}, {counted(len(self.text), 'character')}>"


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of a note that may name a concept: `note.text[start:end] == text`.

    Attributes:
        start, end: half-open, in code points of the caller's text.
        text: the stretch itself.
        label: what the detector calls it ("DISEASE"), or "".
        long_form: what a short form stands for, by the note itself or by the tables of clinical
            abbreviations ("SOB": "shortness of breath"), of chemical symbols ("Ca": "calcium") or
            of adjectives ("renal": "kidney"); it is looked up instead of `text`.
        proposed: true of a mention that is not a name, but consists of words that occur in names;
            kept only if its link is likely.
    """

    start: int
    end: int
    text: str
    label: str = ""
    long_form: str | None = None
    proposed: bool = False

    def __post_init__(self) -> None:
        if self.start < 0 or self.end - self.start != len(self.text):
            # Offsets only: a note's text never enters a message or a log.
            raise ValueError(
                f"mention [{self.start}, {self.end}) holds {counted(len(self.text), 'character')}"
            )

    @property
    def query(self) -> str:
        """The string that is looked up: the long form if there is one, otherwise the text."""
        return self.text if self.long_form is None else self.long_form


class Codes(dict[str, tuple[str, ...]]):
    """A concept's codes by vocabulary: a dictionary that cannot be changed, since links share it.

    Every copy of it, by `dict`, `copy` or `pickle`, is a plain dictionary.
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(
            "the links to a concept share its codes; change a copy: dict(candidate.codes)"
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


@dataclass(frozen=True, slots=True, repr=False)
class Candidate:
    """A concept offered for a mention.

    Attributes:
        matched_name: the name nearest to the mention, as the terminology writes it.
        score: the cosine of the two, in [-1, 1]; higher is better.
        probability: calibrated, in [0, 1]. The probabilities of a mention's candidates sum to at
            most 1, and the rest belongs to NIL. In an index of several terminologies, this holds
            for the candidates of each.
        codes: see `Concept`. Shared with other links, so they cannot be changed; a copy can:
            `dict(candidate.codes)`.
        features: what the ranker saw of it and what else counted, by the names in
            `linker.link.ranking.features.REASONS`; empty if the ranker did not look at it, as it
            weighs only the first dozen of a mention's candidates.
    """

    concept_id: str
    preferred_name: str
    matched_name: str
    score: float
    probability: float
    semantic_types: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    features: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        by = f"by the name {self.matched_name!r}, score {self.score:.2f}"
        return f"<Candidate {_named(self)}, {by}>"


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """A mention and the concept that it names.

    Attributes:
        concept_id: the first candidate's id, or None for NIL: no concept fits well enough.
        candidates: best first, ties broken by concept id. A NIL link keeps its candidates, so that
            a reviewer sees what was rejected.
        assertion: one truth value for each of `ASSERTIONS`.
    """

    mention: Mention
    concept_id: str | None
    candidates: tuple[Candidate, ...] = ()
    assertion: Mapping[str, bool] = field(
        default_factory=lambda: dict.fromkeys(ASSERTIONS, False), hash=False
    )

    def __post_init__(self) -> None:
        if self.concept_id is not None and (
            not self.candidates or self.candidates[0].concept_id != self.concept_id
        ):
            raise ValueError(f"{self.concept_id} is linked but is not the first candidate")

    def __repr__(self) -> str:
        # A list of them is read in a notebook: a line each, not all candidates with their codes.
        mention, best = self.mention, self.best
        named = [] if self.concept_id is not None else ["NIL"] if best is None else ["NIL, not"]
        if best is not None:
            named.append(_named(best))
        said = [f", {name}" for name, is_so in self.assertion.items() if is_so]
        where = f"[{mention.start}, {mention.end}) {mention.text!r}"
        return f"<Link {where}: {' '.join(named)}{''.join(said)}>"

    @property
    def best(self) -> Candidate | None:
        """The first candidate, linked or rejected; None if nothing was found at all."""
        return self.candidates[0] if self.candidates else None

    @property
    def preferred_name(self) -> str | None:
        """The preferred name of the linked concept; None for NIL."""
        return None if self.concept_id is None else self.candidates[0].preferred_name

    @property
    def probability(self) -> float:
        """The first candidate's probability, in [0, 1]; 0 if there is no candidate."""
        return self.candidates[0].probability if self.candidates else 0.0

    @property
    def why(self) -> tuple[str, ...]:
        """In words: what was looked up, how a name matched, what else decided, what came next."""
        return reasons(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the shape of a link of `annotate --format jsonl`.

        `score` and `probability` are rounded to 6 places. For NIL, `concept_id` and
        `preferred_name` are None, and `score` and `probability` are those of the best candidate,
        which was rejected. `dataclasses.asdict` gives all fields unchanged, including features.
        """
        return link_record(self)


def _named(candidate: Candidate) -> str:
    """How a candidate is shown, alone and in its link."""
    return f"{candidate.concept_id} {candidate.preferred_name!r} {candidate.probability:.2f}"

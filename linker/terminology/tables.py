"""The two tables that every terminology becomes: concepts, and names.

Readers of small files add concept by concept to a `TableBuilder`; readers that join large files
hand over Arrow tables of these schemas, which may be memory-mapped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import cast

import pyarrow as pa

from linker.errors import TerminologyError
from linker.terminology.bad_rows import NO_PARENT


class NameKind(str, Enum):
    """How a name stands to its concept, nearest first."""

    PREFERRED = "preferred"
    EXACT = "exact"
    ABBREVIATION = "abbreviation"
    NARROW = "narrow"
    BROAD = "broad"
    RELATED = "related"


Form = tuple[str, NameKind | None]
"""What people write for a name, and its kind. PREFERRED: as good as the name itself. None: as good,
but never preferred."""


CONCEPTS = pa.schema(
    [
        pa.field("concept_id", pa.string(), nullable=False),
        pa.field("preferred_name", pa.string(), nullable=False),
        pa.field("definition", pa.string()),
        pa.field("semantic_types", pa.list_(pa.string()), nullable=False),
        pa.field("parents", pa.list_(pa.string()), nullable=False),
        # Pairs, not a map: one vocabulary may give several codes.
        pa.field(
            "codes",
            pa.list_(pa.struct([("vocabulary", pa.string()), ("code", pa.string())])),
            nullable=False,
        ),
        # "active", or "retired": an id that is kept only so that it can be looked up.
        pa.field("status", pa.string(), nullable=False),
        pa.field("replaced_by", pa.string()),
    ]
)
"""One row a concept id, retired and alternative ids among them (`replaced_by` says what by)."""

NAMES = pa.schema(
    [
        pa.field("concept_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
    ]
)
"""One row a name of a concept, the preferred one among them; retired ids have none."""


FORMS = pa.schema(
    [
        pa.field("concept_id", pa.string(), nullable=False),
        pa.field("form", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
    ]
)
"""One row a form of a name: what people write for it, and the name that it comes from."""


@dataclass(frozen=True, slots=True)
class Release:
    """What was read: it travels into the index's manifest.

    Attributes:
        terminology: what people call it ("Human Phenotype Ontology").
        version: the release as the source states it ("2025-01-16"), or "" if it does not say.
        licence: the terms under which the source may be used, or "" if it does not say.
        source: the reader's name ("obo").
        filters: what was left out, by option.
        skipped: how many rows or terms were left out, by reason.
        parts: the terminologies that were put together, if this is more than one.
    """

    terminology: str
    version: str
    licence: str
    source: str
    filters: Mapping[str, object] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows or terms were left out of it and its parts together, by reason."""
        counts = Counter(self.skipped)
        for part in self.parts:
            counts.update(part.skipped)
        return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True, slots=True)
class Part:
    """One of the terminologies that were put together, and what of it there is.

    Attributes:
        prefix: what was put before its ids, or "".
        concepts, retired, names: how many active concepts, retired ids, and names of concepts.
    """

    terminology: str
    version: str
    licence: str
    source: str
    filters: Mapping[str, object]
    skipped: Mapping[str, int]
    prefix: str
    concepts: int
    retired: int
    names: int


@dataclass(frozen=True, slots=True)
class Terminology:
    """A release and its two tables, with the schemas `CONCEPTS` and `NAMES`.

    Attributes:
        forms: what `linker.terminology.forms.derive` made of the names, with the schema `FORMS`.
    """

    release: Release
    concepts: pa.Table
    names: pa.Table
    forms: pa.Table = field(default_factory=FORMS.empty_table)

    def __post_init__(self) -> None:
        tables = ((self.concepts, CONCEPTS), (self.names, NAMES), (self.forms, FORMS))
        for table, schema in tables:
            if not table.schema.equals(schema):
                raise ValueError(f"table has the columns {table.schema.names}, not {schema.names}")


def sole_claimants(claimants: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The concept of each alternative id that one alone claims; what several do leads to none.

    Args:
        claimants: the concepts that have an id as an alternative one.
    """
    return {
        other: next(iter(concept_ids))
        for other, concept_ids in claimants.items()
        if len(concept_ids) == 1
    }


class TableBuilder:
    """Collects concepts one by one, checks them, and gives the two tables.

    Args:
        where: the file being read, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._concepts: dict[str, list[object]] = {field.name: [] for field in CONCEPTS}
        self._names: dict[str, list[str]] = {field.name: [] for field in NAMES}
        self._seen: dict[str, str] = {}

    def add(
        self,
        concept_id: str,
        preferred_name: str,
        *,
        names: Sequence[tuple[str, NameKind]] = (),
        definition: str | None = None,
        semantic_types: Sequence[str] = (),
        parents: Sequence[str] = (),
        codes: Sequence[tuple[str, str]] = (),
        at: str = "",
    ) -> None:
        """Add an active concept. Repeated names, types, parents and codes are kept once.

        A parent that is the concept itself is left out.

        Args:
            names: the further names, each with its kind; blank ones are ignored.
            codes: pairs of vocabulary and code.
            at: the place in the file, for messages: a line number ("12"), or words ("term 12").

        Raises:
            TerminologyError: the id or the preferred name is blank, or the id was added before.
        """
        concept_id, preferred_name = concept_id.strip(), " ".join(preferred_name.split())
        if not concept_id or not preferred_name:
            missing = "id" if not concept_id else "name"
            raise TerminologyError(
                f"{self._place(at)}: concept {concept_id!r} has no {missing}; "
                "each needs an id and a name"
            )
        self._claim(concept_id, at)
        seen = {preferred_name: NameKind.PREFERRED}
        for name, kind in names:
            name = " ".join(name.split())
            if name:
                seen.setdefault(name, kind)
        for name, kind in seen.items():
            for column, value in zip(
                self._names.values(), (concept_id, name, kind.value), strict=True
            ):
                column.append(value)
        row = (
            concept_id,
            preferred_name,
            (definition or "").strip() or None,
            list(dict.fromkeys(semantic_types)),
            [parent for parent in dict.fromkeys(parents) if parent != concept_id],
            [{"vocabulary": v, "code": c} for v, c in dict.fromkeys(codes)],
            "active",
            None,
        )
        self._append(row)

    def retire(
        self, concept_id: str, *, name: str = "", replaced_by: str | None, at: str = ""
    ) -> None:
        """Add an id that has no names of its own: obsolete, or an alternative id of another.

        An id that is already known is left alone: an active concept outranks another's alternative.
        """
        concept_id = concept_id.strip()
        if concept_id in self._seen:
            return
        self._claim(concept_id, at)
        self._append((concept_id, name or concept_id, None, [], [], [], "retired", replaced_by))

    def retire_alternatives(self, claimants: Mapping[str, Collection[str]]) -> None:
        """Add alternative ids: those of `sole_claimants`."""
        for other, concept_id in sole_claimants(claimants).items():
            self.retire(other, replaced_by=concept_id)

    def finish(self, release: Release) -> Terminology:
        """The two tables. `replaced_by` is followed to an active concept, or left empty.

        Parents that are not there stay, for another terminology of the index may have them; they
        are counted in the release.

        Raises:
            TerminologyError: no concept was added.
        """
        if not self._names["name"]:
            raise TerminologyError(
                f"{self._where}: no concept found; is this the right file and source format?"
            )
        self._follow_replacements()
        missing = sum(
            parent not in self._seen
            for parents in self._concepts["parents"]
            for parent in cast("list[str]", parents)
        )
        if missing:
            release = replace(release, skipped={**release.skipped, NO_PARENT: missing})
        return Terminology(
            release,
            pa.table(self._concepts, schema=CONCEPTS),
            pa.table(self._names, schema=NAMES),
        )

    def __contains__(self, concept_id: str) -> bool:
        return concept_id in self._seen

    def _claim(self, concept_id: str, at: str) -> None:
        if concept_id in self._seen:
            first = self._seen[concept_id]
            first = f", first at {f'line {first}' if first.isdigit() else first}" if first else ""
            raise TerminologyError(
                f"{self._place(at)}: concept {concept_id!r} occurs twice{first}; ids must be unique"
            )
        self._seen[concept_id] = at

    def _append(self, row: tuple[object, ...]) -> None:
        for column, value in zip(self._concepts.values(), row, strict=True):
            column.append(value)

    def _place(self, at: str) -> str:
        if at.isdigit():
            return f"{self._where}:{at}"
        return f"{self._where}: {at}" if at else self._where

    def _follow_replacements(self) -> None:
        """One retired id may lead to the next; none may lead nowhere, or in a circle."""
        column = self._concepts["replaced_by"]
        retired = {
            concept_id: successor
            for concept_id, status, successor in zip(
                self._concepts["concept_id"], self._concepts["status"], column, strict=True
            )
            if status == "retired"
        }
        for row, successor in enumerate(column):
            passed: set[object] = set()
            while successor in retired and successor not in passed:
                passed.add(successor)
                successor = retired[successor]
            known = successor in self._seen and successor not in retired
            column[row] = successor if known else None

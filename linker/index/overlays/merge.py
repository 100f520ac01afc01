"""Rows of overlays applied to a store, one by one: what comes out changed, and what they mean.

A name that a row gives to a concept is the house's: it means that concept by it (`_DECIDES`). One
that a row takes away without a concept means none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from linker.counted import counted
from linker.errors import TerminologyError
from linker.index.manifest import LeftOut, OverlayInfo
from linker.index.store.schema import CONCEPT_COLUMNS, NAME_COLUMNS, NamePair, kind_rank
from linker.index.store.store import Store
from linker.terminology import CONCEPTS, Contradictions, NameKind, Overlay, OverlayRow
from linker.text import normalise

PREFIX = "overlay-"
"""What the names of all files of overlays begin with."""

_DECIDES = (NameKind.PREFERRED, NameKind.EXACT, NameKind.ABBREVIATION)
"""Kinds of names by which the house means the concept, and no other."""

_LOCAL = pa.schema([("normal", pa.string()), ("concepts", pa.list_(pa.int32()))])
"""What the house means by a name: see `Store.local_names`."""


@dataclass(slots=True)
class _Concept:
    """A concept that a row changes or adds, with all its columns but the rows of its names."""

    values: dict[str, Any]
    is_new: bool


@dataclass(slots=True)
class _Tally:
    """What one overlay did; `means`: what it says that names mean, by their normal forms."""

    contradictions: Contradictions
    added: int = 0
    removed: int = 0
    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    followed: dict[str, str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    means: dict[str, set[str]] = field(default_factory=dict)


_Pair = tuple[str, NameKind, str, str | None]
"""A concept's id, kind, surface, form."""


def _refusal(overlay: Overlay, refused: Sequence[LeftOut]) -> TerminologyError:
    """The error of rows that cannot be laid: the first one's, and how many others there are."""
    first, *others = sorted(refused, key=lambda row: row.line)
    more = f"{counted(len(others), 'further row')} cannot be laid; " if others else ""
    return TerminologyError(
        f"{overlay.name}:{first.line}: {first.reason} "
        f"({more}--skip-unknown, in Python skip_unknown, leaves such rows out, and lists them)"
    )


class Merge:
    """Overlays, row by row, over a store: the rows of concepts and names that come out changed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._concepts: dict[str, _Concept] = {}
        self._pairs: dict[str, list[_Pair]] = {}
        self._local: dict[str, set[str]] = {}

    def lay(self, overlay: Overlay, *, strict: bool, left_out: Collection[int] = ()) -> OverlayInfo:
        """Apply an overlay.

        Args:
            strict: as `set_overlays`.
            left_out: lines that may be left out even so.

        Raises:
            TerminologyError: as `set_overlays`.
        """
        tally = _Tally(Contradictions(overlay.rows))
        new = {row.concept_id for row in overlay.rows if row.preferred_name} | {
            row.concept_id for row in overlay.rows if row.kind is NameKind.PREFERRED and row.name
        }
        rows = sorted(overlay.rows, key=lambda row: row.kind is None)
        refused: list[LeftOut] = []
        for row in rows:
            if not row.concept_id:
                tally.means[normalise(row.name)] = set()
                tally.removed += 1
                continue
            reason = self._apply(row, new, tally)
            if not reason:
                continue
            row_left_out = LeftOut(line=row.line, concept_id=row.concept_id, reason=reason)
            tally.left_out.append(row_left_out)
            if strict and row.line not in left_out:
                refused.append(row_left_out)
        if refused:
            raise _refusal(overlay, refused)
        # Of two overlays the later one says what a name means.
        self._local.update(tally.means)
        return OverlayInfo(
            name=overlay.name,
            sha256=overlay.sha256,
            file=f"{PREFIX}{overlay.sha256[:12]}-{overlay.name}",
            rows=len(overlay.rows),
            names_added=tally.added,
            names_removed=tally.removed,
            concepts_added=len(tally.new),
            concepts_changed=len(tally.changed - tally.new),
            followed=tally.followed,
            left_out=tuple(tally.left_out),
        )

    def _apply(self, row: OverlayRow, new: Collection[str], tally: _Tally) -> str:
        """Apply a row, or say why it cannot be, or what of it.

        Args:
            new: the ids that the overlay may add to the index.
        """
        concept_id = self._find(row.concept_id, new, tally)
        if concept_id is None:
            return (
                f"{row.concept_id!r} {self._absent(row.concept_id)}; correct the id, or give a "
                "preferred_name to add it as a new concept"
            )
        if reason := tally.contradictions.found(row, concept_id):
            return reason  # Two ids may have led to this concept.
        concept = self._open(concept_id, tally)
        if row.kind is None:
            return self._remove(concept, row.name, tally)
        values = concept.values
        parents = {parent: self._find(parent, new, tally) for parent in row.parents}
        before = values["preferred_name"], values["definition"]
        preferred = row.preferred_name or (row.name if row.kind is NameKind.PREFERRED else "")
        if preferred:
            self._prefer(concept, preferred, tally)
        if row.name:
            self._add(concept, row.name, row.kind, tally)
        values["definition"] = row.definition or values["definition"]
        is_changed = (values["preferred_name"], values["definition"]) != before
        lists: dict[str, Sequence[object]] = {
            "semantic_types": row.semantic_types,
            # An old id of the concept may stand among them.
            "parents": [parent for parent in parents.values() if parent not in (None, concept_id)],
            "codes": [{"vocabulary": v, "code": c} for v, c in row.codes],
        }
        for column, more in lists.items():
            for value in more:
                # Two ids may have led to one parent, and a code may be there twice.
                if value not in values[column]:
                    values[column].append(value)
                    is_changed = True
        if is_changed:
            tally.changed.add(concept_id)
        absent = next((parent for parent, found in parents.items() if found is None), None)
        return "" if absent is None else f"its parent {absent!r} {self._absent(absent)}; correct it"

    def _find(self, concept_id: str, new: Collection[str], tally: _Tally) -> str | None:
        """The active concept that an id leads to, or one of those that are new; else None."""
        if concept_id in self._concepts:
            return concept_id
        at = self.store.find(concept_id)
        if at is not None and self.store.is_active(at):
            found = self.store.concept_id(at)
            if found != concept_id:
                tally.followed[concept_id] = found
            return found
        return concept_id if concept_id in new else None

    def _absent(self, concept_id: str) -> str:
        """Why an id leads to no active concept."""
        at = self.store.row(concept_id)
        if at is None:
            return "is not a concept of the index"
        name = self.store.preferred_name(at)
        said = f" ({name!r})" if name != concept_id else ""
        return f"is retired{said}, and not replaced by one concept of the index"

    def _open(self, concept_id: str, tally: _Tally) -> _Concept:
        if concept_id not in self._concepts:
            at = self.store.find(concept_id)
            if at is None or not self.store.is_active(at):
                tally.new.add(concept_id)
                values: dict[str, Any] = dict.fromkeys(CONCEPTS.names)
                values |= {"concept_id": concept_id, "status": "active", "preferred_name": ""}
                values |= {"semantic_types": [], "parents": [], "codes": []}
                self._concepts[concept_id] = _Concept(values, is_new=at is None)
            else:
                self._concepts[concept_id] = _Concept(self.store.concept_values(at), is_new=False)
        return self._concepts[concept_id]

    def _pairs_of(self, normal: str) -> list[_Pair]:
        """The pairs of a name, as they are so far."""
        if normal not in self._pairs:
            row = self.store.name_row(normal)
            self._pairs[normal] = (
                [] if row is None else list(map(self._pair, self.store.pairs(row)))
            )
        return self._pairs[normal]

    def _pair(self, pair: NamePair) -> _Pair:
        return self.store.concept_id(pair.concept), pair.kind, pair.surface, pair.form

    def _add(self, concept: _Concept, name: str, kind: NameKind, tally: _Tally) -> None:
        concept_id = concept.values["concept_id"]
        pairs = self._pairs_of(normalise(name))
        if kind in _DECIDES:
            tally.means.setdefault(normalise(name), set()).add(concept_id)
        own = [pair for pair in pairs if pair[0] == concept_id and pair[3] is None]
        if any(pair[2] == name and pair[1] is kind for pair in own):
            return
        same = [pair for pair in own if pair[2] == name]
        if same and kind is NameKind.EXACT:
            return  # It is a name already; "exact" is what is meant where nothing is said.
        for pair in same:
            pairs.remove(pair)
        pairs.append((concept_id, kind, name, None))
        tally.added += not same

    def _prefer(self, concept: _Concept, name: str, tally: _Tally) -> None:
        values = concept.values
        former = values["preferred_name"]
        if former and former != name:
            pairs = self._pairs_of(normalise(former))
            for i, (owner, kind, surface, form) in enumerate(pairs):
                if owner == values["concept_id"] and kind is NameKind.PREFERRED:
                    pairs[i] = (owner, NameKind.EXACT, surface, form)
        values["preferred_name"] = name
        self._add(concept, name, NameKind.PREFERRED, tally)

    def _remove(self, concept: _Concept, name: str, tally: _Tally) -> str:
        """Take a name away, with the forms that were derived from it, or say why it cannot be."""
        concept_id, normal = concept.values["concept_id"], normalise(name)
        if normal == normalise(concept.values["preferred_name"]):
            return (
                f"{name!r} is the preferred name of {concept_id!r}; give the concept another "
                "preferred_name to take this one away"
            )
        at = self.store.find(concept_id)
        forms = () if at is None else map(self.store.normal, self.store.name_rows(at))
        found = False
        for own in {normal, *forms}:
            pairs = self._pairs_of(own)
            kept = [pair for pair in pairs if pair[0] != concept_id or normalise(pair[2]) != normal]
            found = found or len(kept) < len(pairs)
            self._pairs[own] = kept
        if self._local.get(normal) == {concept_id}:
            del self._local[normal]
        else:
            self._local.get(normal, set()).discard(concept_id)
        tally.removed += found
        return "" if found else f"{concept_id!r} has no name {name!r} to take away"

    @property
    def new_names(self) -> list[str]:
        """The normal forms that the store does not have, sorted."""
        return sorted(
            normal
            for normal, pairs in self._pairs.items()
            if pairs and self.store.name_row(normal) is None
        )

    def tables(self) -> tuple[pa.Table, pa.Table, pa.Table]:
        """What a layer holds: see `linker.index.overlays.layers.open_layer`.

        The rows of concepts and of names that are changed or new, each with its number, and what
        names mean here.
        """
        row_of = self._concept_numbers()
        names = self._name_values(row_of)
        local = [
            {"normal": normal, "concepts": sorted(map(row_of, concepts))}
            for normal, concepts in sorted(self._local.items())
        ]
        return (
            _numbered(self._concept_values(row_of, names), CONCEPT_COLUMNS),
            _numbered(names, NAME_COLUMNS),
            pa.Table.from_pylist(local, schema=_LOCAL),
        )

    def _concept_numbers(self) -> Callable[[str], int]:
        """How to find the row of a concept's id: new ones are numbered on from the store's last."""
        new_ids = sorted(key for key, concept in self._concepts.items() if concept.is_new)
        new = {key: self.store.n_concepts + i for i, key in enumerate(new_ids)}

        def row_of(concept_id: str) -> int:
            row = new.get(concept_id)
            row = self.store.row(concept_id) if row is None else row
            if row is None:
                raise KeyError(concept_id)
            return row

        return row_of

    def _name_values(self, row_of: Callable[[str], int]) -> list[dict[str, Any]]:
        """The columns of the names whose pairs were looked at, and their rows."""
        new = {name: self.store.n_names + i for i, name in enumerate(self.new_names)}
        names = []
        for normal, pairs in self._pairs.items():
            row = self.store.name_row(normal)
            row = new.get(normal) if row is None else row
            if row is None:  # Neither there before nor now.
                continue
            pairs.sort(key=lambda pair: (kind_rank(pair[1]), pair[0], pair[2], pair[3] or ""))
            listed = [
                {"concept": row_of(c), "kind": kind_rank(k), "surface": s, "form": f}
                for c, k, s, f in pairs
            ]
            names.append({"row": row, "normal": normal, "pairs": listed})
        return names

    def _concept_values(
        self, row_of: Callable[[str], int], names: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The columns of the concepts that were looked at, their rows, and those of their names."""
        touched = {name["row"] for name in names}
        owned: dict[int, set[int]] = {}
        for name in names:
            for pair in name["pairs"]:
                owned.setdefault(pair["concept"], set()).add(name["row"])
        concepts = []
        for key, concept in self._concepts.items():
            row, at = row_of(key), self.store.row(key)
            before = () if at is None else self.store.name_rows(at)
            rows = {name for name in before if name not in touched} | owned.get(row, set())
            concepts.append({**concept.values, "row": row, "name_rows": sorted(rows)})
        return concepts


def _numbered(values: list[dict[str, Any]], columns: pa.Schema) -> pa.Table:
    """Rows with their numbers, in the order of these."""
    return pa.Table.from_pylist(
        sorted(values, key=lambda value: value["row"]),
        schema=columns.append(pa.field("row", pa.int32())),
    )

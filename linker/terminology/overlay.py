"""A hospital's own names, codes and concepts, in a CSV: what is laid over an index.

Columns, of which only the first must be there:

    concept_id      the concept that the row is about
    name            a name of it
    kind            how the name stands to it: preferred, exact (default), abbreviation, narrow,
                    broad, related; or remove, which takes the name away from the concept, and in a
                    row with no concept_id from all: that string is no mention of anything
    preferred_name  what the concept is to be called; for an id that the terminology does not have,
                    this (or a name of kind preferred) makes the row a new concept
    semantic_types, parents, codes.VOCABULARY
                    added to the concept's own; several in one field are separated by "|"
    definition      takes the place of the concept's own
    note, note.ANY  yours: not read

A name of the first three kinds decides: it is linked to this concept before all others.

A row may have a name, or something else to say of its concept, or both. Several rows may be of one
concept. The file may be compressed, and separated by tabs or semicolons, as for the reader `table`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.steps import Silent
from linker.terminology.bad_rows import BadRows
from linker.terminology.release_files import translated
from linker.terminology.table.columns import CODES
from linker.terminology.table.separated import separated_rows
from linker.terminology.table.values import as_meant, refuse_error, refuse_rounded
from linker.terminology.tables import NameKind
from linker.text import normalise

REMOVE = "remove"
_COLUMNS = (
    "concept_id",
    "name",
    "kind",
    "preferred_name",
    "semantic_types",
    "definition",
    "parents",
)
_NOTE = "note"
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class OverlayRow:
    """A row of an overlay.

    Attributes:
        line: where it begins in the file, from 1.
        concept_id: the concept that the row is about; "" to say that a name means none.
        name: a name of the concept, or "".
        kind: how the name stands to the concept; None to take the name away.
        preferred_name: what the concept is to be called, or "".
        codes: pairs of vocabulary and code.
    """

    line: int
    concept_id: str
    name: str = ""
    kind: NameKind | None = NameKind.EXACT
    preferred_name: str = ""
    definition: str = ""
    semantic_types: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay as it was read.

    Attributes:
        name: the file's name, without its folder: an overlay of the same name takes its place.
        sha256: of the file's bytes, in hexadecimal.
        content: the file's bytes.
    """

    name: str
    sha256: str
    content: bytes
    rows: tuple[OverlayRow, ...]


def read_overlay(path: str | Path, *, name: str | None = None) -> Overlay:
    """Read an overlay.

    Args:
        name: what to call it, if not as the file.

    Raises:
        TerminologyError: the file cannot be read, a column is unknown or missing, or a row says
            nothing, or something that cannot be.
    """
    path = Path(path)
    if path.is_dir():
        raise TerminologyError(f"{path}: a folder, expected a CSV file")
    with translated(path):
        content = path.read_bytes()
    lines = separated_rows(path, None, BadRows(None), Silent())
    line, header = next(lines)
    columns = _columns(header, f"{path}:{line}")
    rows = tuple(
        _row(
            {column: as_meant(" ".join(cells[i].split())) for column, i in columns.items()},
            path,
            number,
        )
        for number, cells in lines
    )
    contradictions = Contradictions(rows)
    for row in rows:
        if reason := contradictions.found(row, row.concept_id):
            raise TerminologyError(f"{path}:{row.line}: {reason}")
    digest = hashlib.sha256(content).hexdigest()
    return Overlay(path.name if name is None else name, digest, content, rows)


def _columns(header: Sequence[str], where: str) -> dict[str, int]:
    known = ", ".join((*_COLUMNS, f"{CODES}VOCABULARY", f"{_NOTE}.ANY"))
    columns: dict[str, int] = {}
    for i, column in enumerate(header):
        if column == _NOTE or column.startswith(f"{_NOTE}."):
            continue
        if column in columns:
            raise TerminologyError(f"{where}: column {column!r} occurs twice; keep one")
        if column not in _COLUMNS and not (column.startswith(CODES) and column != CODES):
            raise TerminologyError(
                f"{where}: unknown column {column!r}; known: {known}; correct it, or call it "
                f"{_NOTE}.{column} if it is yours"
            )
        columns[column] = i
    if "concept_id" not in columns:
        found = ", ".join(map(repr, header))
        raise TerminologyError(f"{where}: no column 'concept_id'; found: {found}; known: {known}")
    return columns


def _row(cells: dict[str, str], path: Path, line: int) -> OverlayRow:
    where = f"{path}:{line}"
    given = {column for column, cell in cells.items() if cell} - {"concept_id", "kind"}
    kind = cells.get("kind", "").lower()
    if not cells["concept_id"] and kind != REMOVE:
        raise TerminologyError(
            f"{where}: blank concept_id; each row is about a concept, but for one of kind "
            f"{REMOVE}, whose name means none"
        )
    for column, cell in cells.items():
        for value in _values(cell):
            refuse_error(column, value, where)
        if column in ("concept_id", "parents") or column.startswith(CODES):
            refuse_rounded(column, _values(cell), where)
    if not given:
        raise TerminologyError(
            f"{where}: nothing but a concept_id; give a name, a code, or what else there is to say"
        )
    if kind and not cells.get("name"):
        raise TerminologyError(f"{where}: kind {kind!r} without a name; give the name")
    for column in ("name", "preferred_name"):
        if cells.get(column) and not normalise(cells[column]):
            raise TerminologyError(f"{where}: {column} holds no character that can be read")
    if kind == REMOVE and given != {"name"}:
        raise TerminologyError(
            f"{where}: a row that takes a name away says something else as well "
            f"({', '.join(sorted(given - {'name'}))}); give that a row of its own"
        )
    if kind and kind != REMOVE and kind not in {known.value for known in NameKind}:
        allowed = ", ".join([*(known.value for known in NameKind), REMOVE])
        raise TerminologyError(f"{where}: unknown kind {kind!r}; known: {allowed}")
    return OverlayRow(
        line=line,
        concept_id=cells["concept_id"],
        name=cells.get("name", ""),
        kind=None if kind == REMOVE else NameKind(kind) if kind else NameKind.EXACT,
        preferred_name=cells.get("preferred_name", ""),
        definition=cells.get("definition", ""),
        semantic_types=_values(cells.get("semantic_types", "")),
        parents=_values(cells.get("parents", "")),
        codes=tuple(
            (column.removeprefix(CODES), value)
            for column, cell in cells.items()
            if column.startswith(CODES)
            for value in _values(cell)
        ),
    )


def _values(cell: str) -> tuple[str, ...]:
    return tuple(as_meant(value) for value in cell.split(_SEPARATOR) if value.strip())


class Contradictions:
    """What contradicts a row: no name is both given to a concept and taken away, no concept has two
    preferred ones, and what means no concept is a name of none.

    Asked of each row in turn: by the reader, and of the concepts that retired ids have led to.
    """

    def __init__(self, rows: Sequence[OverlayRow]) -> None:
        self._nothing = {normalise(row.name): row.line for row in rows if not row.concept_id}
        self._named: dict[tuple[str, str], OverlayRow] = {}
        self._preferred: dict[str, tuple[str, int]] = {}

    def found(self, row: OverlayRow, concept_id: str) -> str:
        """What of the rows before contradicts one that is about a concept, or ""."""
        if row.name:
            first = self._named.setdefault((concept_id, normalise(row.name)), row)
            if (first.kind is None) != (row.kind is None):
                return (
                    f"the name {row.name!r} is both given to {concept_id!r} and taken away "
                    f"(line {first.line}); keep one of the two"
                )
        for given in filter(None, (row.name, row.preferred_name)):
            line = self._nothing.get(normalise(given), 0)
            if line and row.kind is not None:
                return (
                    f"the name {given!r} is given to {concept_id!r}, and means no concept on line "
                    f"{line}; keep one of the two"
                )
        wanted = row.preferred_name or (row.name if row.kind is NameKind.PREFERRED else "")
        if wanted:
            name, line = self._preferred.setdefault(concept_id, (wanted, row.line))
            if name != wanted:
                return (
                    f"{concept_id!r} is to be called {wanted!r}, but {name!r} on line {line}; a "
                    "concept has one preferred name"
                )
        return ""

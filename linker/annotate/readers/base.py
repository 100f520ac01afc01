"""What readers of notes share: a file, what is wrong with a note of it, the choice of columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from linker.schema import Note

if TYPE_CHECKING:
    from linker.annotate.readers.database import Database

CARRIED = ("person_id", "note_date", "note_datetime", "visit_occurrence_id", "subject")
"""What is kept of a note beside its id and text, for the formats that have a place for it: columns
of OMOP's NOTE, and the subject of a FHIR DocumentReference."""


@dataclass(frozen=True, slots=True)
class BadNote:
    """A note that cannot be read: where it stands and why. It never holds any of its text.

    Attributes:
        id: the note's id as far as known, else None.
        file: the file it stands in, or None for a note that was read but not annotated.
        line: its line, from 1, or None for a file that is one note; for Parquet its row.
        reason: what was found, what was expected.
    """

    id: str | None
    file: str | None
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A file of notes: the id that its note has if it is one note, and its bytes.

    Attributes:
        path: the file; None for what comes on stdin.
        id: its name without the ending; in a folder, with the subfolders before it.
        size: in bytes; 0 for stdin and for a database.
        database: what is asked of a database, if it is no file.
        modified: when it was written, in seconds since 1970; None where that is not known.
        unread: why it cannot be read, if that was found before; a folder may be such a file.
    """

    path: Path | None
    id: str
    size: int
    database: Database | None = None
    modified: float | None = None
    unread: str | None = None

    @property
    def name(self) -> str:
        """The file, for messages."""
        if self.database is not None:
            return self.database.name
        return "stdin" if self.path is None else str(self.path)

    def bad(self, note_id: str | None, line: int | None, reason: str) -> BadNote:
        """A note of this file that cannot be read."""
        return BadNote(note_id, self.name, line, reason)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table of notes that hold id and text; None: found by their usual names."""

    id: str | None = None
    text: str | None = None


Lines = Iterator[tuple[int | None, Note | BadNote]]
"""Notes with the line that each stands in, from 1."""

Reader = Callable[[NoteFile, IO[bytes], Columns], Lines]
"""Reads an opened, unpacked file. What is wrong with one note is a `BadNote`; what is wrong with
the whole file so that another option would help (no such column) is a `NoteError`."""


def note_of(
    data: Mapping[str, object], id_key: str, text_key: str
) -> Note | tuple[str | None, str]:
    """The note of a row or object, or its id, as far as known, and what is wrong with it."""
    note_id = data.get(id_key)
    if isinstance(note_id, bool) or not isinstance(note_id, str | int):
        found = _described(data, id_key)
        return None, f"{id_key} is {found}, expected a string or a whole number"
    text = data.get(text_key)
    if not isinstance(text, str):
        found = _described(data, text_key)
        return str(note_id), f"{text_key} is {found}, expected a string"
    return Note(str(note_id), text, carried(data))


def carried(data: Mapping[str, Any]) -> dict[str, str]:
    """What is kept of a row or object beside id and text."""
    return {key: str(data[key]) for key in CARRIED if data.get(key) not in (None, "")}


def _described(data: Mapping[str, object], key: str) -> str:
    return f"of type {type(data[key]).__name__}" if key in data else "missing"

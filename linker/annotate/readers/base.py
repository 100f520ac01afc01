"""What readers of notes share: a file, what is wrong with a note of it, the choice of columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

from linker.formats.cells import EXACT, as_text, as_whole, is_rounded
from linker.formats.lines import bad_byte
from linker.schema import Note

if TYPE_CHECKING:
    from linker.annotate.readers.database import Database

CARRIED = ("person_id", "note_date", "note_datetime", "visit_occurrence_id", "subject")
"""What is kept of a note beside its id and text, for the formats that have a place for it: columns
of OMOP's NOTE, and the subject of a FHIR DocumentReference."""


ENTERED_IN_ERROR = "is entered-in-error: the document is not to be used"
DELETED = "the document is deleted"
WITHDRAWN = (ENTERED_IN_ERROR, DELETED)
NO_TEXT = "is of type NoneType, expected a string"
"""How the reasons end for a document that was withdrawn, and for a note whose text is null."""


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
        carried: what its place says of each of its notes, where they do not: see `CARRIED`.
    """

    path: Path | None
    id: str
    size: int
    database: Database | None = None
    modified: float | None = None
    unread: str | None = None
    carried: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """The file, for messages."""
        if self.database is not None:
            return self.database.name
        return "stdin" if self.path is None else str(self.path)

    def bad(self, note_id: str | None, line: int | None, reason: str) -> BadNote:
        """A note of this file that cannot be read."""
        return BadNote(note_id, self.name, line, reason)

    def item(self, line: int | None, note: Note | tuple[str | None, str]) -> Note | BadNote:
        """What `note_of` found at a line."""
        return note if isinstance(note, Note) else self.bad(note[0], line, note[1])


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns, or keys, of notes that hold id and text; None: found by their usual names."""

    id: str | None = None
    text: str | None = None


Lines = Iterator[tuple[int | None, Note | BadNote]]
"""Notes with the line that each stands in, from 1."""

Reader = Callable[[NoteFile, IO[bytes], Columns], Lines]
"""Reads an opened, unpacked file. What is wrong with one note is a `BadNote`; what is wrong with
the whole file so that another option would help (no such column) is a `NoteError`."""


ID_COLUMNS = ("note_id", "id", "doc_id", "document_id", "row_id", "key")
TEXT_COLUMNS = ("note_text", "text", "note", "document", "content", "body")
"""The usual names of columns and keys, in any case; the first that there is is taken."""


def known_column(name: str) -> str | None:
    """What a column is to us, if it is one that is carried along."""
    key = name.strip().casefold()
    return key if key in CARRIED else None


def column_of(names: Collection[str], asked: str | None, usual: Sequence[str]) -> str | None:
    """The name among some that was asked for, else the usual one; in any case, or None."""
    if asked is not None and asked in names:
        return asked
    by_key = {name.strip().casefold(): name for name in reversed(list(names))}
    wanted = usual if asked is None else [asked.casefold()]
    return next((by_key[key] for key in wanted if key in by_key), None)


def both_are(name: str) -> str:
    """What is wrong where one column or key is to be id and text: ids stand in lists of errors."""
    return f"{name!r} is to be both id and text; give another --id-column or --text-column"


def note_of(
    data: Mapping[str, object], id_key: str, text_key: str
) -> Note | tuple[str | None, str]:
    """The note of a row or object, or its id, as far as known, and what is wrong with it."""
    note_id = _id(data.get(id_key))
    if note_id is None:
        found = _described(data, id_key, "--id-column")
        return None, f"{id_key} is {found}expected a string or a whole number"
    text = data.get(text_key)
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            return note_id, f"{text_key} is {bad_byte(error)}"
    if not isinstance(text, str):
        found = _described(data, text_key, "--text-column")
        return note_id, f"{text_key} is {found}expected a string"
    return Note(note_id, text, carried(data))


def carried(data: Mapping[str, Any]) -> dict[str, str]:
    """What is kept of a row or object beside id and text."""
    found = {key: as_text(data[key]) for key in CARRIED if key in data}
    return {key: value for key, value in found.items() if value}


def _id(value: object) -> str | None:
    if isinstance(value, bytes):
        # As a text may be: strings that are not said to be strings.
        with suppress(UnicodeDecodeError):
            return value.decode()
        return None
    if isinstance(value, str):
        return None if is_rounded(value) else value
    if isinstance(value, UUID):
        return str(value)
    whole = as_whole(value)
    if whole is None or (isinstance(value, float) and abs(value) > EXACT):
        return None
    return str(whole)


def _described(data: Mapping[str, object], key: str, option: str) -> str:
    if key not in data:
        return f"missing ({option} says what it is called), "
    value = data[key]
    if isinstance(value, float) and as_whole(value) is not None:
        return f"a float of more than {EXACT:,}, which may have been rounded, "
    if isinstance(value, str) and is_rounded(value):
        return "a number that a spreadsheet has rounded (export ids as text), "
    return f"of type {type(value).__name__}, "

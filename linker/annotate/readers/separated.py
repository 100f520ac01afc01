"""Notes in CSV and TSV, a row each (RFC 4180)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO

from linker.annotate.readers.base import BadNote, Columns, Lines, NoteFile, note_of
from linker.annotate.readers.table import kept_columns, note_columns
from linker.counted import counted
from linker.errors import NoteError
from linker.formats.lines import FROM_WINDOWS, other_than_text
from linker.formats.separated import (
    NUL,
    RETURN,
    allow_long_fields,
    delimiter_of,
    returns_kept,
    said_delimiter,
)
from linker.schema import Note

_STOP = (
    "where its fields end cannot be told, so that neither it nor the rows after it are read; "
    "{why} Correct the file, and annotate it again onto the same output"
)
_OPEN = 'is a quote not closed, or one inside a text not written twice ("")?'
_ESCAPED = (
    "a quote stands behind a backslash, as Spark and MySQL write it; Spark doubles it with "
    """.option("escape", '"')."""
)

_NAME = re.compile(r"[^\W\d]\w*(?:[ ./-]\w+){0,3}")
_NAME_LENGTH = 40
# A name of several words says last what it is a name of: "Patient ID". A short note does not.
_OF_SEVERAL = re.compile(r"\S+|.* (?:id|key|date|time|name|type|text)", re.IGNORECASE)
_OF_NAMES = re.compile(
    r"(?:^|[\W_])(?:id|key|nr|no|code|date|time|name|type|text|note|person|patient|document|report)s?"
    r"(?:$|[\W_])",
    re.IGNORECASE,
)


def read_csv(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a row a note (RFC 4180); the first row names the columns.

    Where that has no comma, fields are parted by what it has: semicolons, tabs or bars.
    """
    yield from _read_separated(file, opened, columns, ",")


def read_tsv(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """The same, with tabs between the fields."""
    yield from _read_separated(file, opened, columns, "\t")


def _read_separated(file: NoteFile, opened: IO[bytes], columns: Columns, delimiter: str) -> Lines:
    # Bytes that are not UTF-8 become lone surrogates here, so that only their own row is lost.
    text = io.TextIOWrapper(opened, encoding="utf-8-sig", errors="surrogateescape", newline="")
    allow_long_fields()
    try:
        first = text.readline()
        other = other_than_text(first.encode(errors="surrogateescape"))
        if other is not None:
            yield 1, file.bad(None, 1, "; ".join(other))
            return
        before = 0
        while first and not first.strip():
            first, before = text.readline(), before + 1
        said = said_delimiter(first)
        if said is not None:
            first, before = text.readline(), before + 1
        lines: Iterable[str] = chain([first] if first else [], text)
        if first.endswith("\n"):
            lines = returns_kept(lines)
        parted_by = delimiter_of(first, delimiter) if said is None else said
        yield from _csv_notes(file, _Rows(lines, parted_by, before=before), columns)
    finally:
        # Else it closes what it does not own.
        text.detach()


class _Rows:
    """The rows of a CSV file, and what is to be known of the one given last.

    Args:
        before: lines of the file that stand before these.

    Attributes:
        line: the line on which it begins, from 1.
    """

    def __init__(self, text: Iterable[str], delimiter: str, *, before: int = 0) -> None:
        self._before = before
        self._read: list[str] = []
        self._rows = csv.reader(self._kept(text), delimiter=delimiter, strict=True)
        self._quoted = re.compile(rf'(?:^|{re.escape(delimiter)})"')
        self.line = 0

    def _kept(self, text: Iterable[str]) -> Iterator[str]:
        for line in text:
            self._read.append(line)
            yield line.replace("\0", NUL)

    def next(self) -> list[str] | None:
        """The next row; None at the end.

        Raises:
            csv.Error: its quotes are broken.
        """
        self._read.clear()
        # A row begins on the line after that on which the one before it ended.
        self.line = self._before + self._rows.line_num + 1
        row = next(self._rows, None)
        if row is None:
            return None
        return [field.replace(RETURN, "\r").replace(NUL, "\0") for field in row]

    def stop(self, reason: str) -> str:
        """What is said of the row if none after it can be read either."""
        why = _ESCAPED if '\\"' in "".join(self._read) else _OPEN
        return f"{reason}; {_STOP.format(why=why)}"

    def is_quoted(self) -> bool:
        """Whether a field of the row begins with a quote."""
        return self._quoted.search("".join(self._read)) is not None


def _csv_notes(file: NoteFile, rows: _Rows, columns: Columns) -> Lines:
    try:
        header = rows.next()
    except csv.Error as error:
        raise NoteError(f"{file.name}:{rows.line}: no row of column names ({error})") from error
    if header is None:
        return
    id_column, text_column = note_columns(file, header, columns, has=_told(header))
    kept = kept_columns(header, id_column, text_column)
    # Some programs write a delimiter at the end of each row, and none after the names, or so.
    least = 1 + max(i for i, name in enumerate(header) if name or i in kept)
    expected = f"{least} to {len(header)}" if least < len(header) else f"{least}"
    while True:
        try:
            row = rows.next()
        except csv.Error as error:
            yield rows.line, file.bad(None, rows.line, rows.stop(f"not CSV ({error})"))
            return
        if row is None:
            return
        line = rows.line
        if not row:
            continue
        if len(row) < least or any(row[len(header) :]):
            reason = f"{counted(len(row), 'field')}, expected {expected}"
            if rows.is_quoted():
                # Perhaps a quote in the text ended a field: the rest of the note would be rows.
                yield line, file.bad(None, line, rows.stop(reason))
                return
            yield line, file.bad(None, line, reason)
            continue
        note = note_of({name: row[i] for i, name in kept.items()}, id_column, text_column)
        yield line, _in_utf8(file, line, note)


def _told(header: Sequence[str]) -> str:
    """What a message may say of the first row: a file without column names has a note there."""
    names = [name.strip() for name in header]
    if len(names) == 1:
        return "its first row is one field; fields are parted by commas, semicolons, tabs or bars"
    if all(
        len(name) <= _NAME_LENGTH and _NAME.fullmatch(name) and _OF_SEVERAL.fullmatch(name)
        for name in names
    ) and any(map(_OF_NAMES.search, names)):
        return f"it has {', '.join(names[:20])}"
    return f"its first row, of {counted(len(names), 'field')}, seems to name no columns"


def _in_utf8(file: NoteFile, line: int, note: Note | tuple[str | None, str]) -> Note | BadNote:
    if not isinstance(note, Note):
        return file.item(line, note)
    for what, value in (("id", note.id), ("text", note.text)):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            byte = ord(value[error.start]) - 0xDC00
            at = f"byte 0x{byte:02x} at character {error.start}"
            reason = f"its {what} is not UTF-8: {at}; {FROM_WINDOWS}"
            return file.bad(None if what == "id" else note.id, line, reason)
    if not note.id:
        return file.bad(None, line, "its id is empty")
    return note

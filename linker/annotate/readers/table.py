"""Tables of notes, a row each: CSV, TSV and Parquet; OMOP's NOTE among them.

OMOP CDM v5.4, table NOTE: https://ohdsi.github.io/CommonDataModel/cdm54.html#note.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.annotate.readers.base import (
    ID_COLUMNS,
    TEXT_COLUMNS,
    BadNote,
    Columns,
    Lines,
    NoteFile,
    column_of,
    known_column,
    note_of,
)
from linker.errors import NoteError
from linker.formats.lines import FROM_LATIN_1
from linker.formats.separated import (
    RETURN,
    UTF_16,
    allow_long_fields,
    delimiter_of,
    returns_kept,
    said_delimiter,
)
from linker.schema import Note

BATCH_ROWS = 256

_STOP = (
    "where its fields end cannot be told, so that neither it nor the rows after it are read; is a "
    'quote not closed, or one inside a text not written twice ("")? Correct the file, and annotate '
    "it again onto the same output"
)

# Bytes that are not UTF-8 are lone surrogates here.
_UTF_16_MARKS = ("\udcff\udcfe", "\udcfe\udcff")

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
        if first.startswith(_UTF_16_MARKS):
            yield 1, file.bad(None, 1, UTF_16)
            return
        said = said_delimiter(first)
        if said is not None:
            first = text.readline()
        lines: Iterable[str] = chain([first] if first else [], text)
        if first.endswith("\n"):
            lines = returns_kept(lines)
        parted_by = delimiter_of(first, delimiter) if said is None else said
        yield from _csv_notes(file, _Rows(lines, parted_by, before=said is not None), columns)
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
            yield line

    def next(self) -> list[str] | None:
        """The next row; None at the end.

        Raises:
            csv.Error: its quotes are broken.
        """
        self._read.clear()
        # A row begins on the line after that on which the one before it ended.
        self.line = self._before + self._rows.line_num + 1
        row = next(self._rows, None)
        return None if row is None else [field.replace(RETURN, "\r") for field in row]

    def is_quoted(self) -> bool:
        """Whether a field of the row begins with a quote."""
        return self._quoted.search("".join(self._read)) is not None


def _csv_notes(file: NoteFile, rows: _Rows, columns: Columns) -> Lines:
    try:
        header = rows.next()
    except csv.Error as error:
        raise NoteError(f"{file.name}:1: no row of column names ({error})") from error
    if header is None:
        return
    id_column, text_column = note_columns(file, header, columns, has=_told(header))
    kept = kept_columns(header, id_column, text_column)
    while True:
        try:
            row = rows.next()
        except csv.Error as error:
            yield rows.line, file.bad(None, rows.line, f"not CSV ({error}); {_STOP}")
            return
        if row is None:
            return
        line = rows.line
        if not row:
            continue
        if len(row) != len(header):
            reason = f"{len(row)} fields, expected {len(header)}"
            if rows.is_quoted():
                # Perhaps a quote in the text ended a field: the rest of the note would be rows.
                yield line, file.bad(None, line, f"{reason}; {_STOP}")
                return
            yield line, file.bad(None, line, reason)
            continue
        note = note_of({name: row[i] for i, name in kept.items()}, id_column, text_column)
        yield line, _in_utf8(file, line, note)


def _told(header: Sequence[str]) -> str:
    """What a message may say of the first row: a file without column names has a note there."""
    names = [name.strip() for name in header]
    if all(
        len(name) <= _NAME_LENGTH and _NAME.fullmatch(name) and _OF_SEVERAL.fullmatch(name)
        for name in names
    ) and any(map(_OF_NAMES.search, names)):
        return f"it has {', '.join(names[:20])}"
    return f"its first row, of {len(names)} fields, seems to name no columns"


def _in_utf8(file: NoteFile, line: int, note: Note | tuple[str | None, str]) -> Note | BadNote:
    if not isinstance(note, Note):
        return file.item(line, note)
    for what, value in (("id", note.id), ("text", note.text)):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            byte = ord(value[error.start]) - 0xDC00
            at = f"byte 0x{byte:02x} at character {error.start}"
            reason = f"its {what} is not UTF-8: {at}; {FROM_LATIN_1}"
            return file.bad(None if what == "id" else note.id, line, reason)
    if not note.id:
        return file.bad(None, line, "its id is empty")
    return note


def read_parquet(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a row a note, a row group at a time; lines are rows, from 1."""
    if not opened.seekable():
        raise NoteError(
            f"{file.name}: Parquet is read from its end, which stdin and compressed files do not "
            "give; name the .parquet file itself"
        )
    try:
        table = pq.ParquetFile(opened)
    except (pa.ArrowException, OSError) as error:
        reason = (
            f"not a Parquet file, or its footer is damaged ({type(error).__name__}); "
            "copy or write it again"
        )
        yield None, file.bad(None, None, reason)
        return
    id_column, text_column = note_columns(file, table.schema_arrow.names, columns)
    names = table.schema_arrow.names
    wanted = list(dict.fromkeys(names[i] for i in kept_columns(names, id_column, text_column)))
    first = 1
    for group in range(table.num_row_groups):
        last = first + table.metadata.row_group(group).num_rows - 1
        row = first
        try:
            for batch in table.iter_batches(BATCH_ROWS, row_groups=[group], columns=wanted):
                kept = kept_columns(batch.schema.names, id_column, text_column)
                for values in rows_of(batch.select(list(kept)).rename_columns(list(kept.values()))):
                    yield row, note_of_row(file, row, values, id_column, text_column)
                    row += 1
        except (pa.ArrowException, OSError) as error:
            # Arrow's message may quote what it could not read.
            reason = (
                f"row group {group} of {table.num_row_groups}, rows {first} to {last}, is damaged "
                f"({type(error).__name__}); its notes from row {row} on are lost: copy or write "
                "the file again, and annotate it again onto the same output"
            )
            yield row, file.bad(None, row, reason)
        first = last + 1


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch; one that is not UTF-8 is the error alone, under the key ""."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for i in range(batch.num_rows):
            try:
                yield batch.slice(i, 1).to_pylist()[0]
            except UnicodeDecodeError as error:
                yield {"": error}


def note_of_row(
    file: NoteFile, row: int, values: dict[str, Any], id_column: str, text_column: str
) -> Note | BadNote:
    """The note of a row, or what is wrong with it."""
    if "" in values and isinstance(values[""], UnicodeDecodeError):
        return file.bad(None, row, "a value is not UTF-8")
    return file.item(row, note_of(values, id_column, text_column))


def kept_columns(names: Sequence[str], id_column: str, text_column: str) -> dict[int, str]:
    """Which columns are read, by their places, and what each is to us.

    Of those carried along that stand twice, as in the answer of a join, the first.
    """
    kept = {names.index(id_column): id_column, names.index(text_column): text_column}
    for i, name in enumerate(names):
        carried = known_column(name)
        if i not in kept and carried is not None and carried not in kept.values():
            kept[i] = carried
    return kept


def note_columns(
    file: NoteFile, names: Sequence[str], columns: Columns, *, has: str | None = None
) -> tuple[str, str]:
    """The columns of id and text, as the table writes them.

    Args:
        has: what a message says of the columns that there are; by default it lists them.

    Raises:
        NoteError: it has none, or two of one name.
    """
    if has is None:
        has = f"it has {', '.join(names[:20])}"
    chosen = []
    for what, asked, usual in (
        ("id", columns.id, ID_COLUMNS),
        ("text", columns.text, TEXT_COLUMNS),
    ):
        found = column_of(names, asked, usual)
        if found is None:
            expected = " or ".join(usual) if asked is None else repr(asked)
            raise NoteError(
                f"{file.name}: no column {expected} for the notes' {what}; {has}; say which with "
                f"--{what}-column"
            )
        if list(names).count(found) > 1:
            raise NoteError(
                f"{file.name}: column {found!r} stands twice, and which of the two is meant for "
                f"the notes' {what} cannot be told; rename one, or give another --{what}-column"
            )
        chosen.append(found)
    return chosen[0], chosen[1]

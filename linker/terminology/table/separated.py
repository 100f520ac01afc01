"""Rows of CSV and TSV, as files of all origins have them, each with the number of its line.

Blank lines and comments ("#") may stand before the header; CTD's files, whose header is the last
comment line with tabs, are read as they are, and so are tables that a SPARQL query gave. A row that
is broken takes no other with it.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any

from linker.counted import counted
from linker.errors import TerminologyError
from linker.formats.lines import BOM, is_utf_16
from linker.formats.separated import UTF_16, Dialect, delimiter_of, said_delimiter
from linker.steps import Progress, Silent
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import UNDECODED, not_utf8, numbered_lines, opened
from linker.terminology.table.sparql import is_sparql, rdf_text

_HEADER_LINES = 100
_BREAKS = re.compile(r"\s*[\r\n]\s*")
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_SWALLOWED = 4
"""Lines inside a field that look like rows, from which on they are."""


class _Lines:
    """The lines of a file for `csv`, one after the other, and the number of the one given last.

    Bytes that are not UTF-8 come as lone surrogates, so that the row they stand in can be left out.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self._lines = _ended_by_returns(numbered_lines(path, progress=progress))
        self._ahead: deque[tuple[int, bytes]] = deque()
        self._path = path
        self.number = 0
        self.given: list[tuple[int, bytes]] = []
        """The lines given since it was last emptied."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = self._ahead.popleft() if self._ahead else next(self._lines)
        self.given.append((self.number, line))
        if self.number == 1 and is_utf_16(line):
            raise TerminologyError(f"{self._path}:1: {UTF_16}")
        return line.decode("utf-8", "surrogateescape") + "\n"

    @property
    def is_read(self) -> bool:
        """Whether there is no further line."""
        if not self._ahead and (line := next(self._lines, None)) is not None:
            self._ahead.append(line)
        return not self._ahead

    @property
    def next_number(self) -> int:
        return self._ahead[0][0] if self._ahead else self.number + 1

    def give_again(self) -> None:
        """Go back to the second of the lines given."""
        self._ahead.extendleft(reversed(self.given[1:]))
        self.given.clear()

    def without_comments(self) -> tuple[int, str] | None:
        """Pass blank lines and comments at the start; CTD's header among these, with its number."""
        header = None
        for number, line in self._lines:
            if line.strip() and not line.startswith(b"#"):
                self._ahead.append((number, line))
                break
            text = line.decode("utf-8", "replace").lstrip("#").strip()
            if "\t" in text:
                header = number, text
        return header


def _ended_by_returns(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Lines that end in a carriage return alone, as some spreadsheets on a Mac write them."""
    first = next(lines, None)
    if first is None:
        return
    if b"\r" not in first[1]:
        yield first
        yield from lines
        return
    number = 0
    for _, line in chain([first], lines):
        for part in line.split(b"\r"):
            number += 1
            yield number, part


def separated_rows(
    path: Path, delimiter: str | None, bad: BadRows, progress: Progress
) -> Iterator[tuple[int, Sequence[Any]]]:
    """The header, then the rows, each with the number of its first line.

    Args:
        delimiter: what separates the fields; None to go by the file's ending and header.
        bad: told of each row that is broken.
        progress: told of the bytes read.

    Raises:
        TerminologyError: the file has no header, or `bad` has had enough.
    """
    lines = _Lines(path, progress)
    number, header, dialect = _header(path, lines, delimiter)
    yield number, header
    delimiter = dialect.delimiter
    if delimiter == "\t" and is_sparql(header):
        yield from _sparql(path, lines, len(header), bad)
        return
    while True:
        # One that has met an error is in the middle of a row.
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        for start, row in _until_broken(path, reader, lines, delimiter, len(header), bad):
            if not row or row == [""]:
                continue
            if match := UNDECODED.search("".join(row)):
                bad.skip(not_utf8(f"{path}:{start}", ord(match[0]) - 0xDC00))
            elif len(row) != len(header):
                bad.skip(_wrong_count(f"{path}:{start}", len(row), len(header)))
            else:
                yield start, row
        if lines.is_read:
            return


def dialect_of(path: Path) -> Dialect:
    """How a text table is written.

    Raises:
        TerminologyError: the file has no header.
    """
    _, _, dialect = _header(path, _Lines(path, Silent()), None)
    with opened(path) as stream:
        return replace(dialect, mark=stream.read(len(BOM)) == BOM)


def _header(path: Path, lines: _Lines, delimiter: str | None) -> tuple[int, list[str], Dialect]:
    """The header with its line, and how the table is written; `lines` goes on with the rows.

    Args:
        delimiter: what separates the fields, where the caller knows it.
    """
    if path.suffix.lower() in _WORKBOOKS:
        raise TerminologyError(f"{path}: a spreadsheet's workbook; save it as CSV UTF-8")
    comment = lines.without_comments()
    if comment is not None:
        number, header = comment
        return number, header.split("\t"), Dialect("\t" if delimiter is None else delimiter)
    number, first = lines.next_number, _header_lines(lines)
    said = None if first is None else said_delimiter(first)
    if said is not None:
        number, first = lines.next_number, _header_lines(lines)
    if first is None:
        raise TerminologyError(f"{path}: empty; expected a header and rows")
    if first.startswith(("<?xml", "<!DOCTYPE")):
        raise TerminologyError(f"{path}: XML, expected a table; an ontology has the source obo")
    if delimiter is None:
        delimiter = delimiter_of(first, _by_ending(path)) if said is None else said
    names = _names(f"{path}:{number}", first, delimiter)
    if match := UNDECODED.search(first):
        raise not_utf8(f"{path}:{number}", ord(match[0]) - 0xDC00)
    return number, names, Dialect(delimiter, is_said=said is not None)


def _until_broken(
    path: Path,
    reader: Iterator[list[str]],
    lines: _Lines,
    delimiter: str,
    n_fields: int,
    bad: BadRows,
) -> Iterator[tuple[int, list[str]]]:
    """The rows up to one with a quotation mark that is not closed, or closed by another row's.

    Only the line that it opens in is broken: the next is where `lines` goes on.
    """
    while True:
        lines.given.clear()
        start = lines.next_number
        try:
            row = next(reader, None)
        except csv.Error as error:
            last = lines.number if lines.number > start else None
            bad.skip(_csv_error(f"{path}:{start}", str(error), last))
            break
        if row is None:
            return
        if len(lines.given) > 2 and _holds_rows(lines.given, row, delimiter, n_fields):
            bad.skip(_not_closed(f"{path}:{start}", lines.number))
            break
        yield start, row
    lines.give_again()


def _holds_rows(
    lines: list[tuple[int, bytes]], row: list[str], delimiter: str, n_fields: int
) -> bool:
    """Whether a field took in whole rows, as one does that another row's quotation mark closes."""
    if n_fields == 1:
        return False
    between = [line.decode("utf-8", "replace").split(delimiter) for _, line in lines[1:-1]]
    # Prose has commas too; but where the row has an id, or another word alone, so have rows.
    before = takewhile(lambda cell: "\n" not in cell, row[:n_fields])
    words = [i for i, cell in enumerate(before) if len(cell.split()) == 1]
    likely = sum(
        len(cells) == n_fields and all(len(cells[i].split()) == 1 for i in words)
        for cells in between
    )
    enough = _SWALLOWED if len(row) == n_fields else 1
    return likely >= enough and likely >= 0.9 * len(between)


def _sparql(
    path: Path, lines: _Lines, n_fields: int, bad: BadRows
) -> Iterator[tuple[int, Sequence[Any]]]:
    for line in lines:
        lines.given.clear()  # None is given again.
        fields, where = line.rstrip("\n").split("\t"), f"{path}:{lines.number}"
        if not line.strip():
            continue
        if match := UNDECODED.search(line):
            bad.skip(not_utf8(where, ord(match[0]) - 0xDC00))
        elif len(fields) != n_fields:
            bad.skip(_wrong_count(where, len(fields), n_fields))
        else:
            try:
                row = [rdf_text(field) for field in fields]
            except ValueError as error:
                bad.skip(TerminologyError(f'{where}: {error}; close it, or write it as \\"'))
                continue
            yield lines.number, row


def _wrong_count(where: str, found: int, expected: int) -> TerminologyError:
    return TerminologyError(
        f"{where}: {counted(found, 'field')}, expected {expected} as in the header; "
        "was the file cut short, or is a field with the delimiter in it not quoted?"
    )


def _csv_error(where: str, reason: str, last: int | None) -> TerminologyError:
    # Of a long file `csv` reads 131,072 characters before it gives up.
    if "unexpected end of data" in reason or "field larger" in reason:
        return _not_closed(where)
    if "NUL" in reason:  # before Python 3.11; later ones give the row
        return TerminologyError(
            f"{where}: NUL in the row; is the file damaged, or UTF-16? Save it as UTF-8"
        )
    if last is not None:
        return _not_closed(where, last)
    return TerminologyError(f"{where}: not a row of a table: {reason}; correct the quotation marks")


def _not_closed(where: str, line: int | None = None) -> TerminologyError:
    """The error for a quotation mark that nothing closes, or only that of another row's line."""
    until = "" if line is None else f" before line {line}"
    return TerminologyError(
        f"{where}: a quotation mark opens here and is not closed{until}; close it, or write it "
        'twice ("") inside a quoted field'
    )


def _header_lines(lines: _Lines) -> str | None:
    """The lines of the header: a name in quotes may hold line breaks."""
    first = next(lines, None)
    if first is None:
        return None
    for line in islice(lines, _HEADER_LINES) if first.count('"') % 2 else ():
        first += line
        if first.count('"') % 2 == 0:
            break
    return first


def _names(where: str, first: str, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([first], delimiter=delimiter))
    except csv.Error as error:
        raise _csv_error(where, str(error), None) from error
    return [_BREAKS.sub(" ", name.strip()) for name in names]


def _by_ending(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    return "," if name.endswith(".csv") else "\t" if name.endswith((".tsv", ".tab")) else None

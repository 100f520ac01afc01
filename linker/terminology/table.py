"""Any table with a column of ids and one of names: CSV, TSV (plain or .gz), or Parquet.

Several rows with one id are several names of that concept: the first is preferred, the rest are
exact. Comment lines ("#") may stand before the header; CTD's files, whose header is the last
comment line with tabs, are read as they are, and so are tables that a SPARQL query gave.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.formats.lines import BOM
from linker.formats.separated import UTF_16, Dialect, delimiter_of, said_delimiter
from linker.steps import Progress, Silent
from linker.terminology.files import UNDECODED, not_utf8, numbered_lines, opened
from linker.terminology.rows import BadRows
from linker.terminology.sparql_tsv import is_sparql, rdf_text
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xrefs import code_of

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "concept_id": ("concept_id", "id", "code", "cui", "curie", "identifier"),
    "name": (
        "name",
        "preferred_name",
        "preferred_term",
        "canonical_name",
        "label",
        "term",
    ),
    "synonyms": ("synonyms", "synonym", "aliases", "alias"),
    "definition": ("definition", "def"),
    "semantic_types": ("semantic_types", "semantic_type", "types", "type"),
    "parents": ("parents", "parent", "parent_ids", "parent_id"),
    "xrefs": ("xrefs", "xref"),
}
"""Our columns, and what they are called in files, best first; case, spaces and hyphens are free."""

_REQUIRED = ("concept_id", "name")
_HEADER_LINES = 100
_BREAKS = re.compile(r"\s*[\r\n]\s*")
_CODES = "codes."
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_SWALLOWED = 4
"""Lines inside a field that look like rows, from which on they are."""
_MAX_NAME, _MAX_LINES = 5000, 5
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?[Ee]\+\d+")
_ERRORS = frozenset(("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"))
_EXACT = 2**53
"""Beyond it a float no longer tells whole numbers apart (IEEE 754, binary64)."""


@dataclass(slots=True)
class _Concept:
    """What the rows of one id say together."""

    at: str
    name: str
    names: list[str] = field(default_factory=list)
    definition: str = ""
    semantic_types: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a table.

    Raises:
        TerminologyError: a column is missing, or more than `options.max_bad_rows` rows are broken.
    """
    bad = BadRows(options.max_bad_rows)
    rows = table_rows(path, options.delimiter, bad, progress)
    _, header = next(rows)
    columns = _columns(header, options.columns, str(path))
    concepts: dict[str, _Concept] = {}
    for number, row in rows:
        try:
            _merge(concepts, row, columns, options.list_separator, f"{path}:{number}", str(number))
        except TerminologyError as error:
            bad.skip(error)
    builder = TableBuilder(str(path))
    for concept_id, concept in concepts.items():
        builder.add(
            concept_id,
            concept.name,
            names=[(name, NameKind.EXACT) for name in concept.names],
            definition=concept.definition,
            semantic_types=concept.semantic_types,
            parents=concept.parents,
            codes=concept.codes,
            at=concept.at,
        )
    return builder.finish(
        Release(
            terminology=path.name.partition(".")[0],
            version="",
            licence="",
            source="table",
            skipped=bad.counted(),
        )
    )


def _merge(
    concepts: dict[str, _Concept],
    row: Sequence[object],
    columns: Mapping[str, int],
    separator: str,
    where: str,
    at: str,
) -> None:
    concept_id = " ".join(_values(row[columns["concept_id"]], None, where))
    name = " ".join(_values(row[columns["name"]], None, where))
    for column, value in (("concept_id", concept_id), ("name", name)):
        if not value:
            raise TerminologyError(f"{where}: blank {column}; each row needs an id and a name")
        if value in _ERRORS:
            raise TerminologyError(
                f"{where}: {column} is {value}, a spreadsheet's error; correct its formula, and "
                "export again"
            )
    refuse_rounded("concept_id", [concept_id], where)
    n_lines = name.count("\n") + 1
    if len(name) > _MAX_NAME or n_lines > _MAX_LINES:
        raise TerminologyError(
            f"{where}: a name of {len(name):,} characters and {n_lines:,} lines, expected at most "
            f"{_MAX_NAME:,} and {_MAX_LINES}; is a quotation mark not closed?"
        )
    # All of a row is read before any of it counts: one that is broken says nothing.
    cells = {
        column: _values(row[index], None if column == "definition" else separator, where)
        for column, index in columns.items()
        if column not in _REQUIRED
    }
    for column, values in cells.items():
        if column == "parents" or column.startswith(_CODES):
            refuse_rounded(column, values, where)
    concept = concepts.get(concept_id)
    if concept is None:
        concept = concepts[concept_id] = _Concept(at, name)
    else:
        concept.names.append(name)
    for column, values in cells.items():
        if column == "definition":
            concept.definition = concept.definition or " ".join(values)
        elif column == "synonyms":
            concept.names += values
        elif column == "semantic_types":
            concept.semantic_types += values
        elif column == "parents":
            concept.parents += values
        elif column == "xrefs":
            concept.codes += [code for code in map(code_of, values) if code is not None]
        else:
            concept.codes += [(column.removeprefix(_CODES), value) for value in values]


def refuse_rounded(column: str, values: Iterable[str], where: str) -> None:
    """Refuse ids that a spreadsheet took for numbers: "2.2298E+07" may be many a concept's.

    Raises:
        TerminologyError: one of them is such a number.
    """
    for value in values:
        if _ROUNDED.fullmatch(value):
            raise TerminologyError(
                f"{where}: {column} {value!r} is a number as a spreadsheet rounds it, which no "
                "longer says which id it was; export the column again, as text"
            )


def _values(cell: object, separator: str | None, where: str) -> list[str]:
    """The values in a cell: those of a Parquet list, or of a text that is split if it may be."""
    if cell is None:
        return []
    if isinstance(cell, list | tuple):
        return [value for item in cell for value in _values(item, None, where)]
    if isinstance(cell, float):
        # A whole column of integers becomes floats where one is missing.
        if cell != cell:  # not a number
            return []
        if abs(cell) >= _EXACT:
            raise TerminologyError(
                f"{where}: {cell:.0f} as a floating-point number, which is too long to be exact; "
                "write ids as text or as integers"
            )
        cell = int(cell) if cell.is_integer() else cell
    if isinstance(cell, bytes):
        # Parquet's strings, where they are not said to be strings (Impala, old Spark).
        cell = _text(cell, where)
    if isinstance(cell, dict):
        raise TerminologyError(
            f"{where}: a struct of {', '.join(map(str, cell))}, expected text or a list of texts"
        )
    parts = str(cell).split(separator) if separator is not None else [str(cell)]
    return [part.strip() for part in parts if part.strip()]


def _text(cell: bytes, where: str) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(where, cell[error.start]) from error


# --- Columns ----------------------------------------------------------------


def _columns(header: Sequence[str], mapped: Mapping[str, str], where: str) -> dict[str, int]:
    """Where each of our columns stands: as the options say, else by its name or a common alias."""
    found = ", ".join(map(repr, header))
    columns: dict[str, int] = {}
    for ours, theirs in mapped.items():
        if ours not in _ALIASES and not (ours.startswith(_CODES) and ours != _CODES):
            known = ", ".join([*_ALIASES, f"{_CODES}VOCABULARY"])
            raise TerminologyError(f"columns: {ours!r} is none of ours; known: {known}")
        if theirs not in header:
            raise TerminologyError(
                f"{where}: no column {theirs!r} (for {ours}); found: {found}; "
                f"correct columns.{ours}"
            )
        columns[ours] = header.index(theirs)
    plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in header]
    for ours, aliases in _ALIASES.items():
        match = next((alias for alias in aliases if alias in plain), None)
        if ours not in columns and match is not None and plain.index(match) not in columns.values():
            columns[ours] = plain.index(match)
    for index, name in enumerate(header):
        if name.startswith(_CODES) and name != _CODES:
            columns.setdefault(name, index)
    for required in _REQUIRED:
        if required not in columns:
            raise TerminologyError(
                f"{where}: no column for {required!r}; found: {found}; say which it is with "
                f"columns.{required}, or set the delimiter if this is one column only"
            )
    return columns


# --- Text -------------------------------------------------------------------


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
        if self.number == 1 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
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

    def without_comments(self) -> str | None:
        """Pass the comment lines at the start; CTD's header among them, if there is one."""
        header = None
        for number, line in self._lines:
            if not line.startswith(b"#"):
                self._ahead.append((number, line))
                break
            text = line.decode("utf-8", "replace").lstrip("#").strip()
            if "\t" in text:
                header = text
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


def table_rows(
    path: Path, delimiter: str | None, bad: BadRows, progress: Progress
) -> Iterator[tuple[int, Sequence[Any]]]:
    """The header, then the rows, of CSV, TSV or Parquet; as `separated_rows` for the former.

    Rows of Parquet are numbered from 1, and have the values that the file has.
    """
    if is_parquet(path):
        return _parquet(path, progress)
    return separated_rows(path, delimiter, bad, progress)


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
        return 0, comment.split("\t"), Dialect("\t" if delimiter is None else delimiter)
    first = _header_lines(lines)
    said = None if first is None else said_delimiter(first)
    if said is not None:
        first = _header_lines(lines)
    if first is None:
        raise TerminologyError(f"{path}: empty; expected a header and rows")
    if delimiter is None:
        delimiter = delimiter_of(first, _by_ending(path)) if said is None else said
    header = _names(path, first, delimiter)
    if match := UNDECODED.search(first):
        raise not_utf8(f"{path}:1", ord(match[0]) - 0xDC00)
    return lines.number, header, Dialect(delimiter, is_said=said is not None)


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
        f"{where}: {found} fields, expected {expected} as in the header; "
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


def _names(path: Path, first: str, delimiter: str) -> list[str]:
    try:
        names = next(csv.reader([first], delimiter=delimiter))
    except csv.Error as error:
        raise _csv_error(f"{path}:1", str(error), None) from error
    return [_BREAKS.sub(" ", name.strip()) for name in names]


def _by_ending(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    return "," if name.endswith(".csv") else "\t" if name.endswith((".tsv", ".tab")) else None


# --- Parquet ----------------------------------------------------------------


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes or its ending."""
    if path.is_dir():
        raise TerminologyError(f"{path}: a folder, expected one CSV, TSV or Parquet file")
    with path.open("rb") as file:
        return file.read(4) == b"PAR1" or path.suffix.lower() in (".parquet", ".pq")


def _parquet(path: Path, progress: Progress) -> Iterator[tuple[int, Sequence[Any]]]:
    """The column names, then the rows, numbered from 1."""
    try:
        with pq.ParquetFile(path) as file:
            yield 0, file.schema_arrow.names
            progress.step(f"reading {path.name}", total=file.metadata.num_rows, unit="rows")
            number = 0
            for batch in file.iter_batches():
                progress.advance(batch.num_rows)
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise TerminologyError(
            f"{path}: not a Parquet file, or damaged: {reason}; write it again"
        ) from error

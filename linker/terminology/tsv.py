"""Rows of tab-separated files with a header, in which nothing is quoted, as Arrow tables.

So are the files of RF2 (SNOMED CT) and of Athena (OMOP): a '"' is a character.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa
import pyarrow.csv as csv

from linker.counted import counted
from linker.errors import TerminologyError
from linker.formats.lines import BOM
from linker.steps import Progress, Silent
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import not_utf8
from linker.terminology.release_files import ReleaseFile

_BLOCK = 16 << 20


def read_rows(
    file: ReleaseFile, columns: Mapping[str, pa.DataType], bad: BadRows, progress: Progress
) -> Iterator[pa.Table]:
    """Read some columns of a file, block by block; blank lines and a byte-order mark are skipped.

    Args:
        columns: names as in the header, with int64, int32, bool or string.
        bad: told of each row that is broken.
        progress: told of the file, and of its bytes.

    Yields:
        Tables with these columns, in the file's order.

    Raises:
        TerminologyError: a column is missing, or too many rows are broken.
    """
    with file.open(progress) as stream:
        header = _header(file, stream.readline())
        missing = [name for name in columns if name not in header]
        if missing:
            raise TerminologyError(
                f"{file}:1: no column {missing[0]!r}; found: {', '.join(header)[:300]}; is this a "
                "tab-separated file with its header?"
            )
        number = 2
        # A block ends where a line does.
        while block := stream.read(_BLOCK):
            block += stream.readline()
            try:
                table = _parsed(block, header, columns)
            except pa.ArrowInvalid:
                # Slower, line by line: which rows are broken, and why.
                good = b"\n".join(_good_lines(block, number, file, header, columns, bad))
                try:
                    table = _parsed(good, header, columns)
                except pa.ArrowInvalid as error:
                    end = number + block.count(b"\n")
                    raise TerminologyError(
                        f"{file}: a row between lines {number} and {end} cannot be read: {error}"
                    ) from error
            number += block.count(b"\n")
            yield table


def find_lines(file: ReleaseFile, column: str, values: Collection[int]) -> dict[int, list[int]]:
    """The lines, from 1, of the rows that have one of `values` in a column, by value.

    For messages alone: the file is read again, line by line.
    """
    found: dict[int, list[int]] = {value: [] for value in values}
    if not found:
        return found
    with file.open(Silent()) as stream:
        index = _header(file, stream.readline()).index(column)
        for number, line in enumerate(stream, start=2):
            fields = line.rstrip(b"\r\n").split(b"\t")
            # As `read_rows` reads numbers: "007" is 7.
            if len(fields) > index and (text := fields[index].strip()).lstrip(b"-").isdigit():
                found.get(int(text), []).append(number)
    return found


def _header(file: ReleaseFile, line: bytes) -> list[str]:
    try:
        header = line.removeprefix(BOM).rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(f"{file}:1", line[error.start]) from error
    if not header:
        raise TerminologyError(f"{file}:1: no header; was the file cut short? download it again")
    return header.split("\t")


def _parsed(block: bytes, header: list[str], columns: Mapping[str, pa.DataType]) -> pa.Table:
    if not block.lstrip(b"\r\n"):
        return pa.schema(list(columns.items())).empty_table()
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=header, block_size=4 << 20),
        parse_options=csv.ParseOptions(
            delimiter="\t", quote_char=False, double_quote=False, escape_char=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict(columns),
            include_columns=list(columns),
            null_values=[],
            true_values=["1"],
            false_values=["0"],
        ),
    )


def _good_lines(
    block: bytes,
    number: int,
    file: ReleaseFile,
    header: list[str],
    columns: Mapping[str, pa.DataType],
    bad: BadRows,
) -> Iterator[bytes]:
    """The lines that can be read; the others go to `bad`."""
    typed = [(header.index(name), name, type_) for name, type_ in columns.items()]
    for at, line in enumerate(block.split(b"\n"), start=number):
        line = line.removesuffix(b"\r")
        if not line:
            continue
        problem = _problem(f"{file}:{at}", line, len(header), typed)
        if problem is None:
            yield line
        else:
            bad.skip(problem)


def _problem(
    where: str, line: bytes, n_fields: int, typed: list[tuple[int, str, pa.DataType]]
) -> TerminologyError | None:
    fields = line.split(b"\t")
    if len(fields) != n_fields:
        return TerminologyError(
            f"{where}: {counted(len(fields), 'field')}, expected {n_fields} as in the header; "
            "was the file cut short?"
        )
    if b"\r" in line:
        return TerminologyError(
            f"{where}: a carriage return inside a row, expected one at its end only; "
            "fetch the file again"
        )
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(where, line[error.start])
    for index, name, type_ in typed:
        value = fields[index].decode("utf-8").strip()
        whole = value.isascii() and value.isdigit() and len(value) <= 18
        if pa.types.is_integer(type_) and not whole:
            return TerminologyError(
                f"{where}: {name} is {value[:40]!r}, expected digits; was the row cut short?"
            )
        if pa.types.is_boolean(type_) and value not in ("0", "1"):
            return TerminologyError(f"{where}: {name} is {value[:40]!r}, expected 0 or 1")
    return None

"""A table of local terms: CSV, TSV (plain or .gz) or Parquet, with a column of terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.atomic import refuse_as_file
from linker.errors import ConfigError, TerminologyError
from linker.formats.cells import as_text
from linker.formats.lines import bad_byte
from linker.formats.separated import RFC_4180, allow_long_fields
from linker.steps import Silent
from linker.terminology import BadRows, dialect_of, is_parquet, table_rows


@dataclass(frozen=True, slots=True)
class TermRow:
    """A row of the table.

    Attributes:
        number: the line in which it begins, from 1; of Parquet the row.
        term: what the term column holds, without blanks around it; "" where it holds nothing. Of
            several columns what they hold, with a blank between.
        cells: all the row's values, in the order of the columns.
    """

    number: int
    term: str
    cells: Sequence[Any]


class TermTable:
    """The rows of a table of terms; read from the disk each time, so that none is held.

    Args:
        path: the table.
        column: the column of the terms, or several that are a term together ("Glucose", "Urine").

    Attributes:
        dialect: how it is written, if it is text.
        term_column: the column of the terms; what several would be called as one, which is what
            they may be in the table, too.

    Raises:
        TerminologyError: the file is missing or no table, or has two columns of one name.
        ConfigError: it has no such column.
    """

    def __init__(self, path: str | Path, column: str | Sequence[str]) -> None:
        self.path = Path(path)
        if not self.path.exists():
            raise TerminologyError(f"{self.path}: no such file; give a CSV, TSV or Parquet file")
        self.is_parquet = is_parquet(self.path)
        self.dialect = RFC_4180 if self.is_parquet else dialect_of(self.path)
        line, header = next(self._table())
        self.names = list(header)
        if not self.is_parquet and self.names.count("") > 1:
            # Spreadsheets leave such columns at the end.
            self.names = [name or f"column {i}" for i, name in enumerate(self.names, start=1)]
        for name in self.names:
            if self.names.count(name) > 1:
                where = f"{self.path}:{line}" if line else self.path  # Parquet has no lines
                raise TerminologyError(
                    f"{where}: column {name!r} occurs twice; rename one of the two"
                )
        columns = [column] if isinstance(column, str) else list(column)
        self.term_column = " ".join(columns)
        # The page of a review saves the terms, not what they were made of.
        joined = self.term_column in self.names
        self._term = [self.column(name) for name in ([self.term_column] if joined else columns)]
        self._binary = {i for i, field in enumerate(self.schema) if _is_binary(field.type)}

    @property
    def is_csv(self) -> bool:
        """Whether it is called a `.csv`."""
        return self.path.name.lower().removesuffix(".gz").endswith(".csv")

    def column(self, name: str) -> int:
        """Where a column stands.

        Raises:
            ConfigError: there is none of that name.
        """
        if name not in self.names:
            found = ", ".join(map(repr, self.names))
            raise ConfigError(f"{self.path}: no column {name!r}; it has {found}")
        return self.names.index(name)

    def refuse_as_output(self, path: Path) -> None:
        """See that a file can be written without harm to the table, before any work is done.

        Raises:
            ConfigError: it is the table, or a folder, or lies in a folder that is not there.
        """
        refuse_as_file(path)
        if path.exists() and path.samefile(self.path):
            raise ConfigError(f"{path}: is the table that is read; write another file")

    @property
    def schema(self) -> pa.Schema:
        """The columns as Parquet has them; those of text files are strings."""
        if self.is_parquet:
            with self.path.open("rb") as file:
                return pq.read_schema(file).remove_metadata()
        return pa.schema([pa.field(name, pa.string()) for name in self.names])

    def __iter__(self) -> Iterator[TermRow]:
        rows = self._table()
        next(rows)
        for number, cells in rows:
            where = f"{self.path}:{number}"
            for place, (name, cell) in enumerate(zip(self.names, cells, strict=True)):
                if isinstance(cell, str) and "\x00" in cell:
                    raise TerminologyError(
                        f"{where}: NUL in column {name!r}; is the file damaged, or UTF-16? "
                        "Save it as UTF-8"
                    )
                if isinstance(cell, bytes) and (place in self._term or place not in self._binary):
                    _check_utf8(cell, f"{where}: column {name!r}")
            parts = (as_text(cells[place]).strip() for place in self._term)
            yield TermRow(number, " ".join(filter(None, parts)), cells)

    def _table(self) -> Iterator[tuple[int, Sequence[Any]]]:
        allow_long_fields()
        # A list that is to be reviewed is to be whole: the first broken row is an error.
        return table_rows(self.path, None, BadRows(None), Silent())


def _is_binary(kind: pa.DataType) -> bool:
    """Whether the values of a column are bytes by right, and not text that could not be read."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _check_utf8(cell: bytes, where: str) -> None:
    try:
        cell.decode()
    except UnicodeDecodeError as error:
        raise TerminologyError(
            f"{where} is {bad_byte(error)}; write the table again with text that is UTF-8"
        ) from error

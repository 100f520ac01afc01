"""How often a term is used: one use a row, or what a column of the table says."""

from __future__ import annotations

import re
from math import isfinite

from linker.errors import TerminologyError
from linker.formats.cells import as_text
from linker.mapping.terms import TermRow, TermTable

_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
_THOUSANDS_BY_DOTS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?")
_BLANK_IN_NUMBER = re.compile("(?<=\\d)[ \u00a0\u202f'](?=\\d{3})")


class Uses:
    """Reads how often the term of a row is used.

    Args:
        table: of the rows.
        column: that says it; None: each row is one use.

    Raises:
        ConfigError: there is no such column.
    """

    def __init__(self, table: TermTable, column: str | None) -> None:
        self._path = table.path
        self._name = column
        self._place = None if column is None else table.column(column)
        # Where semicolons part the fields, as in half of Europe, dots part thousands.
        self._by_dots = table.dialect.delimiter == ";"

    def of(self, row: TermRow) -> float:
        """The uses that a row stands for; 0 where its cell is empty, blank or NaN.

        Raises:
            TerminologyError: the cell holds no number.
        """
        if self._place is None:
            return 1.0
        cell = as_text(row.cells[self._place]).strip()
        number = self._number(cell) if cell else 0.0
        if not isfinite(number):
            raise TerminologyError(
                f"{self._path}:{row.number}: {self._name} is {cell!r}, expected a number; correct "
                "it, or leave --count out"
            )
        return number

    def _number(self, cell: str) -> float:
        """The number of a cell; not a number where it is none."""
        text = _BLANK_IN_NUMBER.sub("", cell)
        # Commas part thousands, or are the decimal comma of half of Europe.
        if self._by_dots and _THOUSANDS_BY_DOTS.fullmatch(text):
            text = text.replace(".", "").replace(",", ".")
        elif _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        else:
            text = text.replace(",", ".")
        try:
            return float(text)
        except ValueError:
            return float("nan")

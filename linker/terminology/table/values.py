"""What a cell of a table holds, be it text or a value of Parquet, and what is no id and no name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from linker.errors import TerminologyError
from linker.formats.cells import EXACT, is_rounded
from linker.terminology.files import not_utf8

_LEFT_ALONE = re.compile(r'^="([^"]+)"$')
"""How a spreadsheet is told to leave an id as it is, zeros in front and all: ="00124"."""
_NOT_FOUND = "#N/A"
_ERRORS = frozenset((_NOT_FOUND, "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"))


def refuse_error(column: str, value: str, where: str) -> None:
    """Refuse what a spreadsheet has where a formula failed, for it is no id, no name and no code.

    Raises:
        TerminologyError: the value is such an error.
    """
    if value in _ERRORS:
        raise TerminologyError(
            f"{where}: {column} is {value}, a spreadsheet's error; correct its formula, and "
            "export again"
        )


def found_of(column: str, values: Iterable[str], where: str) -> list[str]:
    """Values of a column that may be blank, less "#N/A": what a spreadsheet looked up is not there.

    Raises:
        TerminologyError: one of them is another error of a spreadsheet.
    """
    found = [value for value in values if value != _NOT_FOUND]
    for value in found:
        refuse_error(column, value, where)
    return found


def as_meant(text: str) -> str:
    """A cell's text without what tells a spreadsheet to leave it alone (="00124"), nor blanks."""
    return _LEFT_ALONE.sub(r"\1", text.strip())


def refuse_rounded(column: str, values: Iterable[str], where: str) -> None:
    """Refuse ids that a spreadsheet took for numbers: "2.2298E+07" may be many a concept's.

    Raises:
        TerminologyError: one of them is such a number.
    """
    for value in values:
        if is_rounded(value):
            raise TerminologyError(
                f"{where}: {column} {value!r} is a number as a spreadsheet rounds it, which no "
                "longer says which id it was; export the column again, as text"
            )


def values_in(cell: object, separator: str | None, where: str) -> list[str]:
    """The values in a cell: those of a Parquet list, or of a text that is split if it may be."""
    if cell is None:
        return []
    if isinstance(cell, list | tuple):
        return [value for item in cell for value in values_in(item, None, where)]
    if isinstance(cell, float):
        # A whole column of integers becomes floats where one is missing.
        if cell != cell:  # not a number
            return []
        if abs(cell) >= EXACT:
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
    return [as_meant(part) for part in parts if part.strip()]


def _text(cell: bytes, where: str) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(where, cell[error.start]) from error

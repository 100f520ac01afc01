"""Cells of tables to text, as a text file has them."""

from __future__ import annotations

import re
from decimal import Decimal

EXACT = 1 << 53
"""Floats hold whole numbers up to this (IEEE 754, binary64): of a greater one it is not known what
it was."""

_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?[Ee]\+\d+")


def as_text(cell: object) -> str:
    """A cell as a text file has it: nothing for null and NaN, dates in ISO 8601, 7 for 7.0."""
    # A whole column of numbers becomes floats where one is missing.
    if cell is None or (isinstance(cell, float | Decimal) and cell != cell):
        return ""
    if isinstance(cell, bytes):
        # Parquet's strings, where they are not said to be strings.
        return cell.decode("utf-8", "replace")
    whole = as_whole(cell)
    return str(cell) if whole is None else str(whole)


def as_whole(cell: object) -> int | None:
    """The whole number that a cell is, whatever its type; None for all else."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        return None
    return int(cell) if cell == cell and abs(cell) != float("inf") and cell == int(cell) else None


def is_rounded(cell: str) -> bool:
    """Whether a text is a number as spreadsheets write long ones (1.23457E+16): no id any more."""
    return _ROUNDED.fullmatch(cell) is not None

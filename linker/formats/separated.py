"""How a text table is written: what parts its fields, and what it turns out to be instead."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

UTF_16 = "UTF-16, as spreadsheets call 'Unicode text'; save it as CSV UTF-8"

MAX_FIELD = 1 << 28
"""Characters of a field; a longer one is a quote that was never closed."""

_QUOTED = re.compile('"[^"]*"')
_SAID = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written as text.

    Attributes:
        delimiter: what parts the fields.
        mark: whether it begins with a byte-order mark, by which spreadsheets know UTF-8.
        is_said: whether a line before the header says the delimiter, as spreadsheets have it.
    """

    delimiter: str = ","
    mark: bool = False
    is_said: bool = False


RFC_4180 = Dialect()


def said_delimiter(line: str) -> str | None:
    """The delimiter that a line before the header says ("sep=;"), if it is such a line."""
    said = _SAID.fullmatch(line)
    return None if said is None else said[1]


def allow_long_fields() -> None:
    """Have `csv`, for the whole process, read fields beyond its limit of 131,072 characters."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD))


def delimiter_of(header: str, expected: str | None) -> str:
    """What parts the fields of a table.

    Args:
        header: its first row, with the quotes.
        expected: what its name or format says; taken if the header has it outside of quotes.
    """
    header = _QUOTED.sub("", header)
    if expected is not None and expected in header:
        return expected
    # Spreadsheets of half of Europe write .csv with semicolons.
    best = max("\t,;|", key=header.count)
    return best if best in header else expected or ","

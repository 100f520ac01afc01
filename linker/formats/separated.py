"""How a text table is written: what parts its fields, and what it turns out to be instead."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from linker.formats.lines import FROM_UTF_16

UTF_16 = f"UTF-16, as spreadsheets call 'Unicode text'; {FROM_UTF_16}"

MAX_FIELD = 1 << 25
"""Characters of a field; a longer one is a quote that was never closed, for which some 0.3 GB are
held until then."""

RETURN = "\ud800"
"""Stands for a carriage return that ends no row, which `csv` takes for a broken one; no file that
is read as UTF-8, or with `surrogateescape`, gives this character."""
NUL = "\ud801"
"""Stands for NUL, at which `csv` stops before Python 3.11; no such file gives this one either."""

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


def returns_kept(lines: Iterable[str]) -> Iterator[str]:
    """Lines of a table whose rows end in line feeds; carriage returns elsewhere become `RETURN`.

    Not all programs quote them: pandas does not.

    Args:
        lines: as `newline=""` gives them, ended by any of the two.
    """
    held: list[str] = []
    for line in lines:
        if line.endswith("\n") and not held:
            yield line
            continue
        held.append(line)
        if line.endswith("\n"):
            yield _marked("".join(held))
            held.clear()
    if held:
        yield _marked("".join(held))


def _marked(line: str) -> str:
    row = line.removesuffix("\n").removesuffix("\r") if line.endswith("\n") else line
    return row.replace("\r", RETURN) + line[len(row) :]

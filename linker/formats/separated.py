"""What parts the fields of a text table, and what such a file turns out to be instead."""

from __future__ import annotations

import re

UTF_16 = "UTF-16, as spreadsheets call 'Unicode text'; save it as CSV UTF-8"

_QUOTED = re.compile('"[^"]*"')


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

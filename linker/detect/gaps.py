"""What may part the words of a phrase, as patterns: notes are wrapped, indented and justified."""

from __future__ import annotations

import re
from collections.abc import Iterable

GAP = r"(?:[-\u2010\u2011\u2013\s]{1,2}|[ \t]+\n?[ \t]*|\n[ \t]+)"
"""A hyphen, some blanks, or the end of a line and what the next one is indented by."""
_BLANK = re.compile(r"\[[^]]*\]| ")
_WIDE = {" ": r"(?:\s+)", "[- ]": GAP}


def either(phrases: Iterable[str]) -> str:
    """A pattern of any of some patterns, in which each blank, or "[- ]", stands for any gap."""
    return _BLANK.sub(lambda found: _WIDE.get(found[0], found[0]), "|".join(phrases))

"""Which sense an ambiguous clinical abbreviation has where it stands: by what is around it.

"RA sat 98%" is room air, "RA on methotrexate" rheumatoid arthritis, and "K 3.2" potassium. The
words and the ranges of values are data, `data/senses.toml`, which explains itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pydantic import RootModel

from linker.checked import Checked, shipped

_REACH = 80
_SECTION_WORTH = 2
_VALUE_WORTH = 3
_ITSELF = "~"
"""Stands for the abbreviation, which is no cue for itself: "~ tenderness" is what is beside it."""
_LABEL = re.compile(r"^[ \t*_#-]*([A-Za-z][A-Za-z /&-]{0,40}?)[ \t]*(?::|$)", re.MULTILINE)
_VALUE = re.compile(
    # Blanks belong to one part each: parts that may share them out try every way to do it.
    r"[ \t]*(?:(?:[:=]|was|is|of|at)[ \t]*)?(?:[<>~][ \t]*)?(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
    r"(?![\d/:-]|\.\d|[ ]*(?:mg|mcg|g|gm|mEq|ml|units?|tab(?:let)?s?)\b(?![ ]?/[ ]?[a-z]|[ ]?%))",
    re.IGNORECASE,
)
"""A number right behind an abbreviation that is no dose, date, time, ratio or range."""
_NUMBER_BEFORE = re.compile(r"\d[ \t]?\Z")
"""What makes letters a unit: "5 K"."""
_BLANKS = re.compile("[ \t]{2,}")
_ABOVE = 2000
"""Characters above an abbreviation in which the header of its section is looked for."""


class _SenseTable(Checked):
    long: str
    cues: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    values: tuple[tuple[float, float], ...] = ()


class _ShortTable(Checked):
    senses: tuple[_SenseTable, ...]


class _Sense(NamedTuple):
    long: str
    cues: re.Pattern[str]
    sections: frozenset[str]
    values: tuple[tuple[float, float], ...]


def sense_of(text: str, start: int, end: int) -> str | None:
    """The long form of the ambiguous abbreviation `text[start:end]`, half-open, in code points.

    Returns:
        "" where its sense is no finding; None where the table does not know it, and where the words
        around it do not decide.
    """
    senses = _table().get(text[start:end])
    if not senses:
        return None
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    before = text[max(line_start, start - _REACH) : start]
    around = f"{before}{_ITSELF}{text[end : min(line_end, end + _REACH)]}".lower()
    around = _BLANKS.sub(" ", around)
    header = _header(text, start) if any(sense.sections for sense in senses) else ""
    value = _value_of(text, start, end)
    worth = [
        len(set(sense.cues.findall(around)))
        + _SECTION_WORTH * (header in sense.sections)
        + _VALUE_WORTH * (value is not None and _is_in(value, sense.values))
        for sense in senses
    ]
    best = max(worth)
    if best == 0 or worth.count(best) > 1:
        return None
    return senses[worth.index(best)].long


def _value_of(text: str, start: int, end: int) -> float | None:
    """The number right behind `text[start:end]`, as of a reading of it; None if there is none."""
    match = _VALUE.match(text, end)
    if match is None or _NUMBER_BEFORE.search(text, max(0, start - 2), start):
        return None
    return float(match[1].replace(",", ""))


def _is_in(value: float, ranges: tuple[tuple[float, float], ...]) -> bool:
    return any(low <= value <= high for low, high in ranges)


def _header(text: str, start: int) -> str:
    """The header of the section in which an offset lies, in lower case; "" if none is seen."""
    last = None
    for last in _LABEL.finditer(text, max(0, start - _ABOVE), start):  # noqa: B007
        pass
    return "" if last is None else last.group(1).strip().lower()


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[_Sense, ...]]:
    data = shipped(RootModel[dict[str, _ShortTable]], __package__, "senses.toml")
    return {
        short: tuple(
            _Sense(sense.long, _any_of(sense.cues), frozenset(sense.sections), sense.values)
            for sense in table.senses
        )
        for short, table in data.root.items()
    }


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    if not phrases:
        return re.compile(r"(?!)")
    # The longest first: "relapsing-remitting" and not "relapsing".
    return re.compile("|".join(map(_whole, sorted(phrases, key=len, reverse=True))))


def _whole(phrase: str) -> str:
    """A phrase that begins and ends no word in its middle; marks may touch any: "98%", ">120"."""
    before = "(?<![a-z0-9])" if phrase[0].isalnum() else ""
    behind = "(?![a-z0-9])" if phrase[-1].isalnum() else ""
    return f"{before}{re.escape(phrase)}{behind}"

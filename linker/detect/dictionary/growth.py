"""Findings by a measure of growth: "OFC 44 cm (< 3rd centile)", "height was 3 SD below the mean".

Case descriptions give a child's height, weight and head circumference by their centile or standard
deviation, and terminologies have what it is called where that is far from the usual: microcephaly,
short stature. The measures and these names are data, `data/growth.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from linker.checked import Checked, shipped

_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "ninety-seventh": 97, "ninety-eighth": 98,
    "ninety-ninth": 99,
}  # fmt: skip
_BELOW = r"at or below|below|under|less than|lower than|<=?|≤"
_ABOVE = r"at or above|above|over|greater than|higher than|more than|>=?|≥"
_NUMBER = r"\d{1,2}(?:\.\d{1,2})?"
_CENTILE = (
    rf"(?:(?:(?P<below>{_BELOW})|(?P<above>{_ABOVE})|at|on) ?)?(?:the )?"
    rf"(?P<centile>{_NUMBER}(?:st|nd|rd|th)?|{'|'.join(_ORDINALS)}) ?(?:per)?(?:centiles?|%ile)"
)
_DEVIATIONS = r"(?:SDS?|standard deviations?)\b"
_SCORE = (
    rf"(?:(?:(?P<under>{_BELOW})|(?P<over>{_ABOVE})|at) ?)?(?:"
    rf"(?P<signed>[-−–+] ?{_NUMBER}) ?{_DEVIATIONS}"
    rf"|z[- ]score (?:of )?(?P<z>[-−–+] ?{_NUMBER})"
    rf"|(?P<by>{_NUMBER}) ?{_DEVIATIONS} (?P<side>below|above)(?: the mean)?)"
)
# What may stand between: a verb, the measure itself.
_BETWEEN = (
    r"(?:[ (:,=]|\b(?:is|are|was|were|of|at|both|all|measured|measures|plotted|remained)\b"
    r"|\b\d{1,5}(?:\.\d{1,3})?"
    r" ?(?:(?:cm|mm|m|kgs?|g|grams?|kg/m2|in|inches|lbs?)\b|[㎝㎜㎏])){0,24}"
)
_AND = r"(?:,? and |, | & |/)"
_MENTIONED = (
    "entile", "ENTILE", "%ile", "%ILE", "SD", "sd", "eviation", "EVIATION", "core", "CORE",
)  # fmt: skip
"""Most texts hold none of these: a quick look, for words in either case."""
_OF_ANOTHER = re.compile(r"(?:['’]s|\b(?:mat|pat)ernal) \Z", re.IGNORECASE)
_USUAL = 2.0
"""Standard deviations from the mean that are not far from the usual yet."""
_LONGEST_BEFORE = 12
_BLANKS = str.maketrans(dict.fromkeys("\t\n\r\u00a0", " "))


class Growth(NamedTuple):
    """`text[start:end]`, in code points, says what has one of these names, the most usual first."""

    start: int
    end: int
    names: tuple[str, ...]


class _Measure(Checked):
    of: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]


class _File(Checked):
    growth: tuple[_Measure, ...]


def growth_in(text: str) -> Iterator[Growth]:
    """The measures of growth in a text that are far from the usual, in reading order.

    Of several that share what is said ("height and weight were below the 3rd centile") the last
    has it in its stretch.
    """
    if not any(said in text for said in _MENTIONED):
        return
    text = text.translate(_BLANKS)
    for match in _measured().finditer(text):
        before = text[max(0, match.start() - _LONGEST_BEFORE) : match.start()]
        side = _side(match)
        if side is None or _OF_ANOTHER.search(before):
            continue
        parts = [*_measure().finditer(text, match.start("of"), match.end("of"))]
        for part in parts:
            end = match.end() if part is parts[-1] else part.end()
            measure = _file().growth[int((part.lastgroup or "_0")[1:])]
            names = measure.low if side == "low" else measure.high
            if "(" in match[0] and text[end : end + 1] == ")":
                end += 1
            yield Growth(part.start(), end, names)


def names_of_growth(text: str) -> tuple[str, ...]:
    """The names of what a whole text says of growth; () if it says nothing of it, or more."""
    found = [*growth_in(text)]
    return found[0].names if len(found) == 1 and found[0][:2] == (0, len(text)) else ()


def _side(match: re.Match[str]) -> str | None:
    """On which side of the usual a measure is: "low", "high", or None within it."""
    if match["centile"]:
        said = match["centile"].lower()
        centile = float(_ORDINALS.get(said) or re.sub(r"[a-z]+\Z", "", said))
        if centile <= (3 if match["below"] else 2) and not match["above"]:
            return "low"
        return "high" if centile >= (97 if match["above"] else 98) and not match["below"] else None
    by = match["signed"] or match["z"] or match["by"]
    if float(re.sub(r"[^\d.]", "", by)) < _USUAL:
        return None
    if match["by"]:
        # "Less than 2 SD below the mean" is not far.
        return None if match["under"] else {"below": "low", "above": "high"}[match["side"].lower()]
    if by.startswith("+"):
        return None if match["under"] else "high"
    return None if match["over"] else "low"


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "growth.toml")


@lru_cache(maxsize=1)
def _measure() -> re.Pattern[str]:
    """Any measure; the group that matched says which."""
    ways = (f"(?P<_{i}>{'|'.join(one.of)})" for i, one in enumerate(_file().growth))
    return re.compile(rf"\b(?:{'|'.join(ways)})\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _measured() -> re.Pattern[str]:
    """One measure or some, and where they are."""
    any_of = rf"\b(?:{'|'.join('|'.join(one.of) for one in _file().growth)})\b"
    return re.compile(
        rf"(?P<of>{any_of}(?:{_AND}{any_of}){{0,4}}){_BETWEEN}(?:{_CENTILE}|{_SCORE})",
        re.IGNORECASE,
    )

"""Salts of drugs that a terminology has without: "morphine sulfate", "sodium nitroprusside".

Of a drug that it does not have at all, the metal is no mention either: "docusate sodium".

The words are data, `data/salts.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from linker.checked import Checked, shipped
from linker.detect.dictionary.match import Match

_NEXT_WORD = re.compile(r"[ \t]+([^\W\d_]+)(?!\w)(-?)")
_LAST_WORD = re.compile(r"(?<![\w-])([^\W\d_]+)[ \t]+\Z")
_LONGEST = 24
"""Code points before a word of a salt in which the other is looked for."""


class _File(Checked):
    behind: frozenset[str]
    metals: frozenset[str]
    of_two_words: frozenset[str]
    before: frozenset[str]
    ions: tuple[str, ...]
    elements: frozenset[str]
    strengths: tuple[str, ...]
    drug_endings: tuple[str, ...]
    no_drugs: frozenset[str]


def salts_in(
    text: str, matches: Sequence[Match], is_chemical: Callable[[Match], bool]
) -> Iterator[Match]:
    """The salts of a text of which a match is the drug; they are looked up as the drug.

    Args:
        text: the note.
        matches: of this text, in any order.
        is_chemical: whether what a match is looked up as is a chemical.
    """
    for match in matches:
        if match.local:
            continue
        start, end = _start(text, match), _end(text, match)
        drug = text[match.start : match.end]
        if (
            (start, end) != (match.start, match.end)
            and not _no_drugs().match(drug)
            and is_chemical(match)
        ):
            n_words = match.n_words + (start < match.start) + (end > match.end)
            long_form = match.long_form or drug
            yield match._replace(start=start, end=end, n_words=n_words, long_form=long_form)


class Bare(NamedTuple):
    """A text that names a salt, without the words that make it one: "morphine sulfate 2 mg".

    Attributes:
        drug: what the salt is of: "morphine".
        rest: the text behind the salt: " 2 mg".
    """

    drug: str
    rest: str


def without_salt(text: str) -> Bare | None:
    """The drug of the salt that a text begins with; None if there is none, or of no drug."""
    found = _salt().match(text)
    if found is None:
        return None
    drug = found["drug"] or found["of_metal"] or found["ion"]
    return None if _no_drugs().match(drug) else Bare(drug, text[found.end() :])


def is_counter_ion(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]` is the metal of a salt: "docusate sodium", not "urine sodium"."""
    data = _file()
    if text[start:end].lower() not in data.metals or text.startswith("-", end):
        return False
    before = _LAST_WORD.search(text, max(0, start - _LONGEST), start)
    drug = before[1].lower() if before else ""
    return (
        drug.endswith(data.drug_endings)
        and not (drug in data.behind or drug in data.elements or drug in data.no_drugs)
        and not _is_measured().match(text, end)
    )


def _start(text: str, match: Match) -> int:
    """Where the salt of a match begins: with the metal in front of an ion of one word."""
    drug = text[match.start : match.end]
    if " " in drug or not drug.lower().endswith(_file().ions):
        return match.start
    before = _LAST_WORD.search(text, max(0, match.start - _LONGEST), match.start)
    found = before is not None and before[1].lower() in _file().before
    return before.start() if before is not None and found else match.start


def _end(text: str, match: Match) -> int:
    """Where the salt of a match ends: with what makes it one, behind it."""
    behind = _NEXT_WORD.match(text, match.end)
    if behind is None:
        return match.end
    word = behind[1].lower()
    drug = text[match.start : match.end].lower()
    one_drug = " " not in drug or drug in _file().of_two_words
    metal = word in _file().metals and one_drug and not behind[2]
    if not metal and word not in _file().behind:
        return match.end
    if metal:
        # "Methylprednisolone sodium succinate".
        further = _NEXT_WORD.match(text, behind.end(1))
        if further is not None and further[1].lower() in _file().behind:
            behind = further
    return match.end if _is_measured().match(text, behind.end(1)) else behind.end(1)


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "salts.toml")


@lru_cache(maxsize=1)
def _no_drugs() -> re.Pattern[str]:
    """A chemical of which no salt is made by what stands beside it."""
    data = _file()
    words = sorted(data.behind | data.metals | data.elements)
    return re.compile(rf"(?:{'|'.join(words)})\b", re.IGNORECASE)


@lru_cache(maxsize=1)
def _salt() -> re.Pattern[str]:
    """A salt at the beginning of a text: its drug, of one or two words, and what makes it one."""
    data = _file()
    behind, metals, before, ions = map(
        "|".join, (sorted(data.behind), sorted(data.metals), sorted(data.before), data.ions)
    )
    word = r"[^\W\d_]+"
    ends = rf"(?:\s+(?:{metals}))?(?:\s+(?:{behind}))+(?![\w-])"
    metal = rf"\s+(?:{metals})(?=\s*$|\s+\d)"
    return re.compile(
        rf"\s*(?:(?P<drug>{word}(?:\s+{word})??)(?:{ends})|(?P<of_metal>{word})(?:{metal})"
        rf"|(?:{before})\s+(?P<ion>{word}(?:{ions}))(?![\w-]))",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _is_measured() -> re.Pattern[str]:
    """What follows a measurement: how much, which is no strength, or the next of a list."""
    data = _file()
    listed = "|".join(sorted(data.behind | data.metals | data.elements))
    strengths = "|".join(map(re.escape, data.strengths))
    return re.compile(
        rf"(?:[ \t]+|/)(?:{listed})\b|[ :=]+[<>]?\d[\d.,]*(?![\d.,]| *(?:{strengths})(?!\w))",
        re.IGNORECASE,
    )

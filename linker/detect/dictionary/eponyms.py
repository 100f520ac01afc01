"""Diseases by the name alone of whom they are called after: "Crohn's", "Hashimotos", "Graves'".

Terminologies list "Crohn disease"; notes leave the disease out. Which persons, and what shows that
a person is meant and no disease, is data: `data/eponyms.toml`. And persons whose name is a word
that a terminology has: "Dr. Burns".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pydantic import Field

from linker.checked import Checked, shipped
from linker.detect.gaps import GAP, either
from linker.text import stem

_APOSTROPHES = "'\u2019"
_TITLE = re.compile(
    r"\b(?:(?:Dr|Mr|Mrs|Ms)\.?(?:[ \t]+|[ \t]?\r?\n[ \t]{0,8})|(?:Miss|(?:DR|MR|MRS|MS)\.)[ \t]+)\Z"
)
"""In capitals with their stop alone, on one line: "MS Fatigue" is of no lady."""
_BEFORE = 24
"""Code points before an eponym in which a title is looked for."""


class _Context(Checked):
    borne: frozenset[str]
    titles: tuple[str, ...] = Field(min_length=1)
    other_things: tuple[str, ...] = Field(min_length=1)
    goes_on: tuple[str, ...] = Field(min_length=1)


class _Patterns(NamedTuple):
    """What ends before an eponym, and what follows one: see the file."""

    title: re.Pattern[str]
    other_thing: re.Pattern[str]
    goes_on: re.Pattern[str]


class _File(Checked):
    diseases: dict[str, tuple[str, ...]]
    context: _Context


def called_after(word: str) -> tuple[str, ...]:
    """The names of the disease that an eponym stands for, the most usual first; () if for none.

    Args:
        word: one word, possessive as notes write that, in any case: "Crohn's", "crohns", "Graves'".
    """
    possessive = word.rstrip(_APOSTROPHES).lower().endswith("s")
    return _names().get(stem(word), ()) if possessive else ()


def is_person(text: str, start: int, end: int) -> bool:
    """Whether the eponym `text[start:end]` is a person, or part of another thing's name.

    "Dr. Crohn's note" and "an Alzheimer's unit" name no disease. Where people bear the name, it
    takes a capital and an apostrophe, and nothing that could be theirs: "Addison's mother".
    """
    patterns = _patterns()
    if patterns.title.search(text, max(0, start - _BEFORE), start):
        return True
    if patterns.other_thing.match(text, end):
        return True
    word = text[start:end]
    return stem(word) in _borne() and not (
        word[0].isupper()
        and any(mark in word for mark in _APOSTROPHES)
        and patterns.goes_on.match(text, end)
    )


def is_surname(text: str, start: int) -> bool:
    """Whether the word that begins at an offset is a person's name: "Dr. Burns", "Ms. Cold"."""
    return (
        text[start : start + 1].isupper()
        and _TITLE.search(text, max(0, start - _BEFORE), start) is not None
    )


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "eponyms.toml")


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, ...]]:
    return {stem(person): names for person, names in _file().diseases.items()}


@lru_cache(maxsize=1)
def _borne() -> frozenset[str]:
    return frozenset(map(stem, _file().context.borne))


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    context = _file().context
    titles, things, goes_on = map(either, (context.titles, context.other_things, context.goes_on))
    return _Patterns(
        title=re.compile(rf"(?:\b(?:{titles})\.?[ \t]+|-)\Z", re.IGNORECASE),
        other_thing=re.compile(rf"{GAP}(?:{things})\b", re.IGNORECASE),
        goes_on=re.compile(rf"[ \t]*(?:[^\w \t]|\Z)|[ \t]+(?:{goes_on})\b", re.IGNORECASE),
    )

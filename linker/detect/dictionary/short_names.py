"""Findings by less than their name: "diabetes" for diabetes mellitus, "angina" for angina pectoris.

Notes leave out what goes without saying; terminologies do not. Which words, and beside what they
mean another thing ("ST depression", "lupus anticoagulant"), is data: `data/short_names.toml`; so
are symptoms that are often misspelt (`linker.detect.dictionary.slips`). Medicines by what notes
call them, trade names among it ("Lasix"), are in `data/medicines.toml`, laboratory tests, vital
signs and imaging ("chest x-ray" for thoracic radiography) in `data/examinations.toml`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from linker.checked import Checked, shipped
from linker.detect.dictionary.slips import ByEnds, by_ends, without_slip
from linker.detect.gaps import GAP, either
from linker.text import stem, stems

_BEFORE = 32
"""Code points before a word in which what makes it another thing is looked for."""


class _File(Checked):
    names: dict[str, tuple[str, ...]]
    misspelt: tuple[str, ...]
    unless_before: dict[str, tuple[str, ...]]
    unless_after: dict[str, tuple[str, ...]]


class _Medicines(Checked):
    trade_names: dict[str, tuple[str, ...]]
    everyday: dict[str, tuple[str, ...]]


class _Examinations(Checked):
    names: dict[str, tuple[str, ...]]


def full_names(said: str) -> tuple[str, ...]:
    """The names of what a word or phrase stands for, the most usual first; () if for none.

    Args:
        said: one word, or a phrase of `phrases_in_full`, in any case and number; a symptom also
            with a slip of the pen in it.
    """
    names = as_written(said)
    if names:
        return names
    right = without_slip(_key(said), _misspelt())
    return () if right is None else (right, *_names().get(right, ()))


def as_written(said: str) -> tuple[str, ...]:
    """The same without slips of the pen."""
    return _names().get(_key(said), ())


def phrases_in_full() -> list[str]:
    """What `full_names` knows of several words: "K-Dur", "beta blocker"."""
    return [own for own in _names() if " " in own]


def is_examination(said: str) -> bool:
    """Whether a name is that of a test, a vital sign or the like, which is no finding."""
    return _key(said) in _examinations()


def may_be_another_thing(word: str) -> bool:
    """Whether there are words that make a short name another thing: see `is_another_thing`."""
    return any(stem(word) in words for words in _unless())


def is_another_thing(text: str, start: int, end: int) -> bool:
    """Whether the words around `text[start:end]`, a short name, make it another thing."""
    before, after = _unless()
    word = stem(text[start:end])
    precedes, follows = before.get(word), after.get(word)
    return bool(
        (precedes and precedes.search(text, max(0, start - _BEFORE), start))
        or (follows and follows.match(text, end))
    )


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "short_names.toml")


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, ...]]:
    medicines = shipped(_Medicines, __package__, "medicines.toml")
    tables = (_file().names, medicines.trade_names, medicines.everyday)
    names = {_key(said): names for table in tables for said, names in table.items()}
    return names | _examinations()


@lru_cache(maxsize=1)
def _examinations() -> dict[str, tuple[str, ...]]:
    names = shipped(_Examinations, __package__, "examinations.toml").names
    return {_key(said): own for said, own in names.items()}


def _key(said: str) -> str:
    """By which what is said is looked up: its stems, parted by blanks."""
    return " ".join(stems(said))


@lru_cache(maxsize=1)
def _misspelt() -> ByEnds:
    return by_ends(map(stem, _file().misspelt))


@lru_cache(maxsize=1)
def _unless() -> tuple[dict[str, re.Pattern[str]], dict[str, re.Pattern[str]]]:
    file = _file()
    before = {
        stem(word): re.compile(rf"\b(?:{either(words)}){GAP}\Z", re.IGNORECASE)
        for word, words in file.unless_before.items()
    }
    after = {
        stem(word): re.compile(rf"{GAP}(?:{either(words)})\b", re.IGNORECASE)
        for word, words in file.unless_after.items()
    }
    return before, after

"""The short forms of clinical usage: "SOB", "n/v/d", the "GI" of "GI bleed".

The table of clinical abbreviations holds those of which one sense, a finding or disease, dominates
in notes. A row without a long form is one that notes use in several senses (MS, PE, RA): it is
linked only where its note defines it, or the words around it say which one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from linker.checked import shipped_rows
from linker.detect.short_forms.definitions import ShortForm, singular
from linker.detect.short_forms.senses import sense_of
from linker.text import stems, typed

_LETTERS = re.compile(r"(?<![\w/])[A-Za-z](?:/[A-Za-z]){1,4}(?![\w/])")
_DOTTED = re.compile(r"(?:[A-Za-z]\.){2,}")
_KEPT = 16384
"""Strings whose answer is kept: notes say the same few thousand things."""


def stands_for(text: str, start: int, end: int) -> str | None:
    """What the abbreviation `text[start:end]` stands for among the words around it.

    Returns:
        "" where that is no finding ("CVA tenderness"); None where neither they nor the table say.
    """
    sense = sense_of(text, start, end)
    return clinical_long_form(text[start:end]) if sense is None else sense


@lru_cache(maxsize=_KEPT)
def clinical_long_form(short: str) -> str | None:
    """What an abbreviation stands for in clinical notes; None if unknown, or no sense dominates.

    Case counts only where the abbreviation is a word or a name when written small ("AIDS", "PAD").
    """
    short = typed(short)
    exact, folded = _clinical_table()
    for form in (
        short,
        short.replace(".", "") if _DOTTED.fullmatch(short) else short,
        singular(short),
    ):
        long_form = exact.get(form) or folded.get(form.lower())
        if long_form:
            return long_form
    return None


def letters_in(text: str) -> Iterator[ShortForm]:
    """The letters of the lists that notes shorten to letters ("n/v/d"), in reading order.

    Each letter with what it stands for, which the note does not write out: `long_start` and
    `long_end` are those of the list.
    """
    if "/" not in text:
        return
    table = _letters()
    for match in _LETTERS.finditer(text):
        long_forms = table.get(match.group().lower(), ())
        for i, long_form in enumerate(long_forms):
            at = match.start() + 2 * i
            yield ShortForm(at, at + 1, long_form, *match.span())


@lru_cache(maxsize=1)
def _letters() -> dict[str, tuple[str, ...]]:
    rows = shipped_rows(__package__, "clinical_letters.tsv")
    return {short: tuple(long.split("|")) for short, long in rows}


def stands_for_in_phrase(text: str, start: int, end: int) -> str | None:
    """What `text[start:end]` stands for as a word of a phrase: "GI" of "GI bleed".

    Returns:
        None where it is no abbreviation, or one whose sense is no finding.
    """
    exact, folded = _parts_table()
    short = text[start:end]
    part = exact.get(short) or folded.get(short.lower())
    return part or stands_for(text, start, end) or None


@lru_cache(maxsize=_KEPT)
def may_stand_in_phrase(short: str) -> bool:
    """Whether a word is an abbreviation in some phrase."""
    exact, folded = _parts_table()
    return short in exact or short.lower() in folded or is_abbreviation(short)


@lru_cache(maxsize=_KEPT)
def is_abbreviation(short: str) -> bool:
    """Whether the table of clinical abbreviations has a row for it, ambiguous ones included."""
    exact, folded = _clinical_table()
    return any(form in exact or form.lower() in folded for form in (short, singular(short)))


def is_ambiguous(short: str) -> bool:
    """Whether notes use an abbreviation in several senses, of which none dominates: "MS", "PE"."""
    return is_abbreviation(short) and clinical_long_form(short) is None


def short_phrases() -> list[str]:
    """The clinical abbreviations of several words: "a fib", "C diff colitis", "v-tach"."""
    exact, folded = _clinical_table()
    return [short for short in (*exact, *folded) if len(stems(short)) > 1]


def in_full(text: str) -> str:
    """A text with the words in full that the table of parts has: "gastroesophageal reflux"."""
    exact, folded = _parts_table()
    return " ".join(exact.get(word) or folded.get(word.lower()) or word for word in text.split())


@lru_cache(maxsize=1)
def _clinical_table() -> tuple[dict[str, str], dict[str, str]]:
    """The long form of an ambiguous abbreviation is ""."""
    return _read_table("clinical_abbreviations.tsv")


@lru_cache(maxsize=1)
def _parts_table() -> tuple[dict[str, str], dict[str, str]]:
    """What is no mention by itself: organs, places, germs, and short words of notes."""
    return _read_table("clinical_parts.tsv")


def _read_table(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The abbreviations that need their exact case, and the others in lower case."""
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    for short, long, case, *_note in shipped_rows(__package__, name):
        if case == "exact":
            exact[short] = long
        else:
            folded[short.lower()] = long
    return exact, folded

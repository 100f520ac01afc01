"""Short forms that a note defines itself: "obstructive sleep apnea (OSA)".

They are found by the algorithm of Schwartz and Hearst (2003), `linker.detect.short_forms.hearst`,
on one definition at a time. scispaCy's pipeline component for it compares each parenthesis with all
that follow (quadratic on a long note), misses a long form of three words in parentheses, reads a
long form across sentences, and replaces extensions of `Doc` for the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import NamedTuple

from linker.detect.kept import kept_of_note
from linker.detect.sentences import ends_sentence, hard_breaks, plain_text
from linker.detect.short_forms.hearst import long_form_start
from linker.text import STOP_WORDS

_PARENTHESIS = re.compile(r"\(([^()]{2,120})\)")
_SHORT = r"[^\W_](?:[\w/&+-]{0,8}[^\W_])"
PLAIN_WORD = re.compile(r"[^\W\d_][a-z]{4,}['’]?s?")
"""No short form, whatever stands before it: "absence", "Cardizem", "Crohn's"."""
_LIST = r"[A-Z][A-Z\d-]+(?:\Z|,| and | or )"
_SHORT_FIRST = re.compile(rf"({_SHORT})(?:\Z|(?<=\w{{3}})[,;:] (?!{_LIST}))")
"""Alone in a bracket, or with more behind it that is no list of short forms: "(DES, 8-10 mg)".

Two letters are too few for that.
"""
_SHORT_BEFORE = re.compile(rf"(?<![\w/&+.-])({_SHORT}) ?\Z")
_WORD = re.compile(r"[^\W_](?:[\w'’/&+-]*[^\W_])?|[^\w\s]")
_HEAD = re.compile(r"[^\W_]+")
_STOP = re.compile(r"[.!?](?=\s)|[;:()\[\]]")
_LAST_WORD = re.compile(r"[^\W_]+\Z")
_BEFORE = 200
"""Characters before a parenthesis in which the long form is looked for, at most 15 words."""

# In parentheses after a phrase that happens to hold their letters, these define nothing.
# fmt: off
_NO_SHORT_FORMS = frozenset((
    "NOS", "NEC", "NA", "N/A", "POS", "NEG", "AM", "PM", "OD", "OS", "OU", "BID", "TID", "QID",
    "PRN", "PO", "IV", "IM", "SC", "SQ", "SL", "PR", "QD", "QHS", "QOD", "QAM", "QPM", "YO", "MD",
    "DO", "RN", "NP", "PHD", "USA", "US", "UK", "ST", "ND", "RD", "TH", "II", "III", "VI", "VII",
    "VIII", "IX", "XI", "XII", "RT", "LT", "BL", "WNL", "NKDA", "MG", "ML", "CM", "MM", "KG",
    "LB", "MCG", "MMHG", "DL", "CC", "HR", "HRS", "MIN", "SEC", "JAN", "FEB", "APR", "JUN", "JUL",
    "AUG", "SEP", "OCT", "NOV", "DEC", "MON", "TUE", "WED", "THU", "FRI", "SUN", "RIGHT", "LEFT",
    "SEE", "NOTE", "YES", "NONE", "FIG", "REF", "VS", "AKA", "IE", "EG",
))
# fmt: on


_CATEGORIES = frozenset(("HCC",))
"""What record systems write behind diagnoses that are paid for by category: "obesity (HCC)"."""


class ShortForm(NamedTuple):
    """A short form that its note defines: `text[start:end]`, and `text[long_start:long_end]`.

    Half-open, in code points. `long_form` is the long form with single spaces.
    """

    start: int
    end: int
    long_form: str
    long_start: int
    long_end: int


@kept_of_note
def defined_in(text: str) -> tuple[ShortForm, ...]:
    """Every occurrence of the short forms that a note defines, in reading order.

    An occurrence has the meaning of the last definition before it, or of the first definition if it
    stands before all. Plurals ("UTIs") count. No state is kept between texts.
    """
    if "(" not in text:
        return ()
    definitions: dict[str, list[ShortForm]] = {}
    for definition in _definitions(plain_text(text)):
        short = singular(text[definition.start : definition.end])
        definitions.setdefault(short, []).append(definition)
    if not definitions:
        return ()
    # The shorts by their first letters and digits, the longest first: "MDR" also begins "MDR-TB".
    heads: dict[str, list[str]] = {}
    for short in sorted(definitions, key=lambda short: (-len(short), short)):
        match = _HEAD.match(short)
        if match is not None:
            heads.setdefault(match.group(), []).append(short)
    found: list[ShortForm] = []
    done = 0
    last = dict.fromkeys(definitions, 0)
    for word in _HEAD.finditer(text):
        start = word.start()
        if start < done:
            continue
        head = word.group()
        for short in (*heads.get(head, ()), *heads.get(singular(head), ())):
            end = _end_of(text, start, short)
            if end is None:
                continue
            senses = definitions[short]
            while last[short] + 1 < len(senses) and senses[last[short] + 1].start <= start:
                last[short] += 1
            sense = senses[last[short]]
            if not sense.long_start <= start < sense.long_end:
                found.append(sense._replace(start=start, end=end))
                done = end
            break
    return tuple(found)


def _end_of(text: str, start: int, short: str) -> int | None:
    """Where the short form at `start` ends, its plural "s" included; None if it is not there."""
    if not text.startswith(short, start):
        return None
    end = start + len(short)
    if text.startswith("s", end):
        end += 1
    return None if end < len(text) and (text[end].isalnum() or text[end] == "_") else end


def singular(short: str) -> str:
    """A short form without the "s" of its plural: "UTIs", "UTI's"."""
    if len(short) <= 2 or short[-1] != "s":
        return short
    one = short[:-1].rstrip("'\u2019")
    return one if one[-1:].isupper() else short


def _definitions(text: str) -> Iterator[ShortForm]:
    """The definitions of a text, each with the short form that stands in it."""
    hard: frozenset[int] | None = None
    known: dict[tuple[str, str], tuple[int, int] | None] = {}  # Relative: a clause may come again.
    for match in _PARENTHESIS.finditer(text):
        inner_start, inner_end = match.span(1)
        begin = max(0, match.start() - _BEFORE)
        inside = _SHORT_FIRST.match(text, inner_start, inner_end)
        if inside is not None:
            long_start, long_end = begin, match.start()
            start, end = inside.span(1)
        else:
            before = _SHORT_BEFORE.search(text, max(0, match.start() - 12), match.start())
            if before is None:
                continue
            long_start, long_end = inner_start, inner_end
            start, end = before.span(1)
        short = text[start:end]
        if not _may_be_short(short) or not _has_letters(text[long_start:long_end], short):
            continue
        hard = hard_breaks(text) if hard is None else hard
        clause_start = _clause_start(text, long_start, long_end, hard)
        if long_start == inner_start and clause_start != long_start:
            continue
        key = (text[clause_start:long_end], short)
        if key not in known:
            known[key] = _long_form(*key)
        edges = known[key]
        if edges is not None:
            first, last = clause_start + edges[0], clause_start + edges[1]
            yield ShortForm(start, end, " ".join(text[first:last].split()), first, last)


def _may_be_short(short: str) -> bool:
    marks = sum(c.isupper() or c.isdigit() for c in short)
    letters = sum(c.isalpha() for c in short)
    return (
        short[0].isalpha()
        and 2 * letters >= len(short)
        and marks >= 2
        and any(c.isupper() for c in short)
        and short.upper() not in _NO_SHORT_FORMS
    )


def _has_letters(long: str, short: str) -> bool:
    """Whether the letters of the short form stand in the long one, in order: a cheap check."""
    long = long.lower()
    at = len(long)
    for c in reversed(short.lower()):
        if c.isalnum():
            at = long.rfind(c, 0, at)
            if at < 0:
                return False
    return True


def _clause_start(text: str, start: int, end: int, hard: Container[int]) -> int:
    """The last place in [start, end) where a sentence, list item or bracket begins, or `start`."""
    begin = start
    for match in reversed(list(_STOP.finditer(text, start, end))):
        if match.group() not in ".!?" or ends_sentence(
            text, match.start(), _word_before(text, match.start())
        ):
            begin = match.end()
            break
    for at in range(end - 1, begin - 1, -1):
        if at in hard:
            return at + 1
    return begin


def _word_before(text: str, at: int) -> str:
    match = _LAST_WORD.search(text[max(0, at - 12) : at])
    return "" if match is None else match.group().lower()


def _long_form(text: str, short: str) -> tuple[int, int] | None:
    """Where, at the end of `text`, the long form of `short` is."""
    words = list(_WORD.finditer(text))
    n_letters = len(short)
    words = words[-min(n_letters + 5, 2 * n_letters) :]
    if not words:
        return None
    begin = long_form_start([word.group() for word in words], short)
    if begin is None:
        return None
    first, last = words[begin], words[-1]
    form = text[first.start() : last.end()]
    # A word in capitals is no short form of a phrase in capitals that holds it.
    contained = re.search(rf"(?<!\w){re.escape(short)}(?!\w)", form, re.IGNORECASE)
    shouted = form.isupper() and short.isalpha() and len(short) > 5
    # "onset of arthritis (OA)": no long form begins with "of".
    rest = first.group().lower() in STOP_WORDS
    if contained or shouted or rest or len(form) <= len(short) + 1 or not last.group()[0].isalnum():
        return None
    return first.start(), last.end()


@kept_of_note
def parenthesised(text: str) -> frozenset[str]:
    """The strings that stand alone in parentheses, as a short form does where it is defined.

    A plain word is none: "(febrile)", "(Crohn's)".
    """
    found = frozenset(match.group(1).strip() for match in _PARENTHESIS.finditer(text))
    return frozenset(own for own in found - _CATEGORIES if not PLAIN_WORD.fullmatch(own))

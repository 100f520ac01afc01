"""Queries that are a name with more around it: "left knee pain, worsening", "metformin 500 mg BID".

Problem lists and notes say the side, the severity and the course with the name, lists of medicines
the dose. A terminology has few of these as names, and a small encoder takes "right arm weakness"
for a distal one. The words are data, `data/qualifiers.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from linker.checked import Checked, shipped
from linker.detect import (
    as_written,
    clinical_long_form,
    measured_names,
    name_in_other_words,
)
from linker.index import MAX_WORDS, Index
from linker.link.queries.wording import as_measured, named, named_all, without_slip
from linker.text import normalise, stem, stems, words

_MOST = 6
"""Qualifiers of a query of which each choice is tried; of more than these all or none."""
_LONGEST = 300
"""Code points of a query that is looked at: a longer one is no name with a few words around it."""
_SINCE = re.compile(
    r"\b(?:(?:x|for|over) ?\d+(?: ?- ?\d+)? ?(?:d|h|m|w|y|hr|hour|day|wk|week|mo|month|yr|year)s?"
    r"|since \d+|(?<=\w )\(?(?:in )?(?:19|20)\d\d\)?)(?!\w)"
)
"""How long it has been, and when it was: "x 3 months", "2014"."""
_STAGE = re.compile(
    r"(?<!\w)(?:(?:stage|grade|class|nyha(?: class)?|gleason(?: (?:score|grade))?)[ :]*)"
    r"(?:[ivx]+|\d)(?: ?[a-c])?(?: ?[-/+] ?\d)*(?!\w)"
)
"""How far it has gone: "stage IIIb", "Gleason 3+4"."""
_TIMES = re.compile(r"(?<![\w.])x ?\d+\Z")
"""How often, or how many of it: "CABG x3"."""
_EVERY = r"q ?\d{1,2}(?: ?- ?\d{1,2})? ?(?:h|hr|hour|min|d|day|wk|week)s?"
"""How often in hours or days: "q4-6h"."""
_BRACKETED = re.compile(r"\([^()]*\)")
_GRADE = re.compile(r"(?<![\w.])[1-4] ?\+(?!\w)")
"""As in "2+ edema"."""


class _File(Checked):
    side: tuple[str, ...]
    severity: tuple[str, ...]
    course: tuple[str, ...]
    control: tuple[str, ...]
    certainty: tuple[str, ...]
    size: tuple[str, ...]
    medicine: tuple[str, ...]
    with_dose: tuple[str, ...]
    units: tuple[str, ...]
    often: tuple[str, ...]
    places: tuple[str, ...]
    before: tuple[str, ...]
    behind: tuple[str, ...]
    anywhere: tuple[str, ...]
    beside: tuple[str, ...]
    lacking: tuple[str, ...]


def without_qualifiers(index: Index, normal: str) -> int | None:
    """The row of the name that is left of a normal form without as few qualifiers as possible.

    Where two names are left without as many, fewer words decide, down to none of the qualifiers.
    What it is without goes last: "migraine without aura, left" has a name with it.
    """
    if len(normal) > _LONGEST:
        return None
    row = _left_of(index, normal)
    lacking = _lacking().search(normal) if row is None else None
    if lacking is None:
        return row
    whole = normal[: lacking.start()]
    return min(named(index, stems(whole)), default=_left_of(index, whole))


def _left_of(index: Index, normal: str) -> int | None:
    """The row of the name that is left without qualifiers, what it is without among the name."""
    undated = _SINCE.sub(" ", normal)
    # "Status post MI, 2012" may be a name without its year.
    if undated != normal and (rows := named(index, stems(undated))):
        return min(rows)
    bare, n_often = _often().subn(" ", normal)
    if n_often or _dose().search(bare):
        # The brand, or how much of it there is: "(Percocet)", "(65 mg iron)".
        bare = _BRACKETED.sub(" ", bare)
    bare = _GRADE.sub(" ", _TIMES.sub(" ", _SINCE.sub(" ", _around().sub(" ", bare))))
    said = [word for word in words(bare) if word.stem]
    asked = [word.stem for word in said]
    n_cut = len(stems(normal)) - len(asked)
    if not asked or len(asked) > MAX_WORDS + _MOST:
        return None
    doses = [match.span() for match in _dose().finditer(bare)]
    is_taken = bool(doses) or n_often > 0
    qualifiers = _qualifiers(is_taken)
    places, stages = (
        [
            frozenset(i for i, word in enumerate(said) if match.start() <= word.start < match.end())
            for match in pattern.finditer(bare)
        ]
        for pattern in (_places(), _STAGE)
    )
    phrases = [*stages, *places]
    dropped = [
        i
        for i, word in enumerate(said)
        if word.stem in qualifiers
        or any(i in phrase for phrase in phrases)
        or any(a <= word.start < b for a, b in doses)
        or (doses and word.stem.isdigit() and word.start > doses[0][0])
    ]
    if not dropped and not n_cut:
        return None
    if places:
        # "Bilateral lower extremity edema" is that of the lower limbs.
        left_off = {*dropped}.difference(*places)
        kept = (word for i, word in enumerate(asked) if i not in left_off)
        placed = name_in_other_words(index, " ".join(kept))
        if placed is not None:
            return placed
    least = 0 if n_cut else 1
    tried = range(least, len(dropped) + 1) if len(dropped) <= _MOST else (len(dropped),)
    for n in tried:
        left = [*_left(asked, dropped, n, phrases)]
        found = {min(rows) for rows in named_all(index, left) if rows}
        if len(found) == 1:
            return found.pop()
    rest = " ".join(word for i, word in enumerate(asked) if i not in dropped)
    by_other_name = (min(named(index, stems(name)), default=None) for name in as_written(rest))
    row = next((row for row in by_other_name if row is not None), None)
    row = name_in_other_words(index, rest) if row is None else row
    row = _measured(index, rest) if row is None else row
    # The name of a medicine that is not there is no slip in one that is: Coumadin and coumarin.
    return without_slip(index, rest) if row is None and not is_taken else row


def _measured(index: Index, rest: str) -> int | None:
    """The row of what a measurement is called: "low blood sodium, chronic"."""
    names = [named(index, stems(name)) for name in measured_names(stems(rest))]
    return min(next(filter(None, names), ()), default=as_measured(index, rest))


def _left(
    asked: Sequence[str], dropped: Sequence[int], n: int, phrases: Sequence[frozenset[int]]
) -> Iterator[list[str]]:
    """What is left of some words without `n` of those that may be dropped.

    Of a phrase all go or none: "abdominal pain, right upper quadrant" is no upper abdominal pain.
    """
    for without in combinations(dropped, n):
        if any(0 < len(phrase.intersection(without)) < len(phrase) for phrase in phrases):
            continue
        left = [word for i, word in enumerate(asked) if i not in without]
        sizes = any(asked[i] in _sizes() for i in without)
        if len(left) > sizes:
            yield left


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "qualifiers.toml")


@lru_cache(maxsize=2)
def _qualifiers(is_taken: bool) -> frozenset[str]:
    data = _file()
    lists = (
        data.side, data.severity, data.course, data.control, data.certainty, data.size,
        data.medicine, data.with_dose if is_taken else (),
    )  # fmt: skip
    return frozenset(stem(word) for listed in lists for word in listed)


@lru_cache(maxsize=1)
def _sizes() -> frozenset[str]:
    return frozenset(map(stem, _file().size))


@lru_cache(maxsize=1)
def _dose() -> re.Pattern[str]:
    """A strength or dose: "500 mg", "10-20mg", "250 mg/5 ml"."""
    number, unit = r"\d[\d.,]*", "|".join(re.escape(normalise(unit)) for unit in _file().units)
    return re.compile(
        rf"(?<![\w.,]){number}(?: ?[-/] ?{number})? ?(?:{unit})"
        rf"(?: ?/ ?(?:{number})? ?(?:{unit}|day|hr|h|actuation|act|dose))?(?!\w)(?: iv(?!\w))?"
    )


@lru_cache(maxsize=1)
def _often() -> re.Pattern[str]:
    """How often a medicine is taken: "twice daily"."""
    often = "|".join(map(re.escape, _file().often))
    return re.compile(rf"(?<!\w)(?:{often}|{_EVERY})(?!\w)")


@lru_cache(maxsize=1)
def _places() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, _file().places))})(?!\w)")


@lru_cache(maxsize=1)
def _lacking() -> re.Pattern[str]:
    """What it is without, up to the end."""
    return re.compile(rf"(?<=\w)[\s,;(-]+(?:{'|'.join(map(re.escape, _file().lacking))})(?!\w).*$")


@lru_cache(maxsize=1)
def _around() -> re.Pattern[str]:
    """What stands before a name, and what is said behind it: up to the end, or with it."""
    data = _file()
    # A short form in a query is said in full before: "OSA on CPAP".
    said = (clinical_long_form(phrase.upper()) or "" for phrase in data.beside)
    in_full = [long_form.lower() for long_form in said if long_form]
    before, behind, anywhere, beside = (
        "|".join(map(re.escape, phrases))
        for phrases in (data.before, data.behind, data.anywhere, (*in_full, *data.beside))
    )
    return re.compile(
        rf"^(?:{before})(?!\w)|(?<=[^\s,;-])[\s,;-]+(?:{behind})(?!\w).*$"
        rf"|(?<!\w)(?:(?:{anywhere})|(?:on|by|with) (?:{beside}))(?!\w)"
    )

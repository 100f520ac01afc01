"""Phrases that contradict each other: "acute" and "chronic gastritis", "hypo-" and "hyperkalemia".

An encoder has them near each other, since they stand beside the same words, and no name that is in
reach may say what the query says. To a reader no mistake is worse.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np
from pydantic import Field

from linker.checked import Checked, shipped
from linker.link.arrays import Bools, Ints
from linker.text import stem, stems

_LEAST = 4
"""Letters that a word has left without its beginning."""
_NUMBERED = re.compile(r"([^\d]*)(?!(?:19|20)\d\d\b)([1-9]\d*)")
"""A number, and the letters before it; no year: COVID-19 is the disease of 2019."""
_MANY = 2
"""The most numbers of a phrase that are heeded."""
_CACHED = 16_384
_Masks = tuple[int, int]
"""Of pairs, a bit each: those of which something is on the one side, and on the other."""


class _Pair(Checked):
    """Words, and beginnings of words, on both sides."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    one_begins: tuple[str, ...] = ()
    other_begins: tuple[str, ...] = ()


class _Listed(Checked):
    """The file `data/opposites.toml`."""

    on_no_side: tuple[str, ...]
    counterparts: tuple[tuple[str, str], ...]
    denials: tuple[str, ...]
    denying: tuple[str, ...]
    denied: tuple[str, ...]
    absence: tuple[str, ...]
    pair: tuple[_Pair, ...] = Field(max_length=63)


class _Words(NamedTuple):
    """The file, to be looked up.

    Attributes:
        sides: of a stem, two masks of the pairs that it is on the one side of, and on the other.
        begins: the same of beginnings of stems.
        on_no_side: stems.
        counterparts: of a beginning, those that are opposite to it.
        denials: stems.
        denying: beginnings.
        denied: of a stem, what it denies.
        absence: stems that say what denials do.
    """

    sides: dict[str, _Masks]
    begins: dict[str, _Masks]
    on_no_side: frozenset[str]
    counterparts: dict[str, tuple[str, ...]]
    denials: frozenset[str]
    denying: tuple[str, ...]
    denied: dict[str, str]
    absence: frozenset[str]


class _Word(NamedTuple):
    """What a word says.

    Attributes:
        sides: its masks.
        number: the number in it, and the letters before that.
        is_denial: it denies the next word.
        denied: stems that it denies itself.
        parts: the beginnings that it has and that may have a counterpart, each with the rest.
    """

    sides: _Masks
    number: tuple[str, str] | None
    is_denial: bool
    denied: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]


class _Said(NamedTuple):
    """What a phrase says.

    Attributes:
        sided: its words that are on a side, or on several.
        one, other: masks of the pairs that these are on the one side of, and on the other.
        numbered: its numbers, each with the letters before it in its word; none if it has many, as
            those of a formula.
        denied: stems.
        parts: of words whose beginning may have a counterpart, the beginning and the rest.
    """

    sided: tuple[str, ...]
    one: int
    other: int
    numbered: tuple[tuple[str, str], ...]
    denied: frozenset[str]
    parts: frozenset[tuple[str, str]]


_ORDINARY = _Word((0, 0), None, is_denial=False, denied=(), parts=())
_NOTHING = _Said((), 0, 0, (), frozenset(), frozenset())


def says_something(word: str) -> bool:
    """Whether a stem may be contradicted: a phrase of others contradicts none."""
    return _word(word) is not None


def opposed(phrases: Sequence[str], speaking: Bools, one: Ints, other: Ints) -> Bools:
    """Which pairs of phrases contradict each other.

    Args:
        phrases: normal forms.
        speaking: those with a word that `says_something`: shape (phrases,).
        one, other: of each pair, which phrases they are: shape (pairs,).
    """
    said = {at: _said(phrases[at]) for at in np.flatnonzero(speaking).tolist()}
    columns = _columns(said, len(phrases))
    near = columns.one[one] & columns.other[other] | columns.other[one] & columns.one[other]
    near |= columns.numbered[one] & columns.numbered[other]
    near |= columns.more[one] | columns.more[other]
    found: Bools = np.zeros(len(one), dtype=bool)
    # Few are looked at one by one.
    for at in np.flatnonzero(near).tolist():
        i, j = int(one[at]), int(other[at])
        here, there = said.get(i, _NOTHING), said.get(j, _NOTHING)
        found[at] = (
            _contradict(here, there, _NOTHING)
            or _has_counterpart(here, there)
            or _denies(here, there, phrases[j])
            or _denies(there, here, phrases[i])
        )
    return found


def is_opposed_beyond(query: str, name: str, preferred: str) -> bool:
    """Whether what a query says beyond a name contradicts what its concept is called.

    "Promyelocytic leukemia" is a name of acute promyelocytic leukemia; a chronic one is another.

    Args:
        query, name, preferred: normal forms.
    """
    asked = _said(query)
    return bool(asked.sided or asked.numbered) and _contradict(asked, _said(preferred), _said(name))


class _Columns(NamedTuple):
    """What some phrases say: arrays of shape (phrases,).

    Attributes:
        one, other: the masks.
        numbered, more: 1 if there are numbers; if something is denied, or may have a counterpart.
    """

    one: Ints
    other: Ints
    numbered: Ints
    more: Ints


def _columns(said: Mapping[int, _Said], n: int) -> _Columns:
    rows = np.zeros((n, 4), dtype=np.int64)
    for at, own in said.items():
        rows[at] = own.one, own.other, bool(own.numbered), bool(own.denied or own.parts)
    return _Columns(*rows.T)


def _contradict(query: _Said, name: _Said, beside: _Said) -> bool:
    """Whether what a query has, and neither a name nor what is beside it, is on the other side of
    what the name alone has, or is another number.

    "Acute on chronic" and "chronic" differ in "acute" alone, and contradict each other in nothing.
    """
    here, there = Counter(query.sided), Counter(name.sided)
    one, other = _sides(here - there - Counter(beside.sided))
    one_of_name, other_of_name = _sides(there - here)
    if one & ~other & other_of_name & ~one_of_name or other & ~one & one_of_name & ~other_of_name:
        return True
    # C2 is component 2.
    figures, of_name = ({number for _, number in said.numbered} for said in (query, name))
    left = Counter(query.numbered) - Counter(beside.numbered)
    letters = {before for before, number in left if number not in of_name}
    return any(before in letters and n not in figures for before, n in name.numbered)


def _sides(sided: Iterable[str]) -> _Masks:
    """The masks of the pairs that words are on the one side of, and on the other."""
    one = other = 0
    for own in map(_word, sided):
        if own is not None:
            one, other = one | own.sides[0], other | own.sides[1]
    return one, other


def _has_counterpart(one: _Said, other: _Said) -> bool:
    counterparts = _words().counterparts
    return any(
        (opposite, rest) in other.parts and (opposite, rest) not in one.parts
        for begin, rest in one.parts - other.parts
        for opposite in counterparts[begin]
    )


def _denies(one: _Said, other: _Said, phrase: str) -> bool:
    """Whether the one denies what the other, a phrase, says."""
    denied = one.denied - other.denied
    if not denied:
        return False
    said = {*stems(phrase)}
    # "Without speech" is absent speech.
    return not denied.isdisjoint(said) and _words().absence.isdisjoint(said)


@lru_cache(maxsize=_CACHED)
def _said(normal: str) -> _Said:
    sided, numbered = list[str](), list[tuple[str, str]]()
    denied, parts = set[str](), set[tuple[str, str]]()
    is_denied = False
    for word in stems(normal):
        own = _word(word)
        if is_denied:
            denied.add(word)
        if own is None:
            is_denied = False
            continue
        if any(own.sides) and not is_denied:
            sided.append(word)
        if own.number is not None:
            numbered.append(own.number)
        denied.update(own.denied)
        parts.update(own.parts)
        is_denied = own.is_denial
    if len(numbered) > _MANY:
        numbered.clear()
    if not (sided or numbered or denied or parts):
        return _NOTHING
    masks = _sides(sided)
    return _Said(tuple(sided), *masks, tuple(numbered), frozenset(denied), frozenset(parts))


@lru_cache(maxsize=_CACHED)
def _word(word: str) -> _Word | None:
    """What a stem says; None for most, which say nothing that another word contradicts."""
    words = _words()
    one, other = words.sides.get(word, (0, 0))
    if word not in words.on_no_side:
        for begin, _ in _cut(word, words.begins):
            one, other = one | words.begins[begin][0], other | words.begins[begin][1]
    number = _NUMBERED.fullmatch(word)
    found = _Word(
        sides=(one, other),
        number=number and (number[1], number[2]),
        is_denial=word in words.denials,
        denied=(
            *([words.denied[word]] if word in words.denied else ()),
            *(rest for _, rest in _cut(word, words.denying)),
        ),
        parts=tuple(_cut(word, words.counterparts)),
    )
    return None if found == _ORDINARY else found


def _cut(word: str, begins: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A word cut behind each of some beginnings that it has."""
    for begin in begins:
        if len(word) >= len(begin) + _LEAST and word.startswith(begin):
            yield begin, word[len(begin) :]


@lru_cache(maxsize=1)
def _words() -> _Words:
    listed = shipped(_Listed, __package__, "opposites.toml")
    sides: defaultdict[str, _Masks] = defaultdict(lambda: (0, 0))
    begins = sides.copy()
    for bit, pair in enumerate(listed.pair):
        for table, one, other in (
            (sides, map(stem, pair.one), map(stem, pair.other)),
            (begins, pair.one_begins, pair.other_begins),
        ):
            for own in one:
                table[own] = (table[own][0] | 1 << bit, table[own][1])
            for own in other:
                table[own] = (table[own][0], table[own][1] | 1 << bit)
    counterparts: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for begin, opposite in chain(listed.counterparts, (pair[::-1] for pair in listed.counterparts)):
        counterparts[begin] += (opposite,)
    return _Words(
        sides={**sides},
        begins={**begins},
        on_no_side=frozenset(map(stem, listed.on_no_side)),
        counterparts={**counterparts},
        denials=frozenset(listed.denials),
        denying=listed.denying,
        denied={stem(word): stem(word[2:]) for word in listed.denied},
        absence=frozenset(map(stem, listed.absence)),
    )

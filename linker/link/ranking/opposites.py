"""Phrases that contradict each other: "acute" and "chronic gastritis", "hypo-" and "hyperkalemia".

An encoder has them near each other, since they stand beside the same words, and no name that is in
reach may say what the query says. To a reader no mistake is worse.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
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
_NUMBERED = re.compile(r"([^\d]*)([1-9]\d*)")
_MANY = 2
"""The most numbers of a phrase that are heeded."""
_CACHED = 65_536
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

    def sides_of(self, word: str) -> _Masks:
        """The masks of a stem, by what it is and by how it begins."""
        one, other = self.sides.get(word, (0, 0))
        if word not in self.on_no_side:
            for begin, _ in _cut(word, self.begins):
                own = self.begins[begin]
                one, other = one | own[0], other | own[1]
        return one, other


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

    sided: Counter[str]
    one: int
    other: int
    numbered: Counter[tuple[str, str]]
    denied: frozenset[str]
    parts: frozenset[tuple[str, str]]


_NOTHING = _Said(Counter(), 0, 0, Counter(), frozenset(), frozenset())


def opposed(queries: Sequence[str], names: Sequence[str], query: Ints, name: Ints) -> Bools:
    """Which pairs of normal forms contradict each other.

    Args:
        queries, names: normal forms.
        query, name: of each pair, which of the one and which of the others: shape (n,).
    """
    asked, said = [*map(_said, queries)], [*map(_said, names)]
    here, there = _columns(asked), _columns(said)
    looked_at = here.one[query] & there.other[name] | here.other[query] & there.one[name]
    looked_at |= here.numbered[query] & there.numbered[name]
    looked_at |= here.more[query] | there.more[name]
    found: Bools = np.zeros(len(query), dtype=bool)
    for at in np.flatnonzero(looked_at).tolist():
        i, j = int(query[at]), int(name[at])
        found[at] = (
            _contradict(asked[i], said[j], _NOTHING)
            or _has_counterpart(asked[i], said[j])
            or _denies(asked[i], said[j], names[j])
            or _denies(said[j], asked[i], queries[i])
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


def _columns(said: Sequence[_Said]) -> _Columns:
    rows = [
        (each.one, each.other, bool(each.numbered), bool(each.denied or each.parts))
        for each in said
    ]
    return _Columns(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


def _contradict(query: _Said, name: _Said, beside: _Said) -> bool:
    """Whether what a query has, and neither a name nor what is beside it, is on the other side of
    what the name alone has, or is another number.

    "Acute on chronic" and "chronic" differ in "acute" alone, and contradict each other in nothing.
    """
    one, other = _sides(query.sided - name.sided - beside.sided)
    one_of_name, other_of_name = _sides(name.sided - query.sided)
    if one & ~other & other_of_name & ~one_of_name or other & ~one & one_of_name & ~other_of_name:
        return True
    # C2 is component 2.
    figures, of_name = ({number for _, number in said.numbered} for said in (query, name))
    here = query.numbered - beside.numbered
    letters = {before for before, number in here if number not in of_name}
    return any(before in letters and n not in figures for before, n in name.numbered)


def _sides(sided: Iterable[str]) -> _Masks:
    """The masks of the pairs that words are on the one side of, and on the other."""
    one = other = 0
    for word in sided:
        own = _words().sides_of(word)
        one, other = one | own[0], other | own[1]
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
    words, found = _words(), stems(normal)
    sided, denied, parts = Counter[str](), set[str](), set[tuple[str, str]]()
    before = ""
    for word in found:
        if before in words.denials:
            denied.add(word)
        elif any(words.sides_of(word)):
            sided[word] += 1
        if word in words.denied:
            denied.add(words.denied[word])
        denied.update(rest for _, rest in _cut(word, words.denying))
        parts.update(_cut(word, words.counterparts))
        before = word
    numbered = Counter((m[1], m[2]) for m in map(_NUMBERED.fullmatch, found) if m)
    if numbered.total() > _MANY:
        numbered.clear()
    return _Said(sided, *_sides(sided), numbered, frozenset(denied), frozenset(parts))


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

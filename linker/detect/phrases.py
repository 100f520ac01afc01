"""Findings in everyday words or by a measurement: "hair loss", "can't sleep", "platelets were low".

Terminologies may hold the clinical name alone. Which phrases stand for which names is data,
`data/phrases.toml`; a terminology that has the phrase itself keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from linker.config import read_toml, validated
from linker.detect.grams import Hashes, Positions, sums_of
from linker.detect.variants import are_idle, is_idle
from linker.text import bag_hash, stem, stems, word_hash

_LONGEST = 6
"""Content words of a phrase, with what joins them."""
_SLOTS = 1 << 16
_APART = re.compile(r"[,;/]")
_RANGE = re.compile(r"\bin\b", re.IGNORECASE)
_CLAUSE = 40
"""Code points behind a measurement in which what makes it another thing is looked for."""


class _Phrases(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    names: tuple[str, ...]
    of: tuple[str, ...]
    alone: bool = False


class _Measured(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    of: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    low: tuple[str, ...]
    high: tuple[str, ...]
    unsaid: tuple[str, ...]
    followed_by: tuple[str, ...]
    unless_after: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    phrases: tuple[_Phrases, ...]
    measured: tuple[_Measured, ...]
    words: _Words


class _Meaning(NamedTuple):
    """What a phrase stands for.

    Attributes:
        names: the most usual first.
        alone: what follows may make it another thing.
    """

    names: tuple[str, ...]
    alone: bool


def may_be_phrases(
    entries: npt.NDArray[np.int16], hashes: Hashes, first: Positions, length: Positions
) -> list[int]:
    """The n-grams that have the hash of a phrase.

    Args:
        entries: shape (n,): what the content words are to `linker.detect.variants`.
        hashes: shape (n,): those of their stems.
        first, length: shape (m,): the n-grams, the shortest first.
    """
    slot = (hashes & np.uint64(_SLOTS - 1)).view(np.int64)
    own, unsaid = _words()
    known = own[slot]
    some = np.flatnonzero(known[first[: np.searchsorted(length, _LONGEST, side="right")]])
    some = some[known[first[some] + length[some] - 1]]
    if not len(some):
        return []
    begin, end = first[some], first[some] + length[some]
    said = np.where(are_idle(entries), np.uint64(0), hashes)
    found: set[int] = set()
    for words, (slots, keys) in (
        (said, _keys(measured=False)),
        (np.where(unsaid[slot], np.uint64(0), said), _keys(measured=True)),
    ):
        sums = sums_of(words)
        asked = sums[end] - sums[begin]
        maybe = np.flatnonzero(slots[(asked & np.uint64(_SLOTS - 1)).view(np.int64)])
        pairs = zip(some[maybe].tolist(), asked[maybe].tolist(), strict=True)
        found.update(gram for gram, key in pairs if key in keys)
    return sorted(found)


def phrase_names(said: Sequence[str]) -> tuple[str, ...]:
    """The names that a phrase stands for, the most usual first; () if for none.

    Args:
        said: the stems of its content words.
    """
    meaning = _meaning(said)
    return () if meaning is None else meaning.names


def names_in_place(text: str, start: int, end: int, said: Sequence[str]) -> tuple[str, ...]:
    """The same of `text[start:end]`, if what stands around it lets it mean that.

    "Low potassium" is no finding in "a low potassium diet", nor in "high sodium, low potassium"
    are the two words around the comma one; "glucose in the low 100s" is no low glucose.
    """
    meaning = _meaning(said)
    if meaning is None or _APART.search(text, start, end):
        return ()
    other_thing, elsewhere = _patterns()
    if meaning.alone and (
        _RANGE.search(text, start, end)
        or other_thing.match(text, end)
        or elsewhere.match(text, end, end + _CLAUSE)
    ):
        return ()
    return meaning.names


def _meaning(said: Sequence[str]) -> _Meaning | None:
    asked = [own for own in said if not is_idle(own)]
    unsaid = {*map(stem, _file().words.unsaid)}
    measured = (own for own in asked if own not in unsaid)
    return _meanings().get(tuple(sorted(asked))) or _measures().get(tuple(sorted(measured)))


@lru_cache(maxsize=1)
def _file() -> _File:
    source = resources.files(__package__) / "data/phrases.toml"
    return validated(_File, read_toml(source), where=str(source))


@lru_cache(maxsize=1)
def _meanings() -> dict[tuple[str, ...], _Meaning]:
    return {
        tuple(sorted(stems(phrase))): _Meaning(group.names, group.alone)
        for group in _file().phrases
        for phrase in group.of
    }


@lru_cache(maxsize=1)
def _measures() -> dict[tuple[str, ...], _Meaning]:
    return {
        tuple(sorted(stems(f"{word} {measured}"))): _Meaning(names, True)
        for measured, word, names in _measurements()
        if names
    }


def _measurements() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    words = _file().words
    for group in _file().measured:
        yield from ((of, word, group.low) for of, word in product(group.of, words.low))
        yield from ((of, word, group.high) for of, word in product(group.of, words.high))


@lru_cache(maxsize=2)
def _keys(*, measured: bool) -> tuple[npt.NDArray[np.bool_], frozenset[int]]:
    """The hashes of the phrases, and where they are among the slots, which is sooner looked at."""
    keys = frozenset(map(bag_hash, _measures() if measured else _meanings()))
    return _slots_of(keys), keys


@lru_cache(maxsize=1)
def _words() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the words of phrases are among the slots, and those that go without saying."""
    unsaid = [*map(stem, _file().words.unsaid)]
    words = {word for said in (*_meanings(), *_measures(), unsaid) for word in said}
    return _slots_of(map(word_hash, words)), _slots_of(map(word_hash, unsaid))


def _slots_of(hashes: Iterable[int]) -> npt.NDArray[np.bool_]:
    slots = np.zeros(_SLOTS, dtype=bool)
    slots[[own % _SLOTS for own in hashes]] = True
    return slots


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = _file().words
    return (
        re.compile(
            rf"[- ](?:(?!(?:{'|'.join(words.followed_by)})\b)[^\W\d_]|to \d)", re.IGNORECASE
        ),
        re.compile(rf"[^.;\n]*\b(?:{'|'.join(words.unless_after)})\b", re.IGNORECASE),
    )

"""Findings by a measurement: "platelets were low", "elevated WBC", "potassium is high".

Terminologies may hold the clinical name alone. What is measured, and what too little and too much
of it is called, is data, `data/measured.toml`; a terminology that has the phrase itself keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from linker.checked import Checked, shipped
from linker.detect.dictionary.grams import Hashes, Positions, sums_of
from linker.detect.dictionary.variants import are_idle
from linker.detect.dictionary.word_groups import is_idle
from linker.text import bag_hash, stem, stems, word_hash

_LONGEST = 6
"""Content words of a measurement, with what joins them."""
_SLOTS = 1 << 16
_APART = re.compile(r"[,;/]")
_RANGE = re.compile(r"\bin\b", re.IGNORECASE)
_CLAUSE = 40
"""Code points behind a measurement in which what makes it another thing is looked for."""


class _Measured(Checked):
    of: tuple[str, ...]
    low: tuple[str, ...]
    high: tuple[str, ...]


class _Words(Checked):
    low: tuple[str, ...]
    high: tuple[str, ...]
    unsaid: tuple[str, ...]
    followed_by: tuple[str, ...]
    unless_after: tuple[str, ...]


class _File(Checked):
    measured: tuple[_Measured, ...]
    words: _Words


def may_be_measured(
    entries: npt.NDArray[np.int16], hashes: Hashes, first: Positions, length: Positions
) -> list[int]:
    """The n-grams that have the hash of a measurement.

    Args:
        entries: shape (n,): what the content words are to `linker.detect.dictionary.variants`.
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
    sums = sums_of(np.where(are_idle(entries) | unsaid[slot], np.uint64(0), hashes))
    asked = sums[first[some] + length[some]] - sums[first[some]]
    slots, keys = _keys()
    maybe = np.flatnonzero(slots[(asked & np.uint64(_SLOTS - 1)).view(np.int64)])
    pairs = zip(some[maybe].tolist(), asked[maybe].tolist(), strict=True)
    return sorted(gram for gram, key in pairs if key in keys)


def measured_names(said: Sequence[str]) -> tuple[str, ...]:
    """The names of what a measurement shows, the most usual first; () if it is none.

    Args:
        said: the stems of its content words.
    """
    asked = (own for own in said if not is_idle(own) and own not in _unsaid())
    return _measures().get(tuple(sorted(asked)), ())


def names_in_place(text: str, start: int, end: int, said: Sequence[str]) -> tuple[str, ...]:
    """The same of `text[start:end]`, if what stands around it lets it mean that.

    "Low potassium" is no finding in "a low potassium diet", nor in "high sodium, low potassium"
    are the two words around the comma one; "glucose in the low 100s" is no low glucose.
    """
    names = measured_names(said)
    if not names or _APART.search(text, start, end) or _RANGE.search(text, start, end):
        return ()
    other_thing, elsewhere = _patterns()
    if other_thing.match(text, end) or elsewhere.match(text, end, end + _CLAUSE):
        return ()
    return names


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "measured.toml")


@lru_cache(maxsize=1)
def _unsaid() -> frozenset[str]:
    return frozenset(map(stem, _file().words.unsaid))


@lru_cache(maxsize=1)
def _measures() -> dict[tuple[str, ...], tuple[str, ...]]:
    return {
        tuple(sorted(stems(f"{word} {measured}"))): names
        for measured, word, names in _measurements()
        if names
    }


def _measurements() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    words = _file().words
    for group in _file().measured:
        yield from ((of, word, group.low) for of, word in product(group.of, words.low))
        yield from ((of, word, group.high) for of, word in product(group.of, words.high))


@lru_cache(maxsize=1)
def _keys() -> tuple[npt.NDArray[np.bool_], frozenset[int]]:
    """The hashes of all measurements, and where they are among the slots, sooner looked at."""
    keys = frozenset(map(bag_hash, _measures()))
    return _slots_of(keys), keys


@lru_cache(maxsize=1)
def _words() -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the words of measurements are among the slots, and those that go without saying."""
    words = _unsaid().union(*_measures())
    return _slots_of(map(word_hash, words)), _slots_of(map(word_hash, _unsaid()))


def _slots_of(hashes: Iterable[int]) -> npt.NDArray[np.bool_]:
    slots = np.zeros(_SLOTS, dtype=bool)
    slots[[own % _SLOTS for own in hashes]] = True
    return slots


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = _file().words
    return (
        re.compile(
            rf"(?:-|[ \t]+)(?:(?!(?:{'|'.join(words.followed_by)})\b)[^\W\d_]|to \d)", re.IGNORECASE
        ),
        re.compile(rf"[^.;\n]*\b(?:{'|'.join(words.unless_after)})\b", re.IGNORECASE),
    )

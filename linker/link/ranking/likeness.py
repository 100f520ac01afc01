"""How a query and a name are worded: their letters, words, numbers and opposites, in many pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import NamedTuple

import numpy as np

from linker.index import ranges
from linker.link.arrays import Bools, Floats, Ints
from linker.link.ranking.opposites import opposed, says_something
from linker.text import stems


class Compared(NamedTuple):
    """Pairs of a query and a name: equally long arrays.

    Attributes:
        missing, extra: the share of the query's words that the name lacks, and the reverse; 0 where
            there are no words.
        letters: the Dice coefficient (1945) of their sets of trigrams of code points, with two
            spaces before the string and one behind.
        numbers: whether their numbers differ.
        opposites: whether they contradict each other.
        head: whether they end in the same word.
    """

    missing: Floats
    extra: Floats
    letters: Floats
    numbers: Bools
    opposites: Bools
    head: Bools


def compare(queries: Sequence[str], names: Sequence[str], query: Ints, name: Ints) -> Compared:
    """Compare pairs of normal forms.

    Args:
        queries, names: normal forms.
        query, name: of each pair, which of the one and which of the others: shape (n,).
    """
    strings, other = [*queries, *names], name + len(queries)
    trigrams = _trigrams(strings)
    words, owner, known = _words(strings)
    of_words = _Sets.of(owner, words, len(strings), len(known))
    common = of_words.common(query, other)
    digits = np.array([*map(str.isdigit, known)], dtype=bool)[words]
    numbers = _Sets.of(owner[digits], words[digits], len(strings), len(known))
    says = np.array([*map(says_something, known)], dtype=bool)[words]
    speaking = np.bincount(owner[says], minlength=len(strings)) > 0
    n_common = numbers.common(query, other)
    last = np.full(len(strings), -1)
    last[owner] = words  # The last one stays.
    return Compared(
        missing=_share(of_words.counts[query] - common, of_words.counts[query]),
        extra=_share(of_words.counts[other] - common, of_words.counts[other]),
        letters=_share(
            2 * trigrams.common(query, other), trigrams.counts[query] + trigrams.counts[other]
        ),
        numbers=(numbers.counts[query] != n_common) | (numbers.counts[other] != n_common),
        opposites=opposed(strings, speaking, query, other),
        head=last[query] == last[other],
    )


@dataclass(frozen=True, slots=True)
class _Sets:
    """Numbered sets of whole numbers, each below `size`.

    Attributes:
        items: of all sets, one after the other and ascending, each plus its set times `size`.
        counts, first: of each set, how many items it has, and where they begin.
    """

    items: Ints
    counts: Ints
    first: Ints
    size: int

    @classmethod
    def of(cls, owner: Ints, item: Ints, n: int, size: int) -> _Sets:
        """Make `n` sets; an item may be named twice."""
        items = np.unique(owner * size + item)
        counts = np.bincount(items // max(size, 1), minlength=n)
        return cls(items, counts, np.cumsum(counts) - counts, size)

    def common(self, one: Ints, other: Ints) -> Ints:
        """How many items both sets of each pair have."""
        if not len(self.items):
            return np.zeros(len(one), dtype=np.int64)
        # The items of each other set, as if they were of the one.
        lengths = self.counts[other]
        wanted = self.items[ranges(self.first[other], lengths)]
        wanted = wanted + np.repeat((one - other) * self.size, lengths)
        place = np.minimum(np.searchsorted(self.items, wanted), len(self.items) - 1)
        pair = np.repeat(np.arange(len(one)), lengths)
        return np.bincount(pair[self.items[place] == wanted], minlength=len(one))


def _words(strings: Sequence[str]) -> tuple[Ints, Ints, list[str]]:
    """The words of strings as numbers, the string of each, and the stem of each number."""
    # Each stem that is new gets the next number.
    numbers: defaultdict[str, int] = defaultdict(count().__next__)
    found = [*map(stems, strings)]
    words = np.array([*map(numbers.__getitem__, chain.from_iterable(found))], dtype=np.int64)
    owner = np.repeat(np.arange(len(strings)), np.array([*map(len, found)], dtype=np.int64))
    return words, owner, [*numbers]


def _trigrams(strings: Sequence[str]) -> _Sets:
    """The trigrams of strings."""
    padded = "".join([f"  {string} " for string in strings])
    points = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32)
    lengths = np.array([len(string) + 3 for string in strings], dtype=np.int64)
    # Few code points occur: numbered one by one, three of them make a small number.
    occurs = np.zeros(int(points.max(initial=0)) + 1, dtype=np.int64)
    occurs[points] = 1
    letter = (np.cumsum(occurs) - 1)[points]
    n_letters = int(occurs.sum())
    owner = np.repeat(np.arange(len(strings)), lengths)
    trigram = (letter[:-2] * n_letters + letter[1:-1]) * n_letters + letter[2:]
    inside = owner[:-2] == owner[2:]
    return _Sets.of(owner[:-2][inside], trigram[inside], len(strings), n_letters**3)


def _share(part: Ints, whole: Ints) -> Floats:
    shares: Floats = part / np.maximum(whole, 1)
    return shares

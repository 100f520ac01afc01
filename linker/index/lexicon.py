"""The lexicon: from the words of a string to the names that have the same words.

A sorted column of 64-bit hashes beside a column of name rows, memory-mapped. A key is the sum of
the hashes of a name's stems (`linker.text.bag_hash`), so it is blind to word order and to what
`stem` is blind to. A hit is a proposal: whoever asks compares the words themselves.

Each word that some name has stands there too, under a key of its own that no name has, with the row
-1: so the lexicon says of a word whether it is one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linker.index.arrow import open_table, write_table
from linker.index.columns import numbers_of, ranges
from linker.text import bag_hash, hash_of, stems

MAX_WORDS = 12
"""Names of more words than this are found by their vectors alone: no note spells them out."""


_MARK = "\0"
"""What the key of a word is made with: no stem holds it. Alone, it says that there are words."""
_NO_ROW = -1
_SIEVE_BITS = 22
"""A sieve has so many bits' worth of places, a byte each: 4 MB."""
_SIEVED = 1 << 20
"""Lexicons of more hashes would fill the sieve, and it would hold nothing back."""


class Lexicon:
    """Hashes to name rows.

    Args:
        hashes: shape (n,), uint64, ascending.
        rows: shape (n,), int32: the name of each hash, -1 for that of a word.
    """

    def __init__(self, hashes: npt.NDArray[np.uint64], rows: npt.NDArray[np.int32]) -> None:
        self._hashes = hashes
        self._keys = hashes.data
        """The hashes again: single ones are read sooner from a memory view than from an array."""
        self._rows = rows
        self._sieve: npt.NDArray[np.bool_] | None = None

    @classmethod
    def build(cls, names: Iterable[str], *, first: int = 0) -> Lexicon:
        """Make the lexicon of the names, row by row. Names without a word are left out.

        Args:
            first: the row of the first name.
        """
        words = {""}

        def key_of(name: str) -> int:
            found = stems(name)
            words.update(found)
            return bag_hash(found) if len(found) <= MAX_WORDS else 0

        hashes = np.fromiter(map(key_of, names), dtype=np.uint64)
        rows = np.flatnonzero(hashes)
        keys = np.concatenate([hashes[rows], _keys_of(words)])
        rows = np.concatenate([rows + first, np.full(len(words), _NO_ROW)])
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], rows[order].astype(np.int32))

    @classmethod
    def open(cls, path: Path) -> Lexicon:
        """Map the lexicon from its file."""
        table = open_table(path)
        return cls(numbers_of(table.column("hash")), numbers_of(table.column("row")))

    def save(self, path: Path) -> None:
        """Write the lexicon to a file that `open` can map."""
        write_table(path, pa.table({"hash": pa.array(self._hashes), "row": pa.array(self._rows)}))

    def __len__(self) -> int:
        """The number of names that it has."""
        return int(np.count_nonzero(self._rows >= 0))

    def find(
        self, hashes: npt.NDArray[np.uint64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The names that share a hash with a query: all hits of all queries at once.

        Args:
            hashes: shape (m,), in any order; 0 finds nothing.

        Returns:
            Two arrays of one shape (hits,): positions in `hashes`, ascending, and name rows.
        """
        maybe = self._maybe(hashes)
        keys = hashes[maybe]
        left = np.searchsorted(self._hashes, keys, side="left")
        found = np.flatnonzero(left < len(self._hashes))
        # Most queries find nothing, so only those that hit are looked up a second time.
        found = found[self._hashes[left[found]] == keys[found]]
        counts = np.searchsorted(self._hashes, keys[found], side="right") - left[found]
        rows = self._rows[ranges(left[found], counts)]
        return np.repeat(maybe[found], counts), rows.astype(np.int64)

    def rows_of(self, key: int) -> list[int]:
        """The names that share one hash: what `find` finds, without arrays around a single query.

        Args:
            key: 0 finds nothing.
        """
        keys = self._keys
        first = bisect_left(keys, key)
        return [
            int(self._rows[at])
            for at in takewhile(lambda at: keys[at] == key, range(first, len(keys)))
        ]

    def knows(self, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        """Whether each of some stems is a word of a name: shape (len(words),).

        All are, as far as a lexicon knows that was built before it had its words.
        """
        found = np.zeros(len(words) + 1, dtype=bool)
        found[self.find(_keys_of(["", *words]))[0]] = True
        known: npt.NDArray[np.bool_] = found[1:] | ~found[0]
        return known

    def _maybe(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """The positions of the hashes that may be in the column, by their first bits.

        Of a note's thousands of n-grams one in fifty is a name; a place in a small table says no to
        nearly all others sooner than a bisection does.
        """
        if len(self._hashes) > _SIEVED or len(hashes) < 2:
            return np.arange(len(hashes))
        if self._sieve is None:
            # Whole before any other thread sees it.
            sieve = np.zeros(1 << _SIEVE_BITS, dtype=bool)
            sieve[_place(self._hashes)] = True
            self._sieve = sieve
        maybe: npt.NDArray[np.int64] = np.flatnonzero(self._sieve[_place(hashes)])
        return maybe


def _place(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _SIEVE_BITS)).astype(np.int64)


def _keys_of(words: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.array([hash_of(_MARK + word) for word in words], dtype=np.uint64)

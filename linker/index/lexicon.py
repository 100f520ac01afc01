"""The lexicon: from the words of a string to the names that have the same words.

A sorted column of 64-bit hashes beside a column of name rows, memory-mapped. A key is the sum of
the hashes of a name's stems (`linker.text.bag_hash`), so it is blind to word order and to what
`stem` is blind to. A hit is a proposal: whoever asks compares the words themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linker.index.arrow import open_table, write_table
from linker.index.columns import numbers_of, ranges
from linker.text import bag_hash, stems

MAX_WORDS = 12
"""Names of more words than this are found by their vectors alone: no note spells them out."""


_SIEVE_BITS = 22
"""A sieve has so many bits' worth of places, a byte each: 4 MB."""
_SIEVED = 1 << 20
"""Lexicons of more hashes would fill the sieve, and it would hold nothing back."""


class Lexicon:
    """Hashes to name rows.

    Args:
        hashes: shape (n,), uint64, ascending.
        rows: shape (n,), int32: the name of each hash.
    """

    def __init__(self, hashes: npt.NDArray[np.uint64], rows: npt.NDArray[np.int32]) -> None:
        self._hashes = hashes
        self._rows = rows
        self._sieve: npt.NDArray[np.bool_] | None = None

    @classmethod
    def build(cls, names: Iterable[str], *, first: int = 0) -> Lexicon:
        """Make the lexicon of the names, row by row. Names without a word are left out.

        Args:
            first: the row of the first name.
        """
        hashes = np.fromiter(map(_name_hash, names), dtype=np.uint64)
        rows = np.flatnonzero(hashes)
        rows = rows[np.argsort(hashes[rows], kind="stable")]
        return cls(hashes[rows], (rows + first).astype(np.int32))

    @classmethod
    def open(cls, path: Path) -> Lexicon:
        """Map the lexicon from its file."""
        table = open_table(path)
        return cls(numbers_of(table.column("hash")), numbers_of(table.column("row")))

    def save(self, path: Path) -> None:
        """Write the lexicon to a file that `open` can map."""
        write_table(path, pa.table({"hash": pa.array(self._hashes), "row": pa.array(self._rows)}))

    def __len__(self) -> int:
        return len(self._hashes)

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

    def _maybe(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
        """The positions of the hashes that may be in the column, by their first bits.

        Of a note's thousands of n-grams one in fifty is a name; a place in a small table says no to
        nearly all others sooner than a bisection does.
        """
        if len(self._hashes) > _SIEVED or len(hashes) < 2:
            return np.arange(len(hashes))
        if self._sieve is None:
            self._sieve = np.zeros(1 << _SIEVE_BITS, dtype=bool)
            self._sieve[_place(self._hashes)] = True
        maybe: npt.NDArray[np.int64] = np.flatnonzero(self._sieve[_place(hashes)])
        return maybe


def _place(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _SIEVE_BITS)).astype(np.int64)


def _name_hash(name: str) -> int:
    """The key of a name; 0, which finds nothing, for one without words or of too many."""
    found = stems(name)
    return bag_hash(found) if len(found) <= MAX_WORDS else 0

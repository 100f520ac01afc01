"""How many letters two strings share, for many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from linker.index import ranges

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def dice(
    queries: Sequence[str], names: Sequence[str], query: Sequence[int] | Ints, name: Ints
) -> Floats:
    """The Dice coefficients (1945) of the sets of trigrams of pairs of strings.

    A string's trigrams are those of its code points with two spaces before them and one behind.

    Args:
        queries, names: strings that UTF-8 can hold.
        query, name: of each pair, which of the one and which of the others: shape (n,).

    Returns:
        Twice what both of a pair have, over the sum of what each has: shape (n,), in [0, 1].
    """
    query, other = np.asarray(query, dtype=np.int64), name + len(queries)
    grams, owner, size = _trigrams([*queries, *names])
    counts = np.bincount(owner, minlength=len(queries) + len(names))
    first = np.cumsum(counts) - counts
    # The trigrams of each pair's name, as if they were its query's.
    lengths = counts[other]
    pair = np.repeat(np.arange(len(query)), lengths)
    wanted = grams[ranges(first[other], lengths)] + np.repeat((query - other) * size, lengths)
    place = np.searchsorted(grams, wanted)
    common = np.bincount(pair, grams[np.minimum(place, len(grams) - 1)] == wanted, len(query))
    shares: Floats = 2 * common / (counts[query] + lengths)
    return shares


def _trigrams(strings: Sequence[str]) -> tuple[Ints, Ints, int]:
    """The distinct trigrams of each of some strings, as numbers.

    Returns:
        The numbers, ascending: a trigram's own, plus the string's place times `size`; the string of
        each; and `size`.
    """
    padded = "".join([f"  {string} " for string in strings])
    points = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32)
    lengths = np.array([len(string) + 3 for string in strings], dtype=np.int64)
    # Few code points occur: numbered one by one, three of them make a small number.
    occurs = np.zeros(int(points.max(initial=0)) + 1, dtype=np.int64)
    occurs[points] = 1
    letter = (np.cumsum(occurs) - 1)[points]
    n_letters = int(occurs.sum())
    size = n_letters**3
    string = np.repeat(np.arange(len(strings)), lengths)
    numbers = (letter[:-2] * n_letters + letter[1:-1]) * n_letters + letter[2:]
    inside = string[:-2] == string[2:]
    grams = np.unique((numbers + string[:-2] * size)[inside])
    return grams, grams // size, size

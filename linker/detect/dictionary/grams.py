"""Which stretches of a note the dictionary matcher looks up: word positions, all at once.

Content words are the words that are no stop words. A run is a stretch that a mention may span: it
ends at a full stop, a bullet, a bracket or the border of a table cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from linker.detect.dictionary.composites import MAX_FRONT, MAX_HEAD, MAX_PART, Joint
from linker.detect.dictionary.word_groups import verb_stems
from linker.index import MAX_WORDS
from linker.text import word_hash

MAX_STOP_WORDS = 2
"""Stop words that may stand inside a mention ("fracture of the femur")."""

SIDES = frozenset({"left", "right", "bilateral", "r", "l"})
"""Stems that say on which side, and not what."""

# The guesses of `composites` at a joint: where their left piece begins and ends, counted from the
# joint's left side, and their right piece, counted from its right side. First those that share
# their last words, then those that share their first ones.
_GUESSES = [
    *(
        (-n_left, 0, n_right, n_right + n_head)
        for n_left, n_right, n_head in product(
            range(1, MAX_PART + 2), range(1, MAX_PART + 1), range(1, MAX_HEAD + 1)
        )
    ),
    *(
        (-n_left - n_front, -n_left, 0, n_right)
        for n_left, n_right, n_front in product(
            range(1, MAX_PART + 1), range(1, MAX_PART + 1), range(1, MAX_FRONT + 1)
        )
    ),
]
_STARTS, _ENDS, _OTHERS, _STOPS = np.array(_GUESSES, dtype=np.int64).T

Positions = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def grams(position: Positions, run: Positions) -> tuple[Positions, Positions]:
    """First word, and number of words, of every n-gram that may be a mention, the shortest first.

    Args:
        position: shape (n,): the positions of the content words among all words.
        run: shape (n,): the run of each.
    """
    n = len(position)
    if not n:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    length = np.arange(1, min(MAX_WORDS, n) + 1)[:, None]
    last = np.arange(n) + length - 1
    end = np.minimum(last, n - 1)
    apart = position[end] - position
    fits = (last < n) & (run[end] == run) & (apart < length + MAX_STOP_WORDS)
    row, first = np.nonzero(fits)
    return first, row + 1


def without_sides(
    side: npt.NDArray[np.bool_], hashes: Hashes, first: Positions, length: Positions
) -> tuple[Positions, Hashes]:
    """The n-grams that hold a side in their middle, and what of their hashes is the side's.

    "pain in the right leg" and "pain in R leg" are leg pain.

    Args:
        side: shape (n,): whether a content word says on which side.
        hashes: shape (n,): those of their stems.
        first, length: shape (m,): the n-grams.

    Returns:
        Which n-grams, and the sum of the hashes of the sides in each: two arrays of one shape.
    """
    if not side.any():
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    sums = sums_of(np.where(side, hashes, np.uint64(0)))
    last = first + length - 1
    of_sides = sums[last] - sums[first]
    which = np.flatnonzero((of_sides != 0) & ~side[first] & ~side[last])
    return which, of_sides[which]


def across_joints(
    found: Sequence[Joint], hashes: Hashes, run: Positions
) -> tuple[Positions, Hashes]:
    """What a first part of a composite would be called, at every joint of a text.

    For `linker.detect.dictionary.composites`: its guesses, by their hashes. Where none is a name,
    `parts_at` need not look.

    Args:
        found: the joints.
        hashes: shape (n,): those of the stems of the content words.
        run: shape (n,): the run of each.

    Returns:
        Which joint, and a hash: two arrays of one shape.
    """
    left = np.array([joint.left for joint in found], dtype=np.int64)[:, None]
    right = np.array([joint.right for joint in found], dtype=np.int64)[:, None]
    starts, ends, others, stops = left + _STARTS, left + _ENDS, right + _OTHERS, right + _STOPS
    inside = (starts >= 0) & (stops <= len(hashes))
    which, _ = np.nonzero(inside)
    start, end, other, stop = starts[inside], ends[inside], others[inside], stops[inside]
    one = run[start] == run[stop - 1]
    sums = sums_of(hashes)
    keys = sums[end] - sums[start] + sums[stop] - sums[other]
    return which[one], keys[one]


def without_verbs(hashes: Hashes) -> Hashes:
    """The hashes of words, 0 for a verb that says nothing itself: "was"."""
    return np.where(np.isin(hashes, _verbs()), np.uint64(0), hashes)


@lru_cache(maxsize=1)
def _verbs() -> Hashes:
    return np.array([*map(word_hash, sorted(verb_stems()))], dtype=np.uint64)


def sums_of(hashes: Hashes) -> Hashes:
    """The sums of the first 0, 1, ... n hashes, modulo 2 ** 64."""
    return np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes, dtype=np.uint64)])

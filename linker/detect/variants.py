"""Names in other words: "bowing of the femurs" is femoral bowing.

A terminology of findings has a name or two for what texts say with the noun or the adjective of a
body part and of a change, or in a sentence ("the femurs were bowed"). The words that stand for one
another are data, `data/variants.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from linker.config import read_toml, validated
from linker.detect.grams import Hashes, Positions
from linker.text import Word, stem, word_hash

_LONGEST = 5
"""Content words of a stretch that may be a name in other words; at least two."""


_VERB, _ADVERB, _PART, _CHANGE = range(1, 5)
"""What a word may be here; the words of the last two are those of groups."""
_MAX_IDLE = 3
"""Verbs and adverbs between a body part and its change."""
_ADJECTIVE = re.compile(r"(?:ac|al|ar|ed|ic|ous|ive|absent)\Z", re.IGNORECASE)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    parts: tuple[tuple[str, ...], ...]
    changes: tuple[tuple[str, ...], ...]
    verbs: tuple[str, ...]
    adverbs: tuple[str, ...]


def in_other_words(
    content: Sequence[Word], hashes: Hashes, first: Positions, length: Positions
) -> tuple[Positions, Hashes]:
    """The n-grams that have one or two words of a group, and their hashes in other words.

    Args:
        content: the content words, n of them.
        hashes: shape (n,): those of their stems.
        first, length: shape (m,): the n-grams.

    Returns:
        Which n-grams, and what to add to their hashes, modulo 2 ** 64: two arrays of one shape.
    """
    role_of = _roles().get
    roles = np.fromiter((role_of(word.stem, 0) for word in content), np.int8, len(content))
    at = np.flatnonzero(roles >= _PART)
    if len(at) == 0:
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    # Most n-grams have no word of a group, or are too long: no more is asked about them.
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(roles >= _PART)])
    some = np.flatnonzero(length <= _LONGEST + _MAX_IDLE)
    some = some[before[first[some] + length[some]] > before[first[some]]]
    begin, after = first[some], first[some] + length[some]
    own, dropped = length[some], np.zeros(len(some), np.uint64)
    said = np.zeros(len(some), dtype=bool)
    if (roles == _VERB).any():
        # "The toes were invariably absent": what joins the two says nothing itself.
        idle = (roles == _VERB) | (roles == _ADVERB)
        said = (
            (_between(roles == _VERB, begin, after) > 0)
            & ~idle[begin]
            & (roles[after - 1] == _CHANGE)
        )
        own = own - np.where(said, _between(idle, begin, after), 0)
        of_idle = _between(np.where(idle, hashes, np.uint64(0)), begin, after)
        dropped = np.where(said, of_idle, np.uint64(0))
    n_of_groups = before[after] - before[begin]
    fits = (own >= 2) & (own <= _LONGEST)
    changes, filled = _changes(content, hashes, at)
    # "Absent toes": one word in other words, or two, or none where a verb was dropped.
    which, added = [], []
    for n in (1, 2):
        grams = np.flatnonzero(fits & (n_of_groups == n))
        place = before[begin[grams]]
        if n == 1:
            ways, change = filled[place], changes[place]
        else:
            ways = filled[place][:, :, None] & filled[place + 1][:, None, :]
            change = changes[place][:, :, None] + changes[place + 1][:, None, :]
        gram, *_ = np.nonzero(ways)
        which.append(grams[gram])
        added.append(change[ways])
    of, change = np.concatenate(which), np.concatenate(added)
    change = change - dropped[of]
    changed = change != 0
    return some[of[changed]], change[changed]


def _between(values: Any, first: Positions, end: Positions) -> Any:
    """The sums of the values at [first, end), modulo 2 ** 64 if they are hashes."""
    dtype = np.uint64 if values.dtype == np.uint64 else np.int64
    sums = np.concatenate([np.zeros(1, dtype), np.cumsum(values, dtype=dtype)])
    return sums[end] - sums[first]


def _changes(
    content: Sequence[Word], hashes: Hashes, at: Positions
) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """What to add to the hash of each word of a group for the others: a row a word.

    Returns:
        Changes, of which the first leaves the word as it is, and which of them there are: two
        arrays of one shape.
    """
    of_words = [_others()[content[i].stem] for i in at]
    shape = (len(at), 1 + max(map(len, of_words)))
    changes, filled = np.zeros(shape, np.uint64), np.zeros(shape, dtype=bool)
    for row, others in enumerate(of_words):
        changes[row, 1 : len(others) + 1] = others - hashes[at[row]]
        filled[row, : len(others) + 1] = True
    return changes, filled


def ends_in_noun(text: str) -> bool:
    """Whether a stretch of text may end where it does: "abnormal cardiac" is cut short."""
    return _ADJECTIVE.search(text) is None


def same_in_other_words(stems: Sequence[str], name: Sequence[str]) -> bool:
    """Whether stems of a text are those of a name, if each stands for its group."""
    if not _verbs().isdisjoint(stems):
        idle = _verbs() | _adverbs()
        stems = [stem for stem in stems if stem not in idle]
    return len(stems) == len(name) and _canonical(stems) == _canonical(name)


def _canonical(stems: Sequence[str]) -> list[str]:
    return sorted(_heads().get(stem, stem) for stem in stems)


@lru_cache(maxsize=1)
def _file() -> _File:
    source = resources.files(__package__) / "data/variants.toml"
    return validated(_File, read_toml(source), where=str(source))


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    return frozenset(map(stem, _file().verbs))


@lru_cache(maxsize=1)
def _adverbs() -> frozenset[str]:
    return frozenset(map(stem, _file().adverbs))


@lru_cache(maxsize=1)
def _groups() -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(dict.fromkeys(map(stem, group))) for group in (*_file().parts, *_file().changes)
    )


@lru_cache(maxsize=1)
def _roles() -> dict[str, int]:
    """What stems are to this module; others are nothing."""
    roles: dict[str, int] = {}
    for role, words in (
        (_VERB, _verbs()),
        (_ADVERB, _adverbs()),
        (_PART, (stem(word) for group in _file().parts for word in group)),
        (_CHANGE, (stem(word) for group in _file().changes for word in group)),
    ):
        roles.update(dict.fromkeys(words, role))
    return roles


@lru_cache(maxsize=1)
def _heads() -> dict[str, str]:
    """The first stem of each stem's group."""
    return {stem: group[0] for group in _groups() for stem in group}


@lru_cache(maxsize=1)
def _others() -> dict[str, Hashes]:
    """The hashes of the other stems of each stem's group."""
    return {
        own: np.array([word_hash(stem) for stem in group if stem != own], np.uint64)
        for group in _groups()
        if len(group) > 1
        for own in group
    }

"""Names in other words: "bowing of the femurs" is femoral bowing.

A terminology of findings has a name or two for what texts say with the noun or the adjective of a
body part and of a change, or in a sentence ("the femurs were bowed", "teeth are widely spaced").
Which words stand for one another, `linker.detect.dictionary.word_groups` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from linker.detect.dictionary.grams import Hashes, Positions
from linker.detect.dictionary.word_groups import (
    ADVERB,
    CHANGE,
    PART,
    VERB,
    adverb_stems,
    cause_stems,
    heads_of_stems,
    organ_diseases,
    roles_of_stems,
    stem_groups,
    unsaid_beside,
    unsaid_heads,
    verb_stems,
    word_file,
)
from linker.text import bag_hash, stem, word_hash

_LONGEST = 5
"""Content words of a stretch that may be a name in other words; at least two."""
_MAX_IDLE = 3
"""Verbs and adverbs between a body part and its change."""
_NO = stem("no")
_MAX_OF_GROUPS = 3
"""Words of groups in a stretch: "abnormal clavicular shape" is abnormal clavicle morphology."""
_ADJECTIVE = re.compile(r"(?:ac|al|ar|ed|ic|ous|ive|absent|painful)\Z", re.IGNORECASE)


def entry_of(stem: str) -> int:
    """What a stem is to names in other words, as a number for `in_other_words`; 0 for nothing."""
    return _entries().number.get(stem, 0)


def in_other_words(
    entries: npt.NDArray[np.int16], hashes: Hashes, first: Positions, length: Positions
) -> tuple[Positions, Hashes]:
    """The n-grams with words of a group, three at most, or a verb; their hashes in other words.

    Args:
        entries: shape (n,): what the content words are, by `entry_of`.
        hashes: shape (n,): those of their stems.
        first, length: shape (m,): the n-grams.

    Returns:
        Which n-grams, and what to add to their hashes, modulo 2 ** 64: two arrays of one shape.
    """
    known = _entries()
    roles = known.role[entries]
    at = np.flatnonzero(roles >= PART)
    verbs = roles == VERB
    # Most n-grams have no word of a group and no verb, or are too long: no more is asked of them.
    some = np.flatnonzero(length <= _LONGEST + _MAX_IDLE)
    some = some[_between((roles >= PART) | verbs, first[some], first[some] + length[some]) > 0]
    begin, after = first[some], first[some] + length[some]
    own, dropped = length[some], np.zeros(len(some), np.uint64)
    said = np.zeros(len(some), dtype=bool)
    if verbs.any():
        # "The toes were invariably absent": what joins the two says nothing itself.
        idle = verbs | (roles == ADVERB)
        said = (_between(verbs, begin, after) > 0) & ~idle[begin] & ~idle[after - 1]
        own = own - np.where(said, _between(idle, begin, after), 0)
        of_idle = _between(np.where(idle, hashes, np.uint64(0)), begin, after)
        dropped = np.where(said, of_idle, np.uint64(0))
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(roles >= PART)])
    n_of_groups = before[after] - before[begin]
    fits = (own >= 2) & (own <= _LONGEST)
    # What to add to the hash of each word of a group for the others, and 0 to leave it as it is.
    n_others = known.n_others[entries[at]]
    width = 1 + n_others.max(initial=0)
    filled = np.arange(width) <= n_others[:, None]
    changes = known.others[entries[at], :width] - hashes[at, None]
    changes[:, 0] = 0
    # "Absent toes": one word in other words, or all, or none where a verb was dropped.
    in_its_words = np.flatnonzero(fits & said & (n_of_groups == 0))
    which, added = [in_its_words], [np.zeros(len(in_its_words), np.uint64)]
    for n in range(1, _MAX_OF_GROUPS + 1):
        grams = np.flatnonzero(fits & (n_of_groups == n))
        place = before[begin[grams]]
        ways, change = filled[place], changes[place]
        for i in range(1, n):
            row = (len(grams), *(1,) * i, width)
            ways = ways[..., None] & filled[place + i].reshape(row)
            change = change[..., None] + changes[place + i].reshape(row)
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


def are_idle(entries: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Which words join others and say nothing themselves: "was", "slightly".

    Args:
        entries: shape (n,): what the words are, by `entry_of`.
    """
    roles = _entries().role[entries]
    idle: npt.NDArray[np.bool_] = (roles == VERB) | (roles == ADVERB)
    return idle


def ends_in_noun(text: str) -> bool:
    """Whether a stretch of text may end where it does: "abnormal cardiac" is cut short."""
    return _ADJECTIVE.search(text) is None or text.lower().endswith(word_file().of_a_patient)


def same_in_other_words(stems: Sequence[str], name: Sequence[str]) -> bool:
    """Whether stems of a text are those of a name, if each stands for its group.

    What a text denies is none: "no signs of bleeding" says not that no abnormality was detected.
    """
    if stems[0] == _NO:
        return False
    if has_verb(stems):
        idle = verb_stems() | adverb_stems()
        stems = [stem for stem in stems if stem not in idle]
        # "Her chest was pain-free": what is said of a thing stands before it in a name.
        if roles_of_stems().get(stems[-1]) != CHANGE and _headed(stems) == _headed(name):
            return False
    return _canonical(stems) == _canonical(name)


def has_verb(stems: Sequence[str]) -> bool:
    """Whether stems of a text are those of a sentence: "toes were absent"."""
    return not verb_stems().isdisjoint(stems)


def is_disease_of_organ(stems: Sequence[str], name: Sequence[str]) -> bool:
    """Whether a name is the disease of the organ of which stems of a text say what is wrong."""
    organs, changes, general = organ_diseases()
    if organs.isdisjoint(stems) or changes.isdisjoint(stems):
        return False
    return _canonical([general if stem in changes else stem for stem in stems]) == _canonical(name)


def has_some_cause(stems: Sequence[str]) -> bool:
    """Whether stems of a text are of an injury, which a terminology may file by its cause."""
    return not cause_stems().isdisjoint(stems)


def _canonical(stems: Sequence[str]) -> list[str]:
    heads = sorted(_headed(stems))
    said = {unsaid_heads()[head] for head in heads if head in unsaid_heads()}
    return [head for head in heads if head not in said]


def _headed(stems: Sequence[str]) -> list[str]:
    return [heads_of_stems().get(stem, stem) for stem in stems]


class _Entries(NamedTuple):
    """The stems that are something here, each with a number from 1 on.

    Attributes:
        number: of each stem.
        role: of each number, 0 among them, which is all other stems: shape (numbers,).
        others: what may stand for it, as hashes, from the second column on.
        n_others: how many there are.
    """

    number: dict[str, int]
    role: npt.NDArray[np.int8]
    others: Hashes
    n_others: Positions


@lru_cache(maxsize=1)
def _entries() -> _Entries:
    roles = roles_of_stems()
    of_groups = _others()
    number = {stem: i for i, stem in enumerate(roles, start=1)}
    n_others = [0, *(len(of_groups.get(own, ())) for own in roles)]
    others = np.zeros((len(n_others), 1 + max(n_others)), np.uint64)
    for own, i in number.items():
        others[i, 1 : n_others[i] + 1] = of_groups.get(own, ())
    role = np.array([0, *roles.values()], np.int8)
    return _Entries(number, role, others, np.array(n_others))


@lru_cache(maxsize=1)
def _others() -> dict[str, Hashes]:
    """What may stand for each stem, as hashes.

    The others of its group, each of the group with the word that goes without saying beside it, 0,
    nothing, for such a word, and for what is wrong with an organ a disease of it.
    """
    understood = unsaid_beside()
    unsaid = set(understood.values())
    grouped = {stem: group for group in stem_groups() for stem in group}
    others = {}
    _, of_organs, disease = organ_diseases()
    for own in {*grouped, *understood, *unsaid, *of_organs}:
        group = grouped.get(own, (own,))
        with_unsaid = (bag_hash((stem, understood[stem])) for stem in group if stem in understood)
        alone = (word_hash(stem) for stem in group if stem != own)
        nothing = [0] if own in unsaid else []
        general = [word_hash(disease)] if own in of_organs else []
        others[own] = np.array([*alone, *with_unsaid, *nothing, *general], np.uint64)
    return others

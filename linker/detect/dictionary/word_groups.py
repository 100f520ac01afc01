"""What words are to names in other words: body parts, changes, and what joins them in a sentence.

Which words stand for one another is data, `data/variants.toml`; here they are stems.
"""

from __future__ import annotations

from functools import lru_cache

from linker.checked import Checked, shipped
from linker.text import stem

VERB, ADVERB, PART, CHANGE = range(1, 5)
"""What a word may be here; the words of the last two are those of groups."""


class _OfOrgans(Checked):
    organs: tuple[str, ...]
    changes: tuple[str, ...]
    are: str
    of_some_cause: tuple[str, ...]


class _File(Checked):
    parts: tuple[tuple[str, ...], ...]
    changes: tuple[tuple[str, ...], ...]
    verbs: tuple[str, ...]
    adverbs: tuple[str, ...]
    of_another: tuple[str, ...]
    determiners: tuple[str, ...]
    followed_by: tuple[str, ...]
    of_a_patient: tuple[str, ...]
    of_organs: _OfOrgans
    understood: dict[str, str]


def is_idle(stem: str) -> bool:
    """Whether a stem joins others and says nothing itself: "was", "slightly"."""
    return roles_of_stems().get(stem) in (VERB, ADVERB)


def is_part(stem: str) -> bool:
    """Whether a stem is a body part's."""
    return roles_of_stems().get(stem) == PART


def same_part(stem: str) -> tuple[str, ...]:
    """The stems by which a body part's noun and adjectives are known, itself among them."""
    return next((group for group in stem_groups() if stem in group), ()) if is_part(stem) else ()


@lru_cache(maxsize=1)
def word_file() -> _File:
    """What the file lists."""
    return shipped(_File, __package__, "variants.toml")


@lru_cache(maxsize=1)
def verb_stems() -> frozenset[str]:
    """Verbs that join a thing and what is said of it, and say nothing themselves: "was"."""
    return frozenset(map(stem, word_file().verbs))


@lru_cache(maxsize=1)
def adverb_stems() -> frozenset[str]:
    """Adverbs that say nothing beside such a verb: "slightly"."""
    return frozenset(map(stem, word_file().adverbs))


@lru_cache(maxsize=1)
def organ_diseases() -> tuple[frozenset[str], frozenset[str], str]:
    """The organs, what is wrong with them, and what that is in general, as stems."""
    of = word_file().of_organs
    return frozenset(map(stem, of.organs)), frozenset(map(stem, of.changes)), stem(of.are)


@lru_cache(maxsize=1)
def cause_stems() -> frozenset[str]:
    """What is wrong with an organ by some cause: "injury"."""
    return frozenset(map(stem, word_file().of_organs.of_some_cause))


@lru_cache(maxsize=1)
def stem_groups() -> tuple[tuple[str, ...], ...]:
    """Stems of which any may stand for any other of its group."""
    return tuple(
        tuple(dict.fromkeys(map(stem, group)))
        for group in (*word_file().parts, *word_file().changes)
    )


@lru_cache(maxsize=1)
def roles_of_stems() -> dict[str, int]:
    """What stems are, `VERB` to `CHANGE`; those that it lacks are nothing here."""
    roles: dict[str, int] = {}
    for role, words in (
        (VERB, verb_stems()),
        (ADVERB, adverb_stems()),
        (PART, (*unsaid_beside(), *unsaid_beside().values())),
        (PART, (stem(word) for group in word_file().parts for word in group)),
        (CHANGE, (stem(word) for group in word_file().changes for word in group)),
        (CHANGE, organ_diseases()[1]),
    ):
        roles.update(dict.fromkeys(words, role))
    return roles


@lru_cache(maxsize=1)
def heads_of_stems() -> dict[str, str]:
    """The first stem of each stem's group."""
    return {stem: group[0] for group in stem_groups() for stem in group}


@lru_cache(maxsize=1)
def unsaid_beside() -> dict[str, str]:
    """The stem that goes without saying beside another: that of "muscle" beside "tone"."""
    return {stem(word): stem(unsaid) for word, unsaid in word_file().understood.items()}


@lru_cache(maxsize=1)
def unsaid_heads() -> dict[str, str]:
    """The same, each as the first of its group."""
    heads = heads_of_stems()
    return {heads.get(k, k): heads.get(v, v) for k, v in unsaid_beside().items()}

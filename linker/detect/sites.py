"""Mentions with the body part beside them: "ovarian tumor", "pain in his left knee".

A dictionary finds the names that a note spells out. Where the terminology says Ovarian Neoplasms
and Knee pain, that is "tumor" and "pain", which are right and say too little. Here is what stands
beside them, and in what words; whether the two together are a name is for the linker to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, product
from typing import NamedTuple

from linker.checked import Checked, shipped
from linker.detect.dictionary.disorders import SPREADS_TO
from linker.detect.dictionary.word_groups import is_part, same_part
from linker.detect.sentences import hard_breaks, plain_newlines
from linker.schema import Mention
from linker.text import stem

_MOST_PARTS, _MOST_WORDS = 2, 4
"""Words of a body part ("cervical spine" has two), and with what says where on it."""
_REACH = 26
"""Characters of a word before a mention, with what parts them."""
_WORD_BEFORE = re.compile(r"(?:-|[ \t]{1,2}|[ \t]*\n[ \t]?)([^\W\d_]{3,})(?![^\W_]|[-'’/.])")
"""Read backwards: a search for what ends at a place tries every place before it."""
_GAP = r"(?:[ \t]{1,2}|[ \t]?\n[ \t]*)"
_WORD_END = r"(?![\w'’/-])"
_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST_IN_CAPITALS = 7
"""Shorter mentions in capitals are letters: they say what they stand for, or nothing."""


class _File(Checked):
    sites: tuple[tuple[str, ...], ...]
    prepositions: frozenset[str]
    determiners: frozenset[str]
    sides: tuple[tuple[str, ...], ...]
    positions: tuple[tuple[str, ...], ...]
    findings: tuple[tuple[str, ...], ...]


class Site(NamedTuple):
    """A mention with the body part beside it.

    Attributes:
        start, end: of the two together: `text[start:end]`, half-open, in code points.
        words: the body part, and before it what says where on it: ("lower", "back").
    """

    start: int
    end: int
    words: tuple[str, ...]


class _Word(NamedTuple):
    start: int
    text: str


def sites_of(text: str, mentions: Sequence[Mention]) -> list[tuple[Site, ...]]:
    """For each mention the body part right before or behind it.

    Args:
        text: the note.
        mentions: of this text, in any order; they may overlap.

    Returns:
        As many as there are mentions: the site with all that is said of it, then without its side,
        then the body part alone. None where no body part stands beside a mention, where another
        mention that is more than a body part holds it, and for letters that stand for nothing
        known.
    """
    text = plain_newlines(text)
    taken = bytearray(len(text))
    for mention in mentions:
        # Large terminologies have the body part as a concept too.
        if is_site(mention.text):
            continue
        taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
    found: list[tuple[Site, ...]] = []
    breaks: frozenset[int] | None = None
    for mention in mentions:
        sites = () if mention.proposed or _is_letters(mention) else _beside(text, mention)
        # Few sites go over the end of a line, and most notes have none that does.
        if breaks is None and sites and "\n" in text[sites[0].start : sites[0].end]:
            breaks = hard_breaks(text)
        if sites and not _is_free(taken, mention, sites[0], breaks or frozenset()):
            sites = ()
        found.append(sites)
    return found


def _is_free(taken: bytearray, mention: Mention, site: Site, breaks: frozenset[int]) -> bool:
    """Whether no other mention holds what a site adds to its own, and no line ends in it."""
    added = (site.start, mention.start), (mention.end, site.end)
    return all(taken.find(1, *stretch) < 0 for stretch in added) and breaks.isdisjoint(
        range(site.start, site.end)
    )


def in_words_of_site(site: Site) -> Iterator[tuple[str, ...]]:
    """The ways to name a site, as stems: as it stands first."""
    return product(*map(_same, site.words))


def in_words_of_finding(stems: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The ways to say a finding beside its site, as stems: as it stands first."""
    return product(*(_findings().get(own, (own,)) for own in stems))


def _is_letters(mention: Mention) -> bool:
    return (
        mention.long_form is None
        and mention.text.isupper()
        and len(mention.text) < _SHORTEST_IN_CAPITALS
    )


def _beside(text: str, mention: Mention) -> tuple[Site, ...]:
    return _before(text, mention) or _behind(text, mention)


def _before(text: str, mention: Mention) -> tuple[Site, ...]:
    """The body part that ends right before a mention, with where on it: "left lower leg"."""
    start = mention.start
    parts: list[_Word] = []
    positions: list[_Word] = []
    while len(parts) + len(positions) < _MOST_WORDS:
        match = _WORD_BEFORE.match(text[max(0, start - _REACH - 1) : start][::-1])
        if match is None or match.end() > _REACH:
            break
        word = _Word(start - match.end(), match[1][::-1].lower())
        if not positions and len(parts) < _MOST_PARTS and _is_part(word.text):
            parts.insert(0, word)
        elif parts and word.text in _positions():
            positions.insert(0, word)
        else:
            break
        start = word.start
    if not parts:
        return ()
    return tuple(
        Site(said[0].start, mention.end, tuple(word.text for word in said))
        for said in _less_and_less(positions, parts)
    )


def _behind(text: str, mention: Mention) -> tuple[Site, ...]:
    """The body part behind a preposition right behind a mention."""
    run = _words_behind().match(text, mention.end)
    if run is None:
        return ()
    first, *rest = _WORD.finditer(run.group())
    if SPREADS_TO.search(text[mention.start : mention.end + first.end()]):
        return ()
    parts: list[_Word] = []
    positions: list[_Word] = []
    end = mention.end
    for match in rest:
        word = _Word(mention.end + match.start(), match.group().lower())
        if len(parts) < _MOST_PARTS and _is_part(word.text):
            parts.append(word)
            end = mention.end + match.end()
        elif parts:
            # "The back of her neck" is no back.
            if word.text == "of":
                return ()
            break
        elif word.text in _positions():
            positions.append(word)
        elif word.text not in _file().determiners:
            return ()
    if not parts:
        return ()
    return tuple(
        Site(mention.start, end, tuple(word.text for word in said))
        for said in _less_and_less(positions, parts)
    )


def _less_and_less(positions: Sequence[_Word], parts: Sequence[_Word]) -> list[tuple[_Word, ...]]:
    """What is said of a site: all, all but its side, the body part alone; each once."""
    on_it = [word for word in positions if word.text not in _sides()]
    return [*dict.fromkeys((*said, *parts) for said in (positions, on_it, ()))]


@lru_cache(maxsize=8192)
def is_site(text: str) -> bool:
    """Whether a text is the words of a body part and of where on it, and nothing else.

    "Kidney", "the left lower leg", "cardiac".
    """
    said = [word.lower() for word in _WORD.findall(text)]
    return any(map(_is_part, said)) and all(
        _is_part(w) or w in _positions() or w in _file().determiners for w in said
    )


@lru_cache(maxsize=8192)
def _is_part(word: str) -> bool:
    return is_part(stem(word)) or stem(word) in _parts()


@lru_cache(maxsize=8192)
def _same(word: str) -> tuple[str, ...]:
    """A word of a site and those that may stand for it, as stems, itself first."""
    own = stem(word)
    groups = (_parts().get(own, ()), same_part(own), _positions().get(word, ()))
    return tuple(dict.fromkeys((own, *chain.from_iterable(groups))))


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "sites.toml")


@lru_cache(maxsize=1)
def _words_behind() -> re.Pattern[str]:
    """A preposition, and the words that follow it."""
    either = "|".join(sorted(_file().prepositions))
    return re.compile(rf"{_GAP}(?i:{either}){_WORD_END}(?:{_GAP}[^\W\d_]+{_WORD_END}){{1,6}}")


@lru_cache(maxsize=1)
def _parts() -> dict[str, tuple[str, ...]]:
    return _grouped(_file().sites)


@lru_cache(maxsize=1)
def _sides() -> frozenset[str]:
    return frozenset(chain.from_iterable(_file().sides))


@lru_cache(maxsize=1)
def _positions() -> dict[str, tuple[str, ...]]:
    groups = (*_file().sides, *_file().positions)
    return {word: tuple(map(stem, group)) for group in groups for word in group}


@lru_cache(maxsize=1)
def _findings() -> dict[str, tuple[str, ...]]:
    return _grouped(_file().findings)


def _grouped(groups: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """The stems of some groups of words, each with itself and all that may stand for it."""
    same: dict[str, tuple[str, ...]] = {}
    for group in groups:
        stems = [*map(stem, group)]
        for own in stems:
            same[own] = tuple(dict.fromkeys((own, *same.get(own, ()), *stems)))
    return same

"""The dictionary matcher: the names of the index, wherever a note spells them out.

All n-grams of a note are hashed at once (differences of prefix sums) and looked up at once in the
lexicon's sorted hashes, so that the cost hardly grows with the dictionary. Matches are blind to
case, inflection, hyphens, Greek letters, stop words and word order; what is blind is then checked:
short capitals keep their case (MAP is not map), numbers keep their order, and no match crosses the
end of a sentence, a bullet or a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linker.config import read_toml
from linker.detect.abbreviations import (
    clinical_long_form,
    is_abbreviation,
    parenthesised,
)
from linker.index import MAX_WORDS, Index
from linker.schema import Mention
from linker.text import Word, bag_hash, readable, word_hash, words

MAX_STOP_WORDS = 2
"""Stop words that may stand inside a mention ("fracture of the femur")."""

# What stands between two words of one mention: spaces, one line break, a hyphen, slash, apostrophe.
_GLUE = re.compile(r"[ \t\u00a0]*[-‐‑–/'’+]?[ \t\u00a0]*(?:\r?\n[ \t]*)?")
_HEADER_END = re.compile(r"[ \t]*(?::|\r?\n|\Z)")
_COMMA = re.compile(r"[ ]?,[ \t]*(?:\r?\n[ \t]*)?")


class _Match(NamedTuple):
    start: int
    end: int
    n_words: int
    long_form: str | None


class DictionaryMatcher:
    """Finds the index's own names. Needs no model, and always works.

    Args:
        index: whose names to find.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._name = lru_cache(maxsize=65536)(self._read_name)
        self._expands = lru_cache(maxsize=4096)(self._find_long_form)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, longest first where they overlap, in reading order."""
        return [self._detect(text) for text in texts]

    def _detect(self, text: str) -> list[Mention]:
        safe = readable(text)
        found = words(safe)
        # A short form in parentheses is defined by the note: `expand` sees to it.
        defined = parenthesised(safe)
        matches = [
            *self._names_in(safe, found, defined),
            *self._abbreviations_in(safe, found, defined),
        ]
        mentions = (
            Mention(
                match.start, match.end, text[match.start : match.end], long_form=match.long_form
            )
            for match in _longest(matches)
        )
        return sorted(mentions, key=lambda mention: mention.start)

    def _names_in(self, text: str, found: list[Word], defined: frozenset[str]) -> Iterator[_Match]:
        position = np.array([i for i, word in enumerate(found) if word.stem], dtype=np.int64)
        hashes = np.array([word_hash(found[i].stem) for i in position], dtype=np.uint64)
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes, dtype=np.uint64)])
        first, length = _grams(position, _runs(text, found))
        grams, rows = self._index.lexicon.find(sums[first + length] - sums[first])
        for gram, row in zip(grams.tolist(), rows.tolist(), strict=True):
            i, n = int(first[gram]), int(length[gram])
            span = [found[j] for j in position[i : i + n]]
            start, end = span[0].start, span[-1].end
            stretch = text[start:end]
            # What other abbreviations stand for in notes is for the table to say.
            named = stretch in defined or not is_abbreviation(stretch)
            if (
                named
                and self._fits(stretch, [word.stem for word in span], row)
                and not _means_something_else(text, start, end)
            ):
                yield _Match(start, end, n, None)

    def _abbreviations_in(
        self, text: str, found: list[Word], defined: frozenset[str]
    ) -> Iterator[_Match]:
        for word in found:
            short = text[word.start : word.end]
            long_form = self._expands(short)
            if long_form is not None and short not in defined:
                yield _Match(word.start, word.end, 1, long_form)

    def _fits(self, text: str, stems: list[str], row: int) -> bool:
        """Whether a stretch of text with the hash of a name is that name."""
        name, surfaces = self._name(row)
        if name != tuple(stems):
            # Another order: the same words, no list of things ("pain/bone"), no numbers to swap.
            numbers = sum(stem.isdigit() for stem in stems)
            if sorted(name) != sorted(stems) or numbers > 1 or "," in text or "/" in text:
                return False
        elif "," in text and not any("," in surface for surface in surfaces):
            return False
        return any(_same_case(text, surface) for surface in surfaces)

    def _read_name(self, row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        store = self._index.store
        stems = tuple(word.stem for word in words(store.normal(row)) if word.stem)
        return stems, tuple(dict.fromkeys(pair.written for pair in store.pairs(row)))

    def _find_long_form(self, word: str) -> str | None:
        """The long form of a clinical abbreviation, if it is a name of the index."""
        long_form = clinical_long_form(word)
        if long_form is None:
            return None
        stems = [word.stem for word in words(long_form) if word.stem]
        _, rows = self._index.lexicon.find(np.array([bag_hash(stems)], dtype=np.uint64))
        fits = any(self._fits(long_form, stems, int(row)) for row in rows)
        return long_form if fits else None


def _means_something_else(text: str, start: int, end: int) -> bool:
    """Whether a name is an everyday word here, or the header of a section."""
    everyday, headers = _not_mentions()
    stretch = text[start:end].lower()
    if stretch in everyday:
        return True
    return (
        stretch in headers
        and not text[text.rfind("\n", 0, start) + 1 : start].strip()
        and _HEADER_END.match(text, end) is not None
    )


@lru_cache(maxsize=1)
def _not_mentions() -> tuple[frozenset[str], frozenset[str]]:
    data = read_toml(resources.files(__package__) / "data/not_mentions.toml")
    return frozenset(data["words"]), frozenset(data["headers"])


def _runs(text: str, found: list[Word]) -> npt.NDArray[np.int64]:
    """For each word the number of its run: a mention stays within one.

    A full stop, a bullet, a bracket or the border of a table cell ends a run; a space, a hyphen, a
    comma or a single line break does not.
    """
    breaks = np.zeros(len(found), dtype=np.int64)
    for i in range(1, len(found)):
        gap = text[found[i - 1].end : found[i].start]
        breaks[i] = not (gap == " " or _GLUE.fullmatch(gap) or _COMMA.fullmatch(gap))
    return np.cumsum(breaks)


def _grams(
    position: npt.NDArray[np.int64], runs: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First word, and number of words, of every n-gram that may be a mention.

    Args:
        position: shape (n,): the positions of the content words among all words.
        runs: shape (words,): the run of each word.
    """
    n = len(position)
    firsts, lengths = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for length in range(1, min(MAX_WORDS, n) + 1):
        first = np.arange(n - length + 1)
        start, end = position[first], position[first + length - 1]
        first = first[(runs[start] == runs[end]) & (end - start < length + MAX_STOP_WORDS)]
        firsts.append(first)
        lengths.append(np.full(len(first), length))
    return np.concatenate(firsts), np.concatenate(lengths)


def _same_case(text: str, surface: str) -> bool:
    """Whether the case of a text lets it be this name.

    A short name with capitals beyond its first letter is an acronym: it must stand as it is written
    (ALL is not all). Any other name may stand in any case, but a text of two or three capitals is
    an acronym itself, and no other word ("OR" is no "or", "TIC" no "tic").
    """
    letters = [c for c in surface if c.isalpha()]
    acronym = len(surface) <= 5 and sum(c.isupper() for c in letters) >= 2
    if acronym:
        return text == surface or text in (f"{surface}s", f"{surface}'s")
    if len(letters) <= 2:
        return text == surface
    return not (len(text) <= 3 and text.isupper() and text != surface)


def _longest(matches: list[_Match]) -> list[_Match]:
    """Matches without overlaps: those of more words first, then the longer, then the earlier."""
    kept: list[_Match] = []
    taken: set[int] = set()
    # The long form of an abbreviation comes last: a name of the index that is spelled out wins.
    for match in sorted(
        matches, key=lambda m: (-m.n_words, m.start - m.end, m.start, m.long_form is not None)
    ):
        stretch = range(match.start, match.end)
        if taken.isdisjoint((match.start, match.end - 1)) and taken.isdisjoint(stretch):
            taken.update(stretch)
            kept.append(match)
    return kept

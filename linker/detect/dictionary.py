"""The dictionary matcher: the names of the index, wherever a note spells them out.

All n-grams of a note are hashed at once (differences of prefix sums) and looked up at once in the
lexicon's sorted hashes, so that the cost hardly grows with the dictionary. Matches are blind to
case, inflection, hyphens, Greek letters, stop words and word order; what is blind is then checked:
short capitals keep their case (MAP is not map), numbers keep their order, and no match crosses the
end of a sentence, a bullet or a table cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from itertools import compress
from typing import NamedTuple

import numpy as np

from linker.config import read_toml
from linker.detect.abbreviations import (
    clinical_long_form,
    is_abbreviation,
    letters_in,
    parenthesised,
)
from linker.detect.adjectives import noun_of
from linker.detect.composites import Joint, is_list, joints, parts_at
from linker.detect.disorders import (
    is_letters,
    means_another_thing,
    says_too_little,
    spelled_out,
)
from linker.detect.grams import SIDES, Hashes, Positions, across_joints, grams, runs, without_sides
from linker.detect.senses import sense_of
from linker.detect.variants import ends_in_noun, in_other_words, same_in_other_words
from linker.index import Index
from linker.schema import Mention
from linker.terminology import DISORDER, NameKind, kinds_of_type
from linker.text import Word, bag_hash, readable, stems, word_hash, words

_LONGEST_AMBIGUOUS = 3
_WINDOW = 8
"""Content words on each side of a joint that may belong to one composite."""

_HEADER_END = re.compile(r"[ \t]*(?::|\r?\n|\Z)")


class _Match(NamedTuple):
    start: int
    end: int
    n_words: int
    long_form: str | None
    row: int = -1
    doubtful: bool = False


class _Reading(NamedTuple):
    """A stretch of text that is a name: see `DictionaryMatcher._read`.

    Attributes:
        header: some sections have it as their header.
        doubtful: it is letters that stand for a disorder, if the note says so.
    """

    n_words: int
    long_form: str | None
    abbreviation: bool
    header: bool
    doubtful: bool


class DictionaryMatcher:
    """Finds the index's own names. Needs no model, and always works.

    Args:
        index: whose names to find.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._name = lru_cache(maxsize=65536)(self._read_name)
        self._expands = lru_cache(maxsize=65536)(self._find_long_form)
        self._is_name = lru_cache(maxsize=16384)(self._look_up)
        self._reading = lru_cache(maxsize=65536)(self._read)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, longest first where they overlap, in reading order."""
        return [self._mentions(text, _longest) for text in texts]

    def detect_nested(self, texts: Sequence[str]) -> list[list[Mention]]:
        """Every mention of each text, those inside others too. See `NestingDetector`."""
        return [self._mentions(text, _each_span) for text in texts]

    def _mentions(
        self, text: str, choose: Callable[[list[_Match]], Iterable[_Match]]
    ) -> list[Mention]:
        safe = readable(text)
        found = words(safe)
        # A short form in parentheses is defined by the note: `expand` sees to it.
        defined = parenthesised(safe)
        matches = [
            *self._names_in(safe, found, defined),
            *self._abbreviations_in(safe, found, defined),
        ]
        mentions = (
            _mention(text, match) for match in choose(self._supported(text, matches, defined))
        )
        return sorted(mentions, key=lambda mention: (mention.start, -mention.end))

    def _supported(self, text: str, matches: list[_Match], defined: frozenset[str]) -> list[_Match]:
        """Without the short capitals that only seem to be names of the index.

        Two letters mean too many things, and what stands in parentheses is defined by the note: it
        takes another name of the same concept in the note to say that this one is meant. Letters
        that stand for a disorder need one that has these letters: RB1 is no retinoblastoma.
        """
        strings = [text[match.start : match.end] for match in matches]
        # An abbreviation that is another thing somewhere is another thing everywhere.
        others = {
            string
            for match, string in zip(matches, strings, strict=True)
            if is_letters(string) and means_another_thing(text, match.start, match.end)
        }
        if others:
            kept = [string not in others for string in strings]
            matches, strings = [*compress(matches, kept)], [*compress(strings, kept)]
        doubtful = {
            match
            for match, short in zip(matches, strings, strict=True)
            if match.long_form is None
            and (
                match.doubtful
                or (short.isupper() and (len(short) <= 2 or (short in defined and len(short) <= 5)))
            )
        }
        if not doubtful:
            return matches
        concepts = {
            match: [pair.concept for pair in self._index.store.pairs(match.row)]
            for match in doubtful
        }
        sure = [match for match in matches if match.row >= 0 and match not in doubtful]
        known = self._named(text, sure, {c for own in concepts.values() for c in own})

        def is_known(match: _Match) -> bool:
            letters = text[match.start : match.end]
            return any(
                concept in known
                and (
                    len(letters) <= 2 or not match.doubtful or spelled_out(letters, known[concept])
                )
                for concept in concepts[match]
            )

        return [match for match in matches if match not in doubtful or is_known(match)]

    def _named(
        self, text: str, matches: Sequence[_Match], concepts: Collection[int]
    ) -> dict[int, set[str]]:
        """How a text names some concepts: those of them that have a match."""
        found = self._index.store.pair_rows(np.array([m.row for m in matches], dtype=np.int64))
        asked = np.isin(found.concept, list(concepts))
        named: dict[int, set[str]] = {}
        for at, concept in zip(
            found.name[asked].tolist(), found.concept[asked].tolist(), strict=True
        ):
            match = matches[at]
            named.setdefault(concept, set()).add(text[match.start : match.end])
        return named

    def _names_in(self, text: str, found: list[Word], defined: frozenset[str]) -> Iterator[_Match]:
        position = np.array([i for i, word in enumerate(found) if word.stem], dtype=np.int64)
        content = [found[i] for i in position]
        hashes = np.fromiter((word_hash(word.stem) for word in content), np.uint64, len(content))
        run = runs(text, found)
        first, length = grams(position, run)
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashes, dtype=np.uint64)])
        keys = sums[first + length] - sums[first]
        sided, of_sides = without_sides(content, hashes, first, length)
        gram, row = self._index.lexicon.find(np.concatenate([keys, keys[sided] - of_sides]))
        plain = gram < len(keys)
        gram = np.concatenate([np.arange(len(keys)), sided])[gram]
        last = first + length - 1
        hits = (first[gram], last[gram], row, plain)
        for begin, stop, name, whole in zip(*(hit.tolist() for hit in hits), strict=True):
            start, end = content[begin].start, content[stop].end
            stretch = text[start:end]
            reading = self._reading(stretch, name, whole)
            # What other abbreviations stand for in notes is for the table to say.
            if (
                reading is not None
                and (stretch in defined or not reading.abbreviation)
                and not (reading.header and _is_header(text, start, end))
            ):
                yield _Match(start, end, reading.n_words, reading.long_form, name, reading.doubtful)
        yield from self._variants_in(text, content, hashes, first, length, keys)
        yield from self._composites_in(text, content, hashes, run[position])

    def _variants_in(
        self,
        text: str,
        content: list[Word],
        hashes: Hashes,
        first: Positions,
        length: Positions,
        keys: Hashes,
    ) -> Iterator[_Match]:
        """Disorders that the text names in other words than the index."""
        which, added = in_other_words(content, hashes, first, length)
        hits, rows = self._index.lexicon.find(keys[which] + added)
        for gram, row in zip(which[hits].tolist(), rows.tolist(), strict=True):
            found = content[first[gram] : first[gram] + length[gram]]
            start, end = found[0].start, found[-1].end
            stems, names = self._name(row)
            if (
                same_in_other_words([word.stem for word in found], stems)
                and (len(stems) < len(found) or ends_in_noun(text[start:end]))
                and not is_list(text[start:end], found)
                and self._names_disorders(row)
            ):
                yield _Match(start, end, len(found), names[0], row)

    def _composites_in(
        self, text: str, content: list[Word], hashes: Hashes, run: Positions
    ) -> Iterator[_Match]:
        found = list(joints(text, content))
        which, keys = across_joints(found, hashes, run)
        hits, _ = self._index.lexicon.find(keys)
        for joint in (found[i] for i in np.unique(which[hits]).tolist()):
            first = max(joint.left - _WINDOW, int(np.searchsorted(run, run[joint.left])))
            near = content[first : joint.right + _WINDOW]
            inside = Joint(joint.left - first, joint.right - first)
            for part in parts_at(text, near, inside, self._is_name):
                yield _Match(part.start, part.end, len(words(part.name)), part.name)

    def _abbreviations_in(
        self, text: str, found: list[Word], defined: frozenset[str]
    ) -> Iterator[_Match]:
        shorts = [text[word.start : word.end] for word in found]
        for word, short, long_form in zip(found, shorts, map(self._expands, shorts), strict=True):
            # Most words stand for nothing else.
            if long_form is None:
                continue
            if not long_form:
                sense = sense_of(text, word.start, word.end)
                long_form = sense if sense is not None and self._is_name(sense) else None
            if (
                long_form is not None
                and short not in defined
                and not (short.islower() and text[word.start - 1 : word.start] == "-")
            ):
                yield _Match(word.start, word.end, 1, long_form)
        for letter in letters_in(text):
            if self._is_name(letter.long_form):
                yield _Match(letter.start, letter.end, 1, letter.long_form)

    def _read(self, stretch: str, row: int, whole: bool) -> _Reading | None:
        """What a stretch of text with the hash of a name is, whatever text it stands in.

        Args:
            row: the name.
            whole: without a side in its middle that is no part of the name.

        Returns:
            None if it is not that name, or an everyday word, or a single letter.
        """
        everyday, headers = _not_mentions()
        lower = stretch.lower()
        own = tuple(stem for stem in stems(stretch) if whole or stem not in SIDES)
        # No one means a disease by a single letter.
        if len(stretch) == 1 or lower in everyday or not self._fits(stretch, own, row):
            return None
        if says_too_little(own) and self._names_disorders(row):
            return None
        return _Reading(
            n_words=len(own),
            # A side is no part of the name: the name is looked up in its place.
            long_form=None if whole else self._name(row)[1][0],
            abbreviation=is_abbreviation(stretch),
            header=lower in headers,
            doubtful=is_letters(stretch)
            and not self._is_preferred(row)
            and self._names_disorders(row),
        )

    def _names_disorders(self, row: int) -> bool:
        """Whether all concepts of a name are disorders; a concept without types says nothing."""
        store = self._index.store
        return all(
            any(DISORDER in kinds_of_type(t) for t in store.semantic_types(pair.concept))
            for pair in store.pairs(row)
        )

    def _is_preferred(self, row: int) -> bool:
        return any(pair.kind is NameKind.PREFERRED for pair in self._index.store.pairs(row))

    def _fits(self, text: str, stems: tuple[str, ...], row: int) -> bool:
        """Whether a stretch of text with the hash of a name is that name."""
        name, surfaces = self._name(row)
        if name != stems:
            # Another order: the same words, no list of things ("pain/bone"), no numbers to swap.
            numbers = sum(stem.isdigit() for stem in stems)
            if sorted(name) != sorted(stems) or numbers > 1 or "," in text or "/" in text:
                return False
        elif "," in text and not any("," in surface for surface in surfaces):
            return False
        return any(_same_case(text, surface) for surface in surfaces)

    def _read_name(self, row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        store = self._index.store
        written = dict.fromkeys(pair.written for pair in store.pairs(row))
        return tuple(stems(store.normal(row))), tuple(written)

    def _look_up(self, text: str) -> bool:
        return any(True for _ in self._rows_of(text))

    def _rows_of(self, text: str) -> Iterator[int]:
        """The names that a text is."""
        own = tuple(stems(text))
        _, rows = self._index.lexicon.find(np.array([bag_hash(own)], dtype=np.uint64))
        return (row for row in rows.tolist() if self._fits(text, own, row))

    def _find_long_form(self, word: str) -> str | None:
        """What a word that is no name stands for, if that is a name of the index.

        The long form of a clinical abbreviation, or the noun of an adjective; "" for letters whose
        sense the words around them decide.
        """
        long_form = clinical_long_form(word)
        if long_form is not None and self._is_name(long_form):
            return long_form
        if long_form is None and word[1:].islower():
            noun = noun_of(word)
            if noun is not None and self._is_disorder(noun):
                return noun
        return "" if len(word) <= _LONGEST_AMBIGUOUS and word.isupper() else None

    def _is_disorder(self, text: str) -> bool:
        return any(map(self._names_disorders, self._rows_of(text)))


def _mention(text: str, match: _Match) -> Mention:
    stretch = text[match.start : match.end]
    # An apostrophe at the end of a word closes a quotation, or makes a genitive ("the seizures'").
    if stretch[-2:-1].isalpha() and stretch[-1] in "'\u2019":
        stretch = stretch[:-1]
    return Mention(match.start, match.start + len(stretch), stretch, long_form=match.long_form)


def _is_header(text: str, start: int, end: int) -> bool:
    """Whether a name that some sections have as their header is such a header here."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return not before.strip() and _HEADER_END.match(text, end) is not None


@lru_cache(maxsize=1)
def _not_mentions() -> tuple[frozenset[str], frozenset[str]]:
    data = read_toml(resources.files(__package__) / "data/not_mentions.toml")
    return frozenset(data["words"]), frozenset(data["headers"])


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
    taken = bytearray(max((match.end for match in matches), default=0))
    for match in sorted(matches, key=_rank):
        start, end = match.start, match.end
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(match)
    return kept


def _each_span(matches: list[_Match]) -> Iterable[_Match]:
    """One match for each span."""
    best: dict[tuple[int, int], _Match] = {}
    for match in sorted(matches, key=_rank):
        best.setdefault((match.start, match.end), match)
    return best.values()


def _rank(match: _Match) -> tuple[int, int, int, bool]:
    # The long form of an abbreviation comes last: a name of the index that is spelled out wins.
    return -match.n_words, match.start - match.end, match.start, match.long_form is not None

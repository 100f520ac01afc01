"""Clinical abbreviations in notes, and names with some in them: "SOB", "a fib", "GI bleed"."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from linker.detect.dictionary.eponyms import called_after, is_person
from linker.detect.dictionary.grams import sums_of
from linker.detect.dictionary.inverted import only_seems_inverted
from linker.detect.dictionary.match import Match
from linker.detect.dictionary.names import Names
from linker.detect.dictionary.notes import Notes
from linker.detect.dictionary.short_names import (
    is_another_thing,
    is_examination,
    phrases_in_full,
)
from linker.detect.short_forms.senses import sense_of
from linker.detect.short_forms.shorthand import (
    letters_in,
    short_phrases,
    stands_for_in_phrase,
)
from linker.index import Index
from linker.text import bag_hash, stems

_LONGEST_SHORT_PHRASE = 3
"""Words of what stands for a name in several: "C diff colitis"."""
_SLOTS = 1 << 16
"""Of the hashes of n-grams, by which most are told from abbreviations of several words."""


class Abbreviated:
    """Finds words, phrases and names by clinical abbreviations. What a note defines it leaves out.

    Each method gives matches with the number of the note that they are in.

    Args:
        index: whose names to find.
        names: those of the index.
    """

    def __init__(self, index: Index, names: Names) -> None:
        self._index = index
        self._names = names
        self._is_short_phrase = np.zeros(_SLOTS, dtype=bool)
        for short in (*short_phrases(), *phrases_in_full()):
            self._is_short_phrase[bag_hash(stems(short)) % _SLOTS] = True
        self._full_hash = lru_cache(maxsize=4096)(lambda text: np.uint64(bag_hash(stems(text))))

    def words_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Words that stand for a name, and the letters of lists: "SOB", "n/v/d"."""
        # Most words stand for nothing else.
        maybe = notes.tokens[notes.tokens.marked]
        columns = (maybe.text, maybe.start, maybe.end)
        for of, start, end in zip(*(column.tolist() for column in columns), strict=True):
            text = notes.texts[of]
            short = text[start:end]
            sense = sense_of(text, start, end)
            if sense is None:
                long_form = self._names.long_form(short)
            else:
                long_form = self._names.meant(sense) if sense else None
            if (
                long_form
                and not _is_of_longer(text, end, long_form)
                and short not in notes.defined[of]
                and not (short.islower() and text[start - 1 : start] == "-")
                and not (called_after(short) and is_person(text, start, end))
                and not is_another_thing(text, start, end)
            ):
                yield of, Match(start, end, 1, long_form)
        for of, text in enumerate(notes.texts):
            for letter in letters_in(text):
                listed = text[letter.long_start : letter.long_end]
                if self._names.is_name(letter.long_form) and not self._names.is_local(listed):
                    yield of, Match(letter.start, letter.end, 1, letter.long_form)

    def phrases_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """What stands for a name in several words: "a fib", "C diff colitis", "beta blocker"."""
        _, length = notes.grams
        some = np.flatnonzero((length > 1) & (length <= _LONGEST_SHORT_PHRASE))
        slot = (notes.keys[some] & np.uint64(_SLOTS - 1)).view(np.int64)
        for gram in some[self._is_short_phrase[slot]].tolist():
            of, start, end = notes.place(gram)
            short = notes.texts[of][start:end]
            known = self._names.long_form(short)
            undefined = notes.defined[of].isdisjoint(short.split())
            if known and undefined:
                yield of, Match(start, end, int(length[gram]), known)

    def names_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Names with clinical abbreviations in them: "GI bleed", "CKD stage 3"."""
        content, (first, length) = notes.content, notes.grams
        full: dict[int, str] = {}
        added = np.zeros(len(content), dtype=np.uint64)
        for at in np.flatnonzero(content.marked).tolist():
            text = notes.texts[content.text[at]]
            start, end = int(content.start[at]), int(content.end[at])
            long_form = stands_for_in_phrase(text, start, end)
            if (
                long_form is not None
                and text[start:end] not in notes.defined[content.text[at]]
                and not _is_of_longer(text, end, long_form)
            ):
                full[at] = long_form
                added[at] = self._full_hash(long_form)
        if not full:
            return
        sums = sums_of(added - np.where(added, content.hash, np.uint64(0)))
        change = sums[first + length] - sums[first]
        # "SNRI and" has all the words of "serotonin and norepinephrine reuptake inhibitor".
        joint = content.joint[first] | content.joint[first + length - 1]
        which = np.flatnonzero((change != 0) & (length > 1) & ~joint)
        hits, rows = self._index.lexicon.find(notes.keys[which] + change[which])
        for gram, row in zip(which[hits].tolist(), rows.tolist(), strict=True):
            begin, stop = int(first[gram]), int(first[gram] + length[gram])
            of, done = int(content.text[begin]), int(content.start[begin])
            text, said = notes.texts[of], ""
            for at in (at for at in range(begin, stop) if at in full):
                said += text[done : content.start[at]] + full[at]
                done = int(content.end[at])
            start, end = int(content.start[begin]), int(content.end[stop - 1])
            reading = self._names.reading(said + text[done:end], row, True)
            if reading is not None and not (
                reading.inverted and only_seems_inverted(text, start, end, self._names.is_name)
            ):
                # As many as the note writes: "PET CT" is no longer than "PET CT scan".
                yield of, Match(start, end, stop - begin, said + text[done:end], row)


def _is_of_longer(text: str, end: int, long_form: str) -> bool:
    """Whether the short form of an examination is the first half of another: "CK-MB"."""
    behind = text[end : end + 2]
    return behind[:1] == "-" and not behind[1:].islower() and is_examination(long_form)

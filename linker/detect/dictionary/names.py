"""Whether a stretch of a note with the hash of a name is that name, and what else it may be.

The lexicon's hashes are blind to case, inflection, hyphens and word order. How the name is written
is checked (`linker.detect.dictionary.writing`), and everyday words are no mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from linker.detect.dictionary.adjectives import noun_of
from linker.detect.dictionary.composites import is_list
from linker.detect.dictionary.disorders import is_letters, says_too_little
from linker.detect.dictionary.eponyms import called_after
from linker.detect.dictionary.grams import SIDES
from linker.detect.dictionary.not_mentions import (
    as_listed,
    has_another_sense,
    not_mentions,
    says_another_sense,
)
from linker.detect.dictionary.short_names import (
    as_written,
    full_names,
    is_examination,
    may_be_another_thing,
)
from linker.detect.dictionary.variants import (
    ends_in_noun,
    entry_of,
    has_some_cause,
    has_verb,
    in_other_words,
    is_disease_of_organ,
    same_in_other_words,
)
from linker.detect.dictionary.writing import is_said_of_another, is_written, only_says_cause
from linker.detect.short_forms.shorthand import clinical_long_form, in_full, is_abbreviation
from linker.index import Index, Store
from linker.terminology import CHEMICAL, DISORDER, QUALITY, NameKind, kinds_of
from linker.text import bag_hash, normalise, stems, word_hash

_LONGEST_AMBIGUOUS = 3
_TYPE_FILTERS = frozenset(("semantic_types", "semantic_groups"))
"""Options of a build that say which types of concepts are wanted."""

_IN_ABSENCE = ("in absence", "in the absence")
"""What is absent stands behind: "pain in the toes in the absence of trauma"."""
_LETTER = re.compile(r"[^\W\d_]")


class Reading(NamedTuple):
    """A stretch of text that is a name: see `Names.reading`.

    Attributes:
        header: some sections have it as their header.
        unless: what follows where it is another thing ("stress" before " test"), if anything.
        doubtful: it is letters that stand for a disorder, if the note says so.
        local: the house gave this name, and means it wherever it stands.
        inverted: its noun stands in front: "pain, chest".
        in_capitals: it is an English word but for its capitals: "WAS".
        anywhere: nothing that may stand around it makes it another thing.
        sentence: it has a verb, and may be said of another thing: "the toes were absent".
    """

    n_words: int
    long_form: str | None = None
    abbreviation: bool = False
    header: bool = False
    unless: re.Pattern[str] | None = None
    doubtful: bool = False
    local: bool = False
    inverted: bool = False
    in_capitals: bool = False
    anywhere: bool = False
    sentence: bool = False


class Names:
    """The names of an index, as a note may write them. Answers are kept: notes repeat themselves.

    Args:
        index: whose names.

    Attributes:
        written: the stems of a name, by its row, and the ways in which the index writes it.
        reading: see `_read`.
        variant: see `_read_in_other_words`.
        disorders: whether all concepts of a name, by its row, are such; one without types is none.
        chemicals: whether any concept of a name, by its row, is such.
        is_chemical: whether a text is a name, and one of chemicals.
        is_name: whether a text is a name.
        known_as: how the index may know a long form: "dyspnea on exertion" in other words, "gastro-
            esophageal reflux disease" with its words in full; None if it does not.
        long_form: what a word that is no name stands for: see `_find_long_form`.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        release = index.manifest.terminology
        filters = (release.filters, *(part.filters for part in release.parts))
        self._types_chosen = not _TYPE_FILTERS.isdisjoint(chain.from_iterable(filters))
        self.written = lru_cache(maxsize=65536)(self._read_name)
        self.long_form = lru_cache(maxsize=65536)(self._find_long_form)
        self.is_name = lru_cache(maxsize=16384)(self._look_up)
        self.known_as = lru_cache(maxsize=4096)(self._look_up_in_other_words)
        self.reading = lru_cache(maxsize=65536)(self._read)
        self.variant = lru_cache(maxsize=65536)(self._read_in_other_words)
        self.disorders = lru_cache(maxsize=65536)(partial(are_all_of_kind, index.store, DISORDER))
        self.chemicals = lru_cache(maxsize=65536)(partial(is_of_kind, index.store, CHEMICAL))
        self.is_chemical = lru_cache(maxsize=4096)(self._names_chemicals)

    def _read(self, stretch: str, row: int, whole: bool) -> Reading | None:
        """What a stretch of text with the hash of a name is, whatever text it stands in.

        Args:
            row: the name.
            whole: without a side in its middle that is no part of the name.

        Returns:
            None if it is not that name, or an everyday word, a word that says only how or when, a
            single letter or a number.
        """
        listed = not_mentions()
        stretch = " ".join(stretch.split())
        lower = as_listed(stretch)
        own = tuple(stem for stem in stems(stretch) if whole or stem not in SIDES)
        # No one means a disease by a single letter, or by a number.
        if len(stretch) == 1 or not _LETTER.search(stretch) or not self._fits(stretch, own, row):
            return None
        meant = self._meant_here(row)
        if meant is not None and not meant:
            return None
        if meant and whole:
            return Reading(len(own), local=True, anywhere=True)
        if lower in listed.words or (len(own) == 1 and self._says_only_how(row)):
            return None
        if says_another_sense(self._index.store, row, lower):
            return None
        if says_too_little(own) and self.disorders(row):
            return None
        is_acronym = lower in listed.in_capitals and all(map(str.isupper, self.written(row)[1]))
        if is_acronym and not stretch.isupper():
            # "The impact of her pain" is no IMPACT.
            return None
        reading = Reading(
            n_words=len(own),
            # A side is no part of the name: the name is looked up in its place.
            long_form=None if whole else self.written(row)[1][0],
            abbreviation=is_abbreviation(stretch) and not self._is_meant(stretch, row),
            header=lower in listed.headers,
            unless=listed.before.get(lower),
            doubtful=is_letters(stretch) and not self._is_preferred(row) and self.disorders(row),
            inverted="," in stretch,
            in_capitals=is_acronym,
        )
        depends = (
            reading.abbreviation or reading.header or reading.unless
            or reading.inverted or reading.in_capitals
            or (len(own) <= 1 and (stretch[0].isupper() or may_be_another_thing(stretch)))
        )  # fmt: skip
        return reading if depends else reading._replace(anywhere=True)

    def _meant_here(self, row: int) -> frozenset[int] | None:
        """The concepts that overlays give a name, none if it is no mention; None without any."""
        store = self._index.store
        return store.local_names.get(store.normal(row)) if store.local_names else None

    def _is_meant(self, short: str, row: int) -> bool:
        """Whether a name that is an abbreviation is of what notes mean by it.

        Their long form is no name here, but half of its words are those of the concept's names:
        "TIA" where it is a transient cerebral ischemic attack, and no "CAP" that is a cataract.
        """
        long_form = clinical_long_form(short)
        if long_form is None or self.known_as(long_form) is not None:
            return False
        said, store = {*stems(long_form)}, self._index.store
        return any(
            2 * len(said.intersection(stems(store.normal(own)))) >= len(said)
            for pair in store.pairs(row)
            for own in store.name_rows(pair.concept)
        )

    def _read_in_other_words(self, stretch: str, row: int) -> Reading | None:
        """What a stretch of text is that may say the name of a disorder in other words.

        Args:
            row: the name.

        Returns:
            None if it is none.
        """
        stretch = " ".join(stretch.split())
        listed, lower = not_mentions(), as_listed(stretch)
        own = stems(stretch)
        name, written = self.written(row)
        same = same_in_other_words(own, name)
        if (
            not (same or is_disease_of_organ(own, name))
            or not (len(name) < len(own) or ends_in_noun(stretch))
            or (own[0].isdigit() and not name[0].isdigit())
            or is_list(stretch, own)
            or says_too_little(own)
            or says_too_little(name)
            or not self.disorders(row)
            or self._meant_here(row) == frozenset()
            or lower in listed.words
            or lower.endswith(_IN_ABSENCE)
            or says_another_sense(self._index.store, row, lower)
            or has_another_sense(self._index.store, row)
            or is_said_of_another(stretch)
            or only_says_cause(stretch, written)
        ):
            return None
        return Reading(
            n_words=len(own),
            long_form=written[0] if same or not has_some_cause(own) else None,
            unless=listed.before.get(lower),
            sentence=has_verb(own),
        )

    def _names_chemicals(self, text: str) -> bool:
        return any(map(self.chemicals, self._rows_of(text)))

    def _says_only_how(self, row: int) -> bool:
        """Whether a name says only how, where, when or how much: "left", "severe", "mg", "May".

        Who chose the types of the concepts at the build wants those that are there.
        """
        store = self._index.store
        return not self._types_chosen and all(
            kinds_of(store.semantic_types(pair.concept)) == {QUALITY} for pair in store.pairs(row)
        )

    def is_nothing_meant(self, text: str) -> bool:
        """Whether a text is a name of the index, and of nothing that notes mean by it.

        The skin that a neoplasm is called after, "seizures" as those that are seen, a coma where
        the index has COMA.
        """
        row = self._index.store.name_row(normalise(text))
        return row is not None and self.reading(text, row, True) is None

    def _is_preferred(self, row: int) -> bool:
        return any(pair.kind is NameKind.PREFERRED for pair in self._index.store.pairs(row))

    def _fits(self, text: str, stems: tuple[str, ...], row: int) -> bool:
        """Whether a stretch of text with the hash of a name is that name."""
        return is_written(text, stems, *self.written(row))

    def _read_name(self, row: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        store = self._index.store
        written = dict.fromkeys(pair.written for pair in store.pairs(row))
        return tuple(stems(store.normal(row))), tuple(written)

    def _look_up(self, text: str) -> bool:
        return any(True for _ in self._rows_of(text))

    def _look_up_in_other_words(self, text: str) -> str | None:
        if is_examination(text):
            # HPO has "antinuclear antibody" for the finding that there are some.
            names = (text, in_full(text), *as_written(text))
            return next(filter(self._names_no_disorder, names), None)
        for said in dict.fromkeys((text, in_full(text))):
            if self.is_name(said):
                return said
            row = name_in_other_words(self._index, normalise(said))
            if row is not None and self.disorders(row):
                return said
        return None

    def meant(self, long_form: str) -> str | None:
        """The name for what an abbreviation stands for; None if the index has none.

        A class of medicines may have another name ("serotonin uptake inhibitor").
        """
        names = (long_form, *as_written(long_form))
        return next((known for name in names if (known := self.known_as(name)) is not None), None)

    def _rows_of(self, text: str) -> Iterator[int]:
        """The names that a text is."""
        own = tuple(stems(text))
        rows = self._index.lexicon.rows_of(bag_hash(own))
        fitting = (row for row in rows if self._fits(text, own, row))
        store = self._index.store
        return (row for row in fitting if not says_another_sense(store, row, as_listed(text)))

    def _find_long_form(self, word: str) -> str | None:
        """What a word that is no name stands for, if that is a name of the index.

        The long form of a clinical abbreviation, the noun of an adjective, the disease that is
        called after someone, or a name of which the word is the part that notes say; "" for letters
        whose sense the words around them decide.
        """
        if self.is_local(word):
            return None
        long_form = clinical_long_form(word)
        known = None if long_form is None else self.meant(long_form)
        if known is not None:
            return known
        if long_form is None and word[1:].islower():
            noun = noun_of(word)
            if noun is not None and self._is_disorder(noun):
                return noun
        said_in_full = full_names(word)
        # Few words are said in full, so few are looked up.
        if said_in_full and self.is_name(word):
            said_in_full = ()
        finding = next(filter(self.is_name, (*called_after(word), *said_in_full)), None)
        if finding is not None:
            return finding
        return "" if len(word) <= _LONGEST_AMBIGUOUS and word.isupper() else None

    def is_local(self, text: str) -> bool:
        """Whether an overlay says what a text means: nothing else has a say in it."""
        local = self._index.store.local_names
        return bool(local) and normalise(text) in local

    def _is_disorder(self, text: str) -> bool:
        return any(map(self.disorders, self._rows_of(text)))

    def _names_no_disorder(self, text: str) -> bool:
        return self.is_name(text) and not self._is_disorder(text)


def is_of_kind(store: Store, kind: str, row: int) -> bool:
    """Whether any concept of a name, by its row, is of a kind; one without types is of none."""
    return any(kind in kinds_of(store.semantic_types(pair.concept)) for pair in store.pairs(row))


def are_all_of_kind(store: Store, kind: str, row: int) -> bool:
    """Whether all concepts of a name, by its row, are of a kind; one without types is of none."""
    return all(kind in kinds_of(store.semantic_types(pair.concept)) for pair in store.pairs(row))


def name_in_other_words(index: Index, normal: str) -> int | None:
    """The row of the name that says a normal form with a noun for an adjective, or the reverse.

    Of several the one with most of the words themselves, then the first.
    """
    asked = stems(normal)
    if len(asked) < 2 or is_list(normal, asked):
        return None
    hashes = np.array([*map(word_hash, asked)], dtype=np.uint64)
    entries = np.array([*map(entry_of, asked)], dtype=np.int16)
    whole = np.array([len(asked)], dtype=np.int64)
    _, added = in_other_words(entries, hashes, np.zeros(1, dtype=np.int64), whole)
    if not len(added):
        return None
    _, rows = index.lexicon.find(hashes.sum(dtype=np.uint64) + added)
    names = {row: stems(index.store.normal(row)) for row in rows.tolist()}
    fitting = [row for row, name in names.items() if same_in_other_words(asked, name)]
    return min(fitting, key=lambda row: (-len({*asked} & {*names[row]}), row), default=None)

"""The dictionary matcher: the names of the index, wherever a note spells them out.

All n-grams of a note are hashed at once (differences of prefix sums) and looked up at once in the
lexicon's sorted hashes, so that the cost hardly grows with the dictionary. Matches are blind to
case, inflection, hyphens, Greek letters, stop words and word order; what is blind is then checked
(`linker.detect.dictionary.names`), and no match crosses the end of a sentence, a bullet or a table
cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from linker.detect.dictionary.abbreviated import Abbreviated
from linker.detect.dictionary.composites import Joint, joints, parts_at
from linker.detect.dictionary.eponyms import is_surname
from linker.detect.dictionary.grams import across_joints, without_sides, without_verbs
from linker.detect.dictionary.growth import growth_in
from linker.detect.dictionary.inverted import has_own_word, only_seems_inverted
from linker.detect.dictionary.joined import in_one_word, is_prefixed, joined_in
from linker.detect.dictionary.lay import sayings_at
from linker.detect.dictionary.letters import supported
from linker.detect.dictionary.match import Match, each_span, longest, mention_of
from linker.detect.dictionary.measured import may_be_measured, names_in_place
from linker.detect.dictionary.names import Names, Reading
from linker.detect.dictionary.not_mentions import is_among_capitals, is_header
from linker.detect.dictionary.notes import Notes
from linker.detect.dictionary.salts import is_counter_ion, salts_in
from linker.detect.dictionary.short_names import is_another_thing
from linker.detect.dictionary.subjects import is_of_its_subject, subject_of
from linker.detect.dictionary.tokens import Vocabulary, together
from linker.detect.dictionary.variants import has_verb, in_other_words
from linker.detect.sentences import plain_text
from linker.detect.short_forms.definitions import parenthesised
from linker.detect.short_forms.restated import Restated, restated_in
from linker.detect.short_forms.shorthand import may_stand_in_phrase
from linker.index import Index
from linker.schema import Mention
from linker.text import stems, words

_CHARACTERS = 24_000
"""Notes are looked at so many characters together, or a little more: numpy's calls are few then,
and what they work on stays in the processor's cache."""
_WINDOW = 8
"""Content words on each side of a joint that may belong to one composite."""
_LONGEST_SAYING = 9
"""Words on each side of one that a saying of patients may hold."""

_COMMA = re.compile(r",\s")
_DATE = re.compile(r"/\d")
"""Behind what a slash joins: "Parkinson disease in 9/1/95" has no types 9 and 1."""
_HISTORY = re.compile(r"(?:history|hx) of\b", re.IGNORECASE)
_FAMILY = re.compile(
    r"(?<!\w)(?:(?:family|familial|fam|maternal|paternal)\s(?:medical\s)?"
    # "His mother has a history of": whose it is stands before it.
    r"|(?:aunt|brother|cousin|dad|family member|(?:grand)?(?:father|mother|parent)|mom|relative"
    r"|sibling|sister|uncle)s?,?\s"
    r"(?:(?:a|also|an|had|has|have|positive|prior|strong|with)\s){0,4})\Z",
    re.IGNORECASE,
)
_LONGEST_FAMILY = len(" grandmother also had a prior ")


class DictionaryMatcher:
    """Finds the index's own names. Needs no model, and always works.

    Args:
        index: whose names to find.
        names: those of the index, where another detector has them too: they are read once then.
    """

    def __init__(self, index: Index, names: Names | None = None) -> None:
        self._index = index
        self._names = Names(index) if names is None else names
        self._vocabulary = Vocabulary(
            lambda word: may_stand_in_phrase(word) or self._names.long_form(word) is not None
        )
        self._abbreviated = Abbreviated(index, self._names)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, longest first where they overlap, in reading order."""
        return self._mentions(texts, longest)

    def detect_nested(self, texts: Sequence[str]) -> list[list[Mention]]:
        """Every mention of each text, those inside others too. See `NestingDetector`."""
        return self._mentions(texts, each_span)

    def _mentions(
        self, texts: Sequence[str], choose: Callable[[list[Match]], Iterable[Match]]
    ) -> list[list[Mention]]:
        found = []
        for some in together(texts, _CHARACTERS):
            safe = [*map(plain_text, some)]
            # A short form in parentheses is defined by the note: `expand` sees to it.
            defined = [*map(parenthesised, safe)]
            found_in = self._matches_as_said(safe, defined)
            for text, own, short, matches in zip(some, safe, defined, found_in, strict=True):
                matches += [*salts_in(own, matches, self._is_chemical)]
                matches = self._heeding_the_house(own, matches)
                starts = {match.start for match in matches}
                barred = {at for at in starts if is_prefixed(own, at) or _is_of_family(own, at)}
                barred |= {m.start for m in matches if is_counter_ion(own, m.start, m.end)}
                if barred:
                    matches = [match for match in matches if match.start not in barred]
                chosen = choose(supported(own, matches, short, self._index.store))
                mentions = [mention_of(text, match) for match in chosen]
                found.append(sorted(mentions, key=lambda mention: (mention.start, -mention.end)))
        return found

    def _heeding_the_house(self, text: str, matches: list[Match]) -> list[Match]:
        """Leave out what the house gave another meaning, or none, whatever has found it."""
        if not self._index.store.local_names:
            return matches
        is_local = self._names.is_local
        return [m for m in matches if m.local or not is_local(text[m.start : m.end])]

    def _is_chemical(self, match: Match) -> bool:
        if match.row >= 0:
            return self._names.chemicals(match.row)
        return match.long_form is not None and self._names.is_chemical(match.long_form)

    def _matches_as_said(
        self, texts: Sequence[str], defined: Sequence[frozenset[str]]
    ) -> list[list[Match]]:
        """The matches of each text: as it stands, short forms in full, prefixes joined."""
        restated = [(i, one) for i, text in enumerate(texts) for one in restated_in(text)]
        joined = [(i, begin, one) for i, text in enumerate(texts) for begin, one in joined_in(text)]
        # All at once: the few words of such a stretch cost as many calls of numpy as notes do.
        found = self._matches(
            [*texts, *(one.text for _, one in restated), *(one for *_, one in joined)],
            [*defined, *(defined[i] for i, _ in restated), *(defined[i] for i, *_ in joined)],
        )
        matches, said = found[: len(texts)], iter(found[len(texts) :])
        for i, one in restated:
            matches[i] += self._of_restated(texts[i], one, next(said))
        for i, begin, stretch in joined:
            matches[i] += _of_joined(stretch, begin, next(said))
        return matches

    def _matches(
        self, texts: Sequence[str], defined: Sequence[frozenset[str]]
    ) -> list[list[Match]]:
        """The matches of each text."""
        notes = Notes(texts, defined, self._vocabulary.tokens(texts))
        matches: list[list[Match]] = [[] for _ in texts]
        for find in (
            self._names_in,
            self._variants_in,
            self._composites_in,
            self._abbreviated.words_in,
            self._abbreviated.phrases_in,
            self._abbreviated.names_in,
            self._measured_in,
            self._growth_in,
            self._sayings_in,
        ):
            for text, match in find(notes):
                matches[text].append(match)
        return matches

    def _of_restated(
        self, text: str, restated: Restated, matches: Iterable[Match]
    ) -> Iterator[Match]:
        """The names that hold short forms which their note defines, where they stand in it."""
        for match in matches:
            span = restated.span(match.start, match.end)
            name = match.long_form or restated.text[match.start : match.end]
            if span is not None and self._holds_together(text[slice(*span)], name, match):
                start, end = span
                yield match._replace(start=start, end=end, long_form=name)

    def _holds_together(self, stretch: str, name: str, match: Match) -> bool:
        """Whether a stretch of a note that holds short forms is one name.

        Across a bracket only in the name's own order, and never across a comma: "Duchenne muscular
        dystrophy (DMD) and Becker", "neonatal ALD, X-linked ALD".
        """
        if _COMMA.search(stretch):
            return False
        in_order = match.row >= 0 and self._names.written(match.row)[0] == tuple(stems(name))
        return "(" not in stretch or in_order

    def _names_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        content, (first, length), keys = notes.content, notes.grams, notes.keys
        sided, of_sides = without_sides(content.side, content.hash, first, length)
        gram, row = self._index.lexicon.find(np.concatenate([keys, keys[sided] - of_sides]))
        plain = gram < len(keys)
        gram = np.concatenate([np.arange(len(keys)), sided])[gram]
        begin, last = first[gram], first[gram] + length[gram] - 1
        hits = (content.text[begin], content.start[begin], content.end[last], row, plain)
        for of, start, end, name, whole in zip(*(hit.tolist() for hit in hits), strict=True):
            text = notes.texts[of]
            stretch = text[start:end]
            reading = self._names.reading(stretch, name, whole)
            if reading is not None and (
                reading.anywhere or self._is_meant(reading, text, start, end, notes.defined[of])
            ):
                n_words, long_form, doubtful = reading.n_words, reading.long_form, reading.doubtful
                yield of, Match(start, end, n_words, long_form, name, doubtful, reading.local)

    def _is_meant(
        self, reading: Reading, text: str, start: int, end: int, defined: frozenset[str]
    ) -> bool:
        """Whether `text[start:end]`, which may be a name, is one where it stands."""
        return (
            # What other abbreviations stand for in notes is for the table to say.
            (not reading.abbreviation or text[start:end] in defined)
            and not (
                reading.inverted and only_seems_inverted(text, start, end, self._names.is_name)
            )
            and not (reading.header and is_header(text, start, end))
            and not (reading.in_capitals and is_among_capitals(text, start, end))
            and not (reading.unless and reading.unless.match(text, end))
            and (
                reading.n_words > 1
                or not (is_another_thing(text, start, end) or is_surname(text, start))
            )
        )

    def _variants_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Disorders that the text names in other words than the index."""
        content, (first, length) = notes.content, notes.grams
        which, added = in_other_words(content.entry, content.hash, first, length)
        hits, rows = self._index.lexicon.find(notes.keys[which] + added)
        for gram, row in zip(which[hits].tolist(), rows.tolist(), strict=True):
            of, start, end = notes.place(gram)
            text = notes.texts[of]
            reading = self._names.variant(text[start:end], row)
            if (
                reading is not None
                and not (reading.unless and reading.unless.match(text, end))
                and not (reading.sentence and self._is_of_another(text, start, end))
            ):
                yield of, Match(start, end, reading.n_words, reading.long_form, row)

    def _is_of_another(self, text: str, start: int, end: int) -> bool:
        """Whether what a sentence says is said of more or less than its first words.

        "Prostate cancer is common" says nothing of cancer.
        """
        subject = subject_of(text, start, end)
        return not is_of_its_subject(text, start, end) or has_own_word(
            text, start, subject, self._names.is_name
        )

    def _is_of_another_sentence(self, text: str, start: int, end: int) -> bool:
        """The same of a part of a composite, if that is a sentence."""
        return has_verb(stems(text[start:end])) and self._is_of_another(text, start, end)

    def _composites_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        content, run = notes.content, notes.content.run
        slashes = content.slash & (np.diff(content.position, prepend=-2) == 1)
        found = [*joints(np.flatnonzero(content.joint).tolist(), np.flatnonzero(slashes).tolist())]
        which, keys = across_joints(found, without_verbs(content.hash), run)
        hits, _ = self._index.lexicon.find(keys)
        for joint in (found[i] for i in np.unique(which[hits]).tolist()):
            begin, stop = np.searchsorted(run, [run[joint.left], run[joint.left] + 1]).tolist()
            first = max(joint.left - _WINDOW, begin)
            near = content[first : min(joint.right + _WINDOW, stop)]
            inside = Joint(joint.left - first, joint.right - first)
            of = int(content.text[joint.left])
            words_near = self._vocabulary.words(near)
            text = notes.texts[of]
            parts = parts_at(text, words_near, inside, self._names.is_name)
            if parts and (
                _DATE.match(text, parts[-1].end)
                or self._is_of_another_sentence(text, parts[0].start, parts[0].end)
            ):
                continue
            for part in parts:
                yield of, Match(part.start, part.end, len(words(part.name)), part.name)

    def _measured_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Findings by a measurement: "platelets were low"."""
        content, (first, length) = notes.content, notes.grams
        for gram in may_be_measured(content.entry, content.hash, first, length):
            of, start, end = notes.place(gram)
            text, said = notes.texts[of], self._vocabulary.stems(notes.terms(gram))
            names = names_in_place(text, start, end, said)
            name = next(filter(self._names.is_name, names), None)
            if name is not None:
                yield of, Match(start, end, len(said), name)

    def _growth_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Findings by a measure of growth: "OFC 44 cm (< 3rd centile)"."""
        for of, text in enumerate(notes.texts):
            for growth in growth_in(text):
                said = text[growth.start : growth.end]
                name = next(filter(self._names.is_name, growth.names), None)
                if name is not None:
                    yield of, Match(growth.start, growth.end, len(stems(said)), name)

    def _sayings_in(self, notes: Notes) -> Iterator[tuple[int, Match]]:
        """Findings as patients say them: "heart racing", "my back hurts"."""
        tokens = notes.tokens
        found = np.flatnonzero(tokens.lay)
        runs = tokens.run[found]
        first = np.maximum(np.searchsorted(tokens.run, runs), found - _LONGEST_SAYING)
        last = np.minimum(
            np.searchsorted(tokens.run, runs, side="right") - 1, found + _LONGEST_SAYING
        )
        columns = (
            tokens.text[found], tokens.start[found], tokens.end[found],
            tokens.start[first], tokens.end[last],
        )  # fmt: skip
        for of, start, end, begin, stop in zip(*(c.tolist() for c in columns), strict=True):
            stretch = notes.texts[of][begin:stop]
            for saying in sayings_at(stretch, start - begin, end - begin):
                said = stretch[saying.start : saying.end]
                name = next(filter(None, map(self._names.known_as, saying.names)), None)
                if name is not None:
                    n_words = len(stems(said))
                    yield of, Match(begin + saying.start, begin + saying.end, n_words, name)


def _of_joined(stretch: str, begin: int, matches: Iterable[Match]) -> Iterator[Match]:
    """The names in which prefixed words are one word, and hyphened in the note.

    Args:
        stretch: what of the note stands from `begin` on, as `joined_in` gives it.
        matches: of the stretch.
    """
    for match in matches:
        name = in_one_word(stretch[match.start : match.end])
        if name is not None:
            start, end = begin + match.start, begin + match.end
            yield match._replace(start=start, end=end, long_form=match.long_form or name)


def _is_of_family(text: str, start: int) -> bool:
    """Whether a name that begins "history of", as ICD-10-CM's do, is of a family history here."""
    return (
        text[start : start + 1] in "hH"
        and _HISTORY.match(text, start) is not None
        and _FAMILY.search(text, max(0, start - _LONGEST_FAMILY), start) is not None
    )

"""What a note says of a mention: absent, past, conditional, another person's, or unsure.

The algorithm is ConText (Harkema, Dowling, Thornblade and Chapman, 2009), which widens NegEx
(Chapman et al., 2001): a trigger phrase gives its attribute to the mentions in its scope, which
ends with the sentence, at a termination, or after so many words. Section headers are triggers whose
scope is the section. Phrases and headers are data: `data/assertion.toml`.

What was decided where usage is divided:

- What is negated is never historical: "no history of MI" says that there was none, at any time.
- A risk ("at risk of falls", "to prevent stroke", "DVT prophylaxis") is hypothetical.
- "Unlikely" and "cannot exclude" are uncertain, not negated.
- What is listed under "Past Medical History" is historical, chronic or not.
- "3-day history of", "10-year history of" are current.
- Findings of a spouse or partner count as family: they are not the patient's.

No trigger is found inside a mention ("lack of coordination"), but in one that is nothing else: the
names of a large terminology include "history", "family history", "mother", "risk" and "denies".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain, compress
from operator import or_
from pathlib import Path

from linker.detect.sentences import ends_sentence, hard_breaks, plain_newlines
from linker.detect.templates import EMPTY_BOX, TICKED_BOX, items, plain_marks
from linker.detect.triggers import (
    FAR,
    MENTION,
    MENTION_GOES_ON,
    TOKEN,
    PhraseBook,
    Phrases,
    fold,
    is_word,
)
from linker.schema import ASSERTIONS, Mention
from linker.text import readable, words

_RESERVED = str.maketrans(MENTION + MENTION_GOES_ON, "  ")
_HEADER = re.compile(
    r"[ \t*#_>•-]{0,8}(?:\d{1,2}[.)][ \t]*)?(?P<name>[A-Za-z][A-Za-z /&,'’().-]{0,60}?)"
    r"[ \t]*[*_]{0,3}[ \t]*(?P<end>:[*_]{0,3}|(?=\n)|(?=\Z)| [-–—](?= ))"
)
_LONGEST_HEADER = 100
"""More characters than a header takes, with what stands around it, up to its colon."""
_FIRST_WORDS = re.compile(r"[^\n.;]{0,40}")
"""What stands behind a header and may say that there is none of it."""
_NOTHING = re.compile(
    r"\s{0,4}(?:none(?:[ ](?:known|reported))?|nil|negative|non-?contributory|unremarkable|unknown"
    r"|n/a|nkda|nka)[ \t.]*(?:\n|\Z)",
    re.IGNORECASE,
)
"""What makes a section empty: "Family history: Noncontributory." What stands below is not of it."""
_LONGEST_WORD = 32
"""Words before a full stop are looked at so far back: what is longer is no abbreviation."""
_SPLITTERS = frozenset(f";•·●▪‣|{EMPTY_BOX}{TICKED_BOX}")
_MARKS = rf"\n.!?{''.join(_SPLITTERS)}"
_PIECE = re.compile(
    rf"{MENTION}{MENTION_GOES_ON}*|[{_MARKS}]|[^\s_{_MARKS}{MENTION}][^{_MARKS}{MENTION}]*"
)
"""A mention, a mark that may end a sentence, or all that stands before the next of these."""
_SIGNS = ("+", "\\-–−")
_PLUS, _MINUS = (re.compile(rf"(?:^|[\s,;(/])[{sign}]\Z") for sign in _SIGNS)
"""What stands before a finding that is there, and before one that is not: "+nausea, -vomiting"."""
_PLUS_SOMETHING = re.compile(r"(?:^|[\s,;(/])\+(?=[A-Za-z])")
"""Before what is no mention a plus tells as well what a minus is: "+FM, -VB, -LOF"."""
_PLUS_APART, _MINUS_APART = (re.compile(rf"(?:^|[\s,;(/])[{sign}] ?\Z") for sign in _SIGNS)
_PLUS_BEHIND, _MINUS_BEHIND = (re.compile(rf"^ ?[{sign}][ \t]*(?:[,;/)\n]|\Z)") for sign in _SIGNS)
_KEPT = 4096
"""Mentions of which is kept whether they are words of the rules."""
_PREPOSITIONS = frozenset(("for", "of", "to", "with"))
_LIST_WORDS = frozenset(("and", "or", "nor", "&", "/"))


@dataclass(slots=True)
class _Sentence:
    """A sentence.

    Attributes:
        section: the attributes of what stands in its section.
        pieces: its mentions, each as one mark, and what stands between them.
        starts: where each piece begins in the text.
    """

    section: tuple[int, ...]
    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def add(self, piece: str, start: int) -> None:
        self.pieces.append(piece)
        self.starts.append(start)

    def holds_open(self, stretches: _Stretches) -> bool:
        return bool(stretches.open and self.pieces) and stretches.has_open(
            self.starts[0], self.starts[-1] + len(self.pieces[-1])
        )

    def tokens(self, stretches: _Stretches) -> tuple[list[str], dict[int, int]]:
        """Its words and marks as phrases have them, and which of them are of which stretch."""
        if not self.holds_open(stretches):
            tokens = [*map(fold, chain.from_iterable(map(TOKEN.findall, self.pieces)))]
            places = (i for i, token in enumerate(tokens) if token == MENTION)
            marks = (s for s, p in zip(self.starts, self.pieces, strict=True) if p == MENTION)
            return tokens, dict(zip(places, map(stretches.at.__getitem__, marks), strict=True))
        tokens = []
        homes: dict[int, int] = {}
        for piece, start in zip(self.pieces, self.starts, strict=True):
            if piece == MENTION:
                homes[len(tokens)] = stretches.at[start]
                tokens.append(piece)
            elif not stretches.has_open(start, start + len(piece)):
                tokens += map(fold, TOKEN.findall(piece))
            else:
                for match in TOKEN.finditer(piece):
                    home = stretches.at.get(start + match.start())
                    if home is not None:
                        homes[len(tokens)] = home
                    tokens.append(fold(match.group()))
        return tokens, homes


@dataclass(slots=True)
class _Stretches:
    """Where mentions stand in a text, those that overlap as one stretch.

    Attributes:
        masked: the text, each stretch as one strange word of its length, but for the open ones.
        at: by where a stretch begins: its number, in reading order.
        open: where those begin that are words of phrases and headers themselves, ascending.
    """

    masked: str
    at: dict[int, int]
    open: list[int]

    def has_open(self, start: int, end: int) -> bool:
        """Whether an open stretch begins in [start, end)."""
        first = bisect_left(self.open, start)
        return first < len(self.open) and self.open[first] < end


class AssertionRules:
    """Trigger phrases and section headers, ready to be found in one pass over a note.

    Args:
        path: a TOML file laid out as `data/assertion.toml`, which explains itself; by default
            that one.

    Raises:
        ConfigError: the file cannot be read, or holds a key, attribute or group that is unknown.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._book = PhraseBook(path)
        self._is_of_rules = lru_cache(maxsize=_KEPT)(self._holds_words_of_rules)

    def assert_mentions(self, text: str, mentions: Sequence[Mention]) -> list[dict[str, bool]]:
        """Say of each mention what its context says. Time grows with the length of the text only.

        Args:
            text: the whole note, so that sections are seen.
            mentions: of this text, in any order; they may overlap.

        Returns:
            For each mention, in the order given, a truth value for each of `ASSERTIONS`.

        Raises:
            ValueError: a mention ends after the text does.
        """
        if not mentions:
            return []
        stretches, homes = self._stretches(text, mentions)
        found = [0] * len(stretches.at)
        for sentence in self._sentences(text, stretches):
            if MENTION in sentence.pieces or sentence.holds_open(stretches):
                self._judge(sentence, stretches, found)
                _look_at_signs(sentence, stretches, found)
        return [_truth(found[home]) for home in homes]

    def _stretches(self, text: str, mentions: Sequence[Mention]) -> tuple[_Stretches, list[int]]:
        """Where the mentions stand, and for each of them the number of its stretch.

        A mention that is no more than words of the rules stays open: terminologies have "history",
        "family history", "mother", "risk" and "denies" as names too.
        """
        plain = readable(plain_newlines(text)).translate(_RESERVED)
        spans: list[tuple[int, int]] = []
        homes = [0] * len(mentions)
        for i in sorted(range(len(mentions)), key=lambda i: (mentions[i].start, -mentions[i].end)):
            start, end = mentions[i].start, mentions[i].end
            if end > len(text):
                raise ValueError(
                    f"mention [{start}, {end}) ends after the text, which has {len(text)} "
                    "characters"
                )
            if spans and start < spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                # One that covers nothing takes a place too.
                spans.append((start, max(end, start + 1)))
            homes[i] = len(spans) - 1
        parts: list[str] = []
        is_open = [self._is_of_rules(plain[start:end]) for start, end in spans]
        done = 0
        for (start, end), stays in zip(spans, is_open, strict=True):
            if not stays:
                parts += plain[done:start], MENTION, MENTION_GOES_ON * (end - start - 1)
                done = end
        parts.append(plain[done:])
        starts = [start for start, _ in spans]
        numbers = {start: number for number, start in enumerate(starts)}
        return _Stretches(plain_marks("".join(parts)), numbers, [*compress(starts, is_open)]), homes

    def _sentences(self, text: str, stretches: _Stretches) -> Iterator[_Sentence]:
        masked = stretches.masked
        hard = hard_breaks(plain_newlines(text))
        reached = 0
        section: tuple[int, ...] = ()
        line_start, after_blank = True, True
        sentence: _Sentence | None = None
        before = ""
        while match := _PIECE.search(masked, reached):
            at, reached = match.span()
            piece = match.group()
            if piece == "\n":
                if at in hard:
                    if sentence is not None:
                        yield sentence
                    after_blank = sentence is None and line_start
                    sentence, line_start = None, True
                continue
            if sentence is None:
                header = self._header(masked, at, line_start=line_start, after_blank=after_blank)
                line_start = after_blank = False
                if header is not None:
                    section, reached = header
                    if _NOTHING.match(masked, reached):
                        section = ()
                    before = ""
                    if stretches.has_open(at, reached):
                        # "Allergies: none": the header itself is what there is none of.
                        own = _Sentence(())
                        own.add(masked[at:reached], at)
                        # Outside of the text: what stands there is judged in its own sentence.
                        own.add(_FIRST_WORDS.findall(masked, reached)[0], len(masked) + 1)
                        yield own
                    continue
                sentence = _Sentence(section)
            if piece[0] == MENTION:
                sentence.add(MENTION, at)
                before = ""
                continue
            if piece in _SPLITTERS or (
                piece in ".!?" and ends_sentence(text, at, _last_word(before))
            ):
                if piece == "?":
                    sentence.add(piece, at)
                yield sentence
                sentence = None
                before = ""
                if piece == EMPTY_BOX:
                    sentence = _Sentence(section)
                    sentence.add(piece, at)
                continue
            sentence.add(piece, at)
            before = piece
        if sentence is not None:
            yield sentence

    def _header(
        self, masked: str, at: int, *, line_start: bool, after_blank: bool
    ) -> tuple[tuple[int, ...], int] | None:
        """The attributes of the section that begins here, and where its header ends; or None."""
        if not line_start and ":" not in masked[at : at + _LONGEST_HEADER]:
            return None
        begin = at
        while line_start and begin > 0 and masked[begin - 1] in " \t":
            begin -= 1
        match = _HEADER.match(masked, begin)
        if match is None:
            return None
        name, end = match["name"].strip(" .*_"), match["end"]
        known = self._book.headers.get(" ".join(name.lower().replace("’", "'").split()))
        if known is None and "(" in name:
            known = self._book.headers.get(" ".join(name[: name.index("(")].lower().split()))
        if known is not None and (end[:1] == ":" or line_start):
            return known, match.end()
        if line_start and end[:1] == ":" and name.isupper() and (after_blank or " " in name):
            # A header that we do not know still ends the section before; "MOTHER:" is none.
            return None if self._is_of_the_family(name) else ((), match.end())
        return None

    def _holds_words_of_rules(self, text: str) -> bool:
        """Whether a text is words of phrases and headers, and nothing else.

        "No appetite" is a finding: what it says no to is its own. "No evidence of" is none.
        """
        tokens = [*map(fold, TOKEN.findall(text))]
        if not tokens or not self._book.words.issuperset(tokens):
            return False
        negated = ASSERTIONS.index("negated")
        return tokens[-1] in _PREPOSITIONS or not any(
            end - at < len(tokens) and any(negated in effect.attributes for effect in effects)
            for at, (end, effects) in self._book.find(tokens).items()
        )

    def _is_of_the_family(self, name: str) -> bool:
        """Whether some words are, all of them, a relative."""
        tokens = [*map(fold, TOKEN.findall(name))]
        end, effects = self._book.find(tokens).get(0, (0, []))
        family = ASSERTIONS.index("family")
        return end == len(tokens) and any(
            effect.forward and family in effect.attributes for effect in effects
        )

    def _judge(self, sentence: _Sentence, stretches: _Stretches, found: list[int]) -> None:
        tokens, homes = sentence.tokens(stretches)
        for first, end in items(tokens, homes):
            own = {at - first: home for at, home in homes.items() if first <= at < end}
            self._judge_item(tokens[first:end], own, sentence, found)

    def _judge_item(
        self, tokens: list[str], homes: dict[int, int], sentence: _Sentence, found: list[int]
    ) -> None:
        phrases = self._book.find(tokens)
        if not phrases and not sentence.section:
            return
        # words[i]: how many words stand before piece i, so that distances are differences.
        words = [0, *accumulate(map(is_word, tokens))]
        in_section = [attribute in sentence.section for attribute in range(len(ASSERTIONS))]
        _look_forward(tokens, homes, in_section, phrases, words, found)
        if any(effect.backward for _, effects in phrases.values() for effect in effects):
            _look_backward(tokens, homes, phrases, words, found)


def _last_word(piece: str) -> str:
    """The last word or mark of a piece of text (of a long word its end); "" if it has none."""
    tokens = TOKEN.findall(piece[-_LONGEST_WORD:]) or TOKEN.findall(piece)
    return fold(tokens[-1]) if tokens else ""


def _look_at_signs(sentence: _Sentence, stretches: _Stretches, found: list[int]) -> None:
    """Negate what has a minus, in a sentence that has something with a plus.

    A minus alone may as well be the bullet of a list, or a hyphen; one that stands apart from its
    finding ("+ cough - fever", "DM -, HTN +") may be a dash, if not all of them have signs.
    """
    if not any("+" in piece for piece in sentence.pieces):
        return
    around = [
        (start, before, after)
        for before, piece, after, start in zip(
            ("", *sentence.pieces),
            sentence.pieces,
            (*sentence.pieces[1:], ""),
            sentence.starts,
            strict=False,
        )
        if piece == MENTION
    ]
    if not around:
        return
    befores, afters = [before for _, before, _ in around], [after for _, _, after in around]
    sure = any(map(_PLUS_SOMETHING.search, sentence.pieces))
    for absent in (
        _minus(befores, _PLUS, _MINUS, every=False, sure=sure),
        _minus(befores, _PLUS_APART, _MINUS_APART, every=True),
        _minus(afters, _PLUS_BEHIND, _MINUS_BEHIND, every=True),
    ):
        for at in absent:
            found[stretches.at[around[at][0]]] |= 1 << ASSERTIONS.index("negated")


def _minus(
    beside: Sequence[str],
    plus: re.Pattern[str],
    minus: re.Pattern[str],
    *,
    every: bool,
    sure: bool = False,
) -> list[int]:
    """Which mentions have a minus, by what stands beside each, if one has a plus or it is sure."""
    has_plus, has_minus = ([*map(bool, map(sign.search, beside))] for sign in (plus, minus))
    if not (sure or any(has_plus)) or (every and not all(map(or_, has_plus, has_minus))):
        return []
    return [*compress(range(len(beside)), has_minus)]


def _look_forward(
    tokens: list[str],
    homes: dict[int, int],
    in_section: list[bool],
    phrases: Phrases,
    words: list[int],
    found: list[int],
) -> None:
    n = len(ASSERTIONS)
    # In scope are the words before these limits: by the words that end it, those of each attribute.
    scopes: dict[frozenset[str], list[int]] = {}
    ends: set[str] = set()
    for at, piece in enumerate(tokens):
        if piece in ends:
            for until, limits in scopes.items():
                if piece in until:
                    limits[:] = [0] * n
        if at in homes:
            for attribute in range(n):
                if in_section[attribute] or any(
                    words[at] < limits[attribute] for limits in scopes.values()
                ):
                    found[homes[at]] |= 1 << attribute
        if at in phrases:
            end, effects = phrases[at]
            for effect in effects:
                if effect.ends:
                    for attribute in effect.attributes:
                        for limits in scopes.values():
                            limits[attribute] = 0
                        in_section[attribute] = in_section[attribute] and not effect.ends_section
            for effect in effects:
                if effect.forward:
                    (attribute,) = effect.attributes
                    ends |= effect.until
                    limits = scopes.setdefault(effect.until, [0] * n)
                    limits[attribute] = max(limits[attribute], words[end] + effect.max_words)


def _look_backward(
    tokens: list[str],
    homes: dict[int, int],
    phrases: Phrases,
    words: list[int],
    found: list[int],
) -> None:
    n = len(ASSERTIONS)
    floors = [FAR] * n  # In scope are the words from these on,
    until: list[frozenset[str]] = [frozenset()] * n  # and before none of these.
    listed = [
        False
    ] * n  # Whether an "and" since the trigger makes the commas those of an enumeration.
    inside = {at for begin, (end, _) in phrases.items() for at in range(begin + 1, end)}
    for at in range(len(tokens) - 1, -1, -1):
        piece = tokens[at]
        if any(piece in ends for ends in until):
            floors = [FAR if piece in ends else f for f, ends in zip(floors, until, strict=True)]
        if piece == "," and at not in inside:
            floors = [floor if listed[i] else FAR for i, floor in enumerate(floors)]
        if at in phrases:
            _, effects = phrases[at]
            for effect in effects:
                if effect.ends:
                    for attribute in effect.attributes:
                        floors[attribute] = FAR
            for effect in effects:
                if effect.backward:
                    (attribute,) = effect.attributes
                    floors[attribute] = words[at] - effect.max_words
                    until[attribute] = effect.until
                    listed[attribute] = False
        elif at in inside:
            continue
        elif at in homes:
            for attribute in range(n):
                if words[at] >= floors[attribute]:
                    found[homes[at]] |= 1 << attribute
        elif piece == ":":
            floors = [FAR] * n
        elif piece in _LIST_WORDS:
            listed = [True] * n


def _truth(bits: int) -> dict[str, bool]:
    truth = {attribute: bool(bits >> i & 1) for i, attribute in enumerate(ASSERTIONS)}
    # What there was not has no time: "no history of MI".
    truth["historical"] = truth["historical"] and not truth["negated"]
    return truth


@lru_cache(maxsize=1)
def _default_rules() -> AssertionRules:
    return AssertionRules()


def assert_mentions(text: str, mentions: Sequence[Mention]) -> list[dict[str, bool]]:
    """What a note says of each of its mentions, by the rules that come with the package.

    See `AssertionRules.assert_mentions`. The rules are read when first needed.
    """
    return _default_rules().assert_mentions(text, mentions)


def said_in(term: str) -> frozenset[str]:
    """What a term says itself of the finding that it names: "hx of TIA" that it is past.

    Args:
        term: an entry of a list, without a note around it.

    Returns:
        Some of `ASSERTIONS`.
    """
    mentions = [Mention(word.start, word.end, term[word.start : word.end]) for word in words(term)]
    found = assert_mentions(term, mentions)
    return frozenset(attribute for truth in found for attribute in ASSERTIONS if truth[attribute])

"""What is asked and answered: in "Any chest pain?" and "No." no pain was said to be there.

Notes hold dialogues, from transcripts and from what patients write. The answer, which may be on the
next line and behind the name of who speaks, decides what the question says of its mentions: one
that is denied is absent, one that is affirmed is there, and one without an answer is unsure. What a
question takes for granted is none of these: "is the pain worse?" and "when did the rash begin?" say
that there is one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import Enum

from linker.detect.assertion.rules import RuleFile
from linker.detect.assertion.templates import TICKED_BOX
from linker.detect.assertion.triggers import TOKEN, fold, is_word
from linker.schema import ASSERTIONS

_NEGATED, _HYPOTHETICAL, _UNCERTAIN = (
    1 << ASSERTIONS.index(attribute) for attribute in ("negated", "hypothetical", "uncertain")
)
_SPEAKER = re.compile(r"\s*(?:\[[^\W\d_][\w .]{0,24}\]:?|[^\W\d_][\w .]{0,24}:)")
"""Who speaks: "Doctor: ...", "[patient] ..."."""
_MORE_ASKED = re.compile(r"[^\n.?!]{1,160}\?")
_MOST_ASKED = 3
"""So many questions may go before an answer that is of all: "Any fever? Chills? Sweats? No."."""
_ANSWER = 200
"""Characters in which an answer begins and is complete."""
_LONGEST_NAME = 5
"""Tokens in which the colon or bracket stands behind who speaks."""
_LONGEST_PHRASE = 7
_PAUSES = frozenset((*",.-–—…", TICKED_BOX))
_CLOSES = frozenset("\"'”’)")


class Answer(Enum):
    """What was said to a question."""

    NO = "no"
    YES = "yes"
    OPEN = "open"


class Questions:
    """The questions and answers of rule files, as `data/assertion.toml` explains them.

    Args:
        files: what a later one says is added to the earlier.
    """

    def __init__(self, *files: RuleFile) -> None:
        tables = [rules.question for rules in files]

        def phrases(key: str) -> frozenset[tuple[str, ...]]:
            return frozenset(
                tuple(map(fold, TOKEN.findall(phrase)))
                for table in tables
                for phrase in getattr(table, key)
            )

        def words(key: str) -> frozenset[str]:
            return frozenset(word for phrase in phrases(key) for word in phrase)

        self._opens, self._denied, self._affirmed = map(phrases, ("opens", "denied", "affirmed"))
        self._wh, self._given, self._until = map(words, ("wh", "given", "given_until"))
        self._about, self._fillers = map(words, ("about", "fillers"))
        self._goes_on = words("goes_on")
        self._begins = frozenset(phrase[0] for phrase in self._opens)

    def judge(
        self, tokens: Sequence[str], homes: dict[int, int], text: str, end: int, found: list[int]
    ) -> None:
        """Say of the mentions of a sentence that asks what its answer says.

        Args:
            tokens: of the sentence, as phrases have them.
            homes: which tokens are mentions, and of which stretch.
            text: the note, its marks as `plain_marks` has them.
            end: where the sentence ends in it.
            found: by stretch a bit for each of `ASSERTIONS`, as the phrases have it; is changed.
        """
        first = self._first_word(tokens)
        marked = tokens[-1] == "?"
        if not marked:
            # A transcript may lack the mark: "Any rash." is asked if somebody else speaks next.
            end += text[end : end + 1] == "."
            if not (self._begins_at(tokens, first) and _SPEAKER.match(text, end)):
                return
        opening = self._opening(tokens, first)
        if marked and self._takes_for_granted(tokens[first:]):
            for home in homes.values():
                found[home] &= ~_UNCERTAIN
            return
        answer = self._answer(text, end, marked=marked)
        if answer is Answer.OPEN and (opening < 0 or not marked):
            return
        asked = self._asked(tokens, homes, max(opening, first))
        for at, home in homes.items():
            if marked:
                found[home] &= ~_UNCERTAIN
            if at not in asked:
                continue
            if answer is Answer.NO:
                found[home] = found[home] & ~(_HYPOTHETICAL | _UNCERTAIN) | _NEGATED
            elif answer is Answer.YES:
                found[home] &= ~_UNCERTAIN
            else:
                found[home] |= _UNCERTAIN

    def _takes_for_granted(self, tokens: Sequence[str]) -> bool:
        """Whether a question asks more of what there is: "when did the rash begin?"."""
        return (
            len(tokens) > 1
            and tokens[0] in self._wh
            and is_word(tokens[1])
            and not self._begins_at(tokens, 0)
        )

    def _first_word(self, tokens: Sequence[str]) -> int:
        """Where a sentence begins behind who speaks and "okay, so"."""
        at = 0
        for place, token in enumerate(tokens[: _LONGEST_NAME + 1]):
            if token in (":", "]") and place + 1 < len(tokens):
                at = place + 1
        last = len(tokens) - 1
        while at < last and (tokens[at] in self._fillers or tokens[at] in _PAUSES):
            at += 1
        return at

    def _begins_at(self, tokens: Sequence[str], at: int) -> int:
        """Where words end that begin a question at `at`; 0 if none do."""
        if tokens[at] not in self._begins:
            return 0
        return _longest(tokens, at, self._opens)

    def _opening(self, tokens: Sequence[str], first: int) -> int:
        """Where words end behind which it is asked; -1 if there are none."""
        for at in range(first, len(tokens)):
            if end := self._begins_at(tokens, at):
                return end
        return -1

    def _asked(
        self, tokens: Sequence[str], mentions: Collection[int], begin: int
    ) -> frozenset[int]:
        """The mentions that are asked for, and not taken for granted: "fever after the surgery"."""
        asked = set()
        given = about = False
        for at in range(begin, len(tokens)):
            token = tokens[at]
            if token in self._until:
                given = False
            if token in (",", "any", ":"):
                given = about = False
            if token in self._given:
                given = True
            elif token in self._about:
                about = True
            if at in mentions:
                if not (given or about):
                    asked.add(at)
                given = False
        return frozenset(asked)

    def _answer(self, text: str, end: int, *, marked: bool) -> Answer:
        """What is answered behind a question that ends at `end`."""
        for _ in range(1 + _MOST_ASKED):
            while end < len(text) and (text[end].isspace() or text[end] in _CLOSES):
                end += 1
            # "No. Cough: yes" is an answer, and nobody called "No. Cough".
            speaker = None
            answer = self._said(text, end)
            if answer is Answer.OPEN:
                speaker = _SPEAKER.match(text, end)
                if speaker is not None:
                    answer = self._said(text, speaker.end())
            if answer is not Answer.OPEN or speaker is not None or not marked:
                return answer
            more = _MORE_ASKED.match(text, end)
            if more is None:
                return answer
            end = more.end()
        return Answer.OPEN

    def _said(self, text: str, start: int) -> Answer:
        tokens = [*map(fold, TOKEN.findall(text, start, start + _ANSWER))]
        at = 0
        while at < len(tokens):
            for phrases, answer in ((self._denied, Answer.NO), (self._affirmed, Answer.YES)):
                end = _longest(tokens, at, phrases)
                if end and (
                    end == len(tokens) or not is_word(tokens[end]) or tokens[end] in self._goes_on
                ):
                    return answer
            if tokens[at] not in self._fillers and tokens[at] not in _PAUSES:
                break
            at += 1
        return Answer.OPEN


def _longest(tokens: Sequence[str], at: int, phrases: Collection[tuple[str, ...]]) -> int:
    """Where the longest of some phrases ends that begins at `at`; 0 if none does."""
    for end in range(min(len(tokens), at + _LONGEST_PHRASE), at, -1):
        if tuple(tokens[at:end]) in phrases:
            return end
    return 0

"""Notes that are forms filled in: boxes, numbered items, and questions with an answer each.

What a form says of one item says nothing of the next: "Fever: No  Cough: Yes" has no cough that is
denied. So the items are told apart before phrases are looked for in each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from linker.detect.assertion.triggers import MENTION, is_word

EMPTY_BOX, TICKED_BOX, EMPTY_BEHIND = "☐", "☒", "⊟"
"""How every box is written in `plain_marks`. What stands behind an empty one is not so, and what
stands before `EMPTY_BEHIND`."""

_EMPTY = r"\[[ \t]?\]|\([ \t]\)|[☐□]"
_TICKED = r"\[[xX✓✔]\]|\([xX]\)|[☒☑✓✔]"
# fmt: off
_ANSWERS = frozenset((
    "no", "n", "none", "nil", "denies", "denied", "neg", "negative", "absent", "never",
    "yes", "y", "pos", "positive", "present", "reports", "reported", "endorses", "endorsed",
    "admits",
))
# fmt: on
_ANSWER = "|".join(sorted(_ANSWERS, key=len, reverse=True))
_SOME_BOXES = ("[ ", "[\t", "[]", "( )", "(\t)", "☐", "□")
"""Without one of these no box of a text is empty."""
_BOX = re.compile(rf"{_EMPTY}|{_TICKED}")
_CHOICE = re.compile(
    rf"(?:{_EMPTY})[ \t]*(?:{_ANSWER})\b(?=[ \t]*(?:[\n,;.|/]|\Z|{_EMPTY}|{_TICKED}))"
    rf"|(?:{_TICKED})(?=[ \t]*(?:{_ANSWER})\b)",
    re.IGNORECASE,
)
_CHOICE_BEHIND = re.compile(
    rf"\b(?P<answer>{_ANSWER})[ \t]*(?P<box>{_EMPTY}|{_TICKED})", re.IGNORECASE
)
_BOX_LAST = re.compile(rf"(?![ \t*•-]*(?:{_EMPTY}|{_TICKED})).*(?:{_EMPTY}|{_TICKED})[ \t]*")
"""A line that does not begin with a box, and ends with one."""
_BAR = re.compile(rf"\|(?=[ \t]*(?:{_ANSWER})[ \t]*(?:[|\n]|\Z))", re.IGNORECASE)
_QUESTION = re.compile(
    rf"(?<=\S)\?(?=[ \t]+(?:{_ANSWER})[ \t]*(?:[.,;\n]|\Z|[ \t][^.,;:?\n]{{1,40}}\?))",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"\b(?:any|you|your|do|does|did|have|has|had|is|are|was|were)\b", re.IGNORECASE
)
"""A word of a question in a sentence, which is no label of a form: `questions` reads its answer."""
_ANSWER_ENDS = re.compile(rf"\?[ \t]+(?:{_ANSWER})[ \t]*(?:[.,;\n]|\Z)", re.IGNORECASE)
"""An answer behind which no other label stands, as it does in a form that is all on one line."""
_SENTENCE_END = re.compile(r"[.?!;\n]")
_LONGEST_QUESTION = 200
"""Characters before its mark in which a question is looked for."""
_NUMBER = re.compile(
    r"(?<!\S)(?:(?P<open>\(?)(?P<bracketed>\d{1,2})\)|#(?P<hash>\d{1,2})[.:)]?)(?=\s)"
)
_SAID = frozenset(
    (
        "denies",
        "denied",
        "reports",
        "reported",
        "endorses",
        "endorsed",
        "admits",
    )
)
"""Answers that are verbs too: behind who says it, "the patient denies, since Monday, fever"."""
_LETTERS = frozenset("ny")
_SEPARATORS = frozenset(":-=?")
_CLOSING = frozenset(",;.|(")
_SIGNS = frozenset("+-")
_LONGEST_LABEL = 4
"""Words of a label between two answers: "Shortness of breath: no"."""


def plain_marks(text: str) -> str:
    """The marks of forms, one way each, in a text of the same length.

    Boxes are written as `EMPTY_BOX` and `TICKED_BOX` where the note ticks some and leaves others
    empty, and else as they stand; of a choice ("[ ] Yes [x] No") the answer alone is left. Numbers
    of items within a line become semicolons, the mark of a question that is answered a colon, and
    so does the bar before the answer in a row of a table.
    """
    if any(box in text for box in _SOME_BOXES):
        text = _plain_boxes(text)
    if "|" in text:
        text = _BAR.sub(":", text)
    if "?" in text:
        text = _QUESTION.sub(_plain_question, text)
    return _plain_numbers(text) if ")" in text or "#" in text else text


def _plain_question(mark: re.Match[str]) -> str:
    before = mark.string[max(0, mark.start() - _LONGEST_QUESTION) : mark.start()]
    spoken = _SPOKEN.search(_SENTENCE_END.split(before)[-1])
    return "?" if spoken and _ANSWER_ENDS.match(mark.string, mark.start()) else ":"


def _plain_boxes(text: str) -> str:
    if len({*map(_is_ticked, _BOX.findall(text))}) < 2:
        return text
    if _boxes_stand_behind(text):
        empty, text = EMPTY_BEHIND, _CHOICE_BEHIND.sub(_chosen, text)
    else:
        empty, text = EMPTY_BOX, _CHOICE.sub(lambda choice: " " * len(choice[0]), text)
    return _BOX.sub(
        lambda box: (TICKED_BOX if _is_ticked(box[0]) else empty).ljust(len(box[0])), text
    )


def _chosen(choice: re.Match[str]) -> str:
    """The answer of a ticked box, and nothing of an empty one."""
    answer = choice["answer"] if _is_ticked(choice["box"]) else ""
    return answer.ljust(len(choice[0]))


def _boxes_stand_behind(text: str) -> bool:
    """Whether the boxes of a form stand behind what they are of: "Fever [ ]  Cough [x]"."""
    return all(_BOX_LAST.fullmatch(line) for line in text.split("\n") if _BOX.search(line))


def _is_ticked(box: str) -> bool:
    return re.fullmatch(_TICKED, box) is not None


def _plain_numbers(text: str) -> str:
    parts: list[str] = []
    done = 0
    last = {"bracketed": 0, "hash": 0}
    for match in _NUMBER.finditer(text):
        kind = "hash" if match["hash"] else "bracketed"
        number = int(match[kind])
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        # "(NYHA class 2)" is no item; nor is a second one without a first.
        closes = kind == "bracketed" and not match["open"] and before.count("(") > before.count(")")
        if closes or number not in (1, last[kind] + 1):
            continue
        last[kind] = number
        if before and not before.isspace():
            parts += text[done : match.start()], ";".ljust(len(match.group()))
            done = match.end()
    return "".join([*parts, text[done:]])


def items(tokens: Sequence[str], mentions: Collection[int]) -> Iterator[tuple[int, int]]:
    """The items of a sentence that is a form, each with its answer; else the sentence itself.

    Args:
        tokens: of a sentence, as phrases have them.
        mentions: which of them are mentions.

    Yields:
        Half-open ranges of tokens, which hold all of them.
    """
    if _ANSWERS.isdisjoint(tokens) and "(" not in tokens:
        yield 0, len(tokens)
        return
    cuts = {0, len(tokens), *_behind_answers(tokens, mentions), *_at_signs(tokens, mentions)}
    yield from pairwise(sorted(cuts))


def _behind_answers(tokens: Sequence[str], mentions: Collection[int]) -> Iterator[int]:
    """Where items end that an answer follows: "Fever: no  Cough: yes", "fever no, cough yes"."""
    n = len(tokens)
    answered: set[int] = set()
    for at in range(n - 1, 0, -1):
        if tokens[at] not in _ANSWERS:
            continue
        labelled = tokens[at - 1] in _SEPARATORS
        if at + 1 == n or tokens[at + 1] in _CLOSING:
            # What is a mention and has words of phrases is a person, and no finding.
            person = tokens[at] in _SAID and tokens[at - 1] != MENTION
            is_answer = labelled or (at - 1 in mentions and not person)
        elif tokens[at] in _LETTERS and at - 1 in mentions:
            is_answer = _next_answered(tokens, at + 1, answered)
        else:
            is_answer = labelled and _behind_label(tokens, mentions, at + 1) in answered
        if is_answer:
            answered.add(at)
            yield at + 1


def _next_answered(tokens: Sequence[str], at: int, answered: Collection[int]) -> bool:
    """Whether a label begins at `at` behind which is a letter that is an answer: "Cough Y"."""
    for end in range(at + 1, min(len(tokens), at + 1 + _LONGEST_LABEL)):
        if end in answered:
            return tokens[end] in _LETTERS
        if not is_word(tokens[end]):
            break
    return False


def _behind_label(tokens: Sequence[str], mentions: Collection[int], at: int) -> int:
    """The place behind the label that begins at `at` and its colon; -1 if there is none."""
    end = at
    while end < len(tokens) and end - at < _LONGEST_LABEL and is_word(tokens[end]):
        end += 1
    # What is negated in front of a label is no label: "Skin: no rash  Neuro: no".
    own = any(place in mentions for place in range(at, end - 1))
    return -1 if own or end in (at, len(tokens)) or tokens[end] not in _SEPARATORS else end + 1


def _at_signs(tokens: Sequence[str], mentions: Collection[int]) -> Iterator[int]:
    """Where items begin or end that have signs in brackets: "(+) cough (-) rash", "DM(-) AF(+)"."""
    signs = [
        at
        for at in range(len(tokens) - 2)
        if tokens[at] == "(" and tokens[at + 1] in _SIGNS and tokens[at + 2] == ")"
    ]
    if len(signs) > 1 and mentions:
        leads = signs[0] < min(mentions)
        yield from (at if leads else at + 3 for at in signs)

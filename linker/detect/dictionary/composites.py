"""Composites: one phrase, several concepts that share its words.

"breast and ovarian cancer" shares a head, "type 1 or 2 diabetes" a head and a beginning, "pain in
the chest and abdomen" a beginning. What may be shared is a guess at the grammar, so every guess is
put to a test: each part, written out, must be a name. What a sentence says of its first words they
share too: "the face was long and narrow".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from linker.detect.dictionary.word_groups import verb_stems
from linker.schema import Mention
from linker.text import Word, stems, words

JOINTS = frozenset({"and", "or"})
MAX_PART, MAX_HEAD, MAX_FRONT = 2, 3, 2
"""How many words set the parts apart, are their common head, are their common beginning."""
_NEAR = 80
"""Characters on each side of a part in which the words that it shares stand."""
_LISTS = re.compile(r",|/|\b(?:and|or)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a composite: `text[start:end]`, and its name written out.

    Half-open, in code points.
    """

    start: int
    end: int
    name: str


class Joint(NamedTuple):
    """Where a list is joined: the words before `left` and those from `right` on are its sides.

    Both are positions among the content words.
    """

    left: int
    right: int


def parts_at(
    text: str, content: Sequence[Word], joint: Joint, is_name: Callable[[str], bool]
) -> tuple[Part, ...]:
    """The parts of the composite at one joint, in reading order.

    Args:
        content: the content words of `text` that may belong to it.
        joint: in positions of `content`.
        is_name: whether a string is a name of the terminology; the test of every guess.

    Returns:
        At least two parts, or none if this is no composite. Guesses that share more words, and
        that set more words apart, come first.
    """
    return _by_head(text, content, joint, is_name) or _by_front(text, content, joint, is_name)


def joints(ands: Iterable[int], slashes: Iterable[int]) -> Iterator[Joint]:
    """Every "and", "or", "and/or" and slash between two content words, in reading order.

    Args:
        ands: the positions of "and" and "or" among the content words.
        slashes: those of the words with nothing but a slash between them and the one before.
    """
    joining = {*ands}
    last = -1
    for i in sorted({*joining, *slashes}):
        if i <= last:
            continue
        if i in joining:
            last = i
            while last + 1 in joining:
                last += 1
            yield Joint(i, last + 1)
        else:
            yield Joint(i, i)


def is_list(text: str, stems: Iterable[str]) -> bool:
    """Whether a stretch of text, with its stems, puts several things side by side."""
    return not {",", "/"}.isdisjoint(text) or not JOINTS.isdisjoint(stems)


def phrase_of(text: str, mention: Mention) -> Mention:
    """A part of a composite with the words that it shares with the others.

    As annotators mark it: "palmar and plantar pits" where the part is "palmar", whose long form is
    "palmar pits". Such mentions overlap those of the other parts.

    Args:
        text: the note.
        mention: any of its mentions; what is no part without some of its words comes back.
    """
    if mention.long_form is None:
        return mention
    own, whole = stems(mention.text), stems(mention.long_form)
    at = next((i for i in range(len(whole)) if whole[i : i + len(own)] == own), None)
    if at is None or not own or own == whole:
        return mention
    first, last = max(0, mention.start - _NEAR), mention.end + _NEAR
    front, head = whole[:at], whole[at + len(own) :]
    before = _occurrences(text[first : mention.start], front)
    after = _occurrences(text[mention.end : last], head)
    if (front and not before) or (head and not after):
        return mention
    start = first + before[-1][0] if front else mention.start
    end = mention.end + after[0][1] if head else mention.end
    if not _LISTS.search(text[start : mention.start]) and not _LISTS.search(
        text[mention.end : end]
    ):
        return mention
    return replace(mention, start=start, end=end, text=text[start:end])


def _occurrences(text: str, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Where these content words stand in a text, one behind the other."""
    found = [word for word in words(text) if word.stem]
    return [
        (found[i].start, found[i + len(wanted) - 1].end)
        for i in range(len(found) - len(wanted) + 1)
        if wanted and all(word.stem == own for word, own in zip(found[i:], wanted, strict=False))
    ]


def _by_head(
    text: str, content: Sequence[Word], joint: Joint, is_name: Callable[[str], bool]
) -> tuple[Part, ...]:
    """The composite whose parts share their last words, and perhaps their first one."""
    shapes = product(
        range(MAX_HEAD, 0, -1), range(MAX_PART, 0, -1), range(MAX_PART, 0, -1), range(2)
    )
    for n_head, n_left, n_right, n_front in shapes:
        first = joint.left - n_left - n_front
        head = joint.right + n_right
        if first < 0 or head + n_head > len(content):
            continue
        front = content[first : first + n_front]
        left, right = content[first + n_front : joint.left], content[joint.right : head]
        shared = content[head : head + n_head]
        names = [_written(text, front, own, shared) for own in (left, right)]
        if all(map(is_name, names)):
            before = content[:first] if not n_front else ()
            return (
                *_before_commas(text, before, left[0].start, shared, is_name),
                Part((front or left)[0].start, left[-1].end, names[0]),
                Part(right[0].start, shared[-1].end, names[1]),
            )
    return ()


def _before_commas(
    text: str,
    content: Sequence[Word],
    end: int,
    shared: Sequence[Word],
    is_name: Callable[[str], bool],
) -> list[Part]:
    """The parts of "brain, breast, and prostate cancer" that stand before the last two.

    Args:
        content: the words before `end`, where the first of the last two begins.
    """
    parts: list[Part] = []
    while content and text[content[-1].end : end].strip() == ",":
        owns = (content[-n:] for n in range(min(MAX_PART, len(content)), 0, -1))
        named = ((own, _written(text, own, shared)) for own in owns)
        found = next(((own, name) for own, name in named if is_name(name)), None)
        if found is None:
            break
        own, name = found
        parts.insert(0, Part(own[0].start, own[-1].end, name))
        content, end = content[: -len(own)], own[0].start
    return parts


def _by_front(
    text: str, content: Sequence[Word], joint: Joint, is_name: Callable[[str], bool]
) -> tuple[Part, ...]:
    """The composite whose parts share their first words."""
    verb = joint.left >= 2 and not verb_stems().isdisjoint(
        word.stem for word in content[max(0, joint.left - MAX_PART - 1) : joint.left - 1]
    )
    for n_front, n_left in product(range(MAX_FRONT + verb, 0, -1), range(1, MAX_PART + 1)):
        first = joint.left - n_left - n_front
        if first < 0:
            continue
        front = content[first : first + n_front]
        says = front[-1].stem in verb_stems()
        if n_front - says not in range(1, MAX_FRONT + 1):
            continue
        left = content[first + n_front : joint.left]
        shared = front[:-1] if says else front
        name = _written(text, shared, left)
        if not is_name(name):
            continue
        for n_right in range(min(MAX_PART, len(content) - joint.right), 0, -1):
            right = content[joint.right : joint.right + n_right]
            other = _written(text, shared, right)
            # "Myoclonic seizures and status epilepticus" shares nothing: the second is a name.
            if is_name(other) and not is_name(_written(text, right)):
                return (
                    Part(front[0].start, left[-1].end, name),
                    Part(right[0].start, right[-1].end, other),
                )
    return ()


def _written(text: str, *pieces: Sequence[Word]) -> str:
    """Pieces of a text, each with what stands inside it, joined by spaces."""
    return " ".join(text[piece[0].start : piece[-1].end] for piece in pieces if piece)

"""Names with their noun in front, as terminologies file them: "pain, chest", "failure, renal".

A note's list holds the same words in the same order: "liver failure, kidney damage" is no failure
of a kidney, and "lung disease, thyroid" no disease of a thyroid. Where such a name is meant, what
stands behind its comma ends the item, and the noun has not its own word in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from linker.detect.dictionary.grams import SIDES
from linker.detect.gaps import GAP
from linker.text import stems

_GOES_ON = re.compile(
    r"(?:-|[ \t]{1,2}|[ \t\r]?\n[ \t]*(?=[a-z]))(?!(?:at|by|due|for|from|in|of|on|query|s/p"
    r"|secondary|since|status|to|which|with)\b)[^\W_]"
)
"""A word of the same item, or the next one of a list: what is named ends later."""
_NUMBERED = re.compile(r"\b(?:\d+|[IVX]+|type)\Z", re.IGNORECASE)
"""Behind "type 2" or "stage IV" anything may follow."""
_WORD_BEFORE = re.compile(rf"[^\W_]+{GAP}\Z")
_WORD_BEHIND = re.compile(rf"{GAP}([^\W_]+)")
_LONGEST_WORD = 24


def only_seems_inverted(text: str, start: int, end: int, is_name: Callable[[str], bool]) -> bool:
    """Whether `text[start:end]`, a name with a comma in it, is two items of a list here.

    Whatever its end, it is if its noun comes again: "factor V deficiency, vitamin B-12 deficiency".
    """
    if _GOES_ON.match(text, end) and not _NUMBERED.search(text, start, end):
        return True
    noun, _, _ = text[start:end].partition(",")
    behind = _WORD_BEHIND.match(text, end)
    if behind is not None and stems(behind[1]) == stems(noun):
        return True
    return has_own_word(text, start, noun, is_name)


def has_own_word(text: str, start: int, noun: str, is_name: Callable[[str], bool]) -> bool:
    """Whether a noun that begins at `start` makes a name with the word in front: "liver failure".

    A word that says on which side it is makes none.
    """
    before = _WORD_BEFORE.search(text, max(0, start - _LONGEST_WORD), start)
    if before is None or SIDES.issuperset(stems(before.group())):
        return False
    return is_name(f"{before.group()}{noun}")

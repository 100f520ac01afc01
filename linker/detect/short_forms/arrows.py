"""Arrows for words: "↑ LFTs", "↓Na", "platelets ↓"."""

from __future__ import annotations

import re

from linker.detect.short_forms.definitions import ShortForm

_WORDS = {"↑": "increased", "↓": "decreased", "⬆": "increased", "⬇": "decreased"}
# From its first arrow on: a run that fails would be tried again from each of its others.
_RUN = "(?<![↑⬆])[↑⬆]+|(?<![↓⬇])[↓⬇]+"
_BEHIND = rf"(?<=[^\W_] )(?:{_RUN})(?=[ \t]*(?:[,.;)\n]|\Z))"
_ARROW = re.compile(rf"{_BEHIND}|(?:{_RUN})(?= ?[^\W\d_])")
_CLAUSE = re.compile(r"[^,.;()\n]+")
_CLOSING = re.compile(rf"[^\W_] ?(?:{_RUN})[ \t]*\Z")


def arrows_in(text: str) -> list[ShortForm]:
    """The arrows of a text that say how much there is of something, with the words for them.

    Each is as long as itself in `long_start` and `long_end`, as nothing in the text spells it out.
    In a clause that ends with an arrow, as "Na ↓ K ↑" does, only that one is meant for sure.
    """
    if text.isascii() or not any(arrow in text for arrow in _WORDS):
        return []
    found = []
    for clause in _CLAUSE.finditer(text):
        last = _CLOSING.search(clause[0]) is not None
        arrows = [*_ARROW.finditer(text, clause.start(), clause.end())]
        for arrow in arrows[-1:] if last else arrows:
            start, end = arrow.span()
            word = _WORDS[text[start]]
            space = "" if end == clause.end() or text[end].isspace() else " "
            found.append(ShortForm(start, end, word + space, start, end))
    return found


def with_words(text: str) -> str:
    """A text with words for its arrows."""
    said, done = "", 0
    for arrow in arrows_in(text):
        said += text[done : arrow.start] + arrow.long_form
        done = arrow.end
    return said + text[done:]

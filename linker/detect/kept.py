"""What several parts ask of a note, kept while its batch is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

_KEPT = 256
"""Notes: more than a batch has, with stretches of them that are read by themselves."""
_LONGEST = 20_000
"""Code points of a note of which anything is kept: several of a megabyte would fill the memory."""

_Answer = TypeVar("_Answer")


def kept_of_note(ask: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
    """The same function of a note's text, which remembers its answers to the latest notes."""
    remembered = lru_cache(maxsize=_KEPT)(ask)

    @wraps(ask)
    def answer(text: str) -> _Answer:
        return remembered(text) if len(text) <= _LONGEST else ask(text)

    return answer

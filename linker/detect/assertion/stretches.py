"""A note with its mentions masked, so that no phrase is found inside one or across its edge."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress

from linker.counted import counted
from linker.detect.assertion.templates import plain_marks
from linker.detect.assertion.triggers import MENTION, MENTION_GOES_ON
from linker.detect.sentences import plain_newlines
from linker.schema import Mention
from linker.text import readable

_RESERVED = str.maketrans(MENTION + MENTION_GOES_ON, "  ")


@dataclass(slots=True)
class Stretches:
    """Where mentions stand in a text, those that overlap as one stretch.

    Attributes:
        plain: the text with plain blanks, of the same length.
        masked: the same, each stretch as one strange word of its length, but for the open ones.
        at: by where a stretch begins: its number, in reading order.
        open: where those begin that are words of phrases and headers themselves, ascending.
    """

    plain: str
    masked: str
    at: dict[int, int]
    open: list[int]

    def has_open(self, start: int, end: int) -> bool:
        """Whether an open stretch begins in [start, end)."""
        first = bisect_left(self.open, start)
        return first < len(self.open) and self.open[first] < end


def stretches_of(
    text: str, mentions: Sequence[Mention], stays_open: Callable[[str], bool]
) -> tuple[Stretches, list[int]]:
    """Where the mentions stand, and for each of them the number of its stretch.

    Args:
        text: the whole note.
        mentions: of this text, in any order; they may overlap.
        stays_open: whether a stretch of so many words is not masked.

    Raises:
        ValueError: a mention ends after the text does.
    """
    plain = plain_newlines(text)
    unmasked = readable(plain)
    if not unmasked.isascii():
        unmasked = unmasked.translate(_RESERVED)
    spans: list[tuple[int, int]] = []
    homes = [0] * len(mentions)
    for i in sorted(range(len(mentions)), key=lambda i: (mentions[i].start, -mentions[i].end)):
        start, end = mentions[i].start, mentions[i].end
        if end > len(text):
            raise ValueError(
                f"mention [{start}, {end}) ends after the text, which has "
                f"{counted(len(text), 'character')}"
            )
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            # One that covers nothing takes a place too.
            spans.append((start, max(end, start + 1)))
        homes[i] = len(spans) - 1
    parts: list[str] = []
    is_open = [stays_open(unmasked[start:end]) for start, end in spans]
    done = 0
    for (start, end), stays in zip(spans, is_open, strict=True):
        if not stays:
            parts += unmasked[done:start], MENTION, MENTION_GOES_ON * (end - start - 1)
            done = end
    parts.append(unmasked[done:])
    starts = [start for start, _ in spans]
    numbers = {start: number for number, start in enumerate(starts)}
    masked = plain_marks("".join(parts))
    return Stretches(plain, masked, numbers, [*compress(starts, is_open)]), homes

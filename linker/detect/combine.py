"""Several detectors as one.

The policy: a span that several detectors find is one mention, with the label of the first that has
one and the long form of the first that has one. Of spans that overlap, the longest stays; the
earlier where two are as long. Who can link asks for all of them, `detect_all`, and lets a long span
that links to nothing give way to what it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from linker.detect.base import Detector, NestingDetector, OverlappingDetector
from linker.schema import Mention

_T = TypeVar("_T")


class CombinedDetector:
    """Finds what any of its detectors finds.

    Args:
        detectors: at least one; the first one's labels and long forms come first.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        if not detectors:
            raise ValueError("no detector to combine; give at least one")
        self._detectors = tuple(detectors)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, the longest of those that overlap. See `Detector`."""
        return [longest_first(mentions) for mentions in self.detect_all(texts)]

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, those that overlap among them; a span comes once.

        In the order of their starts, the longer first.
        """
        by_detector = [
            detector.detect_all(texts)
            if isinstance(detector, OverlappingDetector)
            else detector.detect(texts)
            for detector in self._detectors
        ]
        return [_merged(of_text) for of_text in zip(*by_detector, strict=True)]

    def detect_nested(self, texts: Sequence[str]) -> list[list[Mention]]:
        """As `detect_all`, with what the detectors can find inside their own mentions."""
        by_detector = [
            detector.detect_nested(texts)
            if isinstance(detector, NestingDetector)
            else CombinedDetector([detector]).detect_all(texts)
            for detector in self._detectors
        ]
        return [_merged(of_text) for of_text in zip(*by_detector, strict=True)]


def longest_first(mentions: Iterable[Mention]) -> list[Mention]:
    """The mentions without overlaps, in reading order: the longer stay, the earlier in a tie."""
    return without_overlaps(mentions, mention=lambda m: m, worth=lambda _: 0)


def without_overlaps(
    items: Iterable[_T], *, mention: Callable[[_T], Mention], worth: Callable[[_T], int]
) -> list[_T]:
    """The items of which no two overlap, in reading order.

    Args:
        items: any values that have a mention.
        mention: that of an item.
        worth: items that are worth more stay first; then the longer ones, then the earlier ones.
    """
    ordered = sorted(items, key=lambda item: mention(item).start)
    spans = [mention(item) for item in ordered]
    if all(m.start < m.end for m in spans) and all(
        before.end <= after.start for before, after in pairwise(spans)
    ):
        return ordered
    kept: list[_T] = []
    taken: set[int] = set()

    def order(item: _T) -> tuple[int, int, int]:
        m = mention(item)
        return -worth(item), m.start - m.end, m.start

    for item in sorted(ordered, key=order):
        span = range(mention(item).start, mention(item).end)
        if taken.isdisjoint((span.start, span.stop - 1)) and taken.isdisjoint(span):
            taken.update(span)
            kept.append(item)
    return sorted(kept, key=lambda item: mention(item).start)


def _merged(found: Sequence[Sequence[Mention]]) -> list[Mention]:
    by_span: dict[tuple[int, int], Mention] = {}
    for mention in (mention for of_detector in found for mention in of_detector):
        span = (mention.start, mention.end)
        known = by_span.setdefault(span, mention)
        if known is not mention:
            by_span[span] = replace(
                known,
                label=known.label or mention.label,
                proposed=known.proposed and mention.proposed,
                long_form=mention.long_form if known.long_form is None else known.long_form,
            )
    return sorted(by_span.values(), key=lambda m: (m.start, -m.end))

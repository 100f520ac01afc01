"""What every mention detector does: texts to mentions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from linker.schema import Mention


@runtime_checkable
class Detector(Protocol):
    """Finds the stretches of a text that may name a concept."""

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, in reading order, without overlaps and none empty.

        Offsets are code points of the text as given, whatever it holds (NUL, lone surrogates).
        """
        ...


@runtime_checkable
class OverlappingDetector(Detector, Protocol):
    """A detector that can leave it to others which of two mentions that overlap is meant."""

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text in the order of their starts, the longer first; a span once."""
        ...


@runtime_checkable
class NestingDetector(Detector, Protocol):
    """A detector that can also say which mentions lie in others."""

    def detect_nested(self, texts: Sequence[str]) -> list[list[Mention]]:
        """As `OverlappingDetector.detect_all`, with what the detector itself left out as nested."""
        ...

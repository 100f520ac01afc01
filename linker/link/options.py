"""How a linker is asked to link, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import NoneType

from linker.detect import AssertionRules, Detector, check_detector, default_rules
from linker.encoder import BACKENDS, Encoder
from linker.errors import EncoderError
from linker.link.given import check


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `Linker.load`, but for the threshold, which may change.

    Raises:
        TypeError: one is of another type.
        DetectorError: there is no such detector.
        EncoderError: there is no such backend.
    """

    encoder: Encoder | str | Path | None
    detector: Detector | str
    nested: bool
    whole_composites: bool
    type_filter: bool
    assertion_rules: AssertionRules | None
    device: str | None
    backend: str | None

    def __post_init__(self) -> None:
        for name in ("nested", "whole_composites", "type_filter"):
            check(getattr(self, name), bool, name)
        check(self.device, (str, NoneType), "device")
        if isinstance(self.detector, str):
            check_detector(self.detector)
        elif not isinstance(self.detector, Detector):
            raise TypeError(_no_detector(self.detector))
        if self.backend is not None and self.backend not in BACKENDS:
            raise EncoderError(
                f"backend {self.backend!r} is not known; known: {', '.join(BACKENDS)}"
            )
        if not isinstance(self.encoder, (str, Path, NoneType, Encoder)):
            raise TypeError(
                f"encoder is {type(self.encoder).__name__}, expected a name, a folder or an Encoder"
            )
        if not isinstance(self.assertion_rules, (AssertionRules, NoneType)):
            raise TypeError(
                f"assertion_rules is {type(self.assertion_rules).__name__}, expected a file or "
                "AssertionRules"
            )

    @property
    def rules(self) -> AssertionRules:
        """What says what a note asserts: the given rules, or the included ones."""
        return default_rules() if self.assertion_rules is None else self.assertion_rules


def _no_detector(found: object) -> str:
    advice = "; for a loaded spaCy pipeline, give linker.detect.spacy_model.SpacyDetector(nlp)"
    return (
        f"detector is {type(found).__name__}, expected a name or a Detector"
        f"{advice if hasattr(found, 'pipe_names') else ''}"
    )

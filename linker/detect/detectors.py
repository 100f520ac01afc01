"""Detectors by name: "dictionary", or any spaCy or scispaCy pipeline that is installed."""

from __future__ import annotations

from linker.detect.base import Detector
from linker.detect.dictionary import DictionaryMatcher
from linker.index import Index

DICTIONARY = "dictionary"


def load_detector(name: str, index: Index) -> Detector:
    """The detector of a name.

    Args:
        name: "dictionary", or the name or folder of a spaCy pipeline ("en_core_sci_sm").
        index: whose names the dictionary matcher finds.

    Raises:
        DetectorError: no such pipeline is installed, or it finds no entities.
    """
    if name == DICTIONARY:
        return DictionaryMatcher(index)
    from linker.detect.spacy_model import SpacyDetector

    return SpacyDetector(name)

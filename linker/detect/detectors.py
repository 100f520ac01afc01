"""Detectors by name: the dictionary matcher, the package's model, any spaCy pipeline, or sums."""

from __future__ import annotations

from collections.abc import Callable

from linker.detect.base import Detector
from linker.detect.clinical import ClinicalDetector
from linker.detect.combine import CombinedDetector
from linker.detect.dictionary.matcher import DictionaryMatcher
from linker.detect.dictionary.names import Names
from linker.detect.proposer import SpanProposer
from linker.errors import DetectorError
from linker.index import Index

DICTIONARY = "dictionary"
CLINICAL = "clinical"
PROPOSER = "proposer"

_OURS: dict[str, Callable[[Index, Names], Detector]] = {
    DICTIONARY: DictionaryMatcher,
    CLINICAL: ClinicalDetector,
    PROPOSER: lambda index, _names: SpanProposer(index),
}
"""Makes each detector that has a name here, of an index and its names; any other name is a spaCy
pipeline's."""


def load_detector(name: str, index: Index) -> Detector:
    """The detector of a name.

    Args:
        name: "dictionary"; "clinical", the model that comes with the package; "proposer", phrases
            that are no name; the name or folder of a spaCy pipeline ("en_core_sci_sm"); or several
            of these joined by "+", whose mentions are put together (see `linker.detect.combine`).
        index: whose names the dictionary matcher finds, and which says what kinds of things it
            holds.

    Raises:
        DetectorError: no such pipeline is installed, it finds no entities, or a name is empty.
    """
    names = Names(index)
    detectors = [_load(part, index, names) for part in _parts(name)]
    return detectors[0] if len(detectors) == 1 else CombinedDetector(detectors)


def check_detector(name: str) -> None:
    """Say at once that there is no detector of a name, and load none.

    Raises:
        DetectorError: no such pipeline is installed, or a name is empty.
    """
    for part in _parts(name):
        if part not in _OURS:
            from linker.detect.spacy_model import find_pipeline

            find_pipeline(part)


def _parts(name: str) -> list[str]:
    names = [part.strip() for part in name.split("+")]
    if not all(names):
        raise DetectorError(
            f"{name!r}: a detector without a name; join names by one +, as in"
            f' "{DICTIONARY}+{CLINICAL}"'
        )
    return names


def _load(name: str, index: Index, names: Names) -> Detector:
    if name in _OURS:
        return _OURS[name](index, names)
    from linker.detect.spacy_model import SpacyDetector

    return SpacyDetector(name)

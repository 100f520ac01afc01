"""Texts to mentions: detectors, abbreviations, and what the context asserts of a mention."""

from linker.detect.abbreviations import clinical_long_form, expand
from linker.detect.assertion import assert_mentions
from linker.detect.base import Detector, NestingDetector, OverlappingDetector
from linker.detect.combine import CombinedDetector, without_overlaps
from linker.detect.composites import phrase_of
from linker.detect.detectors import load_detector
from linker.detect.dictionary import DictionaryMatcher

__all__ = [
    "CombinedDetector",
    "Detector",
    "DictionaryMatcher",
    "NestingDetector",
    "OverlappingDetector",
    "assert_mentions",
    "clinical_long_form",
    "expand",
    "load_detector",
    "phrase_of",
    "without_overlaps",
]

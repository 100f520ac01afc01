"""Texts to mentions: detectors, abbreviations, and what the context asserts of a mention."""

from linker.detect.assertion.context import AssertionRules, default_rules, said_in
from linker.detect.base import Detector, NestingDetector, OverlappingDetector
from linker.detect.combine import CombinedDetector, without_overlaps
from linker.detect.detectors import check_detector, load_detector
from linker.detect.dictionary.composites import phrase_of
from linker.detect.dictionary.eponyms import called_after
from linker.detect.dictionary.growth import names_of_growth
from linker.detect.dictionary.lay import names_of_saying
from linker.detect.dictionary.matcher import DictionaryMatcher
from linker.detect.dictionary.measured import measured_names
from linker.detect.dictionary.names import are_all_of_kind, is_of_kind, name_in_other_words
from linker.detect.dictionary.not_mentions import has_another_sense
from linker.detect.dictionary.salts import without_salt
from linker.detect.dictionary.short_names import as_written, full_names, is_examination
from linker.detect.long_words import bear_long_words
from linker.detect.short_forms.abbreviations import expand
from linker.detect.short_forms.arrows import with_words
from linker.detect.short_forms.restated import without_repeat
from linker.detect.short_forms.shorthand import (
    clinical_long_form,
    in_full,
    is_ambiguous,
    stands_for,
    stands_for_in_phrase,
)
from linker.detect.sites import Site, in_words_of_finding, in_words_of_site, is_site, sites_of

__all__ = [
    "AssertionRules",
    "CombinedDetector",
    "Detector",
    "DictionaryMatcher",
    "NestingDetector",
    "OverlappingDetector",
    "Site",
    "are_all_of_kind",
    "as_written",
    "bear_long_words",
    "called_after",
    "check_detector",
    "clinical_long_form",
    "default_rules",
    "expand",
    "full_names",
    "has_another_sense",
    "in_full",
    "in_words_of_finding",
    "in_words_of_site",
    "is_ambiguous",
    "is_examination",
    "is_of_kind",
    "is_site",
    "load_detector",
    "measured_names",
    "name_in_other_words",
    "names_of_growth",
    "names_of_saying",
    "phrase_of",
    "said_in",
    "sites_of",
    "stands_for",
    "stands_for_in_phrase",
    "with_words",
    "without_overlaps",
    "without_repeat",
    "without_salt",
]

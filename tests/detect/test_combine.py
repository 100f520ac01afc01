"""Detectors put together, by name and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cases import CONCEPTS, build, concept
from hypothesis import given
from hypothesis import strategies as st

from linker.detect import CombinedDetector, Detector, OverlappingDetector, load_detector
from linker.detect.combine import longest_first, without_overlaps
from linker.errors import DetectorError
from linker.schema import Mention


class Fixed:
    """Finds the same mentions in every text."""

    def __init__(self, *mentions: Mention) -> None:
        self._mentions = list(mentions)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        return [self._mentions for _ in texts]


class Nesting(Fixed):
    """Finds more where mentions may overlap, and more still where they may nest."""

    def __init__(self, *mentions: Mention, overlapping: Mention, nested: Mention) -> None:
        super().__init__(*mentions)
        self._overlapping, self._nested = overlapping, nested

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        return [[*self._mentions, self._overlapping] for _ in texts]

    def detect_nested(self, texts: Sequence[str]) -> list[list[Mention]]:
        return [[*self._mentions, self._overlapping, self._nested] for _ in texts]


def mention(start: int, end: int, label: str = "", long_form: str | None = None) -> Mention:
    return Mention(start, end, "x" * (end - start), label, long_form)


def spans(mentions: Sequence[Mention]) -> list[tuple[int, int]]:
    return [(m.start, m.end) for m in mentions]


def test_the_longest_of_overlapping_mentions_stays() -> None:
    combined = CombinedDetector(
        [Fixed(mention(0, 4), mention(8, 12)), Fixed(mention(2, 9), mention(13, 14))]
    )
    assert isinstance(combined, Detector)
    assert isinstance(combined, OverlappingDetector)
    assert spans(combined.detect(["x"])[0]) == [(2, 9), (13, 14)]
    assert spans(combined.detect_all(["x"])[0]) == [(0, 4), (2, 9), (8, 12), (13, 14)]


def test_a_span_of_two_detectors_is_one_mention_with_what_both_know() -> None:
    combined = CombinedDetector(
        [Fixed(mention(0, 3, long_form="shortness of breath")), Fixed(mention(0, 3, "DISEASE"))]
    )
    assert combined.detect(["SOB"]) == [[mention(0, 3, "DISEASE", "shortness of breath")]]


def test_what_one_detector_finds_and_another_proposes_is_found() -> None:
    found, proposed = mention(0, 3), replace(mention(0, 3), proposed=True)
    for both in ((found, proposed), (proposed, found)):
        assert CombinedDetector([Fixed(one) for one in both]).detect_all(["x"]) == [[found]]
    assert CombinedDetector([Fixed(proposed)] * 2).detect_all(["x"]) == [[proposed]]


def test_the_first_detectors_label_and_long_form_stay() -> None:
    first, second = mention(0, 3, "DISEASE", "sleep apnea"), mention(0, 3, "FINDING", "apnea")
    assert CombinedDetector([Fixed(first), Fixed(second)]).detect_all(["x"]) == [[first]]
    # What the first has none of, the second gives.
    alone = CombinedDetector([Fixed(mention(0, 3, "DISEASE")), Fixed(second)])
    assert alone.detect_all(["x"]) == [[mention(0, 3, "DISEASE", "apnea")]]


def test_mentions_of_several_detectors_come_by_their_starts_the_longer_first() -> None:
    combined = CombinedDetector([Fixed(mention(4, 6)), Fixed(mention(0, 2), mention(4, 9))])
    assert spans(combined.detect_all(["x"])[0]) == [(0, 2), (4, 9), (4, 6)]


def test_what_is_worth_more_stays_before_what_is_longer() -> None:
    items = [(mention(0, 9), 0), (mention(3, 6), 1), (mention(9, 11), 0), (mention(10, 12), 0)]
    kept = without_overlaps(items, mention=lambda item: item[0], worth=lambda item: item[1])
    # Of two as long the earlier.
    assert spans([item[0] for item in kept]) == [(3, 6), (9, 11)]


def test_each_detector_is_asked_for_all_that_it_can_find() -> None:
    nesting = Nesting(mention(0, 6), overlapping=mention(4, 9), nested=mention(1, 3))
    combined = CombinedDetector([Fixed(mention(10, 12)), nesting])
    assert spans(combined.detect(["x"])[0]) == [(0, 6), (10, 12)]
    assert spans(combined.detect_all(["x"])[0]) == [(0, 6), (4, 9), (10, 12)]
    assert spans(combined.detect_nested(["x"])[0]) == [(0, 6), (1, 3), (4, 9), (10, 12)]
    # One that can leave overlaps to others, and no more than that.
    outer = CombinedDetector([CombinedDetector([nesting]), Fixed(mention(4, 9, "X"))])
    assert outer.detect_all(["x"])[0][1].label == "X"
    assert spans(outer.detect_nested(["x"])[0]) == [(0, 6), (1, 3), (4, 9)]


def test_no_detector_is_an_error() -> None:
    with pytest.raises(ValueError, match="no detector to combine"):
        CombinedDetector([])


def test_names_are_joined_by_a_plus(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    combined = load_detector("dictionary + proposer", index)
    text = "Has heart failure, cold heart attack."
    assert [m.text for m in combined.detect([text])[0]] == ["heart failure", "cold heart attack"]
    for wrong in ("", "dictionary+", "+", "dictionary++proposer"):
        with pytest.raises(DetectorError, match="a detector without a name"):
            load_detector(wrong, index)


def test_the_proposer_proposes_phrases_of_the_words_of_names(tmp_path: Path) -> None:
    index = build(
        tmp_path / "i", [*CONCEPTS, concept("P:1", "Low blood sodium"), concept("P:2", "Severe")]
    )
    proposer = load_detector("proposer", index)
    assert isinstance(proposer, OverlappingDetector)
    text = "Known severe low sodium; blood was fine. Heart, attack. Sodium of the blood 2"
    assert [(m.text, m.proposed) for m in proposer.detect_all([text])[0]] == [
        ("severe low sodium", True),
        ("low sodium", True),
        ("Sodium of the blood", True),
    ]
    assert [m.text for m in proposer.detect([text])[0]] == [
        "severe low sodium",
        "Sodium of the blood",
    ]
    assert proposer.detect(["", "\0😀"]) == [[], []]


MENTIONS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda s: mention(s[0], sum(s)))
)


@given(MENTIONS)
def test_longest_first_leaves_no_overlap_and_drops_nothing_that_is_free(
    found: list[Mention],
) -> None:
    kept = longest_first(found)
    assert kept == sorted(kept, key=lambda m: m.start)
    taken = [i for m in kept for i in range(m.start, m.end)]
    assert len(taken) == len(set(taken))
    for dropped in found:
        assert any(m.start < dropped.end and dropped.start < m.end for m in kept)

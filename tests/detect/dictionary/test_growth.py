"""Measures of growth that are far from the usual."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.detect.dictionary.growth import growth_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OFC 51 cm (2nd centile).", [("OFC 51 cm (2nd centile)", "microcephaly")]),
        ("OFC 44 ㎝ (<3rd centile).", [("OFC 44 ㎝ (<3rd centile)", "microcephaly")]),
        (
            "His height was below the third centile",
            [("height was below the third centile", "short stature")],
        ),
        ("height: 95.5 cm (-3.2 SD)", [("height: 95.5 cm (-3.2 SD)", "short stature")]),
        (
            "Head circumference was at −4 SDS",
            [("Head circumference was at −4 SDS", "microcephaly")],
        ),
        (
            "head circumference 2.5 SD above the mean",
            [("head circumference 2.5 SD above the mean", "macrocephaly")],
        ),
        ("weight <3rd percentile", [("weight <3rd percentile", "decreased body weight")]),
        ("weight at the 99th centile", [("weight at the 99th centile", "increased body weight")]),
        (
            "birth weight was 2100 g (<1st centile)",
            [("birth weight was 2100 g (<1st centile)", "small for gestational age")],
        ),
        (
            "height, weight and OFC were all less than the 0.4th centile",
            [
                ("height", "short stature"),
                ("weight", "decreased body weight"),
                ("OFC were all less than the 0.4th centile", "microcephaly"),
            ],
        ),
        ("OFC <\n3rd centile", [("OFC <\n3rd centile", "microcephaly")]),
        ("height z-score of -2.7", [("height z-score of -2.7", "short stature")]),
        (
            "HEIGHT BELOW THE 3RD PERCENTILE; WEIGHT Z-SCORE -3",
            [
                ("HEIGHT BELOW THE 3RD PERCENTILE", "short stature"),
                ("WEIGHT Z-SCORE -3", "decreased body weight"),
            ],
        ),
        (
            "HEIGHT 3 STANDARD DEVIATIONS ABOVE",
            [("HEIGHT 3 STANDARD DEVIATIONS ABOVE", "tall stature")],
        ),
        ("Height Z-Score -3", [("Height Z-Score -3", "short stature")]),
        (
            "OFC above the ninety-seventh centile, weight at the ninety-eighth centile",
            [
                ("OFC above the ninety-seventh centile", "macrocephaly"),
                ("weight at the ninety-eighth centile", "increased body weight"),
            ],
        ),
        ("height at the second centile", [("height at the second centile", "short stature")]),
        # What follows in the bracket stays out.
        ("OFC (2nd centile, as before)", [("OFC (2nd centile", "microcephaly")]),
        # Within the usual, or it is not said on which side.
        ("OFC 51 cm (25th centile), height at the 3rd centile", []),
        ("weight below the 10th centile, height above the 3rd centile", []),
        ("OFC -1.5 SD; height 3 SD; weight 1-2 SD below the mean", []),
        ("OFC was within 2 SD; height above -2 SD, weight less than 2.5 SD below the mean", []),
        ("height 100 cm, weight below the 97th centile", []),
        ("height at the ninety-seventh centile, weight below the 4th centile", []),
        ("height below +3 SD, weight 1.9 SD below the mean", []),
        # Another measure, or somebody else's.
        ("Sitting height -3 SD, penile length below the 3rd centile", []),
        ("the mother's height was below the 3rd centile; maternal height -3 SD", []),
        ("Maternal height -3 SD. PATERNAL HEIGHT -3 SD. HIS MOTHER'S WEIGHT -3 SD", []),
        ("height 100 cm", []),
        ("", []),
    ],
)
def test_far_from_the_usual(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[g.start : g.end], g.names[0]) for g in growth_in(text)] == expected


def test_a_measure_links_as_what_it_is_called(tmp_path: pytest.TempPathFactory) -> None:
    index = build(tmp_path / "i", [concept("G:1", "Microcephaly"), concept("G:2", "Small head")])
    linker = Linker(index, encoder=FakeEncoder())
    (link,) = linker.annotate("On examination OFC was 44.5 cm (<3rd centile), height 120 cm.")
    assert (link.mention.text, link.concept_id) == ("OFC was 44.5 cm (<3rd centile)", "G:1")
    assert [link.concept_id for link in linker.link(["OFC below 3rd centile"])] == ["G:1"]

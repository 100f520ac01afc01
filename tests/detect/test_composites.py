"""Composites: which parts a phrase has, whatever the phrase."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.detect.composites import split

NAMES = {
    "acute renal failure",
    "brain cancer",
    "breast cancer",
    "chest pain",
    "abdominal pain",
    "chronic renal failure",
    "cold intolerance",
    "heat intolerance",
    "loss of hearing",
    "loss of vision",
    "ovarian cancer",
    "prostate cancer",
    "renal failure",
    "small bowel cancer",
    "type 1 diabetes",
    "type 2 diabetes",
}


def is_name(text: str) -> bool:
    """A lexicon of one spelling, but for "loss of", whose "of" the parts need not repeat."""
    return text.lower().replace("loss ", "loss of ").replace("of of", "of") in NAMES


def parts(text: str) -> list[tuple[str, str]]:
    return [(text[part.start : part.end], part.name) for part in split(text, is_name)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "breast and ovarian cancer",
            [("breast", "breast cancer"), ("ovarian cancer", "ovarian cancer")],
        ),
        (
            "breast/ovarian cancer",
            [("breast", "breast cancer"), ("ovarian cancer", "ovarian cancer")],
        ),
        (
            "no breast and/or ovarian cancer.",
            [("breast", "breast cancer"), ("ovarian cancer", "ovarian cancer")],
        ),
        (
            "brain, breast, and prostate cancer",
            [
                ("brain", "brain cancer"),
                ("breast", "breast cancer"),
                ("prostate cancer", "prostate cancer"),
            ],
        ),
        (
            "type 1 or 2 diabetes",
            [("type 1", "type 1 diabetes"), ("2 diabetes", "type 2 diabetes")],
        ),
        (
            "heat or cold intolerance",
            [("heat", "heat intolerance"), ("cold intolerance", "cold intolerance")],
        ),
        ("Abdominal and chest pain", [("Abdominal", "Abdominal pain"), ("chest pain",) * 2]),
        (
            "acute and chronic renal failure",
            [("acute", "acute renal failure"), ("chronic renal failure",) * 2],
        ),
        (
            "small bowel or prostate cancer",
            [("small bowel", "small bowel cancer"), ("prostate cancer",) * 2],
        ),
        (
            "loss of hearing or vision",
            [("loss of hearing", "loss hearing"), ("vision", "loss vision")],
        ),
    ],
)
def test_a_composite_gives_each_part_its_name(text: str, expected: list[tuple[str, str]]) -> None:
    assert parts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "and",
        "and/or",
        "/",
        "breast cancer",
        "chest pain and",
        "nausea and vomiting",
        "a or b c",
    ],
)
def test_what_is_no_composite_has_no_parts(text: str) -> None:
    assert parts(text) == []


def test_what_stands_before_a_composite_without_a_comma_is_no_part() -> None:
    assert parts("brain breast or ovarian cancer") == [
        ("breast", "breast cancer"),
        ("ovarian cancer", "ovarian cancer"),
    ]


WORDS = ["breast", "and", "or", "ovarian", "cancer", "brain", "/", ",", "of", "😀", "\0", "İ"]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_parts_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for part in split(text, is_name):
        assert end <= part.start < part.end <= len(text)
        assert is_name(part.name)
        end = part.end

"""Composites: which parts a phrase has, whatever the phrase."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.detect.composites import phrase_of, split
from linker.schema import Mention

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


@pytest.mark.parametrize(
    ("text", "part", "long_form", "expected"),
    [
        ("breast and ovarian cancer", "breast", "breast cancer", "breast and ovarian cancer"),
        ("brain, breast or ovarian cancer", "breast", "breast cancer", "breast or ovarian cancer"),
        ("loss of hearing or vision.", "vision", "loss of vision", "loss of hearing or vision"),
        ("type 1 or 2 diabetes", "type 1", "type 1 diabetes", "type 1 or 2 diabetes"),
        ("type 1 or 2 diabetes", "2 diabetes", "type 2 diabetes", "type 1 or 2 diabetes"),
        # Whole, a short form, other words, and no list between a part and what it shares.
        ("breast and ovarian cancer", "ovarian cancer", None, "ovarian cancer"),
        ("MI and heart failure", "MI", "myocardial infarction", "MI"),
        ("bowed femur or tibia", "bowed femur", "femoral bowing", "bowed femur"),
        ("breast with cancer", "breast", "breast cancer", "breast"),
        ("breast and heart", "breast", "breast cancer", "breast"),
    ],
)
def test_the_phrase_of_a_part_holds_the_words_that_it_shares(
    text: str, part: str, long_form: str | None, expected: str
) -> None:
    start = text.index(part)
    phrase = phrase_of(text, Mention(start, start + len(part), part, long_form=long_form))
    assert (phrase.text, phrase.long_form) == (expected, long_form)
    assert text[phrase.start : phrase.end] == expected


WORDS = ["breast", "and", "or", "ovarian", "cancer", "brain", "/", ",", "of", "😀", "\0", "İ"]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_parts_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for part in split(text, is_name):
        assert end <= part.start < part.end <= len(text)
        assert is_name(part.name)
        end = part.end
        part_text = text[part.start : part.end]
        phrase = phrase_of(text, Mention(part.start, part.end, part_text, long_form=part.name))
        assert text[phrase.start : phrase.end] == phrase.text
        assert phrase.start <= part.start
        assert part.end <= phrase.end

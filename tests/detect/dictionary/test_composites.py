"""Composites: which parts a phrase has, whatever the phrase."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.detect.dictionary.composites import (
    JOINTS,
    Part,
    is_list,
    joints,
    parts_at,
    phrase_of,
)
from linker.schema import Mention
from linker.text import stems, words

NAMES = {
    "acute renal failure",
    "brain cancer",
    "breast cancer",
    "chest pain",
    "abdominal pain",
    "chronic renal failure",
    "cold intolerance",
    "heat intolerance",
    "face long",
    "face narrow",
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


def split(text: str, is_name: Callable[[str], bool]) -> tuple[Part, ...]:
    """The parts of the first composite in a text."""
    content = [word for word in words(text) if word.stem]
    ands = (i for i, word in enumerate(content) if word.stem in JOINTS)
    slashes = (
        i
        for i, (before, word) in enumerate(pairwise(content), start=1)
        if text[before.end : word.start].strip() == "/"
    )
    found = (parts_at(text, content, joint, is_name) for joint in joints(ands, slashes))
    return next(filter(None, found), ())


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
            "face was long and narrow",
            [("face was long", "face long"), ("narrow", "face narrow")],
        ),
        ("face was long and tired", []),
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
        # What stands before a comma is a part if it makes a name, up to the first that makes none.
        (
            "tired, breast, and prostate cancer",
            [("breast", "breast cancer"), ("prostate cancer", "prostate cancer")],
        ),
        (
            "brain, tired, breast, and prostate cancer",
            [("breast", "breast cancer"), ("prostate cancer", "prostate cancer")],
        ),
        (
            "small bowel, breast, and prostate cancer",
            [
                ("small bowel", "small bowel cancer"),
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


def test_a_second_part_that_is_a_name_by_itself_shares_no_first_word() -> None:
    names = {"myoclonic seizures", "status epilepticus", "myoclonic status epilepticus"}
    assert split("myoclonic seizures and status epilepticus", names.__contains__) == ()
    assert split("myoclonic seizures or status", {*names, "myoclonic status"}.__contains__)


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


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        # The longest head that makes two names is what is shared.
        (
            "breast and ovarian cancer syndrome",
            "breast cancer, ovarian cancer, breast cancer syndrome, ovarian cancer syndrome",
            ["breast cancer syndrome", "ovarian cancer syndrome"],
        ),
        # Of what is in front of the last two, two words before one.
        (
            "small bowel, breast and ovarian cancer",
            "bowel cancer, small bowel cancer, breast cancer, ovarian cancer",
            ["small bowel cancer", "breast cancer", "ovarian cancer"],
        ),
        # Of a beginning of equal length, what fewer words set apart.
        (
            "bad acute pain left and right",
            "acute pain left, acute pain right, bad acute pain left, bad acute right",
            ["acute pain left", "acute pain right"],
        ),
        # Two names side by side share nothing.
        ("rash or fever", "rash, fever", []),
        ("rash and/or fever", "rash, fever", []),
    ],
)
def test_of_several_guesses_the_first_that_are_names_are_taken(
    text: str, names: str, expected: list[str]
) -> None:
    known = set(names.split(", "))
    assert [part.name for part in split(text, known.__contains__)] == expected


@pytest.mark.parametrize(
    ("ands", "slashes", "expected"),
    [
        ([2, 5], [], [(2, 3), (5, 6)]),
        ([], [3], [(3, 3)]),
        ([3, 4], [4], [(3, 5)]),  # "and/or"
        ([3], [1], [(1, 1), (3, 4)]),
    ],
)
def test_joints_are_where_a_list_is_joined(
    ands: list[int], slashes: list[int], expected: list[tuple[int, int]]
) -> None:
    assert [*joints(ands, slashes)] == expected


def test_the_phrase_of_a_part_reaches_to_the_nearest_of_its_words() -> None:
    text = "Plain pits. Palmar and plantar pits; other pits and more."
    at = text.index("Palmar")
    phrase = phrase_of(text, Mention(at, at + 6, "Palmar", long_form="palmar pits"))
    assert phrase.text == "Palmar and plantar pits"
    text = "Loss of weight; loss of vision and hearing"
    at = text.index("hearing")
    phrase = phrase_of(text, Mention(at, at + 7, "hearing", long_form="loss of hearing"))
    assert phrase.text == "loss of vision and hearing"


def test_the_phrase_of_a_part_may_have_words_between_those_that_it_shares() -> None:
    text = "a fracture of the neck of the femur and humerus"
    named = Mention(40, 47, "humerus", long_form="fracture of neck of humerus")
    assert phrase_of(text, named).text == "fracture of the neck of the femur and humerus"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pain and fever", True),
        ("pain OR fever", True),
        ("pain, fever", True),
        ("pain/fever", True),
        ("pain of the knee", False),
        ("sand", False),
    ],
)
def test_what_puts_things_side_by_side(text: str, expected: bool) -> None:
    assert is_list(text, stems(text)) is expected


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

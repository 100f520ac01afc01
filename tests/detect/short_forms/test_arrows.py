"""Arrows that stand for words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.detect.short_forms.arrows import arrows_in, with_words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("↑ LFTs", "increased LFTs"),
        ("↓Na, ↑↑K", "decreased Na, increased K"),
        ("⬇ platelets", "decreased platelets"),
        ("platelets ↓, Hb stable", "platelets decreased, Hb stable"),
        ("with ↓ appetite and ↑ thirst", "with decreased appetite and increased thirst"),
        # Which arrow is whose?
        ("Na ↓ K ↑", "Na ↓ K increased"),
        ("Cr 1.2 ↑ 2.3", "Cr 1.2 ↑ 2.3"),
        ("LFTs (↑)", "LFTs (↑)"),
        ("→ home", "→ home"),
        ("↑", "↑"),
        ("", ""),
    ],
)
def test_an_arrow_beside_a_word_is_a_word(text: str, said: str) -> None:
    assert with_words(text) == said


def test_an_arrow_is_found_where_it_stands() -> None:
    (arrow,) = arrows_in("Labs: ↓↓Na")
    assert (arrow.start, arrow.end, arrow.long_form) == (6, 8, "decreased ")


CONCEPTS = [
    concept("A:1", "Thrombocytopenia", types=["disorder"]),
    concept("A:2", "Hyponatremia", types=["disorder"]),
    concept("A:3", "Decreased appetite", types=["finding"]),
    concept("A:4", "Cough", types=["finding"]),
    concept("A:5", "Weakness", types=["finding"]),
    concept("A:6", "Decreased power", types=["finding"]),
]


def test_a_note_and_a_term_may_have_arrows(tmp_path: Path) -> None:
    linker = Linker(build(tmp_path / "index", CONCEPTS), encoder=FakeEncoder())
    text = "Labs with ↓ platelets, ↓Na. No cough, ↓ appetite."
    found = [
        (link.mention.start, link.mention.text, link.concept_id) for link in linker.annotate(text)
    ]
    assert found == [
        (10, "↓ platelets", "A:1"),
        (23, "↓Na", "A:2"),
        (31, "cough", "A:4"),
        (38, "↓ appetite", "A:3"),
    ]
    terms = linker.link(["↓ platelets", "↓Na", "↓ power"])
    assert [link.candidates[0].concept_id for link in terms] == ["A:1", "A:2", "A:6"]


def test_a_row_of_arrows_takes_no_time() -> None:
    text = f"{'↑' * 40_000}\n{'⬇' * 40_000}Na"
    begin = time.process_time()
    assert with_words(text) == f"{'↑' * 40_000}\ndecreased Na"
    assert time.process_time() - begin < 2  # Some ms; where each is tried as the first, 20 s.

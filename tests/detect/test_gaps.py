"""What may part the words of a phrase."""

from __future__ import annotations

import re

import pytest

from linker.detect.gaps import GAP, either


@pytest.mark.parametrize(
    "gap", [" ", "  ", "\t", "-", "\u2011", "\u2013", " -", "\n", "\n\t   ", " \n  "]
)
def test_a_gap_is_blanks_a_hyphen_or_the_end_of_a_line(gap: str) -> None:
    assert re.fullmatch(GAP, gap)


@pytest.mark.parametrize("gap", ["", "---", ".", ", ", "\n\n\n", "/"])
def test_what_parts_more_than_words_is_none(gap: str) -> None:
    assert re.fullmatch(GAP, gap) is None


def test_a_blank_of_a_phrase_is_any_gap_and_stays_optional() -> None:
    pattern = re.compile(either(["was (?:then )?closed", "#? ?\\d", "drug[- ]induced", "a[b c]d"]))
    for text in (
        *(
            "was closed",
            "was  then\n closed",
            "#3",
            "# 3",
            "3",
            "drug\u2011induced",
            "drug  induced",
        ),
        "a d",
    ):
        assert pattern.fullmatch(text), text
    for text in ("wasclosed", "#", "druginduced", "a  d"):
        assert pattern.fullmatch(text) is None, text

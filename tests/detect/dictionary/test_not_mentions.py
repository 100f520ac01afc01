"""What stands around a name that is no mention there."""

from __future__ import annotations

import pytest

from linker.detect.dictionary.not_mentions import is_among_capitals, is_header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Allergies: none", True),
        ("Allergies", True),
        ("Seen.\n  Allergies \r\nnone", True),
        ("Has Allergies: pollen", False),
        ("Allergies are seasonal", False),
    ],
)
def test_a_header_is_a_line_or_stands_before_a_colon(text: str, expected: bool) -> None:
    start = text.index("Allergies")
    assert is_header(text, start, start + len("Allergies")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHE WAS", True),
        ("IT\nWAS", True),
        ("WAS AN", True),
        ("A WAS A", False),
        ("mSHE WAS", False),
        ("SHE in WAS", False),
        ("SHE, WAS", False),
        ("WAS SHe", False),
        ("WAS", False),
    ],
)
def test_a_word_is_among_capitals_if_the_next_one_is(text: str, expected: bool) -> None:
    start = text.index("WAS")
    assert is_among_capitals(text, start, start + 3) is expected

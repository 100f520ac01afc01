"""Symptoms that are often misspelt."""

from __future__ import annotations

import pytest

from linker.detect import full_names
from linker.detect.dictionary.slips import by_ends, without_slip

RIGHT = by_ends(["nausea", "diarrhea", "palpitation", "vomiting", "neuropathy"])


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("nausia", "nausea"),
        ("diarrea", "diarrhea"),
        ("diahrrea", "diarrhea"),
        ("vomitting", "vomiting"),
        ("vomitng", "vomiting"),
        ("palpatation", "palpitation"),
        ("palptiation", "palpitation"),
        ("nauseaa", "nausea"),
        ("vomitingg", "vomiting"),
    ],
)
def test_a_word_with_one_slip(word: str, right: str) -> None:
    assert without_slip(word, RIGHT) == right


@pytest.mark.parametrize(
    "word", ["nausea", "palpation", "nephropathy", "nauseam", "voting", "", "a", "xausea"]
)
def test_other_words_are_no_slips(word: str) -> None:
    assert without_slip(word, RIGHT) is None


def test_a_misspelt_word_has_the_names_of_the_right_one() -> None:
    assert full_names("Nausious") == ("nauseous", "nausea")
    assert full_names("palpatations") == ("palpitation",)
    assert full_names("diahrea") == ("diarrhea",)
    assert full_names("spelling") == ()

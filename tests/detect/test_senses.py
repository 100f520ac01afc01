"""Ambiguous abbreviations by the words around them, and lists of letters."""

from __future__ import annotations

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.config import read_toml
from linker.detect.abbreviations import clinical_long_form, is_abbreviation, letters_in
from linker.detect.senses import sense_of


@pytest.mark.parametrize(
    ("text", "short", "long_form"),
    [
        ("RA on methotrexate for years", "RA", "rheumatoid arthritis"),
        ("O2 sat 98% RA", "RA", None),
        ("PMH:\nRA, gout", "RA", "rheumatoid arthritis"),
        ("CTA showed a saddle PE.", "PE", "pulmonary embolism"),
        ("PE: HEENT normal", "PE", None),
        ("PE tubes in both ears", "PE", None),
        ("relapsing-remitting MS, followed by neurology", "MS", "multiple sclerosis"),
        ("rheumatic MS with a diastolic murmur", "MS", "mitral stenosis"),
        ("MS contin 15 mg", "MS", None),
        ("throbbing HA with photophobia", "HA", "headache"),
        ("ECHO: EF 60%, mild MR", "MR", "mitral regurgitation"),
        ("MR brain with contrast", "MR", None),
        ("cirrhosis with ascites, SBP prophylaxis", "SBP", "spontaneous bacterial peritonitis"),
        ("SBP 120 mmHg", "SBP", None),
        ("Neck: supple, no LAD", "LAD", "lymphadenopathy"),
        ("stent to the proximal LAD", "LAD", None),
        ("MS", "MS", None),
        ("RA\non another line: methotrexate", "RA", None),
        ("PT to evaluate", "PT", None),
        ("COPD on oxygen", "COPD", None),
    ],
)
def test_the_words_around_an_abbreviation_decide(
    text: str, short: str, long_form: str | None
) -> None:
    start = text.index(short)
    assert sense_of(text, start, start + len(short)) == long_form


def test_every_entry_is_an_ambiguous_abbreviation_of_the_table() -> None:
    data = read_toml(resources.files("linker.detect") / "data/senses.toml")
    assert len(data) > 20
    for short in data:
        assert is_abbreviation(short), short
        assert clinical_long_form(short) is None, short


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("Denies N/V/D.", [("N", "nausea"), ("V", "vomiting"), ("D", "diarrhea")]),
        ("no f/c, no w/o", [("f", "fever"), ("c", "chills")]),
        ("x/n/v", []),
        ("in/v", []),
        ("1/2 and a/b", []),
        ("", []),
    ],
)
def test_a_list_of_letters(text: str, letters: list[tuple[str, str]]) -> None:
    assert [(text[s.start : s.end], s.long_form) for s in letters_in(text)] == letters


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_some_answer(before: str, after: str) -> None:
    text = f"{before} RA {after}"
    assert sense_of(text, len(before) + 1, len(before) + 3) in (None, "rheumatoid arthritis")

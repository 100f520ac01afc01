"""The tables of clinical abbreviations, and lists of letters."""

from __future__ import annotations

import csv
from importlib import resources

import pytest

from linker.detect.short_forms.shorthand import (
    clinical_long_form,
    in_full,
    is_abbreviation,
    letters_in,
    may_stand_in_phrase,
)


@pytest.mark.parametrize(
    ("short", "long_form"),
    [
        ("SOB", "shortness of breath"),
        ("GDD", "global developmental delay"),
        ("sob", "shortness of breath"),
        ("s.o.b.", "shortness of breath"),
        ("Htn", "hypertension"),
        ("UTIs", "urinary tract infection"),
        ("UTI's", "urinary tract infection"),
        ("PVC’s", "premature ventricular contraction"),
        ("MA's", None),
        ("FEV", "forced expiratory volume"),
        ("PVCs", "premature ventricular contraction"),
        ("N/V", "nausea and vomiting"),
        ("DM  type 2", "type 2 diabetes mellitus"),
        ("SSRIs", "selective serotonin reuptake inhibitor"),
        ("ACEi", "angiotensin-converting enzyme inhibitor"),
        ("ace-i", "angiotensin-converting enzyme inhibitor"),
        ("ACE\u2011i", "angiotensin-converting enzyme inhibitor"),
        ("tips", None),
        ("NPH", None),
        ("AIDS", "acquired immunodeficiency syndrome"),
        ("aids", None),
        ("hit", None),
        ("MS", None),
        ("RA", None),
        ("pt", None),
        ("", None),
        ("fever", None),
    ],
)
def test_clinical_abbreviations(short: str, long_form: str | None) -> None:
    assert clinical_long_form(short) == long_form


def test_the_table_is_whole() -> None:
    source = resources.files("linker.detect.short_forms") / "data/clinical_abbreviations.tsv"
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert len(rows) >= 300
    keys = [row["short"] if row["case"] == "exact" else row["short"].lower() for row in rows]
    assert len(keys) == len(set(keys))
    for row in rows:
        assert row["case"] in ("any", "exact")
        assert is_abbreviation(row["short"])
        assert row["long"] == row["long"].strip() != row["short"]
        # A row without a long form is an ambiguous one: it says of what.
        assert row["long"] or "," in row["note"]
        assert clinical_long_form(row["short"]) == (row["long"] or None)


def test_several_are_an_abbreviation_too() -> None:
    assert all(map(is_abbreviation, ("MA", "MAs", "MA's")))
    assert not is_abbreviation("is")


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


@pytest.mark.parametrize(
    ("word", "expected"),
    [("CNS", True), ("abd", True), ("ABD", True), ("SOB", True), ("MS", True), ("cns", False)],
)
def test_what_may_stand_in_a_phrase(word: str, expected: bool) -> None:
    assert may_stand_in_phrase(word) is expected


def test_the_parts_of_a_phrase_in_full() -> None:
    assert in_full("CNS and Abd cns pain") == "central nervous system and abdominal cns pain"
    assert in_full("b/l infxn of L-sided l-sided") == "bilateral infection of left-sided l-sided"

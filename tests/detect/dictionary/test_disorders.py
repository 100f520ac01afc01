"""What is no disorder, although a terminology of disorders has it as a name."""

from __future__ import annotations

import pytest
from cases import build, concept

from linker.detect import DictionaryMatcher
from linker.detect.dictionary.disorders import (
    SPREADS_TO,
    is_letters,
    means_another_thing,
    spelled_out,
)

DISORDERS = [
    concept("D:1", "Prune belly syndrome", "PBS", "Eagle-Barrett syndrome", types=["Disease"]),
    concept("D:2", "Skin neoplasm", "skin", types=["Disease"]),
    concept("D:3", "Retinoblastoma", "RB1", types=["T191"]),
    concept("D:4", "WAGR", "Aniridia with nephroblastoma", types=["Disease"]),
    concept("D:5", "Diabetes mellitus", types=["Disease"]),
    concept("S:1", "Phosphate-buffered saline", "PBSS", types=["Chemicals and Drugs"]),
    concept("S:2", "thymus", types=["anatomy"]),
    concept("S:3", "Anemia"),
    concept("D:6", "Cancer", "CA", types=["Disease"]),
    concept("D:7", "Fractured nose", "bone nose", types=["Disease"]),
    concept("D:8", "Chronic renal failure", types=["Disease"]),
    concept("D:9", "Bone cyst of the nose", types=["Disease"]),
    concept("D:10", "Secondary hypertension", types=["Disease"]),
    concept("D:11", "Hypertension", types=["Disease"]),
    concept("D:12", "Edema, secondary to albumin loss", types=["Disease"]),
    concept("D:13", "Parkinson's disease 9", "Parkinson's disease 1", types=["Disease"]),
    concept("D:15", "Agoraphobia without panic disorder", types=["Disease"]),
    concept("D:16", "Pneumonia, viral, without sepsis", types=["Disease"]),
    concept("D:14", "Leukemia, lymphocytic, chronic", types=["Disease"]),
]


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("disorders") / "i", DISORDERS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("washed in PBS", []),
        # Its name in the note must have its letters.
        ("prune belly syndrome: PBS", ["prune belly syndrome", "PBS"]),
        ("Eagle-Barrett syndrome: PBS", ["Eagle-Barrett syndrome"]),
        ("RB1 in retinoblastoma", ["retinoblastoma"]),
        ("WAGR", ["WAGR"]),  # The terminology prefers the letters.
        ("PBSS", ["PBSS"]),  # No disorder.
        ("the skin and the thymus", ["thymus"]),
        ("skin neoplasm", ["skin neoplasm"]),
        ("the nasal bones, the bone of the nose", []),
        ("a fractured nose, a bone cyst of the nose", ["fractured nose", "bone cyst of the nose"]),
        ("acute renal failure on chronic renal failure", ["chronic renal failure"]),
        ("pain secondary to hypertension", ["hypertension"]),
        ("lymphocytic leukemia on chronic steroids", []),
        ("chronic lymphocytic leukemia", ["chronic lymphocytic leukemia"]),
        ("told of Parkinson's disease in 9/1/95 or in 9/95", []),
        ("Parkinson's disease 9", ["Parkinson's disease 9"]),
        ("panic disorder without agoraphobia", []),
        ("agoraphobia without panic disorder", ["agoraphobia without panic disorder"]),
        ("viral pneumonia without sepsis", ["viral pneumonia without sepsis"]),
        ("hypertension secondary to pain", ["hypertension"]),
        ("a secondary hypertension", ["secondary hypertension"]),
        ("edema secondary to albumin loss", ["edema secondary to albumin loss"]),
        ("Cancer. CA was found", ["Cancer", "CA"]),
        ("Cancer. From Santa Cruz, CA, USA; CA", ["Cancer"]),
        ("a diabetic, hypotensive rat", ["diabetic"]),
        ("anti-diabetic, non-diabetic", []),
        ("an anemic rat", []),  # No type says that anemia is a disorder here.
        ("DM, on insulin", ["DM"]),
        ("the DM domain of DM", []),
    ],
)
def test_names_that_need_more_than_themselves(
    matcher: DictionaryMatcher, text: str, expected: list[str]
) -> None:
    assert [mention.text for mention in matcher.detect([text])[0]] == expected


def test_an_adjective_is_looked_up_by_its_noun(matcher: DictionaryMatcher) -> None:
    assert [m.query for m in matcher.detect(["diabetic"])[0]] == ["diabetes mellitus"]


@pytest.mark.parametrize(
    ("text", "short", "expected"),
    [
        ("CGT AAA TTC", "AAA", True),
        ("CGT AAA.", "AAA", True),
        ("5'-CGT' AAA", "AAA", True),
        ("AAA NNC", "AAA", True),
        ("an AAA was seen", "AAA", False),
        ("an AAA CT scan", "AAA", False),
        ("Santa Cruz, CA 95060", "CA", True),
        ("seen in Boston CAD, USA", "CAD", False),
        ("Santa Cruz, CA, USA", "CA", True),
        ("Hypertension, CA, CVA", "CA", False),
        ("MI promoter", "MI", True),
        ("MI", "MI", False),
    ],
)
def test_abbreviations_of_other_things(text: str, short: str, expected: bool) -> None:
    start = text.index(short)
    assert means_another_thing(text, start, start + len(short)) == expected


def test_letters_are_spelled_out_by_a_name_that_has_them_in_order() -> None:
    assert spelled_out("PBS", ["prune belly syndrome"])
    assert not spelled_out("RB1", ["retinoblastoma"])
    assert not spelled_out("PBS", ["PBS"])
    assert not spelled_out("AB", ["a b"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PBS", True),
        ("CLN2", True),
        ("L1", True),
        ("PBs", True),
        ("Ps", False),
        ("ABCDEF", True),
        ("ABCDEFG", False),
        ("A-B", False),
        ("Pain", False),
        ("l1", False),
    ],
)
def test_what_is_letters(text: str, expected: bool) -> None:
    assert is_letters(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("colon cancer to", True),
        ("Tumours to bone", True),
        ("disease today", False),
        ("cancer", False),
    ],
)
def test_where_a_cancer_went(text: str, expected: bool) -> None:
    assert bool(SPREADS_TO.search(text)) is expected

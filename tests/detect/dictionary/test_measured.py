"""Findings by a measurement, by the dictionary matcher."""

from __future__ import annotations

import pytest
from cases import build, concept, wide

from linker.detect import DictionaryMatcher, measured_names
from linker.detect.dictionary.measured import names_in_place
from linker.text import stems

FINDINGS = [
    concept("P:1", "Alopecia"),
    concept("P:2", "Thrombocytopenia"),
    concept("P:3", "Hypokalemia"),
    concept("P:4", "Hyperkalemia"),
    concept("P:5", "Hyperglycemia"),
    concept("P:6", "Insomnia"),
    concept("P:7", "Dyspnea"),
    concept("P:8", "Fatigue"),
    concept("P:9", "Dry mouth"),
    concept("P:10", "Leukocytosis"),
    concept("P:11", "Melena", "Black stools"),
    concept("P:12", "Myalgia"),
    concept("P:13", "Hyperlactatemia"),
    concept("P:14", "Elevated creatine kinase"),
    concept("P:40", "Increased B-type natriuretic peptide"),
    concept("P:15", "Iron deficiency"),
    concept("P:16", "Bradycardia"),
    concept("P:17", "Decreased body weight"),
]


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("measured") / "i", FINDINGS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hair loss", [("Hair loss", "alopecia")]),
        ("hair is falling out", [("hair is falling out", "alopecia")]),
        ("She can't sleep.", [("can't sleep", "insomnia")]),
        ("Couldn’t breathe!", [("Couldn’t breathe", "dyspnea")]),
        ("her mouth was very dry", [("mouth was very dry", "dry mouth")]),
        ("muscle aches", [("muscle aches", "myalgia")]),
        # A name of the index is that name, and what it lacks is nothing.
        ("black stools, bloody stools", [("black stools", None)]),
        # What is measured, with what goes without saying and what joins them.
        ("Low platelets", [("Low platelets", "thrombocytopenia")]),
        ("platelet count was mildly low", [("platelet count was mildly low", "thrombocytopenia")]),
        ("Serum potassium is low at 2.9.", [("Serum potassium is low", "hypokalemia")]),
        ("elevated white blood cell count", [("elevated white blood cell count", "leukocytosis")]),
        ("low sodium, raised potassium", [("raised potassium", "hyperkalemia")]),
        ("low energy and fatigue", [("low energy", "fatigue"), ("fatigue", None)]),
        ("CK elevation", [("CK elevation", "elevated creatine kinase")]),
        ("BNP was raised", [("BNP was raised", "increased B-type natriuretic peptide")]),
        ("low ferritin", [("low ferritin", "iron deficiency")]),
        ("Heart rate was low.", [("Heart rate was low", "bradycardia")]),
        ("a low pulse pressure", []),
        ("He is underweight.", [("underweight", "decreased body weight")]),
        ("lactate was elevated to 4", []),
        ("Lactate was elevated at 4.", [("Lactate was elevated", "hyperlactatemia")]),
        # Another thing.
        ("ST elevation; elevated CK-MB", []),
        ("a low potassium diet; low-potassium, low-fat diet", []),
        ("increased potassium influx; increased potassium to 40 mEq", []),
        ("low energy fracture", []),
        ("glucose in the high 90s", []),
        ("potassium not low; low normal potassium", []),
        ("high white matter signal", []),
        ("platelets; low", []),
    ],
)  # fmt: skip
def test_measurements(
    matcher: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    for said in (text, wide(text)):
        (found,) = matcher.detect([said])
        assert [(" ".join(m.text.split()), m.long_form) for m in found] == expected


@pytest.mark.parametrize(
    ("phrase", "names"),
    [
        ("low blood platelet count", ("thrombocytopenia",)),
        ("high hemoglobin", ()),
        ("hair", ()),
        ("", ()),
    ],
)
def test_what_a_measurement_shows(phrase: str, names: tuple[str, ...]) -> None:
    assert measured_names(stems(phrase)) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("potassium low", ("hypokalemia",)),
        ("potassium, low", ()),
        ("potassium; low", ()),
        ("potassium/low", ()),
        ("potassium in low", ()),
    ],
)
def test_what_parts_the_words_of_a_measurement(text: str, names: tuple[str, ...]) -> None:
    assert names_in_place(text, 0, len(text), ["potassium", "low"])[:1] == names

"""Clinical abbreviations in notes, and names with some in them."""

from __future__ import annotations

import pytest
from cases import build, concept

from linker.detect import DictionaryMatcher

SPELLED_OUT = [
    concept("G:1", "Gastrointestinal bleeding"),
    concept("G:2", "Chronic kidney disease, stage 3", "Kidney disease"),
    concept("G:3", "Costovertebral angle tenderness"),
    concept("G:4", "Cerebrovascular accident"),
    concept("G:5", "Portal hypertension", "Pulmonary hypertension"),
    concept("G:6", "Hypertension"),
    concept("G:7", "Lung cancer"),
    concept("G:8", "Rheumatoid arthritis of the knee"),
    concept("G:9", "Vitamin D deficiency"),
    concept("G:10", "Positron emission tomography computed tomography", "PET CT scan"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a GI bleed", [("GI bleed", "gastrointestinal bleeding")]),
        ("the GI tract", []),
        ("CKD stage 3", [("CKD stage 3", "chronic kidney disease stage 3")]),
        ("stage III CKD", [("stage III CKD", "stage III chronic kidney disease")]),
        ("CKD stage 4", []),
        ("no CVA tenderness", [("CVA tenderness", "costovertebral angle tenderness")]),
        ("old CVA", [("CVA", "cerebrovascular accident")]),
        ("portal HTN, HTN", [("portal HTN", "portal hypertension"), ("HTN", "hypertension")]),
        ("pulm HTN", [("pulm HTN", "pulmonary hypertension")]),
        ("CA of the lung", [("CA of the lung", "cancer of the lung")]),
        (
            "RA of the knee, on methotrexate",
            [("RA of the knee", "rheumatoid arthritis of the knee")],
        ),
        ("98% on RA. Knee", []),
        # Two words are fewer than three, whatever they are in full.
        ("a PET/CT scan", [("PET/CT scan", None)]),
        ("vit D def", [("vit D def", "vitamin D deficiency")]),
        # The note says what it means by these letters.
        ("gluten intolerance (GI), a GI bleed", []),
        ("le bleed, gi bleed", [("gi bleed", "gastrointestinal bleeding")]),
    ],
)
def test_abbreviations_in_a_phrase_are_said_in_full(
    tmp_path_factory: pytest.TempPathFactory, text: str, expected: list[tuple[str, str | None]]
) -> None:
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("full") / "i", SPELLED_OUT))
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


PHRASES = [
    concept("P:1", "Atrial fibrillation"),
    concept("P:2", "Clostridioides difficile infection"),
    concept("P:3", "Hepatocellular carcinoma"),
    concept("P:4", "Suicidal ideation"),
    concept("P:5", "Hallucinations"),
    concept("P:6", "Obesity"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A-fib with RVR", [("A-fib", "atrial fibrillation")]),
        ("new a fib", [("a fib", "atrial fibrillation")]),
        ("C diff", [("C diff", "Clostridioides difficile infection")]),
        # A payment category, which record systems write behind diagnoses.
        ("Obesity (HCC)", [("Obesity", None)]),
        ("Obesity (CMS/HCC)", [("Obesity", None)]),
        ("Obesity (HCC); known HCC", [("Obesity", None), ("HCC", "hepatocellular carcinoma")]),
        ("No SI, HI or AVH", [("SI", "suicidal ideation"), ("AVH", "hallucinations")]),
        ("SI joint tenderness", []),
    ],
)
def test_abbreviations_of_several_words_and_of_several_senses(
    tmp_path_factory: pytest.TempPathFactory, text: str, expected: list[tuple[str, str | None]]
) -> None:
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("phrases") / "i", PHRASES))
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


SAID_LESS = [
    concept("L:1", "Myocardial infarction", types=["disorder"]),
    concept("L:2", "Pneumonia", types=["disorder"]),
    concept("L:3", "Systolic heart failure", types=["disorder"]),
    concept("L:4", "Abdominal pain", types=["disorder"]),
    concept("L:5", "Bipolar disorder", types=["disorder"]),
    concept("L:6", "Hypokalemia", types=["disorder"]),
    concept("L:7", "Bradycardia", types=["disorder"]),
    concept("L:8", "Neoplasm metastasis", types=["disorder"]),
    concept("L:9", "Gastrointestinal hemorrhage", types=["disorder"]),
    concept("L:10", "Idiopathic thrombocytopenic purpura", types=["disorder"]),
    concept("L:11", "Myasthenia gravis", types=["disorder"]),
    concept("L:12", "Fracture", types=["disorder"]),
    concept("L:13", "Chronic kidney disease", types=["disorder"]),
    concept("L:14", "Stage 3 chronic kidney disease", types=["disorder"]),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STEMI, NSTEMI", ["myocardial infarction", "myocardial infarction"]),
        ("CAP and VAP", ["pneumonia", "pneumonia"]),
        ("HFrEF", ["systolic heart failure"]),
        ("RUQ pain, LLQ pain", ["abdominal pain", "abdominal pain"]),
        ("bipolar d/o", ["bipolar disorder"]),
        ("hypoK, brady", ["hypokalemia", "bradycardia"]),
        ("Brady was seen", []),
        ("mets to the liver; 4 METs", ["neoplasm metastasis"]),
        ("UGIB", ["gastrointestinal bleeding"]),
        ("ITP", ["idiopathic thrombocytopenic purpura"]),
        ("MG on pyridostigmine", ["myasthenia gravis"]),
        ("25 MG daily", []),
        ("hip fx", ["fracture"]),
        ("CKD3a, CKD 3, CKD-3", ["stage 3 chronic kidney disease"] * 3),
        ("CKD4", ["chronic kidney disease"]),
    ],
)
def test_an_abbreviation_leads_to_the_name_that_the_index_has(
    tmp_path_factory: pytest.TempPathFactory, text: str, expected: list[str]
) -> None:
    matcher = DictionaryMatcher(build(tmp_path_factory.mktemp("less") / "i", SAID_LESS))
    assert [m.long_form for m in matcher.detect([text])[0]] == expected

"""Salts of drugs of which the index has the drug alone."""

from __future__ import annotations

import pytest
from cases import build, concept, marked, wide

from linker.detect import DictionaryMatcher
from linker.index import Index

CONCEPTS = [
    concept("D:1", "Morphine", types=["drug"]),
    concept("D:2", "Naproxen", types=["drug"]),
    concept("D:3", "Nitroprusside", types=["drug"]),
    concept("D:4", "Sodium", types=["drug"]),
    concept("D:5", "Potassium chloride", types=["drug"]),
    concept("D:6", "Glucose", types=["drug"]),
    concept("D:7", "Vitamin D", types=["drug"]),
    concept("D:8", "Losartan potassium", types=["drug"]),
    concept("D:9", "Losartan", types=["drug"]),
    concept("D:10", "Sulfate", types=["drug"]),
    concept("D:11", "Calcium", types=["drug"]),
    concept("D:12", "Furosemide", types=["drug"]),
    concept("D:13", "Serum", types=["anatomy"]),
    concept("D:14", "Suxamethonium", types=["drug"]),
    concept("D:15", "Methotrexate", types=["drug"]),
    concept("D:16", "Myocardial infarction", types=["disorder"]),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("salts") / "index", CONCEPTS)


@pytest.mark.parametrize(
    "note",
    [
        "[morphine sulfate|Morphine] 2 mg, [Naproxen Sodium|Naproxen] 550 mg b.i.d.",
        "[morphine HCl|Morphine], [naproxen sodium|Naproxen].",
        "infusion of [sodium nitroprusside|Nitroprusside] (0.5)",
        "[Sodium Nitroprusside|Nitroprusside], [morphine sodium succinate|Morphine] 2 mg",
        "[morphine sodium|Morphine] tablets, [vitamin D acetate|Vitamin d]",
        # The drug by a short form; another short form is of no drug.
        "[MTX sodium|Methotrexate] 15 mg, [MI|Myocardial infarction] [sulfate|]",
        # No salt of a metal or of another salt.
        "[sodium|] phosphate, [calcium|] citrate, [sulfate|] chloride",
        "[suxamethonium chloride|Suxamethonium] and [potassium chloride|]",
        "[losartan potassium|] 50 mg",
        # What is measured, or another item of a list.
        "[glucose|] [sodium|] 140, [glucose|] [sodium|] [potassium chloride|] 3.9",
        "[serum|] [sodium|] 133; [sodium|] 140; [sodium|] [furosemide|]",
        "[vitamin D|] [calcium|], [morphine|]\n[sulfate|], [naproxen|], [sodium|]",
        "[naproxen|] [sodium|]-free, [morphine|] sulfated, [morphine sulfate|Morphine]-treated",
    ],
)
def test_a_salt_is_one_mention_of_its_drug(index: Index, note: str) -> None:
    matcher = DictionaryMatcher(index)
    for said in (note, wide(note)):
        text, gold = marked(said)
        (found,) = matcher.detect([text])
        queries = [" ".join(m.query.capitalize().split()) if m.long_form else "" for m in found]
        assert [*zip((m.start for m in found), queries, strict=True)] == [
            (start, " ".join(name.split())) for start, name in gold
        ]


@pytest.mark.parametrize(
    "note",
    [
        # The drug is no name of the index.
        "docusate sodium 100 mg b.i.d., Levothyroxine Sodium, alendronate calcium.",
        "urine [sodium|] 20, baseline [potassium chloride|], adequate [calcium|]; calcitonin",
        "alanine [sodium|] 140, creatinine [sodium|], docusate, [sodium|]; docusate-[sodium|]",
        "[naproxen sodium|Naproxen] and docusate sodium",
    ],
)
def test_the_metal_of_an_unknown_drug_is_no_mention(index: Index, note: str) -> None:
    matcher = DictionaryMatcher(index)
    for said in (note, wide(note)):
        text, gold = marked(said)
        (found,) = matcher.detect([text])
        queries = [" ".join(m.query.capitalize().split()) if m.long_form else "" for m in found]
        assert [*zip((m.start for m in found), queries, strict=True)] == [
            (start, " ".join(name.split())) for start, name in gold
        ]

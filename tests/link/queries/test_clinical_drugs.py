"""Entries of lists of medicines, over names as RxNorm has them."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.index import Index
from linker.link.queries.clinical_drugs import as_clinical_drug

CONCEPTS = [
    concept("R:1", "lisinopril"),
    concept("R:2", "lisinopril 10 MG Oral Tablet"),
    concept("R:3", "lisinopril 20 MG Oral Tablet"),
    concept(
        "R:4", "metformin hydrochloride 500 MG Oral Tablet", "metformin HCl 500 MG Oral Tablet"
    ),
    concept("R:5", "metoprolol tartrate 50 MG Oral Tablet"),
    concept("R:6", "metoprolol succinate 50 MG Oral Tablet"),
    concept("R:7", "amoxicillin 875 MG / clavulanate 125 MG Oral Tablet"),
    concept("R:8", "levothyroxine sodium 0.05 MG Oral Tablet", "levothyroxine 50 MCG Oral Tablet"),
    concept("R:9", "gabapentin 300 MG Oral Capsule"),
    concept("R:10", "aspirin 1000 MG tablet"),
    concept("R:11", "metoprolol"),
    concept("R:12", "spotol 5 mg tab"),
    concept("R:13", "spotol 5 MG Oral Tablet"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("drugs") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("lisinopril 10 mg tab", "lisinopril 10 mg oral tablet"),
        ("LISINOPRIL 20MG TABS", "LISINOPRIL 20 MG oral tablet"),
        ("lisinopril tablet 10 mg", "lisinopril 10 mg oral tablet"),
        ("lisinopril, 10 mg oral tab, once daily", "lisinopril 10 mg oral tablet"),
        ("metformin 500 mg tablet PO BID", "metformin hydrochloride 500 mg oral tablet"),
        ("metformin HCl 500 mg tab", "metformin HCl 500 mg oral tablet"),
        (
            "amoxicillin-clavulanate 875-125 mg tablets",
            "amoxicillin 875 mg / clavulanate 125 mg oral tablet",
        ),
        ("levothyroxine 50 mcg tab", "levothyroxine 50 mcg oral tablet"),
        ("gabapentin 300 mg caps qhs", "gabapentin 300 mg oral capsule"),
        ("aspirin 1,000 mg tabs", "aspirin 1000 mg tablet"),
        # Another strength or form, two salts, what says more, a range, a name of the index itself.
        ("lisinopril 5 mg tab", None),
        ("lisinopril 10 mg cap", None),
        ("metoprolol 50 mg tab", None),
        ("lisinopril 10 mg chewable tab", None),
        ("lisinopril 10 mg tab for pain", None),
        ("lisinopril 10-20 mg tab", None),
        ("lisinopril-spotol 10 mg tab", None),
        ("lisinopril 10 mg", None),
        ("spotol 5 mg tab", None),
        ("stab wound 10 cm", None),
    ],
)
def test_an_entry_is_the_drug_of_its_strength_and_form(
    index: Index, entry: str, name: str | None
) -> None:
    assert as_clinical_drug(index, entry) == name


def test_the_strength_that_the_index_lacks_is_looked_up_as_the_drug(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder(), threshold=0)
    entries = ["lisinopril 10 mg tab", "lisinopril 5 mg tab", "metoprolol 50 mg tab"]
    assert [link.concept_id for link in linker.link(entries)] == ["R:2", "R:1", "R:11"]

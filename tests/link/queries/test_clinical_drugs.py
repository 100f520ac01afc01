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
    concept("R:5", "metoprolol tartrate 50 MG Oral Tablet", "metoprolol tartrate 50 MG tablet"),
    concept("R:6", "metoprolol succinate 50 MG Oral Tablet"),
    concept("R:7", "amoxicillin 875 MG / clavulanate 125 MG Oral Tablet"),
    concept("R:8", "levothyroxine sodium 0.05 MG Oral Tablet", "levothyroxine 50 MCG Oral Tablet"),
    concept("R:9", "gabapentin 300 MG Oral Capsule"),
    concept("R:10", "aspirin 1000 MG tablet"),
    concept("R:11", "metoprolol"),
    concept("R:12", "spotol 5 mg tab"),
    concept("R:13", "spotol 5 MG Oral Tablet"),
    concept("R:14", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"),
    concept("R:15", "12 HR bupropion hydrochloride 150 MG Extended Release Oral Tablet"),
    concept("R:16", "24 HR bupropion hydrochloride 150 MG Extended Release Oral Tablet"),
    concept("R:17", "omeprazole 20 MG Delayed Release Oral Capsule"),
    concept("R:18", "aspirin 81 MG Chewable Tablet"),
    concept("R:19", "aspirin 81 MG Delayed Release Oral Tablet"),
    concept("R:20", "ondansetron 4 MG Disintegrating Oral Tablet"),
    concept("R:21", "potassium chloride 20 MEQ Extended Release Oral Tablet"),
    concept("R:22", "Oral Tablet"),
    concept("R:23", "gabapentin 300 MG capsule"),
    concept("R:24", "nystatin 500000 UNT Oral Tablet"),
    concept("R:25", "sucralfate 1000 MG Oral Tablet"),
    concept("R:26", "liothyronine sodium 0.025 MG Oral Tablet"),
    concept("R:27", "liothyronine sodium 0.005 MG Oral Tablet", "liothyronine 5 MCG Oral Tablet"),
    concept("R:28", "calcium 0.5 GM Oral Tablet"),
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
        ("lisinopril tab, 10 mg", "lisinopril 10 mg oral tablet"),
        ("lisinopril 10 mg, tab.", "lisinopril 10 mg oral tablet"),
        ("lisinopril 10 mg po tab every morning", "lisinopril 10 mg oral tablet"),
        ("lisinopril 10 mg tab twice per day", "lisinopril 10 mg oral tablet"),
        ("gabapentin 300 mg capsule nightly", "gabapentin 300 mg oral capsule"),
        ("lisinopril, 10 mg oral tab, once daily", "lisinopril 10 mg oral tablet"),
        ("metformin 500 mg tablet PO BID", "metformin hydrochloride 500 mg oral tablet"),
        ("metformin HCl 500 mg tab", "metformin HCl 500 mg oral tablet"),
        (
            "amoxicillin-clavulanate 875-125 mg tablets",
            "amoxicillin 875 mg / clavulanate 125 mg oral tablet",
        ),
        (
            "amoxicillin - clavulanate 875 - 125 mg tab",
            "amoxicillin 875 mg / clavulanate 125 mg oral tablet",
        ),
        # The numbers and units of RxNorm.
        ("lisinopril 10.0 mg tab", "lisinopril 10 mg oral tablet"),
        ("liothyronine .025 mg tab", "liothyronine sodium 0.025 mg oral tablet"),
        ("nystatin 500,000 units tab", "nystatin 500000 unt oral tablet"),
        ("sucralfate 1 g tab", "sucralfate 1000 mg oral tablet"),
        ("liothyronine 25 mcg tab", "liothyronine sodium 0.025 mg oral tablet"),
        ("liothyronine 5 mcg tab", "liothyronine 5 mcg oral tablet"),
        ("calcium 0.5 g tab", "calcium 0.5 gm oral tablet"),
        ("liothyronine 2.5.1 mcg tab", None),
        ("levothyroxine 50 mcg tab", "levothyroxine 50 mcg oral tablet"),
        ("gabapentin 300 mg caps qhs", "gabapentin 300 mg oral capsule"),
        ("aspirin 1,000 mg tabs", "aspirin 1000 mg tablet"),
        (
            "metformin ER 500 mg tab",
            "24 hr metformin hydrochloride 500 mg extended release oral tablet",
        ),
        (
            "bupropion XL 150mg tablet daily",
            "24 hr bupropion hydrochloride 150 mg extended release oral tablet",
        ),
        (
            "bupropion 150 mg SR tab",
            "12 hr bupropion hydrochloride 150 mg extended release oral tablet",
        ),
        ("omeprazole DR cap 20 mg", "omeprazole 20 mg delayed release oral capsule"),
        ("aspirin 81 mg chewable tab", "aspirin 81 mg chewable tablet"),
        ("aspirin EC 81 mg tab", "aspirin 81 mg delayed release oral tablet"),
        ("ondansetron 4 mg ODT prn", "ondansetron 4 mg disintegrating oral tablet"),
        (
            "potassium chloride ER 20 mEq tab",
            "potassium chloride 20 mEq extended release oral tablet",
        ),
        # Of some no hours are said.
        (
            "potassium chloride SR 20 mEq tab",
            "potassium chloride 20 mEq extended release oral tablet",
        ),
        (
            "potassium chloride XL 20 mEq tab",
            "potassium chloride 20 mEq extended release oral tablet",
        ),
        # Over 12 or 24 hours.
        ("bupropion XR 150 mg tab", None),
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
        ("lisinopril 10 mg tab" + " daily" * 20, None),  # too long
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

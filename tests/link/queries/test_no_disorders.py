"""What names no disorder: tests, body parts, plain words."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker, Mention
from linker.link.queries.no_disorders import is_no_disorder

CONCEPTS = [
    concept("D:1", "Kidney diseases", types=["Disease"]),
    concept("D:2", "Heart disorder", "Heart", types=["Disease"]),
    concept("A:1", "Knee", types=["Anatomy"]),
    concept("D:3", "Position agnosia", types=["Disease"]),
    concept("D:4", "Feeling low", "Low", types=["Disease"]),
    concept("P:1", "Incisions", types=["Procedure"]),
    concept("D:5", "CHARGE syndrome", types=["Disease"]),
    concept("D:6", "Wounds", "Trauma", types=["Disease"]),
    concept("D:7", "Injury by oneself", types=["Disease"]),
    concept("D:8", "High blood pressure", "Blood pressure", types=["Disease"]),
    concept("D:9", "Alcohol abuse", types=["Disease"]),
    concept("D:10", "Whooping cough", types=["Disease"]),
    concept("D:11", "Oedema", types=["Disease"]),
    concept("D:12", "Effusion, joint", types=["Disease"]),
    concept("D:13", "Ankle fracture", types=["Disease"]),
]


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    folder: Path = tmp_path_factory.mktemp("none")
    return Linker(build(folder / "index", CONCEPTS), encoder=FakeEncoder())


@pytest.mark.parametrize(
    ("query", "concept_id"),
    [
        ("kidney", None),
        ("The left kidney", None),
        ("renal", None),
        ("kidney diseases", "D:1"),
        ("position", None),
        ("The position", None),
        # Who names a disorder by the body part, or the word, alone means it.
        ("heart", "D:2"),
        ("low", "D:4"),
        ("charge", None),
        ("CHARGE", "D:5"),
        ("POSITION", None),
        ("ALCOHOL", None),
        # Of a test a terminology may have what is abnormal under the same words.
        ("blood pressure", None),
        ("high blood pressure", "D:8"),
        ("injury", None),
        ("trauma", "D:6"),
        # What is no disorder may be meant.
        ("knees", "A:1"),
        ("incision", "P:1"),
    ],
)
def test_what_names_no_disorder_is_linked_to_none(
    linker: Linker, query: str, concept_id: str | None
) -> None:
    assert linker.link([query])[0].concept_id == concept_id


def test_it_is_none_even_if_a_detector_takes_it_for_a_disease(linker: Linker) -> None:
    """Models mark "Neck:" and "extremities", and a disease terminology has one of each."""
    mentions = [Mention(0, 6, "kidney", "DISEASE"), Mention(0, 15, "kidney diseases", "DISEASE")]
    assert [link.concept_id for link in linker.link_mentions(mentions)] == [None, "D:1"]


def test_a_finding_without_a_name_is_no_other_that_a_detector_takes_it_for(linker: Linker) -> None:
    """Of a cough the index has one kind alone; of edema it has the name, in another spelling."""
    said = ["cough", "oedemas", "edema", "whooping cough", "joint effusions", "ankle injury"]
    marks = [Mention(0, len(text), text, "DISEASE") for text in said]
    expected = [None, "D:11", "D:11", "D:10", "D:12", None]
    assert [link.concept_id for link in linker.link_mentions(marks)] == expected
    # A string that no detector has marked may be anything.
    assert linker.link(["cough"])[0].concept_id == "D:10"


@pytest.mark.parametrize(
    "query",
    ["weak", "swollen", "febrile", "dizzy", "kidney pain", "low back pain", "poor position"],
)
def test_what_says_that_something_is_wrong_may_name_one(linker: Linker, query: str) -> None:
    assert not is_no_disorder(linker._index.store, query)

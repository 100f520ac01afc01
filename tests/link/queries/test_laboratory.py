"""What a laboratory measures is no finding of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.link.queries.laboratory import is_of_laboratory


@pytest.mark.parametrize(
    "query",
    [
        "Albumin, Serum",
        "ALBUMIN SERUM",
        "Serum albumin",
        "Bilirubin, Total",
        "Glucose, Fasting",
        "fasting blood glucose",
        "Copper, 24 hour urine",
        "Vitamin D, 25-Hydroxy",
        "Blood, Urine",
        "Iron level",
        "T4, Free",
        "Albumin [Mass/volume] in Serum or Plasma",
        "Leukocyte esterase [Presence] in Urine by Test strip",
        "Lead [Mass/mass] in Hair",
        "Protein [Mass/time] in 24 hour Urine",
        "Bacteria [#/area] in Urine sediment",
        "Albumin/Globulin [Mass Ratio] in Serum or Plasma",
        "Nuclear Ab [Titer] in Serum",
        "Hematocrit [Volume Fraction] of Blood",
    ],
)
def test_what_is_measured(query: str) -> None:
    assert is_of_laboratory(query)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "albumin",  # Of the table of examinations, and no name of a laboratory's list.
        "serum",
        "Blood in urine",
        "Protein in urine",
        "Hemoglobin in the urine",
        "Increased albumin [Mass/volume] in 24 hour urine",
        "Abnormal albumin [Mass/volume] in Serum",
        "Decreased albumin [Mass/volume] in Serum",
        "Elevated albumin [Mass/volume] in Serum",
        "High albumin [Mass/volume] in Serum",
        "Low albumin [Mass/volume] in Serum",
        "Raised albumin [Mass/volume] in Serum",
        "Reduced albumin [Mass/volume] in Serum",
        "Low serum iron",
        "Serum iron, low",
        "free fluid",
        "total blindness",
        "Zinc, elevated plasma",
        "Pain [chronic] in leg",
        "serum sickness",
        "blood, " * 40,
    ],
)
def test_what_is_not(query: str) -> None:
    assert not is_of_laboratory(query)


def test_a_measure_is_linked_to_no_finding_but_by_its_name(tmp_path: Path) -> None:
    concepts = [
        concept("D:1", "Serum iron, total iron", types=["Disease"]),
        concept("D:2", "Protein urine", types=["Disease"]),
        concept("S:1", "Iron", types=["Chemical"]),
    ]
    linker = Linker(build(tmp_path / "index", concepts), encoder=FakeEncoder())
    links = linker.link(["Iron, total serum", "Protein, urine", "Protein urine"])
    assert [link.concept_id for link in links] == [None, None, "D:2"]

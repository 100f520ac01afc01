"""What kind of thing concepts of a semantic type are."""

from __future__ import annotations

from importlib import resources

import pytest

from linker.checked import read_toml
from linker.terminology.icd10cm.reader import _CHAPTERS
from linker.terminology.kinds import kinds_of_type
from linker.terminology.mesh.records import CATEGORIES
from linker.terminology.rrf.semantic_network import network_of


@pytest.mark.parametrize(
    ("semantic_type", "kinds"),
    [
        ("T047", {"disorder"}),
        ("T121", {"chemical", "gene", "procedure"}),
        ("Disease or Syndrome", {"disorder"}),
        ("http://purl.bioontology.org/ontology/STY/T047", {"disorder"}),
        ("sign or symptom ", {"disorder"}),
        ("Body Part, Organ, or Organ Component", {"anatomy"}),
        ("Pharmacologic Substance", {"chemical", "gene", "procedure"}),
        ("Therapeutic or Preventive Procedure", {"procedure"}),
        ("Qualitative Concept", {"quality"}),
        ("Clinical Drug", {"chemical", "procedure"}),
        ("Disease", {"disorder"}),
        ("Blood disease", {"disorder"}),
        ("Signs and Symptoms", {"disorder"}),
        ("finding", {"disorder"}),
        ("human_phenotype", {"disorder"}),
        ("disease_ontology", {"disorder"}),
        ("MONDO", {"disorder"}),
        ("Orphanet", {"disorder"}),
        ("CL", {"anatomy"}),
        ("uberon/phenoscape-anatomy", {"anatomy"}),
        ("PATO", {"quality"}),
        ("morphologic abnormality", {"disorder", "morphology"}),
        ("Morph Abnormality", {"disorder", "morphology"}),
        ("Clinical Finding", {"disorder"}),
        ("Context-dependent", {"disorder"}),
        ("qualifier value", {"quality"}),
        ("severity modifier", {"quality"}),
        ("Meas Value", {"quality"}),
        ("Unit", {"quality"}),
        ("T080", {"quality"}),
        ("Publication Type", {"quality"}),
        ("Publication Characteristics", {"quality"}),
        ("body structure", {"anatomy"}),
        ("Anatomy", {"anatomy"}),
        ("protein-coding gene", {"gene"}),
        ("IN", {"chemical", "procedure"}),
        ("SBD", {"chemical", "procedure"}),
        ("DF", set()),
        ("Supplementary", set()),
        (" ", set()),
        ("", set()),
    ],
)
def test_kinds_of_type(semantic_type: str, kinds: set[str]) -> None:
    assert kinds_of_type(semantic_type) == kinds


def test_a_type_written_out_is_of_the_kinds_of_its_tui() -> None:
    # SNOMED CT has these as tags of its own.
    tags = {"Clinical Drug", "Physical Object", "Substance"}
    names = {tui: name for tui, name in network_of().names.items() if name not in tags}
    assert len(names) > 100
    assert {tui: kinds_of_type(name) for tui, name in names.items()} == {
        tui: kinds_of_type(tui) for tui in names
    }


def test_chapters_of_icd_10_cm_are_disorders_but_for_causes_and_contacts() -> None:
    others = {title for _, title in _CHAPTERS if "disorder" not in kinds_of_type(title)}
    assert others == {
        "Codes for special purposes",
        "External causes of morbidity",
        "Factors influencing health status and contact with health services",
    }


def test_categories_of_mesh() -> None:
    # The rest is what notes are hardly about, or, as psychiatry is, several things at once.
    assert {letter: kinds_of_type(name) for letter, name in CATEGORIES.items() if letter < "F"} == {
        "A": {"anatomy"},
        "B": {"organism"},
        "C": {"disorder"},
        "D": {"chemical", "gene", "procedure"},
        "E": {"procedure"},
    }


def test_detectors_labels_are_of_the_same_kinds() -> None:
    kinds = read_toml(resources.files("linker.terminology") / "data/kinds.toml")
    assert set(read_toml(resources.files("linker.link.ranking") / "data/labels.toml")) <= set(kinds)

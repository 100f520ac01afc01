"""Adjectives of body parts as queries."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker, Mention
from linker.index import Index
from linker.link.queries.organs import Organs


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Body parts, diseases that are called by an adjective in short, and a concept that is one."""
    concepts = [
        concept("T:1", "Lung", types=["Anatomy"]),
        concept("T:2", "Pulmonary embolism", "Pulmonary", types=["Disease"]),
        concept("T:3", "Kidney", types=["T023"]),
        concept("T:4", "Renal", types=["Qualifier"]),
        concept("T:5", "Eye", types=["Anatomy"]),
        concept("T:6", "Eye region", "Ocular", types=["Anatomy"]),
        concept("T:7", "Neck", types=["Anatomy"]),
        concept("T:8", "Stomach", types=["Disease"]),
        concept("T:9", "Oral cavity", types=["Anatomy"]),
    ]
    return build(tmp_path_factory.mktemp("organs") / "index", concepts)


@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("pulmonary", None, "lung"),
        (" Pulmonary ", "anatomy", "lung"),
        ("pulmonary", "disorder", "pulmonary"),
        ("pulmonary embolism", None, "pulmonary embolism"),
        ("renal", None, "renal"),  # a concept of its own
        ("ocular", None, "ocular"),  # what the terminology itself calls so
        ("hepatic", None, "hepatic"),  # the index has no liver
        ("gastric", None, "gastric"),  # and no stomach that is a body part
        ("cervical", None, "cervical"),  # the spine's, or the womb's
        ("cervical", "anatomy", "neck"),
        ("oral", "anatomy", "oral cavity"),  # there is no mouth
        ("lung", None, "lung"),
        ("", None, ""),
    ],
)
def test_what_adjectives_are_looked_up_as(
    index: Index, query: str, kind: str | None, name: str
) -> None:
    assert Organs(index.store).name_of(query, kind) == name


def test_a_link_says_which_body_part_was_meant(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    of_disease = Mention(0, 9, "pulmonary", label="DISEASE")
    plain, labelled = linker.link_mentions([Mention(0, 9, "pulmonary"), of_disease])
    assert (plain.candidates[0].concept_id, plain.mention.long_form) == ("T:1", "lung")
    assert (labelled.candidates[0].concept_id, labelled.mention.long_form) == ("T:2", None)


def test_where_all_are_body_parts_an_adjective_needs_no_label(tmp_path: Path) -> None:
    parts = [concept("P:1", "Neck", types=["Anatomy"]), concept("P:2", "Skull", types=["UBERON"])]
    untyped = [concept(f"P:{i}", f"Part {i}") for i in range(3, 9)]
    store = build(tmp_path / "parts", [*parts, *untyped]).store
    assert Organs(store).name_of("cranial") == "skull"
    mixed = [*parts, concept("P:9", "Pain", types=["Finding"])]
    assert Organs(build(tmp_path / "mixed", mixed).store).name_of("cranial") == "cranial"


def test_parts_of_cells_have_adjectives_too(tmp_path: Path) -> None:
    cell = [concept("GO:1", "nucleus", types=["GO", "cellular_component"])]
    assert Organs(build(tmp_path / "index", cell).store).name_of("nuclear") == "nucleus"

"""Adjectives of body parts as queries."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker, Mention
from linker.index import Index
from linker.link.queries.organs import Organs
from linker.offline import overlay_index


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
        ("pulmonary", "chemical", "pulmonary"),
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
    most = [concept(f"M:{i}", f"Part {i}", types=["Anatomy"]) for i in range(7)]
    pain = concept("P:9", "Pain", types=["Finding"])
    one_in_ten = build(tmp_path / "most", [*parts, *most, pain])
    assert Organs(one_in_ten.store).name_of("cranial") == "skull"
    nothing_typed = build(tmp_path / "untyped", untyped)
    assert Organs(nothing_typed.store).name_of("cranial") == "cranial"
    mixed = [*parts, pain]
    assert Organs(build(tmp_path / "mixed", mixed).store).name_of("cranial") == "cranial"


def test_a_name_of_the_house_goes_before_a_body_part(tmp_path: Path) -> None:
    concepts = [
        concept("T:1", "Lung", types=["Anatomy"]),
        concept("T:2", "Asthma", types=["Disease"]),
    ]
    index = build(tmp_path / "index", concepts)
    local = tmp_path / "local.csv"
    local.write_text("concept_id,name\nT:2,pulmonary\n")
    overlay_index(index.path, [local], encoder=FakeEncoder())
    linker = Linker.load(index.path, encoder=FakeEncoder())
    (link,) = linker.link_mentions([Mention(0, 9, "pulmonary")])
    assert (link.concept_id, link.mention.long_form) == ("T:2", None)


def test_parts_of_cells_have_adjectives_too(tmp_path: Path) -> None:
    cell = [concept("GO:1", "nucleus", types=["GO", "cellular_component"])]
    assert Organs(build(tmp_path / "index", cell).store).name_of("nuclear") == "nucleus"

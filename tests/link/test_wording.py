"""Queries that are a name in another wording."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.index import Index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    concepts = [
        concept("T:01", "Aplasia/Hypoplasia of the fibula"),
        concept("T:02", "Fibular hypoplasia"),
        concept("T:03", "Bowing of the femur"),
        concept("T:04", "Bowing of the femur shaft"),
        concept("T:05", "Bowing of the femoral shaft"),
        concept("T:06", "Reduced visual acuity"),
        concept("T:07", "Acuity"),
        concept("T:08", "Skin oedema"),
    ]
    return build(tmp_path_factory.mktemp("wording") / "index", concepts)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("hypoplasia of the fibula", "T:02"),
        ("hypoplastic fibula", "T:02"),
        ("femoral bowing", "T:03"),
        ("the femurs were bowed", "T:03"),
        ("visual acuity was markedly reduced", "T:06"),
        # Two names say it: the one that has more of its words.
        ("bowed femoral shaft", "T:05"),
        ("bowed shaft of the femur", "T:04"),
    ],
)
def test_a_name_with_a_noun_for_an_adjective_is_that_name(
    index: Index, mention: str, concept_id: str
) -> None:
    encoder = FakeEncoder()
    (link,) = Linker(index, encoder=encoder).link([mention])
    assert link.concept_id == concept_id
    assert link.candidates[0].score == pytest.approx(1, abs=1e-3)
    assert encoder.encoded == []


@pytest.mark.parametrize(
    "mention",
    [
        "fibula",  # one word
        "fibular",
        "hypoplasia, fibula",  # a list
        "hypoplasia/fibula",
        "hypoplasia of the tibia",  # no name
        "hypoplasia of the left fibula",  # a word more
    ],
)
def test_what_is_no_name_in_another_wording_is_encoded(index: Index, mention: str) -> None:
    encoder = FakeEncoder()
    Linker(index, encoder=encoder).link([mention])
    assert encoder.encoded == [mention]

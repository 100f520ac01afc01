"""Queries that are a name in another wording."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.index import Index
from linker.offline import overlay_index
from linker.text import normalise


def check(index: Index, mention: str, concept_id: str | None) -> None:
    """A mention takes the vector of this concept's name; None: the encoder's."""
    encoder = FakeEncoder()
    (link,) = Linker(index, encoder=encoder).link([mention])
    assert encoder.encoded == ([] if concept_id else [normalise(mention)])
    if concept_id:
        assert link.candidates[0].concept_id == concept_id


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
        "hypoplasia of the distal fibula",  # a word more
    ],
)
def test_what_is_no_name_in_another_wording_is_encoded(index: Index, mention: str) -> None:
    encoder = FakeEncoder()
    Linker(index, encoder=encoder).link([mention])
    assert encoder.encoded == [mention]


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Index:
    concepts = [
        concept("M:1", "Pneumonia"),
        concept("M:2", "Hypertension"),
        concept("M:3", "Peripheral neuropathy"),
        concept("M:4", "Fistula of the ureter"),
        concept("M:5", "Urethral stone"),
        concept("M:6", "Ureteral injury"),
        concept("M:7", "Hypoxia"),
        concept("M:8", "Hyposia"),
        concept("M:9", "Mania"),
        concept("M:10", "Hemorrhage"),
    ]
    return build(tmp_path_factory.mktemp("findings") / "index", concepts)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("pnuemonia", "M:1"),  # swapped
        ("Pneumona", "M:1"),  # left out
        ("pneumoniae", "M:1"),  # put in, at the end
        ("hypertenzion", "M:2"),  # changed
        ("neuropathy, periferal", None),  # two letters
        ("neuropathy periphral", "M:3"),  # in another order
        ("hemmorhage", "M:10"),  # single and double
        ("haemorhage", "M:10"),
    ],
)
def test_a_slip_in_a_word_is_no_other_word(
    findings: Index, mention: str, concept_id: str | None
) -> None:
    check(findings, mention, concept_id)


@pytest.mark.parametrize("plain", ["couch", "couches", "knee injection", "injected knee", "enema"])
def test_a_plain_word_is_no_slip_of_another(plain: str, tmp_path: Path) -> None:
    names = ["Cough", "Edema", "Knee infection", "Fasciitis", "Infected knee"]
    concepts = [concept(f"S:{i}", name) for i, name in enumerate(names)]
    encoder = FakeEncoder()
    linker = Linker(build(tmp_path / "index", concepts), encoder=encoder)
    linker.link(["couhg", "edeme", "knee infecton", "fascitis"])
    assert not encoder.encoded
    linker.link([plain])
    assert encoder.encoded == [plain]


def test_what_goes_from_one_to_the_other_keeps_its_order(tmp_path: Path) -> None:
    concepts = [
        concept("S:1", "Left-to-right shunt"),
        concept("S:2", "Right-to-left shunt"),
        concept("S:3", "Peanut allergy"),
    ]
    encoder = FakeEncoder()
    asked = ["right to left shunt", "left to right shunt", "shunt right to left"]
    index = build(tmp_path / "index", concepts)
    found = Linker(index, encoder=encoder).link([*asked, "allergy to peanut"])
    assert [link.candidates[0].concept_id for link in found] == ["S:2", "S:1", "S:2", "S:3"]
    one = build(tmp_path / "one", concepts[:1])
    assert not encoder.encoded
    Linker(one, encoder=encoder).link(asked)
    assert encoder.encoded == ["right to left shunt", "shunt right to left"]


def test_a_name_with_a_words_other_ending_is_nearer_than_one_without_the_word(
    tmp_path: Path,
) -> None:
    concepts = [concept("H:1", "Chronic headaches"), concept("H:2", "Headache")]
    index = build(tmp_path / "index", concepts)
    (link,) = Linker(index, encoder=FakeEncoder()).link(["chronic headache"])
    assert link.candidates[0].concept_id == "H:1"


def test_a_plural_is_its_singular_and_not_the_reverse(tmp_path: Path) -> None:
    concepts = [concept("P:1", "Abscess"), concept("P:2", "Alcohols"), concept("P:3", "Seizure")]
    index = build(tmp_path / "index", concepts)
    encoder = FakeEncoder()
    found = Linker(index, encoder=encoder).link(["abscesses", "SEIZURES", "alcohol"])
    assert encoder.encoded == ["alcohol"]
    assert [link.candidates[0].concept_id for link in found] == ["P:1", "P:3", "P:2"]
    assert [link.candidates[0].features["exact"] for link in found] == [1, 1, 0]
    assert [link.mention.text for link in found] == ["abscesses", "SEIZURES", "alcohol"]
    singular = Linker(index, encoder=encoder).link(["abscess", "SEIZURE"])
    assert [link.probability for link in found[:2]] == [link.probability for link in singular]


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("glutamate", "A:1"),
        ("L-Lactate", "A:3"),
        ("glutamates", "A:2"),  # a name
        ("urate", "A:5"),
        ("nitrate", None),  # of an inorganic acid
        ("valproate", None),  # its acid is no name
        ("rate", None),
    ],
)
def test_an_ion_is_its_acid(tmp_path: Path, mention: str, concept_id: str | None) -> None:
    concepts = [
        concept("A:1", "Glutamic acid"),
        concept("A:2", "Glutamates"),
        concept("A:3", "L-lactic acid"),
        concept("A:4", "Nitric acid"),
        concept("A:5", "Uric acid"),
    ]
    check(build(tmp_path / "index", concepts), mention, concept_id)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("low potassium", "L:1"),
        ("decreased blood potassium", "L:1"),
        ("elevated potassium", "L:2"),
        ("reduced ferritin", "L:7"),
        ("diminished ferritin", "L:7"),
        ("raised lactate", "L:8"),
        ("high lactate", "L:8"),
        ("low platelets", "L:3"),
        ("low white count", "L:4"),
        ("low sodium", None),  # in blood or in serum: two concepts
        ("potassium", None),
        ("low", None),
        ("low and high potassium", None),
    ],
)
def test_what_is_measured_goes_without_saying(
    tmp_path: Path, mention: str, concept_id: str | None
) -> None:
    concepts = [
        concept("L:1", "Hypokalemia", "Low blood potassium levels"),
        concept("L:2", "Hyperkalemia", "High blood potassium levels"),
        concept("L:3", "Thrombocytopenia", "Low platelet count"),
        concept("L:4", "Leukopenia", "Low white blood cell count"),
        concept("L:5", "Low blood sodium"),
        concept("L:6", "Low serum sodium"),
        concept("L:7", "Decreased ferritin level"),
        concept("L:8", "Increased circulating lactate concentration"),
    ]
    check(build(tmp_path / "index", concepts), mention, concept_id)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("E4031", "N:1"),
        ("E-4031", "N:1"),
        ("HER2 positive", "N:2"),
        ("her 2-positive", "N:2"),
        ("CA125", "N:3"),
        ("E4032", None),
        ("HER", None),
    ],
)
def test_numbers_may_be_set_off(tmp_path: Path, mention: str, concept_id: str | None) -> None:
    concepts = [
        concept("N:1", "E 4031"),
        concept("N:2", "HER-2 positive"),
        concept("N:3", "CA-125"),
    ]
    check(build(tmp_path / "index", concepts), mention, concept_id)


@pytest.mark.parametrize(
    "mention",
    [
        "fistula of ureters",  # an inflection
        "neumonia",  # the first letter
        "pnuemonai",  # two slips
        "ureteral stone",  # a word of another name is no slip
        "hyopxia hyposia",  # no name
        "hypoia",  # hypoxia or hyposia
        "maniac mania",
        "main",  # too short, and a swap away from nothing
        "hypertension2",
        " ".join(["pnuemonia"] * 40),
    ],
)
def test_what_may_be_another_word_is_left_to_the_encoder(findings: Index, mention: str) -> None:
    encoder = FakeEncoder()
    Linker(findings, encoder=encoder).link([mention])
    assert encoder.encoded == [mention]


def test_a_word_without_end_is_not_put_right(findings: Index) -> None:
    # Each of its letters would make a word as long: gigabytes.
    mention = "pneumonia" * 2000
    begun = time.process_time()
    Linker(findings, encoder=FakeEncoder()).link([mention])
    assert time.process_time() - begun < 20


def test_the_words_of_an_overlay_are_words_too(findings: Index, tmp_path: Path) -> None:
    copy = tmp_path / "index"
    shutil.copytree(findings.path, copy)
    rows = tmp_path / "local.csv"
    rows.write_text("concept_id,name\nM:2,Hypertensiom syndrome\n")
    overlay_index(copy, [rows], encoder=FakeEncoder())
    encoder = FakeEncoder()
    Linker(Index.open(copy), encoder=encoder).link(["hypertensiom"])
    assert encoder.encoded == ["hypertensiom"]


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("type two mucopolysaccharidosis", "T:21"),
        ("3 limb ataxia", "T:22"),
        ("three", None),  # a number alone
        ("type four mucopolysaccharidosis", None),  # no name
    ],
)
def test_small_numbers_may_be_words_or_figures(
    tmp_path: Path, mention: str, concept_id: str | None
) -> None:
    concepts = [
        concept("T:21", "Mucopolysaccharidosis type 2"),
        concept("T:22", "Three limb ataxia"),
        concept("T:23", "3"),
    ]
    check(build(tmp_path / "index", concepts), mention, concept_id)


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("dyneins", "T:31"),
        ("ABC signaling", "T:32"),
        ("ab", None),  # too short
        ("brandt", None),  # two concepts
        ("marsh", "T:36"),  # two names of one
        ("eyeball", None),  # no disease of it
        ("marsh complex wall", None),
    ],
)
def test_a_name_may_go_without_its_kind(
    tmp_path: Path, mention: str, concept_id: str | None
) -> None:
    concepts = [
        concept("T:31", "dynein complex"),
        concept("T:32", "ABC signaling pathway"),
        concept("T:33", "AB complex"),
        concept("T:34", "Brandt complex"),
        concept("T:35", "Brandt pathway"),
        concept("T:36", "Marsh complex", "Marsh pathway"),
        concept("T:37", "eyeball disease"),
    ]
    check(build(tmp_path / "index", concepts), mention, concept_id)

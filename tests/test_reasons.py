"""Why a link came out so, in words: each thing that decides has its sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept, linker_of

from linker import Candidate, Link, Linker, Mention
from linker.index import Index
from linker.link.ranking.features import REASONS
from linker.offline import overlay_index
from linker.terminology import Release, TableBuilder, add_forms


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    concepts = [
        concept("T:1", "Type 1 diabetes", "Juvenile diabetes"),
        concept("T:2", "Type 2 diabetes", "High blood sugar", "Adult diabetes"),
        concept("T:3", "Low blood sugar"),
        concept("T:4", "Transient attack", "Ischemia"),
        concept("T:5", "Ischemic disease", "Ischemia"),
        concept("T:6", "Lead", types=["substance"]),
        concept("T:7", "Lead poisoning", "Lead", types=["disorder"]),
        concept("T:8", "Knee pain"),
        concept("T:9", "Pneumonia"),
        concept("T:10", "Fracture", types=["morphologic abnormality"]),
        concept("T:11", "Fracture", types=["disorder"]),
    ]
    return build(tmp_path_factory.mktemp("reasons") / "index", concepts)


@pytest.fixture(scope="module")
def linker(index: Index) -> Linker:
    return Linker(index, encoder=FakeEncoder())


def test_the_name_that_matched(linker: Linker) -> None:
    exact, words, near, nothing = linker.link(
        ["low blood sugar", "sugar, low blood", "low bloods sugar level", " "]
    )
    assert exact.why[0] == "it is the preferred name 'Low blood sugar' of T:3"
    # T:2 has "High blood sugar", which is the contrary.
    assert exact.why[1].startswith("next is T:7 by ")
    assert words.why[0] == "it has the words of the preferred name 'Low blood sugar' of T:3"
    assert near.why[0].startswith("it is near the preferred name 'Low blood sugar' of T:3 (cosine ")
    assert near.why[0].endswith(
        "), which lacks 25% of the words looked up; 0% of the name's are not among these"
    )
    assert nothing.why == ()


def test_a_name_that_contradicts(tmp_path: Path) -> None:
    index = build(tmp_path / "index", [concept("T:1", "Type 1 diabetes")])
    (link,) = Linker(index, encoder=FakeEncoder()).link(["type 3 diabetes"])
    assert link.why[2] == "the two contradict each other (acute and chronic, type 1 and type 2)"
    assert link.why[-1].endswith(" is below the threshold: NIL")


@pytest.mark.parametrize(
    ("text", "name", "concept_id"),
    [
        ("left knee pain, worsening", "Knee pain", "T:8"),
        ("pnuemonia", "Pneumonia", "T:9"),
    ],
)
def test_a_name_in_other_words(linker: Linker, text: str, name: str, concept_id: str) -> None:
    assert linker.link([text])[0].why[0] == (
        f"it is read as the preferred name {name!r} of {concept_id}: in another wording or "
        "spelling, or with more words around it"
    )


def test_of_those_that_share_a_name_who_lost(linker: Linker) -> None:
    link = linker.link(["ischemia"])[0]
    assert link.concept_id == "T:5"
    assert link.why[:2] == (
        "it is the name 'Ischemia' of T:5",
        "against T:4: the preferred name of another concept with that name is nearer to it",
    )
    assert "for the first speaks" not in link.why[2]


def test_a_name_that_was_derived_is_no_name_of_the_source(tmp_path: Path) -> None:
    builder = TableBuilder("T")
    builder.add("T:1", "Rubella NOS")
    own = linker_of(add_forms(builder.finish(Release("T", "1", "", "test"))), tmp_path / "index")
    exact, near = own.link(["rubella", "rubella infection"])
    assert exact.why == ("it is a form of the preferred name 'Rubella NOS' of T:1",)
    assert near.why[0].startswith("it is near a form of the preferred name 'Rubella NOS' of T:1 (")


def test_a_name_that_counts_as_preferred_is_not_called_the_preferred_one() -> None:
    seen = {**dict.fromkeys(REASONS, 0.0), "preferred": 1.0, "exact": 1.0}
    code = Candidate("N28.89", "Other disorders of kidney", "Renal mass", 1.0, 0.8, features=seen)
    second = replace(code, concept_id="N28.9", features={**seen, "preferred": 0.0})
    link = Link(Mention(0, 10, "renal mass"), "N28.89", (code, second))
    assert link.why[0] == "it is the name 'Renal mass' of N28.89"
    assert link.why[1].endswith("0.80 against 0.80")


def test_what_speaks_for_the_first_of_two_that_are_as_near() -> None:
    seen = dict.fromkeys(REASONS, 0.0)
    first = Candidate("T:1", "Ataxia", "Ataxia", 0.9, 0.6, features={**seen, "children": 1.0})
    second = Candidate("T:2", "Ataxias", "Ataxias", 0.9, 0.3, features={**seen, "letters": 0.1})
    link = Link(Mention(0, 4, "atax"), "T:1", (first, second))
    assert link.why[-1] == (
        "next is T:2 by 'Ataxias', cosine 0.90, probability 0.30 against 0.60; for the first "
        "speaks: more concepts below it"
    )
    farther = replace(second, score=0.8)
    assert Link(link.mention, "T:1", (first, farther)).why[-1].endswith("0.30 against 0.60")


def test_a_morphology_goes_behind_the_disorder_of_its_name(linker: Linker) -> None:
    link = linker.link(["fracture"])[0]
    assert link.concept_id == "T:11"
    assert link.why[:2] == (
        "it is the preferred name 'Fracture' of T:11",
        "against T:10: a morphology or qualifier goes behind another concept with that name",
    )
    assert "for the first speaks" not in link.why[2]


def test_what_a_label_speaks_against(linker: Linker) -> None:
    said = "against T:6: of another kind than the label 'DISEASE'"
    labelled, bare = linker.link_mentions([Mention(0, 4, "lead", "DISEASE"), Mention(0, 4, "lead")])
    assert said in labelled.why
    assert said not in bare.why


def test_an_overlay_decides(index: Index, tmp_path: Path) -> None:
    own = build(tmp_path / "index", [concept("T:1", "Ischemia"), concept("T:2", "Fatigue")])
    local = tmp_path / "local.csv"
    local.write_text("concept_id,name,kind\nT:2,ischemia,\n,fatigue,remove\n")
    overlay_index(own.path, [local], encoder=FakeEncoder())
    given, removed = Linker.load(own.path, encoder=FakeEncoder()).link(["ischemia", "fatigue"])
    assert given.concept_id == "T:2"
    assert given.why[1] == "an overlay gives it that name, and so decides"
    assert removed.concept_id is None
    assert removed.why[1] == "an overlay says that this is no mention"
    assert removed.why[-1].endswith("is below the threshold: NIL")


def test_a_link_that_was_turned_down(index: Index) -> None:
    strict = Linker(index, encoder=FakeEncoder(), threshold=1.0)
    link = strict.link(["something quite different"])[0]
    assert link.concept_id is None
    assert link.why[-1].endswith("is below the threshold: NIL")


def test_nothing_is_said_of_what_the_ranker_did_not_see(linker: Linker) -> None:
    seen = linker.link(["low bloods sugar level"])[0]
    kept: list[Candidate] = [replace(candidate, features={}) for candidate in seen.candidates]
    link = Link(seen.mention, seen.concept_id, tuple(kept))
    assert (
        link.why[0]
        == f"it is near the preferred name 'Low blood sugar' of T:3 (cosine {seen.best.score:.2f})"
    )

"""What contradicts what: words on two sides, beginnings, numbers, denials."""

from __future__ import annotations

import numpy as np
import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.index import Index
from linker.link.ranking.opposites import is_opposed_beyond, opposed, says_something
from linker.link.ranking.rerank import OPPOSED
from linker.text import stems


def contradict(query: str, name: str) -> bool:
    """A pair by itself, which is the same the other way round."""
    speaking = np.array([any(map(says_something, stems(phrase))) for phrase in (query, name)])
    one, other = opposed([query, name], speaking, np.array([0, 1]), np.array([1, 0])).tolist()
    assert one == other
    return bool(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("acute gastritis", "chronic gastritis"),
        ("gastritis, chronic", "acute gastritis"),
        ("left knee pain", "pain of the right knee"),
        ("hyperkalemia", "hypokalemia"),
        ("low potassium", "hyperkalemia"),
        ("small kidneys", "enlarged kidney"),
        ("underweight", "overweight"),
        ("absent reflexes", "brisk reflexes"),
        ("tachycardia", "slow heart rate"),
        ("tachycardia", "low heart rate"),
        ("present bell phenomenon", "absent bell phenomenon"),
        ("retinal vein occlusion", "retinal artery occlusion"),
        ("preserved ejection fraction", "reduced ejection fraction"),
        ("normal gait", "abnormal gait"),
        ("normal bowel sounds", "hypoactive bowel sounds"),
        ("good appetite", "poor appetite"),
        ("no edema", "edema"),
        # What both have is left out of it.
        (
            "increased number of large and small fibers",
            "decreased number of large and small fibers",
        ),
        ("left arch with a left artery", "right arch with a left artery"),
        # By how they begin, beside the same word.
        ("premenopausal bleeding", "postmenopausal bleeding"),
        ("polyhydramnios", "oligohydramnios"),
        ("microalbuminuria", "macroalbuminuria"),
        # Numbers, and those that letters stand before.
        ("type 1 diabetes", "diabetes type ii"),
        ("cd4 lymphopenia", "cd8 lymphopenia"),
        # What is denied.
        ("non-ischemic cardiomyopathy", "ischemic cardiomyopathy"),
        ("nonischemic cardiomyopathy", "ischemic cardiomyopathy"),
        ("migraine without aura", "migraine with aura"),
        ("unstable angina", "stable angina"),
        ("incomplete bundle branch block", "complete bundle branch block"),
    ],
)
def test_they_contradict_each_other(one: str, other: str) -> None:
    assert contradict(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gastritis", "chronic gastritis"),
        ("chronic gastritis", "chronic gastritis of the antrum"),
        ("acute on chronic kidney failure", "chronic kidney failure"),
        ("acute on chronic kidney failure", "acute kidney failure"),
        # A word of each side, and one of the other: it is not said which is meant.
        ("decreased high density lipoprotein", "low hdl cholesterol"),
        ("poor weight gain", "decreased weight gain"),
        ("high fever", "fever"),
        ("normal pressure hydrocephalus", "hydrocephalus"),
        ("small kidneys", "shrunken kidney"),
        # They begin as if.
        ("hypothalamic tumor", "large tumor"),
        ("underlying cancer", "overlying cancer"),
        ("micrognathia", "macrosomia"),
        # One has no number, the same in another place, or more than two.
        ("diabetes", "type 2 diabetes"),
        ("c2 deficiency", "deficiency of component 2"),
        ("0,0'-diisopropyl ester", "bis(1-methylethyl) ester"),
        ("1,1,2-trifluoride", "1,2,3-trifluoride"),
        ("covid 19 pneumonia", "pneumonia due to coronavirus disease 2019"),
        # The other denies it too, or says that it is absent.
        ("nonischemic cardiomyopathy", "non ischemic cardiomyopathy"),
        ("without speech", "absent speech"),
        ("no speech", "lack of speech"),
        ("no spleen", "asplenia"),
        ("migraine without aura", "migraine"),
    ],
)
def test_they_do_not(one: str, other: str) -> None:
    assert not contradict(one, other)


def test_pairs_are_judged_each_by_itself() -> None:
    phrases = ["acute pain", "pain", "type 1 pain", "chronic pain", "type 2 pain"]
    speaking = np.array([True, False, True, True, True])
    one, other = np.array([0, 0, 1, 1, 2, 2]), np.array([3, 4, 3, 4, 3, 4])
    assert opposed(phrases, speaking, one, other).tolist() == [True, *[False] * 4, True]
    # What does not speak is not looked at.
    assert not opposed(phrases, np.zeros(5, dtype=bool), one, other).any()
    none = np.zeros(0, dtype=np.int64)
    assert opposed([], none > 0, none, none).tolist() == []


@pytest.mark.parametrize(
    ("query", "name", "preferred", "expected"),
    [
        ("chronic leukemia of x", "leukemia of x", "acute leukemia of x", True),
        ("type 3 x deficiency", "x deficiency", "x deficiency type 2", True),
        # The name has the word, and so has the concept.
        ("deficiency of x", "x deficiency", "hyperplasia by lack of x", False),
        ("leukemia of x", "leukemia of x", "acute leukemia of x", False),
        ("chronic leukemia of x", "leukemia of x", "chronic leukemia of x", False),
    ],
)
def test_what_a_query_says_beyond_a_name(
    query: str, name: str, preferred: str, expected: bool
) -> None:
    assert is_opposed_beyond(query, name, preferred) is expected


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    concepts = [
        concept("O:1", "Chronic gastritis of the antrum", "Antral gastritis"),
        concept("O:2", "Decreased zinc level"),
        concept("O:3", "Fracture"),
    ]
    index: Index = build(tmp_path_factory.mktemp("opposites") / "index", concepts)
    return Linker(index, encoder=FakeEncoder())


def probabilities(linker: Linker, query: str) -> dict[str, float]:
    link = linker.link([query])[0]
    return {c.concept_id: c.probability for c in link.candidates}


@pytest.mark.parametrize(
    ("query", "opposite"),
    [("increased zinc level", "O:2"), ("acute gastritis of the antrum", "O:1")],
)
def test_a_concept_that_contradicts_its_query_is_none(
    linker: Linker, query: str, opposite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = probabilities(linker, query)
    assert linker.link([query])[0].concept_id is None
    with monkeypatch.context() as patch:
        patch.setattr("linker.link.ranking.rerank.OPPOSED", 1.0)
        plain = probabilities(Linker(linker._index, encoder=FakeEncoder()), query)
    # By hand: its odds against NIL fall to OPPOSED, those of the others stay.
    weighed = {c: p * (OPPOSED if c == opposite else 1) for c, p in plain.items()}
    total = 1 - sum(plain.values()) + sum(weighed.values())
    assert seen == pytest.approx({c: p / total for c, p in weighed.items()})


def test_a_name_of_its_own_is_heeded_as_it_is(linker: Linker) -> None:
    for query, concept_id in [
        ("decreased zinc level", "O:2"),
        ("antral gastritis", "O:1"),
        ("zinc level, decreased", "O:2"),
    ]:
        assert linker.link([query])[0].concept_id == concept_id


def test_it_is_said_why(linker: Linker) -> None:
    link = linker.link(["increased zinc level"])[0]
    by_id = {c.concept_id: c for c in link.candidates}
    assert by_id["O:2"].features["opposites"] == 1
    beyond = {c.concept_id: c for c in linker.link(["acute antral gastritis"])[0].candidates}
    assert beyond["O:1"].features["opposites"] == 1

"""Concepts that share the name that was asked for: the one whose preferred name it is near."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import PLAIN, FakeEncoder, build, concept, hits, linker_of

from linker import Linker
from linker.index import Index
from linker.link.ranking.features import FeatureReader
from linker.link.ranking.rank import Pairs, rank
from linker.link.ranking.shared_names import LESSER, WORTH, SharedNames
from linker.terminology import NameKind, Release, TableBuilder

CONCEPTS = [
    concept("T:1", "Transient attack", "Ischemia", "Weak spell"),
    concept("T:2", "Ischemic disease", "Ischemia"),
    concept("T:3", "Ischemic colon", "Colon ischemia"),
    concept("T:4", "Anemia"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("shared") / "index", CONCEPTS)


def ranked(index: Index, *names: tuple[str, float], query: str = "ischemia") -> Pairs:
    found = hits(index, *names)
    exact = np.array([name == query for name, _ in names], dtype=bool)
    return rank([query], replace(found, exact=exact), index.store, PLAIN).best


def shared_names(index: Index) -> SharedNames:
    return SharedNames(index, FeatureReader(index.store, 10.0).above)


def none_of(best: Pairs) -> np.ndarray:
    return np.zeros(len(best), dtype=bool)


def losses(index: Index, best: Pairs, *others: str) -> dict[str, float]:
    ids = [*map(index.store.concept_id, best.concept.tolist())]
    values = shared_names(index).losses(best, np.isin(ids, others)).log_odds.tolist()
    return dict(zip(map(index.store.concept_id, best.concept.tolist()), values, strict=True))


def test_the_farther_lose_by_how_much_farther_they_are(index: Index) -> None:
    best = ranked(index, ("ischemia", 1.0), ("colon ischemia", 0.8), ("anemia", 0.5))
    asked, far, near = FakeEncoder().encode(["ischemia", "transient attack", "ischemic disease"])
    difference = float(asked @ near - asked @ far)
    assert difference > 0.2
    expected = {"T:1": WORTH * difference, "T:2": 0.0, "T:3": 0.0, "T:4": 0.0}
    assert losses(index, best) == pytest.approx(expected, abs=1e-5)


def test_what_a_label_speaks_against_is_no_rival(index: Index) -> None:
    best = ranked(index, ("ischemia", 1.0))
    assert losses(index, best)["T:1"] > 0
    assert losses(index, best, "T:2") == {"T:1": 0.0, "T:2": 0.0}


def test_a_name_of_one_concept_loses_nothing(index: Index) -> None:
    best = ranked(index, ("weak spell", 1.0), ("ischemia", 0.6), query="weak spell")
    assert losses(index, best) == {"T:1": 0.0, "T:2": 0.0}


def test_each_query_on_its_own(index: Index) -> None:
    first, second = ranked(index, ("ischemia", 1.0)), ranked(index, ("anemia", 0.5))
    columns = {name: getattr(second, name) for name in second.__slots__}
    both = (
        first
        + Pairs(**{**columns, "query": second.query + 1})
        + Pairs(**{**columns, "query": second.query + 7})
    )
    alone = shared_names(index).losses(first, none_of(first)).log_odds
    losses_of_both = shared_names(index).losses(both, none_of(both)).log_odds
    assert losses_of_both.tolist() == [*alone.tolist(), 0.0, 0.0]


def test_nothing_to_tell_apart(index: Index) -> None:
    assert shared_names(index).losses(ranked(index), none_of(ranked(index))).log_odds.shape == (0,)


def test_the_link_is_the_nearer_one(index: Index, tmp_path: Path) -> None:
    link = Linker(index, encoder=FakeEncoder()).link(["ischemia"])[0]
    assert link.candidates[0].concept_id == "T:2"
    # Not for its id.
    turned = [{**CONCEPTS[1], "id": "T:0"}, CONCEPTS[0], {**CONCEPTS[0], "id": "T:9"}]
    other = Linker(build(tmp_path / "index", turned), encoder=FakeEncoder())
    assert other.link(["ischemia"])[0].candidates[0].concept_id == "T:0"


def test_of_preferred_names_none_is_nearer(tmp_path: Path) -> None:
    same = build(tmp_path / "index", [concept("T:1", "Cold"), concept("T:2", "Cold")])
    best = ranked(same, ("cold", 1.0), query="cold")
    assert np.allclose(shared_names(same).losses(best, none_of(best)).log_odds, 0, atol=1e-6)


def test_names_that_count_as_preferred_do_not_hide_the_preferred_one(tmp_path: Path) -> None:
    builder = TableBuilder("T")
    everyday = [("Aching spell", NameKind.PREFERRED), ("Ischemia", NameKind.EXACT)]
    builder.add("T:1", "Ischemic disease", names=everyday)
    builder.add("T:2", "Transient attack", names=[("Ischemia", NameKind.EXACT)])
    linker = linker_of(builder.finish(Release("T", "1", "", "test")), tmp_path / "index")
    asked, far, near = FakeEncoder().encode(["ischemia", "transient attack", "ischemic disease"])
    index = Index.open(tmp_path / "index")
    found = losses(index, ranked(index, ("ischemia", 1.0)))
    assert found["T:1"] == 0.0
    assert found["T:2"] == pytest.approx(WORTH * float(asked @ near - asked @ far), abs=1e-5)
    assert linker.link(["ischemia"])[0].best.concept_id == "T:1"


def test_the_first_name_of_an_index_is_a_preferred_name_like_others(tmp_path: Path) -> None:
    names = [concept("T:1", "Aching spell", "Ischemia"), concept("T:2", "Ischemic", "Ischemia")]
    index = build(tmp_path / "index", names)
    assert index.store.normal(0) == "aching spell"
    asked, far, near = FakeEncoder().encode(["ischemia", "aching spell", "ischemic"])
    found = losses(index, ranked(index, ("ischemia", 1.0)))
    expected = {"T:1": WORTH * float(asked @ near - asked @ far), "T:2": 0.0}
    assert found == pytest.approx(expected, abs=1e-5)
    assert found["T:1"] > 1


def test_one_below_another_loses_only_where_the_name_is_the_preferred_one(tmp_path: Path) -> None:
    above = concept("T:1", "Ischemic disease", "Ischemia")
    below = concept("T:2", "Transient attack", "Ischemia", parents=["T:1"])
    lowest = concept("T:3", "Weak spell", "Ischemia", parents=["T:2"])
    index = build(tmp_path / "a", [above, below, lowest])
    best = ranked(index, ("ischemia", 1.0))
    assert losses(index, best) == {"T:1": 0.0, "T:2": 0.0, "T:3": 0.0}
    other = build(tmp_path / "b", [concept("T:1", "Ischemia"), below, lowest])
    asked, far = FakeEncoder().encode(["ischemia", "transient attack"])
    found = losses(other, ranked(other, ("ischemia", 1.0)))
    assert found["T:1"] == 0.0
    assert found["T:2"] == pytest.approx(WORTH * (1 - float(asked @ far)), abs=1e-5)


@pytest.mark.parametrize("lesser", ["morphologic abnormality", "qualifier value", "T080"])
def test_what_tissue_looks_like_and_qualifiers_yield_to_what_somebody_has(
    tmp_path: Path, lesser: str
) -> None:
    index = build(
        tmp_path / "index",
        [
            concept("T:1", "Fracture", types=[lesser]),
            concept("T:2", "Fracture", types=["disorder"]),
            concept("T:3", "Capsule", types=[lesser]),
            concept("T:4", "Capsule", types=[lesser]),
        ],
    )
    fracture, capsule = Linker(index, encoder=FakeEncoder()).link(["fracture", "capsule"])
    assert [one.concept_id for one in fracture.candidates[:2]] == ["T:2", "T:1"]
    # That of the disorder is farther, which takes nothing from it.
    other = build(
        tmp_path / "other",
        [
            concept("T:1", "Fracture", types=[lesser]),
            concept("T:2", "Broken bone", "Fracture", types=["disorder"]),
        ],
    )
    assert losses(other, ranked(other, ("fracture", 1.0), query="fracture")) == {
        "T:1": LESSER,
        "T:2": 0.0,
    }
    assert fracture.candidates[0].probability > 5 * fracture.candidates[1].probability
    assert losses(index, ranked(index, ("capsule", 1.0), query="capsule")) == pytest.approx(
        {"T:3": 0.0, "T:4": 0.0}, abs=1e-5
    )
    assert capsule.candidates[0].concept_id == "T:3"

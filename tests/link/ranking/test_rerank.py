"""The second look: features by hand, probability shared out and none lost, reasons in words."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import PLAIN, build, concept, hits

from linker.index import Index
from linker.link.ranking.features import FEATURES, REASONS, FeatureReader, Seen
from linker.link.ranking.rank import rank
from linker.link.ranking.rerank import HEAD, KEPT, Reranker, candidates
from linker.link.ranking.trees import Tree, Trees


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    concepts = [
        concept("T:1", "Type 1 diabetes", "Juvenile diabetes"),
        concept("T:2", "Type 2 diabetes", "High blood sugar", "Adult diabetes"),
        concept("T:3", "Low blood sugar"),
    ]
    return build(tmp_path_factory.mktemp("rerank") / "index", concepts)


def seen(index: Index, query: str, *given: tuple[str, float]) -> list[dict[str, float]]:
    ranked = rank([query], hits(index, *given), index.store, PLAIN)
    rows = FeatureReader(index.store, slope=10.0).read([query], ranked, first=9)
    return [dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()]


def test_features_by_hand(index: Index) -> None:
    first, second = seen(
        index, "Type-1 diabetes mellitus",
        ("type 1 diabetes", 0.9), ("juvenile diabetes", 0.85), ("type 2 diabetes", 0.8),
    )  # fmt: skip
    assert (first["distance"], first["gap"]) == pytest.approx((1.0, 0.0))
    assert (second["distance"], second["gap"]) == pytest.approx((2.0, 1.0))
    assert first["missing_words"] == 1 / 4
    assert first["extra_words"] == 0
    assert second["missing_words"] == 2 / 4
    assert second["extra_words"] == 1 / 3
    # All trigrams of the name but the three around its first blank, where the query has a hyphen.
    assert first["letters"] == 2 * 13 / (16 + 25)
    assert (first["numbers"], second["numbers"]) == (0, 1)
    assert first["preferred"] == second["preferred"] == 1
    assert first["names"] == pytest.approx(math.log(3))
    assert second["names"] == pytest.approx(math.log(4))
    # Two names are near, of which the farther counts exp(-20 * 0.05).
    assert first["support"] == pytest.approx(math.log(1 + math.exp(-1)))
    assert second["support"] == 0
    assert first["head"] == second["head"] == 0


def test_only_the_first_are_looked_at(index: Index) -> None:
    near = hits(index, ("type 1 diabetes", 0.9), ("type 2 diabetes", 0.8), ("low blood sugar", 0.7))
    ranked = rank(["diabetes"], near, index.store, PLAIN)
    reader = FeatureReader(index.store, slope=10.0)
    rows, whole = (reader.read(["diabetes"], ranked, first=n) for n in (2, 9))
    assert np.isnan(rows[2:]).all()
    assert not np.isnan(whole).any()
    assert rows[:2].tolist() == whole[:2].tolist()


def test_relations_are_those_among_the_concepts_of_a_query(tmp_path: Path) -> None:
    concepts = [
        concept("R:1", "Ataxia", parents=["R:5"]),
        concept("R:2", "Spastic ataxia", parents=["R:1"]),
        concept("R:3", "Stiff ataxia", parents=["R:2"]),
        concept("R:4", "Gait", parents=["R:5"]),
        concept("R:5", "Walk"),
        # Sources have rings: neither is above itself.
        concept("R:6", "Round", parents=["R:7"]),
        concept("R:7", "Circle", parents=["R:6"]),
    ]
    index = build(tmp_path / "index", concepts)
    names = ["ataxia", "spastic ataxia", "stiff ataxia", "gait", "walk"]
    asked = [*names[:4], *names[2:], "round", "circle"]
    near = hits(index, *((name, 0.9 - i / 100) for i, name in enumerate(asked)))
    near = replace(near, query=np.array([0, 0, 0, 0, 1, 1, 1, 2, 2]))
    ranked = rank(["a", "b", "c"], near, index.store, PLAIN)
    rows = FeatureReader(index.store, slope=10.0).read(["a", "b", "c"], ranked, first=9)
    seen = {
        column: rows[:, FEATURES.index(column)].tolist()
        for column in ("broader", "narrower", "children")
    }
    assert [index.store.concept_id(row) for row in ranked.best.concept.tolist()] == [
        *("R:1", "R:2", "R:3", "R:4"),
        *("R:3", "R:4", "R:5"),
        *("R:6", "R:7"),
    ]
    # Parents and grandparents, as a share of the others; then the same without R:1 and R:2.
    assert seen["broader"] == pytest.approx([2 / 3, 1 / 3, 0, 0, 0, 0, 1 / 2, 1, 1])
    assert seen["narrower"] == [0, 1, 1, 0, 0, 1, 0, 1, 1]
    one, two = math.log(2), math.log(3)
    assert seen["children"] == pytest.approx([one, one, 0, 0, 0, 0, two, one, one])


def test_a_name_to_the_letter_or_in_another_order(index: Index) -> None:
    found = {}
    for query, exact in (
        ("Low blood sugar", True),
        ("low blood sugar", True),
        ("sugar low", False),
    ):
        near = replace(
            hits(index, ("low blood sugar", 0.9), exact=exact), same_words=np.ones(1, bool)
        )
        ranked = rank([query], near, index.store, PLAIN)
        (row,) = FeatureReader(index.store, slope=10.0).read([query], ranked, first=9).tolist()
        found[query] = [row[FEATURES.index(name)] for name in ("exact", "same_words", "case")]
    assert found == {
        "Low blood sugar": [1, 0, 1],
        "low blood sugar": [1, 0, 0],
        "sugar low": [0, 1, 0],
    }


def test_features_are_of_the_concepts_in_their_places(index: Index) -> None:
    names = [("type 1 diabetes", 0.9), ("type 2 diabetes", 0.85), ("juvenile diabetes", 0.8)]
    near = hits(index, *names, ("type 2 diabetes", 0.9), ("adult diabetes", 0.9))
    near = replace(near, query=np.array([0, 0, 0, 1, 1]))
    ranked = rank(["a", "b"], near, index.store, PLAIN)
    rows = FeatureReader(index.store, slope=10.0).read(["a", "b"], ranked, first=1)
    support = rows[:, FEATURES.index("support")].tolist()
    # The second concept of the first query is not looked at.
    assert support == pytest.approx(
        [math.log(1 + math.exp(-2)), math.nan, math.log(2)], nan_ok=True
    )


def test_reasons_are_a_mapping_by_name() -> None:
    reasons = Seen(range(len(REASONS)))
    by_name = {name: float(at) for at, name in enumerate(REASONS)}
    assert (dict(reasons), len(reasons), repr(reasons)) == (by_name, len(REASONS), repr(by_name))
    with pytest.raises(KeyError, match="colour"):
        reasons["colour"]
    assert reasons.get("colour") is None


def test_opposites_and_heads(index: Index) -> None:
    low, high = seen(
        index, "decreased blood sugar", ("low blood sugar", 0.9), ("high blood sugar", 0.8)
    )
    assert (low["opposites"], high["opposites"]) == (0, 1)
    assert low["head"] == high["head"] == 1


def by_names(index: Index) -> Reranker:
    """A ranker that likes concepts of three names."""
    column = FEATURES.index("names")
    tree = Tree((column,), (math.log(3.5),), (-1,), (-2,), (0.0, math.log(3)))
    return Reranker(index, 10.0, Trees(FEATURES, [tree]))


def test_probability_is_shared_out_anew(index: Index) -> None:
    near = hits(index, ("type 1 diabetes", 0.9), ("type 2 diabetes", 0.9))
    before = rank(["diabetes"], near, index.store, PLAIN)
    after = by_names(index).rerank(["diabetes"], before)
    assert [index.store.concept_id(row) for row in after.concepts(0)] == ["T:2", "T:1"]
    total = before.probability.sum()
    expected = [KEPT / 2 + (1 - KEPT) * 3 / 4, KEPT / 2 + (1 - KEPT) / 4]
    assert (after.probability / total).tolist() == pytest.approx(expected, abs=1e-12)
    names = after.reasons[:, FEATURES.index("names")].tolist()
    assert names == pytest.approx([math.log(4), math.log(3)])


def test_trees_may_be_as_sure_as_they_like(index: Index) -> None:
    near = hits(index, ("type 1 diabetes", 0.9), ("type 2 diabetes", 0.9))
    before = rank(["diabetes"], near, index.store, PLAIN)
    tree = Tree((FEATURES.index("names"),), (math.log(3.5),), (-1,), (-2,), (0.0, 2000.0))
    after = Reranker(index, 10.0, Trees(FEATURES, [tree])).rerank(["diabetes"], before)
    shares = (after.probability / before.probability.sum()).tolist()
    assert shares == pytest.approx([KEPT / 2 + 1 - KEPT, KEPT / 2])


def test_a_candidate_shows_the_name_as_its_concept_has_it(tmp_path: Path) -> None:
    concepts = [
        concept("T:1", "Cold sore"),
        concept("T:2", "COLD SORE"),
        concept("T:3", "Cold Sore"),
    ]
    index = build(tmp_path / "index", concepts)
    ranked = rank(["cold sore"], hits(index, ("cold sore", 1.0)), index.store, PLAIN)
    found = candidates(ranked, 0, index.store, k=3)
    assert {c.concept_id: c.matched_name for c in found} == {c["id"]: c["name"] for c in concepts}


def test_without_candidates(index: Index) -> None:
    nothing = rank(["a", "b"], hits(index), index.store, PLAIN)
    after = by_names(index).rerank(["a", "b"], nothing)
    assert after.bounds.tolist() == [0, 0, 0]
    assert after.concepts(0) == after.concepts(1) == []


def test_what_stands_behind_the_first_dozen_stays(tmp_path: Path) -> None:
    many = build(tmp_path / "index", [concept(f"T:{i:02}", f"name {i}") for i in range(HEAD + 3)])
    near = hits(many, *((f"name {i}", 0.9 - i / 100) for i in range(HEAD + 3)))
    before = rank(["name"], near, many.store, PLAIN)
    after = Reranker(many, 10.0).rerank(["name"], before)
    assert after.probability.sum() == pytest.approx(before.probability.sum())
    unseen = np.isnan(after.reasons).all(axis=1)
    kept = dict(zip(before.concepts(0)[HEAD:], before.probability[HEAD:], strict=True))
    assert len(kept) == 3
    assert dict(zip(after.best.concept[unseen], after.probability[unseen], strict=True)) == kept
    found = candidates(after, 0, many.store, k=HEAD + 3)
    assert [c.features for c in found].count({}) == 3


def test_other_features_are_refused(index: Index) -> None:
    with pytest.raises(ValueError, match="the trees ask for"):
        Reranker(index, 10.0, Trees(["a"], [Tree((), (), (), (), (0.0,))]))

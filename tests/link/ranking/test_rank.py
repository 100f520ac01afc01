"""The ranker: probabilities by hand, ties by rule."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from cases import PLAIN, build, concept, hits, linker_of
from hypothesis import given
from hypothesis import strategies as st

from linker.index import Index
from linker.link.ranking.rank import Pairs, Ranking, Weights, pairs_of, rank, strongest
from linker.link.ranking.rerank import candidates
from linker.link.retrieve import Hits
from linker.terminology import NameKind, Release, TableBuilder, add_forms


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Three concepts that share a name; of one it is the preferred name."""
    concepts = [
        concept("T:2", "Beta", "Common"),
        concept("T:1", "Alpha", "Common"),
        concept("T:3", "Common"),
    ]
    return build(tmp_path_factory.mktemp("shared") / "index", concepts)


def made(builder: TableBuilder, folder: Path) -> Index:
    """An index of a terminology, with the forms that are derived from its names."""
    linker_of(add_forms(builder.finish(Release("T", "1", "", "test"))), folder)
    return Index.open(folder)


def ids(index: Index, ranking: Ranking) -> list[str]:
    """The concepts of the first query, best first."""
    return [index.store.concept_id(row) for row in ranking.concepts(0)]


def test_equal_concepts_are_ordered_by_id(shared: Index) -> None:
    ranked = rank(["common"], hits(shared, ("common", 1.0), exact=True), shared.store, PLAIN)
    assert ids(shared, ranked) == ["T:1", "T:2", "T:3"]
    assert len(set(ranked.probability.tolist())) == 1


def test_probabilities_are_a_nested_logit(shared: Index) -> None:
    near = hits(shared, ("alpha", 0.9), ("beta", 0.8))
    ranked = rank(["alfa"], near, shared.store, replace(PLAIN, any=0.3, pooled=0.5))
    # Utilities -1 and -2, by hand.
    total = math.exp(-1) + math.exp(-2)
    some = 1 / (1 + math.exp(-(0.3 + 0.5 * math.log(total))))
    assert ranked.probability.tolist() == pytest.approx(
        [some * math.exp(-1) / total, some * math.exp(-2) / total], abs=1e-12
    )


def test_the_preferred_name_breaks_a_tie_when_it_has_weight(shared: Index) -> None:
    weights = replace(PLAIN, preferred=0.5)
    ranked = rank(["common"], hits(shared, ("common", 1.0), exact=True), shared.store, weights)
    assert ids(shared, ranked)[0] == "T:3"
    first, second, third = ranked.probability.tolist()
    assert first > second == third


def test_a_concept_has_its_best_name(shared: Index) -> None:
    near = hits(shared, ("alpha", 0.5), ("common", 0.9))
    found = candidates(rank(["x"], near, shared.store, PLAIN), 0, shared.store, k=5)
    assert {c.concept_id: c.matched_name for c in found} == {
        "T:1": "Common", "T:2": "Common", "T:3": "Common"
    }  # fmt: skip


def test_the_strongest_name_of_each_concept_stands_alone(shared: Index) -> None:
    near = hits(shared, ("alpha", 0.5), ("common", 0.9), ("beta", 0.95))
    near = replace(near, query=np.array([0, 0, 1]))
    found = strongest(pairs_of(["x", "y"], near, shared.store), PLAIN)
    ids = map(shared.store.concept_id, found.concept.tolist())
    names = map(shared.store.normal, found.row.tolist())
    assert sorted(zip(found.query.tolist(), ids, names, strict=True)) == [
        *((0, concept_id, "common") for concept_id in ("T:1", "T:2", "T:3")),
        (1, "T:2", "beta"),
    ]


def test_the_name_that_is_shown_is_the_query_where_the_concept_has_it(shared: Index) -> None:
    # By its utility "alpha" is the better name: PLAIN gives nothing for an exact match.
    both = hits(shared, ("common", 0.9), ("alpha", 0.95))
    exact = replace(both, exact=np.array([True, False]))
    ranked = rank(["common"], exact, shared.store, PLAIN)
    first = candidates(ranked, 0, shared.store, k=1)[0]
    assert (first.concept_id, first.matched_name, first.score) == ("T:1", "Common", 0.9)
    # Utilities -0.5 for Alpha, -1 for the two others.
    total = math.exp(-0.5) + 2 * math.exp(-1)
    assert first.probability == pytest.approx(math.exp(-0.5) / (1 + total))


def test_of_names_that_tie_the_first_by_its_spelling_is_shown(tmp_path: Path) -> None:
    index = build(tmp_path / "i", [concept("S:1", "Main", "alpha pain", "Zeta pain")])
    near = hits(index, ("alpha pain", 0.9), ("zeta pain", 0.9), ("main", 0.8))
    found = candidates(rank(["x"], near, index.store, PLAIN), 0, index.store, k=1)
    # By code points, as its source writes it: not by the rows of the index, which an overlay adds.
    assert found[0].matched_name == "Zeta pain"


@pytest.mark.parametrize(
    ("kind", "is_loose"),
    [
        (NameKind.PREFERRED, False),
        (NameKind.EXACT, False),
        (NameKind.ABBREVIATION, False),
        (NameKind.BROAD, True),
        (NameKind.NARROW, True),
        (NameKind.RELATED, True),
    ],
)
def test_kinds_of_names_that_count_less(kind: NameKind, is_loose: bool, tmp_path: Path) -> None:
    builder = TableBuilder("test")
    name = "Alpha" if kind is NameKind.PREFERRED else "Beta"
    builder.add("K:1", "Alpha", names=[] if name == "Alpha" else [("Beta", kind)])
    index = made(builder, tmp_path / "i")
    pairs = pairs_of(["x"], hits(index, (name.lower(), 0.9)), index.store)
    assert pairs.loose.tolist() == [is_loose]
    assert pairs.preferred.tolist() == [kind is NameKind.PREFERRED]


def test_support_counts_the_names_nearby_but_no_form_of_them(tmp_path: Path) -> None:
    builder = TableBuilder("test")
    builder.add("F:1", "Ataxia, spastic", names=[("Stiff gait", NameKind.EXACT)])
    builder.add("F:2", "Ataxia")
    index = made(builder, tmp_path / "i")
    names = ["ataxia", "ataxia, spastic", "spastic ataxia", "stiff gait"]
    assert index.store.normals(0, 4) == names

    def support(*near: tuple[str, float]) -> float:
        return float(rank(["x"], hits(index, *near), index.store, PLAIN).support[0])

    assert support(("ataxia, spastic", 0.9)) == 0
    assert support(("ataxia, spastic", 0.9), ("spastic ataxia", 0.9)) == 0
    # By hand: the second name is .05 farther, and counts 1/e.
    both = support(("ataxia, spastic", 0.9), ("stiff gait", 0.85))
    assert both == pytest.approx(math.log(1 + math.exp(-1)))


def test_no_hits_no_candidates(shared: Index) -> None:
    ranked = rank(["x"], hits(shared), shared.store, PLAIN)
    assert candidates(ranked, 0, shared.store, k=5) == ()
    assert len(rank([], hits(shared), shared.store, PLAIN)) == 0


def test_k_below_one_is_refused(shared: Index) -> None:
    ranked = rank(["x"], hits(shared), shared.store, PLAIN)
    with pytest.raises(ValueError, match="k is 0; ask for at least 1"):
        candidates(ranked, 0, shared.store, k=0)


@given(
    st.lists(st.tuples(st.sampled_from(["alpha", "beta", "common"]), st.floats(-1, 1)), max_size=6),
    st.floats(-800, 800),
)
def test_probabilities_sum_to_at_most_one(
    shared: Index, scores: list[tuple[str, float]], some: float
) -> None:
    ranked = rank(["x"], hits(shared, *scores), shared.store, replace(PLAIN, any=some))
    probabilities = ranked.probability.tolist()
    assert 0 <= sum(probabilities) <= 1 + 1e-9
    assert probabilities == sorted(probabilities, reverse=True)


SCORES = st.lists(
    st.tuples(st.sampled_from(["alpha", "beta", "common"]), st.floats(-1, 1)), max_size=6
)


@given(st.lists(SCORES, max_size=5))
def test_a_query_is_ranked_as_if_it_were_alone(
    shared: Index, given: list[list[tuple[str, float]]]
) -> None:
    alone = [hits(shared, *scores) for scores in given]
    together = Hits(
        query=np.repeat(np.arange(len(alone)), [len(of.row) for of in alone]),
        row=np.concatenate([of.row for of in [*alone, hits(shared)]]),
        score=np.concatenate([of.score for of in [*alone, hits(shared)]]),
        exact=np.zeros(sum(len(of.row) for of in alone), dtype=bool),
        same_words=np.zeros(sum(len(of.row) for of in alone), dtype=bool),
        reworded=np.zeros(sum(len(of.row) for of in alone), dtype=bool),
    )
    queries = [f"query {i}" for i in range(len(alone))]
    ranked = rank(queries, together, shared.store, PLAIN)
    for i, (query, of) in enumerate(zip(queries, alone, strict=True)):
        assert candidates(ranked, i, shared.store, k=9) == candidates(
            rank([query], of, shared.store, PLAIN), 0, shared.store, k=9
        )


def test_weights_travel_through_json() -> None:
    assert Weights.from_json({**asdict(PLAIN), "other": 1.0}) == PLAIN


def test_utility_is_the_sum_of_what_holds() -> None:
    pairs = Pairs(
        query=np.zeros(2, dtype=np.int64),
        concept=np.zeros(2, dtype=np.int32),
        row=np.arange(2),
        place=np.zeros(2, dtype=np.int64),
        score=np.array([0.75, 1.0]),
        exact=np.array([False, True]),
        same_words=np.array([True, True]),
        reworded=np.array([False, False]),
        derived=np.array([False, False]),
        case=np.array([False, True]),
        preferred=np.array([True, False]),
        loose=np.array([True, False]),
    )
    weights = replace(PLAIN, same_words=2.0, preferred=0.5, loose=-1.0, exact=100.0, case=0.25)
    assert pairs.utility(weights).tolist() == pytest.approx([-2.5 + 2.0 + 0.5 - 1.0, 100.25])

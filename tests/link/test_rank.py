"""The ranker: probabilities by hand, ties by rule."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest
from cases import PLAIN, build, concept, hit
from hypothesis import given
from hypothesis import strategies as st

from linker.index import Index
from linker.link.rank import Features, Weights, rank
from linker.link.rerank import candidates


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Three concepts that share a name; of one it is the preferred name."""
    concepts = [
        concept("T:2", "Beta", "Common"),
        concept("T:1", "Alpha", "Common"),
        concept("T:3", "Common"),
    ]
    return build(tmp_path_factory.mktemp("shared") / "index", concepts)


def test_equal_concepts_are_ordered_by_id(shared: Index) -> None:
    ranked = rank("common", [hit(shared, "common", 1.0, exact=True)], shared.store, PLAIN)
    ids = [shared.store.concept_id(item.concept) for item in ranked]
    assert ids == ["T:1", "T:2", "T:3"]
    assert len({item.probability for item in ranked}) == 1


def test_probabilities_are_a_nested_logit(shared: Index) -> None:
    hits = [hit(shared, "alpha", 0.9), hit(shared, "beta", 0.8)]
    ranked = rank("alfa", hits, shared.store, replace(PLAIN, any=0.3, pooled=0.5))
    # Utilities -1 and -2, by hand.
    total = math.exp(-1) + math.exp(-2)
    some = 1 / (1 + math.exp(-(0.3 + 0.5 * math.log(total))))
    assert [item.probability for item in ranked] == pytest.approx(
        [some * math.exp(-1) / total, some * math.exp(-2) / total], abs=1e-12
    )


def test_the_preferred_name_breaks_a_tie_when_it_has_weight(shared: Index) -> None:
    weights = replace(PLAIN, preferred=0.5)
    ranked = rank("common", [hit(shared, "common", 1.0, exact=True)], shared.store, weights)
    assert shared.store.concept_id(ranked[0].concept) == "T:3"
    assert ranked[0].probability > ranked[1].probability == ranked[2].probability


def test_a_concept_has_its_best_name(shared: Index) -> None:
    hits = [hit(shared, "alpha", 0.5), hit(shared, "common", 0.9)]
    ranked = rank("x", hits, shared.store, PLAIN)
    names = {shared.store.concept_id(item.concept): item.name for item in ranked}
    assert names == {"T:1": "Common", "T:2": "Common", "T:3": "Common"}


def test_no_hits_no_candidates(shared: Index) -> None:
    assert rank("x", [], shared.store, PLAIN) == []


def test_k_below_one_is_refused(shared: Index) -> None:
    with pytest.raises(ValueError, match="k is 0; ask for at least 1"):
        candidates([], shared.store, k=0)


@given(
    st.lists(st.tuples(st.sampled_from(["alpha", "beta", "common"]), st.floats(-1, 1)), max_size=6),
    st.floats(-800, 800),
)
def test_probabilities_sum_to_at_most_one(
    shared: Index, scores: list[tuple[str, float]], some: float
) -> None:
    hits = [hit(shared, name, score) for name, score in scores]
    ranked = rank("x", hits, shared.store, replace(PLAIN, any=some))
    total = sum(item.probability for item in ranked)
    assert 0 <= total <= 1 + 1e-9
    assert [item.probability for item in ranked] == sorted(
        (item.probability for item in ranked), reverse=True
    )


def test_weights_travel_through_json() -> None:
    assert Weights.from_json({**asdict(PLAIN), "other": 1.0}) == PLAIN


def test_utility_is_the_sum_of_what_holds() -> None:
    features = Features(
        score=0.75, exact=False, same_words=True, case=False, preferred=True, loose=True
    )
    weights = replace(PLAIN, same_words=2.0, preferred=0.5, loose=-1.0, exact=100.0)
    assert features.utility(weights) == pytest.approx(-2.5 + 2.0 + 0.5 - 1.0)

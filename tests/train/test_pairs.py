from __future__ import annotations

from pathlib import Path

import pytest
from cases import build, concept

from linker.index import Index
from linker.train.pairs import Pair, PairSource


def texts(source: PairSource, *, seed: int = 0, epoch: int = 0) -> list[tuple[str, str, str]]:
    return [(p.kind, p.left, p.right) for p in source.pairs(seed=seed, epoch=epoch)]


@pytest.fixture
def small(tmp_path: Path) -> Index:
    return build(
        tmp_path / "small",
        [
            concept("A:1", "Fever", "Pyrexia", definition="A raised temperature.", parents=["A:9"]),
            concept("A:2", "Chill", "Rigor", types=["sign"], parents=["A:9"]),
            concept("A:3", "Cold", "Common cold", "Coryza"),
            concept("A:4", "Cold, common", "Common cold", "Coryza"),
            concept("A:9", "Symptom"),
        ],
    )


def test_pairs_names_definitions_and_descriptions(small: Index) -> None:
    found = texts(PairSource(small.store))
    names = {frozenset(pair[1:]) for pair in found if pair[0] == "name"}
    assert {"fever", "pyrexia"} in names
    assert {"chill", "rigor"} in names
    definitions = [pair for pair in found if pair[0] == "definition"]
    assert definitions in (
        [("definition", name, "a raised temperature.")] for name in ("fever", "pyrexia")
    )
    described = {(left, right) for kind, left, right in found if kind == "description"}
    assert {right for left, right in described if left in ("chill", "rigor")} == {
        "sign that is a kind of symptom"
    }


def test_a_pair_that_two_concepts_share_comes_once(small: Index) -> None:
    for seed in range(5):
        names = [frozenset(p[1:]) for p in texts(PairSource(small.store), seed=seed)]
        assert names.count(frozenset({"common cold", "coryza"})) <= 1


def test_what_two_concepts_share_is_labelled_with_both(small: Index) -> None:
    both = [
        p.left_labels
        for seed in range(5)
        for p in PairSource(small.store).pairs(seed=seed, epoch=0)
        if p.left == "coryza"
    ]
    assert both
    assert all(len(labels) == 2 for labels in both)


def test_same_seed_same_stream_and_another_epoch_another(diseases: Index) -> None:
    source = PairSource(diseases.store)
    assert texts(source, seed=3) == texts(source, seed=3)
    assert texts(source, seed=3) != texts(source, seed=4)
    assert texts(source, seed=3, epoch=1) != texts(source, seed=3)


def test_pools_are_the_stream_in_parts(diseases: Index) -> None:
    source = PairSource(diseases.store)
    pools = list(source.pools(7, seed=1, epoch=0))
    assert {len(pool) for pool in pools[:-1]} == {7}
    assert [pair for pool in pools for pair in pool] == list(source.pairs(seed=1, epoch=0))


def test_a_held_out_name_is_in_no_pair(diseases: Index) -> None:
    row = diseases.store.name_rows(diseases.store.find("D:0001") or 0)[0]
    name = diseases.store.normal(row)
    assert any(name in pair for pair in texts(PairSource(diseases.store)))
    source = PairSource(diseases.store, held_out=frozenset([row]))
    for seed in range(3):
        assert not any(name in pair[1:] for pair in texts(source, seed=seed))
    assert name not in list(source.texts(seed=0, epoch=0))


def test_a_concept_gives_no_more_name_pairs_than_asked(diseases: Index) -> None:
    source = PairSource(diseases.store, names_per_concept=1, definitions=False, descriptions=False)
    found = texts(source)
    assert {kind for kind, _, _ in found} == {"name"}
    # 32 diseases, and the 12 other concepts that have two names or more.
    assert len(found) == 32 + 12


def test_each_name_is_read_once_for_the_distillation(small: Index) -> None:
    found = list(PairSource(small.store).texts(seed=0, epoch=0))
    assert sorted(found) == sorted(
        [*small.store.normals(0, small.store.n_names), "a raised temperature."]
    )


def test_a_pair_without_a_common_concept_is_refused() -> None:
    with pytest.raises(ValueError, match="without a concept in common"):
        Pair("name", "fever", "cold", frozenset([1]), frozenset([2]))

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from cases import build, concept

from linker.index import Index
from linker.train.descriptions import Descriptions
from linker.train.losses import shared
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
    # And with the name itself.
    assert all(len(labels) == 3 for labels in both)


def test_equal_texts_are_never_each_others_negatives(tmp_path: Path) -> None:
    index = build(
        tmp_path / "same",
        [
            concept("A:1", "Fever", "Pyrexia", definition="A sign of illness."),
            concept("A:2", "Chill", "Rigor", definition="A sign of illness."),
        ],
    )
    pairs = list(PairSource(index.store).pairs(seed=0, epoch=0))
    texts = [p.left for p in pairs] + [p.right for p in pairs]
    same = shared([p.left_labels for p in pairs] + [p.right_labels for p in pairs])
    one, other = (i for i, text in enumerate(texts) if text == "a sign of illness.")
    assert same[one, other]
    # Of names, those of one concept alone are.
    fever, chill = (
        [i for i, t in enumerate(texts) if t in names]
        for names in (("fever", "pyrexia"), ("chill", "rigor"))
    )
    assert same[np.ix_(fever, fever)].all()
    assert not same[np.ix_(fever, chill)].any()


def test_a_code_of_many_concepts_makes_them_not_one(tmp_path: Path) -> None:
    index = build(
        tmp_path / "codes",
        [
            concept("A:1", "Endometritis", "Inflammation of endometrium", xrefs=["DO:BH", "I:1"]),
            concept("A:2", "Leiomyoma", "Fibroid", xrefs=["DO:BH"]),
            concept("A:3", "Asthma", "Bronchial asthma", xrefs=["DO:BH"]),
            concept("A:9", "Womb inflamed", "Inflamed womb", xrefs=["I:1"]),
        ],
    )
    labels = {p.left: p.left_labels for p in PairSource(index.store).pairs(seed=0, epoch=0)}
    endometritis, leiomyoma, asthma, womb = (
        next(labels[text] for text in labels if text in names)
        for names in (
            ("endometritis", "inflammation of endometrium"),
            ("leiomyoma", "fibroid"),
            ("asthma", "bronchial asthma"),
            ("womb inflamed", "inflamed womb"),
        )
    )
    assert not endometritis & leiomyoma
    assert not leiomyoma & asthma
    # One concept under an old id and a new one, or of two terminologies.
    assert endometritis & womb


def test_siblings_are_not_drawn_to_one_sentence(tmp_path: Path) -> None:
    index = build(
        tmp_path / "siblings",
        [
            concept("A:1", "Angina", types=["disease"], parents=["A:8", "A:9"]),
            concept("A:2", "Infarction", types=["disease"], parents=["A:8"]),
            concept("A:3", "Murmur", types=["sign"], parents=["A:8"]),
            concept("A:4", "Variant angina", types=["disease"], parents=["A:1"]),
            concept("A:8", "Heart disease"),
            concept("A:9", "Pain"),
        ],
    )
    store, descriptions = index.store, Descriptions(index.store)
    found = {store.concept_id(row): descriptions.of(row, store.concept(row)) for row in range(6)}
    assert found == {
        "A:1": [
            "Heart disease that is also a kind of Pain",
            "Pain that is also a kind of Heart disease",
            "Heart disease that includes Variant angina",
            "Pain that includes Variant angina",
            "disease that is a kind of Pain",
        ],
        "A:2": [],
        "A:3": ["sign that is a kind of Heart disease"],
        "A:4": ["disease that is a kind of Angina"],
        "A:8": [],
        "A:9": [],
    }


def test_a_sentence_is_of_one_concept_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    concepts = [
        concept(
            f"A:{i:03}",
            f"Thing {i}",
            types=[str(rng.choice(["disease", "sign"]))],
            parents=sorted({f"A:{p:03}" for p in rng.integers(0, max(i, 1), 3) if p < i}),
        )
        for i in range(60)
    ]
    store = build(tmp_path / "random", concepts).store
    descriptions = Descriptions(store)
    counts = Counter(text for row in range(60) for text in descriptions.of(row, store.concept(row)))
    assert len(counts) > 100
    assert set(counts.values()) == {1}


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

from __future__ import annotations

import numpy as np
import pytest
from cases import FakeEncoder

from linker.encoder import load_encoder
from linker.index import Index
from linker.train.dev import hold_out
from linker.train.similarity import general_similarity, read_similarity


def test_the_sentences_are_graded_over_the_whole_scale() -> None:
    grades, left, right = read_similarity()
    assert set(grades) == {0, 1, 2, 3, 4, 5}
    assert len(set(left) | set(right)) == 2 * len(grades)


def test_the_check_orders_an_encoder_that_knows_above_one_that_does_not() -> None:
    def knows(texts: list[str]) -> np.ndarray:
        angles = {}
        for grade, left, right in zip(*read_similarity(), strict=True):
            angles[left], angles[right] = 0.0, (5 - grade) / 5
        return np.array([[np.cos(angles[t]), np.sin(angles[t])] for t in texts], dtype=np.float32)

    assert general_similarity(knows) == pytest.approx(100)
    assert general_similarity(FakeEncoder().encode) < 90


@pytest.mark.model
def test_the_embedded_encoder_knows_everyday_likeness() -> None:
    assert general_similarity(load_encoder("minilm", device="cpu").encode) > 85


def test_held_out_names_are_found_again_by_what_made_the_index(diseases: Index) -> None:
    dev = hold_out(diseases, 6, seed=0)
    assert len(dev.queries) == 6
    assert not set(dev.queries) & set(dev.names)
    for query, answer in zip(dev.queries, dev.answers, strict=True):
        assert query in [diseases.store.normal(row) for row in diseases.store.name_rows(answer)]
    first, fifth = dev.measure(FakeEncoder().encode)
    assert 0 < first <= fifth <= 100


def test_no_more_than_a_twentieth_is_held_out(diseases: Index) -> None:
    assert len(hold_out(diseases, 10_000, seed=0).rows) == diseases.store.n_names // 20
    assert hold_out(diseases, 0, seed=0).queries == ()

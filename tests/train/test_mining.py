from __future__ import annotations

import numpy as np

from linker.train.mining import mine
from linker.train.pairs import Pair


def pair(name: str, *concepts: int) -> Pair:
    labels = frozenset(concepts)
    return Pair("name", name, f"{name} again", labels, labels)


def on_circle(degrees: list[float]) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_near_pairs_of_different_concepts_lie_together() -> None:
    pool = [pair("a", 1), pair("b", 2), pair("c", 3), pair("d", 4)]
    for seed in range(5):
        order = mine(
            pool, on_circle([0, 90, 2, 93]), group=2, rng=np.random.default_rng(seed)
        ).tolist()
        assert {frozenset(order[:2]), frozenset(order[2:])} == {
            frozenset({0, 2}),
            frozenset({1, 3}),
        }


def test_names_of_one_concept_are_not_put_together() -> None:
    # 0 and 1 are nearest, but share a concept: each is with its next.
    pool = [pair("a", 1), pair("b", 1, 2), pair("c", 3), pair("d", 4)]
    for seed in range(5):
        order = mine(
            pool, on_circle([0, 1, -5, 6]), group=2, rng=np.random.default_rng(seed)
        ).tolist()
        assert sorted(order) == [0, 1, 2, 3]
        assert frozenset({0, 1}) not in {frozenset(order[:2]), frozenset(order[2:])}


def test_without_groups_the_order_is_chance() -> None:
    pool = [pair(str(i), i) for i in range(20)]
    order = mine(pool, np.zeros((20, 1), np.float32), group=1, rng=np.random.default_rng(0))
    assert sorted(order.tolist()) == list(range(20))
    assert order.tolist() != list(range(20))

"""Trees as plain numbers: every row ends in the leaf that a walk from the root ends in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.link.ranking.features import FEATURES
from linker.link.ranking.trees import MAX_LEAVES, Tree, Trees, shipped_trees

# "a" at most 1? If so: "b" at most a half? 1, or else: "a" at most -2? 4, or else 7. If not: 9.
BY_HAND = Tree(
    feature=(0, 1, 0),
    threshold=(1.0, 0.5, -2.0),
    left=(1, -1, -2),
    right=(-4, 2, -3),
    values=(1.0, 4.0, 7.0, 9.0),
)


def walk(tree: Tree, row: list[float]) -> float:
    node = 0 if tree.feature else -1
    while node >= 0:
        below = row[tree.feature[node]] <= tree.threshold[node]
        node = (tree.left if below else tree.right)[node]
    return tree.values[-1 - node]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ([1.0, 0.5], 1.0),
        ([-3.0, 0.6], 4.0),
        ([-2.0, 0.6], 4.0),
        ([0.0, 0.6], 7.0),
        ([1.5, 0.0], 9.0),
    ],
)
def test_by_hand(row: list[float], value: float) -> None:
    assert Trees(["a", "b"], [BY_HAND])(np.array([row])) == [value]
    assert Trees(["a", "b"], [BY_HAND, BY_HAND])(np.array([row])) == [2 * value]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """A tree of up to 32 leaves over three features, of any shape."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    values: list[float] = []
    budget = draw(st.integers(0, 31))

    def grow(depth: int) -> int:
        nonlocal budget
        if budget == 0 or depth == 9 or (draw(st.booleans()) and depth):
            values.append(float(draw(st.integers(-9, 9))))
            return -len(values)
        budget -= 1
        place = len(feature)
        feature.append(draw(st.integers(0, 2)))
        threshold.append(draw(st.integers(-4, 4)) / 2)
        left.append(0)
        right.append(0)
        left[place] = grow(depth + 1)
        right[place] = grow(depth + 1)
        return place

    grow(0)
    return Tree(*map(tuple, (feature, threshold, left, right, values)))


@given(
    st.lists(trees(), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(-5, 5).map(lambda n: n / 2), min_size=3, max_size=3), min_size=1),
)
def test_a_walk_from_the_root_ends_in_the_same_leaf(
    forest: list[Tree], rows: list[list[float]]
) -> None:
    found = Trees(["a", "b", "c"], forest)(np.array(rows))
    assert found.tolist() == [sum(walk(tree, row) for tree in forest) for row in rows]


def steps(n_leaves: int) -> Tree:
    """The leaf of a row is the first whole number from 0 that "a" does not exceed, or the last."""
    n = n_leaves - 1
    return Tree(
        feature=(0,) * n,
        threshold=tuple(map(float, range(n))),
        left=tuple(-1 - leaf for leaf in range(n)),
        right=(*range(1, n), -1 - n),
        values=tuple(map(float, range(n_leaves))),
    )


def test_as_many_leaves_as_a_mask_has_bits_and_more_rows_than_are_taken_at_a_time() -> None:
    leaves = np.arange(300) % MAX_LEAVES
    found = Trees(["a"], [steps(MAX_LEAVES)])(leaves[:, None] - 0.5)
    assert found.tolist() == leaves.tolist()


def test_too_many_leaves_are_refused() -> None:
    with pytest.raises(ValueError, match="a tree of 33 leaves; at most 32"):
        Trees(["a"], [steps(MAX_LEAVES + 1)])


def test_what_ships_knows_our_features() -> None:
    shipped = shipped_trees()
    assert shipped.features == FEATURES
    near, far = np.zeros((2, len(FEATURES)))
    near[FEATURES.index("names")] = far[FEATURES.index("names")] = 2.0
    far[FEATURES.index("distance")] = far[FEATURES.index("gap")] = 8.0
    values = shipped(np.array([near, far]))
    assert values[0] > values[1]
    # A row's value does not depend on its neighbours, to the last bit.
    assert shipped(np.array([far])).tolist() == [values[1]]

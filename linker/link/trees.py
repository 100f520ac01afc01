"""Boosted regression trees as plain numbers: a sum of trees, evaluated many rows at a time.

After QuickScorer (Lucchese et al., SIGIR 2015): each inner node has a bit mask of the leaves that
it still allows when its question is answered with "more"; all masks of a row and a tree are joined
by AND, and the lowest bit left is the leaf. For each feature the masks are joined beforehand,
interval by interval between its thresholds, so that a row costs one look-up a feature, whatever
the depth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
MAX_LEAVES = 64
_BLOCK = 512
"""Rows evaluated at a time: their masks stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree, its inner nodes before their children; children below 0 are leaves (-1 - leaf).

    Attributes:
        feature, threshold: of each inner node: "is the feature at most the threshold?"
        left, right: where to go on: if so, and if not.
        values: of each leaf, the leaves numbered from left to right.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    values: tuple[float, ...]


class Trees:
    """A sum of trees over named features.

    Args:
        features: their names, in the order of the columns of a matrix.
        trees: at least one, each of at most `MAX_LEAVES` leaves.
    """

    def __init__(self, features: Sequence[str], trees: Sequence[Tree]) -> None:
        self.features = tuple(features)
        self._edges: list[Floats] = []
        self._masks: list[npt.NDArray[np.uint64]] = []
        width = max(len(tree.values) for tree in trees)
        if width > MAX_LEAVES:
            raise ValueError(f"a tree of {width} leaves; at most {MAX_LEAVES}")
        self._values = np.zeros((len(trees), width))
        for i, tree in enumerate(trees):
            self._values[i, : len(tree.values)] = tree.values
        questions: list[list[tuple[float, int, int]]] = [[] for _ in self.features]
        for i, tree in enumerate(trees):
            for node, feature in enumerate(tree.feature):
                first, last = _leaves(tree, tree.left[node])
                removed = sum(1 << leaf for leaf in range(first, last + 1))
                questions[feature].append((tree.threshold[node], i, removed))
        for asked in questions:
            edges = sorted({threshold for threshold, _, _ in asked})
            masks = np.full((len(edges) + 1, len(trees)), _ALL)
            for threshold, i, removed in asked:
                # Above its threshold a node allows nothing on its left.
                masks[edges.index(threshold) + 1 :, i] &= ~np.uint64(removed)
            self._edges.append(np.array(edges))
            self._masks.append(masks)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trees:
        """The trees of a JSON object: {"features": [...], "trees": [{"feature": [...], ...}]}."""
        return cls(
            data["features"],
            [Tree(**{key: tuple(tree[key]) for key in Tree.__slots__}) for tree in data["trees"]],
        )

    def __call__(self, rows: Floats) -> Floats:
        """The sum of the trees for each row.

        Args:
            rows: shape (n, features), float64.

        Returns:
            Shape (n,), float64. A row's value does not depend on the others, to the last bit.
        """
        blocks = [self._sums(rows[at : at + _BLOCK]) for at in range(0, len(rows), _BLOCK)]
        return np.concatenate([np.zeros(0), *blocks])

    def _sums(self, rows: Floats) -> Floats:
        allowed = np.full((len(rows), len(self._values)), _ALL)
        for column, (edges, masks) in enumerate(zip(self._edges, self._masks, strict=True)):
            if len(edges):
                allowed &= masks[np.searchsorted(edges, rows[:, column], side="left")]
        lowest = allowed & (~allowed + np.uint64(1))
        # A power of two is exact in floating point, and so is its exponent.
        leaf = np.frexp(lowest.astype(np.float64))[1] - 1
        values: Floats = self._values[np.arange(len(self._values)), leaf].sum(axis=1)
        return values


def _leaves(tree: Tree, node: int) -> tuple[int, int]:
    """The first and the last leaf below a node or leaf."""
    first = last = node
    while first >= 0:
        first = tree.left[first]
    while last >= 0:
        last = tree.right[last]
    return -1 - first, -1 - last


@lru_cache(maxsize=1)
def shipped_trees() -> Trees:
    """The ranker that comes with the package: see `benchmarks/fit_ranker.py`."""
    source = resources.files(__package__) / "data/ranker.json"
    return Trees.from_json(json.loads(source.read_text(encoding="utf-8")))

"""Boosted regression trees as plain numbers: a sum of trees, evaluated many rows at a time.

After QuickScorer (Lucchese et al., SIGIR 2015): each inner node has a bit mask of the leaves that
it still allows when its question is answered with "more"; all masks of a row and a tree are joined
by AND, and the lowest bit left is the leaf. For each feature the masks are joined beforehand,
interval by interval between its thresholds, so that a row costs one look-up a feature, whatever
the depth. Features of few thresholds (most answer yes or no) share one look-up.
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

from linker.link.arrays import Floats

Masks = npt.NDArray[np.int32]
MAX_LEAVES = 32
_ALL = -1
"""The mask that allows every leaf."""
_BLOCK = 128
"""Rows evaluated at a time: their masks stay in the processor's cache."""
_SHARED = 256
"""Rows that the table of a look-up may have for features to share it: it stays in the cache too."""


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
        width = max(len(tree.values) for tree in trees)
        if width > MAX_LEAVES:
            raise ValueError(f"a tree of {width} leaves; at most {MAX_LEAVES}")
        values = np.zeros((len(trees), width))
        for i, tree in enumerate(trees):
            values[i, : len(tree.values)] = tree.values
        self._values = values.ravel()
        # Of each tree: where its values begin, less what an exponent of 0 is written as.
        self._first = (np.arange(len(trees)) * width - 127).astype(np.int32)
        self._lookups = _lookups(_questions(trees, len(self.features)), len(trees))

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
        allowed = np.full((len(rows), len(self._first)), _ALL, dtype=np.int32)
        for lookup in self._lookups:
            allowed &= lookup(rows)
        lowest = allowed & -allowed
        # A power of two is exact in floating point, and its exponent says which it is.
        leaf = lowest.astype(np.float32).view(np.int32)
        leaf >>= 23
        leaf &= 0xFF
        leaf += self._first
        sums: Floats = self._values.take(leaf).sum(axis=1)
        return sums


@dataclass(slots=True)
class _Lookup:
    """What the answers to the questions about some features leave of each tree.

    Attributes:
        columns: the features; the intervals of the last one run fastest in `masks`.
        edges: of each, its thresholds, ascending.
        masks: shape (intervals of them all, trees), int32.
    """

    columns: list[int]
    edges: list[Floats]
    masks: Masks

    def __call__(self, rows: Floats) -> Masks:
        at = np.zeros(len(rows), dtype=np.int64)
        for column, edges in zip(self.columns, self.edges, strict=True):
            at *= len(edges) + 1
            at += np.searchsorted(edges, rows[:, column], side="left")
        masks: Masks = self.masks.take(at, axis=0)
        return masks

    def __add__(self, other: _Lookup) -> _Lookup:
        """One for the features of both."""
        masks = (self.masks[:, None] & other.masks).reshape(-1, self.masks.shape[1])
        return _Lookup(self.columns + other.columns, self.edges + other.edges, masks)


_Question = tuple[float, int, int]
"""A threshold, the tree, and the leaves that are not allowed above it, as bits."""


def _questions(trees: Sequence[Tree], n_features: int) -> list[list[_Question]]:
    """What the trees ask, feature by feature."""
    questions: list[list[_Question]] = [[] for _ in range(n_features)]
    for i, tree in enumerate(trees):
        for node, feature in enumerate(tree.feature):
            # Above its threshold a node allows nothing on its left.
            first, last = _leaves(tree, tree.left[node])
            removed = sum(1 << leaf for leaf in range(first, last + 1))
            questions[feature].append((tree.threshold[node], i, removed))
    return questions


def _lookups(questions: Sequence[Sequence[_Question]], n_trees: int) -> list[_Lookup]:
    """One for each feature that is asked about; features of few thresholds share one."""
    lookups: list[_Lookup] = []
    for column, asked in enumerate(questions):
        edges = sorted({threshold for threshold, _, _ in asked})
        masks = np.full((len(edges) + 1, n_trees), _ALL, dtype=np.int32)
        for threshold, i, removed in asked:
            # As a signed number of 32 bits.
            masks[edges.index(threshold) + 1 :, i] &= ~removed
        if edges:
            lookups.append(_Lookup([column], [np.array(edges)], masks))
    shared: list[_Lookup] = []
    for lookup in sorted(lookups, key=lambda lookup: len(lookup.masks)):
        if shared and len(shared[-1].masks) * len(lookup.masks) <= _SHARED:
            shared[-1] += lookup
        else:
            shared.append(lookup)
    return shared


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

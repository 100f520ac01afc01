"""Hard negatives: pairs whose texts the encoder of the moment takes for near, put into one batch.

SapBERT mines its hard pairs within random batches (Liu et al. 2021, section 2); among random
names few are hard. Here a pool of many thousand pairs is searched first, as ANCE does with its
index (Xiong et al., ICLR 2021), and near ones of different concepts come to lie together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from linker.index import Vectors
from linker.train.pairs import Pair

NEIGHBOURS = 16
Order = npt.NDArray[np.int64]


def mine(
    pool: Sequence[Pair], vectors: npt.NDArray[np.float32], *, group: int, rng: np.random.Generator
) -> Order:
    """Order a pool so that each stretch of `group` pairs holds near pairs of different concepts.

    Args:
        pool: at least one pair.
        vectors: shape (len(pool), dim): of the left texts, unit rows.
        group: pairs that lie together, at least 1; a group may be smaller, where too few are near.
        rng: for the order of the groups, and whom each begins with.

    Returns:
        Each index of the pool once.
    """
    if group == 1:
        return rng.permutation(len(pool))
    found = Vectors.build("Flat", vectors.shape[1], [vectors])
    _, near = found.search(vectors, NEIGHBOURS)
    free = np.ones(len(pool), dtype=np.bool_)
    groups = []
    for first in rng.permutation(len(pool)).tolist():
        if not free[first]:
            continue
        members, labels = [first], set(_labels(pool[first]))
        free[first] = False
        for other in near[first].tolist():
            if len(members) == group:
                break
            # A pair of a concept that is there already would be no negative.
            if free[other] and labels.isdisjoint(_labels(pool[other])):
                members.append(other)
                labels |= _labels(pool[other])
                free[other] = False
        groups.append(members)
    order = [index for i in rng.permutation(len(groups)).tolist() for index in groups[i]]
    return np.array(order, dtype=np.int64)


def _labels(pair: Pair) -> frozenset[int]:
    return pair.left_labels | pair.right_labels

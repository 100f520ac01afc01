"""A check that general language is not forgotten: everyday sentences of graded likeness.

The pairs of `data/similarity.tsv` were written for this check and graded by the scale of the STS
tasks (Agirre et al., SemEval 2012): 5 the same, 4 but for a detail, 3 roughly, 2 the same topic
and some detail, 1 the same topic, 0 nothing in common. It shows a fall, not a rank among models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linker.checked import shipped_rows
from linker.encoder import Vectors
from linker.text import normalise


def general_similarity(encode: Callable[[Sequence[str]], Vectors]) -> float:
    """Spearman's rank correlation of cosines and grades, times 100, in [-100, 100]."""
    from scipy.stats import spearmanr  # Takes a second.

    grades, left, right = read_similarity()
    cosines = (encode(left) * encode(right)).sum(axis=1)
    return 100 * float(spearmanr(cosines, grades).statistic)


def read_similarity() -> tuple[list[float], list[str], list[str]]:
    """Grades in [0, 5], and the two sentences of each pair, normalised."""
    rows = shipped_rows(__package__, "similarity.tsv")
    return (
        [float(grade) for grade, _, _ in rows],
        [normalise(left) for _, left, _ in rows],
        [normalise(right) for _, _, right in rows],
    )

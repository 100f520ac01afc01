"""What share of the true neighbours a search finds, and how hard it must look to find enough.

Queries are stored vectors moved a little, as a mention is a name written differently; the truth is
every stored vector compared. No clock decides anything, so that a build can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from linker.index.vectors.effort import Effort
from linker.index.vectors.half import BLOCK, Floats
from linker.index.vectors.vectors import Cosines, Vectors

QUERIES = 500
NEAREST = 10
MOVED_TO = 0.9
"""The cosine of a query and the stored vector it was made of. Real names of MeSH and HPO under
MiniLM are at .96 from their nearest name in the median, at .89 at the first quartile."""
REFINES = (20, 50, 100, 200, 400)
_TIES = 1e-5
"""Two summation orders of one product differ by less."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Held-out queries and the cosines of their true neighbours.

    Attributes:
        queries: shape (m, dim).
        cosines: shape (m, n), in any order; n is `NEAREST`, or how many vectors there are.
    """

    queries: Floats
    cosines: npt.NDArray[np.float32]

    def recall(self, scores: Cosines) -> float:
        """The share of true neighbours that were found, in [0, 1].

        Args:
            scores: exact cosines of what was found, shape (m, any), any order; -1 for an empty
                place. A neighbour that ties with the last true one counts, but not for a nearer
                one.
        """
        n = self.cosines.shape[1]
        last = self.cosines.min(axis=1, keepdims=True)
        found = (scores >= last - _TIES).sum(axis=1)
        nearer = (self.cosines > last + 2 * _TIES).sum(axis=1)
        missed = np.maximum(nearer - (scores > last + _TIES).sum(axis=1), 0)
        return float(np.minimum(found, n - missed).mean() / n)


def held_out(vectors: Vectors, *, size: int = QUERIES) -> Floats:
    """Stored vectors moved by seeded noise: the same queries for the same vectors."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(vectors), size=min(size, len(vectors)), replace=False))
    stored = vectors.take(rows)
    noise = rng.standard_normal(stored.shape, dtype=np.float32)
    noise -= (noise * stored).sum(axis=1, keepdims=True) * stored
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-9)
    moved = MOVED_TO * stored + np.float32((1 - MOVED_TO**2) ** 0.5) * noise
    unit: Floats = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def exact(
    vectors: Vectors, queries: Floats, *, advance: Callable[[int], None] | None = None
) -> Truth:
    """Compare every stored vector with every query, block by block."""
    n = min(NEAREST, len(vectors))
    best = np.full((len(queries), n), -np.inf, dtype=np.float32)
    for start in range(0, len(vectors), BLOCK):
        block = vectors.take(np.arange(start, min(start + BLOCK, len(vectors))))
        products = queries @ block.T
        # Most blocks hold no better one for most queries.
        better = np.flatnonzero((products > best.min(axis=1, keepdims=True)).any(axis=1))
        both = np.hstack([best[better], products[better]])
        best[better] = np.partition(both, -n, axis=1)[:, -n:]
        if advance is not None:
            advance(len(block))
    return Truth(queries, best)


def tune(vectors: Vectors, truth: Truth, *, asked: float) -> tuple[Effort, float]:
    """The least effort that finds the share of neighbours asked for, and the share that it finds.

    Lists and graph are searched harder, twice at a time, until the best `REFINES` allow finds
    enough; then the fewest candidates that still do are kept. Where nothing does, the hardest.
    """
    effort, found = Effort(), 0.0
    for effort in _ladder(vectors):
        vectors.look(effort)
        if not vectors.is_refined:
            found = truth.recall(vectors.search(truth.queries, NEAREST)[0])
            if found >= asked:
                break
            continue
        for refine, found in _by_refine(vectors, truth):
            effort = replace(effort, refine=refine)
            if found >= asked:
                break
        if found >= asked:
            break
    vectors.look(effort)
    return effort, found


def _ladder(vectors: Vectors) -> list[Effort]:
    if (n_lists := vectors.n_lists) is not None:
        steps = [1 << i for i in range((n_lists - 1).bit_length() + 1)]
        return [Effort(nprobe=min(step, n_lists)) for step in steps if step <= 1024]
    if vectors.has_graph:
        return [Effort(ef_search=step) for step in (16, 32, 64, 128, 256, 512)]
    return [Effort()]


def _by_refine(vectors: Vectors, truth: Truth) -> list[tuple[int, float]]:
    """The recall with each number of candidates. FAISS is asked once, for the most."""
    rows = vectors.candidates(truth.queries, min(REFINES[-1], len(vectors)))
    scores = np.full(rows.shape, -1.0)
    for i, query in enumerate(truth.queries):
        kept = rows[i] >= 0
        scores[i, kept] = vectors.cosines(query, rows[i, kept])
    return [(refine, truth.recall(scores[:, :refine])) for refine in REFINES]

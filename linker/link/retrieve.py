"""Queries to name rows: the lexicon and the vectors propose, and every proposal has a cosine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from linker.encoder import Encoder
from linker.index import MAX_WORDS, Index
from linker.text import bag_hash, normalise, words


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name proposed for a query.

    Attributes:
        row: the name's row in the index.
        score: the cosine of the query and the name, in [-1, 1].
        exact: the query's normal form is the name.
        same_words: the query has the name's words, in any order and inflection.
    """

    row: int
    score: float
    exact: bool
    same_words: bool


class Retriever:
    """Proposes names for queries.

    Args:
        index: the index to search.
        encoder: gives the encoder; called at the first query that is no name of the index.
    """

    def __init__(self, index: Index, encoder: Callable[[], Encoder]) -> None:
        self._index = index
        self._encoder = encoder

    def retrieve(self, queries: Sequence[str], *, n: int) -> list[list[NameHit]]:
        """The names nearest to each query.

        A query that is a name takes that name's stored vector: no encoder runs for it.

        Args:
            queries: any strings.
            n: how many neighbours to look for; names with the same words come on top of these.

        Returns:
            For each query its hits, best first, ties by row; none for a query without any
            character that the encoder reads.
        """
        normals = [normalise(query) for query in queries]
        distinct = sorted({normal for normal in normals if normal})
        if not distinct:
            return [[] for _ in queries]
        same = self._same_words(distinct)
        exact = [
            next((row for row in rows if self._index.store.normal(row) == normal), None)
            for normal, rows in zip(distinct, same, strict=True)
        ]
        vectors = self._vectors(distinct, exact)
        scores, neighbours = self._index.vectors.search(vectors, n)
        hits = {
            normal: self._merge(vectors[i], exact[i], same[i], scores[i], neighbours[i])
            for i, normal in enumerate(distinct)
        }
        return [hits.get(normal, []) for normal in normals]

    def _same_words(self, normals: Sequence[str]) -> list[list[int]]:
        hashes = np.zeros(len(normals), dtype=np.uint64)
        stems = [[word.stem for word in words(normal) if word.stem] for normal in normals]
        for i, bag in enumerate(stems):
            if len(bag) <= MAX_WORDS:
                hashes[i] = bag_hash(bag)
        found: list[list[int]] = [[] for _ in normals]
        for query, row in zip(*self._index.lexicon.find(hashes), strict=True):
            # The hash proposes; the words decide.
            name = [word.stem for word in words(self._index.store.normal(row)) if word.stem]
            if sorted(name) == sorted(stems[query]):
                found[query].append(int(row))
        return found

    def _vectors(
        self, normals: Sequence[str], exact: Sequence[int | None]
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        vectors = np.empty((len(normals), self._index.manifest.encoder.dim), dtype=np.float32)
        known = [i for i, row in enumerate(exact) if row is not None]
        if known:
            vectors[known] = self._index.vectors.take(np.array([exact[i] for i in known]))
        unknown = [i for i, row in enumerate(exact) if row is None]
        if unknown:
            vectors[unknown] = self._encoder().encode([normals[i] for i in unknown])
        return vectors

    def _merge(
        self,
        vector: np.ndarray[tuple[int], np.dtype[np.float32]],
        exact: int | None,
        same: list[int],
        scores: np.ndarray[tuple[int], np.dtype[np.float64]],
        neighbours: np.ndarray[tuple[int], np.dtype[np.int64]],
    ) -> list[NameHit]:
        cosines = {
            int(row): float(score)
            for row, score in zip(neighbours, scores, strict=True)
            if row >= 0
        }
        missing = [row for row in same if row not in cosines]
        if missing:
            found = self._index.vectors.cosines(vector, np.array(missing))
            cosines.update(zip(missing, found.tolist(), strict=True))
        if exact is not None:
            cosines[exact] = 1.0
        hits = [
            NameHit(row, score, exact=row == exact, same_words=row in same)
            for row, score in cosines.items()
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.row))

"""The vectors of the names, searched by FAISS; its indexes are made in `faiss_index`.

Inner product of unit vectors: every number that leaves here is a cosine, higher is better. Kinds
that keep vectors (Flat, HNSW32), if in half precision (HNSW32,SQfp16), are one file. The others
keep codes (RaBitQ, PQ, SQ8): these propose candidates, whose cosines come from a second file,
`half.HalfVectors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from linker.errors import ConfigError, IndexFolderError
from linker.index.vectors.effort import Effort
from linker.index.vectors.faiss_index import (
    halves_of,
    has_graph,
    inverted_file,
    is_flat,
    make,
    opened,
    scan,
    train_on,
    walk,
    write,
)
from linker.index.vectors.half import Floats, HalfVectors, Rows, refuse_absent, unit

Cosines = npt.NDArray[np.float64]

_STORED_WITHIN = 0.001
"""How far a number of a stored vector may be from what was added: half precision: .0005."""
_TOGETHER = 16
"""Queries given to FAISS at a time where it looks for candidates. From 20 on it finds the nearest
lists by a matrix product, which moves the seventh digit, and so, once in a while, the last list."""
_PRODUCT = 6
"""From so many queries on, exact search multiplies matrices: see `faiss_index.scan`."""
_SPARE = 8
"""Candidates beyond those asked for that exact search takes along: products of matrices err in the
seventh digit, and the cosines, in double precision, say which are the nearest."""
REFINE = 100
"""Candidates compared exactly where nothing was tuned."""


class Vectors:
    """Unit vectors, one a distinct name, row for row with `names.arrow`.

    Args:
        index: FAISS's own.
        half: the vectors, where `index` does not keep them.
        effort: how hard to look; None leaves a kind at its default.
    """

    def __init__(
        self, index: Any, half: HalfVectors | None = None, effort: Effort | None = None
    ) -> None:
        self._index: Any = index
        self._half = half
        self.effort = Effort()
        if half is not None and (len(half), half.dim) != (int(index.ntotal), int(index.d)):
            raise IndexFolderError(
                f"{index.ntotal} codes of {index.d} dimensions beside {len(half)} half-precision "
                f"vectors of {half.dim}; rebuild the index"
            )
        self.look(Effort() if effort is None else effort)

    @classmethod
    def build(cls, kind: str, dim: int, shards: Iterable[Floats]) -> Vectors:
        """Make an index that keeps vectors, of shards of rows, in their order.

        Args:
            kind: a FAISS factory string that needs no training ("Flat", "HNSW32").
            dim: the length of a row.
            shards: each of shape (n, dim), float32, unit rows.

        Raises:
            ConfigError: FAISS does not know `kind`, or it cannot take rows shard by shard, or it
                does not give them back as they are.
        """
        index = make(kind, dim)
        if not index.is_trained:
            raise ConfigError(f"index kind {kind!r} needs training and a file of vectors")
        vectors = cls(index)
        try:
            for shard in shards:
                index.add(np.ascontiguousarray(shard, dtype=np.float32))
                # Scores come from stored vectors, so those that are only roughly kept are no use.
                stored = vectors.take(np.arange(len(vectors) - len(shard), len(vectors)))
                if not np.allclose(stored, shard, rtol=0, atol=_STORED_WITHIN):
                    raise ConfigError(f"index kind {kind!r} does not keep vectors as they are")
        except RuntimeError as error:
            raise ConfigError(
                f"index kind {kind!r} cannot take vectors part by part and give them back; "
                'use "Flat", "HNSW32" or "IVF,RaBitQ"'
            ) from error
        return vectors

    @classmethod
    def build_coded(
        cls,
        kind: str,
        half: HalfVectors,
        *,
        trained: Path,
        train: Callable[[int], Callable[[int], None]],
        add: Callable[[int], Callable[[int], None]],
    ) -> Vectors:
        """Make an index that keeps codes of vectors, which lie in a file.

        The training is seeded, and no number depends on how many threads do the work. Codes are
        held in memory until they are saved; vectors are read a block at a time.

        Args:
            kind: a FAISS factory string ("IVF4096,RaBitQ").
            half: the vectors.
            trained: where the trained, empty index is kept, so that a build that was stopped need
                not train again. Taken up if it is there.
            train, add: told how much work a step has; give what to call as it is done.

        Raises:
            ConfigError: the kind cannot be, or there are too few vectors to train it.
            OSError: the trained index cannot be written.
        """
        try:
            index = opened(trained)
        except RuntimeError:
            index = make(kind, half.dim)
            train_on(index, kind, half, train)
            partial = trained.with_name(f"{trained.name}.partial")
            write(index, partial)
            partial.replace(trained)
        advance = add(len(half))
        try:
            for _, block in half.blocks():
                index.add(block)
                advance(len(block))
        except RuntimeError as error:
            raise ConfigError(f"index kind {kind!r} cannot take vectors part by part") from error
        return cls(index, half)

    @classmethod
    def open(cls, path: Path, effort: Effort | None = None, *, half: Path | None = None) -> Vectors:
        """Open an index file, memory-mapped: no vector and no list is read.

        Args:
            path: what `save` wrote.
            effort: how hard to look.
            half: the file of the vectors, where the kind does not keep them.

        Raises:
            IndexFolderError: FAISS cannot read the file, or the two do not belong together.
        """
        try:
            index = opened(path, mapped=True)
        except RuntimeError as error:
            raise IndexFolderError(f"{path}: FAISS cannot read it; rebuild the index") from error
        return cls(index, None if half is None else HalfVectors(half, int(index.d)), effort)

    def save(self, path: Path) -> None:
        """Write the index to a file; `half` is a file already.

        Raises:
            OSError: the file cannot be written in full.
        """
        write(self._index, path)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

    @property
    def is_refined(self) -> bool:
        """Whether FAISS has codes, and the vectors are in a file of their own."""
        return self._half is not None

    @property
    def n_lists(self) -> int | None:
        """The lists of an inverted file; None where there is none."""
        lists = inverted_file(self._index)
        return None if lists is None else int(lists.nlist)

    @property
    def has_graph(self) -> bool:
        """Whether the search walks a graph."""
        return has_graph(self._index)

    def look(self, effort: Effort) -> None:
        """Search as hard as `effort` says from now on, in what the kind has of it."""
        lists = inverted_file(self._index)
        if effort.nprobe is not None and lists is not None:
            lists.nprobe = effort.nprobe
        if effort.ef_search is not None and self.has_graph:
            self._index.hnsw.efSearch = effort.ef_search
        self.effort = effort

    def search(self, queries: Floats, n: int) -> tuple[Cosines, Rows]:
        """The nearest names of each query.

        FAISS proposes the rows; the cosines are those of the stored vectors, in double precision.
        Its own scores change in the seventh digit with the number of queries in a batch, which is
        enough to reorder names that an encoder takes for one ("naive", "naïve").

        Args:
            queries: shape (m, dim), float32, unit rows; m may be 0.
            n: how many to look for, at least 1.

        Returns:
            Cosines and rows, each of shape (m, min(n, len(self))), best first, ties by row. A place
            that an approximate search left empty has the row -1 and the cosine -1, and comes last.
        """
        n = min(n, len(self))
        n_found = min(n + _SPARE, len(self)) if self._scans else n
        if self.is_refined:
            # Of many neighbours the last few need some to choose from too.
            refine = REFINE if self.effort.refine is None else self.effort.refine
            n_found = min(max(refine, 2 * n), len(self))
        scores = np.full((len(queries), n), -1.0)
        rows = np.full((len(queries), n), -1, dtype=np.int64)
        found = self.candidates(queries, n_found)
        for i, query in enumerate(queries):
            kept = found[i][found[i] >= 0]
            cosines = self.cosines(query, kept)
            order = np.lexsort((kept, -cosines))[:n]
            scores[i, : len(order)] = cosines[order]
            rows[i, : len(order)] = kept[order]
        return scores, rows

    def candidates(self, queries: Floats, n: int) -> Rows:
        """What FAISS proposes for each query: rows, shape (m, n), its best first, -1 for none."""
        if not len(queries):
            return np.empty((0, n), dtype=np.int64)
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        if self._scans and len(queries) >= _PRODUCT:
            return scan(self._index, queries, n)
        if self.has_graph and not self.is_refined:
            return walk(self._index, queries, n)
        step = _TOGETHER if self.is_refined else len(queries)
        parts = [
            self._index.search(queries[start : start + step], n)[1]
            for start in range(0, len(queries), step)
        ]
        return np.concatenate(parts)

    @property
    def _scans(self) -> bool:
        """Whether a search compares float32 vectors, all of them, with the query."""
        return self._half is None and is_flat(self._index)

    def cosines(self, queries: Floats, rows: Rows) -> Cosines:
        """The cosines of stored vectors and a query, or each with its own: shape (len(rows),).

        They depend on the two vectors alone, to the last bit, not on what else is asked for.

        Args:
            queries: shape (dim,), or (len(rows), dim).
            rows: of the stored vectors.
        """
        # Sums row by row: a matrix product gives equal vectors unequal ones, by where they stand.
        stored = self.take(rows).astype(np.float64)
        asked = np.broadcast_to(queries.astype(np.float64), stored.shape)
        cosines: Cosines = np.clip(np.einsum("nd,nd->n", stored, asked), -1, 1)
        return cosines

    def take(self, rows: Rows) -> Floats:
        """The stored vectors of some rows: shape (len(rows), dim).

        Raises:
            IndexError: a row is not there.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if self._half is not None:
            return self._half.take(rows)
        refuse_absent(rows, len(self))
        if (halves := halves_of(self._index)) is not None:
            return unit(halves[rows])
        return np.asarray(self._index.reconstruct_batch(rows), dtype=np.float32)

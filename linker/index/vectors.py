"""The vectors of the names, searched by FAISS: the one module that imports it.

Inner product of unit vectors: every number that leaves here is a cosine, higher is better.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from linker.errors import ConfigError, IndexFolderError

Floats = npt.NDArray[np.float32]
Cosines = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_STORED_WITHIN = 0.01
"""How far a number of a stored vector may be from what was added: half precision is within .001."""
_BLOCK = 65536
"""Rows compared at a time in an exact search: 200 MB at 768 dimensions."""


class Vectors:
    """Unit vectors, one a distinct name, row for row with `names.arrow`."""

    def __init__(self, index: faiss.Index) -> None:
        self._index = index

    @classmethod
    def build(cls, kind: str, dim: int, shards: Iterable[Floats]) -> Vectors:
        """Make an index of shards of rows, in their order.

        Args:
            kind: a FAISS factory string ("Flat", "HNSW32").
            dim: the length of a row.
            shards: each of shape (n, dim), float32, unit rows.

        Raises:
            ConfigError: FAISS does not know `kind`, or it needs training, or it cannot take rows
                shard by shard, or it cannot give them back.
        """
        try:
            index = faiss.index_factory(dim, kind, faiss.METRIC_INNER_PRODUCT)
        except RuntimeError as error:
            raise ConfigError(
                f"index kind {kind!r} is no FAISS factory string for {dim} dimensions"
            ) from error
        if not index.is_trained:
            raise ConfigError(
                f"index kind {kind!r} needs training, which this version does not do; "
                'use "Flat" or "HNSW32"'
            )
        if isinstance(index, faiss.IndexHNSW):
            n_links = faiss.vector_to_array(index.hnsw.cum_nneighbor_per_level)[-1]
            if n_links < 4:
                # FAISS ends the process.
                raise ConfigError(f'index kind {kind!r} is below the smallest graph, "HNSW2"')
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
                'use "Flat" or "HNSW32"'
            ) from error
        return vectors

    @classmethod
    def open(cls, path: Path) -> Vectors:
        """Open an index file, memory-mapped where its kind allows it.

        Raises:
            IndexFolderError: FAISS cannot read the file.
        """
        try:
            return cls(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))
        except RuntimeError as error:
            raise IndexFolderError(f"{path}: FAISS cannot read it; rebuild the index") from error

    def save(self, path: Path) -> None:
        """Write the index to a file.

        Raises:
            OSError: the file cannot be written in full.
        """
        try:
            faiss.write_index(self._index, str(path))
            # FAISS raises nothing where the disk is full at the last block.
            Vectors.open(path)
        except (RuntimeError, IndexFolderError) as error:
            raise OSError(f"{path}: FAISS cannot write it in full: {error}") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """The length of a vector."""
        return int(self._index.d)

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
        scores = np.full((len(queries), n), -1.0)
        rows = np.full((len(queries), n), -1, dtype=np.int64)
        if not len(queries):
            return scores, rows
        _, found = self._index.search(np.ascontiguousarray(queries, dtype=np.float32), n)
        for i, query in enumerate(queries):
            kept = found[i][found[i] >= 0]
            cosines = self.cosines(query, kept)
            order = np.lexsort((kept, -cosines))
            scores[i, : len(kept)] = cosines[order]
            rows[i, : len(kept)] = kept[order]
        return scores, rows

    def cosines(self, query: Floats, rows: Rows) -> Cosines:
        """The cosines of one query, of shape (dim,), and some stored vectors: shape (len(rows),).

        They depend on the two vectors alone, to the last bit, not on what else is asked for.
        """
        # Sums row by row: a matrix product gives equal vectors unequal ones, by where they stand.
        products = self.take(rows) * query.astype(np.float64)
        cosines: Cosines = np.clip(products.sum(axis=1), -1, 1)
        return cosines

    def take(self, rows: Rows) -> Floats:
        """The stored vectors of some rows: shape (len(rows), dim)."""
        return np.asarray(
            self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64)), dtype=np.float32
        )

    def recall(self, rows: Rows, *, n: int = 10) -> float:
        """The share of the true `n` nearest neighbours of some rows that `search` finds, in [0, 1].

        The truth is brute force over all stored vectors, block by block. A neighbour that ties with
        the last true one counts as found.
        """
        n = min(n, len(self))
        queries = self.take(rows)
        best = np.full((len(queries), n), -np.inf, dtype=np.float32)
        for start in range(0, len(self), _BLOCK):
            block = self.take(np.arange(start, min(start + _BLOCK, len(self))))
            both = np.hstack([best, queries @ block.T])
            best = np.partition(both, -n, axis=1)[:, -n:]
        scores, found = self.search(queries, n)
        # 1e-5: two summation orders of one product differ by less.
        last = best.min(axis=1, keepdims=True) - 1e-5
        return float(((found >= 0) & (scores >= last)).mean())

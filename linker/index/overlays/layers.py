"""A layer of changes over the files of an index, which stay as they are.

Its store is in `store`; its vectors and its lexicon are of the new names alone. So an
overlay is a matter of seconds on an index of any size, and taken off without a trace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from linker.index.arrow import open_table
from linker.index.lexicon import Lexicon
from linker.index.overlays.store import LayeredStore
from linker.index.store.store import Store
from linker.index.vectors.half import Floats, Rows
from linker.index.vectors.vectors import Cosines, Vectors


class LayeredLexicon(Lexicon):
    """The lexicon of an index and that of its layer's new names, as one."""

    def __init__(self, base: Lexicon, layer: Lexicon) -> None:
        self._base = base
        self._layer = layer

    def __len__(self) -> int:
        return len(self._base) + len(self._layer)

    def find(
        self, hashes: npt.NDArray[np.uint64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        found = [self._base.find(hashes), self._layer.find(hashes)]
        queries, rows = (np.concatenate(both) for both in zip(*found, strict=True))
        order = np.argsort(queries, kind="stable")
        return queries[order], rows[order]

    def rows_of(self, key: int) -> list[int]:
        return [*self._base.rows_of(key), *self._layer.rows_of(key)]

    def knows(self, words: Sequence[str]) -> npt.NDArray[np.bool_]:
        # One of the two may be from before there were words: each answers for itself.
        return self._base.knows(words) | self._layer.knows(words)


class LayeredVectors(Vectors):
    """The vectors of an index and, with rows numbered on from them, those of its layer."""

    def __init__(self, base: Vectors, layer: Vectors) -> None:
        self._base = base
        self._layer = layer

    def __len__(self) -> int:
        return len(self._base) + len(self._layer)

    @property
    def dim(self) -> int:
        return self._base.dim

    def search(self, queries: Floats, n: int) -> tuple[Cosines, Rows]:
        scores, rows = self._base.search(queries, n)
        more, added = self._layer.search(queries, n)
        # The layer's search is exact, and leaves no place empty.
        scores, rows = np.hstack([scores, more]), np.hstack([rows, added + len(self._base)])
        # Best first, ties by row; places that were left empty (-1) have the lowest cosine there is.
        order = np.lexsort((np.where(rows < 0, len(self), rows), -scores), axis=1)
        order = order[:, : min(n, len(self))]
        return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)

    def take(self, rows: Rows) -> Floats:
        rows = np.asarray(rows, dtype=np.int64)
        new = rows >= len(self._base)
        taken = np.empty((len(rows), self.dim), dtype=np.float32)
        if not new.all():
            taken[~new] = self._base.take(rows[~new])
        if new.any():
            taken[new] = self._layer.take(rows[new] - len(self._base))
        return taken


def open_layer(folder: Path, layer: str, store: Store, lexicon: Lexicon) -> tuple[Store, Lexicon]:
    """The store and the lexicon of an index under its layer.

    Args:
        layer: what the names of the layer's files begin with.
    """
    concepts, names, words, local, _ = layer_files(layer)
    tables = open_table(folder / concepts), open_table(folder / names)
    layered = LayeredStore(store, *tables, _read_local(folder / local))
    return layered, LayeredLexicon(lexicon, Lexicon.open(folder / words))


def _read_local(path: Path) -> Mapping[str, frozenset[int]]:
    if not path.exists():  # A layer that was laid before the house's names decided.
        return {}
    table = open_table(path)
    columns = (table.column(name).to_pylist() for name in ("normal", "concepts"))
    return {normal: frozenset(concepts) for normal, concepts in zip(*columns, strict=True)}


def layer_files(layer: str) -> tuple[str, str, str, str, str]:
    """The names of the files of a layer: concepts, names, lexicon, what names mean, vectors."""
    return (
        f"{layer}.concepts.arrow",
        f"{layer}.names.arrow",
        f"{layer}.lexicon.arrow",
        f"{layer}.local.arrow",
        f"{layer}.vectors.faiss",
    )

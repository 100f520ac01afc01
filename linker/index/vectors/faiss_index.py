"""FAISS's own indexes: made by their factory strings, trained, looked into, written to a file.

The one module that imports FAISS; what is asked of an index is in `vectors`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from linker.errors import ConfigError
from linker.index.vectors.half import Floats, HalfVectors, Rows

_HALF = faiss.ScalarQuantizer.QT_fp16
_WALKED = 200
"""How wide a graph is walked for the neighbours of a name that is added (`efConstruction`). FAISS's
own 40 builds three times sooner and loses names that stand close together."""
_ZERO = re.compile(r"(?<!\d)0+(?!\d)")
_ROUNDS = 10
_TRAIN_A_LIST, _TRAIN_LEAST, _TRAIN_MOST = 40, 65_536, 262_144
"""Rounds of k-means and how many vectors it sees: for each list, and in all."""

# A forked child lacks the OpenMP threads of its parent, and a search that shares its queries out
# would wait for them for ever.
if hasattr(os, "register_at_fork"):  # Windows has no fork.
    os.register_at_fork(after_in_child=lambda: faiss.omp_set_num_threads(1))


def make(kind: str, dim: int) -> faiss.Index:
    """An empty index of a kind.

    Raises:
        ConfigError: FAISS does not know `kind`, or it would end the process, or it has a
            refinement of its own.
    """
    try:
        index = faiss.index_factory(dim, kind, faiss.METRIC_INNER_PRODUCT)
    except RuntimeError as error:
        raise ConfigError(
            f"index kind {kind!r} is not a FAISS factory string for {dim} dimensions"
        ) from error
    lists = inverted_file(index)
    for graph in (index, None if lists is None else faiss.downcast_index(lists.quantizer)):
        if isinstance(graph, faiss.IndexHNSW):
            n_links = faiss.vector_to_array(graph.hnsw.cum_nneighbor_per_level)[-1]
            if n_links < 4:
                # FAISS ends the process, as it does for some numbers of 0.
                raise ConfigError(f'index kind {kind!r} is below the smallest graph, "HNSW2"')
    if _ZERO.search(kind):
        raise ConfigError(f"index kind {kind!r} has a number that is 0")
    if isinstance(index, faiss.IndexHNSW):
        index.hnsw.efConstruction = _WALKED
    if isinstance(index, faiss.IndexRefine):
        raise ConfigError(
            f"index kind {kind!r} would keep vectors in memory to refine by; leave that part off: "
            "candidates are compared exactly, from a file, without it"
        )
    return index


def write(index: faiss.Index, path: Path) -> None:
    """Write an index to a file.

    Raises:
        OSError: the file cannot be written in full.
    """
    try:
        faiss.write_index(index, str(path))
        # FAISS raises nothing where the disk is full at the last block.
        faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise OSError(f"{path}: FAISS cannot write it in full: {error}") from error


def inverted_file(index: faiss.Index) -> Any:
    """The inverted file in an index, perhaps behind a transform; None where there is none."""
    return faiss.try_extract_index_ivf(index)


def opened(path: Path, *, mapped: bool = False) -> Any:
    """An index from its file, in memory or mapped from it.

    Raises:
        RuntimeError: FAISS cannot read the file.
    """
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)


def is_flat(index: faiss.Index) -> bool:
    """Whether it has float32 vectors, and compares each with a query."""
    return isinstance(index, faiss.IndexFlat)


def compares_all(index: faiss.Index) -> bool:
    """Whether it compares all that it has with a query, be it vectors or codes."""
    return isinstance(index, faiss.IndexFlatCodes)


def has_graph(index: faiss.Index) -> bool:
    """Whether a search in it walks a graph."""
    return isinstance(index, faiss.IndexHNSW)


def is_coded(index: faiss.Index) -> bool:
    """Whether it keeps each number of a vector in less than half precision."""
    scalar = isinstance(_storage_of(index), faiss.IndexScalarQuantizer)
    return scalar and halves_of(index) is None


def scan(index: faiss.Index, queries: Floats, n: int) -> Rows:
    """Exact search for some queries together: rows, shape (m, n).

    Left alone, FAISS reads all vectors anew for each query of a small batch: 3 ms of CPU a query
    for 40,000 names, against .6 for 48 queries in one product.
    """
    # FAISS has no other way to ask for it. Here the number counts queries times dimensions.
    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = 1
    try:
        rows: Rows = index.search(queries, n)[1]
    finally:
        faiss.cvar.distance_compute_blas_threshold = before
    return rows


def walk(index: Any, queries: Floats, n: int) -> Rows:
    """Search by a graph: rows, shape (m, n), -1 for none."""
    # FAISS stops by this number alone, however many neighbours are asked for.
    ef_search = max(index.hnsw.efSearch, n)
    parameters = faiss.SearchParametersHNSW(efSearch=ef_search)  # type: ignore[attr-defined]
    rows: Rows = index.search(queries, n, params=parameters)[1]
    return rows


def _storage_of(index: faiss.Index) -> faiss.Index:
    """What keeps the vectors of an index: the index itself, or what is under its graph."""
    return faiss.downcast_index(index.storage) if isinstance(index, faiss.IndexHNSW) else index


def halves_of(index: faiss.Index) -> npt.NDArray[np.float16] | None:
    """The vectors of an index that keeps them in half precision, as they lie in its memory.

    FAISS itself reads them number by number, in twice the time.
    """
    storage = _storage_of(index)
    if not isinstance(storage, faiss.IndexScalarQuantizer) or storage.sq.qtype != _HALF:
        return None
    n, dim = int(storage.ntotal), int(storage.d)
    codes = faiss.rev_swig_ptr(storage.codes.data(), n * storage.code_size)
    halves: npt.NDArray[np.float16] = codes.view("<f2").reshape(n, dim)
    return halves


def train_on(
    index: faiss.Index,
    kind: str,
    half: HalfVectors,
    progress: Callable[[int], Callable[[int], None]],
) -> None:
    """Train an index of a kind on some of the vectors, seeded; one that needs none stays as it is.

    Args:
        progress: told how much work there is; gives what to call as it is done.

    Raises:
        ConfigError: there are too few vectors.
    """
    if index.is_trained:
        return
    lists = inverted_file(index)
    n_lists = 1 if lists is None else int(lists.nlist)
    wanted = min(max(_TRAIN_A_LIST * n_lists, _TRAIN_LEAST), _TRAIN_MOST)
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(half), size=min(wanted, len(half)), replace=False))
    sample = half.take(rows)
    advance = progress(_ROUNDS * len(sample))
    if lists is not None:
        lists.cp.niter, lists.cp.seed, lists.cp.min_points_per_centroid = _ROUNDS, 0, 1
        # Behind a transform the lists see other vectors than these.
        quantizer = faiss.downcast_index(lists.quantizer)
        plain = isinstance(quantizer, faiss.IndexFlat | faiss.IndexHNSWFlat)
        if plain and isinstance(index, faiss.IndexIVF):
            quantizer.add(_centres(sample, n_lists, rng, advance))
    try:
        index.train(sample)
    except RuntimeError as error:
        raise ConfigError(
            f"index kind {kind!r} cannot be trained on {len(sample):,} vectors: "
            f"{str(error).rpartition('Error: ')[2]}"
        ) from error


def _centres(
    sample: Floats, n_lists: int, rng: np.random.Generator, advance: Callable[[int], None]
) -> Floats:
    """Spherical k-means, a round at a time, so that somebody can be told how far it is."""
    centres = sample[np.sort(rng.choice(len(sample), size=n_lists, replace=False))]
    parameters = faiss.ClusteringParameters()
    parameters.niter, parameters.seed, parameters.spherical = 1, 0, True
    parameters.min_points_per_centroid = 1
    parameters.max_points_per_centroid = len(sample)
    for _ in range(_ROUNDS):
        clustering = faiss.Clustering(sample.shape[1], n_lists, parameters)
        faiss.copy_array_to_vector(centres.ravel(), clustering.centroids)
        clustering.train(sample, faiss.IndexFlatIP(sample.shape[1]))
        centres = faiss.vector_to_array(clustering.centroids).reshape(n_lists, -1)
        advance(len(sample))
    return centres

"""The build's vector leg: shards of vectors to `vectors.faiss`, tuned and measured.

A kind that keeps codes instead of vectors gets `vectors.f16` beside it. What is held in memory is
the index in the making, never all vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linker.errors import ConfigError
from linker.index.manifest import VectorsInfo
from linker.index.vectors import recall
from linker.index.vectors.effort import Effort
from linker.index.vectors.faiss_index import compares_all, halves_of, has_graph, is_coded, make
from linker.index.vectors.half import Floats, HalfVectors
from linker.index.vectors.kinds import AUTO, choose_kind, complete
from linker.index.vectors.vectors import Vectors

if TYPE_CHECKING:
    from linker.steps import Progress

VECTORS_FILE = "vectors.faiss"
HALF_FILE = "vectors.f16"
_TRAINED = "trained"


def _keeps_vectors(kind: str, dim: int) -> bool:
    """Whether a kind keeps vectors, if in half precision; the others need a file of them beside.

    Raises:
        ConfigError: the kind cannot be.
    """
    index = make(kind, dim)
    if is_coded(index) or not index.is_trained:
        return False
    try:
        Vectors.build(kind, dim, [np.full((1, dim), dim**-0.5, dtype=np.float32)] * 2)
    except ConfigError:
        if compares_all(index) or has_graph(index):
            return False
        raise
    return True


def rounds(kind: str, dim: int) -> bool:
    """Whether an index of a kind has its vectors in half precision, wherever it keeps them.

    Raises:
        ConfigError: the kind cannot be.
    """
    return not _keeps_vectors(kind, dim) or halves_of(make(kind, dim)) is not None


def check_kind(kind: str, dim: int) -> None:
    """Refuse a kind that cannot be, however many names there are.

    Raises:
        ConfigError: it cannot be.
    """
    if kind != AUTO:
        _keeps_vectors(complete(kind, 1), dim)


def resolve_kind(kind: str, n_names: int, dim: int, memory: int) -> str:
    """The FAISS factory string of a kind, "auto" among them, for so many names.

    Raises:
        ConfigError: the kind cannot be, it has more lists than there are names, or none fits into
            the memory.
    """
    if kind == AUTO:
        return choose_kind(n_names, dim, memory)
    kind = complete(kind, n_names)
    n_lists = Vectors(make(kind, dim)).n_lists
    if n_lists is not None and n_lists > n_names:
        raise ConfigError(
            f"index kind {kind!r} wants at least {n_lists:,} names, there are {n_names:,}; "
            'use fewer lists, or "Flat"'
        )
    return kind


def open_vectors(folder: Path, info: VectorsInfo) -> Vectors:
    """Open the vectors of an index folder, as its manifest describes them.

    Raises:
        IndexFolderError: a file cannot be read, or the two do not belong together.
    """
    half = folder / HALF_FILE if info.refined else None
    return Vectors.open(folder / VECTORS_FILE, info.effort, half=half)


def make_vectors(
    folder: Path,
    shards: Iterable[Floats],
    *,
    kind: str,
    dim: int,
    n_names: int,
    asked: float,
    min_recall: float,
    progress: Progress,
) -> VectorsInfo:
    """Write the vectors of a folder, tune their search, and measure it as it is on the disk.

    Args:
        shards: each of shape (n, dim), float32, unit rows; `n_names` rows in all.
        kind: a FAISS factory string, from `resolve_kind`.
        asked: the recall@10 that the search is tuned for, in [0, 1].
        min_recall: the least recall@10 that is accepted, in [0, 1].

    Raises:
        ConfigError: the kind cannot be, or its recall is below `min_recall`.
        OSError: a file cannot be written in full.
    """

    def step(name: str) -> Callable[[int], Callable[[int], None]]:
        def begin(total: int) -> Callable[[int], None]:
            progress.step(name, total=total, unit="vectors")
            return progress.advance

        return begin

    refined = not _keeps_vectors(kind, dim)
    (folder / HALF_FILE).unlink(missing_ok=True)
    if refined:
        advance = step("vectors to the disk")(n_names)
        half = HalfVectors.write(folder / HALF_FILE, dim, _watched(shards, advance))
        vectors = Vectors.build_coded(
            kind,
            half,
            trained=_trained(folder, kind),
            train=step(f"training {kind}"),
            add=step(f"indexing vectors, {kind}"),
        )
    else:
        advance = step(f"indexing vectors, {kind}")(n_names)
        vectors = Vectors.build(kind, dim, _watched(shards, advance))
    vectors.save(folder / VECTORS_FILE)
    del vectors
    opened = Vectors.open(
        folder / VECTORS_FILE, Effort(), half=folder / HALF_FILE if refined else None
    )
    truth = recall.exact(opened, recall.held_out(opened), advance=step("exact search")(n_names))
    progress.step("tuning the search")
    effort, found = recall.tune(opened, truth, asked=max(asked, min_recall))
    if found < min_recall:
        raise ConfigError(
            f"index kind {kind!r} finds {found:.3f} of the 10 nearest names, "
            f"asked for {min_recall}; go on with --resume and "
            'kind "Flat", a larger HNSW number, more memory, or a lower min_recall'
        )
    return VectorsInfo(
        kind=kind,
        effort=effort,
        refined=refined,
        recall_at_10=round(found, 4),
        recall_queries=len(truth.queries),
        recall_moved_to=recall.MOVED_TO,
        recall_asked=asked,
    )


def forget_training(folder: Path) -> None:
    """Remove what a stopped build would have gone on with."""
    for path in folder.glob(f"{_TRAINED}-*"):
        path.unlink()


def _trained(folder: Path, kind: str) -> Path:
    return folder / f"{_TRAINED}-{sha256(kind.encode()).hexdigest()[:16]}"


def _watched(shards: Iterable[Floats], advance: Callable[[int], None]) -> Iterable[Floats]:
    for shard in shards:
        yield shard
        advance(len(shard))

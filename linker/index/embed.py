"""The names of an index to vectors: what an older index holds is taken from there, not made anew.

The names of both are sorted, so that the old ones are found by bisection in the mapped file: memory
is that of a shard, whatever the number of names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from linker.encoder import Encoder, HungryEncoder, Vectors
from linker.errors import EncoderError, IndexFolderError
from linker.index.folder import Index
from linker.index.shards import Shards
from linker.index.store.store import Store
from linker.index.vectors.half import Rows
from linker.index.vectors.make import rounds
from linker.steps import Progress

SAMPLE = 512
"""Names that are embedded first, to say how long the others will take."""
_TIMES_SAMPLE = 16
"""Names are sampled where there are this many times as many."""


class Reusable:
    """The vectors of an index that the same encoder made."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @classmethod
    def open(cls, folder: str | Path, encoder: Encoder) -> Reusable:
        """Open an index for its vectors.

        Raises:
            IndexFolderError: it is no index, or is of another encoder or precision.
        """
        index = Index.open(folder)
        built = index.manifest.encoder
        if built.fingerprint != encoder.identity.fingerprint:
            raise IndexFolderError(
                f"{folder}: built with encoder {built.name} ({built.fingerprint[:19]}..., "
                f"{built.precision}), this build has {encoder.identity.name} "
                f"({encoder.identity.fingerprint[:19]}..., {encoder.identity.precision}): "
                "its vectors cannot be reused"
            )
        return cls(index)

    @property
    def is_rounded(self) -> bool:
        """Whether the vectors are in half precision: good for a build that rounds them as well."""
        manifest = self._index.manifest
        return rounds(manifest.vectors.kind, manifest.encoder.dim)

    def rows(self, normals: list[str]) -> Rows:
        """The row of each of some names in the old index, -1 where it has none: shape (n,).

        Args:
            normals: normal forms, ascending.
        """
        return self._index.store.find_names(normals)

    def take(self, rows: Rows) -> Vectors:
        """The vectors of some of the old rows."""
        return self._index.vectors.take(rows)


def embed(
    store: Store,
    encoder: Encoder,
    shards: Shards,
    progress: Progress,
    *,
    reuse: Reusable | None = None,
) -> None:
    """Make every shard that is missing. Says how long it will take, before it begins.

    Raises:
        EncoderError: the encoder's vectors are not what it says.
    """
    missing = shards.missing()
    left = sum(stop - start for start, stop in missing)
    reused = 0
    if reuse is not None:
        progress.step("looking up vectors to reuse", total=left, unit="names")
        for start, stop in missing:
            reused += int((reuse.rows(store.normals(start, stop)) >= 0).sum())
            progress.advance(stop - start)
    notes = [f"{store.n_names - left:,} done before"] if left < store.n_names else []
    if reuse is not None:
        notes.append(f"{reused:,} reused")
    new = left - reused
    at_once = _at_once(encoder) if new else 1
    # A GPU is no faster with a few names than with many.
    sample = max(SAMPLE, at_once // 16)
    if new >= _TIMES_SAMPLE * sample:
        progress.step(f"estimating the time for {new:,} names")
        seconds = _seconds_a_name(store, encoder, sample) * new
        notes.append(f"{new:,} new, about {duration(seconds)}")
    progress.step(", ".join(["embedding names", *notes]), total=new, unit="names")
    # A disk that is slower than the encoder has one group waiting for it, no more.
    with ThreadPoolExecutor(1, thread_name_prefix="shards") as writer:
        written: Future[None] | None = None
        for group in _groups(missing, at_once):
            normals = [name for start, stop in group for name in store.normals(start, stop)]
            vectors = _vectors(normals, encoder, progress, reuse, first=group[0][0])
            if written is not None:
                written.result()
            written = writer.submit(_write, shards, group, vectors)
        if written is not None:
            written.result()


def _at_once(encoder: Encoder) -> int:
    return encoder.at_once if isinstance(encoder, HungryEncoder) else 1


def _groups(missing: Sequence[tuple[int, int]], at_once: int) -> Iterator[list[tuple[int, int]]]:
    """The shards that are made together: one by one, or as many as feed a GPU."""
    group: list[tuple[int, int]] = []
    n = 0
    for start, stop in missing:
        group.append((start, stop))
        n += stop - start
        if n >= at_once:
            yield group
            group, n = [], 0
    if group:
        yield group


def _write(shards: Shards, group: Sequence[tuple[int, int]], vectors: Vectors) -> None:
    done = 0
    for start, stop in group:
        shards.write((start, stop), vectors[done : done + stop - start])
        done += stop - start


def _vectors(
    normals: list[str],
    encoder: Encoder,
    progress: Progress,
    reuse: Reusable | None,
    *,
    first: int,
) -> Vectors:
    if reuse is None:
        return _encoded(normals, encoder, progress, first=first)
    rows = reuse.rows(normals)
    vectors = np.empty((len(normals), encoder.identity.dim), dtype=np.float32)
    old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
    if len(old):
        vectors[old] = reuse.take(rows[old])
    if len(new):
        vectors[new] = _encoded([normals[i] for i in new], encoder, progress, first=first)
    return vectors


def _encoded(normals: list[str], encoder: Encoder, progress: Progress, *, first: int) -> Vectors:
    vectors = encoder.encode(normals, progress=progress.advance)
    dim = encoder.identity.dim
    if vectors.shape != (len(normals), dim) or not np.allclose(
        np.linalg.norm(vectors, axis=1), 1, atol=1e-3
    ):
        raise EncoderError(
            f"{encoder.identity.name}: names {first} to {first + len(normals)} became vectors of "
            f"shape {vectors.shape}, expected {len(normals)} unit vectors of {dim} numbers"
        )
    return vectors


def _seconds_a_name(store: Store, encoder: Encoder, sample: int) -> float:
    """Measured on so many names of all lengths, as the build has them."""
    lengths = np.fromiter(map(len, store.each_normal()), np.int32, store.n_names)
    # Every so many-th by length: the sample has long and short names in the same shares.
    by_length = np.argsort(lengths, kind="stable")
    chosen = by_length[np.linspace(0, len(by_length) - 1, sample).astype(np.int64)]
    names = [store.normal(int(row)) for row in chosen]
    # The first call loads the model.
    encoder.encode(names[:1])
    begun = time.perf_counter()
    encoder.encode(names)
    return (time.perf_counter() - begun) / len(names)


def duration(seconds: float) -> str:
    """For a person: "70 s", "12 min", "3.5 h"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"

"""`vectors.f16`: every vector in half precision, row for row, on the disk and not in memory.

Plain little-endian IEEE 754 binary16, shape (n, dim), no header. Rows are fetched by position
(`pread`): the operating system keeps what is used often and shares it among processes, and none of
it counts as the memory of one. A mapped file would: each fault maps sixteen pages around one row.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from linker.errors import IndexFolderError

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

BLOCK = 16384
"""Rows read at a time by whoever reads them all: 50 MB at 768 dimensions."""
_HALF = np.dtype("<f2")
_KEPT_BITS = np.int32(-0x7000_2000)
"""Of a half moved 13 bits up, its sign with it: the sign once, the exponent and the fraction."""


class HalfVectors:
    """Unit vectors in half precision, read-only. Safe to share with threads and forked processes.

    Half precision moves a number by 1 in 2,048 at most, and a cosine by about 1e-5.

    Args:
        path: the file.
        dim: the length of a row.

    Raises:
        IndexFolderError: the file is missing, or is no whole number of rows.
    """

    def __init__(self, path: Path, dim: int) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise IndexFolderError(
                f"{path}: cannot be read ({error.strerror}); rebuild the index or copy it again"
            ) from error
        weakref.finalize(self, os.close, self._file)
        # Linux alone has this. Rows far apart: what follows one of them is of no use.
        self._advise = getattr(os, "posix_fadvise", None)
        if self._advise is not None:
            self._advise(self._file, 0, 0, os.POSIX_FADV_RANDOM)
        self.dim = dim
        self._row_bytes = dim * _HALF.itemsize
        size = os.fstat(self._file).st_size
        self._n, beyond = divmod(size, self._row_bytes)
        if beyond:
            raise IndexFolderError(
                f"{path}: {size} bytes are no whole number of rows of {dim} half-precision "
                "numbers; rebuild the index or copy it again"
            )

    @classmethod
    def write(cls, path: Path, dim: int, shards: Iterable[Floats]) -> HalfVectors:
        """Write shards of rows, in their order, and open the file.

        Raises:
            OSError: the file cannot be written in full.
        """
        with path.open("wb") as file:
            for shard in shards:
                file.write(np.ascontiguousarray(shard, dtype=_HALF).data)
        return cls(path, dim)

    def __len__(self) -> int:
        return self._n

    def take(self, rows: Rows) -> Floats:
        """Some rows, scaled to length 1 again: shape (len(rows), dim), float32.

        Raises:
            IndexError: a row is not there.
        """
        refuse_absent(rows, self._n)
        size = self._row_bytes
        if len(rows) > 1 and (np.diff(rows) == 1).all():
            return self._unit(os.pread(self._file, len(rows) * size, int(rows[0]) * size))
        if self._advise is not None:
            # All are asked for before the first is waited for: a disk serves many at a time.
            for row in rows.tolist():
                self._advise(self._file, row * size, size, os.POSIX_FADV_WILLNEED)
        parts = [os.pread(self._file, size, row * size) for row in rows.tolist()]
        return self._unit(b"".join(parts))

    def blocks(self) -> Iterator[tuple[int, Floats]]:
        """All rows, a block at a time: its first row's number, and rows as `take` gives them."""
        for start in range(0, self._n, BLOCK):
            size = min(BLOCK, self._n - start) * self._row_bytes
            yield start, self._unit(os.pread(self._file, size, start * self._row_bytes))

    def _unit(self, content: bytes) -> Floats:
        return unit(np.frombuffer(content, dtype=_HALF).reshape(-1, self.dim))


def refuse_absent(rows: Rows, n: int) -> None:
    """Refuse rows that are none of `n`: what lies beside the vectors is not to be read.

    Raises:
        IndexError: a row is not there.
    """
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        raise IndexError(f"rows {rows.min()} to {rows.max()}, of {n}")


def unit(rows: npt.NDArray[np.float16]) -> Floats:
    """Finite rows in half precision as float32, scaled to length 1 again: they were rounded."""
    # numpy's own conversion takes twice as long. Sign, exponent and fraction move to their places
    # in a float32; what the exponents of the two begin at differs by 112.
    bits = rows.view("<i2").astype(np.int32)
    bits <<= 13
    bits &= _KEPT_BITS
    wide = bits.view(np.float32)
    wide *= np.float32(2.0**112)
    # Row by row, so that a row's numbers do not depend on what it is read with.
    lengths = np.sqrt(np.einsum("nd,nd->n", wide, wide))
    wide /= np.maximum(lengths, np.finfo(np.float32).tiny)[:, None]
    return wide

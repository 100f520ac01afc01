"""The vectors of a build in the making: shards that survive a kill.

Each shard is one `.npy` file, written under another name and renamed. Its name carries its rows and
the checksum of its content: one that is cut short, or of other rows, is not taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np

from linker.atomic import write_atomically
from linker.encoder import Vectors

SHARD_NAMES = 4096
"""Names a shard: the most that a kill can lose, a few seconds of work on a small machine.

On a GPU it can lose as many shards as are made together (`HungryEncoder`), a second or two of work.
"""


class Shards:
    """The shards of a folder, which is made if need be.

    Args:
        n_names: how many rows all shards have together.
        size: how many rows each has, the last one perhaps fewer.
    """

    def __init__(self, folder: Path, n_names: int, *, size: int = SHARD_NAMES) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._ranges = [(start, min(start + size, n_names)) for start in range(0, n_names, size)]
        self._paths = {path.stem.rpartition("-")[0]: path for path in folder.glob("*.npy")}

    def missing(self) -> list[tuple[int, int]]:
        """The rows, half-open, of each shard that is not there whole."""
        return [rows for rows in self._ranges if not self._is_whole(rows)]

    def write(self, rows: tuple[int, int], vectors: Vectors) -> None:
        """Write the shard of some rows: whole, or not at all."""
        buffer = BytesIO()
        np.save(buffer, vectors, allow_pickle=False)
        content = buffer.getvalue()
        if damaged := self._paths.get(_key(rows)):
            damaged.unlink()
        path = self._folder / f"{_key(rows)}-{_checksum(content)}.npy"
        write_atomically(path, content)
        self._paths[_key(rows)] = path

    def read_all(self) -> Iterator[Vectors]:
        """The shards in the order of their rows; none may be missing."""
        for rows in self._ranges:
            yield np.load(self._paths[_key(rows)], allow_pickle=False)

    def _is_whole(self, rows: tuple[int, int]) -> bool:
        path = self._paths.get(_key(rows))
        return path is not None and path.stem.endswith(f"-{_checksum(path.read_bytes())}")


def _key(rows: tuple[int, int]) -> str:
    start, stop = rows
    return f"{start:09d}-{stop:09d}"


def _checksum(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]

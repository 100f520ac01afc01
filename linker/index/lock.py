"""One process at a time changes an index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from linker.errors import IndexFolderError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold an index folder, there or in the making, against other processes that would change it.

    The lock goes with the process. Reading needs none.

    Raises:
        IndexFolderError: another process holds it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f".{folder.name}.lock")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise IndexFolderError(
            f"{folder}: another process is building this index; wait for it"
        ) from error
    try:
        yield
    finally:
        # While it is held: whoever opened the file just now sees that it has gone, and tries again.
        path.unlink(missing_ok=True)
        lock.release()

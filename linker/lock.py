"""One process at a time on one output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from linker.atomic import naming
from linker.errors import LinkerError


@contextmanager
def locked(out: Path, busy: LinkerError) -> Iterator[None]:
    """Hold `out`, which need not exist, against other processes. The lock goes with the process.

    Args:
        out: what is to be written.
        busy: raised if another process holds it.

    Raises:
        OSError: nothing can be written beside `out`, or its file system has no locks.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    path = out.with_name(f".{out.name}.lock")
    lock = FileLock(path)
    try:
        with naming(path):
            lock.acquire(timeout=0)
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        # While it is held: whoever opened the file just now sees that it has gone, and tries again.
        path.unlink(missing_ok=True)
        lock.release()

"""One process at a time changes an index."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from linker.errors import IndexFolderError
from linker.index.folder import refuse_unreadable
from linker.lock import locked as hold


def locked(folder: Path) -> AbstractContextManager[None]:
    """Hold an index folder, there or in the making, against other processes that would change it.

    The lock goes with the process. Reading needs none.

    Raises:
        IndexFolderError: its path is not UTF-8; or, on entering, another process holds it.
    """
    refuse_unreadable(folder)
    busy = IndexFolderError(f"{folder}: another process is building this index; wait for it")
    return hold(folder, busy)

"""One process at a time on one output."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from linker.errors import NoteError
from linker.lock import locked

BUSY = NoteError("busy")


def test_a_file_system_without_locks_is_told_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A network share whose lock service is down, which is no other process."""

    def refuse(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(OSError, match="No locks available") as told, locked(tmp_path / "out", BUSY):
        pass
    assert told.value.filename == str(tmp_path / ".out.lock")

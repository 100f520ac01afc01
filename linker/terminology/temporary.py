"""What is written to the temporary folder while a release is read: its faults are said of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linker.errors import TerminologyError


@contextmanager
def in_temporary_folder(path: Path) -> Iterator[None]:
    """Say of what goes wrong in the temporary folder that it is there, and not in what is read.

    Args:
        path: what is read, for messages.

    Raises:
        TerminologyError: for an `OSError` inside.
    """
    try:
        yield
    except OSError as error:
        raise reading_stopped(path, error.strerror or str(error)) from error


def reading_stopped(path: Path, reason: str) -> TerminologyError:
    """The error for a temporary folder that cannot be made or is full."""
    try:
        folder = tempfile.gettempdir()
    except OSError:
        folder = "the temporary folder"
    return TerminologyError(
        f"{path}: reading stopped: {reason}; is there space in {folder}? TMPDIR names another "
        "folder"
    )

"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from linker.errors import ConfigError, LinkerError


def refuse_as_file(path: Path) -> None:
    """See that a file can be written at a path, before the work that is to fill it.

    Raises:
        ConfigError: a folder, a link, a device or a pipe is there, or it lies in a folder that is
            not, or that may not be written to.
    """
    if path == Path("-"):
        raise ConfigError("'-' is not taken for standard output here; give the file to write")
    refuse_replacing(path, ConfigError)
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; give the file to write")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; make it, or give another")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{path}: the folder {path.parent} may not be written to; give another")


def refuse_as_another(path: Path, others: Iterable[Path], what: str) -> None:
    """See that a file to write is none of some others.

    Args:
        what: what would be wrong then: "is read".

    Raises:
        ConfigError: it is one.
    """
    if any(os.path.realpath(path) == os.path.realpath(other) for other in others):
        raise ConfigError(f"{path}: {what}; give another file to write")


def refuse_replacing(path: Path, error: type[LinkerError]) -> None:
    """See that no link, device (`/dev/null`) or pipe is there: a rename puts a file in its place.

    Raises:
        LinkerError: of the type given, where there is one.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise error(f"{path}: is a device or a pipe; give a file to write")
    if path.is_symlink():
        # Not `Path.resolve`, for which a link to itself is an error of its own.
        raise error(f"{path}: is a link, to {os.path.realpath(path)}; give that path")


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a file in an `OSError` that names none, as when the disk is full."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader, or a crash, sees it whole or not at all.

    The bytes are on the disk before the file has its name. Line ends stay as they are.

    Raises:
        OSError: the file cannot be written; what stood there before still stands.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        # A new file: what stands there may be a link that somebody laid to another one.
        partial.unlink(missing_ok=True)
        with naming(path), partial.open("xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def stopped_clearly(out: Path, what: str, error: type[LinkerError]) -> Iterator[None]:
    """Say of a full disk, and its like, that nothing is lost.

    Args:
        out: what is being made.
        what: by what: "build".

    Raises:
        LinkerError: of the type given, for an `OSError` inside.
    """
    try:
        yield
    except OSError as found:
        place = f" at {found.filename}" if found.filename else ""
        raise error(
            f"{out}: the {what} stopped: {found.strerror or found}{place}; what was done is kept: "
            "once that is mended, --resume goes on from here"
        ) from found

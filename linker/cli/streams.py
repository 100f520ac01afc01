"""Standard output and error, whatever they are: closed, full, in a locale that lacks letters."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import Any

from linker.atomic import naming

_NAME = Path("standard output")


class _Named(io.FileIO):
    """Standard output, which says in an error that it is that: a full disk names no file.

    It says so once: what is left in the buffers above is written at the exit of Python, which
    prints what goes wrong with that as it is.
    """

    _has_failed = False

    def write(self, data: Any) -> int:
        if self._has_failed:
            return _length(data)
        try:
            with naming(_NAME):
                return super().write(data)
        except OSError:
            self._has_failed = True
            raise


class _Closed(io.RawIOBase):
    """A standard output that was closed (`>&-`): an error for who writes to it, for nobody else."""

    def writable(self) -> bool:
        return True

    def write(self, _: Any) -> int:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(_NAME))


class _Log(io.FileIO):
    """Standard error: work does not stop because the disk of its log is full."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError:
            return _length(data)


def _length(data: Any) -> int:
    return memoryview(data).nbytes


def prepare_streams() -> None:
    """Put streams in the place of those that the program was given, if it was given any."""
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed(), 1), write_through=True)
    elif sys.stdout is sys.__stdout__:
        sys.stdout = _over(_Named, sys.stdout)
    if sys.stderr is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _over(_Log, sys.stderr)
    # In Latin-1 "…" or a Greek letter would else be an error: stderr has a way, stdout none.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _over(kind: type[io.FileIO], stream: Any) -> io.TextIOWrapper:
    """A text stream as `stream` is, that writes to its file in a way of ours."""
    return io.TextIOWrapper(
        io.BufferedWriter(kind(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )

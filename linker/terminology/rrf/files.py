"""Where the files of a release lie: in a folder, below it, or in a zip; perhaps gzipped.

The NLM's full releases split large files into parts, `MRCONSO.RRF.aa.gz` and so on, and pack them
into `.nlm` files, which are zips; a folder of those is read as if it were unpacked.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.files import or_its_zip
from linker.terminology.release_files import ReleaseFile, is_gzipped, zipped_files

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_DEPTH = 3  # folders below the one given: umls-2025AB/2025AB/META
_Found = dict[Path, dict[str, "Member"]]


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a release.

    Attributes:
        parts: its parts in order, mostly one.
        last: the suffix of the last of several parts ("ab"), or "".
    """

    parts: tuple[ReleaseFile, ...]
    last: str = ""

    @property
    def where(self) -> str:
        """What messages call it."""
        return f"{self.parts[0]} to .{self.last}" if self.last else str(self.parts[0])

    @property
    def folder(self) -> Path:
        """The folder that it lies in, which may be in a zip."""
        return self.parts[0].folder

    @property
    def path(self) -> Path | None:
        """Where it lies, if it is neither packed nor in parts."""
        (first, *others) = self.parts
        packed = others or first.inside or is_gzipped(first.path)
        # DuckDB goes by the name.
        return None if packed or first.name.lower().endswith(".gz") else first.path

    def open(self, progress: Progress | None = None) -> IO[bytes]:
        """The bytes of all parts, unpacked; each is a step of a job."""
        if len(self.parts) == 1:
            return self.parts[0].stream(progress)
        joined = _Joined(part.stream(progress) for part in self.parts)
        return cast("IO[bytes]", BufferedReader(joined, 1 << 20))


class _Joined(RawIOBase):
    """One stream after the other, each opened when its turn comes."""

    def __init__(self, streams: Iterable[IO[bytes]]) -> None:
        super().__init__()
        self._streams = iter(streams)
        self._stream = next(self._streams, None)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        into = memoryview(buffer).cast("B")
        while self._stream is not None:
            data = self._stream.read(len(into))
            if data:
                into[: len(data)] = data
                return len(data)
            self._stream.close()
            self._stream = next(self._streams, None)
        return 0

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        super().close()


def find_members(
    path: Path, main: str, wanted: set[str], *, beside: Collection[str] = ()
) -> dict[str, Member]:
    """The files of a release by their names, all from the folder that holds the main one.

    Args:
        path: a folder with them or above them, a zip, or the main file.
        wanted: the names of all that are looked for, in any case; each may be gzipped.
        beside: those of them that may lie in another folder of the release, as NET/SRDEF does.

    Raises:
        TerminologyError: the main file is missing, or is in several folders as near.
    """
    if path.is_dir():
        found = _in_folder(path, wanted)
    elif zipfile.is_zipfile(path):
        found = _members(((file.folder, file) for file in zipped_files(path)), wanted)
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
            f"{path}: {main} is in several folders: {', '.join(map(str, nearest))}; give one"
        )
    if not nearest:
        raise TerminologyError(f"{path}: no {main} in it{_hint(path)}")
    members = found[nearest[0]]
    if missing := [name for name in beside if name not in members]:
        # Where the folder of the main file was given, or the file, the others are one step up;
        # what lies beside an archive belongs to it.
        near, above = nearest[0], nearest[0].resolve().parent
        if path.is_file() and near != path.parent:
            above = path.parent
            around = _in_folder(above, set(missing), depth=0)
        elif path.is_dir() and near != path:
            around = {}
        else:
            around = _in_folder(above, set(missing), depth=1)
        found.update({f: around[f] for f in around if f == above or f.name.upper() == "NET"})
        for name in missing:
            holding = [folder for folder in found if name in found[folder]]
            if holding:
                members[name] = found[min(holding, key=lambda f: (len(f.parts), f))][name]
    return members


def _hint(path: Path) -> str:
    if path.is_dir():
        return or_its_zip(path) or "; give the folder or zip that holds the .RRF files"
    with zipfile.ZipFile(path) as archive:
        packed = any(name.endswith(".nlm") for name in archive.namelist())
    if packed:
        return (
            "; it holds .nlm files: unpack this zip and give the folder that they are in, or fetch "
            'the "Metathesaurus Full Subset"'
        )
    return "; give the folder or zip that holds the .RRF files"


def _known(name: str, wanted: set[str]) -> tuple[str, str] | None:
    """The name as we write it of a file that may be in other case, or gzipped, and its part."""
    match = re.fullmatch(r"(.*?)(?:\.((?!gz)[a-z]{2}))?(?:\.gz)?", name, flags=re.IGNORECASE)
    if match is None:
        return None
    for known in wanted:
        if known.lower() == match[1].lower():
            return known, (match[2] or "").lower()
    return None


def _in_folder(path: Path, wanted: set[str], *, depth: int = _DEPTH) -> _Found:
    return _members(_below(path, depth), wanted)


def _below(path: Path, depth: int) -> Iterator[tuple[Path, ReleaseFile]]:
    """The files so far below a folder, each with the folder that it lies in, unpacked."""
    for folder, folders, names in os.walk(path):
        here = Path(folder)
        if len(here.relative_to(path).parts) >= depth:
            folders.clear()
        # An unpacked file, which sorts first, stands for itself and its .gz.
        for name in sorted(names):
            if name.lower().endswith(".nlm"):
                for file in zipped_files(here / name):
                    yield here / Path(file.inside).parent, file
            else:
                yield here, ReleaseFile(here / name)


def _members(files: Iterable[tuple[Path, ReleaseFile]], wanted: set[str]) -> _Found:
    """By folder and name; what is there whole needs no parts."""
    parts: dict[tuple[Path, str], dict[str, ReleaseFile]] = {}
    for folder, file in files:
        if (known := _known(file.name, wanted)) is not None:
            name, suffix = known
            parts.setdefault((folder, name), {}).setdefault(suffix, file)
    members: _Found = {}
    for (folder, name), by_suffix in parts.items():
        whole = by_suffix.get("")
        member = _together(folder / name, by_suffix) if whole is None else Member((whole,))
        members.setdefault(folder, {})[name] = member
    return members


def _together(where: Path, by_suffix: dict[str, ReleaseFile]) -> Member:
    suffixes = sorted(by_suffix)
    for place, suffix in enumerate(suffixes):
        due = chr(ord("a") + place // 26) + chr(ord("a") + place % 26)
        if suffix != due:
            raise TerminologyError(
                f"{where}: the part .{due} is missing; found: {', '.join(suffixes)}; "
                "put all parts into one folder"
            )
    return Member(tuple(by_suffix[suffix] for suffix in suffixes), suffixes[-1])

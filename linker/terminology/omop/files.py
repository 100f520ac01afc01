"""The files of a download from OHDSI's Athena: in a folder, below it, or in a zip."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.files import opened, opened_member, or_its_zip, translated


@dataclass(frozen=True, slots=True)
class AthenaFile:
    """A file of a download: `inside` is its name in the zip at `path`, or ""."""

    path: Path
    inside: str = ""

    def __str__(self) -> str:
        return str(self.path / self.inside)

    @contextmanager
    def open(self, progress: Progress) -> Iterator[IO[bytes]]:
        """The bytes of the file, as a step of a job.

        Raises:
            TerminologyError: the file cannot be read, or its zip is damaged, now or later.
        """
        if not self.inside:
            with opened(self.path, progress=progress) as stream:
                yield stream
            return
        with opened_member(self.path, self.inside, progress) as stream:
            yield stream


def find_files(path: Path, tables: Sequence[str], *, main: str) -> dict[str, AthenaFile]:
    """The files of a download by their tables, all from the folder that holds the main one.

    Args:
        path: a folder with them or above them, a zip, or the main file.
        tables: as in "CONCEPT" for CONCEPT.csv, in any case.

    Raises:
        TerminologyError: the main file is missing, or is in several folders.
    """
    if path.is_dir():
        files = [AthenaFile(file) for file in sorted(path.rglob("*")) if file.is_file()]
    elif zipfile.is_zipfile(path):
        with translated(path), zipfile.ZipFile(path) as archive:
            files = [
                AthenaFile(path, name)
                for name in sorted(archive.namelist())
                if not name.startswith("__MACOSX/")
            ]
    elif _table(AthenaFile(path), [main]):
        files = [AthenaFile(file) for file in sorted(path.parent.iterdir()) if file.is_file()]
    else:
        raise TerminologyError(
            f"{path}: neither a folder, nor a zip, nor {main}.csv; give what Athena's download "
            "holds (https://athena.ohdsi.org)"
        )
    found: dict[Path, dict[str, AthenaFile]] = {}
    for file in files:
        # An unpacked file, which sorts first, stands for itself and its .gz.
        if table := _table(file, tables):
            found.setdefault((file.path / file.inside).parent, {}).setdefault(table, file)
    holding = [folder for folder, held in found.items() if main in held]
    if not holding:
        zips = or_its_zip(path) if path.is_dir() else ""
        hint = zips or "; give the folder or zip that Athena's download holds"
        raise TerminologyError(f"{path}: no {main}.csv in it{hint}")
    if len(holding) > 1:
        raise TerminologyError(
            f"{path}: {main}.csv is in several folders: {', '.join(map(str, holding))}; give one"
        )
    return found[holding[0]]


def _table(file: AthenaFile, tables: Sequence[str]) -> str | None:
    name = file.inside.rpartition("/")[2] or file.path.name
    packed = "" if file.inside else r"(?:\.gz)?"
    match = re.fullmatch(rf"(\w+)\.(?:csv|tsv|txt){packed}", name, re.IGNORECASE)
    return match[1].upper() if match and match[1].upper() in tables else None

"""The files of a download from OHDSI's Athena: in a folder, below it, or in a zip."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from linker.errors import TerminologyError
from linker.terminology.files import or_its_zip
from linker.terminology.release_files import ReleaseFile, files_of


def find_files(path: Path, tables: Sequence[str], *, main: str) -> dict[str, ReleaseFile]:
    """The files of a download by their tables, all from the folder that holds the main one.

    Args:
        path: a folder with them or above them, a zip, or the main file.
        tables: as in "CONCEPT" for CONCEPT.csv, in any case.

    Raises:
        TerminologyError: the main file is missing, or is in several folders.
    """
    if path.is_dir() or zipfile.is_zipfile(path):
        files = files_of(path)
    elif _table(ReleaseFile(path), [main]):
        files = [ReleaseFile(file) for file in sorted(path.parent.iterdir()) if file.is_file()]
    else:
        raise TerminologyError(
            f"{path}: neither a folder, nor a zip, nor {main}.csv; give what Athena's download "
            "holds (https://athena.ohdsi.org)"
        )
    found: dict[Path, dict[str, ReleaseFile]] = {}
    for file in files:
        # An unpacked file, which sorts first, stands for itself and its .gz.
        if table := _table(file, tables):
            found.setdefault(file.folder, {}).setdefault(table, file)
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


def _table(file: ReleaseFile, tables: Sequence[str]) -> str | None:
    match = re.fullmatch(r"(\w+)\.(?:csv|tsv|txt)(?:\.gz)?", file.name, re.IGNORECASE)
    return match[1].upper() if match and match[1].upper() in tables else None

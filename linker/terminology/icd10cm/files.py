"""The files of an ICD-10-CM release: those in a folder or zip, and which release it is."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.terminology.files import or_its_zip, read_bytes
from linker.terminology.icd10cm.tabular import tabular_root
from linker.terminology.release_files import ReleaseFile, files_of

_LISTS = "lists"
_PATTERNS = {
    "tabular lists": r"icd10cm?[-_ ]tabular(?!.*addend).*\.xml(\.gz)?",
    "order files": r"icd10cm?[-_ ]order(?!.*addend).*\.txt(\.gz)?",
    _LISTS: r"(icd10cm?[-_ ])?(code[-_ ]?list|codes)(?!.*addend).*\.txt(\.gz)?",
    "indexes": r"icd10cm?[-_ ]index(?!.*addend).*\.xml(\.gz)?",
}
"""The names of a release's files; of lists of codes there may be several, and then none is read."""


@dataclass(frozen=True, slots=True)
class Icd10cmFiles:
    """What a release holds: at least one of the first two."""

    tabular: ReleaseFile | None = None
    order: ReleaseFile | None = None
    codes: ReleaseFile | None = None
    index: ReleaseFile | None = None


def find_files(path: Path) -> Icd10cmFiles:
    """The files of a folder or zip, or the one that is given.

    Raises:
        TerminologyError: there is neither a tabular list nor an order file, or several of a kind.
    """
    if path.is_dir() or zipfile.is_zipfile(path):
        return _chosen(path, files_of(path))
    file = ReleaseFile(path)
    is_xml = read_bytes(path).lstrip()[:1] == b"<"
    return Icd10cmFiles(tabular=file) if is_xml else Icd10cmFiles(order=file)


def _chosen(path: Path, files: list[ReleaseFile]) -> Icd10cmFiles:
    found: dict[str, ReleaseFile] = {}
    for what, pattern in _PATTERNS.items():
        matching = [file for file in files if re.fullmatch(pattern, file.name, re.IGNORECASE)]
        if len(matching) > 1 and what != _LISTS:
            raise TerminologyError(
                f"{path}: holds {len(matching)} {what} "
                f"({', '.join(file.name for file in matching[:4])}); expected one release: "
                "give the file, or a folder with one of each"
            )
        if len(matching) == 1:
            found[what] = matching[0]
    tabular, order, codes, index = (found.get(what) for what in _PATTERNS)
    if tabular is None and order is None:
        hint = or_its_zip(path) if path.is_dir() else ""
        hint = hint or "; fetch one from the CDC's ICD-10-CM page"
        raise TerminologyError(
            f"{path}: holds neither a tabular list (icd10cm-tabular-*.xml) nor an order file "
            f"(icd10cm-order-*.txt){hint}"
        )
    return Icd10cmFiles(tabular, order, codes, index)


def version_of(files: Icd10cmFiles) -> str:
    """As the file names state it ("April 1 2026"): there are two releases a year."""
    for file in (files.order, files.tabular):
        if file is not None:
            match = re.search(r"(?:order|tabular)[-_ ]+([\w -]*?\d{4})", file.name)
            if match:
                return " ".join(re.split(r"[-_ ]+", match[1]))
    if files.tabular is None:
        return ""
    root = tabular_root(files.tabular.read(), str(files.tabular))
    return (root.findtext("version") or "").strip()

"""The files of an ICD-10-CM release: those in a folder or zip, and which release it is."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.files import or_its_zip, read_bytes, zip_members
from linker.terminology.icd10cm.tabular import tabular_root

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

    tabular: Path | None = None
    order: Path | None = None
    codes: Path | None = None
    index: Path | None = None
    data: dict[Path, bytes] | None = None

    def read(self, path: Path, progress: Progress | None = None) -> bytes:
        """The content of one of them."""
        return read_bytes(path, progress=progress) if self.data is None else self.data[path]


def find_files(path: Path) -> Icd10cmFiles:
    """The files of a folder or zip, or the one that is given.

    Raises:
        TerminologyError: there is neither a tabular list nor an order file, or several of a kind.
    """
    if path.is_dir():
        paths = sorted(p for p in path.rglob("*") if p.is_file())
        return _chosen(path, paths)
    if zipfile.is_zipfile(path):
        data = zip_members(
            path, lambda name: any(_matches(p, Path(name)) for p in _PATTERNS.values())
        )
        return _chosen(path, list(data), data)
    if _is_xml(read_bytes(path)):
        return Icd10cmFiles(tabular=path)
    return Icd10cmFiles(order=path)


def _is_xml(data: bytes) -> bool:
    return data.lstrip()[:1] == b"<"


def _matches(pattern: str, path: Path) -> bool:
    return re.fullmatch(pattern, path.name, re.IGNORECASE) is not None


def _chosen(path: Path, paths: list[Path], data: dict[Path, bytes] | None = None) -> Icd10cmFiles:
    found: dict[str, Path] = {}
    for what, pattern in _PATTERNS.items():
        matching = [p for p in paths if _matches(pattern, p)]
        if len(matching) > 1 and what != _LISTS:
            raise TerminologyError(
                f"{path}: holds {len(matching)} {what} "
                f"({', '.join(p.name for p in matching[:4])}); expected one release: "
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
    return Icd10cmFiles(tabular, order, codes, index, data)


def version_of(files: Icd10cmFiles) -> str:
    """As the file names state it ("April 1 2026"): there are two releases a year."""
    for path in (files.order, files.tabular):
        if path is not None:
            match = re.search(r"(?:order|tabular)[-_ ]+([\w -]*?\d{4})", path.name)
            if match:
                return " ".join(re.split(r"[-_ ]+", match[1]))
    if files.tabular is None:
        return ""
    root = tabular_root(files.read(files.tabular), str(files.tabular))
    return (root.findtext("version") or "").strip()

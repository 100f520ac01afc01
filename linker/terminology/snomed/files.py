"""RF2, the release format of SNOMED CT: which file holds what; `tsv` reads the rows.

A file is tab-separated UTF-8 with a header and CRLF. Nothing is quoted: a '"' is a character
(SNOMED CT Release File Specification, section 2.1). Its name says what it holds, whether it is
Full, Snapshot or Delta, and from whom: `sct2_Concept_Snapshot_US1000124_20310301.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.terminology.release_files import ReleaseFile, files_of

_PREFIXES = {
    "concept": "sct2_Concept",
    "description": "sct2_Description",
    "definition": "sct2_TextDefinition",
    "relationship": "sct2_Relationship",
    "language": "der2_cRefset_Language",
    "association": "der2_cRefset_Association(?:Reference)?",
    "map": "der2_iisss[cis]*Refset_(?:Extended|Complex)Map",
    # "ToSCT" leads from another vocabulary to the nearest concept, which need not be the same.
    "simple_map": "der2_sRefset_SimpleMap(?!ToSCT)",
}
_REQUIRED = ("concept", "description", "relationship")
# "x" and "z" mark beta and archived files; "UKCL" and "SpanishExtension" stand before "Snapshot".
_NAMES = {
    kind: re.compile(
        rf"[xz]?{prefix}_?(?P<part>[A-Za-z0-9]*?)(?P<type>Full|Snapshot|Delta)(?:-[\w-]+?)?"
        r"_(?P<country>[A-Z]{2,3}\d*)_(?P<date>\d{8})[^_]*\.txt"
    )
    for kind, prefix in _PREFIXES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rf2File(ReleaseFile):
    """A file of a release, and what its name says.

    Attributes:
        kind: what it holds: a key of `_PREFIXES` ("concept", "language").
        type: "Full", "Snapshot" or "Delta".
        edition: from whom, as the file names it: "INT", "US1000124", "UKCL GB1000000".
        date: of the release, YYYYMMDD.
    """

    kind: str
    type: str
    edition: str
    date: str


def find_release(path: Path) -> list[Rf2File]:
    """The snapshot files of the releases in a folder or zip, in order of their names.

    A folder is searched to its depth, and the zips in it. A file that lies there twice, packed
    and unpacked, is read once.

    Raises:
        TerminologyError: there is no RF2 file, an edition has no snapshot, a kind that every
            release has is missing, or there are two releases of one edition.
    """
    found: dict[str, Rf2File] = {}
    for file in _files(path):
        if file.name not in found or not file.inside:
            found[file.name] = file
    files = [found[name] for name in sorted(found)]
    if not files:
        raise TerminologyError(
            f"{path}: holds no RF2 file (sct2_Concept_Snapshot_*.txt); give the folder or the "
            ".zip of a SNOMED CT release in RF2"
        )
    snapshots = [file for file in files if file.type == "Snapshot"]
    _check_snapshots(path, files, snapshots)
    return snapshots


def _files(path: Path) -> Iterator[Rf2File]:
    for file in files_of(path):
        if not file.inside and file.path.suffix.lower() == ".zip":
            yield from _files(file.path)
        for kind, pattern in _NAMES.items():
            if match := pattern.fullmatch(file.name):
                yield Rf2File(
                    file.path,
                    file.inside,
                    kind=kind,
                    type=match["type"],
                    edition=f"{match['part']} {match['country']}".strip(),
                    date=match["date"],
                )


def _check_snapshots(path: Path, files: list[Rf2File], snapshots: list[Rf2File]) -> None:
    covered = {file.edition for file in snapshots if file.kind == "concept"}
    for file in files:
        if file.kind == "concept" and file.edition not in covered:
            there = {
                f.type: f.name for f in files if (f.kind, f.edition) == ("concept", file.edition)
            }
            raise TerminologyError(
                f"{path}: of {file.edition} there is a {' and a '.join(there)} release only "
                f"({', '.join(there.values())}); "
                "the Snapshot is read: give the release with its Snapshot folder"
            )
    for kind in _REQUIRED:
        if all(file.kind != kind for file in snapshots):
            raise TerminologyError(
                f"{path}: holds no {_PREFIXES[kind]}_Snapshot*.txt; found: "
                f"{', '.join(file.name for file in files[:6])}; give the whole release"
            )
    seen: dict[str, Rf2File] = {}
    for file in snapshots:
        if file.kind == "concept" and file.edition in seen:
            raise TerminologyError(
                f"{path}: holds two releases of {file.edition} ({seen[file.edition].name}, "
                f"{file.name}); keep one"
            )
        if file.kind == "concept":
            seen[file.edition] = file

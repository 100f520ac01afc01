"""The files of a MeSH release: which there are in a folder or zip, and which of them are read."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linker.errors import TerminologyError
from linker.terminology.files import opened
from linker.terminology.release_files import ReleaseFile, files_of, zipped_files

_NAME = r"{kind}(?P<year>(?:19|20)\d\d)?(?:[-_ ][^/]*)?\.(?:xml|gz|xml\.gz|zip)"


@dataclass(frozen=True, slots=True)
class MeshSet:
    """What one of the two kinds of file holds."""

    kind: str
    root: str
    tag: str
    prefix: str


DESCRIPTORS = MeshSet("desc", "DescriptorRecordSet", "DescriptorRecord", "Descriptor")
SUPPLEMENTARY = MeshSet("supp", "SupplementalRecordSet", "SupplementalRecord", "SupplementalRecord")
SETS = (DESCRIPTORS, SUPPLEMENTARY)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFile(ReleaseFile):
    """A file of a release, what it holds, and of which year ("" if unknown)."""

    set: MeshSet
    year: str


def find_files(path: Path) -> list[MeshFile]:
    """The files to read: descriptors first, as they are the parents of the others.

    The NLM gives each as .xml, .gz and .zip; where several of these lie, one is read.

    Raises:
        TerminologyError: there is none, or there are two of a kind.
    """
    if path.is_dir() or zipfile.is_zipfile(path):
        found = list(_named(files_of(path)))
    else:
        found = [_any_name(path)]
    if not found:
        raise TerminologyError(
            f"{path}: holds neither desc20XX.xml nor supp20XX.xml; fetch them from the NLM's page "
            '"Download MeSH Data" (XML)'
        )
    chosen: list[MeshFile] = []
    for kind in SETS:
        of_kind = [file for file in found if file.set is kind]
        if len({file.year for file in of_kind}) > 1:
            raise _two_releases(path, of_kind)
        chosen += sorted(of_kind, key=lambda file: (file.path.suffix != ".xml", str(file)))[:1]
    if len({file.year for file in chosen if file.year}) > 1:
        raise _two_releases(path, chosen)
    return chosen


def _two_releases(path: Path, files: Sequence[MeshFile]) -> TerminologyError:
    return TerminologyError(
        f"{path}: holds MeSH of several years ({', '.join(str(file) for file in files)}); "
        "give one descriptor file and one supplementary file of one year"
    )


def _known(name: str) -> Iterator[tuple[MeshSet, str]]:
    for kind in SETS:
        if match := re.fullmatch(_NAME.format(kind=kind.kind), name, re.IGNORECASE):
            yield kind, match["year"] or ""


def _named(files: Iterable[ReleaseFile]) -> Iterator[MeshFile]:
    for file in files:
        for kind, year in _known(file.name):
            if not file.inside and zipfile.is_zipfile(file.path):
                yield from _named(zipped_files(file.path))
            else:
                yield MeshFile(file.path, file.inside, set=kind, year=year)


def _any_name(path: Path) -> MeshFile:
    """A file by what it starts with: its root element, and the year of its document type."""
    with opened(path) as stream:
        start = stream.read(1 << 16)
    stated = re.search(rb"recordset_((?:19|20)\d\d)", start)
    year = next((year for _, year in _known(path.name)), stated[1].decode() if stated else "")
    for kind in SETS:
        if f"<{kind.root}".encode() in start:
            return MeshFile(path, set=kind, year=year)
    found = re.search(rb"<([A-Za-z][\w.:-]*)", start)
    what = f"XML with the root <{found[1].decode()}>" if found else "no XML"
    raise TerminologyError(
        f"{path}: {what}, expected <DescriptorRecordSet> or <SupplementalRecordSet>: MeSH in XML "
        "(desc20XX.xml, supp20XX.xml), not in ASCII, RDF or MARC"
    )

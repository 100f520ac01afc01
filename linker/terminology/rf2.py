"""RF2, the release format of SNOMED CT: which file holds what, and its rows as Arrow tables.

A file is tab-separated UTF-8 with a header and CRLF. Nothing is quoted: a '"' is a character
(SNOMED CT Release File Specification, section 2.1). Its name says what it holds, whether it is
Full, Snapshot or Delta, and from whom: `sct2_Concept_Snapshot_US1000124_20310301.txt`.

Files in a zip are read in place.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as csv

from linker.errors import TerminologyError
from linker.terminology.files import not_utf8, translated
from linker.terminology.rows import BadRows

_PREFIXES = {
    "concept": "sct2_Concept",
    "description": "sct2_Description",
    "definition": "sct2_TextDefinition",
    "relationship": "sct2_Relationship",
    "language": "der2_cRefset_Language",
    "association": "der2_cRefset_Association(?:Reference)?",
    "map": "der2_iisss[cis]*Refset_(?:Extended|Complex)Map",
    "simple_map": "der2_sRefset_SimpleMap",
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
_BLOCK = 16 << 20


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file of a release, perhaps inside a zip.

    Attributes:
        kind: what it holds: a key of `find_release`'s table of names ("concept", "language").
        type: "Full", "Snapshot" or "Delta".
        edition: from whom, as the file names it: "INT", "US1000124", "UKCL GB1000000".
        date: of the release, YYYYMMDD.
    """

    kind: str
    type: str
    edition: str
    date: str
    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """The name alone, by which files are put in order."""
        return self.path.name if self.member is None else self.member.rpartition("/")[2]

    def __str__(self) -> str:
        return str(self.path if self.member is None else self.path / self.member)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The bytes of the file.

        Raises:
            TerminologyError: the file cannot be read, or its zip is damaged, now or later.
        """
        if self.member is None:
            with translated(self.path), self.path.open("rb") as stream:
                yield stream
            return
        with translated(self.path), zipfile.ZipFile(self.path) as archive:
            if archive.getinfo(self.member).flag_bits & 1:
                raise TerminologyError(
                    f"{self.path}: {self.member} is encrypted; unpack it and give the folder"
                )
            with archive.open(self.member) as stream:
                yield BufferedReader(stream, 1 << 20)  # type: ignore[type-var]  # a RawIOBase's methods


# --- Which files there are --------------------------------------------------


def find_release(path: Path) -> list[ReleaseFile]:
    """The snapshot files of the releases in a folder or zip, in order of their names.

    A folder is searched to its depth, and the zips in it. A file that lies there twice, packed
    and unpacked, is read once.

    Raises:
        TerminologyError: there is no RF2 file, an edition has no snapshot, a kind that every
            release has is missing, or there are two releases of one edition.
    """
    found: dict[str, ReleaseFile] = {}
    for file in _files(path):
        if file.name not in found or file.member is None:
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


def _files(path: Path) -> Iterator[ReleaseFile]:
    if path.is_dir():
        for found in sorted(path.rglob("*")):
            if found.suffix.lower() in (".txt", ".zip") and found.is_file():
                yield from _files(found)
    elif path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        with translated(path), zipfile.ZipFile(path) as archive:
            members = sorted(archive.namelist())
        for member in members:
            yield from _named(path, member)
    else:
        yield from _named(path, None)


def _named(path: Path, member: str | None) -> Iterator[ReleaseFile]:
    name = path.name if member is None else member.rpartition("/")[2]
    for kind, pattern in _NAMES.items():
        if match := pattern.fullmatch(name):
            edition = f"{match['part']} {match['country']}".strip()
            yield ReleaseFile(kind, match["type"], edition, match["date"], path, member)


def _check_snapshots(path: Path, files: list[ReleaseFile], snapshots: list[ReleaseFile]) -> None:
    covered = {file.edition for file in snapshots if file.kind == "concept"}
    for file in files:
        if file.kind == "concept" and file.edition not in covered:
            raise TerminologyError(
                f"{path}: of {file.edition} there is a {file.type} release only ({file.name}); "
                "the Snapshot is read: give the release with its Snapshot folder"
            )
    for kind in _REQUIRED:
        if all(file.kind != kind for file in snapshots):
            raise TerminologyError(
                f"{path}: holds no {_PREFIXES[kind]}_Snapshot*.txt; found: "
                f"{', '.join(file.name for file in files[:6])}; give the whole release"
            )
    seen: dict[str, ReleaseFile] = {}
    for file in snapshots:
        if file.kind == "concept" and file.edition in seen:
            raise TerminologyError(
                f"{path}: holds two releases of {file.edition} ({seen[file.edition].name}, "
                f"{file.name}); keep one"
            )
        if file.kind == "concept":
            seen[file.edition] = file


# --- The rows of a file -----------------------------------------------------


def read_rows(
    file: ReleaseFile, columns: Mapping[str, pa.DataType], bad: BadRows
) -> Iterator[pa.Table]:
    """Read some columns of a file, block by block; blank lines and a byte-order mark are skipped.

    Args:
        columns: names as in the header, with int64, int32, bool or string.
        bad: told of each row that is broken.

    Yields:
        Tables with these columns, in the file's order.

    Raises:
        TerminologyError: a column is missing, or too many rows are broken.
    """
    with file.open() as stream:
        header = _header(file, stream.readline())
        missing = [name for name in columns if name not in header]
        if missing:
            raise TerminologyError(
                f"{file}:1: no column {missing[0]!r}; found: {', '.join(header)[:300]}; is this a "
                "file of RF2, with its header?"
            )
        number = 2
        # A block ends where a line does.
        while block := stream.read(_BLOCK):
            block += stream.readline()
            try:
                table = _parsed(block, header, columns)
            except pa.ArrowInvalid:
                # Slower, line by line: which rows are broken, and why.
                good = b"\n".join(_good_lines(block, number, file, header, columns, bad))
                try:
                    table = _parsed(good, header, columns)
                except pa.ArrowInvalid as error:
                    end = number + block.count(b"\n")
                    raise TerminologyError(
                        f"{file}: a row between lines {number} and {end} cannot be read: {error}"
                    ) from error
            number += block.count(b"\n")
            yield table


def _header(file: ReleaseFile, line: bytes) -> list[str]:
    try:
        header = line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(f"{file}:1", line[error.start]) from error
    if not header:
        raise TerminologyError(f"{file}:1: no header; was the file cut short? fetch it again")
    return header.split("\t")


def _parsed(block: bytes, header: list[str], columns: Mapping[str, pa.DataType]) -> pa.Table:
    if not block.lstrip(b"\r\n"):
        return pa.schema(list(columns.items())).empty_table()
    return csv.read_csv(
        pa.BufferReader(block),
        read_options=csv.ReadOptions(column_names=header, block_size=4 << 20),
        parse_options=csv.ParseOptions(
            delimiter="\t", quote_char=False, double_quote=False, escape_char=False
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict(columns),
            include_columns=list(columns),
            null_values=[],
            true_values=["1"],
            false_values=["0"],
        ),
    )


def _good_lines(
    block: bytes,
    number: int,
    file: ReleaseFile,
    header: list[str],
    columns: Mapping[str, pa.DataType],
    bad: BadRows,
) -> Iterator[bytes]:
    """The lines that can be read; the others go to `bad`."""
    typed = [(header.index(name), name, type_) for name, type_ in columns.items()]
    for at, line in enumerate(block.split(b"\n"), start=number):
        line = line.removesuffix(b"\r")
        if not line:
            continue
        problem = _problem(f"{file}:{at}", line, len(header), typed)
        if problem is None:
            yield line
        else:
            bad.skip(problem)


def _problem(
    where: str, line: bytes, n_fields: int, typed: list[tuple[int, str, pa.DataType]]
) -> TerminologyError | None:
    fields = line.split(b"\t")
    if len(fields) != n_fields:
        return TerminologyError(
            f"{where}: {len(fields)} fields, expected {n_fields} as in the header; "
            "was the file cut short?"
        )
    if b"\r" in line:
        return TerminologyError(
            f"{where}: a carriage return inside a row, expected one at its end only; "
            "fetch the file again"
        )
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(where, line[error.start])
    for index, name, type_ in typed:
        value = fields[index].decode("utf-8").strip()
        whole = value.isascii() and value.isdigit() and len(value) <= 18
        if pa.types.is_integer(type_) and not whole:
            return TerminologyError(
                f"{where}: {name} is {value[:40]!r}, expected digits; was the row cut short?"
            )
        if pa.types.is_boolean(type_) and value not in ("0", "1"):
            return TerminologyError(f"{where}: {name} is {value[:40]!r}, expected 0 or 1")
    return None

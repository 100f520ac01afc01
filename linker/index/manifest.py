"""The manifest: what an index folder holds, from what, and whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from linker.atomic import write_atomically
from linker.counted import counted
from linker.encoder import EncoderIdentity
from linker.errors import IndexFolderError
from linker.index.vectors.effort import Effort
from linker.terminology import Release

if TYPE_CHECKING:
    from linker.index.store.store import Store

MANIFEST = "manifest.json"
FORMAT_VERSION = 2
"""Raised where files of before can no longer be read: an index is of this one, or is rebuilt."""
_BLOCK = 1 << 20

_SHOWN = 5
"""Indexes that are named, of a folder of many."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class VectorsInfo(_Part):
    """How the vectors are searched, and the share of true neighbours that the search finds.

    Attributes:
        kind: the FAISS factory string.
        effort: how hard the search looks, as the build tuned it.
        refined: `vectors.faiss` holds codes, and `vectors.f16` the vectors, in half precision, by
            which its candidates are compared: scores are cosines of those.
        recall_at_10: in [0, 1], against exact search, over `recall_queries` held-out queries.
        recall_moved_to: each of these is a vector of the index, moved by seeded noise to this
            cosine.
        recall_asked: what the search was tuned for.
    """

    kind: str
    effort: Effort = Effort()
    refined: bool = False
    recall_at_10: float
    recall_queries: int
    recall_moved_to: float
    recall_asked: float


class Counts(_Part):
    """Active concepts, retired ids, distinct names, and pairs of a name and a concept.

    `derived` of the pairs are of forms that were derived from names.
    """

    concepts: int
    retired: int
    names: int
    name_concept_pairs: int
    derived: int = 0

    @classmethod
    def of(cls, store: Store) -> Counts:
        """What a store holds."""
        return cls(
            concepts=store.count("active"),
            retired=store.count("retired"),
            names=store.n_names,
            name_concept_pairs=store.n_pairs,
            derived=store.n_derived,
        )


class FileInfo(_Part):
    """A file of the folder: its size in bytes and the sha256 of its content, in hexadecimal."""

    bytes: int
    sha256: str


class LeftOut(_Part):
    """A row of an overlay that could not be laid over the index, and why."""

    line: int
    concept_id: str
    reason: str


class OverlayInfo(_Part):
    """An overlay of local names, codes and concepts, and what it changed.

    Attributes:
        name: the file's name.
        sha256: of its content, which the folder keeps as `file`.
        names_added, names_removed: pairs of a name and a concept.
        concepts_added: how many are the overlay's own.
        concepts_changed: how many got a code, a preferred name or the like.
        followed: retired ids of its rows, and the concepts that have replaced them.
        left_out: its rows that are about no concept of the index; and those with a parent that is
            none, of which that alone is left out.
    """

    name: str
    sha256: str
    file: str
    rows: int
    names_added: int = 0
    names_removed: int = 0
    concepts_added: int = 0
    concepts_changed: int = 0
    followed: dict[str, str] = {}
    left_out: tuple[LeftOut, ...] = ()

    @property
    def summary(self) -> str:
        """What it did, in words."""
        counts = (
            (self.names_added, "name", "added"),
            (self.names_removed, "name", "removed"),
            (self.concepts_added, "new concept", ""),
            (self.concepts_changed, "concept", "changed"),
            (len(self.followed), "retired id", "followed"),
            (len(self.left_out), "row", "left out"),
        )
        said = [counted(n, noun, done) for n, noun, done in counts if n]
        return f"{counted(self.rows, 'row')}: {', '.join(said) or 'nothing changed'}"


class Manifest(_Part):
    """`manifest.json`: written last, so that a folder with one is a finished index.

    Attributes:
        overlays: what is laid over the terminology, in this order.
        layer: what the names of the overlays' files begin with, or "".
    """

    format_version: int
    tool_version: str
    terminology: Release
    encoder: EncoderIdentity
    vectors: VectorsInfo
    counts: Counts
    files: dict[str, FileInfo]
    overlays: tuple[OverlayInfo, ...] = ()
    layer: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What the reader of a page wants to know of the index, by label."""
        return {
            "Terminology": self.terminology.terminology,
            "Release": self.terminology.version or "not stated",
            "Concepts": f"{self.counts.concepts:,}",
            "Names": f"{self.counts.names:,}",
            "Encoder": self.encoder.name,
            "Licence": self.terminology.licence or "not stated",
        }

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder, and check that its files are there in full length.

        Raises:
            IndexFolderError: the folder is missing, is no index, is of another format version, or
                a file of it is missing or has another length than when it was written.
        """
        manifest = cls.parse(folder)
        manifest._check_sizes(folder)
        return manifest

    @classmethod
    def parse(cls, folder: Path) -> Manifest:
        """Read the manifest of a folder, without a look at the files that it describes.

        Raises:
            IndexFolderError: the folder is missing, is no index, or is of another format version.
        """
        path = folder / MANIFEST
        if not folder.is_dir():
            what = "is a file, not an index folder" if folder.exists() else "does not exist"
            raise IndexFolderError(f"{folder}: {what}; {_advice(folder)}")
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise IndexFolderError(
                f"{folder}: no {MANIFEST}, so this is not a finished index; {_advice(folder)}"
            ) from error
        except (OSError, ValueError, RecursionError) as error:
            raise IndexFolderError(
                f"{path}: cannot be read ({error}); rebuild the index"
            ) from error
        found = data.get("format_version") if isinstance(data, dict) else None
        if found != FORMAT_VERSION:
            raise IndexFolderError(
                f"{path}: format version {found!r}, this version of linker reads "
                f"{FORMAT_VERSION}; rebuild the index"
            )
        try:
            manifest = cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise IndexFolderError(f"{path}: {where}: {first['msg']}; rebuild the index") from error
        # A folder may come from somewhere else: what it says is read lies in it.
        for name in (*manifest.files, manifest.layer, *(over.file for over in manifest.overlays)):
            if name in (".", "..") or set(name) & {"/", "\0"}:
                raise IndexFolderError(
                    f"{path}: {name!r} is no name of a file of this folder; rebuild the index"
                )
        return manifest

    def _check_sizes(self, folder: Path) -> None:
        for name, info in self.files.items():
            try:
                size = (folder / name).stat().st_size
            except OSError as error:
                raise IndexFolderError(
                    f"{folder / name}: missing; rebuild the index or copy it again"
                ) from error
            if size != info.bytes:
                raise IndexFolderError(
                    f"{folder / name}: {size} bytes, expected {info.bytes} "
                    f"(sha256 {info.sha256[:12]}...); was it cut short? "
                    "Rebuild the index or copy it again"
                )

    def verify(self, folder: Path) -> None:
        """Read every file in full and compare its sha256: a minute for tens of gigabytes.

        Raises:
            IndexFolderError: a file differs from what was written.
        """
        for name, info in self.files.items():
            found = sha256(folder / name)
            if found != info.sha256:
                raise IndexFolderError(
                    f"{folder / name}: sha256 is {found[:12]}..., expected {info.sha256[:12]}...; "
                    "the file is damaged: rebuild the index or copy it again"
                )

    def write(self, folder: Path) -> None:
        """Write the manifest atomically: whole, or not at all."""
        write_atomically(
            folder / MANIFEST, json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"
        )


def sha256(path: Path) -> str:
    """The sha256 of a file's content, in hexadecimal, read a block at a time."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def describe_files(folder: Path, names: list[str]) -> dict[str, FileInfo]:
    """Size and checksum of each named file, after its bytes are on the disk."""
    described = {}
    for name in sorted(names):
        path = folder / name
        with path.open("rb") as file:
            os.fsync(file.fileno())
        described[name] = FileInfo(bytes=path.stat().st_size, sha256=sha256(path))
    return described


def _advice(path: Path) -> str:
    """What to give, or do, instead of a path that is no index: one may lie around it, or in it."""
    if path.is_file() and (path.parent / MANIFEST).exists():
        return f"give {path.parent}"
    held = sorted(found.parent for found in path.glob(f"*/{MANIFEST}"))
    if held:
        more = f" and {len(held) - _SHOWN} more" if len(held) > _SHOWN else ""
        return f"it holds some: {', '.join(map(str, held[:_SHOWN]))}{more}"
    return f"build one with: linker build SOURCE PATH --out {path}"

"""An index folder, opened: store, lexicon, vectors and calibration, all memory-mapped."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from linker.errors import IndexFolderError
from linker.index.lexicon import Lexicon
from linker.index.manifest import Manifest
from linker.index.overlays.layers import LayeredVectors, layer_files, open_layer
from linker.index.store.schema import CONCEPTS_FILE, NAMES_FILE
from linker.index.store.store import Store
from linker.index.vectors.make import HALF_FILE, VECTORS_FILE, open_vectors
from linker.index.vectors.vectors import Vectors

LEXICON_FILE = "lexicon.arrow"
CALIBRATION_FILE = "calibration.json"
FILES = (CONCEPTS_FILE, NAMES_FILE, LEXICON_FILE, VECTORS_FILE, CALIBRATION_FILE)


def set_aside(out: Path) -> Path:
    """Where an index waits, for a moment, while another takes its place.

    A build that is killed in that moment leaves it there, and no index at `out`.
    """
    out = out.resolve()
    return out.with_name(f".{out.name}.replaced")


def refuse_unreadable(path: Path) -> None:
    """See that FAISS and Arrow can open what lies at a path.

    Raises:
        IndexFolderError: it is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise IndexFolderError(
            f"{os.fsencode(path)!r}: a path that is not UTF-8 cannot be opened; rename it"
        ) from None


class Index:
    """The parts of an index folder. Use `open`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.store = Store.open(path)
        self.lexicon = Lexicon.open(path / LEXICON_FILE)
        self._n_own_names = self.store.n_names
        self._added: Vectors | None = None
        if manifest.layer:
            self.store, self.lexicon = open_layer(path, manifest.layer, self.store, self.lexicon)
            # Now, not when first used: another overlay may take the place of these files.
            if self.store.n_names > self._n_own_names:
                self._added = Vectors.open(path / layer_files(manifest.layer)[-1])

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = False) -> Index:
        """Open an index: files are mapped, not read, so that it takes no longer for a large one.

        Args:
            path: the index folder.
            verify: compare the sha256 of every file, which reads them all.

        Raises:
            IndexFolderError: not an index, of another format version, incomplete or damaged.
        """
        path = Path(path)
        refuse_unreadable(path)
        manifest = Manifest.read(path)
        try:
            return cls._open(path, manifest, verify=verify)
        except IndexFolderError:
            # An overlay may have been replaced between the manifest and the files that it lists.
            now = Manifest.read(path)
            if now == manifest:
                raise
            return cls._open(path, now, verify=verify)

    @classmethod
    def _open(cls, path: Path, manifest: Manifest, *, verify: bool) -> Index:
        files = {*FILES, HALF_FILE} if manifest.vectors.refined else set(FILES)
        missing = sorted(files - set(manifest.files))
        if missing:
            raise IndexFolderError(f"{path}: the manifest lists no {missing[0]}; rebuild the index")
        if verify:
            manifest.verify(path)
        try:
            return cls(path, manifest)
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise IndexFolderError(
                f"{path}: a file is damaged ({error}); linker info --verify {path} says which: "
                "rebuild the index or copy it again"
            ) from error

    @cached_property
    def vectors(self) -> Vectors:
        """The vectors of the names."""
        vectors = open_vectors(self.path, self.manifest.vectors)
        if (len(vectors), vectors.dim) != (self._n_own_names, self.manifest.encoder.dim):
            raise IndexFolderError(
                f"{self.path / VECTORS_FILE}: {len(vectors)} vectors of {vectors.dim} numbers, "
                f"expected {self._n_own_names} of {self.manifest.encoder.dim}; rebuild the index"
            )
        return vectors if self._added is None else LayeredVectors(vectors, self._added)

    @cached_property
    def calibration(self) -> dict[str, Any]:
        """What `calibration.json` holds."""
        path = self.path / CALIBRATION_FILE
        try:
            data = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise IndexFolderError(
                f"{path}: cannot be read ({error}); rebuild the index"
            ) from error
        if not isinstance(data, dict):
            raise IndexFolderError(f"{path}: not a JSON object; rebuild the index")
        return data

"""Protocol A's dictionary: an index with the mentions of a train split as further names.

It is written to a folder of its own, for this evaluation only; the index itself stays as it is.
Vectors that the index has are taken from it, so only the new names are embedded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from linker.encoder import Encoder, EncoderIdentity, Vectors, load_encoder
from linker.errors import EncoderMismatchError
from linker.index import Index, Progress, write_index
from linker.index.arrow import open_table
from linker.index.store import CONCEPTS_FILE, Store
from linker.terminology import Terminology
from linker.terminology.tables import CONCEPTS, NAMES, NameKind
from linker.text import normalise


@dataclass(frozen=True, slots=True)
class Added:
    """An index with further names: how many pairs of a name and a concept are new."""

    index: Index
    pairs: int


def with_names(
    index: Index,
    names: Mapping[str, Iterable[str]],
    out: Path,
    *,
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Added:
    """Write an index that has further names of its concepts.

    Args:
        index: the index as it was built.
        names: strings, each with the concept ids that it names; ids that the index does not hold,
            and names that their concept has already, add nothing.
        out: the folder to make.
        encoder: the index's own; loaded by its name if not given.
        progress: told of each step.

    Raises:
        EncoderMismatchError: the encoder is another than the index's.
        IndexFolderError: `out` exists.
    """
    identity = index.manifest.encoder
    if encoder is None:
        encoder = load_encoder(identity.name, revision=identity.revision or None)
    if encoder.identity.fingerprint != identity.fingerprint:
        raise EncoderMismatchError(
            f"{index.path}: built with encoder {identity.name}, asked for {encoder.identity.name}"
        )
    terminology, added = _terminology(index, names)
    written = write_index(
        terminology,
        _Known(index, encoder),
        out,
        kind=index.manifest.vectors.kind,
        min_recall=0.0,
        # The probabilities are those of the index as released.
        calibrate=lambda _: index.calibration,
        progress=progress,
    )
    return Added(written, added)


def _terminology(index: Index, names: Mapping[str, Iterable[str]]) -> tuple[Terminology, int]:
    """The terminology that an index was built of, with further names."""
    batch = open_table(index.path / CONCEPTS_FILE)
    concepts = pa.Table.from_batches([batch]).select(CONCEPTS.names).cast(CONCEPTS)
    store = index.store
    old = [
        (pair.concept, pair.surface, pair.kind.value)
        for row in range(store.n_names)
        for pair in store.pairs(row)
    ]
    ids = concepts.column("concept_id").to_pylist()
    has = {(ids[concept], normalise(surface)) for concept, surface, _ in old}
    new: list[tuple[str, str]] = []
    for name in sorted(names):
        for row in sorted({row for i in names[name] if (row := store.find(i)) is not None}):
            key = (ids[row], normalise(name))
            if key[1] and key not in has:
                has.add(key)
                new.append((ids[row], name))
    table = pa.table(
        {
            "concept_id": [*(ids[concept] for concept, _, _ in old), *(i for i, _ in new)],
            "name": [*(surface for _, surface, _ in old), *(name for _, name in new)],
            "kind": [*(kind for *_, kind in old), *([NameKind.EXACT.value] * len(new))],
        },
        schema=NAMES,
    )
    return Terminology(index.manifest.terminology, concepts, table), len(new)


class _Known:
    """An encoder that takes the vectors of an index's names from the index."""

    def __init__(self, index: Index, encoder: Encoder) -> None:
        self._index = index
        self._encoder = encoder
        self._rows = {name: row for row, name in enumerate(_normals(index.store))}

    @property
    def identity(self) -> EncoderIdentity:
        return self._encoder.identity

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        rows = [self._rows.get(text, -1) for text in texts]
        known = [at for at, row in enumerate(rows) if row >= 0]
        fresh = [at for at, row in enumerate(rows) if row < 0]
        vectors = np.empty((len(texts), self.identity.dim), dtype=np.float32)
        if known:
            vectors[known] = self._index.vectors.take(np.array([rows[at] for at in known]))
        if fresh:
            vectors[fresh] = self._encoder.encode([texts[at] for at in fresh])
        if progress is not None:
            progress(len(texts))
        return vectors


def _normals(store: Store) -> list[str]:
    return store.normals(0, store.n_names)

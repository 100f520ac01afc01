"""Protocol A's dictionary: an index with the mentions of a train split as names of the house.

They lie over it as an overlay does, in a folder of its own, for this evaluation only: the index
stays as it is, and only new names are embedded. What an annotator has called a concept decides,
as in an overlay, over the names that the terminology gives to others.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from linker.encoder import Encoder, own_encoder
from linker.errors import IndexFolderError
from linker.index import Index, kept_overlays, set_overlays, share_files
from linker.terminology import read_overlay
from linker.text import normalise

_FILE = "train-mentions.csv"


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
) -> Added:
    """Write an index that has further names of its concepts. Its calibration stays.

    Args:
        index: the index as it was built.
        names: strings, each with the concept ids that it names; ids that the index does not hold
            add nothing.
        out: the folder to make.
        encoder: the index's own; loaded by its name if not given.

    Raises:
        EncoderMismatchError: the encoder is another than the index's.
        IndexFolderError: `out` exists.
    """
    if out.exists():
        raise IndexFolderError(f"{out}: exists; choose another folder")
    own = own_encoder(index.manifest.encoder, encoder, index=index.path)
    with tempfile.TemporaryDirectory(prefix="linker-names-") as folder:
        path = Path(folder) / _FILE
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("concept_id", "name"))
            rows.writerows(
                (concept_id, name)
                for name in sorted(names)
                if normalise(name)
                for concept_id in sorted(names[name])
            )
        overlay = read_overlay(path)
    share_files(index.path, out)
    manifest = set_overlays(out, [*kept_overlays(out), overlay], lambda: own, strict=False)
    return Added(Index.open(out), manifest.overlays[-1].names_added)

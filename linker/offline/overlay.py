"""Local names, codes and concepts, laid over a built index."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from linker.encoder import Encoder, own_encoder
from linker.errors import ConfigError, IndexFolderError
from linker.index import Manifest, kept_overlays, locked, set_overlays, share_files
from linker.terminology import Overlay, read_overlay


def overlay_index(
    index: str | Path,
    files: Sequence[str | Path],
    *,
    out: str | Path | None = None,
    remove: Sequence[str] = (),
    skip_unknown: bool = False,
    encoder: Encoder | str | Path | None = None,
) -> Manifest:
    """Lay files of local names, codes and concepts over an index (`linker.terminology.overlay`).

    A file takes the place of an earlier one of the same name; others stay. The index is as it was
    until all is done, and linkers that have it open go on with what they opened.

    Args:
        index: the index folder.
        files: CSV files, laid over one after the other.
        out: make a new index there instead, which shares the files that do not change.
        remove: names of files to take off again.
        skip_unknown: leave out rows about no concept of the index, and say so in the manifest,
            rather than refuse the file. Rows of earlier files that are left out stay so.
        encoder: where the index's encoder is now, if not where it was at the build. It is needed
            only for names that are new to the index.

    Returns:
        The manifest of the index as it is now.

    Raises:
        TerminologyError: a file cannot be read, or a row of it cannot be applied.
        IndexFolderError: the folder is no index, `out` exists, another process is changing the
            index, or the disk is full.
        ConfigError: a name to take off is that of no overlay.
    """
    # A link to a folder elsewhere stays a link.
    index = Path(index).resolve()
    manifest = Manifest.read(index)
    given = [read_overlay(path) for path in files]
    target = index if out is None else Path(out).resolve()
    if target != index and os.path.ismount(target):
        raise IndexFolderError(
            f"{target}: the mount point of a disk or volume; give a folder inside it, as in --out "
            f"{target / 'index'}"
        )
    try:
        with locked(target):
            if target != index:
                if target.exists():
                    raise IndexFolderError(f"{target}: exists; choose another --out")
                folder = target.with_name(f".{target.name}.overlaying")
                shutil.rmtree(folder, ignore_errors=True)
            else:
                folder = index

            def load() -> Encoder:
                return own_encoder(manifest.encoder, encoder, index=index)

            try:
                if folder != index:
                    share_files(index, folder)
                overlays = combine(kept_overlays(folder), given, remove)
                changed = set_overlays(
                    folder,
                    overlays,
                    load,
                    strict=not skip_unknown,
                    given=[overlay.name for overlay in given],
                )
                if folder != target:
                    folder.rename(target)
            finally:
                if folder not in (index, target):
                    shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise IndexFolderError(
            f"{target}: the overlay could not be written: {error}; the index is as it was"
        ) from error
    return changed


def combine(
    kept: Sequence[Overlay], given: Sequence[Overlay], remove: Sequence[str] = ()
) -> list[Overlay]:
    """What is laid over an index: each given file in place of the kept one of its name, if any.

    Raises:
        ConfigError: two given files have one name, or a name to remove is that of no overlay.
    """
    overlays = {overlay.name: overlay for overlay in kept}
    for name in remove:
        if name not in overlays:
            there = ", ".join(overlays) or "none"
            raise ConfigError(f"no overlay {name!r} on this index; there: {there}")
        del overlays[name]
    names = [overlay.name for overlay in given]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"two overlays are called {name!r}; rename one of the files")
    overlays.update({overlay.name: overlay for overlay in given})
    return list(overlays.values())

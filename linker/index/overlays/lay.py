"""Overlays on an index: local names, codes and concepts, as a layer over its files.

What is there is neither read in full nor embedded again. The files of the new layer have names of
their own, and the manifest, replaced atomically, says which count: until then the index is as it
was, and a linker that has it open goes on with what it opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path

from linker.atomic import write_atomically
from linker.encoder import Encoder
from linker.errors import IndexFolderError, TerminologyError
from linker.index.arrow import write_table
from linker.index.folder import Index, set_aside
from linker.index.lexicon import Lexicon
from linker.index.manifest import MANIFEST, Counts, Manifest, describe_files
from linker.index.overlays.layers import layer_files
from linker.index.overlays.merge import PREFIX, Merge
from linker.index.vectors.vectors import Vectors
from linker.terminology import Overlay, read_overlay

_FORMAT = "names that decide\0"
"""What a layer holds beside the content of its overlays: one of an older format is laid anew."""


def set_overlays(
    folder: Path,
    overlays: Sequence[Overlay],
    encoder: Callable[[], Encoder],
    *,
    strict: bool,
    given: Collection[str] = (),
) -> Manifest:
    """Make these the overlays of an index, in this order, in place of those that it has.

    The caller holds the lock of the index. Overlays that are in place already change no byte.

    Args:
        folder: a finished index.
        overlays: each of another name; none takes all overlays off.
        encoder: gives the index's encoder; called if a name is new to the index.
        strict: whether a row that cannot be laid is an error; else it is left out, and the manifest
            says so.
        given: the names of overlays that are new; rows of the others that are left out already stay
            so.

    Returns:
        The manifest as it is now.

    Raises:
        TerminologyError: a row is about no concept of the index, takes away a name that is not
            there, or a preferred one, or contradicts a row about what a retired id leads to.
        IndexFolderError: the folder is no index.
    """
    manifest = Manifest.read(folder)
    layer = _layer_of(overlays)
    out = {info.name: {row.line for row in info.left_out} for info in manifest.overlays}
    if manifest.layer == layer and not (strict and any(out[name] for name in given)):
        return manifest
    own = {name: info for name, info in manifest.files.items() if not name.startswith(PREFIX)}
    bare = Index(folder, manifest.model_copy(update={"layer": "", "overlays": ()}))
    merge = Merge(bare.store)
    infos = tuple(
        merge.lay(
            overlay,
            strict=strict,
            left_out=() if overlay.name in given else out.get(overlay.name, ()),
        )
        for overlay in overlays
    )
    names = []
    if overlays:
        names = [*_write_layer(folder, layer, merge, encoder), *(info.file for info in infos)]
        for overlay, info in zip(overlays, infos, strict=True):
            write_atomically(folder / info.file, overlay.content)
    changed = manifest.model_copy(
        update={
            "files": {**own, **describe_files(folder, names)},
            "overlays": infos,
            "layer": layer,
        }
    )
    store = Index(folder, changed).store
    changed = changed.model_copy(update={"counts": Counts.of(store)})
    changed.write(folder)
    for path in folder.glob(f"{PREFIX}*"):
        # Also what was left by a process that was killed before it wrote the manifest.
        if path.name not in changed.files:
            path.unlink(missing_ok=True)
    return changed


def kept_overlays(folder: Path, *, given: Collection[str] = ()) -> list[Overlay]:
    """The overlays of an index, from the copies in its folder; none where there is no index.

    Nothing else of the index is read: one that is damaged, or of another format version, is to be
    replaced. Where a build was killed as it took the place of an index, that one's are given.

    Args:
        given: the names of overlays that take the place of their own, and need not be read.

    Raises:
        IndexFolderError: what is laid over the index cannot be told, or a copy is damaged.
    """
    if not (folder / MANIFEST).is_file():
        folder = set_aside(folder)
        if not (folder / MANIFEST).is_file():
            return []
    kept, lost = [], []
    for name, file, digest in _listed(folder):
        overlay = _copy(folder / file, name, digest)
        if overlay is not None:
            kept.append(overlay)
        elif name not in given:
            lost.append(name)
    if lost:
        raise IndexFolderError(
            f"{folder}: the index has overlays whose copies are missing or damaged: "
            f"{', '.join(lost)}; give these files again with --overlay, or move the folder away to "
            "build without them"
        )
    return kept


def _listed(folder: Path) -> list[tuple[str, str, str]]:
    """Name, file and sha256 of each overlay, as far as the manifest of any version says it."""
    path = folder / MANIFEST
    try:
        listed = json.loads(path.read_bytes()).get("overlays", [])
        return [(str(one["name"]), str(one["file"]), str(one["sha256"])) for one in listed]
    except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        left = sorted(copy.name for copy in folder.glob(f"{PREFIX}*") if copy.suffix != ".arrow")
        left = [name for name in left if not name.endswith(".vectors.faiss")]
        if not left:
            return []
        raise IndexFolderError(
            f"{path}: cannot be read ({error}), and the index has overlays: {', '.join(left)}; "
            "move the folder away, and give these files again with --overlay"
        ) from error


def _copy(path: Path, name: str, digest: str) -> Overlay | None:
    """An overlay from its copy, or None if that is not what it was."""
    try:
        overlay = read_overlay(path, name=name)
    except TerminologyError:
        return None
    return overlay if overlay.sha256 == digest else None


def share_files(index: Path, folder: Path) -> None:
    """Make a folder of the files of an index, without a copy of their content where possible."""
    folder.mkdir()
    for name in (*Manifest.read(index).files, MANIFEST):
        # A file of an index is replaced, never changed: so two may share it.
        with suppress(OSError):
            os.link(index / name, folder / name)
            continue
        shutil.copy2(index / name, folder / name)


def _layer_of(overlays: Sequence[Overlay]) -> str:
    """The name of the layer of some overlays; layers of other content have other names."""
    if not overlays:
        return ""
    digests = "".join(f"{overlay.name}\0{overlay.sha256}\0" for overlay in overlays)
    return f"{PREFIX}{hashlib.sha256((_FORMAT + digests).encode()).hexdigest()[:12]}"


def _write_layer(
    folder: Path, layer: str, merge: Merge, encoder: Callable[[], Encoder]
) -> list[str]:
    """Write the files of a layer, and give their names."""
    concepts, names, words, local, vectors = files = layer_files(layer)
    for name, table in zip((concepts, names, local), merge.tables(), strict=True):
        write_table(folder / name, table)
    added = merge.new_names
    Lexicon.build(added, first=merge.store.n_names).save(folder / words)
    if not added:
        return [name for name in files if name != vectors]
    model = encoder()
    Vectors.build("Flat", model.identity.dim, [model.encode(added)]).save(folder / vectors)
    return list(files)

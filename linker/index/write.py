"""The offline job's last leg: a terminology and an encoder to an index folder.

Everything is written to `<name>.partial/`, and the folder is renamed at the end, its manifest last:
a folder without a manifest is not an index. A build that was stopped goes on where it stopped, and
ends with the same bytes as one that was not.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from linker.atomic import stopped_clearly, write_atomically
from linker.config import DEFAULT_MEMORY, DEFAULT_RECALL
from linker.encoder import Encoder
from linker.errors import IndexFolderError
from linker.index.embed import Reusable, embed
from linker.index.folder import (
    CALIBRATION_FILE,
    FILES,
    LEXICON_FILE,
    Index,
    refuse_unreadable,
    set_aside,
)
from linker.index.lexicon import Lexicon
from linker.index.lock import locked
from linker.index.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    Counts,
    Manifest,
    describe_files,
    sha256,
)
from linker.index.shards import SHARD_NAMES, Shards
from linker.index.store.make import write_store
from linker.index.store.schema import CONCEPTS_FILE, NAMES_FILE
from linker.index.store.store import Store
from linker.index.vectors.make import (
    HALF_FILE,
    check_kind,
    forget_training,
    make_vectors,
    resolve_kind,
    rounds,
)
from linker.steps import Progress, Silent
from linker.terminology import Terminology

_JOB = "job.json"
_SHARDS = "shards"
_ROUNDED = "rounded"
"""Is there where some shards are of vectors in half precision."""


def write_index(
    terminology: Terminology,
    encoder: Encoder,
    out: Path,
    *,
    kind: str,
    min_recall: float,
    calibrate: Callable[[Index], dict[str, Any]],
    recall: float = DEFAULT_RECALL,
    memory: int = DEFAULT_MEMORY,
    resume: bool = False,
    force: bool = False,
    finish: Callable[[Path], object] | None = None,
    shard_names: int = SHARD_NAMES,
    reuse: Path | None = None,
    progress: Progress | None = None,
) -> Index:
    """Embed every distinct name of a terminology and write the index folder.

    Args:
        out: the folder to make.
        kind: a FAISS factory string ("Flat", "HNSW32", "IVF4096,RaBitQ"; "IVF,RaBitQ" for as many
            lists as suit), or "auto": by the number of names and `memory`.
        min_recall: the least recall@10 against exact search that is accepted, in [0, 1].
        calibrate: makes the content of `calibration.json` of the index in the making.
        recall: the recall@10 that the search is tuned for, in [0, 1].
        memory: bytes for what the search keeps in memory; decides where `kind` is "auto".
        resume: go on with an unfinished build of the same names and encoder. Its vectors serve any
            kind, so a kind whose recall was too low costs no second embedding.
        force: replace a finished index at `out`, and, without `resume`, throw away an unfinished
            build.
        finish: told the folder of the finished index before it moves into its place.
        shard_names: how many names are embedded between two writes to the disk.
        reuse: an older index of the same encoder: the vectors of names that it has are taken from
            it. They are the encoder's to 1e-5, not to the last bit.

    Raises:
        TerminologyError: no name can be read.
        EncoderError: the encoder's vectors are not what it says.
        IndexFolderError: `out` exists, an unfinished build is in the way or is of something else,
            another process is building there, or the disk is full.
        ConfigError: the index kind cannot be, or its recall is below `min_recall`.
    """
    if progress is None:
        progress = Silent()
    reusable = check_vectors(encoder, kind=kind, reuse=reuse)
    dim = encoder.identity.dim
    # A link to a folder elsewhere stays a link: the build happens beside the folder.
    out = out.resolve()
    with _held(out):
        partial = _partial(out)
        _check_place(out, resume=resume, force=force)
        if not resume and partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(exist_ok=True)
        progress.step("joining names and concepts")
        write_store(terminology, partial)
        store = Store.open(partial)
        kind = resolve_kind(kind, store.n_names, dim, memory)
        _refuse_rounded(partial, reuse, reusable, rounds=rounds(kind, dim))
        if not _is_complete(partial, _job(partial, encoder, kind, recall), min_recall):
            if reusable is not None and reusable.is_rounded:
                (partial / _ROUNDED).touch()
            progress.step("indexing words")
            Lexicon.build(store.each_normal()).save(partial / LEXICON_FILE)
            shards = Shards(partial / _SHARDS, store.n_names, size=shard_names)
            embed(store, encoder, shards, progress, reuse=reusable)
            vectors = make_vectors(
                partial,
                shards.read_all(),
                kind=kind,
                dim=dim,
                n_names=store.n_names,
                asked=recall,
                min_recall=min_recall,
                progress=progress,
            )
            manifest = Manifest(
                format_version=FORMAT_VERSION,
                tool_version=version("concept-linker"),
                terminology=terminology.release,
                encoder=encoder.identity,
                vectors=vectors,
                counts=Counts.of(store),
                files={},
            )
            _complete(partial, manifest, calibrate, progress)
        else:
            # What was asked for may call the terminology otherwise.
            manifest = Manifest.parse(partial)
            manifest.model_copy(update={"terminology": terminology.release}).write(partial)
        if finish is not None:
            finish(partial)
        _move_into_place(partial, out)
    return Index.open(out)


def check_place(out: Path, *, resume: bool, force: bool) -> None:
    """Refuse a folder that no index can be written to: before the terminology is read, not after.

    Raises:
        IndexFolderError: as by `write_index`.
    """
    out = out.resolve()
    refuse_unreadable(out)
    if out.parent.exists():
        with _held(out):
            _check_place(out, resume=resume, force=force)


def check_vectors(encoder: Encoder, *, kind: str, reuse: Path | None) -> Reusable | None:
    """Refuse a kind that cannot be, and vectors of another encoder, before anything is read.

    Returns:
        The index whose vectors are reused, opened.

    Raises:
        ConfigError: the index kind cannot be.
        IndexFolderError: the index to reuse is none, or is of another encoder.
    """
    check_kind(kind, encoder.identity.dim)
    return None if reuse is None else Reusable.open(reuse, encoder)


def _refuse_rounded(
    partial: Path, reuse: Path | None, reusable: Reusable | None, *, rounds: bool
) -> None:
    """Refuse vectors in half precision, of an old index, for a kind that keeps them in full.

    Args:
        rounds: whether the kind does not.
    """
    if rounds:
        return
    if reusable is not None and reusable.is_rounded:
        raise IndexFolderError(
            f"{reuse}: keeps its vectors in half precision, and this kind in full; reuse them for "
            'a kind that rounds them too ("HNSW32,SQfp16", "IVF,RaBitQ"), or build without --reuse'
        )
    if (partial / _ROUNDED).exists():
        raise IndexFolderError(
            f"{partial}: the unfinished build has vectors in half precision, from the index that "
            "it reused, and this kind keeps them in full; go on with a kind that rounds them too "
            '("HNSW32,SQfp16", "IVF,RaBitQ"), or use --force to start over'
        )


def _complete(
    partial: Path,
    manifest: Manifest,
    calibrate: Callable[[Index], dict[str, Any]],
    progress: Progress,
) -> None:
    """Calibrate the index in the making, and write its manifest, which makes it one."""
    progress.step("calibrating")
    calibration = calibrate(Index(partial, manifest))
    write_atomically(partial / CALIBRATION_FILE, json.dumps(calibration, indent=2) + "\n")
    progress.step("checksums")
    half = [HALF_FILE] if manifest.vectors.refined else []
    files = describe_files(partial, [*FILES, *half])
    manifest.model_copy(update={"files": files}).write(partial)


def _partial(out: Path) -> Path:
    return out.with_name(f"{out.name}.partial")


@contextmanager
def _held(out: Path) -> Iterator[None]:
    if os.path.ismount(out):
        # It cannot be renamed, and what stands beside it is another disk.
        raise IndexFolderError(
            f"{out}: the mount point of a disk or volume, which cannot be replaced by a finished "
            f"index; give a folder inside it, as in --out {out / 'index'}"
        )
    with stopped_clearly(out, "build", IndexFolderError), locked(out):
        yield


def _check_place(out: Path, *, resume: bool, force: bool) -> None:
    if out.exists():
        is_index = (out / MANIFEST).is_file()
        if not is_index and any(out.iterdir() if out.is_dir() else [out]):
            # --force replaces an index; it never deletes something else.
            raise IndexFolderError(f"{out}: exists and is not an index; choose another --out")
        if is_index and not force:
            raise IndexFolderError(
                f"{out}: an index is there already; use --force to replace it, or choose another "
                "--out"
            )
    partial = _partial(out)
    if not (resume or force) and _is_begun(partial):
        raise IndexFolderError(
            f"{partial}: an unfinished build is there; use --resume to go on with it, "
            "or --force to start over"
        )


def _is_begun(partial: Path) -> bool:
    """Whether something is there that is worth keeping: more than what is read anew anyway."""
    found = {path.name for path in partial.iterdir()} if partial.exists() else set()
    return bool(found - {CONCEPTS_FILE, NAMES_FILE})


def _job(partial: Path, encoder: Encoder, kind: str, recall: float) -> dict[str, Any]:
    """What decides the content of an index. The store's files have every name's normal form."""
    return {
        "concepts": sha256(partial / CONCEPTS_FILE),
        "names": sha256(partial / NAMES_FILE),
        "encoder": encoder.identity.fingerprint,
        "kind": kind,
        "recall": recall,
    }


def _is_complete(partial: Path, job: dict[str, Any], min_recall: float) -> bool:
    """Whether only the last renaming is left to do. The job is noted down if there is none yet.

    Args:
        min_recall: the least recall that a complete one may have.

    Raises:
        IndexFolderError: the unfinished folder is of another job.
    """
    path = partial / _JOB
    complete = (partial / MANIFEST).is_file()
    if complete:
        manifest = Manifest.parse(partial)
        found = {
            "concepts": manifest.files[CONCEPTS_FILE].sha256,
            "names": manifest.files[NAMES_FILE].sha256,
            "encoder": manifest.encoder.fingerprint,
            "kind": manifest.vectors.kind,
            "recall": manifest.vectors.recall_asked,
        }
        # The manifest has four digits of it.
        if manifest.vectors.recall_at_10 < min_recall - 5e-5:
            found["recall"] = None
    else:
        # Shards are of no kind yet.
        job = {key: value for key, value in job.items() if key not in ("kind", "recall")}
        try:
            found = dict(json.loads(path.read_bytes()))
        except FileNotFoundError:
            # Nothing is embedded before this is written.
            write_atomically(path, json.dumps(job))
            return False
        except (TypeError, ValueError) as error:
            raise IndexFolderError(f"{path}: not JSON; use --force to start over") from error
    changed = [key for key in job if found.get(key) != job[key]]
    if changed:
        raise IndexFolderError(
            f"{partial}: the unfinished build is of other {' and '.join(changed)}; "
            "use --force to start over, or go on with what it was started with"
        )
    return complete


def _move_into_place(partial: Path, out: Path) -> None:
    (partial / _JOB).unlink(missing_ok=True)
    (partial / _ROUNDED).unlink(missing_ok=True)
    forget_training(partial)
    shutil.rmtree(partial / _SHARDS, ignore_errors=True)
    old = set_aside(out)
    if (out / MANIFEST).is_file():
        _remove(old)
        out.rename(old)
    elif out.exists():
        out.rmdir()
    partial.rename(out)
    # Also one that a build left behind that was killed between the two renamings.
    _remove(old)


def _remove(index: Path) -> None:
    """Its manifest first: what a kill leaves of it is no index whose overlays are to be kept."""
    with suppress(OSError):
        (index / MANIFEST).unlink()
    shutil.rmtree(index, ignore_errors=True)

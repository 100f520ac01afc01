"""A model folder to an ONNX folder: made once, kept beside the model or in the user's cache.

    <model>/.concept-linker/<key>/        or, where the model's folder is read-only,
    $XDG_CACHE_HOME/concept-linker/<key>/ (by default ~/.cache)

    model.onnx, weights.bin    the graph, and its constants, which processes map and share
    tokenizer.json             the tokenizer, set to the encoder's longest input
    export.json                its token for padding, how near it came, the length of each file

The key is of the encoder's fingerprint, the precision and the version of this module's output: a
model that changes has another folder. It is written under another name and renamed.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from linker._optional import require
from linker.encoder.base import Vectors
from linker.encoder.folder import ModelFolder
from linker.encoder.graph import build, build_probe
from linker.encoder.network import ARCHITECTURES, ExportError, Network, network_of
from linker.encoder.processor import multiplies_signed_exactly
from linker.encoder.session import import_onnxruntime, open_session, session
from linker.encoder.weights import read_object
from linker.errors import EncoderError

if TYPE_CHECKING:
    from linker.encoder.loaded import LoadedModel

VERSION = 2
"""Of what is written: raised when the same model would give another graph."""
_BESIDE = ".concept-linker"
_GRAPH, _WEIGHTS, _TOKENIZER, _ABOUT = "model.onnx", "weights.bin", "tokenizer.json", "export.json"
ABANDONED = 3600
"""Seconds after which nobody is writing to a folder any more; an export takes a minute."""
_CLOSE = 1e-5
_PROBE_STRINGS, _PROBE_LENGTH = 128, 8
_LEAST_COSINE = 0.9
# Strings of several lengths, to compare the graph with the network it was made of.
_PROBES = (
    "fever",
    "acute myocardial infarction of the anterior wall",
    "type 2 diabetes mellitus with diabetic chronic kidney disease, stage 3 (moderate)",
    "kidney " * 40,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """An ONNX folder, whole.

    Attributes:
        pad_id: the token that fills a batch up.
        cosine: the least cosine of a probe's vector and that of the float32 network.
    """

    path: Path
    pad_id: int
    cosine: float

    @property
    def graph(self) -> Path:
        return self.path / _GRAPH

    @property
    def tokenizer(self) -> Path:
        return self.path / _TOKENIZER


def can_export(folder: ModelFolder) -> bool:
    """Whether the folder's architecture is one that can be built."""
    return read_object(folder.path / "config.json")["model_type"] in ARCHITECTURES


def exported(folder: ModelFolder, fingerprint: str, *, int8: bool) -> Exported:
    """The ONNX folder of a model, made if need be. Making it loads torch and the weights.

    Args:
        fingerprint: the model's, in float32.
        int8: multiply integers in the dense layers.

    Raises:
        ExportError: the model cannot be exported, or neither folder can be written.
        EncoderError: it cannot be loaded.
        MissingExtraError: the packages of the extra "onnx" are not installed.
    """
    precision = "fp32"
    if int8:
        precision = "int8" if multiplies_signed_exactly() else "int8-unsigned"
    key = f"onnx-{precision}-{VERSION}-{fingerprint.removeprefix('sha256:')[:32]}"
    refused: list[str] = []
    places = []
    for place in (at / key for at in export_places(folder.path)):
        try:
            found = _open(place)
        except PermissionError:
            refused.append(f"{place}: another user's export, which may not be read")
            continue
        if found is not None:
            return found
        places.append(place)
    for place in places:
        # Not by mkdtemp, whose folders their owner alone may read: others share the model.
        partial = place.with_name(f"{key}.{uuid4().hex}.partial")
        try:
            partial.mkdir(parents=True)
        except OSError as error:
            refused.append(f"{place.parent}: {error.strerror}")
            continue
        _clear(place.parent)
        try:
            _write(partial, folder, int8=int8)
            if folder.fingerprint() != fingerprint:
                raise EncoderError(
                    f"{folder.path}: the model has changed since its fingerprint was taken; "
                    "load it again"
                )
            _rename(partial, place)
        except OSError as error:
            refused.append(f"{place}: cannot be written: {error}")
            continue
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        made = _open(place)
        if made is None:
            raise ExportError(f"{place}: was written, and is not whole; is the disk full?")
        return made
    raise ExportError(
        f"{folder.path}: no folder for its ONNX export ({'; '.join(refused)}); let one be "
        'written, set XDG_CACHE_HOME, or use backend "torch"'
    )


def export_places(model: Path) -> list[Path]:
    """The folders for the exports of a model: beside it, then the user's cache, if there is one."""
    home = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification: a relative path in it is to be ignored.
    if home and Path(home).is_absolute():
        return [model / _BESIDE, Path(home) / "concept-linker"]
    try:
        cache = Path("~/.cache").expanduser()
    except RuntimeError:  # a user without a home, as containers have them
        return [model / _BESIDE]
    return [model / _BESIDE, cache / "concept-linker"]


def _open(place: Path) -> Exported | None:
    """The export at a place, or None where there is none, or it is damaged.

    Raises:
        PermissionError: there may be one, that this user may not read.
    """
    try:
        about = json.loads((place / _ABOUT).read_bytes())
        sizes = about["bytes"]
        whole = set(sizes) >= {_GRAPH, _WEIGHTS, _TOKENIZER} and all(
            (place / name).stat().st_size == size for name, size in sizes.items()
        )
        return Exported(place, int(about["pad_id"]), float(about["cosine"])) if whole else None
    except PermissionError:
        raise
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _clear(places: Path) -> None:
    """Remove what exports that were killed have left behind: hundreds of megabytes each."""
    for partial in places.glob("onnx-*.partial"):
        with suppress(OSError):  # another user's, or gone by now
            if time.time() - partial.stat().st_mtime > ABANDONED:
                shutil.rmtree(partial)


def _rename(partial: Path, place: Path) -> None:
    try:
        partial.rename(place)
    except OSError:
        if _open(place) is not None:  # another process was first
            return
        # What is there is damaged.
        shutil.rmtree(place)
        partial.rename(place)


def _write(to: Path, folder: ModelFolder, *, int8: bool) -> None:
    require("onnx", extra="onnx")
    import_onnxruntime()
    from linker.encoder.loaded import load

    model = load(folder, "cpu")
    config: Any = model.network.config
    weights = {name: value.detach().numpy() for name, value in model.network.state_dict().items()}
    own_pad = config.pad_token_id
    network = network_of(
        config,
        weights,
        _relative_bias(model, folder),
        pad_id=model.pad_id if own_pad is None else own_pad,
    )
    largest = _largest(to, network, config.vocab_size) if int8 else None
    signed = multiplies_signed_exactly()
    _save(build(network, folder.pooling, largest=largest, signed=signed), to / _GRAPH)
    # Its own `save` raises no OSError where the disk is full.
    (to / _TOKENIZER).write_text(model.tokenizer.to_str(pretty=True), encoding="utf-8")
    cosine = _compared(to, folder, model, int8=int8)
    sizes = {name: (to / name).stat().st_size for name in (_GRAPH, _WEIGHTS, _TOKENIZER)}
    about = {"pad_id": model.pad_id, "cosine": cosine, "bytes": sizes}
    for name in sizes:
        with (to / name).open("rb") as file:
            os.fsync(file.fileno())
    (to / _ABOUT).write_text(json.dumps(about, indent=2), encoding="utf-8")
    # onnx makes its files for their owner alone; what one user exported serves all.
    mode = (to / _ABOUT).stat().st_mode & 0o777
    for name in sizes:
        (to / name).chmod(mode)


def _save(graph: Any, path: Path) -> None:
    """Write a graph, its constants in a file of their own: a graph alone may have 2 GB."""
    require("onnx", extra="onnx").save_model(
        graph,
        path,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=_WEIGHTS,
        size_threshold=1024,
    )


def _largest(to: Path, network: Network, vocabulary: int) -> list[Any]:
    """How large each channel of each input of dense layers becomes, over strings of all tokens.

    The channels that stand out do so in every token, so any strings show them.
    """
    probe = to / _GRAPH
    _save(build_probe(network), probe)
    ids = np.random.default_rng(0).integers(vocabulary, size=(_PROBE_STRINGS, _PROBE_LENGTH))
    mask = np.ones(ids.shape, dtype=np.int32)
    largest = open_session(probe).run(None, {"ids": ids.astype(np.int64), "mask": mask})
    probe.unlink()
    (to / _WEIGHTS).unlink()
    return list(largest)


def _relative_bias(model: LoadedModel, folder: ModelFolder) -> Any:
    """MPNet's bias of attention by distance, for all distances: (2 * max_tokens - 1, heads)."""
    encoder: Any = getattr(model.network, "encoder", None)
    table = getattr(encoder, "relative_attention_bias", None)
    if table is None:
        return None
    import torch

    longest = folder.max_tokens
    distances = torch.arange(1 - longest, longest)
    # The network's own rule; its other parameters have their defaults, as when it runs.
    buckets = encoder.relative_position_bucket(distances, num_buckets=table.num_embeddings)
    return table.weight.detach()[buckets].numpy()


def _compared(to: Path, folder: ModelFolder, model: LoadedModel, *, int8: bool) -> float:
    """The least cosine of the graph's vectors and the network's, over some strings.

    Raises:
        ExportError: they are not the same encoder's.
    """
    from linker.encoder.transformer import forward

    run = session(to / _GRAPH)
    cosines, differences = [], []
    for probe in _PROBES:
        ids = model.tokenizer.encode(f"{folder.prompt}{probe}").ids or [model.pad_id]
        # Twice: also a batch, and one with padding.
        tokens = [ids, ids[: max(1, len(ids) // 2)]]
        ours: Vectors = run(tokens, model.pad_id)
        theirs = forward(model, tokens, folder.pooling)
        cosines.append(float((ours * theirs).sum(axis=1).min()))
        differences.append(float(np.abs(ours - theirs).max()))
    # numpy's, and these comparisons: to Python's own, a NaN behind a number is not there.
    cosine, difference = float(np.min(cosines)), float(np.max(differences))
    if int8 and not cosine >= _LEAST_COSINE:
        raise ExportError(
            f"{folder.path}: its int8 vectors come no nearer than a cosine of {cosine:.3f} "
            f'to its own, expected {_LEAST_COSINE}; use backend "onnx"'
        )
    if not int8 and not difference <= _CLOSE:
        raise ExportError(
            f"{folder.path}: its ONNX vectors differ by {difference:.1e} from its own, "
            f'expected {_CLOSE:.0e}; use backend "torch"'
        )
    return round(cosine, 6)

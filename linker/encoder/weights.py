"""The weight files of a model folder: which ones count, and whether they are whole.

Safetensors are preferred. A pickled `pytorch_model.bin` is used only where there is nothing else,
and PyTorch then reads tensors from it and nothing more (`weights_only`): it runs no code.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from linker.errors import EncoderError

SAFE = "model.safetensors"
PICKLED = "pytorch_model.bin"
_LFS = b"version https://git-lfs"
# The format's own limit: https://github.com/huggingface/safetensors#format
_MAX_HEADER = 100_000_000


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The files that hold a model's weights, one, or several where an index file lists shards.

    The order of preference is that of `transformers`, so that what is checked and fingerprinted
    is what is loaded.

    Raises:
        EncoderError: there are none, or one is missing or cut short; the message names it.
    """
    for name in (SAFE, f"{SAFE}.index.json", PICKLED, f"{PICKLED}.index.json"):
        path = folder / name
        if path.is_file():
            files = _shards(path) if name.endswith(".json") else (path,)
            for file in files:
                check_weights(file)
            return files
    raise EncoderError(
        f"{folder}: no weights; looked for {SAFE} and {PICKLED}; copy the whole model, or, where "
        "it has none but GGUF, ONNX or TensorFlow files, take one that transformers has saved"
    )


def _shards(index: Path) -> tuple[Path, ...]:
    names = read_object(index).get("weight_map")
    if (
        not isinstance(names, dict)
        or not names
        or not all(isinstance(v, str) for v in names.values())
    ):
        raise EncoderError(f'{index}: expected a "weight_map" of tensors to files')
    return tuple(inside(index.parent, name, source=index) for name in sorted(set(names.values())))


def check_weights(path: Path) -> None:
    """Refuse a weight file that is missing, cut short, or a pointer to one.

    Raises:
        EncoderError: the message says which, and what to do.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise EncoderError(
            f"{path}: cannot be read: {error.strerror}; copy the whole model"
        ) from error
    if start.startswith(_LFS):
        raise EncoderError(
            f"{path}: a Git LFS pointer, not the weights; run `git lfs pull` in its checkout"
        )
    if path.suffix == ".safetensors":
        expected = _safetensors_size(path, start, size)
        if size != expected:
            raise EncoderError(
                f"{path}: {size:,} bytes, its header says {expected:,}; was the copy cut short?"
            )
    elif start.startswith(b"PK") and not zipfile.is_zipfile(path):
        # PyTorch's format since 1.6 is a zip, whose table of contents comes last.
        raise EncoderError(f"{path}: the end of the file is missing; was the copy cut short?")
    elif size == 0:
        raise EncoderError(f"{path}: the file is empty; copy it again")


def _safetensors_size(path: Path, start: bytes, size: int) -> int:
    """The length of the whole file: 8 bytes of header length, the header, then the tensors."""
    length = int.from_bytes(start[:8], "little")
    if len(start) < 8 or length > _MAX_HEADER or start[8:9] not in (b"{", b""):
        raise EncoderError(f"{path}: not a safetensors file")
    if 8 + length > size:
        raise EncoderError(f"{path}: {size:,} bytes end within the header; was the copy cut short?")
    try:
        with path.open("rb") as file:
            file.seek(8)
            header = json.loads(file.read(length))
        ends = (
            tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"
        )
        return 8 + length + max(map(int, ends), default=0)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise EncoderError(f"{path}: not a safetensors file: its header is damaged") from error


def read_json(path: Path) -> Any:
    """The value that a JSON file holds.

    Raises:
        EncoderError: the file cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EncoderError(f"{path}: not a JSON file: {error}") from error


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        EncoderError: the file cannot be read, is not JSON, or holds something else.
    """
    value = read_json(path)
    if not isinstance(value, dict):
        raise EncoderError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value


def inside(folder: Path, relative: str, *, source: Path) -> Path:
    """`folder / relative`, for a path that a model's own file gives; it must stay in `folder`.

    Raises:
        EncoderError: it leads out of it; the message names `source`, the file that gives it.
    """
    path = Path(relative)
    if path.is_absolute() or ".." in path.parts:
        raise EncoderError(f"{source}: {relative!r} leads out of the model's folder")
    return folder / path

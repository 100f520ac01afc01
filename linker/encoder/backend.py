"""What runs an encoder: torch on a GPU, ONNX Runtime on a CPU, and in what precision.

| backend | runs | precision |
|---|---|---|
| "auto" | torch where there is a GPU or the device says so, else ONNX Runtime, else torch | fp32 |
| "torch" | torch | fp32 |
| "torch-bf16" | torch | bf16 |
| "onnx" | ONNX Runtime, on the CPU | fp32 |
| "onnx-int8" | ONNX Runtime, on the CPU | int8 |

"auto" takes ONNX Runtime where it and `onnx` are installed (the extra "onnx") and the architecture
is one that can be exported; the two differ by less than 1e-5. int8 and bf16 change vectors, so they
are asked for by name, and are part of the fingerprint.

A vector in fp32 or int8 depends on its string alone, to 1e-5 whatever the batch. In bf16 it does so
only as far as the machine's products do, whose sums may go in another order in a batch of another
size. Strings of unequal length share no batch, as padding moves cosines by 2e-3; then, on a CPU
without AMX, 300 names came out alike to the last bit with `minilm-bio`, and to 2e-5 with a random
network. On other CPUs and on GPUs it was not measured: expect up to 1e-3.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from linker.encoder.base import Encoder, EncoderIdentity, Precision
from linker.encoder.export import can_export
from linker.encoder.folder import ModelFolder
from linker.encoder.gpu import has_gpu
from linker.encoder.onnx import INT8_SCHEME, OnnxEncoder
from linker.encoder.transformer import TransformerEncoder
from linker.errors import EncoderError

_PRECISIONS: dict[str, Precision] = {
    "auto": "fp32",
    "torch": "fp32",
    "torch-bf16": "bf16",
    "onnx": "fp32",
    "onnx-int8": "int8",
}
BACKENDS = tuple(_PRECISIONS)
_SCHEMES = {"fp32": "", "bf16": "+bf16", "int8": f"+{INT8_SCHEME}"}


def backend_of(precision: Precision) -> str:
    """The backend that makes queries for an index whose names have a precision.

    Names from a GPU in bf16 are asked for in fp32: a machine that links may have no GPU.
    """
    return "onnx-int8" if precision == "int8" else "auto"


def make_encoder(
    folder: ModelFolder, identity: EncoderIdentity, *, backend: str, device: str | None
) -> Encoder:
    """An encoder of a model folder.

    Args:
        identity: in float32.
        backend: one of `BACKENDS`.
        device: as torch names it, or several with commas between; None for a GPU if there is one.

    Raises:
        EncoderError: there is no such backend, or it cannot run on `device`.
    """
    if backend not in _PRECISIONS:
        raise EncoderError(f"backend {backend!r} is not known; known: {', '.join(BACKENDS)}")
    precision = _PRECISIONS[backend]
    own = replace(
        identity,
        precision=precision,
        fingerprint=f"{identity.fingerprint}{_SCHEMES[precision]}",
    )
    on_cpu = device == "cpu" or (device is None and not _finds_gpu())
    if backend.startswith("onnx") and device not in (None, "cpu"):
        raise EncoderError(f'backend {backend!r} runs on the CPU; device {device!r} needs "torch"')
    if backend.startswith("onnx") or (backend == "auto" and on_cpu and _can_onnx(folder)):
        return OnnxEncoder(
            folder, identity=own, fingerprint=identity.fingerprint, int8=precision == "int8",
            fall_back=backend == "auto",
        )  # fmt: skip
    return TransformerEncoder(folder, identity=own, device=device)


def _can_onnx(folder: ModelFolder) -> bool:
    installed = all(find_spec(name) is not None for name in ("onnx", "onnxruntime"))
    return installed and can_export(folder)


def _finds_gpu() -> bool:
    """Whether torch would find a GPU; torch, which takes seconds to import, is asked last."""
    if "torch" not in sys.modules:
        try:
            if version("torch").endswith("+cpu"):
                return False
        except PackageNotFoundError:
            return False
        if sys.platform == "linux" and not any(
            Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
        ):
            return False
    return has_gpu()

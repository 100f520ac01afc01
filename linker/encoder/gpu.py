"""The GPU, asked for so that a child of this process, made by a fork, may use it too."""

from __future__ import annotations

import os
from textwrap import shorten
from typing import TYPE_CHECKING

from linker.errors import EncoderError

if TYPE_CHECKING:
    import torch


def has_gpu() -> bool:
    """Whether torch finds a GPU for this process; it imports torch, and starts nothing.

    Not in a child that was forked from a process that has used its GPU: CUDA does not work there.
    """
    import torch

    # torch's usual question starts CUDA, which then works in no child of this process that a fork
    # makes; with this variable it asks NVIDIA's management library (torch, "Poison fork").
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return not in_bad_fork() and torch.cuda.is_available()


def usable_device(name: str | None) -> torch.device:
    """The device of a name, tried with a number; None for `_default_device`.

    Raises:
        EncoderError: torch cannot use it here; the message says which it can.
    """
    import torch

    name = _default_device() if name is None else name
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        # Some of torch's messages list all that it was ever built for.
        why = shorten(str(error).partition("\n")[0], 160, placeholder=" ...")
        raise EncoderError(
            f"device {name!r} cannot be used: {why}; torch {torch.__version__} has here: "
            f"{', '.join(_devices())}"
        ) from error
    return device


def _devices() -> list[str]:
    """What torch can calculate on here."""
    import torch

    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if has_gpu() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return ["cpu", *cuda, *mps]


def _default_device() -> str:
    """The device of a process that is told none: "cuda" where that works, which starts it."""
    import torch

    if not has_gpu():
        return "cpu"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        torch.zeros(1, device="cuda")
    except torch.cuda.OutOfMemoryError:
        pass  # It works, and is full: to be said, not to be slow in silence.
    except RuntimeError:  # a driver too old for this torch, or a GPU ("no kernel image"), say
        return "cpu"
    return "cuda"


def in_bad_fork() -> bool:
    """Whether this process was forked from one that had started CUDA."""
    import torch

    return torch.cuda._is_in_bad_fork()

"""The GPU, asked for so that a child of this process, made by a fork, may use it too."""

from __future__ import annotations

import os


def has_gpu() -> bool:
    """Whether torch finds a GPU for this process; it imports torch, and starts nothing.

    Not in a child that was forked from a process that has used its GPU: CUDA does not work there.
    """
    import torch

    # torch's usual question starts CUDA, which then works in no child of this process that a fork
    # makes; with this variable it asks NVIDIA's management library (torch, "Poison fork").
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    return not in_bad_fork() and torch.cuda.is_available()


def default_device() -> str:
    """The device of a process that is told none: "cuda" where that works, which starts it."""
    import torch

    if not has_gpu():
        return "cpu"
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except RuntimeError:  # a driver that is too old for this torch, say
        return "cpu"
    return "cuda"


def in_bad_fork() -> bool:
    """Whether this process was forked from one that had started CUDA."""
    import torch

    return torch.cuda._is_in_bad_fork()

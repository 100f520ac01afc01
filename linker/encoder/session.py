"""ONNX Runtime, on one core, in silence: a graph to a function of a batch of tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from linker._optional import require
from linker.encoder.base import Vectors
from linker.encoder.batching import Tokens, padded

Run = Callable[[Tokens, int], Vectors]
"""Tokens of some strings, and the token that fills them up, to unit vectors."""


def open_session(graph: Path) -> Any:
    """An `onnxruntime.InferenceSession`; it may run in several threads, on a core each."""
    onnxruntime = require("onnxruntime", extra="onnx")
    # On Windows it would report events to the system.
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def session(graph: Path) -> Run:
    """Load a graph; what is returned makes the vectors of a batch of tokens, in any thread."""
    loaded = open_session(graph)

    def run(tokens: Tokens, pad_id: int) -> Vectors:
        # ONNX Runtime multiplies for a string alone in another order, which shows in the last bit:
        # links would depend on what shares a batch, and so on where a run was resumed.
        ids, mask = padded(tokens * 2 if len(tokens) == 1 else tokens, pad_id)
        vectors: Vectors = loaded.run(None, {"ids": ids, "mask": mask.astype("int32")})[0]
        return vectors[: len(tokens)]

    return run

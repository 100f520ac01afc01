"""ONNX Runtime, on one core, in silence: a graph to a function of a batch of tokens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from linker._optional import require
from linker.encoder.base import Vectors
from linker.encoder.batching import padded
from linker.encoder.tokens import Tokens

Run = Callable[[Tokens, int], Vectors]
"""Tokens of some strings, and the token that fills them up, to unit vectors."""


def import_onnxruntime() -> Any:
    """The package `onnxruntime`, told to send nothing.

    As its official builds are imported they make an identifier of the machine and a store of events
    in the user's cache, and send them to their maker (its Privacy.md). Only a variable, set before
    the import, keeps them from it (onnxruntime#27379, and #29843 for its other name); the call
    covers Windows' own tracing.

    Raises:
        MissingExtraError: it is not installed.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"
    onnxruntime = require("onnxruntime", extra="onnx")
    onnxruntime.disable_telemetry_events()
    return onnxruntime


def open_session(graph: Path) -> Any:
    """An `onnxruntime.InferenceSession`; it may run in several threads, on a core each."""
    onnxruntime = import_onnxruntime()
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

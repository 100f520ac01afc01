"""A transformer as an encoder on CPU cores, by ONNX Runtime: no torch, one batch a core.

Each core runs its own batches, and no operator is split over cores: small operators are not worth
a meeting of threads, and there is no pool of threads for a fork to break.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linker._optional import require
from linker.cores import n_cores
from linker.encoder.base import EncoderIdentity, Vectors
from linker.encoder.batching import embed, finished
from linker.encoder.export import exported
from linker.encoder.folder import ModelFolder
from linker.encoder.network import ExportError
from linker.encoder.session import Run, session
from linker.encoder.tokens import Tokens, one_by_one
from linker.encoder.transformer import TransformerEncoder
from linker.turns import loading

INT8_SCHEME = "int8-1"
"""Part of the fingerprint of an int8 encoder: raised when its vectors change."""
# Small batches stay in a core's own cache.
_TOKENS = 1_024


@dataclass(frozen=True)
class _Loaded:
    run: Run
    tokenizer: Any
    pad_id: int


class OnnxEncoder:
    """An `Encoder` that runs a model folder through ONNX Runtime, on the CPU.

    In float32 its vectors are those of `TransformerEncoder`, to 1e-5. A vector depends on its own
    string alone: no string shares a batch with one of another length, whose padding would change
    the last bit, or with `int8`, which has a scale a token, tip a rounding (then to 1e-7).

    Made in an instant; the first `encode` loads the model, and exports it if that has not been done
    (see `export`). May be pickled, forked and used by several threads.
    """

    def __init__(
        self,
        folder: ModelFolder,
        *,
        identity: EncoderIdentity,
        fingerprint: str,
        int8: bool,
        fall_back: bool = False,
    ) -> None:
        """Args: `fingerprint` of the model alone; `fall_back` to torch where no export can be."""
        self._fall_back = fall_back
        self._torch: TransformerEncoder | None = None
        self._folder = folder
        self._identity = identity
        self._fingerprint = fingerprint
        self._int8 = int8
        self._model: _Loaded | None = None

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    def __repr__(self) -> str:
        precision = self._identity.precision
        return f"{type(self).__name__}({self._identity.name!r}, precision={precision!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_model": None}

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Embed strings: see `Encoder.encode`. Equal strings are embedded once a call.

        Raises:
            EncoderError: the model cannot be loaded or exported, or gives no usable vector.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one string; expected a list of strings")
        if not texts:
            return np.empty((0, self._folder.dim), dtype=np.float32)
        model = self._loaded()
        if isinstance(model, TransformerEncoder):
            return model.encode(texts, progress=progress)

        def run(tokens: Tokens) -> Vectors:
            return finished(model.run(tokens, model.pad_id), self._folder)

        return embed(
            texts,
            dim=self._folder.dim,
            tokenise=one_by_one(model.tokenizer, self._folder.prompt, model.pad_id),
            runs=[run] * n_cores(),
            budget=_TOKENS,
            padding=False,
            progress=progress,
        )

    def _loaded(self) -> _Loaded | TransformerEncoder:
        with loading:
            if self._torch is not None:
                return self._torch
            if self._model is None:
                try:
                    export = exported(self._folder, self._fingerprint, int8=self._int8)
                except ExportError:
                    if not self._fall_back:
                        raise
                    # Nobody asked for ONNX, and torch's vectors are the same to 1e-5.
                    self._torch = TransformerEncoder(
                        self._folder, identity=self._identity, device="cpu"
                    )
                    return self._torch
                tokenizer = require("tokenizers", extra="onnx").Tokenizer
                self._model = _Loaded(
                    session(export.graph),
                    tokenizer.from_file(str(export.tokenizer)),
                    export.pad_id,
                )
            return self._model

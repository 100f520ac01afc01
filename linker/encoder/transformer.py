"""A transformer as an encoder: tokens, one pass, pooling, unit length. Loads torch when used."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linker.encoder.base import EncoderIdentity, Vectors
from linker.encoder.folder import ModelFolder
from linker.encoder.loaded import LoadedModel, after_fork, load
from linker.errors import EncoderError

if TYPE_CHECKING:
    import torch

# How many strings are tokenised and sorted by length at a time: bounds memory, not the batches.
_WINDOW = 16_384
# Tokens, padding included, in one pass. On a CPU, small batches stay in its caches: 1,024 was as
# fast as or faster than any of 256 to 8,192. A GPU wants its thousands of cores fed.
_CPU_TOKENS = 1_024
_GPU_TOKENS = 32_768


class TransformerEncoder:
    """An `Encoder` that runs a model folder through transformers and torch, in float32.

    Made in an instant: the weights are loaded by the first `encode`, once, whichever thread comes
    first. Encoding may go on in several threads. The encoder may be pickled, and sent to a process
    that is forked or spawned; it then travels without its weights and loads them there. An encoder
    that has run before a fork works in the child too, with one torch thread (see `after_fork`).
    """

    def __init__(
        self,
        folder: ModelFolder,
        *,
        name: str,
        revision: str = "",
        licence: str = "unknown",
        device: str | None = None,
    ) -> None:
        self._folder = folder
        self._device = device
        self._model: LoadedModel | None = None
        self._lock = threading.Lock()
        self._identity = EncoderIdentity(
            name=name,
            revision=revision,
            fingerprint=folder.fingerprint(),
            dim=folder.dim,
            pooling=folder.pooling,
            max_tokens=folder.max_tokens,
            licence=licence,
        )

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def folder(self) -> ModelFolder:
        """The model folder that it runs."""
        return self._folder

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._identity.name!r}, dim={self._identity.dim})"

    def __getstate__(self) -> dict[str, Any]:
        return {"folder": self._folder, "device": self._device, "identity": self._identity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._folder = state["folder"]
        self._device = state["device"]
        self._identity = state["identity"]
        self._model = None
        self._lock = threading.Lock()

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Embed strings: see `Encoder.encode`. Equal strings are embedded once a call.

        A string longer than `identity.max_tokens` is cut off there. The empty string has a vector
        like any other.

        Raises:
            EncoderError: the model cannot be loaded, or gives no usable vector.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one string; expected a list of strings")
        places: dict[str, int] = {}
        rows = np.fromiter(
            (places.setdefault(text, len(places)) for text in texts), np.int64, len(texts)
        )
        distinct = list(places)
        vectors = np.empty((len(distinct), self._folder.dim), dtype=np.float32)
        if not distinct:
            return vectors
        model = self._loaded()
        repeats = np.bincount(rows, minlength=len(distinct))
        for start in range(0, len(distinct), _WINDOW):
            tokens = self._tokenise(model, distinct[start : start + _WINDOW])
            for batch in _batches([len(ids) for ids in tokens], _budget(model.device)):
                vectors[start + batch] = self._run(model, [tokens[i] for i in batch])
                if progress is not None:
                    progress(int(repeats[start + batch].sum()))
        return vectors if len(distinct) == len(rows) else vectors[rows]

    def _tokenise(self, model: LoadedModel, texts: list[str]) -> list[list[int]]:
        """Token ids, special tokens included, none empty.

        One by one, on purpose: the tokenizer's batch call starts a pool of threads that a later
        fork breaks (it says so on stderr), and saves 15 microseconds a name where the network takes
        a hundred times that.
        """
        prompt, encode = self._folder.prompt, model.tokenizer.encode
        # Without special tokens the empty string has no token at all: one of padding stands for it.
        return [encode(f"{prompt}{text}").ids or [model.pad_id] for text in texts]

    def _run(self, model: LoadedModel, tokens: list[list[int]]) -> Vectors:
        import torch

        lengths = np.array([len(ids) for ids in tokens])
        ids = np.full((len(tokens), lengths.max()), model.pad_id, dtype=np.int64)
        for row, own in enumerate(tokens):
            ids[row, : len(own)] = own
        present = np.arange(ids.shape[1]) < lengths[:, None]
        with torch.inference_mode():
            mask = torch.from_numpy(present).to(model.device)
            hidden = model.network(
                input_ids=torch.from_numpy(ids).to(model.device), attention_mask=mask.long()
            )[0]
            unit: Vectors = unit_vectors(hidden, mask, self._folder.pooling).cpu().numpy()
        # A vector of zeros stays one when normalised, and would tie with every other.
        if (
            unit.shape[1] != self._folder.dim
            or not np.isfinite(unit).all()
            or not unit.any(1).all()
        ):
            raise EncoderError(
                f"{self._folder.path}: the model gave a vector that is not finite, is zero, or has "
                f"not {self._folder.dim} numbers; are the weights damaged?"
            )
        return unit

    def _loaded(self) -> LoadedModel:
        with self._lock:
            if self._model is None:
                self._model = load(self._folder, self._device)
            elif self._model.process != os.getpid():
                self._model = after_fork(self._model)
            return self._model


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    weights = mask.to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1)


def _max(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return hidden.masked_fill(~mask, float("-inf")).amax(1)


def _cls(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
    return hidden[:, 0]


_POOL: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "mean": _mean,
    "max": _max,
    "cls": _cls,
}


def unit_vectors(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """The vectors of a batch: shape (n, dim), float32, unit rows.

    Args:
        hidden: shape (n, length, dim): the last layer's states.
        mask: shape (n, length), bool: which of them are of tokens, not of padding.
        pooling: "mean", "cls" or "max".
    """
    import torch

    pooled = _POOL[pooling](hidden.float(), mask.unsqueeze(-1))
    return torch.nn.functional.normalize(pooled, dim=-1)


def _batches(lengths: Sequence[int], budget: int) -> Iterator[np.ndarray[Any, np.dtype[np.int64]]]:
    """Rows of like length, long ones first, each batch within `budget` tokens, padding included.

    Padding is taken on only to fill a batch that is not half full: padded tokens cost as much as
    others. Long ones first, so that a batch that does not fit a GPU's memory fails at once.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        longest = lengths[order[start]]
        if end < len(order):
            fits = (end + 1 - start) * longest <= budget
            padded = lengths[order[end]] != longest
            if fits and not (padded and 2 * (end - start) * longest >= budget):
                continue
        yield order[start:end]
        start = end


def _budget(device: torch.device) -> int:
    return _CPU_TOKENS if device.type == "cpu" else _GPU_TOKENS

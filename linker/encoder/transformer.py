"""A transformer as an encoder: tokens, one pass, pooling, unit length. Loads torch when used."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from linker.encoder.base import EncoderIdentity, Vectors
from linker.encoder.batching import embed, finished, padded
from linker.encoder.folder import ModelFolder
from linker.encoder.loaded import LoadedModel, after_fork, load
from linker.encoder.tokens import Tokens, one_by_one, together
from linker.errors import EncoderError
from linker.turns import loading

if TYPE_CHECKING:
    import torch

# Tokens, padding included, in one pass. On a CPU, small batches stay in its caches: 1,024 was as
# fast as or faster than any of 256 to 8,192. A GPU wants its thousands of cores fed.
_CPU_TOKENS = 1_024
_GPU_TOKENS = 32_768
_GPU_STRINGS = 131_072
_MANY = 4_096
"""Strings whose tokens a GPU would wait for: of a build, not the mentions of some notes."""


class TransformerEncoder:
    """An `Encoder` that runs a model folder through transformers and torch.

    Made in an instant: the weights are loaded by the first `encode`, once, whichever thread comes
    first. Encoding may go on in several threads. The encoder may be pickled, and sent to a process
    that is forked or spawned; it then travels without its weights and loads them there. An encoder
    that has run before a fork works in the child too, with one torch thread (see `after_fork`), and
    on the CPU where no device was asked for.

    With several devices ("cuda:0,cuda:1") each has its own copy of the weights and takes batches
    from one list; which one makes a vector changes it by less than 1e-5.
    """

    def __init__(
        self, folder: ModelFolder, *, identity: EncoderIdentity, device: str | None = None
    ) -> None:
        self._folder = folder
        self._device = device
        self._models: tuple[LoadedModel, ...] = ()
        self._identity = identity

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
        self._models = ()

    @property
    def at_once(self) -> int:
        """Strings that `encode` should be given, at the least; the weights are loaded for it."""
        return _GPU_STRINGS if _on_gpu(self._loaded()) else 1

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Embed strings: see `Encoder.encode`. Equal strings are embedded once a call.

        A string longer than `identity.max_tokens` is cut off there. The empty string has a vector
        like any other.

        Raises:
            EncoderError: the model cannot be loaded, gives no usable vector, or a GPU has too
                little memory for a single string.
        """
        if isinstance(texts, str):
            raise TypeError("texts is one string; expected a list of strings")
        if not texts:
            return np.empty((0, self._folder.dim), dtype=np.float32)
        models = self._loaded()
        ahead = _on_gpu(models) and len(texts) >= _MANY
        of_model = models[0].tokenizer, self._folder.prompt, models[0].pad_id
        return embed(
            texts,
            dim=self._folder.dim,
            tokenise=together(*of_model) if ahead else one_by_one(*of_model),
            runs=[self._run(model) for model in models],
            budget=_budget(models),
            # In bfloat16 padding shows in the third digit of a cosine.
            padding=self._identity.precision != "bf16",
            progress=progress,
            ahead=ahead,
        )

    def _run(self, model: LoadedModel) -> Callable[[Tokens], Vectors]:
        """Vectors of batches; one that a GPU's memory does not hold is done in halves."""
        import torch

        fits = _budget((model,))

        def run(tokens: Tokens) -> Vectors:
            nonlocal fits
            size = len(tokens) * max(map(len, tokens))
            if len(tokens) == 1 or size <= fits:
                try:
                    unit = forward(model, tokens, self._folder.pooling)
                    return finished(unit, self._folder)
                except torch.cuda.OutOfMemoryError as error:
                    if len(tokens) == 1:
                        raise EncoderError(
                            f"{model.device}: out of memory with one string of {size} tokens; is "
                            'another program on it? Free it, or take another device, such as "cpu"'
                        ) from error
                    fits = size // 2
                # Not in the handler: the error holds on to the tensors of the batch.
                torch.cuda.empty_cache()
            middle = len(tokens) // 2
            return np.concatenate([run(tokens[:middle]), run(tokens[middle:])])

        return run

    def _loaded(self) -> tuple[LoadedModel, ...]:
        with loading:
            forked = bool(self._models) and self._models[0].process != os.getpid()
            if forked and self._device is None and self._models[0].device.type != "cpu":
                # A GPU that nobody asked for, and that works in the parent alone: load anew.
                forked, self._models = False, ()
            if forked:
                self._models = tuple(map(after_fork, self._models))
            elif not self._models:
                self._models = tuple(
                    load(self._folder, device, bf16=self._identity.precision == "bf16")
                    for device in _devices(self._device)
                )
                # What was loaded must be what the index will say that it is of.
                if self._folder.fingerprint() != self._identity.model:
                    self._models = ()
                    raise EncoderError(
                        f"{self._folder.path}: the model has changed since its fingerprint was "
                        "taken; load it again"
                    )
            return self._models


def _devices(given: str | None) -> list[str | None]:
    """The devices of a list with commas; None, for a GPU if there is one, where it names none."""
    named: list[str | None] = [part.strip() for part in (given or "").split(",") if part.strip()]
    return named or [None]


def forward(model: LoadedModel, tokens: Tokens, pooling: str) -> Vectors:
    """One pass of the network: the unit vectors of a batch of tokens, shape (n, dim)."""
    import torch

    ids, present = padded(tokens, model.pad_id)
    with torch.inference_mode():
        mask = torch.from_numpy(present).to(model.device)
        hidden = model.network(
            input_ids=torch.from_numpy(ids).to(model.device), attention_mask=mask.long()
        )[0]
        unit: Vectors = unit_vectors(hidden, mask, pooling).cpu().numpy()
    return unit


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


def _budget(models: Sequence[LoadedModel]) -> int:
    return _GPU_TOKENS if _on_gpu(models) else _CPU_TOKENS


def _on_gpu(models: Sequence[LoadedModel]) -> bool:
    return all(model.device.type != "cpu" for model in models)


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

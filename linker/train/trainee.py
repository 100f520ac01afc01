"""A base model that is being trained: its network, what of it moves, and its vectors with gradient.

In evaluation mode throughout, without dropout: the texts of a pair differ, which is the variation
that dropout stands in for elsewhere (SimCSE), and equal inputs give equal weights.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linker._optional import require
from linker.encoder import Vectors
from linker.encoder.folder import ModelFolder
from linker.encoder.loaded import load
from linker.encoder.transformer import unit_vectors
from linker.errors import TrainingError
from linker.train.settings import TrainSettings

if TYPE_CHECKING:
    import torch

BUCKET = 64
"""Texts of like length that go through the network together: little padding, good matrices."""
GPU_BUCKET = 1024
"""The same on a GPU, where a few texts take as long as many."""
ALPHA = 2
"""lora_alpha / rank, as `peft`'s examples have it."""


class Trainee:
    """A model folder with some of its weights in motion.

    Args:
        folder: the base; it must not be adapted already.
        seed: of the adapters' first values.
        device: as torch names it; None for a GPU if there is one.

    Raises:
        TrainingError: the base is an adapter, or has no layer that can have one.
        MissingExtraError: adapters are asked for and `peft` is not installed.
    """

    def __init__(
        self, folder: ModelFolder, settings: TrainSettings, *, seed: int, device: str | None = None
    ) -> None:
        import torch

        refuse_untrainable(folder, settings)
        self.folder = folder
        self._settings = settings
        loaded = load(folder, device)
        self.device = loaded.device
        self._pad = loaded.pad_id
        self._tokenizer = loaded.tokenizer
        self._tokenizer.enable_truncation(
            min(folder.max_tokens, settings.max_tokens),
            direction=folder.truncation_side,
        )
        network: Any = loaded.network
        on_cpu = self.device.type == "cpu"
        self._bucket = BUCKET if on_cpu else GPU_BUCKET
        if on_cpu:
            # torch's fused attention takes a quarter of a step for rows as short as names.
            network.set_attn_implementation("eager")
        for parameter in loaded.network.parameters():
            parameter.requires_grad_(settings.full)
        if settings.full:
            self._network: Any = network
            _still(loaded.network, "pooler")
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                self._network = _adapted(loaded.network, settings.rank, folder.path)
        self._network.eval()

    @property
    def moving(self) -> dict[str, torch.nn.Parameter]:
        """The weights in motion, by name, in the order of the names."""
        named = dict(self._network.named_parameters())
        return {name: named[name] for name in sorted(named) if named[name].requires_grad}

    def weights(self) -> dict[str, torch.Tensor]:
        """A copy of the weights in motion, on the CPU."""
        return {
            name: value.detach().cpu().clone().contiguous() for name, value in self.moving.items()
        }

    def set_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Take the weights in motion from elsewhere.

        Raises:
            TrainingError: they are of another model, or of other settings.
        """
        import torch

        moving = self.moving
        if set(weights) != set(moving) or any(
            weights[name].shape != moving[name].shape for name in moving
        ):
            raise TrainingError("the weights of the checkpoint do not fit this model; use --force")
        with torch.no_grad():
            for name, value in moving.items():
                value.copy_(weights[name])

    def embed(self, texts: Sequence[str]) -> torch.Tensor:
        """The vectors of texts, normalised already: shape (n, dim), float32, unit rows.

        A gradient goes through them where torch keeps one. Texts are sorted by length inside.
        """
        import torch

        prompt = self.folder.prompt
        tokens = [self._tokenizer.encode(f"{prompt}{text}").ids or [self._pad] for text in texts]
        order = np.argsort([len(ids) for ids in tokens], kind="stable")
        parts = [
            self._forward([tokens[i] for i in order[start : start + self._bucket]])
            for start in range(0, len(order), self._bucket)
        ]
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return torch.cat(parts)[torch.from_numpy(back).to(self.device)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The same without gradient, in any number, as numpy has them."""
        import torch

        if not texts:
            return np.zeros((0, self.folder.dim), dtype=np.float32)
        with torch.inference_mode():
            parts = [self.embed(part).cpu().numpy() for part in _parts(texts, 4096)]
        vectors: Vectors = np.concatenate(parts)
        return vectors

    def _forward(self, tokens: list[list[int]]) -> torch.Tensor:
        import torch

        length = max(map(len, tokens))
        ids = torch.full((len(tokens), length), self._pad, dtype=torch.int64)
        for row, own in enumerate(tokens):
            ids[row, : len(own)] = torch.tensor(own)
        lengths = torch.tensor([len(own) for own in tokens]).unsqueeze(1)
        mask = (torch.arange(length).unsqueeze(0) < lengths).to(self.device)
        with torch.autocast(
            self.device.type, dtype=torch.bfloat16, enabled=self._settings.precision == "bf16"
        ):
            hidden = self._network(input_ids=ids.to(self.device), attention_mask=mask.long())[0]
        return unit_vectors(hidden[..., : self.folder.dim], mask, self.folder.pooling)


def refuse_untrainable(folder: ModelFolder, settings: TrainSettings) -> None:
    """Refuse what no training can begin with, before anything is loaded or written.

    Raises:
        TrainingError: the base is an adapter.
        MissingExtraError: adapters are asked for and `peft` is not installed.
    """
    if folder.adapter is not None:
        raise TrainingError(
            f"{folder.adapter.path}: an adapter cannot be the base of another training; begin "
            f"with its own base, {folder.adapter.base}, or with its variant that is saved whole"
        )
    if not settings.full:
        require("peft", extra="train")


@contextmanager
def enough_memory(device: torch.device, settings: TrainSettings) -> Iterator[None]:
    """Say what takes less memory, where a device has too little for what is done inside.

    Raises:
        TrainingError: in place of torch's own error.
    """
    import torch

    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise TrainingError(
            f"{device}: out of memory; start over (--force) with a smaller --chunk (now "
            f"{settings.chunk}), --max-tokens (now {settings.max_tokens}) or --batch (now "
            f"{settings.batch}); or, if another program was on it, go on with --resume"
        ) from error


def _parts(texts: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]


def _still(network: torch.nn.Module, prefix: str) -> None:
    """Keep a head that takes no part in the vectors as it is: it has no gradient."""
    for name, parameter in network.named_parameters():
        if name.startswith(prefix):
            parameter.requires_grad_(False)


def _linear_modules(network: torch.nn.Module) -> list[str]:
    """The names of all linear layers that take part in the vectors (as QLoRA adapts them)."""
    import torch

    return [
        name
        for name, module in network.named_modules()
        if isinstance(module, torch.nn.Linear) and not name.startswith("pooler")
    ]


def _adapted(network: Any, rank: int, path: Path) -> Any:
    modules = _linear_modules(network)
    if not modules:  # GPT-2's are convolutions.
        raise TrainingError(
            f"{path}: the network has no linear layer that an adapter could be of; give --full to "
            "train all its weights"
        )
    with warnings.catch_warnings():
        # peft 0.21 asks transformers 5.23 for what will go with its version 6; its own matter.
        warnings.simplefilter("ignore", FutureWarning)
        peft = require("peft", extra="train")
        return peft.get_peft_model(
            network,
            peft.LoraConfig(
                r=rank,
                lora_alpha=ALPHA * rank,
                target_modules=modules,
                lora_dropout=0.0,
            ),
        )

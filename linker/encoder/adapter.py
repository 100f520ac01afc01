"""Low-rank adapters (LoRA) of a base model, merged into its weights when it is loaded.

A folder as `peft` saves it, adapter_config.json and adapter_model.safetensors, with `base.json`
beside them: the base's name, revision, fingerprint and pooling, and of a base in a folder the way
there from the adapter's. Reading it needs no `peft`: W becomes W + s B A, with s = alpha / rank (Hu
et al., LoRA, ICLR 2022, section 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linker.counted import counted
from linker.encoder.weights import check_weights, read_object
from linker.errors import EncoderError

if TYPE_CHECKING:
    import torch

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
BASE = "base.json"
VERSION = 2
"""Of base.json as it is written; see `Adapter`."""
PREFIX = "base_model.model."
"""What `peft` puts before the name of each module of the base."""

# What of peft's settings would need more than the sum above; each with the value that does not.
_PLAIN: dict[str, tuple[object, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "use_rslora": (False, None),
    "fan_in_fan_out": (False, None),
    "modules_to_save": (None, []),
    "rank_pattern": (None, {}),
    "alpha_pattern": (None, {}),
    "layer_replication": (None,),
}


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder, read as data.

    Attributes:
        path: the folder.
        base, revision, fingerprint: the base model, as `load_encoder` finds it.
        scale: alpha / rank.
        pooling: the base's, which a plain folder does not say; None where it is not on record.
        way: from this folder to that of the base, or "".
        version: of base.json. Version 1 had no pooling and no way, and is fingerprinted with peft's
            settings, the base's place among them.
    """

    path: Path
    base: str
    revision: str
    fingerprint: str
    scale: float
    pooling: str | None = None
    way: str = ""
    version: int = VERSION

    @classmethod
    def read(cls, path: Path) -> Adapter:
        """Read what the folder says of itself; the weights are checked to be whole, not loaded.

        Raises:
            EncoderError: it is damaged, or is of a kind of adapter that we do not merge.
        """
        if not (path / BASE).is_file():
            raise EncoderError(
                f"{path}: an adapter with no {BASE}, in which `linker train` writes what base it "
                "is of; if it was made by another tool, merge it into its base with peft "
                "(merge_and_unload), and save the whole model"
            )
        config, base = read_object(path / CONFIG), read_object(path / BASE)
        for key, allowed in _PLAIN.items():
            if config.get(key, allowed[0]) not in allowed:
                raise EncoderError(
                    f"{path / CONFIG}: {key!r} is {config[key]!r}, expected {allowed[0]!r}; "
                    "merge the adapter with peft, and save the whole model"
                )
        rank, alpha = config.get("r"), config.get("lora_alpha")
        if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, (int, float)):
            raise EncoderError(f"{path / CONFIG}: rank {rank!r} and alpha {alpha!r} are no numbers")
        version = base.get("version", 1)
        if version not in (1, VERSION):
            raise EncoderError(
                f"{path / BASE}: version {version!r}, expected 1 to {VERSION}; was it written by a "
                "newer release? Use that one"
            )
        expected = ("name", "revision", "fingerprint", *(("pooling",) if version > 1 else ()))
        for key in expected:
            if not isinstance(base.get(key), str):
                raise EncoderError(f'{path / BASE}: no "{key}" of the base model')
        way = base.get("path", "")
        if not isinstance(way, str):
            raise EncoderError(f'{path / BASE}: "path" is {way!r}, expected a string')
        check_weights(path / WEIGHTS)
        return cls(
            path,
            base["name"],
            base["revision"],
            base["fingerprint"],
            alpha / rank,
            pooling=base["pooling"] if version > 1 else None,
            way=way,
            version=version,
        )

    @property
    def bases(self) -> tuple[str | Path, ...]:
        """Where the base may be: what it was trained from, and, if both were moved, beside it."""
        return (self.base, *((self.path.resolve() / self.way,) if self.way else ()))

    @property
    def settings(self) -> str:
        """What decides its share of the vectors, beside the `files`."""
        return f"\nadapter scale {self.scale!r}" if self.version > 1 else ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that decide its share of the vectors."""
        weights = self.path / WEIGHTS
        return (weights,) if self.version > 1 else (self.path / CONFIG, weights)

    def merge(self, network: torch.nn.Module) -> None:
        """Add the adapter to the weights of its base, in place.

        Raises:
            EncoderError: a tensor is of no module of the base, or of another shape.
        """
        import torch
        from safetensors.torch import load_file

        factors = load_file(self.path / WEIGHTS)
        names = {key.removeprefix(PREFIX).rpartition(".lora_")[0] for key in factors}
        expected = {f"{PREFIX}{name}.lora_{half}.weight" for name in names for half in "AB"}
        if not factors:
            raise EncoderError(
                f"{self.path / WEIGHTS}: holds no tensors, expected two for each layer; "
                "save the adapter again"
            )
        for what, odd in (
            ("of another kind", factors.keys() - expected),
            ("missing", expected - factors.keys()),
        ):
            if odd:
                raise EncoderError(
                    f"{self.path / WEIGHTS}: {counted(len(odd), 'tensor', what)}: "
                    f"{', '.join(sorted(odd)[:3])}; merge the adapter with peft, and save the "
                    "whole model"
                )
        modules: dict[str, Any] = dict(network.named_modules())
        for name in sorted(names):
            down = factors[f"{PREFIX}{name}.lora_A.weight"].float()
            up = factors[f"{PREFIX}{name}.lora_B.weight"].float()
            weight = getattr(modules.get(name), "weight", None)
            if weight is None or (up.shape[0], down.shape[1]) != tuple(weight.shape):
                raise EncoderError(f"{self.path / WEIGHTS}: {name!r} does not fit the base model")
            with torch.no_grad():
                weight += (self.scale * (up @ down)).to(weight.device)


def is_adapter(path: Path) -> bool:
    """Whether a folder holds an adapter and no model of its own."""
    return (path / CONFIG).is_file() and not (path / "config.json").is_file()

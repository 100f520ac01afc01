"""Trained weights as folders: an adapter beside its base, or a sentence-transformers model."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from linker._optional import require
from linker.atomic import write_atomically
from linker.encoder import EncoderIdentity
from linker.encoder.adapter import BASE, PREFIX, VERSION, WEIGHTS
from linker.encoder.folder import ModelFolder
from linker.encoder.layout import TOKENIZER_FILES
from linker.encoder.loaded import load
from linker.encoder.weights import SAFE, read_object
from linker.train.trainee import ALPHA

if TYPE_CHECKING:
    import torch

CARD = "README.md"


def adapter_names(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names that `peft` gives its weights on disk; in memory they hold the adapter's name."""
    return {name.replace(".default.", "."): value for name, value in weights.items()}


def write_adapter(
    folder: Path,
    weights: Mapping[str, torch.Tensor],
    base: EncoderIdentity,
    card: str,
    *,
    final: Path | None = None,
) -> None:
    """Write an adapter folder, as `peft` has it, with what says its base.

    Args:
        weights: by the names of `adapter_names`, of one rank.
        final: where the folder will be, if it is renamed: the way to the base is from there.
    """
    from safetensors.torch import save

    peft = require("peft", extra="train")
    folder.mkdir(parents=True, exist_ok=True)
    modules = sorted({name.removeprefix(PREFIX).rpartition(".lora_")[0] for name in weights})
    rank = next(len(value) for name, value in weights.items() if name.endswith("lora_A.weight"))
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=ALPHA * rank,
        target_modules=modules,
        lora_dropout=0.0,
        inference_mode=True,
        base_model_name_or_path=base.name,
    )
    config.save_pretrained(folder)
    # `peft` keeps a set: in an order that changes from run to run.
    path = folder / "adapter_config.json"
    settings = read_object(path)
    settings["target_modules"] = modules
    _write_json(path, settings)
    # safetensors' own save_file leaves a file that its owner alone may read.
    write_atomically(folder / WEIGHTS, save(dict(weights), metadata={"format": "pt"}))
    about = {
        "version": VERSION,
        "name": base.name,
        "revision": base.revision,
        "fingerprint": base.fingerprint,
        "pooling": base.pooling,
    }
    if Path(base.name).is_absolute():
        about["path"] = _way(folder if final is None else final, Path(base.name))
    _write_json(folder / BASE, about)
    (folder / CARD).write_text(card, encoding="utf-8")


def write_model(
    out: Path, folder: ModelFolder, card: str, weights: Mapping[str, torch.Tensor] | None = None
) -> None:
    """Write a whole model in the layout of sentence-transformers 2, which all later ones read.

    Args:
        folder: the base; its adapter, if it has one, is merged into the weights.
        weights: in place of the base's, by name.
    """
    from safetensors.torch import save

    out.mkdir(parents=True, exist_ok=True)
    loaded = load(folder, "cpu")
    # A pooler that the base lacks has other numbers at each load, and with them a fingerprint.
    state = {k: v for k, v in loaded.network.state_dict().items() if k not in loaded.unset}
    state.update({} if weights is None else weights)
    tensors = {name: value.detach().clone().contiguous() for name, value in state.items()}
    write_atomically(out / SAFE, save(tensors, metadata={"format": "pt"}))
    _write_layout(out, folder)
    (out / CARD).write_text(card, encoding="utf-8")


def _write_layout(out: Path, folder: ModelFolder) -> None:
    """The tokenizer of a model, and what says how its vectors are made."""
    for name in TOKENIZER_FILES:
        if (folder.path / name).is_file():
            shutil.copyfile(folder.path / name, out / name)
    config = read_object(folder.path / "config.json")
    config.pop("torch_dtype", None)
    _write_json(out / "config.json", {**config, "dtype": "float32"})
    kinds = ("Transformer", "Pooling", "Normalize")
    _write_json(
        out / "modules.json",
        [
            {
                "idx": i,
                "name": str(i),
                "path": f"{i}_{kind}" if i else "",
                "type": f"sentence_transformers.models.{kind}",
            }
            for i, kind in enumerate(kinds)
        ],
    )
    modes = {"cls": "cls_token", "max": "max_tokens", "mean": "mean_tokens"}
    _write_json(
        out / "1_Pooling" / "config.json",
        {"word_embedding_dimension": folder.width}
        | {f"pooling_mode_{mode}": pooling == folder.pooling for pooling, mode in modes.items()},
    )
    (out / "2_Normalize").mkdir(exist_ok=True)
    _write_json(
        out / "sentence_bert_config.json",
        {"max_seq_length": folder.max_tokens, "do_lower_case": folder.do_lower_case},
    )
    own: dict[str, object] = {}
    if folder.prompt:
        own |= {"prompts": {"names": folder.prompt}, "default_prompt_name": "names"}
    if folder.dim != folder.width:
        own["truncate_dim"] = folder.dim
    if own:
        _write_json(out / "config_sentence_transformers.json", own)


def _way(start: Path, to: Path) -> str:
    """The relative path from a folder to another; "" where there is none (Windows' drives)."""
    try:
        return Path(os.path.relpath(to.resolve(), start.resolve())).as_posix()
    except ValueError:
        return ""


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(value, indent=2)}\n", encoding="utf-8")

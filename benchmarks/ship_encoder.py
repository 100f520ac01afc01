"""Adapters that `linker train` made, averaged into the one that ships, in half precision.

    python benchmarks/ship_encoder.py OUT ADAPTER ADAPTER ...

The mean of the changes that the adapters make to their common base, as one adapter whose rank is
the sum of theirs: `linker/encoder/minilm-bio/` was made so of two runs. The commands of the runs
stand in RESULTS.md. What remains to be written is the card, README.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from usage import run

from linker.encoder.adapter import BASE, CONFIG, WEIGHTS, Adapter
from linker.train.average import average_adapters

KEPT = (
    "peft_type", "base_model_name_or_path", "bias", "fan_in_fan_out", "inference_mode",
    "init_lora_weights", "lora_alpha", "lora_dropout", "r", "target_modules", "use_dora",
    "use_rslora",
)  # fmt: skip
"""What of peft's configuration says something of the adapter."""


def main(out: str, *runs: str) -> None:
    adapters = [Adapter.read(Path(run)) for run in runs]
    if len({(adapter.fingerprint, adapter.scale) for adapter in adapters}) != 1:
        raise SystemExit("the adapters are of several bases, or of several scales")
    mean = average_adapters([load_file(a.path / WEIGHTS) for a in adapters], base_share=0.0)
    config = json.loads((adapters[0].path / CONFIG).read_text())
    rank = sum(json.loads((a.path / CONFIG).read_text())["r"] for a in adapters)
    config.update(r=rank, lora_alpha=round(adapters[0].scale * rank))
    folder = Path(out)
    folder.mkdir()
    half = {name: value.to(torch.float16).contiguous() for name, value in mean.items()}
    save_file(half, folder / WEIGHTS, metadata={"format": "pt"})
    kept = {key: config[key] for key in KEPT}
    (folder / CONFIG).write_text(json.dumps(kept, indent=2) + "\n")
    (folder / BASE).write_text((adapters[0].path / BASE).read_text())


if __name__ == "__main__":
    run(main, __doc__)

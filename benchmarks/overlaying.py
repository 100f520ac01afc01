"""How long an overlay and a comparison take on a built index (a copy of it; nothing is changed).

python benchmarks/overlaying.py INDEX [ROWS]
"""

from __future__ import annotations

import csv
import tempfile
import time
from pathlib import Path

from usage import run

from linker.index import Index
from linker.offline import diff_releases, overlay_index


def main(index: str, rows: str = "1000") -> None:
    store = Index.open(index).store
    step = max(1, store.n_concepts // int(rows))
    with tempfile.TemporaryDirectory(dir=Path(index).resolve().parent) as folder:
        local, out = Path(folder, "local.csv"), Path(folder, "out")
        with local.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["concept_id", "name"])
            for row in range(0, store.n_concepts, step):
                if store.is_active(row):
                    writer.writerow([store.concept_id(row), f"local name {row}"])
        start = time.perf_counter()
        manifest = overlay_index(index, [local], out=out)
        print(f"overlay: {time.perf_counter() - start:.1f} s, {manifest.overlays[0].summary}")
        start = time.perf_counter()
        overlay_index(out, [local])
        print(f"the same again: {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        Index.open(out)
        print(f"opening it: {time.perf_counter() - start:.3f} s")
        start = time.perf_counter()
        changes = diff_releases(index, out)
        print(
            f"diff: {time.perf_counter() - start:.1f} s, "
            f"{changes.counts['names_added']} names added"
        )


if __name__ == "__main__":
    run(main, __doc__)

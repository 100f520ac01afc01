"""Kinds of search at the sizes of small and large terminologies: bytes, recall, times, growth.

    python benchmarks/kinds.py make SCRATCH 384 9000000 INDEX...   # real vectors, moved ones
    python benchmarks/kinds.py build SCRATCH 384 9000000 IVF,RaBitQ   # for sizes and kinds
    python benchmarks/kinds.py time SCRATCH                      # all that is built, in turn
    python benchmarks/kinds.py table                             # Markdown, and plots/kinds.png

The vectors of the INDEXes come first, in seeded order. The others are moved from a random real one
by Gaussian noise to a cosine drawn from those of real vectors and their nearest neighbours: every
vector is distinct, and has about 30 others near it. For more dimensions than the real ones have, a
seeded orthonormal map lifts them, and the noise fills all dimensions: times and bytes are those of
so many dimensions, recall is that of MiniLM's geometry. Each build and each timing is a process of
its own. Measurements go to plots/kinds.json.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from usage import run

PLOTS = Path(__file__).parent / "plots"
MEASURED = PLOTS / "kinds.json"
BLOCK = 65_536
BATCH = 256


def make(scratch: str, dim: str, n: str, *indexes: str) -> None:
    from linker.index import Index

    size, rng = int(dim), np.random.default_rng(0)
    parts = [Index.open(path).vectors for path in indexes]
    real = np.vstack([vectors.take(np.arange(len(vectors))) for vectors in parts])
    real = np.unique(real, axis=0)
    rng.shuffle(real)
    cosines = _nearest(real)
    if size > real.shape[1]:
        lift = np.linalg.qr(rng.standard_normal((size, real.shape[1])))[0].astype(np.float32)
        real = real @ lift.T
    done, wanted = 0, int(n)
    Path(scratch).mkdir(parents=True, exist_ok=True)
    with (Path(scratch) / f"{dim}.f16").open("wb") as file:
        while done < wanted:
            count = min(BLOCK, wanted - done)
            if done < len(real):
                rows = real[done : done + count]
            else:
                rows = _moved(real[rng.integers(len(real), size=count)], cosines, rng)
            rows.astype(np.float16).tofile(file)
            done += len(rows)
    print(f"{done:,} vectors of {dim} dimensions, {min(len(real), wanted):,} of them real")


def _nearest(real: np.ndarray, size: int = 4000) -> np.ndarray:
    """The cosines of some real vectors and their nearest other."""
    best = np.full(size, -1.0, dtype=np.float32)
    for start in range(0, len(real), BLOCK):
        products = real[:size] @ real[start : start + BLOCK].T
        if start == 0:
            np.fill_diagonal(products, -1)
        best = np.maximum(best, products.max(axis=1))
    # Names that the encoder takes for one would make copies.
    return np.clip(best, 0, 0.999)


def _moved(rows: np.ndarray, cosines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.standard_normal(rows.shape, dtype=np.float32)
    noise -= (noise * rows).sum(axis=1, keepdims=True) * rows
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    cosine = rng.choice(cosines, len(rows))[:, None]
    return cosine * rows + np.sqrt(1 - cosine**2) * noise


class Steps:
    """Times the steps of a build; implements `linker.index.Progress`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name, self._begun = "", time.perf_counter()

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:  # noqa: ARG002
        self.end()
        self._name = name.partition(",")[0].partition(" IVF")[0]
        print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)

    def advance(self, n: int) -> None:
        """Nothing is drawn."""

    def end(self) -> None:
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(now - self._begun, 2)
        self._name, self._begun = "", now


def build(scratch: str, dim: str, n: str, kind: str, recall: str = "0.95") -> None:
    """Build one kind over the first `n` vectors, and note what it took."""
    from linker.index.vectors.half import HalfVectors
    from linker.index.vectors.make import make_vectors, resolve_kind

    size, n_names = int(dim), int(n)
    source = HalfVectors(Path(scratch) / f"{dim}.f16", size)
    folder = Path(scratch) / f"{dim}-{n}-{kind.replace(',', '_')}"
    folder.mkdir(exist_ok=True)
    steps, begun = Steps(), time.perf_counter()
    info = make_vectors(
        folder,
        (rows[: n_names - start] for start, rows in source.blocks() if start < n_names),
        kind=resolve_kind(kind, n_names, size, 1 << 62),
        dim=size,
        n_names=n_names,
        asked=float(recall),
        min_recall=0.0,
        progress=steps,
    )
    steps.end()
    row = {
        "dim": size,
        "names": n_names,
        "kind": info.kind,
        "effort": str(info.effort),
        "recall_at_10": info.recall_at_10,
        "build_s": round(time.perf_counter() - begun, 1),
        "build_peak_mb": _status("VmHWM"),
        "steps_s": steps.seconds,
        "bytes_a_name": {
            path.name: round(path.stat().st_size / n_names, 1)
            for path in sorted(folder.glob("vectors.*"))
        },
    }
    (folder / "info.json").write_text(info.model_dump_json())
    _keep(row)
    print(json.dumps(row, indent=1))


def time_all(scratch: str, *only: str) -> None:
    """Time every built kind, in a process of its own, size by size."""
    folders = sorted(
        (path.parent for path in Path(scratch).glob("*/info.json")),
        key=lambda path: tuple(map(int, path.name.split("-")[:2])),
    )
    for folder in folders:
        if not only or any(folder.name.startswith(start) for start in only):
            subprocess.run([sys.executable, __file__, "time-one", str(folder)], check=True)


def time_one(folder: str) -> None:
    from linker.index.manifest import VectorsInfo
    from linker.index.vectors.half import HalfVectors
    from linker.index.vectors.make import open_vectors
    from linker.index.vectors.recall import exact

    path = Path(folder)
    info = VectorsInfo.model_validate_json((path / "info.json").read_text())
    dim, n_names = map(int, path.name.split("-")[:2])
    queries = _queries(path.parent / f"{dim}.f16", dim, n_names)
    # The libraries are loaded, and FAISS has started its threads, before memory is looked at.
    _ = queries @ queries[:300].T
    before = {key: _status(key) for key in ("RssAnon", "RssFile")}
    begun = time.perf_counter()
    vectors = open_vectors(path, info)
    opened = time.perf_counter() - begun
    # Codes and graph into the page cache: the memory that a kind is said to need.
    with (path / "vectors.faiss").open("rb") as file:
        while file.read(1 << 24):
            pass
    for query in queries[:200]:
        vectors.search(query[None], 10)
    single = []
    for query in queries[200:1200]:
        begun = time.perf_counter()
        vectors.search(query[None], 10)
        single.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    for start in range(0, 1024, BATCH):
        vectors.search(queries[start : start + BATCH], 10)
    batched = time.perf_counter() - begun
    row = {
        "dim": dim,
        "names": n_names,
        "kind": info.kind,
        "open_ms": round(1000 * opened, 2),
        "p50_ms": round(1000 * float(np.median(single)), 3),
        "p99_ms": round(1000 * float(np.quantile(single, 0.99)), 3),
        "batched_per_s": round(1024 / batched, 1),
        "own_mb": _status("RssAnon") - before["RssAnon"],
        "mapped_mb": _status("RssFile") - before["RssFile"],
    }
    if info.refined:
        row["cold_p50_ms"] = _cold(path, vectors, queries[1200:1250])
        # Beside it, in the same minutes: every vector compared, from the same file.
        del vectors
        gc.collect()
        plain = Exhaustive(HalfVectors(path / "vectors.f16", dim))
        # The batch first: it brings the file back into the page cache.
        for key, count in (("exact_batch_ms", BATCH), ("exact_one_ms", 1)):
            begun = time.perf_counter()
            exact(plain, queries[:count])
            row[key] = round(1000 * (time.perf_counter() - begun), 1)
    _keep(row)
    print(json.dumps(row))


class Exhaustive:
    """The vectors of a file, for an exact search by blocks; all that `recall.exact` asks for."""

    def __init__(self, half: object) -> None:
        self.take, self._half = half.take, half

    def __len__(self) -> int:
        return len(self._half)


def _cold(folder: Path, vectors: object, queries: np.ndarray) -> float:
    """The median of queries after the page cache let go of the files."""
    for path in folder.glob("vectors.*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    seconds = []
    for query in queries:
        begun = time.perf_counter()
        vectors.search(query[None], 10)
        seconds.append(time.perf_counter() - begun)
    return round(1000 * float(np.median(seconds)), 3)


def _queries(source: Path, dim: int, n_names: int, size: int = 1300) -> np.ndarray:
    """Stored vectors moved to a cosine of 0.9, others than those that the search was tuned by."""
    rng = np.random.default_rng(1)
    rows = rng.choice(n_names, size=size, replace=False)
    half = np.memmap(source, dtype=np.float16, mode="r").reshape(-1, dim)
    stored = half[rows].astype(np.float32)
    del half
    moved = _moved(stored, np.array([0.9], dtype=np.float32), rng)
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def _status(key: str) -> int:
    """A line of /proc/self/status, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return round(int(line.split()[1]) / 1000)
    raise KeyError(key)


def _keep(row: dict[str, object]) -> None:
    """Add measurements to those of the same kind and size."""
    PLOTS.mkdir(exist_ok=True)
    rows = json.loads(MEASURED.read_text()) if MEASURED.exists() else []
    same = [old for old in rows if all(old[key] == row[key] for key in ("dim", "names", "kind"))]
    rest = [old for old in rows if old not in same]
    merged = {**(same[0] if same else {}), **row}
    rest.append(merged)
    rest.sort(key=lambda old: (old["dim"], old["names"], old["kind"]))
    MEASURED.write_text(json.dumps(rest, indent=1) + "\n")


def table() -> None:
    rows = json.loads(MEASURED.read_text())
    print(
        "| dim. | names | kind | looks at | disk, bytes a name | resident, MB (own + mapped) "
        "| recall@10 | p50, p99 ms | cold p50 ms | queries/s, by 256 | exact: ms one, by 256 "
        "| build s | open ms |"
    )
    print("|" + "---|" * 13)
    for row in rows:
        if "p50_ms" not in row:
            continue
        cells = [
            row["dim"],
            f"{row['names']:,}",
            row["kind"],
            row["effort"],
            " + ".join(f"{size:,.0f}" for size in row["bytes_a_name"].values()),
            f"{row['own_mb']} + {row['mapped_mb']}",
            f"{row['recall_at_10']:.3f}",
            f"{row['p50_ms']:.2f}, {row['p99_ms']:.2f}",
            row.get("cold_p50_ms", ""),
            f"{row['batched_per_s']:,.0f}",
            f"{row['exact_one_ms']:,.0f}, {row['exact_batch_ms']:,.0f}"
            if "exact_one_ms" in row
            else "",
            f"{row['build_s']:,.0f}",
            f"{row['open_ms']:.1f}",
        ]
        print("| " + " | ".join(map(str, cells)) + " |")
    _plot([row for row in rows if "p50_ms" in row and row["dim"] == 384])


def _plot(rows: list[dict[str, object]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = {
        "build, s": lambda row: row["build_s"],
        "resident (own + mapped), MB": lambda row: row["own_mb"] + row["mapped_mb"],
        "open, ms": lambda row: row["open_ms"],
        "one query, p50, ms": lambda row: row["p50_ms"],
    }
    families: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        families.setdefault(re.sub(r"IVF\d+,", "", row["kind"]), []).append(row)
    figure, axes = plt.subplots(2, 2, figsize=(10, 7.5), constrained_layout=True)
    for axis, (title, value) in zip(axes.flat, panels.items(), strict=True):
        for name, members in sorted(families.items()):
            members.sort(key=lambda row: row["names"])
            sizes = [row["names"] for row in members]
            axis.plot(sizes, [max(value(row), 0.01) for row in members], marker="o", label=name)
        axis.set(xscale="log", yscale="log", xlabel="names", title=title)
        axis.grid(visible=True, which="major", alpha=0.3)
    axes.flat[0].legend(title="kind")
    figure.suptitle("Kinds of search as names grow: 384 dimensions, recall@10 asked 0.95, 2 cores")
    figure.savefig(PLOTS / "kinds.png", dpi=110)


COMMANDS = {"make": make, "build": build, "time": time_all, "time-one": time_one, "table": table}


def main(command: str, *words: str) -> None:
    if command not in COMMANDS:
        raise SystemExit(f"{command}: expected one of {', '.join(COMMANDS)}")
    COMMANDS[command](*words)


if __name__ == "__main__":
    run(main, __doc__)

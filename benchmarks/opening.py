"""What a first use costs: import, open, link, annotate; time and memory.

    python benchmarks/opening.py INDEX [NOTES.jsonl[.gz]]

Times are medians of five. `import` is a fresh process less an empty one; `open` is in a process
that has the modules loaded already.
"""

from __future__ import annotations

import gzip
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from usage import run

RUNS = 5


def median_seconds(run: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def process(code: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def resident_mb(kind: str) -> float:
    """Resident memory of this process now: "RssAnon", its own, or "RssFile", mapped and shared."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1000


def main(index: str, notes: str | None = None) -> None:
    empty = median_seconds(process("pass"))
    for module in ("linker", "numpy", "torch"):
        seconds = median_seconds(process(f"import {module}")) - empty
        print(f"import {module:8} {seconds:7.3f} s")

    from linker import Linker

    print(f"open            {median_seconds(lambda: Linker.load(index)):7.3f} s")
    linker = Linker.load(index)
    linker.link(["a string that is no name of any index"])
    print(f"memory with the encoder loaded: {resident_mb('RssAnon'):,.0f} MB own", end="")
    print(f" + {resident_mb('RssFile'):,.0f} MB mapped")
    if notes is None:
        return
    opener = gzip.open if notes.endswith(".gz") else open
    with opener(notes, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    for name in ("first pass", "second pass, mentions known"):
        begun = time.perf_counter()
        found = [len(links) for links in linker.pipe(texts)]
        seconds = time.perf_counter() - begun
        rate, characters = len(texts) / seconds, sum(map(len, texts)) / seconds / 1e6
        print(f"{name}: {len(texts)} notes, {sum(found)} mentions", end="")
        print(f", {rate:,.0f} notes/s, {characters:.2f} M characters/s")
    own, mapped = resident_mb("RssAnon"), resident_mb("RssFile")
    print(f"memory after: {own:,.0f} MB own + {mapped:,.0f} MB mapped")


if __name__ == "__main__":
    run(main, __doc__)

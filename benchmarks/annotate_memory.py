"""Whether the memory of bulk annotation grows with the notes, and what a second worker adds.

    python benchmarks/annotate_memory.py INDEX NOTES.jsonl [--notes 100000] [--workers 2]

The notes are repeated, each time with some of their words put elsewhere, seeded. While
`linker annotate` runs, the memory of its processes is looked at every second: "own" is what each
holds alone (RssAnon), "all" is the proportional share of everything (Pss), summed over processes.
Printed at each tenth of the notes. Linux only.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWAPPED = 0.02
"""The share of a note's words that change places."""


def write_notes(source: Path, out: Path, n: int) -> None:
    with source.open(encoding="utf-8") as lines:
        notes = [json.loads(line) for line in lines]
    rng = random.Random(0)
    with out.open("w", encoding="utf-8") as file:
        for i in range(n):
            note = notes[i % len(notes)]
            words = note["text"].split(" ")
            if i >= len(notes):
                for _ in range(int(SWAPPED * len(words))):
                    a, b = rng.randrange(len(words)), rng.randrange(len(words))
                    words[a], words[b] = words[b], words[a]
            file.write(json.dumps({"id": f"{note['id']}/{i}", "text": " ".join(words)}) + "\n")


def processes(root: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


def memory(pid: int) -> tuple[float, float]:
    """Own and proportional memory of a process, in MB; 0 for one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    if "RssAnon" not in status:
        return 0.0, 0.0
    own = int(status.split("RssAnon:")[1].split()[0]) / 1000
    return own, int(rollup.split("\nPss:")[1].split()[0]) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--notes", dest="n", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        notes, out = Path(name) / "notes.jsonl", Path(name) / "out.jsonl"
        write_notes(given.notes, notes, given.n)
        command = [sys.executable, "-m", "linker", "annotate", str(notes), "--out", str(out)]
        command += ["--index", str(given.index), "--workers", str(given.workers)]
        journal = Path(f"{out}.partial")
        begun = time.monotonic()
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        samples = []
        while run.poll() is None:
            found = [memory(pid) for pid in processes(run.pid)]
            own = sorted((one for one, _ in found), reverse=True)
            written = sum(f.stat().st_size for f in journal.glob("*")) if journal.is_dir() else 0
            samples.append((time.monotonic() - begun, own, sum(both for _, both in found), written))
            time.sleep(1)
        if run.returncode:
            sys.exit(f"the run ended with {run.returncode}")
        seconds = time.monotonic() - begun
        print(f"{given.n:,} notes in {seconds:.0f} s, {given.n / seconds:.0f} notes/s")
        last = samples[-1][3] or samples[-1][0]
        for tenth in range(1, 11):
            at = next(s for s in samples if (s[3] or s[0]) >= 0.999 * last * tenth / 10)
            print(
                f"at {at[0]:5.0f} s: own {', '.join(f'{mb:.0f}' for mb in at[1])} MB, "
                f"all {at[2]:.0f} MB"
            )


if __name__ == "__main__":
    main()

"""What bulk annotation does a second, in one process and in two, and what memory it takes.

    python benchmarks/annotate_speed.py INDEX NOTES.jsonl [--format jsonl]
        [--detector dictionary] [--repeat 1]

Each run is a process of its own, started from nothing; `run` is the time of the run without its
imports, as the run manifest has it. With --repeat the notes come again, some of their words put
elsewhere, so that what a run does once weighs less. Only the ratios of one call mean anything on a
busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from annotate_memory import write_notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--format", default="jsonl")
    parser.add_argument("--detector", default="dictionary")
    parser.add_argument("--repeat", type=int, default=1, help="read the notes so many times")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notes = folder / "notes.jsonl"
        n = given.repeat * sum(1 for _ in given.notes.open("rb"))
        write_notes(given.notes, notes, n)
        characters = sum(len(json.loads(line)["text"]) for line in notes.open(encoding="utf-8"))
        print(f"{n:,} notes, {characters:,} characters, --format {given.format}, {given.detector}")
        first = None
        for workers in (1, 2):
            out = folder / f"out{workers}"
            command = [sys.executable, "-m", "linker", "annotate", str(notes), "--out", str(out)]
            command += ["--index", str(given.index), "--workers", str(workers)]
            command += ["--format", given.format, "--detector", given.detector]
            begun = time.perf_counter()
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begun
            if status:
                sys.exit(f"the run with {workers} processes failed")
            seconds = json.loads(Path(f"{out}.run.json").read_bytes())["this_run"]["seconds"]
            first = seconds if first is None else first
            print(
                f"{workers} processes: {wall:.1f} s, run {seconds:.1f} s, "
                f"{n / seconds:,.0f} notes/s, "
                f"{characters / seconds / 1e3:,.0f} k characters/s, {first / seconds:.2f}x, largest"
                f" process {usage.ru_maxrss / 1000:,.0f} MB"
            )


if __name__ == "__main__":
    main()

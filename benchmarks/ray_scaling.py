"""The run on Ray against the local one at equal workers, and what bounds it on many machines.

    python benchmarks/ray_scaling.py INDEX NOTES.jsonl [--workers 2] [--repeat 2] [--detector NAME]

Each run is a process of its own. `whole` is the run without the process's imports, Ray's start
among it; `steady` is what was done from the first quarter of the notes to the last. Only ratios of
one call mean anything on a busy machine. What one process does alone whatever the cluster (reading
a file, committing frames, writing the output) bounds the cluster: it is taken in a run of the notes
ten times over with a detector that finds nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

GIVEN_CORES = (16, 256)
MANY = 100_000_000
NOTHING = "nothing"


class Nothing:
    """A detector that finds nothing."""

    def detect(self, texts: Sequence[str]) -> list[list[Any]]:
        return [[] for _ in texts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=2, help="read the notes so many times")
    parser.add_argument("--detector", default="dictionary")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ray", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(_run(given)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notes = folder / "notes.jsonl"
        n = _repeated(given.notes, notes, given.repeat)
        print(f"{n:,} notes, {given.workers} workers, detector {given.detector}", flush=True)
        local = _started(given, notes, folder / "local", None)
        on_ray = _started(given, notes, folder / "ray", "local")
        for what in ("whole", "steady"):
            print(
                f"{what}: local {local[what]:.2f} ms a note, Ray {on_ray[what]:.2f} "
                f"({on_ray[what] / local[what]:.2f} times)"
            )
        lines = [sorted((folder / name).read_bytes().splitlines()) for name in ("local", "ray")]
        print(f"the outputs, sorted: {'equal' if lines[0] == lines[1] else 'DIFFER'}")
        reading = _reading(notes)
        _repeated(given.notes, notes, 10)
        given.detector = NOTHING
        bound = _started(given, notes, folder / "bound", "local")
        commits = bound["driver"] - bound["output"]
        print(f"with nothing to link: {bound['steady']:.3f} ms a note through Ray")
        print(
            f"reader {reading:.3f} ms of CPU a note; commits {commits:.3f}, output ",
            end="",
        )
        print(f"{on_ray['output']:.3f}; Ray starts in {on_ray['start']:.1f} s", flush=True)
        core = on_ray["steady"] * given.workers
        print(f"one core: {core:.1f} ms a note. {MANY:,} notes, every core a worker:")
        for cores in GIVEN_CORES:
            hours = [x * MANY / 3.6e6 for x in (core / cores, commits)]
            output = on_ray["output"] * MANY / 3.6e6
            print(
                f"{cores} cores: workers {hours[0]:.1f} h and the driver {hours[1]:.1f} h, "
                f"then the output {output:.1f} h: {max(hours) + output:.1f} h; readers needed: "
                f"{reading * cores / core:.1f}"
            )


def _repeated(source: Path, notes: Path, repeat: int) -> int:
    n = 0
    with notes.open("w", encoding="utf-8") as file:
        for i in range(repeat):
            for line in source.open(encoding="utf-8"):
                note = json.loads(line)
                # Each time with its words changed a little: the same queries would be cached.
                text = note["text"].replace("e", "ea" * i) if i else note["text"]
                file.write(json.dumps({"id": f"{note['id']}/{i}", "text": text}) + "\n")
                n += 1
    return n


def _started(given: argparse.Namespace, notes: Path, out: Path, ray: str | None) -> dict[str, Any]:
    command = [sys.executable, __file__, str(given.index), str(notes), "--one", str(out)]
    command += ["--workers", str(given.workers), "--detector", given.detector]
    run = subprocess.run(
        [*command, *(["--ray", ray] if ray else [])], check=True, stdout=subprocess.PIPE
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _run(given: argparse.Namespace) -> dict[str, float]:
    """One run; times a note are in milliseconds, `start` is in seconds."""
    from linker import Linker
    from linker.annotate import Counts, annotate_files

    at: list[tuple[int, float, float]] = []

    def told(counts: Counts) -> None:
        at.append((counts.notes, time.perf_counter(), time.process_time()))

    detector = Nothing() if given.detector == NOTHING else given.detector
    linker = Linker.load(given.index, detector=detector)
    begun = time.perf_counter()
    annotate_files(
        linker, [given.notes], given.one, workers=given.workers, ray=given.ray, told=told
    )
    ended, cpu = time.perf_counter(), time.process_time()
    n = at[-1][0]
    first = next(point for point in at if point[0] >= n / 4)
    return {
        "whole": (ended - begun) / n * 1e3,
        "steady": (at[-1][1] - first[1]) / (n - first[0]) * 1e3,
        "start": at[0][1] - begun,
        "driver": ((at[-1][2] - first[2]) / (n - first[0]) + (cpu - at[-1][2]) / n) * 1e3,
        "output": (cpu - at[-1][2]) / n * 1e3,
    }


def _reading(notes: Path) -> float:
    """What a read task needs for a note, in milliseconds of CPU."""
    from linker.annotate import NoteStream
    from linker.annotate.batch import digest_of
    from linker.annotate.ledger import Ledger
    from linker.annotate.ray import read_batches
    from linker.annotate.settle import DoneNotes

    begun, n = time.process_time(), 0
    digest = partial(digest_of, name="jsonl", out=Path("out.jsonl"))
    for table in read_batches(NoteStream([notes]), DoneNotes.of(Ledger()), digest):
        n += len(json.loads(table["batch"][0].as_py()))
    return (time.process_time() - begun) / n * 1e3


if __name__ == "__main__":
    main()

"""Builds killed (-9) at random moments, gone on with, and compared with an undisturbed one.

python benchmarks/faults.py DICTIONARY.jsonl.gz [KILLS] [N_CONCEPTS]

Each round starts `linker build`, kills it after a random time, and starts it again with --resume
until it has been killed KILLS times; then it is left to end. The files of the two indexes must be
the same, byte for byte.
"""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from itertools import islice
from pathlib import Path

from usage import run


def command(source: Path, out: Path, *flags: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "linker",
        "build",
        "jsonl",
        str(source),
        "--out",
        str(out),
        *flags,
    ]


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def main(dictionary: str, kills: str = "20", n_concepts: str = "8000") -> None:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "terms.jsonl"
        with gzip.open(dictionary, "rt", encoding="utf-8") as lines:
            source.write_text("".join(islice(lines, int(n_concepts))), encoding="utf-8")
        whole, out = Path(folder) / "whole", Path(folder) / "killed"
        begun = time.monotonic()
        subprocess.run(command(source, whole), check=True, capture_output=True)
        lasted = time.monotonic() - begun
        left, starts, in_time = int(kills), 0, 0
        while left:
            flags = ["--resume"] if out.with_name("killed.partial").exists() else []
            child = subprocess.Popen(
                command(source, out, *flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            starts += 1
            try:
                # From before the first file is written to well past where the last kill came.
                child.wait(rng.uniform(0.3, 1.1) * lasted * rng.random())
                in_time += child.returncode == 0
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                left -= 1
            if out.exists() and left:
                # It ended first: begin again, so that every kill hits a build.
                same = checksums(out) == checksums(whole)
                assert same, "a resumed build differs from an undisturbed one"
                for path in out.iterdir():
                    path.unlink()
                out.rmdir()
        if not out.exists():
            flags = ["--resume"] if out.with_name("killed.partial").exists() else []
            subprocess.run(command(source, out, *flags), check=True, capture_output=True)
        assert checksums(out) == checksums(whole), "a resumed build differs from an undisturbed one"
        print(
            f"an undisturbed build: {lasted:.0f} s; killed {kills} times in {starts} starts, of "
            f"which {in_time} ended first; every finished index is the same, byte for byte"
        )


if __name__ == "__main__":
    run(main, __doc__)

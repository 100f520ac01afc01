"""What a bulk run survives: kills at random moments, full disks, damaged and odd input.

    python benchmarks/annotate_faults.py INDEX NOTES.jsonl [--kills 20] [--seed 0] [--only-kills]

Each fault ends in a comparison with an undisturbed run, byte for byte after sorting by note id.
The exit status is 1 if any differs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

failed: list[str] = []


def check(what: str, holds: bool, detail: object = "") -> None:
    print(f"{'ok    ' if holds else 'FAILED'} {what} {detail}".rstrip(), flush=True)
    if not holds:
        failed.append(what)


def command(index: Path, notes: Path, out: Path, *more: str) -> list[str]:
    start = [sys.executable, "-m", "linker", "annotate", str(notes), "--index", str(index)]
    return [*start, "--out", str(out), *more]


def run(*arguments: object, limit: int | None = None) -> tuple[int, str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        command(*arguments),  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=limited,
    )
    return done.returncode, done.stderr


def content(out: Path) -> list[str]:
    return sorted(out.read_text(encoding="utf-8").splitlines())


def children(pid: int) -> list[int]:
    try:
        return [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def length(path: Path) -> int:
    """Bytes of a file; 0 of one that is not there, or is gone by now."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for(
    process: subprocess.Popen[bytes], partial: Path, size: int, rng: random.Random
) -> None:
    """Wait for a random moment of a run: of its start, or of what is left of its journal."""
    before = length(partial)
    at = before + rng.uniform(-0.2, 1.0) * (size - before)
    if at < before:
        time.sleep(rng.uniform(0, 3))
        return
    while process.poll() is None and length(partial) < at:
        time.sleep(0.005)
    time.sleep(rng.uniform(0, 0.2))


def kills(index: Path, notes: Path, folder: Path, n: int, rng: random.Random) -> None:
    whole, out = folder / "whole.jsonl", folder / "killed.jsonl"
    run(index, notes, whole, "--workers", "2")
    size = length(whole.with_name(f"{whole.name}.state"))
    partial = out.with_name(f"{out.name}.partial")
    done, finished, sizes = 0, 0, []
    killed: Counter[str] = Counter()
    while done < n:
        process = subprocess.Popen(
            command(index, notes, out, "--workers", "2", "--resume"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if length(partial) < size:
            wait_for(process, partial, size, rng)
        else:
            # All is done but the output: let this one end.
            process.wait()
        if process.poll() is not None:
            # It must be right, and the next starts over.
            check("a run that ended after some kills", content(out) == content(whole))
            finished += 1
            for path in folder.glob("killed.jsonl*"):
                path.unlink()
            continue
        workers = children(process.pid)
        whom = rng.choice(("parent", "worker", "both")) if workers else "parent"
        victims = {
            "parent": [process.pid],
            # The last that was started: the first is what multiprocessing keeps its books with.
            "worker": workers[-1:],
            "both": [process.pid, *workers],
        }[whom]
        for victim in victims:
            kill(victim)
        process.wait()
        if whom == "worker":
            check("a run outlives a worker", process.returncode == 0)
        done += 1
        killed[whom] += 1
        sizes.append(length(partial))
        if out.exists():
            check("nothing half-written under a final name", content(out) == content(whole))
    status, said = run(index, notes, out, "--workers", "2", "--resume")
    what = (
        f"{done} kills ({dict(killed)}), {finished} runs ended between them; sizes of the journal"
    )
    check(what, content(out) == content(whole), sizes)
    check("its end", status == 0 and not partial.exists(), said.splitlines()[-1:])


def full_disk(index: Path, notes: Path, folder: Path) -> None:
    whole, out = folder / "whole.jsonl", folder / "full.jsonl"
    for share in (0.2, 0.6, 1.2, 3.0):
        limit = int(whole.with_name(f"{whole.name}.state").stat().st_size * share)
        status, said = run(index, notes, out, "--resume", limit=limit)
        told = status == 1 and "the run stopped" in said and not out.exists()
        check(f"full disk at {limit:,} bytes is told", told, said.splitlines()[-1][:90])
    run(index, notes, out, "--resume")
    check("after full disks", content(out) == content(whole))


def odd_notes(index: Path, notes: Path, folder: Path) -> None:
    lines = [json.loads(line) for line in notes.read_text(encoding="utf-8").splitlines()[:60]]
    big = (lines[0]["text"] + "\n") * (5_000_000 // len(lines[0]["text"]) + 1)
    odd = [{"id": "nul", "text": "No fever\x00."}, {"id": "big", "text": big}, lines[0]]
    path = folder / "odd.jsonl"
    path.write_text("".join(json.dumps(x) + "\n" for x in [*lines, *odd]), encoding="utf-8")
    out = folder / "odd.out.jsonl"
    status, _ = run(index, path, out, "--workers", "2")
    found = [json.loads(line) for line in content(out)]
    wanted = sorted([*(line["id"] for line in lines), "nul", "big"])
    check("NUL and 5 MB are annotated", status == 0 and sorted(x["id"] for x in found) == wanted)
    errors = [json.loads(x) for x in content(out.with_name(f"{out.name}.errors.jsonl"))]
    check("the duplicate id is told", [x["id"] for x in errors] == [lines[0]["id"]])

    table = pa.table({"note_id": [x["id"] for x in lines], "note_text": [x["text"] for x in lines]})
    path = folder / "damaged.parquet"
    pq.write_table(table, path, row_group_size=20)
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(data)
    out = folder / "damaged.jsonl"
    run(index, path, out)
    errors = [json.loads(x) for x in content(out.with_name(f"{out.name}.errors.jsonl"))]
    told = [x["reason"].startswith("row group 1 of 3, rows 21 to 40, is damaged") for x in errors]
    check("a corrupt row group is told, the others are read", told == [True])
    check("the notes of the others", len(content(out)) == 40)
    pq.write_table(table, path, row_group_size=20)
    run(index, path, out)
    check("once mended, only its notes are done", len(content(out)) == 60)


def replaced_index(index: Path, notes: Path, folder: Path) -> None:
    ours, old, out = folder / "index", folder / "index.old", folder / "replaced.jsonl"
    shutil.copytree(index, ours)
    process = subprocess.Popen(command(ours, notes, out), stderr=subprocess.PIPE, text=True)
    partial = out.with_name(f"{out.name}.partial")
    while not (partial.exists() and partial.stat().st_size) and process.poll() is None:
        time.sleep(0.01)
    ours.rename(old)
    shutil.copytree(old, ours)
    manifest = json.loads((ours / "manifest.json").read_bytes())
    manifest["files"]["calibration.json"]["sha256"] = "0" * 64
    (ours / "manifest.json").write_text(json.dumps(manifest))
    _, said = process.communicate()
    told = process.returncode == 1 and ("index was replaced" in said or "does not exist" in said)
    check("an index replaced during the run is told", told, said.splitlines()[-1][:90])
    shutil.rmtree(ours)
    old.rename(ours)
    run(ours, notes, out, "--resume")
    check("with the old one back", content(out) == content(folder / "whole.jsonl"))


def existing_folder(index: Path, notes: Path, folder: Path) -> None:
    mine = folder / "mine" / "file"
    mine.parent.mkdir()
    mine.touch()
    for form in ("jsonl", "brat"):
        status, said = run(index, notes, mine.parent, "--format", form, "--force")
        check("a folder that exists is refused", status == 1 and mine.exists(), said.strip()[-60:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only-kills", action="store_true", help="leave the other faults out")
    given = parser.parse_args()
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kills(given.index, given.notes, folder, given.kills, rng)
        if not given.only_kills:
            full_disk(given.index, given.notes, folder)
            odd_notes(given.index, given.notes, folder)
            replaced_index(given.index, given.notes, folder)
            existing_folder(given.index, given.notes, folder)
    print(f"{len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""The real 1.2 million names: every open dictionary in one index, built through the public build.

    python benchmarks/union.py DICTIONARIES SCRATCH [--limit N] [--backend onnx-int8]

DICTIONARIES is a folder of *.jsonl.gz.

Writes one file of concepts to SCRATCH, builds SCRATCH/union, reports time, peak memory and size;
then opens it in a process of its own and links names as they are, and with their last word left
out. Ids are prefixed with the dictionary's name, so that none meets another; one that a dictionary
lists twice is numbered. `--limit` takes so many names in all, spread over the dictionaries.
Measurements go to plots/union.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

MEASURED = Path(__file__).parent / "plots" / "union.json"
LINKED = 2000


def write_union(dictionaries: Path, out: Path, limit: int | None) -> int:
    """Concepts of all dictionaries, one a line; the number of distinct lower-cased names."""
    sources = sorted(dictionaries.glob("*.jsonl.gz"))
    if not sources:
        raise SystemExit(f"{dictionaries}: no *.jsonl.gz in it")
    names: set[str] = set()
    with out.open("w", encoding="utf-8") as file:
        for number, source in enumerate(sources, start=1):
            enough = None if limit is None else limit * number // len(sources)
            prefix = source.name.removesuffix(".jsonl.gz")
            seen: Counter[str] = Counter()
            with gzip.open(source, "rt", encoding="utf-8") as lines:
                for line in lines:
                    if enough is not None and len(names) >= enough:
                        break
                    concept = json.loads(line)
                    # Some dictionaries list an id twice; the build refuses that.
                    seen[concept["id"]] += 1
                    again = f"#{seen[concept['id']]}" if seen[concept["id"]] > 1 else ""
                    concept["id"] = f"{prefix}:{concept['id']}{again}"
                    concept["parents"] = [f"{prefix}:{parent}" for parent in concept["parents"]]
                    concept.pop("alt_ids", None)
                    names.update(
                        name.lower() for name in (concept["name"], *concept.get("synonyms", ()))
                    )
                    file.write(json.dumps(concept, ensure_ascii=False) + "\n")
    return len(names)


def build(source: str, out: str, backend: str) -> None:
    """`linker build`, whole, in a process of its own."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "linker", "build", "jsonl", source, "--out", out, "--force"]
    command += [
        "--backend",
        backend,
        "--name",
        "union of open dictionaries",
        "--licence",
        "as its parts",
    ]
    subprocess.run(command, check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    _keep({"build_s": round(time.perf_counter() - begun, 1), "build_peak_gb": round(peak, 2)})


def link(out: str) -> None:
    """Open the index and link; memory is looked at before and after."""
    from linker import Linker
    from linker.index import Index

    begun = time.perf_counter()
    linker = Linker.load(out)
    first = linker.link(["heart attack"])
    first_link = time.perf_counter() - begun
    del linker
    begun = time.perf_counter()
    linker = Linker.load(out)
    opened = time.perf_counter() - begun
    index = Index.open(out)
    step = max(1, index.store.n_names // LINKED)
    names = index.store.normals(0, index.store.n_names)[::step][:LINKED]
    begun = time.perf_counter()
    as_they_are = linker.link(names)
    exact_s = time.perf_counter() - begun
    shorter = [" ".join(name.split()[:-1]) or f"{name} x" for name in names]
    begun = time.perf_counter()
    linker.link(shorter)
    other_s = time.perf_counter() - begun
    manifest = index.manifest
    # Its own name is among a mention's candidates, at a cosine of 1.
    own = [any(candidate.score > 0.999 for candidate in made.candidates) for made in as_they_are]
    _keep(
        {
            "names": manifest.counts.names,
            "concepts": manifest.counts.concepts,
            "kind": manifest.vectors.kind,
            "effort": str(manifest.vectors.effort),
            "recall_at_10": manifest.vectors.recall_at_10,
            "size_mb": {name: round(file.bytes / 1e6, 1) for name, file in manifest.files.items()},
            "open_s": round(opened, 4),
            "first_link_s": round(first_link, 2),
            "first_link": first[0].concept_id,
            "names_a_second": round(len(names) / exact_s, 1),
            "names_found": round(sum(own) / len(own), 4),
            "shortened_a_second": round(len(shorter) / other_s, 1),
            "own_mb": _status("RssAnon"),
            "mapped_mb": _status("RssFile"),
        }
    )


def _status(key: str) -> int:
    """A line of /proc/self/status, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return round(int(line.split()[1]) / 1000)
    raise KeyError(key)


def _keep(row: dict[str, object]) -> None:
    MEASURED.parent.mkdir(exist_ok=True)
    old = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    MEASURED.write_text(json.dumps({**old, **row}, indent=1, ensure_ascii=False) + "\n")
    print(json.dumps(row, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dictionaries", type=Path)
    parser.add_argument("scratch", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--backend", default="auto", help="as of `linker build`")
    given = parser.parse_args()
    source, out = given.scratch / "union.jsonl", given.scratch / "union"
    given.scratch.mkdir(parents=True, exist_ok=True)
    n_names = write_union(given.dictionaries, source, given.limit)
    MEASURED.unlink(missing_ok=True)  # What follows is added to it, step by step.
    _keep({"lower_cased_names": n_names, "limit": given.limit, "backend": given.backend})
    # A process each: what one holds in memory is not the other's.
    for step in (["build", str(source), str(out), given.backend], ["link", str(out)]):
        subprocess.run([sys.executable, __file__, *step], check=True)


if __name__ == "__main__":
    step = {"build": build, "link": link}.get(sys.argv[1] if len(sys.argv) > 1 else "")
    main() if step is None else step(*sys.argv[2:])

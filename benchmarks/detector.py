"""The clinical detector alone: span F1 by type on gold, and notes a second.

python benchmarks/detector.py GOLD.jsonl.gz [NOTES.jsonl]

"expanded": with the short forms that a note defines, as the linker takes them, whatever their type.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

from usage import run

from linker.detect import expand
from linker.detect.clinical import load_model


def read(path: Path) -> Iterator[dict]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main(gold: str, *notes: str) -> None:
    model = load_model()
    documents = list(read(Path(gold)))
    texts = [document["text"] for document in documents]
    found = model.detect(texts)
    expanded = [
        expand(text, mentions, drop_undetected=True)
        for text, mentions in zip(texts, found, strict=True)
    ]
    types = {m["type"] for document in documents for m in document["mentions"]}
    for kind in ("all", "expanded", *sorted(types)):
        wanted = {
            (i, m["start"], m["end"])
            for i, document in enumerate(documents)
            for m in document["mentions"]
            if kind not in types or kind == m["type"]
        }
        spans = {
            (i, m.start, m.end)
            for i, mentions in enumerate(expanded if kind == "expanded" else found)
            for m in mentions
            if kind not in types or m.label == kind.upper()
        }
        right = len(wanted & spans)
        precision, recall = right / max(len(spans), 1), right / max(len(wanted), 1)
        f1 = 2 * right / max(len(wanted) + len(spans), 1)
        print(
            f"{kind:12} {len(wanted):6} mentions: P {100 * precision:.1f} "
            f"R {100 * recall:.1f} F1 {100 * f1:.1f}"
        )
    for path in map(Path, notes):
        texts = [note["text"] for note in read(path)]
        begun, busy = time.perf_counter(), time.process_time()
        model.detect(texts)
        wall, cpu = time.perf_counter() - begun, time.process_time() - busy
        print(f"{path.name}: {len(texts) / wall:.0f} notes/s, {len(texts) / cpu:.0f} a CPU second")


if __name__ == "__main__":
    run(main, __doc__)

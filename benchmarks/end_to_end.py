"""End to end: notes in, links out, against gold: strict and overlapping F1, and notes a second.

python benchmarks/end_to_end.py INDEX GOLD.jsonl.gz [DETECTOR ...] [--whole-composites]

Strict: a link is right if a gold mention has its very span and its id; overlapping: if a gold
mention with its id shares a character with it. Gold mentions without an id count for nothing in
recall; a link that only meets such a one is wrong. NIL links are no links.
"""

from __future__ import annotations

import gzip
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gold import canonical
from usage import run

from linker import Link, Linker

WHOLE_COMPOSITES = "--whole-composites"

Spans = dict[tuple[int, int], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 in [0, 1]."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __str__(self) -> str:
        return f"{100 * self.precision:5.1f} {100 * self.recall:5.1f} {100 * self.f1:5.1f}"


def read_notes(path: Path, linker: Linker) -> Iterator[tuple[str, Spans]]:
    """Each note with the ids of its gold spans, as the index has them."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            ids = defaultdict(set)
            for mention in note["mentions"]:
                ids[mention["start"], mention["end"]] |= set(mention["ids"])
            yield note["text"], {s: canonical(linker, frozenset(i)) for s, i in ids.items()}


def strict(gold: Sequence[Spans], found: Sequence[list[Link]]) -> Score:
    links = right = 0
    met = set()
    for n, (spans, of_note) in enumerate(zip(gold, found, strict=True)):
        for link in of_note:
            span = (link.mention.start, link.mention.end)
            links += 1
            if link.concept_id in spans.get(span, ()):
                right += 1
                met.add((n, span))
    return _score(gold, links, right, len(met))


def overlapping(gold: Sequence[Spans], found: Sequence[list[Link]]) -> Score:
    links = right = 0
    met = set()
    for n, (spans, of_note) in enumerate(zip(gold, found, strict=True)):
        for link in of_note:
            touched = {
                (n, (start, end))
                for (start, end), ids in spans.items()
                if start < link.mention.end and link.mention.start < end and link.concept_id in ids
            }
            links += 1
            right += bool(touched)
            met |= touched
    return _score(gold, links, right, len(met))


def spans_alone(gold: Sequence[Spans], found: Sequence[list[tuple[int, int]]]) -> Score:
    """How many spans are those of gold mentions, whatever their id, those without one included."""
    met = sum(len(spans.keys() & set(of_note)) for spans, of_note in zip(gold, found, strict=True))
    total = sum(len(set(of_note)) for of_note in found)
    return Score(met / max(total, 1), met / max(sum(map(len, gold)), 1))


def _score(gold: Sequence[Spans], links: int, right: int, met: int) -> Score:
    wanted = sum(bool(ids) for spans in gold for ids in spans.values())
    return Score(right / max(links, 1), met / max(wanted, 1))


def main(index: str, path: str, *arguments: str) -> None:
    detectors = [argument for argument in arguments if argument != WHOLE_COMPOSITES]
    whole = WHOLE_COMPOSITES in arguments
    print(
        f"{'detector':24} strict P     R    F1  overl. P     R    F1  spans P     R    F1  notes/s"
    )
    for detector in detectors or ("dictionary",):
        linker = Linker.load(index, detector=detector, whole_composites=whole)
        notes = list(read_notes(Path(path), linker))
        texts, gold = [text for text, _ in notes], [spans for _, spans in notes]
        linker.annotate("Warm up.")
        begun = time.perf_counter()
        links = list(linker.pipe(texts))
        seconds = time.perf_counter() - begun
        found = [[link for link in of_note if link.concept_id] for of_note in links]
        spans = [[(m.start, m.end) for m in of_note] for of_note in linker.detect(texts)]
        print(
            f"{detector:24} {strict(gold, found)!s:>20}  {overlapping(gold, found)!s:>20}  "
            f"{spans_alone(gold, spans)!s:>19} {len(texts) / seconds:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    run(main, __doc__)

"""Fit the weights that ship (`linker.link.calibrate.SHIPPED`) on gold mentions of train splits.

    python benchmarks/fit_weights.py INDEX TRAIN.jsonl.gz [INDEX TRAIN.jsonl.gz ...]

Each index's own `slope` and `any` are fitted on its held-out names as at a build; this script fits
all weights on gold, for comparison and for those that held-out names cannot show.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from gold import canonical, read_gold
from usage import run

from linker import Linker
from linker.index import Index
from linker.link.calibrate import FITTED, NEIGHBOURS, SHIPPED, Answered, fit, held_out_queries
from linker.link.ranking.rank import pairs_of


def queries_of(index: str, path: str) -> Answered:
    linker = Linker.load(index)
    store = linker._index.store
    gold = list(read_gold(Path(path)))
    queries = linker._retriever.as_names(g.mention.query for g in gold)
    hits = linker._retriever.retrieve(queries, n=NEIGHBOURS).hits
    found = ((store.find(concept_id) for concept_id in canonical(linker, g.ids)) for g in gold)
    answers = [frozenset(row for row in rows if row is not None) for rows in found]
    return Answered(pairs_of(queries, hits, store), answers)


def main(*arguments: str) -> None:
    everything = None
    for index, path in zip(arguments[::2], arguments[1::2], strict=True):
        answered = queries_of(index, path)
        everything = answered if everything is None else everything + answered
        print(path, len(answered.answers), asdict(fit(answered, SHIPPED, list(asdict(SHIPPED)))))
        held = held_out_queries(Index.open(index))
        print("  held-out names", asdict(fit(held, SHIPPED, FITTED)))
    if everything is not None:
        print("all", asdict(fit(everything, SHIPPED, list(asdict(SHIPPED)))))


if __name__ == "__main__":
    run(main, __doc__)

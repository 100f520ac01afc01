"""Fit the weights that ship (`linker.link.calibrate.SHIPPED`) on gold mentions of train splits.

    python benchmarks/fit_weights.py INDEX TRAIN.jsonl.gz [INDEX TRAIN.jsonl.gz ...]

Each index's own `slope` and `any` are fitted on its held-out names as at a build; this script fits
all weights on gold, for comparison and for those that held-out names cannot show.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

from gold import canonical, read_gold

from linker import Linker
from linker.index import Index
from linker.link.calibrate import FITTED, NEIGHBOURS, SHIPPED, Query, fit, held_out_queries
from linker.link.rank import features_of


def queries_of(index: str, path: str) -> list[Query]:
    linker = Linker.load(index)
    store = linker._index.store
    gold = list(read_gold(Path(path)))
    hits = linker._retriever.retrieve([g.mention.query for g in gold], n=NEIGHBOURS)
    queries = []
    for g, names in zip(gold, hits, strict=True):
        offered: dict[int, list] = {}
        for concept, _, _, features in features_of(g.mention.query, names, store):
            offered.setdefault(concept, []).append(features)
        rows = (store.find(concept_id) for concept_id in canonical(linker, g.ids))
        queries.append(Query(offered, frozenset(row for row in rows if row is not None)))
    return queries


def main(*arguments: str) -> None:
    everything = []
    for index, path in zip(arguments[::2], arguments[1::2], strict=True):
        queries = queries_of(index, path)
        everything += queries
        print(path, len(queries), asdict(fit(queries, SHIPPED, list(asdict(SHIPPED)))))
        held = held_out_queries(Index.open(index))
        print("  held-out names", asdict(fit(held, SHIPPED, FITTED)))
    print("all", asdict(fit(everything, SHIPPED, list(asdict(SHIPPED)))))


if __name__ == "__main__":
    main(*sys.argv[1:])

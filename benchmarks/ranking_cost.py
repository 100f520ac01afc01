"""What ranking costs beside retrieval, on distinct gold mentions that the linker has not seen.

    python benchmarks/ranking_cost.py INDEX GOLD.jsonl.gz ...

Retrieval: encoder, exact names, nearest neighbours. Ranking: the nested logit, the trees, the type
filter, what stands above, and the candidates as they are given out. CPU time of all threads, best
of three, batches of 256 mentions.
"""

from __future__ import annotations

import time
from pathlib import Path

from gold import read_gold
from usage import run

from linker import Linker
from linker.link.calibrate import NEIGHBOURS
from linker.link.ranking.contests import decide
from linker.link.ranking.labels import TypeFilter, kind_of
from linker.link.ranking.rerank import candidates

BATCH, K, ROUNDS = 256, 5, 3


def main(index: str, *paths: str) -> None:
    for path in map(Path, paths):
        asked = sorted({(g.mention.query, g.mention.label) for g in read_gold(path)})
        best = [float("inf")] * 2
        for _ in range(ROUNDS):
            linker = Linker.load(index)
            linker.link(["a finding that no terminology has"])  # The encoder is loaded.
            best = [min(both) for both in zip(best, measure(linker, asked), strict=True)]
        retrieval, ranking = (1000 * seconds / len(asked) for seconds in best)
        print(
            f"{path.name.removesuffix('.jsonl.gz'):24} {len(asked):6,} mentions: retrieval "
            f"{retrieval:.2f} ms of CPU, ranking {ranking:.2f} ({ranking / retrieval:.0%})"
        )


def measure(linker: Linker, asked: list[tuple[str, str]]) -> tuple[float, float]:
    """CPU seconds of retrieval and of ranking."""
    store, types = linker._index.store, TypeFilter(linker._index.store)
    answers, spent = linker._answers, [0.0, 0.0]
    for start in range(0, len(asked), BATCH):
        queries, labels = zip(*asked[start : start + BATCH], strict=True)
        begun = time.process_time()
        queries = linker._retriever.as_names(queries)
        found = linker._retriever.retrieve(queries, n=NEIGHBOURS)
        between = time.process_time()
        ranking = decide(
            queries,
            found,
            store,
            answers.weights,
            answers.reranker,
            answers.broader,
            kinds=[kind_of(label) for label in labels],
            types=types,
        )
        for place in range(len(queries)):
            candidates(ranking, place, store, k=K)
        spent[0] += between - begun
        spent[1] += time.process_time() - between
    return spent[0], spent[1]


if __name__ == "__main__":
    run(main, __doc__)

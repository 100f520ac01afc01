"""Fit how likely a concept above the first ones is meant (`linker.link.ranking.broader.SHIPPED`).

    python benchmarks/fit_broader.py INDEX TRAIN.jsonl.gz [INDEX TRAIN.jsonl.gz ...]

A logistic regression by maximum likelihood: of each gold mention whose first concept is not sure,
be it by a name word for word, every parent and grandparent of the first ten is a row, which is
right or wrong.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gold import canonical, read_gold
from scipy.optimize import minimize
from usage import run

from linker import Linker
from linker.link.ranking.broader import SEEN, SURE, Broader, Chances

NOBODY = Chances(offset=-100.0, doubt=0.0, above=0.0)


def rows_of(path: str, gold: str) -> tuple[np.ndarray, np.ndarray]:
    """The terms of the log-odds of each concept, and whether it is right."""
    linker = Linker.load(path)
    index, above = linker._index, linker._answers.reranker.above
    broader = linker._answers.broader = Broader(index, above, NOBODY)
    answers = [(g.mention.query, canonical(linker, g.ids)) for g in read_gold(Path(gold))]
    answers = [(query, ids) for query, ids in answers if ids]
    queries = sorted({query for query, _ in answers})
    links = dict(zip(queries, linker.link(queries, k=SEEN), strict=True))
    terms, right = [], []
    for query, ids in answers:
        found = links[query].candidates
        if not found or found[0].probability >= SURE:
            continue
        concepts = [index.store.find(candidate.concept_id) for candidate in found]
        below = broader.below(concepts)
        for concept, count in below.items():
            terms.append([1.0, np.log(1 - found[0].probability), np.log1p(count)])
            right.append(index.store.concept_id(concept) in ids)
    return np.array(terms), np.array(right)


def main(*arguments: str) -> None:
    parts = [rows_of(*pair) for pair in zip(arguments[::2], arguments[1::2], strict=True)]
    terms, right = (np.concatenate(column) for column in zip(*parts, strict=True))

    def loss(weights: np.ndarray) -> float:
        log_odds = terms @ weights
        return float(np.logaddexp(0, np.where(right, -log_odds, log_odds)).sum())

    weights = minimize(loss, np.zeros(terms.shape[1]), method="L-BFGS-B").x.round(2)
    print(f"{right.sum():,} of {len(right):,} are right")
    print(Chances(*weights.tolist()))


if __name__ == "__main__":
    run(main, __doc__)

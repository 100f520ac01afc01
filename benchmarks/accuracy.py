"""acc@1, acc@5 and calibration of an index on gold mentions (protocol Z, abbreviations resolved).

python benchmarks/accuracy.py INDEX [--types] GOLD.jsonl.gz ...

With --types the gold's types count as the labels of a detector; without it, the linker passes over
what kind of thing a string is, which `linker evaluate` does not. "perfect" is the calibration error
that a model would show on as many mentions whose probabilities are right: the mean, and what 5% of
such samples exceed. A string that stands in a corpus forty times is right forty times or never, so
that small corpora tell little.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from gold import canonical, read_gold
from usage import run

from linker import Linker


def measure(linker: Linker, path: Path) -> dict[str, float]:
    gold = [(g.mention, canonical(linker, g.ids)) for g in read_gold(path)]
    links = linker.link_mentions([mention for mention, _ in gold], k=5)
    right = np.array(
        [
            [c.concept_id in ids for c in link.candidates] + [False] * (5 - len(link.candidates))
            for link, (_, ids) in zip(links, gold, strict=True)
        ]
    )
    probability = np.array([link.probability for link in links])
    linked = np.array([link.concept_id is not None for link in links])
    has_answer = np.array([bool(ids) for _, ids in gold])
    true_positives = (linked & right[:, 0]).sum()
    precision, recall = true_positives / max(linked.sum(), 1), true_positives / has_answer.sum()
    return {
        "mentions": len(gold),
        "acc@1": 100 * right[has_answer, 0].mean(),
        "acc@5": 100 * right[has_answer].any(axis=1).mean(),
        "ece": expected_calibration_error(probability, right[:, 0]),
        **error_of_perfect(probability, [mention.query for mention, _ in gold]),
        "precision": 100 * precision,
        "recall": 100 * recall,
    }


def expected_calibration_error(probability: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """The mean gap between stated and true share of right answers, by bin (Guo et al. 2017)."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        (which == b).mean() * abs(probability[which == b].mean() - right[which == b].mean())
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def error_of_perfect(
    probability: np.ndarray, queries: Sequence[str], samples: int = 500
) -> dict[str, float]:
    """The calibration error where each distinct query is right with its mean probability."""
    _, which, counts = np.unique(queries, return_inverse=True, return_counts=True)
    stated = np.bincount(which, probability) / counts
    rng = np.random.default_rng(0)
    errors = [
        expected_calibration_error(probability, (rng.random(len(counts)) < stated)[which])
        for _ in range(samples)
    ]
    return {"perfect": float(np.mean(errors)), "perfect_95": float(np.quantile(errors, 0.95))}


def main(index: str, *paths: str) -> None:
    linker = Linker.load(index, type_filter="--types" in paths)
    paths = tuple(path for path in paths if path != "--types")
    print(f"{'gold':32} mentions  acc@1  acc@5    ece (perfect: 95%)  linked: P     R")
    for path in map(Path, paths):
        m = measure(linker, path)
        print(
            f"{path.name.removesuffix('.jsonl.gz'):32} {m['mentions']:8} {m['acc@1']:6.1f} "
            f"{m['acc@5']:6.1f} {m['ece']:6.3f} ({m['perfect']:.3f}: {m['perfect_95']:.3f}) "
            f"{m['precision']:9.1f} {m['recall']:5.1f}"
        )


if __name__ == "__main__":
    run(main, __doc__)

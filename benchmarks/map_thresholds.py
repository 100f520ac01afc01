"""What `linker map` accepts and rejects of local terms, and how much of that is right.

    python benchmarks/map_thresholds.py INDEX GOLD.jsonl.gz ...

The terms are the distinct mentions of dev splits, looked up as strings without their notes, as a
column of local terms is. Right: the first candidate is a gold concept of that string in any note.
"Accepted": from that probability on. "Rejected": below it, and how many of these had their right
concept first, and so were lost to a reviewer who trusts the verdict. "By verdict": what `linker
map` accepts by default, which leaves doubtful terms to a person whatever their probability.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from gold import canonical, read_gold
from usage import run

from linker import Linker
from linker.mapping import Review

ACCEPT = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
REJECT = (0.1, 0.15, 0.2, 0.25, 0.3)


def measure(linker: Linker, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each term its first candidate's probability, whether it is right, and is accepted."""
    ids = defaultdict(set)
    for gold in read_gold(path):
        ids[gold.mention.text] |= canonical(linker, gold.ids)
    terms = sorted(ids)
    links = linker.link(terms, k=1)
    right = [
        link.best is not None and link.best.concept_id in ids[term]
        for term, link in zip(terms, links, strict=True)
    ]
    accepted = [Review().of(link) == "accept" for link in links]
    return np.array([link.probability for link in links]), np.array(right), np.array(accepted)


def main(index: str, *paths: str) -> None:
    linker = Linker.load(index)
    for path in map(Path, paths):
        probability, right, accepted = measure(linker, path)
        n = len(right)
        print(f"{path.name.removesuffix('.jsonl.gz')}: {n} terms, {right.mean():.1%} right")
        for least in (*ACCEPT, None):
            taken = accepted if least is None else probability >= least
            good = f"{right[taken].mean():6.1%}" if taken.any() else "of none"
            how = "by verdict" if least is None else f"at {least:.2f}"
            print(f"  accepted {how}: {taken.mean():6.1%}, right {good}")
        for below in REJECT:
            gone = probability < below
            would = right[gone].mean() if gone.any() else 0.0
            print(f"  rejected below {below:.2f}: {gone.mean():6.1%}, first was right {would:6.1%}")


if __name__ == "__main__":
    run(main, __doc__)

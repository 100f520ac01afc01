"""Train the ranker that ships (`linker/link/ranking/data/ranker.json`) on gold mentions.

    python benchmarks/fit_ranker.py OUT.json INDEX TRAIN.jsonl.gz WEIGHT [INDEX TRAIN WEIGHT ...]

Boosted trees by LightGBM, with the softmax over a mention's candidates as the loss. Each pair of an
index and a corpus counts by its weight, whatever its size; take indexes with and without derived
names, and of more than one encoder, so that the trees do not lean on what only one of them shows.
`INDEX@0.2` is the index with a fifth of its synonyms: MeSH has many for a concept, ICD-10-CM and a
hospital's own list next to none, and there an exact match has no other name near it.
Needs `pip install lightgbm`, which nothing else does.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from gold import canonical, read_gold
from usage import run

from linker import Linker
from linker.index import Store
from linker.link.calibrate import NEIGHBOURS
from linker.link.ranking.features import FEATURES, FeatureReader
from linker.link.ranking.rank import pairs_of, rank, rank_pairs
from linker.terminology import NameKind

DEPTH = 24
"""Concepts a mention that are trained on: twice `linker.link.ranking.rerank.HEAD`."""
SETTINGS = {
    "num_leaves": 31,
    "max_depth": 8,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "num_threads": 1,
    "deterministic": True,
    "seed": 0,
    "verbose": -1,
}
ROUNDS = 400
STRETCHED = (0.9, 1.0, 1.1)
"""Each mention is trained on with its distances so stretched: a tree that asks for the third digit
of one knows a mention by heart, and the slope of the next index has another third digit."""


def candidates_of(index: str, path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, which mention, whether it is right, and how often that mention stands there."""
    index, _, share = index.partition("@")
    linker = Linker.load(index)
    store, weights = linker._index.store, linker._answers.weights
    counted = Counter(
        (g.mention.query, canonical(linker, g.ids)) for g in read_gold(Path(path)) if g.ids
    )
    queries = sorted({query for query, _ in counted})
    names = linker._retriever.as_names(queries)
    reader = FeatureReader(store, weights.slope)
    if share:
        hits = linker._retriever.retrieve(names, n=4 * NEIGHBOURS).hits
        pairs = pairs_of(names, hits, store)
        pairs = pairs[_stays(pairs.concept, pairs.row, float(share)) | pairs.preferred]
        place = np.arange(len(pairs)) - np.searchsorted(pairs.query, pairs.query)
        ranking = rank_pairs(pairs[place < NEIGHBOURS], len(queries), store, weights)
    else:
        hits = linker._retriever.retrieve(names, n=NEIGHBOURS).hits
        ranking = rank(names, hits, store, weights)
    features = reader.read(names, ranking, first=DEPTH)
    if share:
        counts = _names_that_stay(store, ranking.best.concept, float(share))
        features[:, FEATURES.index("names")] = np.log1p(counts)
    found = {}
    for i, query in enumerate(queries):
        own = slice(ranking.of(i).start, min(ranking.of(i).start + DEPTH, ranking.of(i).stop))
        ids = [store.concept_id(concept) for concept in ranking.best.concept[own].tolist()]
        found[query] = features[own], ids
    distances = [FEATURES.index("distance"), FEATURES.index("gap")]
    rows, owner, right, count = [], [], [], []
    for (query, ids), n in sorted(
        counted.items(), key=lambda item: (item[0][0], sorted(item[0][1]))
    ):
        features, offered = found[query]
        answers = np.array([concept_id in ids for concept_id in offered])
        for factor in STRETCHED if answers.any() else ():
            stretched = features.copy()
            stretched[:, distances] *= factor
            rows.append(stretched)
            owner.append(np.full(len(answers), len(count)))
            right.append(answers)
            count.append(n)
    return np.vstack(rows), np.concatenate(owner), np.concatenate(right), np.array(count, float)


def _stays(concept: np.ndarray, row: np.ndarray, share: float) -> np.ndarray:
    """Whether a name of a concept, by their rows, is among the share of synonyms that is left."""
    mixed = concept.astype(np.uint64) * np.uint64(2654435761) + row.astype(np.uint64) * np.uint64(
        40503
    )
    return (mixed >> np.uint64(7)) % np.uint64(1000) < share * 1000


def _names_that_stay(store: Store, concepts: np.ndarray, share: float) -> np.ndarray:
    """How many names each of some concepts' rows has then, derived forms left out."""
    counts = {}
    for concept in np.unique(concepts).tolist():
        own = [
            (row, pair.kind)
            for row in store.name_rows(concept)
            for pair in store.pairs(row)
            if pair.concept == concept and pair.form is None
        ]
        rows = np.array([row for row, _ in own])
        preferred = np.array([kind is NameKind.PREFERRED for _, kind in own])
        counts[concept] = int((_stays(np.full(len(rows), concept), rows, share) | preferred).sum())
    return np.array([counts[concept] for concept in concepts.tolist()])


def main(out: str, *given: str) -> None:
    indexes, corpora, weights = given[::3], given[1::3], [float(weight) for weight in given[2::3]]
    parts = [candidates_of(*pair) for pair in zip(indexes, corpora, strict=True)]
    rows = np.vstack([part[0] for part in parts])
    starts = np.cumsum([0] + [len(part[3]) for part in parts])
    owner = np.concatenate([p[1] + start for p, start in zip(parts, starts, strict=False)])
    right = np.concatenate([part[2] for part in parts]).astype(float)
    shares = [w * part[3] / part[3].sum() for w, part in zip(weights, parts, strict=True)]
    weight = np.concatenate(shares)[owner]
    weight /= weight.mean()
    n = int(starts[-1])

    def objective(values: np.ndarray, _: Any) -> tuple[np.ndarray, np.ndarray]:
        top = np.full(n, -np.inf)
        np.maximum.at(top, owner, values)
        exp = np.exp(values - top[owner])
        share = exp / np.bincount(owner, exp, n)[owner]
        wanted = exp * right / np.bincount(owner, exp * right, n)[owner]
        return (share - wanted) * weight, np.maximum(share * (1 - share), 1e-3) * weight

    data = lightgbm.Dataset(rows, right, feature_name=list(FEATURES))
    model = lightgbm.train({**SETTINGS, "objective": objective}, data, ROUNDS)
    trees = [tree_of(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]
    names = dict.fromkeys(Path(path).name for path in corpora)
    about = f"{n // len(STRETCHED)} pairs of a mention and an index, of {', '.join(names)}"
    lines = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees)
    Path(out).write_text(
        f'{{"about": {json.dumps(about)},\n"features": {json.dumps(FEATURES)},\n'
        f'"trees": [\n{lines}\n]}}\n'
    )
    gains = dict(zip(FEATURES, model.feature_importance("gain"), strict=True))
    total = sum(gains.values())
    print(about)
    for name, gain in sorted(gains.items(), key=lambda item: -item[1]):
        print(f"  {name:14} {gain / total:6.1%}")


def tree_of(root: dict[str, Any]) -> dict[str, list[float]]:
    """One of LightGBM's trees as `linker.link.ranking.trees.Tree` has it."""
    tree: dict[str, list[float]] = {
        "feature": [], "threshold": [], "left": [], "right": [], "values": []
    }  # fmt: skip

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            tree["values"].append(round(node["leaf_value"], 5))
            return -len(tree["values"])
        place = len(tree["feature"])
        tree["feature"].append(node["split_feature"])
        tree["threshold"].append(float(f"{node['threshold']:.6g}"))
        tree["left"].append(0)
        tree["right"].append(0)
        tree["left"][place] = add(node["left_child"])
        tree["right"][place] = add(node["right_child"])
        return place

    add(root)
    return tree


if __name__ == "__main__":
    run(main, __doc__)

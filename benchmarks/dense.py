"""acc@1 and acc@5 of dense retrieval alone, of an index on gold mentions (protocol Z).

python benchmarks/dense.py INDEX [--sample N] [--encoder FOLDER] GOLD.jsonl.gz ...

A concept's score is that of its nearest name; ties go by concept id. "unseen" are the mentions that
are, word for word, no name of the index. With --encoder, names and mentions are embedded anew: with
--sample N, only the names that are the N nearest of some mention by the index's own vectors, and
all names of the right concepts: quick enough to choose among encoders, a little kind to each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from gold import canonical, read_gold

from linker import Linker
from linker.encoder import Encoder, load_encoder
from linker.index import Index, Store
from linker.text import normalise

NEIGHBOURS = 100


def concepts_of(names: np.ndarray, store: Store, k: int = 5) -> list[str]:
    """The first `k` concepts of names, which come best first."""
    found: list[str] = []
    for name in names.tolist():
        found.extend(sorted({store.concept_id(p.concept) for p in store.pairs(name)} - {*found}))
        if len(found) >= k:
            break
    return found[:k]


def pool(index: Index, queries: list[str], right: set[str], sample: int | None) -> np.ndarray:
    """The rows of the names that are embedded anew."""
    if sample is None:
        return np.arange(index.store.n_names)
    vectors = load_encoder(index.manifest.encoder.name).encode(queries)
    rows = {row for near in index.vectors.search(vectors, sample)[1].tolist() for row in near}
    for concept_id in sorted(right):
        row = index.store.find(concept_id)
        rows.update([] if row is None else index.store.name_rows(row))
    return np.array(sorted(rows - {-1}))


def measure(linker: Linker, path: Path, encoder: Encoder | None, sample: int | None) -> list[float]:
    index = Index.open(linker.path)
    store = index.store
    gold = [(normalise(g.mention.query), canonical(linker, g.ids)) for g in read_gold(path)]
    gold = [(query, ids) for query, ids in gold if ids]
    queries = sorted({query for query, _ in gold})
    own = encoder or load_encoder(linker.manifest.encoder.name)
    vectors = own.encode(queries)
    if encoder is None:
        near = index.vectors.search(vectors, NEIGHBOURS)[1]
    else:
        rows = pool(index, queries, {i for _, ids in gold for i in ids}, sample)
        names = encoder.encode([store.normal(row) for row in rows])
        near = np.stack(
            [rows[np.argsort(-(names @ v), kind="stable")[:NEIGHBOURS]] for v in vectors]
        )
    answers = {q: concepts_of(n[n >= 0], store) for q, n in zip(queries, near, strict=True)}
    first = np.array([answers[query][0] in ids for query, ids in gold])
    fifth = np.array([not ids.isdisjoint(answers[query]) for query, ids in gold])
    known = set(store.normals(0, store.n_names))
    unseen = np.array([query not in known for query, _ in gold])
    return [
        len(gold),
        *(100 * float(x.mean()) for x in (first, fifth)),
        int(unseen.sum()),
        *(100 * float(x[unseen].mean()) if unseen.any() else 0.0 for x in (first, fifth)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("index")
    parser.add_argument("gold", nargs="+", type=Path)
    parser.add_argument("--encoder")
    parser.add_argument("--sample", type=int)
    asked = parser.parse_args()
    linker = Linker.load(asked.index)
    encoder = None if asked.encoder is None else load_encoder(asked.encoder)
    print(f"{'gold':32} mentions  acc@1  acc@5   unseen  acc@1  acc@5")
    for path in asked.gold:
        m = measure(linker, path, encoder, asked.sample)
        print(
            f"{path.name.removesuffix('.jsonl.gz'):32} {m[0]:8} {m[1]:6.1f} {m[2]:6.1f} "
            f"{m[3]:8} {m[4]:6.1f} {m[5]:6.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

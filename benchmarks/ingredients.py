"""What each ingredient adds to acc@1 and acc@5 on gold mentions (protocol Z).

    python benchmarks/ingredients.py INDEX GOLD.jsonl.gz ...

dense: a concept has the score of its nearest name. lexicon: the nested logit over exact names, the
same words and the nearest vectors. abbreviations: the note's own and the clinical ones resolved.
ranker: the trees on top. types: the gold's types as the labels of a detector. phrases: what stands
for a name in other words said in full ("CKD stage 3", "Lasix 40 mg"): the linker as it is.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gold import canonical, read_gold
from usage import run

from linker import Linker
from linker.link.calibrate import NEIGHBOURS
from linker.link.ranking.labels import TypeFilter, kind_of
from linker.link.ranking.rank import rank

STEPS = ("dense", "+ lexicon", "+ abbreviations", "+ ranker", "+ types", "+ phrases")


def measure(linker: Linker, path: Path) -> dict[str, tuple[float, float]]:
    store = linker._index.store
    gold = [(g.mention, canonical(linker, g.ids)) for g in read_gold(path) if g.ids]
    kinds = sorted({m.label for m, _ in gold})
    queries = sorted({text for mention, _ in gold for text in (mention.text, mention.query)})
    names = linker._retriever.as_names(queries)
    hits = linker._retriever.retrieve(names, n=NEIGHBOURS).hits
    ranked = rank(names, hits, store, linker._answers.weights)
    again = linker._answers.reranker.rerank(names, ranked)
    filtered = {
        label: TypeFilter(store).weigh(again, [kind_of(label)] * len(queries)) for label in kinds
    }
    place = {query: i for i, query in enumerate(queries)}
    answers = {
        "dense": lambda m: _dense(hits.row[hits.query == place[m.text]].tolist(), store),
        "+ lexicon": lambda m: ranked.concepts(place[m.text]),
        "+ abbreviations": lambda m: ranked.concepts(place[m.query]),
        "+ ranker": lambda m: again.concepts(place[m.query]),
        "+ types": lambda m: filtered[m.label].concepts(place[m.query]),
    }
    proposed = {
        step: [[store.concept_id(concept) for concept in of(mention)[:5]] for mention, _ in gold]
        for step, of in answers.items()
    }
    links = linker.link_mentions([mention for mention, _ in gold], k=5)
    proposed["+ phrases"] = [[c.concept_id for c in link.candidates] for link in links]
    found = {}
    for step in STEPS:
        right = [
            [concept_id in ids for concept_id in of]
            for of, (_, ids) in zip(proposed[step], gold, strict=True)
        ]
        found[step] = (
            100 * float(np.mean([any(of[:1]) for of in right])),
            100 * float(np.mean([any(of) for of in right])),
        )
    return found


def _dense(names: list[int], store) -> list[int]:
    """Concepts by their nearest name, ties by row, as if there were no lexicon."""
    return list(dict.fromkeys(pair.concept for row in names for pair in store.pairs(row)))


def main(index: str, *paths: str) -> None:
    linker = Linker.load(index)
    print(f"{'gold':28}" + "".join(f"{step:>18}" for step in STEPS))
    for path in map(Path, paths):
        found = measure(linker, path)
        cells = "".join(f"{first:9.1f} / {fifth:5.1f} " for first, fifth in found.values())
        print(f"{path.name.removesuffix('.jsonl.gz'):28}{cells}")


if __name__ == "__main__":
    run(main, __doc__)

"""What others get on the same gold mentions and dictionary, and how fast the next best is.

    python benchmarks/comparators.py INDEX DICTIONARY GOLD.jsonl.gz ... [--peer DIR | --peer-exact]
        [--notes NOTES.jsonl] [--without-speed]

INDEX is of DICTIONARY, which is a JSON lines file, or INDEX again: then it is read from there,
without the names that were derived. The comparators, all with the abbreviations of a note resolved:

- exact name: a name of the dictionary, upper and lower case alike;
- TF-IDF: the nearest name by character 3-grams, every name looked at;
- scispaCy: `scispacy.candidate_generation` as its package has it, k = 30, candidates in the order
  of `EntityLinker` but without its threshold, which only takes candidates away. Its graph takes
  half an hour and more for 250,000 names; `--peer-exact` hands its generator an exact search over
  its own vectors instead, which the graph approximates.

Concepts of equal score go by id. scispaCy builds an index only with `scipy<1.11` (for float16),
in DIR, where the next call finds it; hence an environment of its own:

    python -m venv peer && peer/bin/pip install -c constraints.txt -e ".[demo]" scikit-learn
    peer/bin/pip install "scipy<1.11"      # pip says that this package asks for a newer one

Speed is that of linking alone, mentions at hand, in one process: of the gold mentions, and of those
that the index's dictionary matcher finds in NOTES. "new": each distinct query for the first time,
models loaded; "again": the same mentions once more. scispaCy remembers nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gold import canonical, read_gold
from scipy.sparse import csr_matrix
from scispacy.candidate_generation import CandidateGenerator, create_tfidf_ann_index
from scispacy.linking_utils import Entity, KnowledgeBase
from sklearn.feature_extraction.text import TfidfVectorizer

from linker import Linker, Mention
from linker.detect import expand
from linker.index import Index

K = 5
PEER_K = 30
"""Neighbours that scispaCy's `EntityLinker` looks for by default."""

PEER_MENTIONS = 3_000
"""Mentions by which the speed of scispaCy is taken: it remembers nothing, more change nothing."""

Ranking = Callable[[Sequence[str]], list[list[str]]]
"""Queries to the ids of their concepts, best first."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Names and the concepts that have them, as the file has them."""

    entities: tuple[Entity, ...]
    concepts: dict[str, list[str]]

    @classmethod
    def read(cls, path: Path) -> Dictionary:
        entities = tuple(_of_index(path) if path.is_dir() else _of_file(path))
        concepts = defaultdict(set)
        for entity in entities:
            for name in [entity.canonical_name, *entity.aliases]:
                concepts[name].add(entity.concept_id)
        return cls(entities, {name: sorted(ids) for name, ids in concepts.items()})


def _of_file(path: Path) -> Iterator[Entity]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            names = [name for name in row["synonyms"] if name]
            yield Entity(row["id"], row["name"], names, row["types"], row["definition"])


def _of_index(path: Path) -> Iterator[Entity]:
    store = Index.open(path).store
    for concept in map(store.concept, range(store.n_concepts)):
        if store.is_active(store.position(concept.concept_id)):
            names = [name for name in concept.names if name != concept.preferred_name]
            yield Entity(concept.concept_id, concept.preferred_name, names)


def exact_name(dictionary: Dictionary) -> Ranking:
    lower = defaultdict(set)
    for name, ids in dictionary.concepts.items():
        lower[name.lower()].update(ids)
    return lambda queries: [sorted(lower.get(query.lower(), ())) for query in queries]


def tfidf(dictionary: Dictionary) -> Ranking:
    names = list(dictionary.concepts)
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32)
    vectors = vectorizer.fit_transform(names).T.tocsr()

    def ranking(queries: Sequence[str]) -> list[list[str]]:
        found = []
        for start in range(0, len(queries), 64):
            cosines = (vectorizer.transform(queries[start : start + 64]) @ vectors).toarray()
            near = np.argpartition(-cosines, 50, axis=1)[:, :50]
            for row, columns in zip(cosines, near, strict=True):
                best: dict[str, float] = {}
                for column in columns[row[columns] > 0]:
                    for concept_id in dictionary.concepts[names[column]]:
                        best[concept_id] = max(best.get(concept_id, 0), float(row[column]))
                found.append(_in_order(best))
        return found

    return ranking


def scispacy_linker(dictionary: Dictionary, folder: Path) -> CandidateGenerator:
    kb = KnowledgeBase(dictionary.entities)
    folder.mkdir(parents=True, exist_ok=True)
    names, vectorizer, index = create_tfidf_ann_index(str(folder), kb)
    return CandidateGenerator(index, vectorizer, names, kb)


class ExactIndex:
    """Stands where scispaCy's generator has nmslib's HNSW index: every vector is looked at.

    Args:
        vectors: one a row, of length 1.
    """

    def __init__(self, vectors: csr_matrix) -> None:
        self._vectors = vectors.T.tocsr()

    def knnQueryBatch(  # noqa: N802
        self, queries: csr_matrix, k: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each query the rows of its `k` nearest vectors and 1 - cosine, nearest first."""
        found = []
        for start in range(0, queries.shape[0], 64):
            for cosines in (queries[start : start + 64] @ self._vectors).toarray():
                near = np.argpartition(-cosines, k)[:k]
                near = near[np.lexsort((near, -cosines[near]))]
                found.append((near, 1 - cosines[near]))
        return found


def scispacy_exactly(dictionary: Dictionary) -> CandidateGenerator:
    """The generator of scispaCy, over an exact search of what `create_tfidf_ann_index` indexes."""
    kb = KnowledgeBase(dictionary.entities)
    names = np.array(list(kb.alias_to_cuis))
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), min_df=10, dtype=np.float32
    )
    vectors = vectorizer.fit_transform(names)
    filled = np.diff(vectors.indptr) > 0
    return CandidateGenerator(ExactIndex(vectors[filled]), vectorizer, names[filled].tolist(), kb)


def of_scispacy(generate: CandidateGenerator) -> Ranking:
    def ranking(queries: Sequence[str]) -> list[list[str]]:
        return [
            _in_order({c.concept_id: max(c.similarities) for c in candidates})
            for candidates in generate(list(queries), PEER_K)
        ]

    return ranking


def _in_order(best: dict[str, float]) -> list[str]:
    return sorted(best, key=lambda concept_id: (-best[concept_id], concept_id))


def of_linker(linker: Linker) -> Ranking:
    def ranking(queries: Sequence[str]) -> list[list[str]]:
        links = linker.link_mentions([Mention(0, len(q), q) for q in queries], K)
        return [[c.concept_id for c in link.candidates] for link in links]

    return ranking


def accuracy(linker: Linker, peers: dict[str, Ranking], path: Path) -> None:
    gold = [(g.mention.query, canonical(linker, g.ids)) for g in read_gold(path)]
    gold = [(query, ids) for query, ids in gold if ids]
    distinct = sorted({query for query, _ in gold})
    print(f"{path.name.removesuffix('.jsonl.gz')}: {len(gold)} mentions, acc@1 / acc@{K}")
    for name, ranking in peers.items():
        of = dict(zip(distinct, ranking(distinct), strict=True))
        first = np.mean([bool(ids & set(of[query][:1])) for query, ids in gold])
        among = np.mean([bool(ids & set(of[query][:K])) for query, ids in gold])
        print(f"  {name:12} {100 * first:5.1f} / {100 * among:5.1f}", flush=True)


def speed(index: Path, generate: CandidateGenerator, notes: list[list[str]], what: str) -> None:
    """Mentions a second of both; scispaCy note by note, as its component goes, and all at once."""
    queries = [query for note in notes for query in note]
    print(f"{what}: {len(notes)} notes, {len(queries)} mentions, {len(set(queries))} distinct")
    linker = Linker.load(index)
    # Loads the encoder, and maps what is looked at.
    linker.link(["a walk in the park on a fine day"], K)
    generate(["a walk in the park on a fine day"], PEER_K)
    batches = [[q for note in notes[i : i + 64] for q in note] for i in range(0, len(notes), 64)]
    rank = of_linker(linker)
    peer = of_scispacy(generate)
    rates = {
        "ours, new": _rates(rank, batches),
        "ours, again": _rates(rank, batches),
        "scispaCy, note by note": _rates(peer, _first(notes, PEER_MENTIONS)),
        "scispaCy, 64 notes at once": _rates(peer, _first(batches, PEER_MENTIONS)),
    }
    peers = [its for name, its in rates.items() if name.startswith("scispaCy")]
    wall, cpu = max(its[0] for its in peers), max(its[1] for its in peers)
    for name, (a_second, a_cpu_second) in rates.items():
        print(
            f"  {name:27} {a_second:9,.0f} mentions/s, {a_cpu_second:9,.0f} a CPU second; "
            f"{a_second / wall:6.2f} and {a_cpu_second / cpu:6.2f} x scispaCy's best",
            flush=True,
        )


def _rates(ranking: Ranking, batches: Sequence[Sequence[str]]) -> tuple[float, float]:
    """Mentions a second by the wall's clock, and a second of CPU, all threads together."""
    begun = time.perf_counter(), time.process_time()
    for batch in batches:
        if batch:
            ranking(batch)
    n = sum(map(len, batches))
    return n / (time.perf_counter() - begun[0]), n / (time.process_time() - begun[1])


def _first(batches: Sequence[Sequence[str]], n: int) -> list[Sequence[str]]:
    """The first batches that hold `n` mentions together, or all."""
    upto = np.cumsum([len(batch) for batch in batches])
    return list(batches[: int(np.searchsorted(upto, n)) + 1])


def mentions_of_notes(linker: Linker, path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        for note in map(json.loads, lines):
            [found] = linker.detect([note["text"]])
            yield [m.query for m in expand(note["text"], found, drop_undetected=True)]


def mentions_of_gold(path: Path) -> list[list[str]]:
    """The gold mentions in heaps of 20, about what a note holds."""
    queries = [gold.mention.query for gold in read_gold(path)]
    return [queries[i : i + 20] for i in range(0, len(queries), 20)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("dictionary", type=Path)
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--peer", type=Path, help="where scispaCy's index is; left out without")
    parser.add_argument("--peer-exact", action="store_true", help="without its index: no speed")
    parser.add_argument("--notes", type=Path, help="JSON lines of notes, for the speed")
    parser.add_argument("--without-speed", action="store_true")
    given = parser.parse_args()
    linker, dictionary = Linker.load(given.index), Dictionary.read(given.dictionary)
    generate = None if given.peer is None else scispacy_linker(dictionary, given.peer)
    if generate is not None and not given.without_speed:
        for path in given.gold:
            speed(given.index, generate, mentions_of_gold(path), path.name)
        if given.notes is not None:
            notes = list(mentions_of_notes(linker, given.notes))
            speed(given.index, generate, notes, given.notes.name)
    peers = {"exact name": exact_name(dictionary), "TF-IDF": tfidf(dictionary)}
    if generate is not None:
        peers["scispaCy"] = of_scispacy(generate)
    if given.peer_exact:
        peers["scispaCy's vectors, searched exactly"] = of_scispacy(scispacy_exactly(dictionary))
    peers["ours"] = of_linker(linker)
    for path in given.gold:
        accuracy(linker, peers, path)


if __name__ == "__main__":
    main()

"""An index to train on: the names of open terminologies, joined into one set of concepts.

python benchmarks/open_names.py OUT DICTIONARY.jsonl.gz ...

Terminologies overlap, and a neighbour that is the same concept under another id poisons the hard
negatives. Concepts of two files become one where one names the other among its cross-references,
where both name one UMLS concept, where their preferred names are equal, or where they share two
names. Of a composed MONDO, only MONDO's own is taken: names, hierarchy and exact matches. The
vectors are of character trigrams: `linker train` reads an index's names, and finds with its vectors
only what the held-out names are compared with.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from zlib import crc32

import numpy as np
from usage import run

from linker.config import ReadOptions
from linker.encoder import EncoderIdentity, Vectors
from linker.index import write_index
from linker.link import calibrate
from linker.terminology import read_terminology
from linker.text import normalise

DIM = 128
MAX_NAMES = 12
"""Names a concept keeps: the hundred and more of some are the same words in other orders."""
LEFT_OUT = frozenset({"Organisms", "Geographicals", "Named Groups"})
"""Types whose names no synonym explains; MeSH has 200,000 names of them."""
PREFIXES = {
    "UMLS_CUI": "UMLS",
    "NCI": "NCIT",
    "MSH": "MESH",
    "ORDO": "ORPHANET",
    "ORPHA": "ORPHANET",
}


GLUE = frozenset({"mondo_composed"})
"""Files of which the synonyms and definitions are others', under others' terms."""
LICENCES = {
    "doid_2018": "Disease Ontology: CC0 1.0",
    "efo_2019": "EFO: Apache-2.0",
    "hpo_2023": "HPO: https://hpo.jax.org/app/license",
    "mesh_desc_2019": "MeSH: US National Library of Medicine, public domain",
    "mondo_composed": "MONDO: CC BY 4.0",
    "ncit_disease_2018": "NCI Thesaurus: CC BY 4.0",
    "ordo_2018": "Orphanet ORDO: CC BY 4.0",
    "uberon_craft": "Uberon: CC BY 3.0",
}


@dataclass(frozen=True)
class Entry:
    """A concept of one file."""

    file: str
    concept: dict

    @property
    def ids(self) -> list[str]:
        return [_canonical(i) for i in [self.concept["id"], *self.concept.get("xrefs", [])]]


class Trigrams:
    """Strings to vectors by their character trigrams: fast, and enough to find like spellings."""

    identity = EncoderIdentity("trigrams", "", "trigrams 1", DIM, "mean", 256, "none")

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        vectors = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f"  {text} ".encode()
            for i in range(len(padded) - 2):
                value = crc32(padded[i : i + 3])
                vectors[row, value % DIM] += 1 if value & 0x8000_0000 else -1
            vectors[row, 0] += 0.5
        if progress is not None:
            progress(len(texts))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _canonical(concept_id: str) -> str:
    prefix, _, rest = concept_id.partition(":")
    prefix = prefix.upper()
    return f"{PREFIXES.get(prefix, prefix)}:{rest}"


def _stem(path: Path) -> str:
    return path.name.removesuffix(".jsonl.gz")


def read(paths: Iterable[Path]) -> list[Entry]:
    entries = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            entries += [Entry(_stem(path), json.loads(line)) for line in lines]
    for entry in entries:
        if entry.file in GLUE:
            entry.concept.update(synonyms=[], definition=None)
    return [e for e in entries if not LEFT_OUT.intersection(e.concept.get("types", []))]


def joined(entries: list[Entry]) -> list[dict]:
    """One concept for each set of entries that are the same."""
    parent = list(range(len(entries)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    own = {_canonical(entry.concept["id"]): i for i, entry in enumerate(entries)}
    umls: dict[str, dict[str, int]] = defaultdict(dict)
    preferred: dict[str, int] = {}
    having: dict[str, list[int]] = defaultdict(list)
    for i, entry in enumerate(entries):
        for key in entry.ids:
            other = own.get(key)
            if other is not None and entries[other].file != entry.file:
                parent[find(i)] = find(other)
            if key.startswith("UMLS:"):
                umls[key].setdefault(entry.file, i)
        name = normalise(entry.concept["name"])
        parent[find(i)] = find(preferred.setdefault(name, i))
        for synonym in {normalise(s) for s in entry.concept["synonyms"]} | {name}:
            having[synonym].append(i)
    common = Counter(
        pair
        for found in having.values()
        for pair in combinations(found, 2)
        if entries[pair[0]].file != entries[pair[1]].file
    )
    for (one, other), n in common.items():
        if n >= 2:
            parent[find(one)] = find(other)
    for found in umls.values():
        first, *rest = found.values()
        for other in rest:
            parent[find(other)] = find(first)
    groups: dict[int, list[Entry]] = defaultdict(list)
    for i, entry in enumerate(entries):
        groups[find(i)].append(entry)
    home = {i: entries[find(i)].concept["id"] for i in range(len(entries))}
    return [_concept(home[root], group, own, home) for root, group in sorted(groups.items())]


def _concept(
    concept_id: str, group: list[Entry], own: dict[str, int], home: dict[int, str]
) -> dict:
    names = list(
        {
            normalise(name): name
            for entry in group
            for name in [entry.concept["name"], *entry.concept["synonyms"]]
        }.values()
    )
    parents = {
        home[own[_canonical(parent)]]
        for entry in group
        for parent in entry.concept["parents"]
        if _canonical(parent) in own
    }
    definitions = [e.concept["definition"] for e in group if e.concept.get("definition")]
    chosen = np.random.default_rng(crc32(concept_id.encode())).permutation(len(names) - 1)
    return {
        "id": concept_id,
        "name": names[0],
        "synonyms": [names[1 + i] for i in sorted(chosen[: MAX_NAMES - 1])],
        "definition": definitions[0] if definitions else None,
        "types": sorted({kind for entry in group for kind in entry.concept.get("types", [])}),
        "parents": sorted(parents - {concept_id}),
    }


def main(out: str, *paths: str) -> None:
    stems = [_stem(Path(path)) for path in paths]
    terms = [LICENCES.get(stem, f"{stem}: not stated") for stem in stems]
    options = ReadOptions(terminology=f"names of {', '.join(stems)}", licence="; ".join(terms))
    concepts = joined(read(map(Path, paths)))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "open-names.jsonl"
        source.write_text("".join(f"{json.dumps(c)}\n" for c in concepts), encoding="utf-8")
        index = write_index(
            read_terminology("jsonl", source, options),
            Trigrams(),
            Path(out),
            kind="Flat",
            min_recall=0,
            calibrate=calibrate,
        )
    print(f"{out}: {index.manifest.counts.concepts} concepts, {index.manifest.counts.names} names")


if __name__ == "__main__":
    run(main, __doc__)

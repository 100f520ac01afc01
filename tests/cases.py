"""Fakes and invented data that run the whole way in seconds, without network or weights."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from linker.checked import validated
from linker.config import Recipe
from linker.encoder import EncoderIdentity, Vectors
from linker.index import Index, Store, kind_rank, write_index
from linker.link import Linker, calibrate
from linker.link.ranking.rank import Weights
from linker.link.retrieve import Hits
from linker.schema import Mention
from linker.terminology import Terminology, read_terminology

DIM = 64

PATIENCE = 600
"""Seconds to wait for what cannot fail to come but by a hang; a busy machine may take minutes."""


class FakeProgress:
    """Notes down what it is told: `steps` are [name, total, unit, units done]."""

    def __init__(self) -> None:
        self.steps: list[list[Any]] = []

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.steps.append([name, total, unit, 0])

    def advance(self, n: int) -> None:
        self.steps[-1][3] += n


class FakeEncoder:
    """Strings to unit vectors by their character trigrams: alike strings come out near.

    Args:
        name: also the seed, so that two names are two encoders.
        fail_after: raise KeyboardInterrupt after so many calls, as a user who stops a build.
    """

    def __init__(self, name: str = "fake", *, fail_after: int | None = None) -> None:
        self.name = name
        self.calls = 0
        self.encoded: list[str] = []
        self._fail_after = fail_after

    @property
    def identity(self) -> EncoderIdentity:
        return EncoderIdentity(
            name=self.name,
            revision="",
            fingerprint=f"sha256:{self.name}",
            dim=DIM,
            pooling="mean",
            max_tokens=128,
            licence="invented",
        )

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        if self._fail_after is not None and self.calls >= self._fail_after:
            raise KeyboardInterrupt
        self.calls += 1
        self.encoded.extend(texts)
        vectors = np.zeros((len(texts), DIM), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f"  {text} "
            for i in range(len(padded) - 2):
                digest = blake2b(f"{self.name}{padded[i : i + 3]}".encode(), digest_size=8).digest()
                value = int.from_bytes(digest, "little")
                vectors[row, value % DIM] += 1.0 if value >> 63 else -1.0
            vectors[row, 0] += 0.5
        if progress is not None:
            progress(len(texts))
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def concept(concept_id: str, name: str, *synonyms: str, **more: Any) -> dict[str, Any]:
    """A line of our JSON lines."""
    return {"id": concept_id, "name": name, "synonyms": list(synonyms), **more}


CONCEPTS = [
    concept(
        "X:0001",
        "Heart failure",
        "Cardiac failure",
        "Weak heart",
        definition="The heart pumps too little.",
        types=["finding"],
        parents=["X:0009"],
        xrefs=["OTHER:42", "OTHER:43", "THIRD:H1"],
        alt_ids=["X:9001"],
    ),
    concept("X:0002", "Myocardial infarction", "Heart attack", parents=["X:0009"]),
    concept("X:0003", "Fracture of femur", "Femoral fracture", "Broken thigh bone"),
    concept("X:0004", "Mean arterial pressure low", "MAP"),
    concept("X:0005", "Acute lymphoblastic leukaemia", "ALL"),
    concept("X:0006", "Fever", "Pyrexia"),
    concept("X:0007", "Cold", "Common cold"),
    concept("X:0008", "Cold sensation", "Cold"),
    concept("X:0009", "Heart disease"),
    concept("X:0010", "Diabetes mellitus, type 2", "Type II diabetes mellitus"),
    concept("X:0011", "β-thalassaemia", "Beta thalassemia"),
    concept("X:0012", "Chest pain"),
    concept("X:0013", "Hypertension", "High blood pressure"),
    concept("X:0014", "Shortness of breath", "Dyspnea"),
    concept("X:0015", "Nausea"),
]


def write_jsonl(path: Path, lines: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def build(
    folder: Path,
    concepts: Sequence[dict[str, Any]] = CONCEPTS,
    *,
    encoder: FakeEncoder | None = None,
    kind: str = "Flat",
    **options: Any,
) -> Index:
    """Build an index of invented concepts at `folder`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    source = write_jsonl(folder.with_name(f"{folder.name}.source.jsonl"), concepts)
    return write_index(
        read_terminology("jsonl", source),
        encoder or FakeEncoder(),
        folder,
        kind=kind,
        min_recall=options.pop("min_recall", 0.0),
        calibrate=calibrate,
        **options,
    )


def linker_of(terminology: Terminology, folder: Path) -> Linker:
    """A terminology, whatever its reader, made into an index and opened."""
    encoder = FakeEncoder()
    index = write_index(
        terminology, encoder, folder, kind="Flat", min_recall=0.0, calibrate=calibrate
    )
    return Linker(index, encoder=encoder)


def marked(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Plain text and gold of "Known [heart failure|X:0001]": starts and ids ("" for NIL)."""
    gold = []
    plain = ""
    end = 0
    for match in re.finditer(r"\[([^|\]]+)\|([^\]]*)\]", text):
        plain += text[end : match.start()]
        gold.append((len(plain), match.group(2)))
        plain += match.group(1)
        end = match.end()
    return plain + text[end:], gold


def wide(text: str) -> str:
    """A text with two blanks for each, as justified lines have them."""
    return text.replace(" ", "  ")


def recipe(**sections: dict[str, Any]) -> Recipe:
    """A recipe of sections."""
    return validated(Recipe, sections, where="test")


PLAIN = Weights(
    slope=10.0,
    same_words=0.0,
    exact=0.0,
    case=0.0,
    preferred=0.0,
    loose=0.0,
    any=0.0,
    pooled=1.0,
)
"""Weights under which a concept's utility is its cosine alone."""


def hits(index: Index, *given: tuple[str, float], exact: bool = False) -> Hits:
    """Names of an index as the hits of one query, each with its cosine, in the order given."""
    names = index.store.normals(0, index.store.n_names)
    return Hits(
        query=np.zeros(len(given), dtype=np.int64),
        row=np.array([names.index(name) for name, _ in given], dtype=np.int64),
        score=np.array([score for _, score in given], dtype=float),
        exact=np.full(len(given), exact),
        same_words=np.full(len(given), exact),
        reworded=np.zeros(len(given), dtype=bool),
    )


def check_bulk_reads(store: Store) -> None:
    """What is read of many rows at once, or in part, is what is read of each."""
    # Backwards, and one of them twice: any rows in any order.
    rows = np.array([*range(store.n_names - 1, -1, -1), 0])
    found = store.pair_rows(rows)
    expected = [
        (i, place, pair.concept, kind_rank(pair.kind), pair.form is not None)
        for i, row in enumerate(rows.tolist())
        for place, pair in enumerate(store.pairs(row))
    ]
    columns = (found.name, found.place, found.concept, found.kind, found.derived)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected
    every = [(row, pair) for row in range(store.n_names) for pair in store.pairs(row)]
    assert store.n_pairs == len(every)
    assert store.n_derived == sum(pair.form is not None for _, pair in every)
    assert store.own_rows().tolist() == sorted({row for row, pair in every if pair.form is None})
    active = [row for row in range(store.n_concepts) if store.is_active(row)]
    assert store.count("active") == len(active)
    assert store.count("retired") == store.n_concepts - len(active)
    for row in rows.tolist():
        surfaces = [pair.surface for pair in store.pairs(row)]
        assert [store.surface(row, place) for place in range(len(surfaces))] == surfaces
    concepts = np.array([*range(store.n_concepts), 0], dtype=np.int32)
    assert store.name_counts(concepts).tolist() == [
        sum(
            any(pair.concept == concept and pair.form is None for pair in store.pairs(row))
            for row in store.name_rows(concept)
        )
        for concept in concepts.tolist()
    ]


def damage_column(path: Path, *, row_group: int, column: int) -> None:
    """Overwrite the data of a column in a row group of a Parquet file; its footer stays whole."""
    meta = pq.ParquetFile(path).metadata.row_group(row_group).column(column)
    data = bytearray(path.read_bytes())
    start = meta.dictionary_page_offset or meta.data_page_offset
    data[start : start + meta.total_compressed_size] = b"\xff" * meta.total_compressed_size
    path.write_bytes(data)


class FatalDetector:
    """Finds "fever"; where it reads a word for the first time, its process is killed.

    Args:
        word: the word.
        died: a file that is made before the first death; None: every process dies of the word.
        breaks: a word at which it raises, with the note's text in the message.
    """

    def __init__(self, word: str, died: Path | None, *, breaks: str = "\N{SNOWMAN}") -> None:
        self._word = word
        self._died = died
        self._breaks = breaks

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        for text in texts:
            if self._breaks in text:
                raise ArithmeticError(text)
            if self._word in text and (self._died is None or not self._died.exists()):
                if self._died is not None:
                    self._died.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return [[Mention(m.start(), m.end(), m[0]) for m in re.finditer("fever", t)] for t in texts]


@contextmanager
def files_of_at_most(n_bytes: int) -> Iterator[None]:
    """The system refuses to write further into a file, as on a disk that is full."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

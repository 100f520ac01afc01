"""The names proposed for queries: nearest by cosine, and those with the query's words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases import FakeEncoder, build, concept

from linker.index import Index
from linker.link.retrieve import Hits, Retriever
from linker.text import normalise

CONCEPTS = [
    concept("X:1", "Fracture of femur", "Femoral fracture", "Broken thigh bone"),
    concept("X:2", "Rash"),
    concept("X:3", "Fever", "Pyrexia"),
    concept("X:4", "Naïve cells", "Naive cells"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("retrieve") / "i", CONCEPTS)


def found(index: Index, hits: Hits, query: int) -> dict[str, tuple[float, bool, bool]]:
    """The hits of a query: its score by name, whether it is that name, and has its words."""
    own = hits.query == query
    columns = (hits.row[own], hits.score[own], hits.exact[own], hits.same_words[own])
    return {
        index.store.normal(row): (score, exact, same_words)
        for row, score, exact, same_words in zip(*(c.tolist() for c in columns), strict=True)
    }


def test_neighbours_are_those_of_brute_force_best_first(index: Index) -> None:
    queries = ["brokn thigh", "Fever"]
    hits = Retriever(index, FakeEncoder).retrieve(queries, n=3).hits
    names = index.store.normals(0, index.store.n_names)
    cosines = FakeEncoder().encode([normalise(q) for q in queries]) @ FakeEncoder().encode(names).T
    for i in range(len(queries)):
        best = np.argsort(-cosines[i], kind="stable")[:3]
        assert hits.row[hits.query == i].tolist() == best.tolist()
        assert hits.score[hits.query == i] == pytest.approx(cosines[i][best], abs=1e-6)


def test_names_with_the_words_of_a_query_are_marked_and_never_missing(index: Index) -> None:
    hits = Retriever(index, FakeEncoder).retrieve(["femur fractures", "rash", "qqq"], n=1).hits
    first, second, third = (found(index, hits, i) for i in range(3))
    assert first["fracture of femur"][1:] == (False, True)
    assert second == {"rash": (1.0, True, True)}
    # What is near and no more is neither.
    assert [own[1:] for own in third.values()] == [(False, False)]


def test_a_name_is_found_though_others_are_nearer(index: Index) -> None:
    """Names with the query's words come on top of the neighbours, under their own cosine."""
    hits = Retriever(index, FakeEncoder).retrieve(["bone, thigh, broken"], n=1).hits
    own = found(index, hits, 0)
    cosine = FakeEncoder().encode(["bone, thigh, broken", "broken thigh bone"])
    assert own["broken thigh bone"][1:] == (False, True)
    # In another order it takes the stored vector of the name that it is.
    assert own["broken thigh bone"][0] == pytest.approx(1.0)
    assert own["broken thigh bone"][0] > float(cosine[0] @ cosine[1])


def test_each_query_has_its_own_names_that_the_search_misses(tmp_path: Path) -> None:
    names = ["Femur fracture", "Fracture of femur", "Skin rash", "Rash of the skin", "Fever"]
    index = build(tmp_path / "i", [concept(f"X:{i}", name) for i, name in enumerate(names)])
    hits = (
        Retriever(index, FakeEncoder).retrieve(["femur fracture", "fever", "skin rash"], n=1).hits
    )
    vectors = FakeEncoder().encode([normalise(name) for name in names])
    far = [float(vectors[i] @ vectors[i + 1]) for i in (0, 2)]
    assert found(index, hits, 0) == {
        "femur fracture": (1.0, True, True),
        "fracture of femur": (pytest.approx(far[0], abs=1e-6), False, True),
    }
    assert found(index, hits, 1) == {"fever": (1.0, True, True)}
    assert found(index, hits, 2) == {
        "skin rash": (1.0, True, True),
        "rash of the skin": (pytest.approx(far[1], abs=1e-6), False, True),
    }
    assert far[0] != pytest.approx(far[1], abs=0.01)


def test_strings_without_a_character_to_read_have_no_hits(index: Index) -> None:
    hits = Retriever(index, FakeEncoder).retrieve(["", "fever", " \x00", "FEVER"], n=2).hits
    assert sorted({*hits.query.tolist()}) == [1, 3]
    assert found(index, hits, 1) == found(index, hits, 3)
    assert not len(Retriever(index, FakeEncoder).retrieve([], n=2).hits.query)


def test_plurals_are_looked_up_as_their_name_and_names_as_they_are(index: Index) -> None:
    retriever = Retriever(index, FakeEncoder)
    assert retriever.as_names(["Rashes", "RASHES\n", "Rash", "rashly", "fevers"]) == [
        "Rash", "RASH", "Rash", "rashly", "fever"
    ]  # fmt: skip


def test_spellings_are_kept_apart_where_a_source_writes_them_so(index: Index) -> None:
    found = Retriever(index, FakeEncoder).spellings(
        ["Rash", "RASH", "rash ", "Rashes", "rashes", "brokn  thigh", "Naïve cells"]
    )
    assert [tuple(spelling) for spelling in found] == [
        ("rash", "Rash"),
        ("rash", None),
        ("rash", None),
        ("rash", "Rash"),
        ("rash", None),
        ("brokn thigh", None),
        ("naïve cells", "Naïve cells"),
    ]

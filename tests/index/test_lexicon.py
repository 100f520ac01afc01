from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.errors import IndexFolderError
from linker.index import MAX_WORDS, Lexicon
from linker.index.overlays.layers import LayeredLexicon
from linker.text import bag_hash, words

# Few words, in forms that are one to the lexicon, so that many names meet.
WORDS = ["fracture", "fractures", "femur", "the", "of", "β", "beta", "II", "2", "--", "Féver", ""]
strings = st.lists(st.sampled_from(WORDS), max_size=MAX_WORDS + 2).map(" ".join) | st.text()


def stems(name: str) -> list[str]:
    return [word.stem for word in words(name) if word.stem]


def find(lexicon: Lexicon, queries: list[str]) -> list[tuple[int, int]]:
    hashes = np.array([bag_hash(stems(query)) for query in queries], dtype=np.uint64)
    positions, rows = lexicon.find(hashes)
    return list(zip(positions.tolist(), rows.tolist(), strict=True))


@settings(deadline=None)
@given(names=st.lists(strings), queries=st.lists(strings))
def test_finds_the_names_that_have_the_words_of_a_query(
    names: list[str], queries: list[str]
) -> None:
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, name in enumerate(names):
        if 0 < len(stems(name)) <= MAX_WORDS:
            rows.setdefault(tuple(sorted(stems(name))), []).append(row)
    expected = [
        (position, row)
        for position, query in enumerate(queries)
        for row in rows.get(tuple(sorted(stems(query))), [])
    ]
    assert find(Lexicon.build(names), queries) == expected


@settings(deadline=None)
@given(names=st.lists(strings))
def test_opened_lexicon_finds_what_the_saved_one_did(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("lexicon") / "lexicon.arrow"
    built = Lexicon.build(names)
    built.save(path)
    opened = Lexicon.open(path)
    assert len(opened) == len(built)
    assert find(opened, names) == find(built, names)


def test_word_order_inflection_and_case_make_no_difference() -> None:
    lexicon = Lexicon.build(["Fracture of the femur", "fever", "femur fractures", "fracture"])
    assert find(lexicon, ["FEMUR, FRACTURE", "tibia", "fevers"]) == [(0, 0), (0, 2), (2, 1)]


def test_hash_0_finds_nothing() -> None:
    lexicon = Lexicon.build(["the of", "--", "", "fever"])
    assert find(lexicon, ["fever"]) == [(0, 3)]
    assert find(lexicon, ["", "the"]) == []


def test_largest_hash_is_found() -> None:
    largest = np.array([2**64 - 1], dtype=np.uint64)
    lexicon = Lexicon(largest, np.array([7], dtype=np.int32))
    queries = np.array([1, 2**64 - 1, 0], dtype=np.uint64)
    assert [found.tolist() for found in lexicon.find(queries)] == [[1], [7]]


def test_names_of_too_many_words_are_left_to_their_vectors() -> None:
    longest = " ".join(f"word{i}" for i in range(MAX_WORDS))
    lexicon = Lexicon.build([f"{longest} more", longest, f"the {longest}"])
    assert find(lexicon, [longest, f"{longest} more"]) == [(0, 1), (0, 2)]


def test_lexicon_without_a_word_opens_and_finds_nothing(tmp_path: Path) -> None:
    Lexicon.build(["+", "of the"]).save(tmp_path / "lexicon.arrow")
    lexicon = Lexicon.open(tmp_path / "lexicon.arrow")
    assert find(lexicon, ["fever", "+"]) == []


def test_words_of_names_are_known(tmp_path: Path) -> None:
    many = " ".join(f"word{i}" for i in range(MAX_WORDS + 1))
    built = Lexicon.build(["Fractures of the femur", "α-thalassaemia", many], first=7)
    built.save(tmp_path / "lexicon.arrow")
    asked = ["fracture", "femur", "alpha", "thalassemia", "word3", "fractures", "fever", "of", "\0"]
    for lexicon in (built, Lexicon.open(tmp_path / "lexicon.arrow")):
        assert lexicon.knows(asked).tolist() == [True] * 5 + [False] * 4
        assert find(lexicon, ["femur fracture", "femur"]) == [(0, 7)]
        assert lexicon.knows([]).tolist() == []


def test_a_lexicon_from_before_there_were_words_knows_all() -> None:
    lexicon = Lexicon(np.array([5], dtype=np.uint64), np.array([0], dtype=np.int32))
    assert lexicon.knows(["fever", "fevre"]).tolist() == [True, True]


def test_words_under_a_layer_are_those_of_both() -> None:
    base, layer = Lexicon.build(["fever"]), Lexicon.build(["pain"], first=1)
    both = LayeredLexicon(base, layer)
    assert both.knows(["fever", "pain", "fevre"]).tolist() == [True, True, False]
    old = Lexicon(np.array([5], dtype=np.uint64), np.array([0], dtype=np.int32))
    assert LayeredLexicon(old, layer).knows(["fever", "fevre"]).tolist() == [True, True]


def test_rows_of_one_hash_are_those_of_the_index_and_of_its_layer() -> None:
    base, layer = Lexicon.build(["fever", "cough"]), Lexicon.build(["Fevers", "pain"], first=2)
    layered = LayeredLexicon(base, layer)
    found = [layered.rows_of(bag_hash(stems(name))) for name in ("fever", "cough", "pain", "chill")]
    assert found == [[0, 2], [1], [3], []]
    assert layered.rows_of(0) == []


def test_opened_lexicon_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.arrow"
    Lexicon.build(["fever"]).save(path)
    lexicon = Lexicon.open(path)
    assert not lexicon._hashes.flags.owndata
    assert not lexicon._hashes.flags.writeable


@pytest.mark.parametrize("content", [None, b"", b"not an Arrow file", b"ARROW1\0\0" + b"\xff" * 64])
def test_file_that_is_no_lexicon_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.arrow"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(IndexFolderError, match=r"lexicon\.arrow: not a readable Arrow file"):
        Lexicon.open(path)


@given(
    st.lists(st.integers(1, 2**64 - 1) | st.integers(1, 9), max_size=30),
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 9), max_size=30),
)
def test_the_sieve_holds_back_no_hash_that_is_there(stored: list[int], asked: list[int]) -> None:
    hashes = np.array(sorted(stored), dtype=np.uint64)
    lexicon = Lexicon(hashes, np.arange(len(hashes), dtype=np.int32))
    queries = [*asked, *stored[::2]]
    expected = [
        (position, row)
        for position, query in enumerate(queries)
        for row, key in enumerate(sorted(stored))
        if key == query
    ]
    positions, rows = lexicon.find(np.array(queries, dtype=np.uint64))
    assert list(zip(positions.tolist(), rows.tolist(), strict=True)) == expected
    one_by_one = [(at, row) for at, key in enumerate(queries) for row in lexicon.rows_of(key)]
    assert one_by_one == expected


def test_threads_that_ask_first_find_what_one_alone_does(tmp_path: Path) -> None:
    """Some met a sieve that another had not filled yet, and found nothing."""
    names = [f"name{i}" for i in range(50_000)]
    Lexicon.build(names).save(tmp_path / "lexicon.arrow")
    lexicons = [Lexicon.open(tmp_path / "lexicon.arrow") for _ in range(20)]
    barrier = Barrier(4)

    def ask() -> list[list[tuple[int, int]]]:
        found = []
        for lexicon in lexicons:
            barrier.wait()
            found.append(find(lexicon, names[:2]))
        return found

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(ask) for _ in range(4)]
            assert [answer.result() for answer in answers] == [[[(0, 0), (1, 1)]] * 20] * 4
    finally:
        sys.setswitchinterval(interval)

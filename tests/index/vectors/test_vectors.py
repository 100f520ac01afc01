from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from cases import PATIENCE
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from linker.errors import ConfigError, IndexFolderError
from linker.index import Vectors
from linker.index.vectors.effort import Effort
from linker.index.vectors.half import HalfVectors
from linker.index.vectors.half import unit as unit_rows
from linker.index.vectors.recall import held_out

KINDS = ("Flat", "HNSW32", "HNSW32,SQfp16")
DIM = 32


def unit(n: int, dim: int = DIM, *, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(stored: np.ndarray, queries: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    products = queries[:, None, :].astype(np.float64) * stored[None].astype(np.float64)
    cosines = np.clip(products.sum(axis=2), -1, 1)
    rows = np.argsort(-cosines, axis=1, kind="stable")[:, :n]
    return np.take_along_axis(cosines, rows, axis=1), rows


def kept(stored: np.ndarray, kind: str) -> np.ndarray:
    """What an index of a kind has of vectors."""
    if not kind.endswith("fp16"):
        return stored
    rounded = stored.astype(np.float16).astype(np.float32)
    return (rounded / np.linalg.norm(rounded, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_exact_search_is_brute_force() -> None:
    stored, queries = unit(300), unit(40, seed=1)
    vectors = Vectors.build("Flat", DIM, [stored[:100], stored[100:101], stored[101:]])
    scores, rows = vectors.search(queries, 64)
    expected_scores, expected_rows = brute_force(stored, queries, 64)
    assert rows.tolist() == expected_rows.tolist()
    np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-12)


def test_exact_search_does_not_depend_on_how_many_ask_together() -> None:
    # Sixes of names that an encoder takes for nearly one: apart by less than float32 products err.
    stored = np.repeat(unit(40), 6, axis=0) + unit(240, seed=2) * np.float32(1e-7)
    vectors = Vectors.build("Flat", DIM, [stored])
    queries = np.concatenate([unit(30, seed=1), stored[::40]])
    threshold = faiss.cvar.distance_compute_blas_threshold
    for n in (16, 64):
        scores, rows = vectors.search(queries, n)
        expected_scores, expected_rows = brute_force(stored, queries, n)
        assert rows.tolist() == expected_rows.tolist()
        np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-12)
        for i in range(len(queries)):
            alone = vectors.search(queries[i : i + 1], n)
            assert alone[0].tolist() == scores[i : i + 1].tolist()
            assert alone[1].tolist() == rows[i : i + 1].tolist()
    assert faiss.cvar.distance_compute_blas_threshold == threshold


def test_graph_search_is_brute_force_but_for_the_few_rows_that_it_misses() -> None:
    stored, queries = unit(300), unit(40, seed=1)
    vectors = Vectors.build("HNSW32", DIM, [stored[:100], stored[100:101], stored[101:]])
    scores, rows = vectors.search(queries, 64)
    all_scores, all_rows = brute_force(stored, queries, 300)
    for i in range(40):
        found = np.isin(all_rows[i], rows[i])
        assert rows[i].tolist() == all_rows[i, found].tolist()
        np.testing.assert_allclose(scores[i], all_scores[i, found], rtol=0, atol=1e-12)
        assert found[:10].sum() >= 9


def test_a_graph_is_walked_as_far_as_neighbours_are_asked_for() -> None:
    stored, queries = unit(3000), unit(20, seed=1)
    vectors = Vectors.build("HNSW8", DIM, [stored])
    answers = {}
    for ef_search in (4, 64, 65):
        vectors.look(Effort(ef_search=ef_search))
        answers[ef_search] = vectors.search(queries, 64)[1].tolist()
    assert answers[4] == answers[64] != answers[65]


def test_saved_and_opened_vectors_answer_the_same(kind: str, tmp_path: Path) -> None:
    stored, queries = unit(200), unit(5, seed=1)
    built = Vectors.build(kind, DIM, [stored])
    built.save(tmp_path / "vectors.faiss")
    opened = Vectors.open(tmp_path / "vectors.faiss")
    assert (len(opened), opened.dim) == (200, DIM)
    for one, other in zip(built.search(queries, 10), opened.search(queries, 10), strict=True):
        assert one.tolist() == other.tolist()
    assert opened.take(np.arange(200)).tolist() == built.take(np.arange(200)).tolist()


def test_take_gives_back_what_was_added(kind: str) -> None:
    stored = unit(50)
    rows = np.array([49, 0, 7, 7])
    taken = Vectors.build(kind, DIM, [stored]).take(rows)
    atol = 0 if kept(stored, kind) is stored else 1e-7
    np.testing.assert_allclose(taken, kept(stored, kind)[rows], rtol=0, atol=atol)
    np.testing.assert_allclose(taken, stored[rows], rtol=0, atol=5e-4)
    assert Vectors.build(kind, DIM, [stored]).take(rows[:0]).shape == (0, DIM)


@pytest.mark.parametrize("row", [-1, 50])
def test_row_that_is_not_there_is_not_read(row: int, kind: str) -> None:
    with pytest.raises(IndexError, match=f"rows {min(row, 7)} to {max(row, 7)}, of 50"):
        Vectors.build(kind, DIM, [unit(50)]).take(np.array([7, row]))


def test_ties_come_in_the_order_of_rows(kind: str) -> None:
    stored = unit(40)
    stored[[3, 17, 21, 30]] = stored[5]
    scores, rows = Vectors.build(kind, DIM, [stored]).search(stored[5:6], 8)
    assert rows[0, :5].tolist() == [3, 5, 17, 21, 30]
    assert len(set(scores[0, :5].tolist())) == 1


def test_batch_size_changes_neither_scores_nor_the_order_of_near_twins(kind: str) -> None:
    # FAISS takes large batches through a matrix product, which moves the seventh digit.
    dim, rng = 384, np.random.default_rng(0)
    twins = np.repeat(unit(20, dim), 7, axis=0)
    twins += (1e-7 * rng.standard_normal(twins.shape)).astype(np.float32)
    others = unit(1000, dim, seed=1)
    vectors = Vectors.build(kind, dim, [others[:501], twins, others[501:]])
    queries = twins[::7] + (0.02 * rng.standard_normal((20, dim))).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    scores, rows = vectors.search(np.vstack([queries, others]), 7)
    for i, query in enumerate(queries):
        alone_scores, alone_rows = vectors.search(query[None], 7)
        assert rows[i].tolist() == alone_rows[0].tolist()
        assert scores[i].tolist() == alone_scores[0].tolist()


def test_more_neighbours_than_vectors_gives_all_of_them(kind: str) -> None:
    stored = unit(7)
    scores, rows = Vectors.build(kind, DIM, [stored]).search(stored[:2], 100)
    expected_scores, expected_rows = brute_force(kept(stored, kind), stored[:2], 7)
    assert rows.tolist() == expected_rows.tolist()
    np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-7)


def test_no_queries_give_no_rows(kind: str) -> None:
    scores, rows = Vectors.build(kind, DIM, [unit(7)]).search(unit(0), 3)
    assert scores.shape == rows.shape == (0, 3)


def test_cosines_never_leave_their_range(kind: str) -> None:
    stored = np.vstack([unit(50), -unit(50)]) * np.float32(1 + 1e-6)
    scores, _ = Vectors.build(kind, DIM, [stored]).search(stored, 100)
    assert scores.max() == 1
    assert scores.min() >= -1


def test_cosine_of_two_vectors_does_not_depend_on_what_else_is_asked_for(kind: str) -> None:
    stored, (query,) = unit(100), unit(1, seed=1)
    stored[[3, 50, 97]] = stored[10]
    vectors = Vectors.build(kind, DIM, [stored])
    (scores,), (rows,) = vectors.search(query[None], 100)
    found = dict(zip(rows.tolist(), scores.tolist(), strict=True))
    assert vectors.cosines(query, np.arange(100)).tolist() == [found[row] for row in range(100)]
    assert [vectors.cosines(query, np.array([row]))[0] for row in (3, 10, 50, 97)] == [found[3]] * 4
    assert vectors.cosines(query, np.array([], dtype=np.int64)).tolist() == []


def test_places_that_a_search_left_empty_come_last() -> None:
    # In a graph of so few links a part of the vectors cannot be reached.
    stored = unit(300)
    scores, rows = Vectors.build("HNSW2", DIM, [stored]).search(stored[:20], 300)
    empty = rows < 0
    assert empty.any()
    assert (scores[empty] == -1).all()
    assert (np.diff(empty.astype(int), axis=1) >= 0).all()
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nope", "'nope' is not a FAISS factory string for 32 dimensions"),
        ("", "'' is not a FAISS factory string"),
        ("IVF4,Flat", "'IVF4,Flat' needs training and a file of vectors"),
        ("Flat,RFlat", "'Flat,RFlat' would keep vectors in memory to refine by; leave that part"),
        ("IDMap,Flat", "'IDMap,Flat' cannot take vectors part by part and give them back"),
        ("NSG32", "'NSG32' cannot take vectors part by part and give them back"),
        ("SQ8_direct", "'SQ8_direct' does not keep vectors as they are"),
        ("HNSW0", "'HNSW0' is below the smallest graph, \"HNSW2\""),
        ("HNSW1", "'HNSW1' is below the smallest graph, \"HNSW2\""),
        ("IVF4_HNSW0,Flat", "'IVF4_HNSW0,Flat' is below the smallest graph, \"HNSW2\""),
        ("IVF4_HNSW1,SQ8", "'IVF4_HNSW1,SQ8' is below the smallest graph, \"HNSW2\""),
        *((zero, f"'{zero}' has a number that is 0") for zero in ("IVF0,SQ8", "PQ8x0", "RR0,Flat")),
    ],
)
def test_kind_that_cannot_be_is_refused(kind: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        Vectors.build(kind, DIM, [unit(20), unit(20, seed=1)])


@pytest.mark.parametrize(
    "content", [b"", b"garbage" * 100, b"IxFI" + b"\xff" * 100, b"IHNf" + b"\x7f" * 400]
)
def test_file_that_is_no_index_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    path.write_bytes(content)
    with pytest.raises(IndexFolderError, match=r"vectors\.faiss: FAISS cannot read it; rebuild"):
        Vectors.open(path)


def test_file_cut_short_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    Vectors.build(kind, DIM, [unit(100)]).save(path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(IndexFolderError, match="FAISS cannot read it"):
        Vectors.open(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="FAISS cannot read it"):
        Vectors.open(tmp_path / "vectors.faiss")


def test_graph_built_twice_has_the_same_bytes(tmp_path: Path) -> None:
    # Large enough for FAISS to share the work among threads.
    for name in ("one", "other"):
        Vectors.build("HNSW32", DIM, [unit(3000), unit(1000, seed=1)]).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_graph_finds_more_neighbours_than_one_that_is_built_in_haste() -> None:
    stored, queries = unit(5000, 96), unit(100, 96, seed=1)
    hasty = faiss.index_factory(96, "HNSW32", faiss.METRIC_INNER_PRODUCT)
    assert hasty.hnsw.efConstruction == 40  # What FAISS does where it is told nothing.
    hasty.add(stored)
    _, exact = brute_force(stored, queries, 64)
    found = Vectors.build("HNSW32", 96, [stored]).search(queries, 64)[1]
    ours, theirs = (
        sum(
            len({*one} & {*other}) for one, other in zip(exact.tolist(), rows.tolist(), strict=True)
        )
        for rows in (found, Vectors(hasty).search(queries, 64)[1])
    )
    assert ours > theirs + 0.015 * exact.size


def test_file_that_cannot_be_written_is_an_operating_system_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="FAISS cannot write it"):
        Vectors.build("Flat", DIM, [unit(3)]).save(tmp_path / "missing" / "vectors.faiss")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_opening_maps_the_file_instead_of_reading_it(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    n = 40_000 if kind == "Flat" else 2_000
    Vectors.build(kind, 256, [unit(n, 256)]).save(path)
    before = _private_bytes()
    vectors = Vectors.open(path)
    vectors.search(unit(1, 256), 5)
    assert str(path) in Path("/proc/self/maps").read_text()
    assert _private_bytes() - before < path.stat().st_size / 2


def _private_bytes() -> int:
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


# --- kinds that keep codes -------------------------------------------------------------------

CODED = ("IVF16,RaBitQ", "IVF16,SQ8", "IVF16,PQ8x4fsr", "SQ8", "HNSW16,SQ8", "RaBitQ")


def near(n: int, dim: int = DIM) -> np.ndarray:
    """Vectors in families of ten, as names of a concept."""
    rng = np.random.default_rng(2)
    moved = np.repeat(unit(n // 10, dim), 10, axis=0) + 0.08 * rng.standard_normal((n, dim))
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def nobody(total: int) -> Callable[[int], None]:
    return lambda n: None


def coded(folder: Path, kind: str, stored: np.ndarray, effort: Effort | None = None) -> Vectors:
    """Build, save and open."""
    folder.mkdir(exist_ok=True)
    half = HalfVectors.write(folder / "vectors.f16", stored.shape[1], [stored[:999], stored[999:]])
    built = Vectors.build_coded(kind, half, trained=folder / "trained", train=nobody, add=nobody)
    built.save(folder / "vectors.faiss")
    return Vectors.open(folder / "vectors.faiss", effort, half=folder / "vectors.f16")


@pytest.fixture(params=CODED, scope="module")
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    folder = tmp_path_factory.mktemp("coded")
    return coded(folder, request.param, near(3000), Effort(nprobe=16, ef_search=400, refine=400))


def test_codes_propose_and_stored_vectors_score(opened: Vectors) -> None:
    stored = opened.take(np.arange(3000))
    np.testing.assert_allclose(stored, near(3000), rtol=0, atol=5e-4)
    queries = held_out(opened, size=50)
    scores, rows = opened.search(queries, 10)
    expected_scores, expected_rows = brute_force(stored, queries, 10)
    assert rows.tolist() == expected_rows.tolist()
    np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-12)
    # Half precision moves a cosine by little.
    true, _ = brute_force(near(3000), queries, 10)
    np.testing.assert_allclose(scores, true, rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    ("refine", "n", "n_compared"),
    [
        (20, 4, 20),
        (20, 10, 20),
        (20, 60, 120),  # the last of many neighbours are chosen from as many again
        (20, 2000, 3000),  # as many as there are
        (None, 4, 100),  # not tuned
    ],
)
def test_the_nearest_are_those_of_the_candidates_that_are_compared(
    refine: int | None, n: int, n_compared: int, tmp_path: Path
) -> None:
    vectors = coded(tmp_path, "RaBitQ", near(3000), Effort(refine=refine))
    (query,) = queries = held_out(vectors, size=1)
    (scores,), (rows,) = vectors.search(queries, n)
    (compared,) = vectors.candidates(queries, n_compared)
    cosines = vectors.cosines(query, compared)
    order = np.lexsort((compared, -cosines))[:n]
    assert rows.tolist() == compared[order].tolist()
    assert scores.tolist() == cosines[order].tolist()


def test_batches_change_neither_scores_nor_rows_of_codes(opened: Vectors) -> None:
    queries = held_out(opened, size=45)
    scores, rows = opened.search(queries, 12)
    for size in (1, 7, 31):
        parts = [opened.search(queries[i : i + size], 12) for i in range(0, 45, size)]
        assert np.concatenate([part[0] for part in parts]).tolist() == scores.tolist()
        assert np.concatenate([part[1] for part in parts]).tolist() == rows.tolist()


def test_a_stored_vector_finds_itself_at_cosine_1(opened: Vectors) -> None:
    rows = np.arange(0, 3000, 100)
    scores, found = opened.search(opened.take(rows), 1)
    assert found[:, 0].tolist() == rows.tolist()
    np.testing.assert_allclose(scores[:, 0], 1, rtol=0, atol=1e-6)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_best_come_first_and_ties_by_row(ties: Vectors, seed: int, n: int) -> None:
    scores, rows = ties.search(unit(3, seed=seed), n)
    for own_scores, own_rows in zip(scores.tolist(), rows.tolist(), strict=True):
        pairs = [(-score, row) for score, row in zip(own_scores, own_rows, strict=True) if row >= 0]
        assert pairs == sorted(pairs)
        assert len(set(own_rows)) == len(own_rows)


@pytest.fixture(scope="module")
def ties(tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    stored = np.repeat(near(500), 4, axis=0)[np.random.default_rng(3).permutation(2000)]
    folder = tmp_path_factory.mktemp("ties")
    return coded(folder, "IVF8,RaBitQ", stored, Effort(nprobe=8, refine=100))


@pytest.mark.parametrize("kind", ["IVF16,RaBitQ", "IVF16,PQ8x4fsr", "HNSW16,SQ8"])
def test_codes_made_twice_have_the_same_bytes(kind: str, tmp_path: Path) -> None:
    # One thread or two: k-means and codes do not depend on who does the work.
    before = faiss.omp_get_max_threads()
    try:
        for threads, name in ((1, "one"), (2, "other")):
            faiss.omp_set_num_threads(threads)
            coded(tmp_path / name, kind, near(3000))
    finally:
        faiss.omp_set_num_threads(before)
    one, other = (tmp_path / name / "vectors.faiss" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_training_that_was_done_is_taken_up(tmp_path: Path) -> None:
    half = HalfVectors.write(tmp_path / "vectors.f16", DIM, [near(3000)])
    asked: list[int] = []

    def train(total: int) -> Callable[[int], None]:
        asked.append(total)
        return lambda n: None

    for name in ("one", "other"):
        built = Vectors.build_coded(
            "IVF16,RaBitQ", half, trained=tmp_path / "trained", train=train, add=nobody
        )
        built.save(tmp_path / name)
    assert asked == [30_000]
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_training_says_how_far_it_is(tmp_path: Path) -> None:
    half = HalfVectors.write(tmp_path / "vectors.f16", DIM, [near(3000)])
    done: list[int] = []
    Vectors.build_coded(
        "IVF16,RaBitQ",
        half,
        trained=tmp_path / "trained",
        train=lambda total: done.append,
        add=lambda total: done.append,
    )
    assert done == [3000] * 11


def test_lists_are_of_vectors_that_stand_together(tmp_path: Path) -> None:
    stored = unit(3000)
    coded(tmp_path, "IVF16,RaBitQ", stored)
    index = faiss.read_index(str(tmp_path / "trained"))
    centres = faiss.downcast_index(index.quantizer).reconstruct_n(0, 16)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, atol=1e-5)
    chosen = stored[np.random.default_rng(1).choice(3000, size=16, replace=False)]
    trained, by_chance = ((stored @ of.T).max(axis=1).mean() for of in (centres, chosen))
    assert trained > 1.1 * by_chance


@pytest.mark.parametrize(("n_lists", "trained_on"), [(2, 100), (16, 160), (32, 250)])
def test_training_sees_some_vectors_a_list_within_bounds(
    n_lists: int, trained_on: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("_TRAIN_A_LIST", 10), ("_TRAIN_LEAST", 100), ("_TRAIN_MOST", 250)):
        monkeypatch.setattr(f"linker.index.vectors.faiss_index.{name}", value)
    half = HalfVectors.write(tmp_path / "vectors.f16", DIM, [near(3000)])
    rounds: list[int] = []
    Vectors.build_coded(
        f"IVF{n_lists},RaBitQ",
        half,
        trained=tmp_path / "trained",
        train=lambda total: rounds.append,
        add=nobody,
    )
    assert rounds == [trained_on] * 10


def test_too_few_vectors_to_train_is_a_clear_error(tmp_path: Path) -> None:
    half = HalfVectors.write(tmp_path / "vectors.f16", DIM, [unit(100)])
    with pytest.raises(ConfigError, match="'PQ8' cannot be trained on 100 vectors"):
        Vectors.build_coded("PQ8", half, trained=tmp_path / "t", train=nobody, add=nobody)
    assert [path.name for path in tmp_path.iterdir()] == ["vectors.f16"]


def test_vectors_of_another_index_are_refused(tmp_path: Path) -> None:
    coded(tmp_path / "one", "IVF16,RaBitQ", near(3000))
    HalfVectors.write(tmp_path / "fewer", DIM, [near(2990)])
    with pytest.raises(IndexFolderError, match="3000 codes of 32 dimensions beside 2990"):
        Vectors.open(tmp_path / "one" / "vectors.faiss", half=tmp_path / "fewer")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_codes_are_mapped_and_vectors_are_nobodys_memory(tmp_path: Path) -> None:
    vectors = coded(tmp_path / "x", "IVF16,RaBitQ", near(20_000, 256), Effort(nprobe=2, refine=50))
    before = _private_bytes()
    reopened = Vectors.open(
        tmp_path / "x" / "vectors.faiss",
        Effort(nprobe=2, refine=50),
        half=tmp_path / "x/vectors.f16",
    )
    reopened.search(held_out(vectors, size=200), 10)
    assert str(tmp_path / "x" / "vectors.faiss") in Path("/proc/self/maps").read_text()
    assert "vectors.f16" not in Path("/proc/self/maps").read_text()
    assert _private_bytes() - before < (tmp_path / "x" / "vectors.f16").stat().st_size / 2


def test_index_on_a_read_only_folder_opens(tmp_path: Path) -> None:
    vectors = coded(tmp_path / "x", "IVF16,RaBitQ", near(3000))
    for path in (tmp_path / "x").iterdir():
        path.chmod(0o444)
    (tmp_path / "x").chmod(0o555)
    try:
        opened = Vectors.open(tmp_path / "x" / "vectors.faiss", half=tmp_path / "x" / "vectors.f16")
        query = unit(1)
        assert opened.search(query, 5)[1].tolist() == vectors.search(query, 5)[1].tolist()
    finally:
        (tmp_path / "x").chmod(0o755)


_MAPS = r"""
import re, sys
from pathlib import Path
import numpy as np
from linker.index import Vectors

vectors = Vectors.open(Path(sys.argv[1]))
found = vectors.search(vectors.take(np.arange(50)), 5)[1].tolist()
print(found[0][0], flush=True)
sys.stdin.readline()  # Until the other one has read the same pages.
maps = Path("/proc/self/smaps").read_text()
kept = 0
for mapping in re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", maps):
    if sys.argv[1] in mapping:
        sizes = dict(re.findall(r"(\w+): +(\d+) kB", mapping))
        kept += int(sizes["Rss"])
        assert int(sizes["Private_Dirty"]) == 0, mapping
        assert int(sizes["Pss"]) <= 0.6 * int(sizes["Rss"]) + 8, mapping
print(kept, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_processes_share_the_pages_of_an_index(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    Vectors.build(kind, DIM, [unit(8000)]).save(path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MAPS, str(path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    streams = [(process.stdin, process.stdout) for process in processes]
    assert [out.readline() for _, out in streams if out is not None] == ["0\n", "0\n"]
    kept = []
    for into, out in streams:
        assert into is not None
        assert out is not None
        into.write("\n")
        into.flush()
        kept.append(int(out.readline()))
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    # Both hold the whole file, of which there is one copy in memory.
    assert min(kept) * 1024 > 8000 * DIM * 4 * 0.9


@given(rows=hnp.arrays(np.float16, (3, 8), elements=st.floats(-1, 1, width=16)))
@example(rows=np.full((3, 8), 2.0**-24, dtype=np.float16))
@example(rows=np.zeros((3, 8), dtype=np.float16))
def test_halves_widened_are_what_numpy_makes_of_them(rows: np.ndarray) -> None:
    wide = rows.astype(np.float32)
    lengths = np.maximum(np.linalg.norm(wide.astype(np.float64), axis=1, keepdims=True), 1e-38)
    np.testing.assert_allclose(unit_rows(rows), wide / lengths, rtol=1e-6, atol=0)


_FORKED = """
import multiprocessing
import sys
from pathlib import Path

import numpy as np

from linker.index import Vectors

vectors = Vectors.open(Path(sys.argv[1]))
queries = np.eye(4, 32, dtype=np.float32)
alone = vectors.search(queries, 3)


def search():
    sys.exit(not all(np.array_equal(a, b) for a, b in zip(alone, vectors.search(queries, 3))))


child = multiprocessing.get_context("fork").Process(target=search)
child.start()
child.join(600)
if child.is_alive():
    child.kill()
    sys.exit("the child waits for threads that it has not")
sys.exit(child.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_after_a_search_finds_the_same(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    Vectors.build(kind, DIM, [unit(500)]).save(path)
    done = subprocess.run(
        [sys.executable, "-c", _FORKED, path],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0

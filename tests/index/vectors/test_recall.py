from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from linker.index import Vectors
from linker.index.vectors import recall
from linker.index.vectors.effort import Effort
from linker.index.vectors.half import HalfVectors

DIM = 32


def unit(n: int, *, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def true_rows(stored: np.ndarray, queries: np.ndarray) -> np.ndarray:
    cosines = queries.astype(np.float64) @ stored.astype(np.float64).T
    return np.argsort(-cosines, axis=1)[:, :10]


def coded(folder: Path, n: int = 3000, kind: str = "IVF32,RaBitQ") -> Vectors:
    half = HalfVectors.write(folder / "vectors.f16", DIM, [unit(n)])
    options = {"train": lambda total: lambda n: None, "add": lambda total: lambda n: None}
    return Vectors.build_coded(kind, half, trained=folder / "trained", **options)


def test_queries_are_unit_rows_at_the_cosine_said() -> None:
    stored = unit(100)
    queries = recall.held_out(Vectors.build("Flat", DIM, [stored]))
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((queries * stored).sum(axis=1), 0.9, atol=1e-5)
    again = recall.held_out(Vectors.build("Flat", DIM, [stored]))
    assert again.tolist() == queries.tolist()


def test_queries_are_of_vectors_from_the_whole_of_an_index() -> None:
    stored = unit(2000)
    queries = recall.held_out(Vectors.build("Flat", DIM, [stored]), size=100)
    rows = (queries @ stored.T).argmax(axis=1)
    assert (np.diff(rows) > 0).all()
    assert rows[0] < 100
    assert rows[-1] > 1900


def test_truth_is_the_cosine_of_the_tenth_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, queries = Vectors.build("Flat", DIM, [unit(500)]), unit(30, seed=1)
    expected = np.sort(queries @ unit(500).T, axis=1)[:, -10]
    np.testing.assert_allclose(
        recall.exact(vectors, queries).cosines.min(axis=1), expected, atol=1e-6
    )
    monkeypatch.setattr("linker.index.vectors.recall.BLOCK", 7)
    seen: list[int] = []
    found = recall.exact(vectors, queries, advance=seen.append)
    np.testing.assert_allclose(found.cosines.min(axis=1), expected, atol=1e-6)
    assert sum(seen) == 500


def test_exact_search_has_full_recall_and_no_effort() -> None:
    vectors = Vectors.build("Flat", DIM, [unit(300)])
    truth = recall.exact(vectors, recall.held_out(vectors))
    assert recall.tune(vectors, truth, asked=0.95) == (Effort(), 1.0)


def test_recall_of_a_poor_graph_is_the_share_that_it_finds() -> None:
    vectors, queries = Vectors.build("HNSW2", DIM, [unit(500)]), unit(100, seed=1)
    scores, found = vectors.search(queries, 10)
    true = true_rows(unit(500), queries)
    share = np.mean([len(set(f) & set(t)) / 10 for f, t in zip(found, true, strict=True)])
    assert recall.exact(vectors, queries).recall(scores) == pytest.approx(share)
    assert 0 < share < 0.9


def test_neighbour_that_ties_with_the_last_true_one_counts_as_found() -> None:
    twins = np.repeat(unit(1), 50, axis=0)
    vectors = Vectors.build("Flat", DIM, [twins, unit(20, seed=1)])
    truth = recall.exact(vectors, twins[:3])
    assert truth.recall(vectors.search(twins[:3], 10)[0]) == 1.0


def hand(*cosines: float) -> recall.Truth:
    return recall.Truth(np.zeros((1, DIM), np.float32), np.array([cosines], np.float32))


@pytest.mark.parametrize(
    ("scores", "share"),
    [
        ([0.9, 0.8, 0.7, 0.7], 1.0),
        ([0.7, 0.8, 0.9, 0.2, 0.7], 1.0),  # in any order
        ([0.9, 0.8, 0.7, -1.0], 0.75),
        ([0.9, 0.8], 0.5),  # fewer than were asked for
        ([-1.0, -1.0, -1.0, -1.0], 0.0),
        ([0.7, 0.7, 0.7, 0.7], 0.5),  # ties take the places of no nearer ones
        ([0.700005, 0.700005, 0.700005, 0.700005], 0.5),
        ([0.9, 0.7, 0.7, 0.7], 0.75),
        ([0.9, 0.8, 0.699995, 0.699995], 1.0),  # another order of the sum
        ([0.9, 0.8, 0.69998, 0.69998], 0.5),
        ([0.9, 0.8, 0.7, 0.7, 0.7, 0.7], 1.0),
        ([0.9, 0.8, 0.700015, 0.700015, 0.7, 0.7], 1.0),  # never more than all
    ],
)
def test_recall_by_hand(scores: list[float], share: float) -> None:
    assert hand(0.7, 0.9, 0.7, 0.8).recall(np.array([scores], np.float32)) == share


def test_recall_is_the_mean_over_the_queries() -> None:
    truth = recall.Truth(np.zeros((2, DIM), np.float32), np.array([[0.9, 0.5]] * 2, np.float32))
    assert truth.recall(np.array([[0.9, 0.5], [0.5, 0.4]], np.float32)) == 0.75


def test_fewer_names_than_ten_can_all_be_found() -> None:
    vectors = Vectors.build("Flat", DIM, [unit(4)])
    truth = recall.exact(vectors, recall.held_out(vectors))
    assert recall.tune(vectors, truth, asked=1.0) == (Effort(), 1.0)


def test_graph_is_searched_as_hard_as_the_recall_asked_for_needs() -> None:
    vectors = Vectors.build("HNSW6", DIM, [unit(2000)])
    truth = recall.exact(vectors, recall.held_out(vectors, size=100))
    found = {}
    for step in (16, 32, 64, 128, 256, 512):
        vectors.look(Effort(ef_search=step))
        found[step] = truth.recall(vectors.search(truth.queries, 10)[0])
    for asked in (0.5, 0.8, 0.9, found[64]):
        effort, share = recall.tune(vectors, truth, asked=asked)
        least = min(step for step, share in found.items() if share >= asked)
        assert (effort, share) == (Effort(ef_search=least), found[least])


def test_lists_and_candidates_are_tuned_to_what_is_asked(tmp_path: Path) -> None:
    vectors = coded(tmp_path)
    truth = recall.exact(vectors, recall.held_out(vectors, size=100))
    efforts = []
    for asked in (0.5, 0.7, 0.9):
        effort, share = recall.tune(vectors, truth, asked=asked)
        assert effort.nprobe is not None
        assert effort.refine is not None
        # What was found by prefixes of one search is what a search of that effort finds.
        assert share == truth.recall(vectors.search(truth.queries, 10)[0])
        assert share >= asked
        efforts.append(effort)
        # No more than is asked is enough.
        assert recall.tune(vectors, truth, asked=share) == (effort, share)
        less = [refine for refine in recall.REFINES if refine < effort.refine]
        if less:
            vectors.look(Effort(nprobe=effort.nprobe, refine=less[-1]))
            assert truth.recall(vectors.search(truth.queries, 10)[0]) < asked
        if effort.nprobe > 1:
            vectors.look(Effort(nprobe=effort.nprobe // 2, refine=recall.REFINES[-1]))
            assert truth.recall(vectors.search(truth.queries, 10)[0]) < asked
    assert efforts[0].nprobe < efforts[2].nprobe
    assert min(effort.refine for effort in efforts) < recall.REFINES[-1]


@pytest.mark.parametrize("n_lists", [32, 40])
def test_what_cannot_be_reached_is_tried_as_hard_as_can_be(n_lists: int, tmp_path: Path) -> None:
    vectors = coded(tmp_path, kind=f"IVF{n_lists},RaBitQ")
    truth = recall.exact(vectors, recall.held_out(vectors, size=50))
    effort, share = recall.tune(vectors, truth, asked=1.1)
    # All lists, be their number a power of two or not.
    assert effort == Effort(nprobe=n_lists, refine=400)
    assert 0.9 < share < 1


def test_a_graph_that_finds_too_little_is_searched_as_hard_as_can_be() -> None:
    vectors = Vectors.build("HNSW2", DIM, [unit(300)])
    truth = recall.exact(vectors, recall.held_out(vectors, size=20))
    assert recall.tune(vectors, truth, asked=1.1)[0] == Effort(ef_search=512)

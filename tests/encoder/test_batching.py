"""Which strings share a batch, who runs it, and what is refused of a network's vectors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from linker.encoder import Vectors
from linker.encoder.batching import batches, embed, finished, padded
from linker.encoder.folder import ModelFolder
from linker.encoder.tokens import Tokens
from linker.errors import EncoderError


@pytest.mark.parametrize(
    ("lengths", "budget", "padding", "expected"),
    [
        # Long ones first; two of length 2 fill up a batch that is not half full.
        ([2, 5, 2, 5, 3], 10, True, [[1, 3], [4, 0], [2]]),
        ([2, 5, 2, 5, 3], 10, False, [[1, 3], [4], [0, 2]]),
        # Half full is full enough.
        ([3, 2], 6, True, [[0], [1]]),
        ([3, 2], 7, True, [[0, 1]]),
        ([3, 3], 5, True, [[0], [1]]),
        ([9, 1], 5, True, [[0], [1]]),
        ([], 5, True, []),
    ],
)
def test_batches_are_of_like_length_and_padding_only_fills_them_half(
    lengths: list[int], budget: int, padding: bool, expected: list[list[int]]
) -> None:
    assert [rows.tolist() for rows in batches(lengths, budget, padding=padding)] == expected


def test_what_has_not_begun_when_a_batch_fails_is_not_begun() -> None:
    begun: list[int] = []

    def run(tokens: Tokens) -> Vectors:
        begun.append(tokens[0][0])
        if tokens[0][0] == 0:
            raise ValueError("the first of them")
        time.sleep(0.005)
        return np.ones((1, 1), dtype=np.float32)

    with pytest.raises(ValueError, match="the first of them"):
        embed(
            [str(i) for i in range(200)],
            dim=1,
            tokenise=lambda texts: [[int(text)] for text in texts],
            runs=[run, run],
            budget=1,
            padding=True,
            progress=None,
        )
    assert len(begun) < 100


def test_equal_strings_are_embedded_once_and_all_of_them_counted() -> None:
    run: list[list[int]] = []
    done: list[int] = []

    def keep(tokens: Tokens) -> Vectors:
        run.extend(tokens)
        return np.array(tokens, dtype=np.float32)

    vectors = embed(
        ["3", "7", "3", "3"],
        dim=1,
        tokenise=lambda texts: [[int(text)] for text in texts],
        runs=[keep],
        budget=1,
        padding=True,
        progress=done.append,
    )
    assert (vectors.ravel().tolist(), run, done) == ([3, 7, 3, 3], [[3], [7]], [3, 1])


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize(("ahead", "together"), [(False, 2), (True, 7)])
def test_strings_of_many_windows_come_back_in_their_order(
    ahead: bool, together: int, n_workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("_WINDOW", 5), ("_CHUNK", 2), ("_WINDOW_AHEAD", 7)):
        monkeypatch.setattr(f"linker.encoder.batching.{name}", size)
    tokenised: list[int] = []
    batched: list[int] = []
    done: list[int] = []

    def tokenise(texts: Sequence[str]) -> Tokens:
        tokenised.append(len(texts))
        return [[int(text)] for text in texts]

    def run(tokens: Tokens) -> Vectors:
        batched.append(len(tokens))
        return np.array(tokens, dtype=np.float32)

    texts = [str(i * i % 47) for i in range(100)]
    vectors = embed(
        texts,
        dim=1,
        tokenise=tokenise,
        runs=[run] * n_workers,
        budget=3,
        padding=True,
        progress=done.append,
        ahead=ahead,
    )
    assert vectors.ravel().tolist() == [float(text) for text in texts]
    assert sum(done) == 100
    assert sum(tokenised) == sum(batched) == len(set(texts)) == 24
    assert (max(tokenised), max(batched)) == (together, 3)


def test_each_worker_runs_a_batch_at_a_time_and_one_of_them_tells_of_it() -> None:
    def alone(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        taken = threading.Lock()

        def once(item: Any) -> Any:
            assert taken.acquire(blocking=False), "two at once"
            time.sleep(0.0002)  # long enough for others to come by
            taken.release()
            return work(item)

        return once

    def run(tokens: Tokens) -> Vectors:
        return np.array(tokens, dtype=np.float32)

    done: list[int] = []
    texts = [str(i) for i in range(60)]
    vectors = embed(
        texts,
        dim=1,
        tokenise=lambda texts: [[int(text)] for text in texts],
        runs=[alone(run), alone(run), alone(run)],
        budget=2,
        padding=True,
        progress=alone(done.append),
    )
    assert vectors.ravel().tolist() == list(range(60))
    assert done == [2] * 30


def test_no_strings_are_no_vectors() -> None:
    vectors = embed(
        [], dim=3, tokenise=list, runs=[np.array], budget=1, padding=True, progress=None
    )
    assert vectors.shape == (0, 3)


def test_short_strings_are_filled_up_with_padding() -> None:
    ids, mask = padded([[5, 6, 8], [7], [9, 9]], 9)
    assert ids.tolist() == [[5, 6, 8], [7, 9, 9], [9, 9, 9]]
    assert mask.tolist() == [[True] * 3, [True, False, False], [True, True, False]]


@pytest.mark.parametrize(
    "unit",
    [
        [[0.6, 0.8, 0, 0], [0, 0, 0, 1]],  # nothing is left of the second one
        [[0.6, 0.8, 0, 0], [0, 0, 0, 0]],
        [[0.6, 0.8, 0, 0], [0, np.inf, 0, 0]],
        [[0.6, 0.8, 0], [0, 1, 0]],
        [[0.6, 0.8, 0, 0, 0], [0, 1, 0, 0, 0]],
    ],
)
def test_vectors_that_can_be_none_are_refused(unit: list[list[float]], shared_bert: Path) -> None:
    folder = replace(ModelFolder.read(shared_bert), width=4, dim=3)
    message = r"not finite, is zero, or has not 4 numbers; are the weights damaged\?"
    with pytest.raises(EncoderError, match=message):
        finished(np.array(unit, dtype=np.float32), folder)


def test_vectors_cut_off_are_of_unit_length_again(shared_bert: Path) -> None:
    folder = replace(ModelFolder.read(shared_bert), width=4, dim=2)
    found = finished(np.array([[0.3, 0.4, 0.5, 0.7]], dtype=np.float32), folder)
    np.testing.assert_allclose(found, [[0.6, 0.8]], rtol=1e-6)

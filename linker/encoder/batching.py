"""Strings to batches of tokens of like length, run by one worker or several, back in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from linker.ahead import one_ahead
from linker.encoder.base import Vectors
from linker.encoder.folder import ModelFolder
from linker.encoder.tokens import Tokens
from linker.errors import EncoderError

# How many strings are tokenised and sorted by length at a time: bounds memory, not the batches.
_WINDOW = 16_384
# The same while others run. On a GPU a batch of a few strings of a rare length costs as much as a
# full one: the more strings, the fewer of these.
_WINDOW_AHEAD = 32_768
# Strings that a worker tokenises at a time.
_CHUNK = 256

Rows = npt.NDArray[np.int64]


def embed(
    texts: Sequence[str],
    *,
    dim: int,
    tokenise: Callable[[Sequence[str]], Tokens],
    runs: Sequence[Callable[[Tokens], Vectors]],
    budget: int,
    padding: bool,
    progress: Callable[[int], None] | None,
    ahead: bool = False,
) -> Vectors:
    """Embed strings, in any number, in the order given. Equal strings are embedded once.

    Args:
        dim: the length of a vector.
        tokenise: strings to token ids, none empty; called from several threads if there are
            several `runs`, and from another one if `ahead`.
        runs: one a worker thread (a device, a core); each makes the unit vectors of a batch.
        budget: tokens a batch, padding included.
        padding: whether strings of unequal length may share a batch.
        progress: told of the number of strings just done; called by one thread at a time.
        ahead: tokenise the next strings while some run: for a GPU, which would wait.
    """
    places: dict[str, int] = {}
    rows = np.fromiter(
        (places.setdefault(text, len(places)) for text in texts), np.int64, len(texts)
    )
    distinct = list(places)
    vectors = np.empty((len(distinct), dim), dtype=np.float32)
    repeats = np.bincount(rows, minlength=len(distinct))
    lock = threading.Lock()
    size = _WINDOW_AHEAD if ahead else _WINDOW
    starts = range(0, len(distinct), size)
    windows = [distinct[start : start + size] for start in starts]
    with _Workers(len(runs)) as workers:
        tokenised = _ahead(tokenise, windows) if ahead else _beside(tokenise, windows, workers)
        for start, tokens in zip(starts, tokenised, strict=True):

            def run(
                worker: int, batch: Rows, *, start: int = start, tokens: Tokens = tokens
            ) -> None:
                vectors[start + batch] = runs[worker]([tokens[i] for i in batch])
                if progress is not None:
                    with lock:
                        progress(int(repeats[start + batch].sum()))

            lengths = [len(ids) for ids in tokens]
            for _ in workers.map(run, batches(lengths, budget, padding=padding)):
                pass
    return vectors if len(distinct) == len(rows) else vectors[rows]


def _beside(
    tokenise: Callable[[Sequence[str]], Tokens], windows: Sequence[list[str]], workers: _Workers
) -> Iterator[Tokens]:
    """The tokens of each window, made by the workers that run them, when it is asked for."""
    for window in windows:
        chunks = [window[i : i + _CHUNK] for i in range(0, len(window), _CHUNK)]
        parts = workers.map(lambda _, chunk: tokenise(chunk), chunks)
        yield [ids for part in parts for ids in part]


def _ahead(
    tokenise: Callable[[Sequence[str]], Tokens], windows: Sequence[list[str]]
) -> Iterator[Tokens]:
    """The tokens of each window, made in a thread of its own while the one before runs."""
    for _, tokens in one_ahead(tokenise, iter(windows), name="tokenise"):
        yield tokens.result()


class _Workers:
    """Threads that share a list of jobs; a single worker is the calling thread itself.

    The threads end with the call that needed them, so that none is missing after a fork.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            # What has not begun when a job fails, or the user stops, is not begun.
            self._pool.shutdown(wait=True, cancel_futures=True)

    def map(self, job: Callable[[int, Any], Any], items: Any) -> Iterator[Any]:
        """`job(worker, item)` of each item; results in the order of the items."""
        items = list(items)
        if self._n_workers == 1 or len(items) < 2:
            for item in items:
                yield job(0, item)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._n_workers, thread_name_prefix="encode")
        free = list(range(self._n_workers))

        def with_worker(item: Any) -> Any:
            worker = free.pop()  # as many as threads; append and pop are atomic
            try:
                return job(worker, item)
            finally:
                free.append(worker)

        yield from self._pool.map(with_worker, items)


def batches(lengths: Sequence[int], budget: int, *, padding: bool = True) -> Iterator[Rows]:
    """Rows of like length, long ones first, each batch within `budget` tokens, padding included.

    Padding is taken on only to fill a batch that is not half full: padded tokens cost as much as
    others. Long ones first, so that a batch that does not fit a GPU's memory fails at once.
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        longest = lengths[order[start]]
        if end < len(order):
            fits = (end + 1 - start) * longest <= budget
            padded = lengths[order[end]] != longest
            full = not padding or 2 * (end - start) * longest >= budget
            if fits and not (padded and full):
                continue
        yield order[start:end]
        start = end


def padded(tokens: Tokens, pad_id: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Token ids of shape (n, longest), and which of them are no padding."""
    lengths = np.array([len(ids) for ids in tokens])
    ids = np.full((len(tokens), lengths.max()), pad_id, dtype=np.int64)
    for row, own in enumerate(tokens):
        ids[row, : len(own)] = own
    return ids, np.arange(ids.shape[1]) < lengths[:, None]


def finished(unit: Vectors, folder: ModelFolder) -> Vectors:
    """A network's vectors, cut off at the folder's `dim`, and of unit length again.

    Raises:
        EncoderError: one is not finite, is zero, or is not as wide as the folder's network.
    """
    vectors = unit[:, : folder.dim]
    # A vector of zeros stays one when normalised, and would tie with every other.
    if unit.shape[1] != folder.width or not np.isfinite(vectors).all() or not vectors.any(1).all():
        raise EncoderError(
            f"{folder.path}: the model gave a vector that is not finite, is zero, or has "
            f"not {folder.width} numbers; are the weights damaged?"
        )
    if folder.dim == folder.width:
        return unit
    cut: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return cut

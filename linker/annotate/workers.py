"""Batches to results in several processes, in order: each process has a pipe of its own.

Not `concurrent.futures`: its workers share one pipe for results, and one that is killed while it
writes there (a machine short of memory does that) leaves the run waiting for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Generic, TypeVar

from linker.cores import n_cores
from linker.errors import LinkerError, NoteError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_AHEAD = 4
"""Batches a worker that may be done before an earlier one: bounds what waits for its turn."""


def map_in_processes(
    function: Callable[[Batch], Result],
    batches: Iterable[Batch],
    *,
    workers: int,
    describe: Callable[[Batch], str],
) -> Iterator[Result]:
    """Apply a function to batches in `workers` processes.

    Args:
        function: is pickled once for each process, and with it what it holds.
        batches: taken as they are needed.
        describe: says which batch one is, for the message if a process dies of it.

    Yields:
        The results, in the order of the batches.

    Raises:
        NoteError: a process died.
        LinkerError: the function raised it.
    """
    pool = _start(function, workers)
    try:
        yield from _Dispatch(pool, iter(batches), describe).results()
    finally:
        for connection in pool:
            connection.close()
        for process in pool.values():
            # A worker ends when its pipe does; one that is in the middle of a batch is ended.
            process.join(0.2)
            process.kill()
            process.join()


class _Dispatch(Generic[Batch, Result]):
    """Which process has which batch, and which results wait for their turn."""

    def __init__(
        self,
        pool: dict[Connection, multiprocessing.process.BaseProcess],
        batches: Iterator[Batch],
        describe: Callable[[Batch], str],
    ) -> None:
        self._idle = list(pool)
        self._busy: dict[Connection, tuple[int, Batch]] = {}
        self._describe = describe
        self._batches = enumerate(batches)
        self._results: dict[int, Result] = {}
        self._window = _AHEAD * len(pool)
        self._next = self._sent = 0

    def results(self) -> Iterator[Result]:
        while True:
            self._send()
            if not self._busy:
                return
            for connection in wait(list(self._busy)):
                assert isinstance(connection, Connection)
                self._receive(connection)
            while self._next in self._results:
                yield self._results.pop(self._next)
                self._next += 1

    def _send(self) -> None:
        while self._idle and self._sent - self._next < self._window:
            following = next(self._batches, None)
            if following is None:
                return
            number, batch = following
            connection = self._idle.pop()
            with self._deaths_told(batch):
                _send(connection, batch)
            self._busy[connection] = (number, batch)
            self._sent += 1

    def _receive(self, connection: Connection) -> None:
        number, batch = self._busy[connection]
        with self._deaths_told(batch):
            result = connection.recv()
        if isinstance(result, BaseException):
            raise result
        del self._busy[connection]
        self._results[number] = result
        self._idle.append(connection)

    @contextmanager
    def _deaths_told(self, batch: Batch) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise NoteError(
                f"a worker process died with {self._describe(batch)} (was memory short?); what was "
                "done is kept: use --resume to go on"
            ) from error


def _send(connection: Connection, value: object) -> None:
    """As `Connection.send` does it, of whose buffer nothing is left.

    An error there has a view of the buffer in its traceback, and Python 3.12 crashes where such a
    cycle is collected.
    """
    connection.send_bytes(bytes(ForkingPickler.dumps(value)))


def _start(
    function: Callable[[Batch], Result], workers: int
) -> dict[Connection, multiprocessing.process.BaseProcess]:
    # Spawn: a fork of a process that has run torch or FAISS threads may hang.
    context = multiprocessing.get_context("spawn")
    pool: dict[Connection, multiprocessing.process.BaseProcess] = {}
    # The first process starts this tracker too, which would let interrupts through again.
    resource_tracker.ensure_running()
    with _shared_cores(workers), _interrupts_held():
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, function), daemon=True)
            process.start()
            # The worker now holds the only other end: when either side dies, the other hears it.
            theirs.close()
            pool[ours] = process
    return pool


def _serve(connection: Connection, function: Callable[[Batch], Result]) -> None:
    """A worker: answers batches until its pipe is closed."""
    while True:
        with _gone_with_the_pipe():
            batch = connection.recv()
        try:
            answer: Result | LinkerError = function(batch)
        except LinkerError as error:
            answer = error
        with _gone_with_the_pipe():
            _send(connection, answer)


@contextmanager
def _gone_with_the_pipe() -> Iterator[None]:
    """End the process where its pipe ends."""
    try:
        yield
    except (EOFError, OSError):
        # Nothing is left to be written, and to take the interpreter down takes half a second.
        os._exit(0)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Have the processes that start meanwhile ignore Ctrl-C, which a terminal sends to them too.

    The parent hears it, and ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows.
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _shared_cores(workers: int) -> Iterator[None]:
    """Give each process that starts meanwhile its share of the cores.

    Through the environment, because torch, FAISS and BLAS read it when they are loaded.
    """
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = str(max(1, n_cores() // workers))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

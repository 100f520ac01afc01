"""Processes that make results of batches: each has a pipe of its own.

Not `concurrent.futures`: its workers share one pipe for results, and one that is killed while it
writes there (a machine short of memory does that) leaves the run waiting for ever.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar, cast

from linker.cores import n_cores
from linker.errors import LinkerError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_ENDING = 30
"""Seconds for a process whose pipe has ended to end, too; a busy machine may take some."""


class Workers(Generic[Batch, Result]):
    """Processes that apply a function to batches. To be closed.

    Each reads the script of this process first, for what the function may need of it, as Python has
    it. One that does not ask for its `__name__` would begin its work anew: it is not read.

    Args:
        function: is pickled once, and opened in each process, with what it holds.
        n: how many, at least 1.
    """

    def __init__(self, function: Callable[[Batch], Result], n: int) -> None:
        self._pickled = bytes(ForkingPickler.dumps(function))
        self._n = n
        # Spawn: a fork of a process that has run torch or FAISS threads may hang.
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        self._begun: set[Connection] = set()
        is_of_main = b"__main__" in self._pickled
        self._reads_main = is_of_main or _is_guarded(sys.modules["__main__"])
        try:
            for _ in range(n):
                self._start()
        except BaseException:
            self.close()
            raise

    def connections(self) -> list[Connection]:
        """The pipe of each process."""
        return list(self._processes)

    def wait(self, connections: Iterable[Connection]) -> list[Connection]:
        """Those of some that have a result, or whose process died; waits for the first one."""
        some = list(connections)
        while True:
            heard = cast("list[Connection]", wait(some))
            if found := [connection for connection in heard if self._has_answer(connection)]:
                return found

    def has_begun(self, connection: Connection) -> bool:
        """Whether a process has come as far as to its first batch, as far as was heard."""
        return connection in self._begun

    def exit_code(self, connection: Connection) -> int | None:
        """That of a process that died; minus its number for a signal."""
        process = self._processes[connection]
        # Its pipe ends before it does.
        process.join(_ENDING)
        return process.exitcode

    def send(self, connection: Connection, batch: Batch) -> None:
        """Have a process that is idle do a batch.

        Raises:
            OSError: it died.
        """
        _send(connection, batch)

    def receive(self, connection: Connection) -> Result:
        """The result of a process's batch.

        Raises:
            EOFError, OSError: it died.
            LinkerError: the function raised it.
        """
        self._hear_that_it_began(connection)
        result: Result | LinkerError = connection.recv()
        if isinstance(result, LinkerError):
            raise result
        return result

    def _has_answer(self, connection: Connection) -> bool:
        """Whether a process that was heard has said more than that it began, or died."""
        if self.has_begun(connection):
            return True
        try:
            self._hear_that_it_began(connection)
        except (EOFError, OSError):
            return True
        return connection.poll()

    def _hear_that_it_began(self, connection: Connection) -> None:
        if not self.has_begun(connection):
            connection.recv()
            self._begun.add(connection)

    def replace(self, connection: Connection) -> Connection:
        """Start a process in the place of one that died; its pipe."""
        self._end([connection])
        return self._start()

    def close(self) -> None:
        """End the processes, also in the middle of a batch."""
        self._end(self.connections())

    def _start(self) -> Connection:
        # The first process starts this tracker too, which would let interrupts through again.
        resource_tracker.ensure_running()
        main = nullcontext() if self._reads_main else _main_hidden()
        with _shared_cores(self._n), _interrupts_held(), main:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(
                target=_serve, args=(theirs, self._pickled), daemon=True
            )
            process.start()
        # The worker now holds the only other end: when either side dies, the other hears it.
        theirs.close()
        self._processes[ours] = process
        return ours

    def _end(self, connections: Iterable[Connection]) -> None:
        ended = {connection: self._processes.pop(connection) for connection in connections}
        for connection in ended:
            connection.close()
            self._begun.discard(connection)
        for process in ended.values():
            # A worker ends when its pipe does; one that is in the middle of a batch is ended.
            process.join(0.2)
            process.kill()
            process.join()


def _send(connection: Connection, value: object) -> None:
    """As `Connection.send` does it, of whose buffer nothing is left.

    An error there has a view of the buffer in its traceback, and Python 3.12 crashes where such a
    cycle is collected.
    """
    connection.send_bytes(bytes(ForkingPickler.dumps(value)))


def _serve(connection: Connection, pickled: bytes) -> None:
    """A worker: says that it has begun, and answers batches until its pipe is closed."""
    function = _opened(pickled)
    with _gone_with_the_pipe():
        _send(connection, None)
    while True:
        with _gone_with_the_pipe():
            batch = connection.recv()
        try:
            answer = function(batch)
        except LinkerError as error:
            answer = error
        with _gone_with_the_pipe():
            _send(connection, answer)


def _opened(pickled: bytes) -> Callable[[Any], Any]:
    """The function of a worker; where it cannot be had (the index is gone), one that says so."""
    try:
        return cast("Callable[[Any], Any]", ForkingPickler.loads(pickled))
    except LinkerError as error:
        reason = error

    def refuse(_: object) -> LinkerError:
        return reason

    return refuse


@contextmanager
def _gone_with_the_pipe() -> Iterator[None]:
    """End the process where its pipe ends."""
    try:
        yield
    except (EOFError, OSError):
        # Nothing is left to be written, and to take the interpreter down takes half a second.
        os._exit(0)


def _is_guarded(main: ModuleType) -> bool:
    """Whether a script does something else where it is not the one that was started."""
    if main.__spec__ is not None:
        return True
    try:
        return b"__main__" in Path(main.__file__ or "").read_bytes()
    except (AttributeError, OSError):  # stdin, a command, a notebook
        return False


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Have the processes that start meanwhile not read the script of this one."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


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

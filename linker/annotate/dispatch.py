"""Batches to results in several processes, in order, whatever becomes of a process.

A process that dies (the system ends one where memory is short, and a note may crash a library) is
replaced, and its batch done again: whole, since it may have been ended for another's sake; then, if
that process dies too, part by part, so that what ends every process is found and no more is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from linker.annotate.workers import Workers
from linker.errors import NoteError

Batch = TypeVar("Batch")
Result = TypeVar("Result")

_AHEAD = 4
"""Batches a worker that may be done before an earlier one: bounds what waits for its turn."""

DEATHS = 10
"""Deaths in a row, with nothing done between them, that stop a run: it is not for single notes."""

_STILLBORN = 3
"""The same of processes that never come to a batch, where none does."""


@dataclass(frozen=True, slots=True)
class Rescue(Generic[Batch, Result]):
    """What is done about a batch whose processes die.

    Attributes:
        describe: says which one it is, for the message if the run stops there.
        apart: cuts it into batches that are tried alone; of one that cannot be cut, itself.
        given_up: the result of one that was tried alone in vain.
        together: the results of what a batch was cut into as one.
    """

    describe: Callable[[Batch], str]
    apart: Callable[[Batch], Sequence[Batch]]
    given_up: Callable[[Batch], Result]
    together: Callable[[Sequence[Result]], Result]


def map_in_processes(
    function: Callable[[Batch], Result],
    batches: Iterable[Batch],
    *,
    workers: int,
    rescue: Rescue[Batch, Result],
    replaced: Callable[[], None] = lambda: None,
) -> Iterator[Result]:
    """Apply a function to batches in `workers` processes.

    Args:
        function: is pickled once for each process, and with it what it holds.
        batches: taken as they are needed.
        replaced: called after a process that died was replaced.

    Yields:
        The results, in the order of the batches.

    Raises:
        NoteError: processes die again and again, with nothing done meanwhile, or before they begin.
        LinkerError: the function raised it.
    """
    with closing(Workers(function, workers)) as pool:
        yield from _Dispatch(pool, iter(batches), rescue, replaced).results()


def worn_out(last: str) -> NoteError:
    """What ends a run whose workers die again and again; `last` is what the last one had."""
    return NoteError(
        f"worker processes die again and again, the last one with {last} (is memory short? fewer "
        "--workers take less); what was done is kept: use --resume to go on"
    )


@dataclass(slots=True)
class _Task(Generic[Batch]):
    """A batch, or a part of one.

    Attributes:
        number: the batch's.
        part: which part of it; None: all of it.
        deaths: of processes that had it.
    """

    number: int
    batch: Batch
    part: int | None = None
    deaths: int = 0


class _Dispatch(Generic[Batch, Result]):
    """Which process has which task, and which results wait for their turn."""

    def __init__(
        self,
        pool: Workers[Batch, Result],
        batches: Iterator[Batch],
        rescue: Rescue[Batch, Result],
        replaced: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._idle = pool.connections()
        self._busy: dict[Connection, _Task[Batch]] = {}
        self._batches = batches
        self._rescue = rescue
        self._replaced = replaced
        self._again: deque[_Task[Batch]] = deque()
        self._parts: dict[int, dict[int, Result]] = {}
        self._n_parts: dict[int, int] = {}
        self._results: dict[int, Result] = {}
        self._window = _AHEAD * len(self._idle)
        self._next = self._sent = self._deaths = 0
        self._has_begun = False

    def results(self) -> Iterator[Result]:
        while True:
            self._send()
            if not self._busy:
                return
            for connection in self._pool.wait(self._busy):
                self._receive(connection)
            while self._next in self._results:
                yield self._results.pop(self._next)
                self._next += 1

    def _send(self) -> None:
        while self._idle and (task := self._following()) is not None:
            connection = self._idle.pop()
            self._busy[connection] = task
            try:
                self._pool.send(connection, task.batch)
            except OSError as error:
                # It died before it had the batch.
                self._bury(connection, error)
                self._again.appendleft(task)

    def _following(self) -> _Task[Batch] | None:
        if self._again:
            return self._again.popleft()
        if self._sent - self._next == self._window:
            return None
        for batch in self._batches:
            self._sent += 1
            return _Task(self._sent - 1, batch)
        return None

    def _receive(self, connection: Connection) -> None:
        try:
            result = self._pool.receive(connection)
        except (EOFError, OSError) as error:
            is_to_blame = self._pool.has_begun(connection)
            task = self._bury(connection, error)
            if is_to_blame:
                self._retry(task)
            else:
                self._again.appendleft(task)
            return
        self._deaths = 0
        self._has_begun = True
        self._idle.append(connection)
        self._done(self._busy.pop(connection), result)

    def _bury(self, connection: Connection, error: Exception) -> _Task[Batch]:
        """Replace a process that died; what it had."""
        task = self._busy.pop(connection)
        self._deaths += 1
        self._has_begun |= self._pool.has_begun(connection)
        if self._deaths == _STILLBORN and not self._has_begun:
            raise NoteError(
                "worker processes end before their first note (exit code "
                f"{self._pool.exit_code(connection)}; their own messages are above). Is memory "
                "short? Fewer --workers take less, and one needs no process. A script with classes "
                'of its own has to call this below `if __name__ == "__main__":`'
            ) from error
        if self._deaths == DEATHS:
            raise worn_out(self._rescue.describe(task.batch)) from error
        self._idle.append(self._pool.replace(connection))
        self._replaced()
        return task

    def _retry(self, task: _Task[Batch]) -> None:
        """See to what a process died of."""
        task.deaths += 1
        if task.part is not None:
            self._done(task, self._rescue.given_up(task.batch))
        elif task.deaths == 1:
            self._again.append(task)
        else:
            parts = self._rescue.apart(task.batch)
            self._parts[task.number] = {}
            self._n_parts[task.number] = len(parts)
            self._again.extend(_Task(task.number, part, i) for i, part in enumerate(parts))

    def _done(self, task: _Task[Batch], result: Result) -> None:
        number = task.number
        if task.part is None:
            self._results[number] = result
            return
        parts = self._parts[number]
        parts[task.part] = result
        if len(parts) == self._n_parts[number]:
            self._results[number] = self._rescue.together([parts[i] for i in range(len(parts))])
            del self._parts[number], self._n_parts[number]

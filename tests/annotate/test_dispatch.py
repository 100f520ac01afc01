"""Batches in processes: their order, and what becomes of those whose process dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from linker.annotate import dispatch
from linker.annotate.dispatch import Rescue, map_in_processes
from linker.errors import LinkerError, NoteError

RESCUE: Rescue[list[int], list[str]] = Rescue(
    describe="numbers {}".format,
    apart=lambda batch: [[number] for number in batch],
    given_up=lambda batch: [f"{number} given up" for number in batch],
    together=lambda parts: [word for part in parts for word in part],
)
BATCHES = [[0, 1], [2, 3, 4], [5], [6, 7], [8], [9]]


class Processes:
    """As `Workers`, in this process; the last that was sent a batch answers first.

    Args:
        deadly: how many processes each of these numbers ends.
        idle: how many processes die before they are sent their first batch.
        stillborn: which of the processes, counted from 0, die before they come to it.
    """

    def __init__(
        self, deadly: dict[int, int], *, idle: int = 0, stillborn: Collection[int] = ()
    ) -> None:
        self._deadly, self._idle = dict(deadly), idle
        self._stillborn = stillborn
        self._n = 0
        self._batches: dict[int, list[int]] = {}
        self.is_closed = False

    def __call__(self, function: object, n: int) -> Processes:
        self._n = n
        return self

    def connections(self) -> list[int]:
        return list(range(self._n))

    def wait(self, connections: Sequence[int]) -> list[int]:
        return [max(connections)]

    def send(self, connection: int, batch: list[int]) -> None:
        if self._idle:
            self._idle -= 1
            raise BrokenPipeError
        self._batches[connection] = batch

    def has_begun(self, connection: int) -> bool:
        return connection not in self._stillborn

    def exit_code(self, connection: int) -> int:
        return connection

    def receive(self, connection: int) -> list[str]:
        batch = self._batches.pop(connection)
        if connection in self._stillborn:
            raise EOFError
        for number in batch:
            if self._deadly.get(number, 0):
                self._deadly[number] -= 1
                raise EOFError
        return [str(number) for number in batch]

    def replace(self, connection: int) -> int:
        self._n += 1
        return self._n - 1

    def close(self) -> None:
        self.is_closed = True


def _mapped(
    monkeypatch: pytest.MonkeyPatch, processes: Processes, workers: int = 2
) -> tuple[list[list[str]], int]:
    monkeypatch.setattr(dispatch, "Workers", processes)
    deaths: list[None] = []
    done = map_in_processes(
        str, BATCHES, workers=workers, rescue=RESCUE, replaced=lambda: deaths.append(None)
    )
    results = list(done)
    assert processes.is_closed
    return results, len(deaths)


WHOLE = [[str(number) for number in batch] for batch in BATCHES]


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_results_come_in_the_order_of_the_batches(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    assert _mapped(monkeypatch, Processes({}), workers) == (WHOLE, 0)


@pytest.mark.parametrize(
    "processes",
    [
        Processes({3: 1}),
        Processes({0: 1, 9: 1, 5: 1}),
        Processes({}, idle=3),
        Processes({}, stillborn={1}),
        # A death of its own and two of processes that never had it.
        Processes({0: 1}, stillborn={1, 2}),
    ],
)
def test_a_batch_whose_process_died_is_done_again(
    monkeypatch: pytest.MonkeyPatch, processes: Processes
) -> None:
    results, deaths = _mapped(monkeypatch, processes)
    assert results == WHOLE
    assert deaths in (1, 3)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_ends_every_process_is_given_up_alone(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    found, deaths = _mapped(monkeypatch, Processes({3: 99, 5: 99}), workers)
    assert found == [["0", "1"], ["2", "3 given up", "4"], ["5 given up"], *WHOLE[3:]]
    # The whole batch twice, and its part once.
    assert deaths == 6


def test_what_ends_two_processes_is_done_by_the_third(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _mapped(monkeypatch, Processes({4: 2})) == (WHOLE, 2)


def test_deaths_without_end_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for any of them: not one note after the other is in error for it."""
    expected = (
        r"worker processes die again and again, the last one with numbers \[[0-9, ]+\] \(is memory "
        r"short\? fewer --workers take less\); .* use --resume to go on"
    )
    with pytest.raises(NoteError, match=expected):
        _mapped(monkeypatch, Processes(dict.fromkeys(range(10), 99)))


def test_processes_that_never_begin_stop_the_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No note is in error for what is wrong with the script."""
    expected = (
        r"^worker processes end before their first note \(exit code 3; their own messages are "
        r"above\)\. Is memory short\? Fewer --workers take less, and one needs no process\. "
        r"A script with classes of its own has to call this below `if __name__ == \"__main__\":`$"
    )
    with pytest.raises(NoteError, match=expected):
        _mapped(monkeypatch, Processes({}, stillborn=range(99)))


def test_as_many_deaths_with_something_done_between_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found, deaths = _mapped(monkeypatch, Processes({1: 99, 3: 99, 5: 99, 7: 99, 8: 99}), workers=1)
    assert [word for batch in found for word in batch if "given up" in word] == [
        f"{number} given up" for number in (1, 3, 5, 7, 8)
    ]
    assert deaths == 15


def _killed_by_a_seven(died: Path, batch: list[int]) -> list[str]:
    if 7 in batch and not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if 9 in batch:
        raise LinkerError("no detector")
    return [str(number) for number in batch]


def test_processes_that_are_killed_are_replaced(tmp_path: Path) -> None:
    deaths: list[None] = []
    done: Iterator[list[str]] = map_in_processes(
        partial(_killed_by_a_seven, tmp_path / "died"),
        BATCHES,
        workers=1,
        rescue=RESCUE,
        replaced=lambda: deaths.append(None),
    )
    assert [next(done) for _ in WHOLE[:-1]] == WHOLE[:-1]
    assert len(deaths) == 1
    # What the function raises of ours comes out.
    with pytest.raises(LinkerError, match=r"^no detector$"):
        next(done)

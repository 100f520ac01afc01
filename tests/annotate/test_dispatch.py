"""Batches in processes: their order, and what becomes of those whose process dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
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


def _killed_by(deadly: set[int], once: Path | None, batch: list[int]) -> list[str]:
    for number in batch:
        if number in deadly and not (once and once.exists()):
            if once:
                once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [str(number) for number in batch]


def _mapped(
    function: Callable[[list[int]], list[str]], batches: list[list[int]]
) -> tuple[list[list[str]], int]:
    deaths: list[None] = []
    results = map_in_processes(
        function, batches, workers=2, rescue=RESCUE, replaced=lambda: deaths.append(None)
    )
    return list(results), len(deaths)


BATCHES = [[0, 1], [2, 3, 4], [5], [6, 7], [8], [9]]


def test_a_batch_whose_process_died_is_done_again(tmp_path: Path) -> None:
    found = _mapped(partial(_killed_by, {3}, tmp_path / "died"), BATCHES)
    assert found == ([[str(number) for number in batch] for batch in BATCHES], 1)


def test_what_ends_every_process_is_given_up_alone() -> None:
    found, deaths = _mapped(partial(_killed_by, {3, 5}, None), BATCHES)
    assert found == [["0", "1"], ["2", "3 given up", "4"], ["5 given up"], ["6", "7"], ["8"], ["9"]]
    # The whole batch twice, and its part once.
    assert deaths == 6


def test_deaths_without_end_stop_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory for any of them: not one note after the other is in error for it."""
    monkeypatch.setattr(dispatch, "_DEATHS", 3)
    done = map_in_processes(
        partial(_killed_by, {*range(9)}, None), BATCHES, workers=2, rescue=RESCUE
    )
    expected = (
        r"worker processes die again and again, the last one with numbers \[[0-4, ]+\] \(is memory "
        r"short\? fewer --workers take less\); .* use --resume to go on"
    )
    with pytest.raises(NoteError, match=expected):
        list(done)


def _refuses(batch: list[int]) -> list[str]:
    if 7 in batch:
        raise LinkerError("no detector")
    return [str(number) for number in batch]


def test_what_the_function_raises_of_ours_comes_out() -> None:
    done = map_in_processes(_refuses, BATCHES, workers=2, rescue=RESCUE)
    with pytest.raises(LinkerError, match=r"^no detector$"):
        list(done)

"""What the processes of a run are given."""

from __future__ import annotations

import os
import signal

import pytest

from linker.annotate.workers import map_in_processes
from linker.errors import NoteError


def _threads(batch: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS") if batch else None


@pytest.mark.parametrize(("asked", "each"), [("1", "1"), ("8", "4")])
def test_workers_share_the_cores_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, each: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert list(map_in_processes(_threads, [1, 1], workers=2, describe=str)) == [each, each]
    assert os.environ["OMP_NUM_THREADS"] == asked


def _killed_by_a_seven(batch: int) -> int:
    if batch == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch


def test_what_a_worker_died_of_is_told() -> None:
    """Else a note that kills each process that meets it could not be found among millions."""
    done = map_in_processes(_killed_by_a_seven, range(9), workers=2, describe="number {}".format)
    expected = r"a worker process died with number 7 \(was memory short\?\); .* use --resume"
    with pytest.raises(NoteError, match=expected):
        list(done)

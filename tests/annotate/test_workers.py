"""What the processes of a run are given."""

from __future__ import annotations

import os

import pytest

from linker.annotate.workers import map_in_processes


def _threads(batch: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS") if batch else None


@pytest.mark.parametrize(("asked", "each"), [("1", "1"), ("8", "4")])
def test_workers_share_the_cores_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, each: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert list(map_in_processes(_threads, [1, 1], workers=2)) == [each, each]
    assert os.environ["OMP_NUM_THREADS"] == asked

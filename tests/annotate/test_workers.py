"""The processes of a run: what each is given."""

from __future__ import annotations

import os
from contextlib import closing

import pytest

from linker.annotate.workers import Workers


def _threads(batch: int) -> str | None:
    return os.environ.get("OMP_NUM_THREADS") if batch else None


@pytest.mark.parametrize(("asked", "each"), [("1", "1"), ("8", "4")])
def test_workers_share_the_cores_that_were_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, each: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    with closing(Workers(_threads, 2)) as pool:
        for connection in pool.connections():
            pool.send(connection, 1)
            assert pool.receive(connection) == each
    assert os.environ["OMP_NUM_THREADS"] == asked

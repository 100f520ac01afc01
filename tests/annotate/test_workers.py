"""The processes of a run: what each is given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cases import PATIENCE

from linker.annotate.workers import Workers
from linker.errors import IndexFolderError


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


class _Gone:
    """As a linker whose index is replaced before a worker opens it."""

    def __call__(self, batch: int) -> int:
        return batch

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return (_refuse, ("indexes/hpo",))


def _refuse(index: str) -> None:
    raise IndexFolderError(f"{index}: another index")


def test_a_function_that_no_worker_can_open_says_why() -> None:
    with closing(Workers(_Gone(), 1)) as pool:
        [connection] = pool.connections()
        pool.send(connection, 1)
        with pytest.raises(IndexFolderError, match="indexes/hpo: another index"):
            pool.receive(connection)


UNGUARDED = """
from contextlib import closing
from os.path import basename
from linker.annotate.workers import Workers

print("read")
with closing(Workers(basename, 1)) as pool:
    [connection] = pool.connections()
    pool.send(connection, "notes/a.jsonl")
    assert pool.wait([connection]) == [connection]
    print(pool.receive(connection))
"""
OF_ITS_OWN = """
from contextlib import closing
from linker.annotate.workers import Workers

class Twice:
    def __call__(self, batch):
        return 2 * batch

print("read", flush=True)

def main():
    with closing(Workers(Twice(), 1)) as pool:
        [connection] = pool.connections()
        pool.send(connection, "ab")
        pool.wait([connection])
        assert pool.has_begun(connection)
        print(pool.receive(connection))

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("way", ["file", "stdin", "command"])
def test_a_script_without_a_guard_is_not_run_again_by_its_workers(tmp_path: Path, way: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    arguments = {"file": [str(script)], "stdin": ["-"], "command": ["-c", UNGUARDED]}[way]
    assert _said(arguments, stdin=UNGUARDED) == "read\na.jsonl\n"


def test_a_class_of_a_script_with_a_guard_is_found_by_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(OF_ITS_OWN)
    assert sorted(_said([str(script)]).split()) == ["abab", "read", "read"]


def test_a_class_of_a_script_without_one_is_told(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        OF_ITS_OWN.partition("def main")[0]
        + """
from linker.annotate.dispatch import Rescue, map_in_processes

rescue = Rescue(describe=str, apart=list, given_up=str, together=list)
print(list(map_in_processes(Twice(), ["ab", "cd"], workers=2, rescue=rescue)))
"""
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "linker.errors.NoteError: worker processes end before their first note (exit code 1; "
    )


def _said(arguments: list[str], stdin: str = "") -> str:
    return subprocess.run(
        [sys.executable, *arguments],
        input=stdin, capture_output=True, text=True, check=True, timeout=PATIENCE,
    ).stdout  # fmt: skip

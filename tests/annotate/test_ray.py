"""A run on a Ray cluster of several machines, which are processes here, against the local run."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases import FakeEncoder, FatalDetector

from linker import Linker
from linker.annotate import NoteStream, annotate_files
from linker.annotate.batch import BATCH_NOTES
from linker.errors import DetectorError, NoteError
from linker.index import Index

pytest.importorskip("ray", reason="ray is not installed: the extra [ray] brings it")
# Ray leaves sockets and files to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

TESTS = Path(__file__).parents[1]
SECRET = "zebrafish"
N_NOTES = 10 * BATCH_NOTES


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import ray
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", f"{TESTS.parent}:{TESTS}")
        node = {"num_cpus": 1, "object_store_memory": 80 << 20}
        machines = Cluster(
            initialize_head=True, head_node_args={**node, "include_dashboard": False}
        )
        machines.add_node(**node)
        ray.init(address=machines.address, log_to_driver=False)
        yield machines
        ray.shutdown()
        machines.shutdown()


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files; ids come twice in one and across both, and each bad note holds a secret."""
    folder = tmp_path_factory.mktemp("notes")
    lines: list[str] = []
    for i in range(N_NOTES):
        text = ["No fever.", "fever \ud83d \x00", f"fever, again fever {i}", ""][i % 4]
        if i == N_NOTES // 2:
            text = "A deadly fever."
        if i == 5:
            text = f"breaks: {SECRET} fever"
        lines.append(json.dumps({"id": f"n{i}", "text": text}))
        if i % 50 == 7:
            lines.append(f'{{"id": "cut {i}", "text": "{SECRET}')
        if i % 90 == 9:
            lines.append(json.dumps({"id": "n3", "text": f"{SECRET} twice fever"}))
    (folder / "a.jsonl").write_text("\n".join(lines[: len(lines) // 2]), encoding="utf-8")
    (folder / "b.jsonl").write_text("\n".join(lines[len(lines) // 2 :]), encoding="utf-8")
    return folder


def _linker(index: Path, died: Path | None, *, word: str = "deadly") -> Linker:
    detector = FatalDetector(word, died, breaks="breaks")
    return Linker(Index.open(index), encoder=FakeEncoder(), detector=detector)


@pytest.fixture(scope="module")
def whole(index: Index, notes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """What the local run writes: the links and the errors."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "died").touch()
    annotate_files(_linker(index.path, folder / "died"), [notes], folder / "out")
    return _written(folder / "out")


def _written(out: Path) -> tuple[bytes, ...]:
    return out.read_bytes(), out.with_name(f"{out.name}.errors.jsonl").read_bytes()


def test_a_killed_worker_loses_nothing(
    cluster: Any, index: Index, notes: Path, whole: tuple[bytes, ...], tmp_path: Path
) -> None:
    out, died = tmp_path / "out", tmp_path / "died"
    counts = annotate_files(_linker(index.path, died), [notes], out, ray="auto")
    assert died.exists()
    assert _written(out) == whole
    assert counts.notes == N_NOTES - 1
    assert counts.errors == len(whole[1].splitlines()) == 13 + 8 + 1
    manifest = json.loads(out.with_name("out.run.json").read_bytes())
    assert manifest["this_run"]["workers"] == 2
    assert manifest["holds"]["notes"] == N_NOTES - 1
    logs = [p for p in Path(cluster.head_node.get_logs_dir_path()).rglob("*") if p.is_file()]
    assert any(path.name.startswith("worker-") for path in logs)
    assert not [path for path in logs if SECRET.encode() in path.read_bytes()]


DRIVER = """
import os, signal, sys
from pathlib import Path
import cases, test_ray
from linker.annotate import annotate_files

def kill(stream, n):
    kill.batches += 1
    if kill.batches == 5:
        os.kill(os.getpid(), signal.SIGKILL)

kill.batches = 0
index, died, notes, out, address = sys.argv[1:]
linker = test_ray._linker(Path(index), Path(died))
annotate_files(linker, [notes], out, ray=address, progress=kill)
"""


def test_a_run_goes_on_after_its_driver_was_killed_though_a_machine_goes_meanwhile(
    cluster: Any, index: Index, notes: Path, whole: tuple[bytes, ...], tmp_path: Path
) -> None:
    out, died = tmp_path / "out", tmp_path / "died"
    died.touch()
    died_with = subprocess.run(
        [sys.executable, "-c", DRIVER, index.path, died, notes, out, cluster.address],
        env={"PYTHONPATH": f"{TESTS.parent}:{TESTS}:{TESTS / 'annotate'}", "PATH": "/usr/bin:/bin"},
        check=False,
        capture_output=True,
    )
    assert died_with.returncode == -signal.SIGKILL, died_with.stderr.decode()
    assert not out.exists()
    lost = [cluster.add_node(num_cpus=1, object_store_memory=80 << 20)]

    def lose_a_machine(stream: NoteStream, n: int) -> None:
        if lost:
            cluster.remove_node(lost.pop(), allow_graceful=False)

    counts = annotate_files(
        _linker(index.path, died),
        [notes],
        out,
        ray="auto",
        resume=True,
        progress=lose_a_machine,
    )
    assert not lost
    assert counts.resumed == 5 * BATCH_NOTES
    assert counts.notes + counts.errors + counts.resumed == N_NOTES + 13 + 8
    assert _written(out) == whole


def test_a_note_that_kills_every_worker_is_given_up(
    cluster: Any, index: Index, notes: Path, tmp_path: Path
) -> None:
    local, out = tmp_path / "local", tmp_path / "out"
    at_home = annotate_files(_linker(index.path, None), [notes], local, workers=2)
    counts = annotate_files(_linker(index.path, None), [notes], out, ray="auto")
    assert _written(out) == _written(local)
    assert b"each process that annotated its 15 characters died" in _written(out)[1]
    assert counts.deaths >= 4
    assert at_home.deaths == 3


def test_what_stops_a_worker_is_told_here(
    cluster: Any, index: Index, notes: Path, tmp_path: Path
) -> None:
    with pytest.raises(DetectorError, match="no such spaCy pipeline"):
        annotate_files(
            Linker(index, detector="no_such_pipeline"), [notes], tmp_path / "out", ray="auto"
        )
    assert list(tmp_path.glob("out*")) == []


def test_stdin_is_refused(cluster: Any, linker: Linker, tmp_path: Path) -> None:
    with pytest.raises(NoteError, match="stdin and databases cannot be read"):
        annotate_files(linker, ["-"], tmp_path / "out", ray="auto")

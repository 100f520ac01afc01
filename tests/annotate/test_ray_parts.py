"""What of a run on Ray needs no cluster to be seen."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from linker import Linker
from linker.annotate import NoteStream, annotate_files
from linker.annotate.batch import Done, Item
from linker.annotate.settle import Sighting
from linker.errors import IndexFolderError, LinkerError, MissingExtraError, NoteError
from linker.schema import Note

pytest.importorskip("ray", reason="ray is not installed: the extra [ray] brings it")
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

NOTES = [Sighting(Note("n1", "Fever."), b"digest", "a.jsonl", 1)]


def test_an_address_where_nothing_listens_is_told_at_once() -> None:
    """Ray itself tries for minutes."""
    from linker.annotate.ray import connected

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    for asked in (address, "127.0.0.1:99999"):
        expected = rf"--ray {asked}: nothing answers there \(.+\); start a cluster with `ray start"
        with pytest.raises(NoteError, match=expected), connected(asked, workers=1):
            pass


def test_what_ray_writes_is_its_users_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects that do not fit into its memory, notes among them, go to files in /tmp."""
    import ray

    from linker.annotate.ray import connected

    def init(**_: Any) -> None:
        (tmp_path / "spilled").touch()
        raise ConnectionError

    mask = os.umask(0)
    os.umask(mask)
    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(NoteError), connected("local", workers=1):
        pass
    (tmp_path / "after").touch()
    assert (tmp_path / "spilled").stat().st_mode & 0o077 == 0
    assert (tmp_path / "after").stat().st_mode & 0o777 == 0o666 & ~mask


def test_why_a_cluster_does_not_take_us_in_is_told() -> None:
    from linker.annotate.ray.cluster import refusal

    refused = ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379")
    refused.__cause__ = RuntimeError("ray.exceptions.AuthenticationError: InvalidAuthToken")
    assert refusal(refused).startswith("the cluster asks for a token; set RAY_AUTH_MODE=token")
    other = "Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
    assert refusal(RuntimeError(other)) == (
        "Version mismatch: The cluster was started with: Ray: 2.60.0 Python: 3.11.7; install the "
        "same versions on all machines"
    )
    assert refusal(ValueError("what is this")).startswith("no such cluster (ValueError); start one")


def _annotated(reopen: Any, expected: dict[str, Any], folder: Path) -> tuple[list[Sighting], Done]:
    """What the driver gets of a batch that an actor was given."""
    from linker.annotate.ray import rows
    from linker.annotate.ray.actor import Annotator
    from linker.annotate.ray.deaths import Book

    def annotate(linker: Linker, batch: list[Item]) -> Done:
        return Done(b"frame", tuple((item.id, text, True) for item, text in batch), 2)

    actor = Annotator(reopen, expected, annotate, folder, Book())
    (row,) = actor(rows.table([rows.of_read(NOTES, 7)])).to_pylist()
    assert row["read"] == 7
    return rows.sightings_of(row), rows.done_of(row)


def test_an_actor_answers_with_what_the_journal_takes(linker: Linker, tmp_path: Path) -> None:
    from linker.annotate.ray.actor import made_of

    sightings, done = _annotated(lambda: linker, made_of(linker), tmp_path / "not here")
    assert sightings == [NOTES[0].placed()]
    assert done == Done(b"frame", (("n1", b"digest", True),), 2)


@pytest.mark.parametrize("fails", [False, True])
def test_an_actor_opens_the_index_once_and_annotates_what_is_not_done_until_it_is_to_stop(
    linker: Linker, tmp_path: Path, fails: bool
) -> None:
    from linker.annotate.ray import rows
    from linker.annotate.ray.actor import Annotator, made_of
    from linker.annotate.ray.deaths import Book

    called: list[object] = []

    def reopen() -> Linker:
        called.append("opened")
        return linker

    def annotate(linker: Linker, batch: list[Item]) -> Done:
        called.append([item.id for item, _ in batch])
        if fails:
            raise NoteError("no more")
        return Done(b"frame", (), 0)

    before = Sighting(Note("n0", ""), b"digest", "a.jsonl", 1, is_done=True)
    read = [rows.of_read([before], 3), *(rows.of_read([before, *NOTES], 7) for _ in "ab")]
    actor = Annotator(reopen, made_of(linker), annotate, tmp_path, Book())
    answers = [
        answer
        for block in ([*read, rows.of_stop(ValueError())], read)
        for answer in actor(rows.table(block)).to_pylist()
    ]
    assert called == ["opened", *[["n1"]] * (1 if fails else 4)]
    told = ["no more" in answer["stop"] for answer in answers]
    assert told == [fails and i not in (0, 3) for i in range(7)]
    assert "a worker failed: ValueError" in answers[3]["stop"]


class _Died(BaseException):
    """What a worker dies of."""


def _batch(first: int, n: int, *fatal: int) -> list[Item]:
    ids = range(first, first + n)
    return [(Note(f"n{i}", "fatal" if i in fatal else "fever"), b"digest") for i in ids]


def _tried(book: Any, key: bytes, batches: list[list[Item]]) -> list[Done]:
    """What a worker makes of a block; it dies of a note that says "fatal"."""
    from linker.annotate.ray.deaths import Block

    def annotate(batch: list[Item]) -> Done:
        if any(isinstance(item, Note) and item.text == "fatal" for item, _ in batch):
            raise _Died
        return Done(b"", tuple((item.id, text, True) for item, text in batch), 0)

    block = Block(book, key, annotate)
    block.open(batches[0])
    found = [block.done(i, batch) for i, batch in enumerate(batches)]
    block.close()
    return found


def test_notes_that_workers_die_of_are_given_up_and_no_others() -> None:
    from linker.annotate.ray.deaths import Book

    book = Book()
    batches = [_batch(0, 4), _batch(4, 4, 5, 7), _batch(8, 4)]
    for deaths in range(5):  # the block twice, batch 1, note 5, note 7
        with pytest.raises(_Died):
            _tried(book, b"block", batches)
        assert book.count() == deaths
    found = [item for done in _tried(book, b"block", batches) for item in done.items]
    assert [note_id for note_id, _, _ in found] == [f"n{i}" for i in range(12)]
    assert [note_id for note_id, _, is_well in found if not is_well] == ["n5", "n7"]
    assert book.count() == 5
    # It was closed: whoever has to make its results again does it whole.
    with pytest.raises(_Died):
        _tried(book, b"block", batches)
    assert book.count() == 5


def test_a_block_whose_worker_was_ended_for_anothers_sake_loses_nothing() -> None:
    from linker.annotate.ray.deaths import Book

    book = Book()
    for _ in range(2):
        assert book.opened(b"block").in_a_row == book.count()
    (done,) = _tried(book, b"block", [_batch(0, 4)])
    assert [is_well for *_, is_well in done.items] == [True] * 4
    assert book.count() == 2


def test_what_was_done_between_two_deaths_counts_though_a_block_has_both() -> None:
    from linker.annotate.ray.deaths import Book

    book = Book()
    in_a_row = []
    for parts in ([(0,)], [(0,)], [(0,), (1,)], [(0,)]):
        in_a_row.append(book.opened(b"block").in_a_row)
        for part in parts:
            book.begun(b"block", part)
    # Who begins the second part has done the first.
    assert in_a_row == [0, 1, 2, 1]


def test_workers_that_die_of_the_index_end_the_run(tmp_path: Path) -> None:
    from linker.annotate.ray import rows
    from linker.annotate.ray.actor import Annotator
    from linker.annotate.ray.deaths import Book

    def reopen() -> Linker:
        raise _Died

    book = Book()
    block = rows.table([rows.of_read(NOTES, 7)])
    for _ in range(10):
        with pytest.raises(_Died):
            Annotator(reopen, {}, lambda *_: Done(b"", (), 0), tmp_path, book)(block)
    answer = Annotator(reopen, {}, lambda *_: Done(b"", (), 0), tmp_path, book)(block)
    with pytest.raises(NoteError, match=r"die again and again, the last one with the note 'n1' of"):
        rows.done_of(answer.to_pylist()[0])


def test_workers_that_die_with_nothing_done_end_the_run() -> None:
    from linker.annotate.ray.deaths import Book

    book = Book()
    batches = [_batch(0, 20, *range(20))]
    for _ in range(10):
        with pytest.raises(_Died):
            _tried(book, b"block", batches)
    with pytest.raises(NoteError, match=r"die again and again, the last one with the notes 'n0' t"):
        _tried(book, b"block", batches)
    # Others do something meanwhile: then it is these notes.
    _tried(book, b"other", [_batch(90, 1)])
    for _ in range(9):
        with pytest.raises(_Died):
            _tried(book, b"block", batches)


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"index": {"names.arrow": "0"}}, "index"),
        ({"tool_version": "concept-linker 0.0.9"}, "tool version"),
        ({"threshold": 0.5, "detector": "clinical"}, "detector and threshold"),
    ],
)
def test_a_machine_that_would_link_otherwise_stops_the_run(
    linker: Linker, tmp_path: Path, changed: dict[str, Any], what: str
) -> None:
    from linker.annotate.ray.actor import made_of

    expected = rf"on [\d.]+: .*: another {what} than where the run was started; .* --resume"
    with pytest.raises(NoteError, match=expected):
        _annotated(lambda: linker, {**made_of(linker), **changed}, tmp_path)


def test_a_machine_that_does_not_have_the_index_stops_the_run(tmp_path: Path) -> None:
    def reopen() -> Linker:
        return Linker.load(tmp_path / "hpo")

    expected = r"on [\d.]+: .*hpo: .*\. All machines must see the index under the same path"
    with pytest.raises(IndexFolderError, match=expected):
        _annotated(reopen, {}, tmp_path)


def test_a_machine_needs_the_folder_of_the_run_for_relative_paths_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linker.annotate.ray.source import look_for_folders, stand_in

    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.jsonl").write_text(json.dumps({"id": "n1", "text": "Fever."}))
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "gone"
    stand_in(gone)
    assert Path.cwd() == tmp_path
    look_for_folders(NoteStream([tmp_path / "notes"]), gone)
    look_for_folders(NoteStream(["notes"]), tmp_path)
    with pytest.raises(FileNotFoundError, match="gone/notes"):
        look_for_folders(NoteStream(["notes"]), gone)


def _on_ray_here(
    linker: Linker,
    stream: NoteStream,
    done: Any,
    digest: Any,
    annotate: Callable[[Linker, list[Item]], Done],
    *_: object,
) -> Iterator[tuple[list[Sighting], Done, int]]:
    """As `annotate_on_ray`, in this process."""
    from linker.annotate.ray import read_batches, rows

    for batch in read_batches(stream, done, digest):
        (row,) = batch.to_pylist()
        sightings = rows.sightings_of(row)
        left = [(s.item, s.text) for s in sightings if not s.is_done]
        found = annotate(linker, left) if left else Done(b"", (), 0)
        row = rows.of_done(sightings, found, row)
        yield rows.sightings_of(row), rows.done_of(row), row["read"]


@pytest.mark.parametrize("ray", [None, "auto"])
def test_what_was_mended_before_a_run_goes_on_is_no_error_any_more(
    linker: Linker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ray: str | None
) -> None:
    from linker.annotate.ray import Cluster

    def stop(stream: NoteStream, n: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "linker.annotate.ray.connected", lambda *_, **__: nullcontext(Cluster(1, 0))
    )
    monkeypatch.setattr("linker.annotate.ray.annotate_on_ray", _on_ray_here)
    path, out = tmp_path / "a.jsonl", tmp_path / "out"
    notes = [{"id": "n1"}, {"id": "n2", "text": "Fever."}, {"id": "n2", "text": "Nausea."}, {}]
    path.write_text("\n".join(map(json.dumps, notes)))
    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [path], out, ray=ray, progress=stop)
    notes[0]["text"] = "Fever."
    path.write_text("\n".join(map(json.dumps, notes)))
    counts = annotate_files(linker, [path], out, ray=ray, resume=True)
    assert (counts.notes, counts.errors, counts.resumed, counts.held_errors) == (1, 0, 4, 2)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted((line["id"], line["links"][0]["concept_id"]) for line in found) == [
        ("n1", "X:0006"),
        ("n2", "X:0006"),
    ]
    errors = out.with_name("out.errors.jsonl").read_text().splitlines()
    assert [(json.loads(line)["id"], json.loads(line)["line"]) for line in errors] == [
        ("n2", 3),
        (None, 4),
    ]


@pytest.mark.parametrize(
    ("has", "asked", "workers", "gpus"),
    [
        ({"CPU": 4.0}, None, 4, 0.0),
        ({"CPU": 0.5, "GPU": 1.0}, None, 1, 1.0),
        ({}, None, 1, 0.0),
        ({"CPU": 4.0, "GPU": 8.0}, None, 4, 1.0),  # an actor has one at most
        ({"CPU": 64.0, "GPU": 1.0}, 3, 3, 0.3333),  # so that three of them fit
    ],
)
def test_workers_are_as_many_as_cores_and_share_the_gpus(
    monkeypatch: pytest.MonkeyPatch,
    has: dict[str, float],
    asked: int | None,
    workers: int,
    gpus: float,
) -> None:
    import ray

    from linker.annotate.ray import Cluster, connected

    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    monkeypatch.setattr(ray, "cluster_resources", lambda: has)
    with connected("auto", workers=asked) as cluster:
        assert cluster == Cluster(workers, gpus)


@pytest.mark.parametrize(
    ("address", "already", "options"),
    [
        ("local", False, {"num_cpus": 2, "include_dashboard": False}),
        ("auto", False, {}),
        ("auto", True, None),
    ],
)
def test_what_was_not_connected_before_is_not_afterwards(
    monkeypatch: pytest.MonkeyPatch, address: str, already: bool, options: dict[str, Any] | None
) -> None:
    import ray

    from linker.annotate.ray import connected

    calls: list[dict[str, Any]] = []

    def init(**given: Any) -> None:
        names = ("RAY_USAGE_STATS_ENABLED", "RAY_BACKEND_LOG_LEVEL")
        assert [os.environ.get(name) for name in names] == ["0", "fatal"]
        calls.append(given)

    monkeypatch.delenv("RAY_BACKEND_LOG_LEVEL", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "1")
    monkeypatch.setattr(ray, "is_initialized", lambda: already)
    monkeypatch.setattr(ray, "cluster_resources", dict)
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: calls.append({"shutdown": True}))
    with pytest.raises(KeyboardInterrupt), connected(address, workers=2):
        raise KeyboardInterrupt
    assert "RAY_BACKEND_LOG_LEVEL" not in os.environ
    asked = {"address": address, "log_to_driver": False, "logging_level": 40}
    expected = [] if options is None else [asked | options, {"shutdown": True}]
    assert calls == expected


@pytest.mark.parametrize(
    ("total", "workers", "block"),
    [(0, 4, 64 << 10), (16 << 20, 4, 256 << 10), (1 << 40, 4, 1 << 20)],
)
def test_blocks_are_neither_small_nor_large(total: int, workers: int, block: int) -> None:
    from linker.annotate.ray import Cluster
    from linker.annotate.ray.drive import _block_bytes

    assert _block_bytes(total, Cluster(workers, 0)) == block


def test_files_that_are_read_in_groups_are_read_as_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    from linker.annotate.ledger import Ledger, digest
    from linker.annotate.ray import rows, source
    from linker.annotate.settle import DoneNotes

    folder = tmp_path / "notes"
    folder.mkdir()
    for i in range(5):
        text = json.dumps({"id": f"n{i}", "text": "Fever."}) + ("\n{" if i == 3 else "")
        (folder / f"{i}.jsonl").write_text(text)
    size = (folder / "0.jsonl").stat().st_size
    monkeypatch.setattr(source, "GROUP_BYTES", 2 * size)
    ledger = Ledger()
    ledger.record("n1", digest("Fever."))
    ledger.record("n2", digest("No fever."))
    monkeypatch.chdir(folder)
    stream = NoteStream(["."])
    monkeypatch.setattr(ray, "get", DoneNotes.of)  # The reference is the ledger here.
    read = source.NoteSource(stream, ledger, lambda note: digest(note.text), folder)
    assert read.groups == [(0, 2, 2 * size), (2, 4, 2 * size + 2), (4, 5, size)]
    monkeypatch.chdir(tmp_path)  # A task goes where the run was started, on its machine.
    found = [
        row for task in read.get_read_tasks(1) for batch in task() for row in batch.to_pylist()
    ]
    assert [row["stop"] for row in found] == [""] * 3
    assert [row["read"] for row in found] == [2 * size, 4 * size + 2, 5 * size + 2]
    assert read.total_bytes == read.estimate_inmemory_data_size() == 5 * size + 2
    sightings = [sighting for row in found for sighting in rows.sightings_of(row)]
    assert [(s.item.id, s.is_done, s.n_characters, s.line) for s in sightings] == [
        ("n0", False, 6, 1),
        ("n1", True, 0, 1),
        ("n2", False, 6, 1),
        ("n3", False, 6, 1),
        (None, False, 0, 2),
        ("n4", False, 6, 1),
    ]
    assert [sighting.text for sighting in sightings[3:5]] == [digest("Fever."), b""]
    # Of a machine that does not see the notes a row says so: no exception leaves the task.
    (last,) = read.get_read_tasks(1)[2:]
    folder.rename(tmp_path / "elsewhere")
    (batch,) = last()
    (row,) = batch.to_pylist()
    assert "No such file or directory; all machines of the cluster must see" in row["stop"]


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (IndexFolderError("a: damaged"), IndexFolderError, r"^on [\d.]+: a: damaged$"),
        (MissingExtraError("torch", extra="torch"), LinkerError, r"^on [\d.]+: .*torch"),
        (
            FileNotFoundError(2, "No such file", "/data/notes"),
            NoteError,
            r"^on [\d.]+: /data/notes: No such file; all machines of the cluster must see the ",
        ),
        (OSError("of a library"), NoteError, r"^on [\d.]+: OSError; all machines"),
        (ValueError("zebrafish"), LinkerError, r"^on [\d.]+: a worker failed: ValueError$"),
    ],
)
def test_what_stops_a_task_is_raised_by_the_driver(
    error: Exception, kind: type[LinkerError], message: str
) -> None:
    from linker.annotate.ray import rows

    row = rows.of_stop(error)
    assert rows.sightings_of(row) == []
    with pytest.raises(LinkerError, match=message) as raised:
        rows.done_of(rows.of_done([], Done(b"", (), 0), row))
    assert type(raised.value) is kind
    assert "zebrafish" not in str(raised.value)

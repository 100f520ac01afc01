from __future__ import annotations

import gc
import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cases import PATIENCE, FakeEncoder, FatalDetector

from linker import Linker, Mention
from linker.annotate import Counts, NoteStream, annotate_files
from linker.annotate.batch import BATCH_NOTES
from linker.errors import ConfigError, DetectorError, MissingExtraError, NoteError
from linker.index import Index

SECRET = "zebrafish"
TESTS = Path(__file__).parents[1]

TEXTS = [
    "Known heart failure (HF), denies chest pain. HF stable.",
    "Father had a heart attack; SOB.\r\nNo fever 🙂.",
    "",
    "Femoral\nfracture, type II diabetes mellitus \ud83d \x00.",
    "All well.",
]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Notes in four batches, the last not full; some are bad, and each bad one holds a secret."""
    folder = tmp_path_factory.mktemp("notes")
    lines: list[str] = []
    for i in range(3 * BATCH_NOTES + 9):
        lines.append(json.dumps({"id": f"note {i}", "text": TEXTS[i % len(TEXTS)]}))
        if i % 23 == 5:
            lines.append(f'{{"id": "cut {i}", "text": "{SECRET}')
        if i % 31 == 7:
            lines.append(json.dumps({"id": "note 2", "text": f"a duplicate {SECRET}"}))
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "b.txt").write_bytes(b"zebrafish caf\xe9")
    (folder / "c.txt").write_text("No fever.", encoding="utf-8")
    return folder


N_NOTES = 3 * BATCH_NOTES + 9 + 1
N_ERRORS = 9 + 7 + 1


@pytest.fixture(scope="module")
def whole(index: Index, notes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """What a run writes that nothing disturbs: the links and the errors."""
    out = tmp_path_factory.mktemp("whole") / "links.jsonl"
    annotate_files(Linker(index, encoder=FakeEncoder()), [notes], out)
    return _written(out)


@pytest.fixture(scope="module")
def journal(index: Index, notes: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of such a run, which it leaves as its state."""
    out = tmp_path_factory.mktemp("journal") / "out"
    annotate_files(Linker(index, encoder=FakeEncoder()), [notes], out)
    return out.with_name("out.state").read_bytes()


def _written(out: Path) -> tuple[bytes, ...]:
    assert not _partial(out).exists()
    return out.read_bytes(), _errors(out).read_bytes()


def _partial(out: Path) -> Path:
    return out.with_name(f"{out.name}.partial")


def _errors(out: Path) -> Path:
    return out.with_name(f"{out.name}.errors.jsonl")


def _json(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


class Detector:
    """Finds "fever", and does what it is told to where it reads a word."""

    def __init__(self, on: dict[str, Callable[[str], None]]) -> None:
        self._on = on

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        for text in texts:
            for word, act in self._on.items():
                if word in text:
                    act(text)
        return [
            [Mention(t.index("fever"), t.index("fever") + 5, "fever")] if "fever" in t else []
            for t in texts
        ]


def _write(path: Path, *texts: str) -> Path:
    lines = [json.dumps({"id": str(i), "text": text}) for i, text in enumerate(texts)]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# What a run writes


def test_each_note_once_in_order(linker: Linker, whole: tuple[bytes, ...]) -> None:
    lines, errors = map(_json, whole)
    assert [line["id"] for line in lines] == [*(f"note {i}" for i in range(N_NOTES - 1)), "c"]
    assert len(errors) == N_ERRORS
    for line, text in zip(lines[:-1], TEXTS * N_NOTES, strict=False):
        assert [(link["start"], link["end"], link["concept_id"]) for link in line["links"]] == [
            (link.mention.start, link.mention.end, link.concept_id)
            for link in linker.annotate(text)
        ]
        assert all(text[x["start"] : x["end"]] == x["text"] for x in line["links"])


def test_counts(linker: Linker, notes: Path, whole: tuple[bytes, ...], tmp_path: Path) -> None:
    n_links = sum(x["concept_id"] is not None for line in _json(whole[0]) for x in line["links"])
    assert annotate_files(linker, [notes], tmp_path / "out") == Counts(
        notes=N_NOTES,
        errors=N_ERRORS,
        links=n_links,
        resumed=0,
        held_notes=N_NOTES,
        held_links=n_links,
        held_errors=N_ERRORS,
    )


def test_errors_tell_id_place_and_reason(notes: Path, whole: tuple[bytes, ...]) -> None:
    errors = _json(whole[1])
    assert all(list(error) == ["id", "file", "line", "reason"] for error in errors)
    assert errors[0]["file"] == str(notes / "a.jsonl")
    assert (errors[0]["line"], errors[0]["reason"][:8]) == (7, "not JSON")
    assert errors[-1] == {
        "id": "b",
        "file": str(notes / "b.txt"),
        "line": None,
        "reason": "not UTF-8: byte 0xe9 at position 13; save the file as UTF-8 (from CP1252: "
        "iconv -f CP1252 -t UTF-8)",
    }


def test_no_errors_leave_no_file(linker: Linker, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "links.jsonl"
    annotate_files(linker, [_write(tmp_path / "notes.jsonl", "Fever.")], out)
    assert sorted(path.name for path in out.parent.iterdir()) == [
        "links.jsonl",
        "links.jsonl.run.json",
        "links.jsonl.state",
    ]


def test_progress_is_told_of_every_note(linker: Linker, notes: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    def progress(stream: NoteStream, n: int) -> None:
        told.append((stream.bytes_read, n))

    annotate_files(linker, [notes], tmp_path / "out", progress=progress)
    assert sum(n for _, n in told) == N_NOTES + N_ERRORS
    assert told == sorted(told, key=lambda pair: pair[0])
    assert told[-1][0] == NoteStream([notes]).total_bytes


def test_how_far_the_output_is_written_is_told(linker: Linker, tmp_path: Path) -> None:
    """Two million notes take minutes to write, after all of them were annotated."""
    notes = [{"id": str(i), "text": "No fever."} for i in range(2100)]
    path, out, told = tmp_path / "notes.jsonl", tmp_path / "out", list[tuple[int, int]]()
    path.write_text("".join(f"{json.dumps(note)}\n" for note in notes))
    annotate_files(linker, [path], out, wrote=lambda *n: told.append(n))
    assert told == [(1000, 2100), (1000, 2100)]
    told.clear()
    path.write_text('{"id": "new", "text": "Fever."}\n')
    annotate_files(linker, [path], out, wrote=lambda *n: told.append(n))
    # The output, and its state.
    assert told == [(1000, 4202)] * 4


def test_cycles_are_looked_for_seldom_while_the_output_is_written(
    linker: Linker, tmp_path: Path
) -> None:
    """Of Parquet, 32,768 rows are held: to go through them again and again took a third of it."""
    notes = [{"id": str(i), "text": "No fever."} for i in range(2000)]
    path, out, seen = tmp_path / "notes.jsonl", tmp_path / "out.parquet", set[int]()
    path.write_text("".join(f"{json.dumps(note)}\n" for note in notes))
    before = gc.get_threshold()
    for _ in range(2):
        annotate_files(
            linker, [path], out, format="parquet", wrote=lambda *_: seen.add(gc.get_threshold()[0])
        )
        path.write_text('{"id": "new", "text": "Fever."}\n')
    assert seen == {50_000}
    assert gc.get_threshold() == before


# One bad note


def _fail(text: str) -> None:
    raise RuntimeError(f"cannot read {text}")


def test_note_that_breaks_a_library_is_an_error_without_its_text(
    index: Index,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    linker = Linker(index, encoder=FakeEncoder(), detector=Detector({SECRET: _fail}))
    path = _write(tmp_path / "notes.jsonl", "No fever.", f"A {SECRET} with fever.", "fever")
    with caplog.at_level(logging.DEBUG):
        counts = annotate_files(linker, [path], tmp_path / "out")
    assert (counts.notes, counts.errors) == (2, 1)
    lines, errors = map(_json, _written(tmp_path / "out"))
    assert [(line["id"], len(line["links"])) for line in lines] == [("0", 1), ("2", 1)]
    assert errors == [
        {
            "id": "1",
            "file": None,
            "line": None,
            "reason": "RuntimeError while annotating its 23 characters",
        }
    ]
    said = capfd.readouterr()
    assert SECRET not in caplog.text + said.out + said.err


def test_no_secret_of_a_bad_note_is_told(
    linker: Linker,
    notes: Path,
    whole: tuple[bytes, ...],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        annotate_files(linker, [notes], tmp_path / "out")
    said = capfd.readouterr()
    assert SECRET not in whole[1].decode() + caplog.text + said.out + said.err


def test_our_own_errors_stop_the_run_and_keep_what_was_done(index: Index, tmp_path: Path) -> None:
    texts = ["fever"] * BATCH_NOTES + [SECRET]
    path = _write(tmp_path / "notes.jsonl", *texts)
    out = tmp_path / "out"

    def no_detector(text: str) -> None:
        raise DetectorError("no such model")

    broken = Linker(index, encoder=FakeEncoder(), detector=Detector({SECRET: no_detector}))
    with pytest.raises(DetectorError, match="no such model"):
        annotate_files(broken, [path], out)
    mended = Linker(index, encoder=FakeEncoder(), detector=Detector({}))
    counts = annotate_files(mended, [path], out, resume=True)
    assert (counts.notes, counts.resumed) == (1, BATCH_NOTES)


# What is there already


def test_output_that_is_there_is_kept(linker: Linker, tmp_path: Path) -> None:
    path = _write(tmp_path / "notes.jsonl", "Fever.")
    out = tmp_path / "out"
    out.write_text("mine", encoding="utf-8")
    for resume in (False, True):
        with pytest.raises(NoteError, match="out: exists already; use --force"):
            annotate_files(linker, [path], out, resume=resume)
    assert out.read_text(encoding="utf-8") == "mine"
    annotate_files(linker, [path], out, force=True)
    assert [line["id"] for line in _json(out.read_bytes())] == ["0"]


def test_output_that_is_a_folder_is_refused(linker: Linker, tmp_path: Path) -> None:
    path = _write(tmp_path / "notes.jsonl", "Fever.")
    for force in (False, True):
        with pytest.raises(NoteError, match="is a folder; give the file to write"):
            annotate_files(linker, [path], tmp_path, force=force)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_output_that_would_not_be_written_to_but_replaced_is_refused(
    linker: Linker, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"id": "1", "text": "No fever."}\n', encoding="utf-8")
    real = tmp_path / "real"
    real.mkdir()
    pipe, link, dangling = tmp_path / "pipe", tmp_path / "link", tmp_path / "dangling.jsonl"
    os.mkfifo(pipe)
    link.symlink_to(real)
    dangling.symlink_to(tmp_path / "none.jsonl")
    before = sorted(tmp_path.rglob("*"))
    for out, name, message in (
        (pipe, "jsonl", r"pipe: is a device or a pipe; give a file to write"),
        (link, "brat", r"link: is a link, to .*real; give that path"),
        (dangling, "jsonl", r"dangling\.jsonl: is a link, to .*none\.jsonl; give that path"),
        (Path(), "jsonl", r"--out is '\.'; give the file or folder to write"),
        (Path("-"), "jsonl", r"--out is '-'; give the file or folder to write"),
    ):
        for force in (False, True):
            with pytest.raises(NoteError, match=message):
                annotate_files(linker, [notes], out, format=name, force=force)
    assert sorted(tmp_path.rglob("*")) == before
    assert pipe.is_fifo()


@pytest.mark.parametrize("what", ["partial", "state", "writing", "errors.jsonl", "run.json"])
def test_a_link_laid_beside_the_output_is_not_followed(
    what: str, linker: Linker, tmp_path: Path
) -> None:
    path = _write(tmp_path / "notes.jsonl", "Fever.")
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / f"out.jsonl.{what}").symlink_to(elsewhere)
    with pytest.raises(NoteError, match=rf"out\.jsonl\.{what}: is a link, to .*elsewhere"):
        annotate_files(linker, [path], tmp_path / "out.jsonl", force=True)
    assert not elsewhere.exists()
    assert not (tmp_path / "out.jsonl").exists()


def test_output_that_is_an_input_is_refused(linker: Linker, tmp_path: Path) -> None:
    path = _write(tmp_path / "notes.jsonl", "Fever.")
    before = path.read_bytes()
    with pytest.raises(NoteError, match="would be read and written"):
        annotate_files(linker, [path], path, force=True)
    assert path.read_bytes() == before


def test_output_may_lie_among_the_notes(linker: Linker, tmp_path: Path) -> None:
    _write(tmp_path / "notes.jsonl", "Fever.")
    (tmp_path / "bad.txt").write_bytes(b"\xff")
    out = tmp_path / "links.jsonl"
    first = annotate_files(linker, [tmp_path], out)
    before = _written(out)
    assert annotate_files(linker, [tmp_path], out, force=True) == first
    assert _written(out) == before


def test_stopped_run_is_neither_overwritten_nor_taken_up_unasked(
    linker: Linker, notes: Path, whole: tuple[bytes, ...], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _partial(out).write_bytes(b"mine")
    with pytest.raises(NoteError, match=r"out\.partial: a run was stopped here; use --resume"):
        annotate_files(linker, [notes], out)
    assert _partial(out).read_bytes() == b"mine"
    annotate_files(linker, [notes], out, force=True)
    assert _written(out) == whole


def test_resume_without_a_stopped_run_is_a_run(
    linker: Linker, notes: Path, whole: tuple[bytes, ...], tmp_path: Path
) -> None:
    annotate_files(linker, [notes], tmp_path / "out", resume=True)
    assert _written(tmp_path / "out") == whole


@pytest.mark.parametrize("content", [b"{}", b"CLX", b'{"id": "note 0", "links": []}\n'])
def test_partial_file_of_something_else_is_refused(
    linker: Linker, notes: Path, tmp_path: Path, content: bytes
) -> None:
    out = tmp_path / "out"
    _partial(out).write_bytes(content)
    with pytest.raises(NoteError, match=r"out\.partial: not the journal of a run; use --force"):
        annotate_files(linker, [notes], out, resume=True)
    assert _partial(out).read_bytes() == content


def test_a_single_path_and_what_is_no_linker_are_refused(
    linker: Linker, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    # A string would be gone through letter by letter, and all below its "/" annotated.
    for single in (notes, str(notes)):
        with pytest.raises(TypeError, match=r"^paths is \w+; give a list of files and folders$"):
            annotate_files(linker, single, out)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^linker is str, expected Linker; Linker\.load opens"):
        annotate_files(str(linker.path), [notes], out)  # type: ignore[arg-type]
    assert list(tmp_path.glob("out*")) == []


def _run_in_two(linker: Linker, notes: Path, out: Path) -> str:
    try:
        return str(annotate_files(linker, [notes], out, workers=2, force=True))
    except ConfigError as error:
        return str(error)


def test_a_process_that_may_start_none_says_so_before_anything_is_written(
    linker: Linker, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_text("kept")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(_run_in_two, (linker, notes, out))
    assert told.startswith("2 workers: this process is one of a pool that lets it start no others")
    assert out.read_text() == "kept"


def test_numbers_below_1_are_errors(linker: Linker, notes: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="workers is 0"):
        annotate_files(linker, [notes], tmp_path / "out", workers=0)
    # Not an error of each note.
    with pytest.raises(ValueError, match="k is 0; ask for at least 1 candidate"):
        annotate_files(linker, [notes], tmp_path / "out", k=0)
    assert list(tmp_path.glob("out*")) == []


# Stopped, and gone on with


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_stopped_after_each_batch(
    linker: Linker,
    notes: Path,
    whole: tuple[bytes, ...],
    tmp_path: Path,
    stop: type[BaseException],
) -> None:
    out = tmp_path / "out"

    def after_a_batch(stream: NoteStream, n: int) -> None:
        raise stop

    for _ in range(4):
        with pytest.raises(stop):
            annotate_files(linker, [notes], out, resume=True, progress=after_a_batch)
        assert _partial(out).exists()
        assert not out.exists()
    counts = annotate_files(linker, [notes], out, resume=True, progress=after_a_batch)
    assert (counts.notes, counts.errors, counts.resumed) == (0, 0, N_NOTES + N_ERRORS)
    assert _written(out) == whole


def test_stopped_at_any_byte(
    linker: Linker, notes: Path, whole: tuple[bytes, ...], journal: bytes, tmp_path: Path
) -> None:
    rng = random.Random(7)
    edges = [0, 1, 3, 50, len(journal) - 1, len(journal)]
    for cut in [*edges, *(rng.randrange(len(journal)) for _ in range(6))]:
        out = tmp_path / f"out {cut}"
        _partial(out).write_bytes(journal[:cut])
        counts = annotate_files(linker, [notes], out, resume=True)
        assert _written(out) == whole
        assert counts.notes + counts.errors + counts.resumed == N_NOTES + N_ERRORS


def test_frame_that_the_disk_garbled_is_done_again(
    linker: Linker, notes: Path, whole: tuple[bytes, ...], journal: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    middle = len(journal) // 2
    garbled = bytes(255 - byte for byte in journal[middle : middle + 9])
    _partial(out).write_bytes(journal[:middle] + garbled + journal[middle + 9 :])
    counts = annotate_files(linker, [notes], out, resume=True)
    assert 0 < counts.resumed < N_NOTES
    assert _written(out) == whole


_SCRIPT = """
import sys, time
from pathlib import Path
from cases import FakeEncoder
from linker import Linker
from linker.annotate import annotate_files

if __name__ == "__main__":
    index, notes, out, workers = sys.argv[1:]
    # It is killed long before it is through, however busy the machine is.
    pauses = iter([0.1, 0.1, 600])
    annotate_files(
        Linker.load(index, encoder=FakeEncoder()),
        [notes],
        out,
        workers=int(workers),
        resume=True,
        progress=lambda stream, n: time.sleep(next(pauses)),
    )
"""


def _start(tmp_path: Path, *arguments: object) -> subprocess.Popen[bytes]:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    # The tests' own package, wherever it is installed from.
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    return subprocess.Popen(
        [sys.executable, script, *map(str, arguments)], env=environment, stderr=subprocess.PIPE
    )


def _children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text(encoding="ascii").split()]


def _running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks into Linux's /proc")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_at_any_moment(
    linker: Linker,
    index: Index,
    notes: Path,
    whole: tuple[bytes, ...],
    tmp_path: Path,
    workers: int,
) -> None:
    out = tmp_path / "out"
    process = _start(tmp_path, index.path, notes, out, workers)
    _until(lambda: _partial(out).exists() and _partial(out).stat().st_size > 0)
    time.sleep(random.random() * 0.4)
    children = _children(process.pid)
    assert len(children) >= (0 if workers == 1 else workers)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # Nobody is left to wait for notes for ever.
    _until(lambda: not any(map(_running, children)))
    assert not out.exists()
    annotate_files(linker, [notes], out, resume=True)
    assert _written(out) == whole


def test_workers_change_no_byte_even_if_they_die(
    linker: Linker, notes: Path, tmp_path: Path
) -> None:
    threads = os.environ.get("OMP_NUM_THREADS")
    paths = [notes, _write(tmp_path / "more.jsonl", *TEXTS * 200)]
    annotate_files(linker, paths, tmp_path / "whole")
    out = tmp_path / "out"

    rounds: list[int] = []

    def kill(stream: NoteStream, n: int) -> None:
        # Twice at most: a note that ends three of them is an error of its own.
        if len(rounds) < 2 and (processes := multiprocessing.active_children()):
            for process in processes:
                process.kill()
                process.join()
            rounds.append(len(processes))

    counts = annotate_files(linker, paths, out, workers=2, progress=kill)
    assert _written(out) == _written(tmp_path / "whole")
    # One that dies with its work done is not missed.
    assert len(rounds) == 2
    assert 1 <= counts.deaths <= sum(rounds)
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_a_note_that_ends_every_process_is_an_error_of_its_own(
    index: Index, tmp_path: Path
) -> None:
    texts = ["No fever.", f"A deadly fever {SECRET}.", "High fever.", "Fever? A fever."]
    linker = Linker(index, encoder=FakeEncoder(), detector=FatalDetector("deadly", None))
    out = tmp_path / "out"
    counts = annotate_files(linker, [_write(tmp_path / "notes.jsonl", *texts)], out, workers=2)
    assert (counts.notes, counts.errors, counts.deaths) == (3, 1, 3)
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == ["0", "2", "3"]
    assert [json.loads(line) for line in _errors(out).read_text().splitlines()] == [
        {
            "id": "1",
            "file": None,
            "line": None,
            "reason": f"each process that annotated its {len(texts[1])} characters died (was "
            "memory short?)",
        }
    ]
    # The next run tries it again.
    mended = Linker(index, encoder=FakeEncoder(), detector=FatalDetector("?", None, breaks="?"))
    assert mended.settings == linker.settings
    counts = annotate_files(mended, [tmp_path / "notes.jsonl"], out)
    assert (counts.notes, counts.errors, counts.kept) == (1, 0, 3)


def test_a_run_goes_on_only_with_what_it_was_started_with(
    index: Index, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def stop(stream: NoteStream, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(Linker(index, encoder=FakeEncoder()), [notes], out, progress=stop)
    other = Linker(index, encoder=FakeEncoder(), threshold=0.9)
    with pytest.raises(NoteError, match=r"had another k and threshold; go on with what it was"):
        annotate_files(other, [notes], out, k=2, resume=True)
    annotate_files(Linker(index, encoder=FakeEncoder()), [notes], out, resume=True)


def test_ray_without_its_package_names_the_extra(
    linker: Linker, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'ray is not installed; .*concept-linker\[ray\]"'):
        annotate_files(linker, [notes], tmp_path / "out", ray="auto")
    assert list(tmp_path.glob("out*")) == []


def test_a_run_that_cannot_begin_leaves_nothing_behind(
    index: Index, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(DetectorError, match="no such spaCy pipeline"):
        annotate_files(Linker(index, detector="no_such_pipeline"), [notes], out)
    assert list(tmp_path.glob("out*")) == []
    annotate_files(Linker(index, encoder=FakeEncoder()), [notes], out)
    assert out.exists()

"""The journal of a run: frames that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cases import files_of_at_most

from linker.annotate.journal import (
    Journal,
    Record,
    is_unbegun,
    pack,
    read_job,
    read_records,
    unpack,
)
from linker.annotate.readers.base import BadNote
from linker.errors import NoteError

JOB = {"settings": {"k": 5}, "base": False}
RECORDS = [
    Record("1", b"\x01" * 16, '{"id": "1", "links": []}\n', 2, {"text": "a\tb\n\ud800"}),
    Record("2", b"", bad=BadNote("2", "a.jsonl", 7, "not JSON")),
    Record(None, b"", bad=BadNote(None, None, None, "cut short")),
]


def frame(*records: Record) -> bytes:
    return pack([record.to_bytes() for record in records])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of two frames."""
    path = tmp_path / "out.partial"
    with Journal(path, JOB) as journal:
        assert journal.is_empty
        journal.append(frame(RECORDS[0]))
        assert not journal.is_empty
        journal.append(frame(*RECORDS[1:]))
    return path


def test_what_was_committed_is_read_in_its_order(path: Path) -> None:
    assert read_job(path) == JOB
    assert list(read_records(path)) == RECORDS
    assert unpack(frame(*RECORDS)) == RECORDS
    assert unpack(frame(*RECORDS[:1]) + frame(*RECORDS[1:])) == RECORDS


def test_a_journal_is_gone_on_with_under_its_own_job(path: Path) -> None:
    with Journal(path, {"settings": "others"}) as journal:
        assert (journal.job, journal.is_empty) == (JOB, False)
        journal.append(frame(RECORDS[0]))
    assert list(read_records(path)) == [*RECORDS, RECORDS[0]]


@pytest.mark.parametrize("lost", [1, 40, 60])
def test_a_frame_that_was_cut_short_is_cut_off(path: Path, lost: int) -> None:
    os.truncate(path, path.stat().st_size - lost)
    with pytest.raises(NoteError, match="damaged from byte"):
        list(read_records(path))
    with Journal(path, JOB):
        pass
    assert list(read_records(path)) == RECORDS[:1]


def test_nothing_behind_a_garbled_frame_is_read(path: Path) -> None:
    whole = path.read_bytes()
    at = len(whole) - len(frame(*RECORDS[1:])) - 1
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with Journal(path, JOB) as journal:
        assert not journal.is_empty
    assert list(read_records(path)) == []
    assert path.stat().st_size == len(whole) - len(frame(RECORDS[0])) - len(frame(*RECORDS[1:]))


@pytest.mark.parametrize("garbled", [b"\x01" + b"\0" * 7, b"\0" * 5 + b"\x01\0\0", b"\xff" * 8])
def test_garbled_lengths_are_damage_and_no_error_of_memory(path: Path, garbled: bytes) -> None:
    whole = path.read_bytes()
    begun = len(whole) - len(frame(*RECORDS[1:]))
    for at in (begun + 4, begun + 12):  # the length unpacked, and as it is packed
        path.write_bytes(whole[:at] + garbled + whole[at + 8 :])
        with pytest.raises(NoteError, match=f"damaged from byte {begun:,} on"):
            list(read_records(path))
    with Journal(path, JOB):
        pass
    assert list(read_records(path)) == RECORDS[:1]


def test_what_is_behind_the_frames_is_damage(path: Path) -> None:
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"x" * 100)
    with pytest.raises(NoteError, match=f"damaged from byte {size:,} on; use --force"):
        list(read_records(path))


@pytest.mark.parametrize(
    ("content", "holds_nothing"),
    [
        (b"", True),
        (b"CL", True),
        (b"\0" * 100, True),  # as a loss of power may leave it
        (b"CLJ1" + b"\0" * 48, True),
        (b"CLJ1" + b"\xff" * 48, True),
        (b'{"id": "1"}\n', False),
        (b"\0\0\0x", False),
    ],
)
def test_a_journal_without_a_whole_job_holds_nothing(
    content: bytes, holds_nothing: bool, tmp_path: Path
) -> None:
    path = tmp_path / "out.partial"
    path.write_bytes(content)
    assert is_unbegun(path) is holds_nothing
    with pytest.raises(NoteError, match="not the journal of a run"):
        read_job(path)
    with pytest.raises(NoteError, match="not the journal of a run"):
        list(read_records(path))
    if holds_nothing:
        with Journal(path, JOB) as journal:
            assert journal.is_empty
            journal.append(frame(RECORDS[0]))
        assert (read_job(path), list(read_records(path))) == (JOB, RECORDS[:1])
    else:
        with pytest.raises(NoteError, match="not the journal of a run; use --force"):
            Journal(path, JOB)
        assert path.read_bytes() == content


def test_a_finished_run_without_a_note_keeps_its_job(tmp_path: Path) -> None:
    path = tmp_path / "out.partial"
    with Journal(path, JOB) as journal:
        journal.sync()
        assert not journal.is_empty
    assert not is_unbegun(path)
    assert (read_job(path), list(read_records(path))) == (JOB, [])


def test_the_job_is_on_the_disk_before_anything_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    with Journal(tmp_path / "out.partial", JOB) as journal:
        journal.append(frame(RECORDS[0]))
        first = journal.path.stat().st_size
        assert synced == [first]
        journal.append(frame(RECORDS[1]))
        assert synced == [first]
        journal.sync()
        second = journal.path.stat().st_size
        assert synced == [first, second]
        # Nor does a loss of power cost more than some megabytes.
        monkeypatch.setattr("linker.annotate.journal._SYNC_BYTES", 2 * len(frame(RECORDS[0])))
        for _ in range(5):
            journal.append(frame(RECORDS[0]))
        assert synced == [first, second, *(second + n * len(frame(RECORDS[0])) for n in (2, 4))]


def test_a_frame_that_the_disk_takes_in_part_is_an_error_and_not_there(path: Path) -> None:
    size = path.stat().st_size
    too_large = pytest.raises(OSError, match="File too large")
    with files_of_at_most(size + 30), Journal(path, JOB) as journal, too_large:
        journal.append(frame(*RECORDS))
    assert path.stat().st_size == size + 30
    with Journal(path, JOB):
        pass
    assert list(read_records(path)) == RECORDS

"""Damaged, odd and duplicate notes in one run: each good note once, each bad one told, no text."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import damage_column

from linker import Linker
from linker.annotate import annotate_files
from linker.annotate.faults import Faults
from linker.annotate.ledger import Ledger, digest
from linker.annotate.read import DUPLICATE
from linker.annotate.readers import NO_TEXT, BadNote, NoteFile
from linker.annotate.readers.base import DELETED
from linker.errors import NoteError

SECRET = "zebrafish"
FEVER = f"No fever, said the {SECRET}."


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _odd(folder: Path) -> Path:
    """Notes as JSON lines: with NUL, of 5 MB, with an id that was there."""
    big = f"{FEVER}\n" + " " * 5_000_000 + "\nFever."
    notes = {"a": FEVER, "nul": f"{FEVER}\x00\x00Fever.", "big": big}
    lines = [json.dumps({"id": note_id, "text": text}) for note_id, text in notes.items()]
    lines.append(json.dumps({"id": "a", "text": f"Fever, another {SECRET}."}))
    path = folder / "a.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _damaged(path: Path) -> None:
    """A table of notes whose second of three row groups cannot be read."""
    ids = [f"p{i}" for i in range(60)]
    table = pa.table({"note_id": ids, "note_text": [f"{FEVER} {i}" for i in ids]})
    pq.write_table(table, path, row_group_size=20)
    damage_column(path, row_group=1, column=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_odd_notes_are_annotated_once_and_bad_ones_told_without_their_text(
    linker: Linker,
    tmp_path: Path,
    workers: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    _odd(folder)
    _damaged(folder / "b.parquet")
    out = tmp_path / "links.jsonl"
    with caplog.at_level(logging.DEBUG):
        counts = annotate_files(linker, [folder], out, workers=workers)
    assert (counts.notes, counts.errors) == (43, 2)
    good = [*(f"p{i}" for i in range(20)), *(f"p{i}" for i in range(40, 60))]
    found = {line["id"]: line["links"] for line in _lines(out)}
    assert [line["id"] for line in _lines(out)] == ["a", "nul", "big", *good]
    assert [(x["start"], x["text"]) for x in found["nul"]] == [
        (3, "fever"),
        (len(FEVER) + 2, "Fever"),
    ]
    assert [(x["start"], x["text"]) for x in found["big"]] == [
        (3, "fever"),
        (len(FEVER) + 5_000_002, "Fever"),
    ]
    assert all([x["concept_id"] for x in links] == ["X:0006"] for links in map(found.get, good))
    errors = _lines(out.with_name("links.jsonl.errors.jsonl"))
    assert [(e["id"], Path(e["file"]).name, e["line"]) for e in errors] == [
        ("a", "a.jsonl", 4),
        (None, "b.parquet", 21),
    ]
    assert errors[0]["reason"].startswith("another note has this id")
    assert errors[1]["reason"].startswith("row group 1 of 3, rows 21 to 40, is damaged (")
    said = capfd.readouterr()
    assert SECRET not in caplog.text + said.out + said.err + json.dumps(errors)


# What is known of the input


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """Of an output that holds the notes "a" and "b"."""
    with closing(Ledger()) as ledger:
        for note_id in "ab":
            ledger.record(note_id, digest("text"))
        ledger.old = ledger.records
        yield ledger


def _faults(*files: Path) -> Faults:
    return Faults([NoteFile(file, "", 0) for file in files])


def _told(faults: Faults, *bad: BadNote) -> None:
    for one in bad:
        faults.look_at(one)


def test_an_error_of_before_is_seen_again_by_its_file_a_folder_above_it_or_its_note(
    tmp_path: Path, ledger: Ledger
) -> None:
    faults = _faults(tmp_path / "a" / "b" / "n.jsonl")
    ledger.meet("met")
    for name, again in (
        ("a/b/n.jsonl", True),
        ("a/b/../b/n.jsonl", True),
        ("a/b", True),  # a folder that could not be looked into
        ("a", True),
        ("a/b/other.jsonl", False),
        ("c", False),
        ("n.jsonl", False),
    ):
        bad = BadNote(None, str(tmp_path / name), None, "cannot be read")
        assert faults.is_seen_again(bad, ledger) is again
    other = str(tmp_path / "other.jsonl")
    assert faults.is_seen_again(BadNote("met", other, 1, "not UTF-8"), ledger)
    assert faults.is_seen_again(BadNote("met", None, None, "TypeError"), ledger)
    assert not faults.is_seen_again(BadNote("a", None, None, "TypeError"), ledger)
    assert not faults.is_seen_again(BadNote("met", other, 1, DUPLICATE), ledger)


def test_an_error_of_before_is_told_anew_where_the_run_that_was_stopped_told_it(
    tmp_path: Path, ledger: Ledger
) -> None:
    other = str(tmp_path / "other.jsonl")
    faults = _faults(tmp_path / "n.jsonl")
    told, same_place = (BadNote("z", other, 1, reason) for reason in ("not UTF-8", "not JSON"))
    faults.recall(told)
    assert faults.is_seen_again(told, ledger)
    assert not faults.is_seen_again(same_place, ledger)
    # And where it annotated the note; "a" and "b" are of the output that was there.
    ledger.record("new", digest("text"))
    for note_id, reason, again in (
        ("new", "not UTF-8", True),
        ("new", DUPLICATE, False),
        ("a", "not UTF-8", False),
        ("never", "not UTF-8", False),
        (None, "not UTF-8", False),
    ):
        assert faults.is_seen_again(BadNote(note_id, other, 1, reason), ledger) is again


def test_an_error_that_its_file_has_no_more_is_mended(tmp_path: Path, ledger: Ledger) -> None:
    read, other = str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")
    here, there, nowhere = (BadNote("n", file, 1, "not JSON") for file in (read, other, None))
    of_met, twice = (BadNote("met", other, 2, reason) for reason in ("not UTF-8", DUPLICATE))
    faults = _faults(Path(read))
    for bad in (here, there, nowhere, of_met, twice):
        faults.recall(bad)
    ledger.meet("met")
    assert faults.mended(ledger, prune=False) == {here, of_met}
    assert faults.mended(ledger, prune=True) == {here, there, of_met, twice}
    assert not faults.are_met_again()
    _told(faults, here)
    assert faults.are_met_again()
    assert faults.mended(ledger, prune=False) == {of_met}


def test_errors_that_the_journal_has_are_counted(tmp_path: Path) -> None:
    faults = _faults(tmp_path / "n.jsonl")
    bad = BadNote(None, "n.jsonl", 1, "not FHIR")
    faults.recall(bad)
    faults.recall(bad)
    assert faults.look_at(BadNote(None, "n.jsonl", 1, "not JSON"))
    assert not faults.are_met_again()
    assert [faults.look_at(bad) for _ in range(3)] == [False, False, True]
    assert faults.are_met_again()


@pytest.mark.parametrize(
    ("reason", "met", "is_gone"),
    [
        (f"text {NO_TEXT}", "a", True),
        (f"text {NO_TEXT}", "b", False),  # which another file has with its text
        (f"text {NO_TEXT}", None, False),  # no note of the input has one: it is broken
        (DELETED, None, True),
        (DELETED, "b", True),
        ("text is of type list, expected a string", "a", False),
    ],
)
def test_a_note_is_gone_where_it_is_withdrawn_or_alone_has_no_text(
    tmp_path: Path, ledger: Ledger, reason: str, met: str | None, is_gone: bool
) -> None:
    faults = _faults(tmp_path / "n.jsonl")
    _told(faults, BadNote("b", "n.jsonl", 1, reason), BadNote("new", "n.jsonl", 2, reason))
    if met is not None:
        ledger.meet(met)
    assert (faults.is_gone("b", ledger), faults.takes_from(ledger)) == (is_gone, is_gone)
    assert faults.has("b")
    assert not faults.has("a")
    assert not faults.is_gone("a", ledger)
    assert faults.takes_back() is not reason.startswith("text is of type list")
    assert faults.is_all(ledger) is (met is None and reason != DELETED)


def test_a_note_whose_id_is_empty_is_taken_back_as_any_other(tmp_path: Path) -> None:
    for reason in (DELETED, f"text {NO_TEXT}"):
        faults = _faults(tmp_path / "n.jsonl")
        assert not faults.takes_back()
        _told(faults, BadNote("", "n.jsonl", 1, reason))
        assert faults.takes_back()


def test_what_is_withdrawn_and_was_never_held_takes_nothing(tmp_path: Path, ledger: Ledger) -> None:
    faults = _faults(tmp_path / "n.jsonl")
    _told(faults, BadNote("new", "n.jsonl", 1, DELETED))
    assert (faults.takes_back(), faults.takes_from(ledger)) == (True, False)


@pytest.mark.parametrize(
    ("reason", "met", "is_gone"),
    [
        (DELETED, None, True),
        (DELETED, "a", True),
        (DELETED, "b", False),  # filed anew since
        (f"text {NO_TEXT}", "a", True),
        (f"text {NO_TEXT}", "b", False),
        (f"text {NO_TEXT}", None, False),
    ],
)
def test_what_the_run_that_was_stopped_took_back_is_gone_unless_it_is_there_again(
    tmp_path: Path, ledger: Ledger, reason: str, met: str | None, is_gone: bool
) -> None:
    faults = _faults(tmp_path / "n.jsonl")
    faults.recall(BadNote("b", "n.jsonl", 1, reason))
    if met is not None:
        ledger.meet(met)
    assert (faults.is_gone("b", ledger), faults.takes_from(ledger)) == (is_gone, is_gone)
    assert faults.takes_back()
    assert not faults.is_gone("a", ledger)
    # The input itself says nothing of it.
    assert not faults.has("b")


def test_nothing_is_dropped_where_it_is_not_known_what_is_gone(
    tmp_path: Path, ledger: Ledger
) -> None:
    out = tmp_path / "out"
    for line, place in ((7, "n.jsonl:7"), (None, "n.jsonl")):
        faults = _faults(tmp_path / "n.jsonl")
        faults.check_prune(out, Ledger())
        _told(faults, BadNote(None, "n.jsonl", line, "not JSON"), BadNote(None, "z", 9, "later"))
        with pytest.raises(NoteError, match=rf"not be read at {place} \(not JSON\); mend that, or"):
            faults.check_prune(out, ledger)
        assert not faults.tell_what_is_gone(ledger)
    faults = _faults(tmp_path / "n.jsonl")
    assert faults.tell_what_is_gone(Ledger())
    assert not faults.tell_what_is_gone(ledger)
    with pytest.raises(NoteError, match="the input holds no note, and --prune would drop all"):
        faults.check_prune(out, ledger)
    # A note in error is in the input.
    _told(faults, BadNote("c", "n.jsonl", 1, "not UTF-8"))
    faults.check_prune(out, ledger)
    assert faults.tell_what_is_gone(ledger)

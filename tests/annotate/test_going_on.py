"""A run that was stopped goes on, and meanwhile its input has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from nights import FEVER, PAIN, errors_of, found_in, write_documents, write_notes

from linker import Linker
from linker.annotate import Counts, annotate_files
from linker.annotate.batch import BATCH_NOTES

SOME = {str(i): FEVER for i in range(BATCH_NOTES)}
"""With one note before them they are more than a batch."""
ANNOTATED = {key: ["fever"] for key in SOME}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def _stopped(linker: Linker, inputs: Sequence[Path], out: Path, batches: int = 1) -> None:
    """A run that is stopped after some batches."""
    left = iter(range(batches - 1))

    def stop(stream: object, n: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, inputs, out, resume=True, progress=stop)


def _goes_on(linker: Linker, inputs: Sequence[Path], out: Path, *, prune: bool = False) -> Counts:
    counts = annotate_files(linker, inputs, out, resume=True, prune=prune)
    # What it holds is what it says, and the next run has nothing to do.
    assert (counts.held_notes, counts.held_errors) == (len(found_in(out)), len(errors_of(out)))
    return counts


def _reasons(out: Path) -> list[str]:
    lines = out.with_name(f"{out.name}.errors.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["reason"] for line in lines]


@pytest.mark.parametrize("is_update", [False, True])
def test_a_note_that_left_the_input_is_pruned(
    linker: Linker, tmp_path: Path, out: Path, is_update: bool
) -> None:
    if is_update:
        annotate_files(linker, [write_notes(tmp_path / "old.jsonl", {"old": FEVER})], out)
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, **SOME})
    _stopped(linker, [other, notes], out)
    write_notes(notes, SOME)
    counts = _goes_on(linker, [notes], out, prune=True)
    assert (found_in(out), errors_of(out)) == (ANNOTATED, [])
    assert counts.dropped == int(is_update)
    assert annotate_files(linker, [notes], out, prune=True).notes == 0
    assert "a" not in found_in(out)


def test_nothing_is_pruned_of_a_first_run_where_what_is_gone_is_not_known(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, **SOME})
    _stopped(linker, [notes], out)
    write_notes(notes, SOME)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"id": "a", "te', encoding="utf-8")
    _goes_on(linker, [notes, broken], out, prune=True)
    assert sorted(found_in(out)) == sorted(["a", *SOME])


def test_the_reason_of_an_error_is_the_present_one(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"b": None, **SOME})
    _stopped(linker, [notes], out)
    assert notes.read_bytes().startswith(b'{"id": "b", "text": null}')
    notes.write_bytes(notes.read_bytes().replace(b"null", b"5", 1))
    _goes_on(linker, [notes], out)
    assert _reasons(out) == ["text is of type int, expected a string"]


def test_errors_in_one_place_are_all_told(linker: Linker, tmp_path: Path, out: Path) -> None:
    """The entries of a Bundle stand in one line, and a batch may end between them."""
    documents = [(str(i), "current", FEVER) for i in range(BATCH_NOTES - 2)]
    notes = write_documents(tmp_path / "notes.ndjson", *documents)
    without_id = {"resource": {"resourceType": "DocumentReference"}}
    entries = [without_id, without_id, {"resource": {}}, without_id]
    with notes.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"resourceType": "Bundle", "entry": entries}) + "\n")
    whole = tmp_path / "whole.jsonl"
    annotate_files(linker, [notes], whole)
    _stopped(linker, [notes], out)
    _goes_on(linker, [notes], out)
    assert len(_reasons(out)) == 4
    for name in ("", ".errors.jsonl"):
        written, expected = (path.with_name(f"{path.name}{name}") for path in (out, whole))
        assert written.read_bytes() == expected.read_bytes()


def test_a_document_that_was_withdrawn_before_the_stop_loses_its_links(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    """Where the input is what is new of the day, the next one says nothing of it any more."""
    day_1 = [("a", "current", FEVER), ("b", "current", FEVER)]
    annotate_files(linker, [write_documents(tmp_path / "1.ndjson", *day_1)], out)
    some = [(key, "current", text) for key, text in SOME.items()]
    day_2 = write_documents(tmp_path / "2.ndjson", ("b", "entered-in-error", FEVER), *some)
    _stopped(linker, [day_2], out)
    day_3 = write_documents(tmp_path / "3.ndjson", ("c", "current", PAIN), *some)
    counts = _goes_on(linker, [day_3], out)
    assert found_in(out) == {"a": ["fever"], "c": ["chest pain"], **ANNOTATED}
    assert (errors_of(out), counts.dropped) == (["b"], 1)


def test_a_document_that_was_withdrawn_before_the_stop_may_come_back(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    some = [(key, "current", text) for key, text in SOME.items()]
    notes = write_documents(tmp_path / "notes.ndjson", ("b", "entered-in-error", FEVER), *some)
    _stopped(linker, [notes], out)
    write_documents(notes, ("b", "current", PAIN), *some)
    _goes_on(linker, [notes], out)
    assert (found_in(out)["b"], errors_of(out)) == (["chest pain"], [])


def test_a_note_whose_text_was_taken_away_before_the_stop_loses_its_links(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    annotate_files(linker, [write_notes(tmp_path / "1.jsonl", {"a": FEVER, "b": FEVER})], out)
    _stopped(linker, [write_notes(tmp_path / "2.jsonl", {"b": None, **SOME})], out)
    day_3 = write_notes(tmp_path / "3.jsonl", {"c": PAIN})
    _goes_on(linker, [day_3], out)
    assert ("a" in found_in(out), "b" in found_in(out), errors_of(out)) == (True, False, ["b"])


def test_a_note_whose_text_was_read_elsewhere_before_the_stop_is_kept(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    without = write_notes(tmp_path / "1.jsonl", {"b": None})
    _stopped(linker, [without, write_notes(tmp_path / "2.jsonl", {"b": PAIN, **SOME})], out)
    _goes_on(linker, [write_notes(tmp_path / "3.jsonl", {"c": PAIN})], out)
    assert (found_in(out)["b"], errors_of(out)) == (["chest pain"], ["b"])


def test_an_error_that_was_met_again_before_the_stop_is_told_once(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    annotate_files(linker, [other, notes], out)
    write_notes(notes, SOME)
    _stopped(linker, [other, notes], out)
    _goes_on(linker, [notes], out)
    assert errors_of(out) == ["x"]


def test_an_error_goes_once_its_note_was_annotated_before_the_stop(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    annotate_files(linker, [write_notes(tmp_path / "1.jsonl", {"a": None, "b": FEVER})], out)
    _stopped(linker, [write_notes(tmp_path / "2.jsonl", {"a": PAIN, **SOME})], out)
    _goes_on(linker, [write_notes(tmp_path / "3.jsonl", {"c": PAIN})], out)
    assert (found_in(out)["a"], errors_of(out)) == (["chest pain"], [])


def test_an_error_before_the_stop_goes_once_its_note_is_read_from_another_file(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    _stopped(linker, [write_notes(tmp_path / "1.jsonl", {"a": None, "b": None, **SOME})], out)
    _goes_on(linker, [write_notes(tmp_path / "2.jsonl", {"a": PAIN})], out)
    assert (found_in(out)["a"], errors_of(out)) == (["chest pain"], ["b"])


def test_an_input_of_errors_alone_is_told_as_unread_also_where_all_of_them_are_known(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", dict.fromkeys(SOME))
    _stopped(linker, [notes], out)
    counts = _goes_on(linker, [notes], out)
    assert (counts.errors, counts.resumed, counts.unread) == (0, BATCH_NOTES, True)

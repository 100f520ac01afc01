from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.annotate.batch import Done
from linker.annotate.faults import Faults
from linker.annotate.journal import Record, pack, unpack
from linker.annotate.ledger import Ledger, digest
from linker.annotate.read import DUPLICATE
from linker.annotate.readers import BadNote, NoteFile
from linker.annotate.settle import DoneNotes, Sighting, settle
from linker.schema import Note

ANY_TEXT = st.text(st.characters(codec=None))


def _note(note_id: str, line: int, *, is_done: bool = False) -> Sighting:
    return Sighting(Note(note_id, ""), digest("text"), "b.jsonl", line, is_done)


def _broken(note_id: str, line: int) -> Sighting:
    return Sighting(BadNote(note_id, "b.jsonl", line, "not JSON"), b"", "b.jsonl", line)


def _results(*sightings: Sighting) -> Done:
    records = [
        Record(s.item.id, s.text, bad=s.item)
        if isinstance(s.item, BadNote)
        else Record(s.item.id, s.text, f'{{"id": "{s.item.id}"}}\n', 2)
        for s in sightings
        if not s.is_done
    ]
    return Done(
        pack([record.to_bytes() for record in records]) if records else b"",
        tuple((r.note_id, r.text, r.bad is None) for r in records),
        sum(r.n_links for r in records),
    )


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@given(ANY_TEXT, ANY_TEXT, st.dictionaries(st.text(), st.text()), st.none() | st.integers(1))
def test_a_sighting_outlives_its_journey(
    note_id: str, text: str, carried: dict[str, str], line: int | None
) -> None:
    sighting = Sighting(Note(note_id, text, carried), digest(text), "a.jsonl", line)
    found = Sighting.from_data(json.loads(json.dumps(sighting.to_data())))
    assert found == sighting
    assert isinstance(found.item, Note)
    assert found.item.carried == carried
    assert found.placed() == Sighting(Note(note_id, ""), digest(text), "a.jsonl", line)


def test_an_error_outlives_its_journey() -> None:
    assert Sighting.from_data(_broken("n", 3).to_data()) == _broken("n", 3)
    assert _broken("n", 3).placed() == _broken("n", 3)
    assert _broken("n", 3).n_characters == 0
    assert replace(_note("n", 3), item=Note("n", "four")).n_characters == 4


@given(st.dictionaries(st.text(), st.text(), max_size=40), st.text(), st.text())
def test_notes_that_are_done_are_those_of_the_ledger(
    notes: dict[str, str], other_id: str, other: str
) -> None:
    ledger = Ledger()
    for note_id, text in notes.items():
        ledger.record(note_id, digest(text))
    ledger.meet("met only")
    done = DoneNotes.of(ledger)
    assert len(done.ids) == len(notes)
    for note_id, text in [*notes.items(), (other_id, other), ("met only", "")]:
        for candidate in (text, f"{text}."):
            assert done.has(note_id, digest(candidate)) == (notes.get(note_id) == candidate)


def test_what_is_new_stays_as_it_is(ledger: Ledger) -> None:
    batch = [_note("1", 1), _broken("2", 2), _note("3", 3, is_done=True)]
    done = _results(*batch)
    assert settle(batch, done, ledger, Faults([])) is done
    assert [ledger.is_met(note_id) for note_id in "123"] == [True, False, True]


def test_an_id_that_another_file_had_is_an_error(ledger: Ledger) -> None:
    ledger.meet("2")
    batch = [_note("1", 1), _note("2", 2), _note("3", 3)]
    done = settle(batch, _results(*batch), ledger, Faults([]))
    assert done.items == (
        ("1", digest("text"), True),
        ("2", b"", False),
        ("3", digest("text"), True),
    )
    assert done.n_links == 4
    assert [record.bad for record in unpack(done.frame)] == [
        None,
        BadNote("2", "b.jsonl", 2, DUPLICATE),
        None,
    ]


def test_a_duplicate_of_a_note_that_was_done_before_is_an_error_in_its_place(
    ledger: Ledger,
) -> None:
    batch = [_note("1", 1, is_done=True), _note("1", 2, is_done=True), _note("2", 3)]
    done = settle(batch, _results(*batch), ledger, Faults([]))
    assert done.items == (("1", b"", False), ("2", digest("text"), True))
    assert [record.line for record in unpack(done.frame)] == ["", '{"id": "2"}\n']


def _known(*errors: tuple[str, int, str]) -> Faults:
    """Of a run that was stopped: ids, lines and reasons of its errors."""
    faults = Faults([NoteFile(Path("b.jsonl"), "", 0)])
    for note_id, line, reason in errors:
        faults.recall(BadNote(note_id, "b.jsonl", line, reason))
    return faults


def test_errors_that_the_journal_has_are_not_written_again(ledger: Ledger) -> None:
    ledger.meet("2")
    faults = _known(("1", 1, "not JSON"), ("2", 2, DUPLICATE), ("2", 3, DUPLICATE))
    batch = [_broken("1", 1), _note("2", 2), _note("2", 3, is_done=True)]
    assert settle(batch, _results(*batch), ledger, faults).items == ()
    assert faults.are_met_again()


def test_an_error_in_the_place_of_another_is_written(ledger: Ledger) -> None:
    ledger.meet("2")
    faults = _known(("1", 1, "not UTF-8"), ("2", 2, "not UTF-8"))
    batch = [_broken("1", 1), _note("2", 2)]
    done = settle(batch, _results(*batch), ledger, faults)
    assert [record.bad and record.bad.reason for record in unpack(done.frame)] == [
        "not JSON",
        DUPLICATE,
    ]
    assert not faults.are_met_again()


def test_what_a_run_finds_of_its_input_is_known_as_a_local_run_knows_it(ledger: Ledger) -> None:
    faults = _known(("1", 1, "not JSON"), ("9", 9, "not JSON"))
    batch = [_note("1", 1), _note("1", 2), _broken("3", 3)]
    settle(batch, _results(*batch), ledger, faults)
    # A note stands where an error stood, and is one no more.
    assert not faults.are_met_again()
    assert BadNote("1", "b.jsonl", 1, "not JSON") in faults.mended(ledger, prune=False)
    assert [faults.has(note_id) for note_id in "139"] == [True, True, False]

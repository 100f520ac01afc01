"""A run onto the output of an earlier one: only new and changed notes are annotated."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import threading
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from cases import CONCEPTS, PATIENCE, FakeEncoder, FatalDetector, build, files_of_at_most
from nights import FEVER, PAIN, errors_of, found_in, write_documents, write_notes

from linker import Linker
from linker.annotate import Counts, NoteStream, annotate_files
from linker.annotate.batch import BATCH_NOTES
from linker.annotate.journal import Journal, pack, read_job, read_records
from linker.annotate.manifest import write_manifest
from linker.annotate.output import Totals
from linker.errors import IndexFolderError, NoteError
from linker.index import Index
from linker.lock import locked

N_NOTES = 2 * BATCH_NOTES + 6


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def _manifest(out: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(out.with_name(f"{out.name}.run.json").read_text("utf-8"))
    return data


def test_only_new_and_changed_notes_are_annotated(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    first = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER, "c": FEVER})
    annotate_files(linker, [first], out)
    write_notes(first, {"d": PAIN, "b": PAIN, "a": FEVER})
    counts = annotate_files(linker, [first], out)
    assert counts == Counts(
        notes=2, errors=0, links=2, resumed=0, kept=2, held_notes=4, held_links=4
    )
    assert found_in(out) == {
        "a": ["fever"],
        "c": ["fever"],
        "d": ["chest pain"],
        "b": ["chest pain"],
    }
    assert list(found_in(out)) == ["a", "c", "d", "b"]
    assert _manifest(out)["holds"] == {"notes": 4, "links": 4, "errors": 0, "changed": 0}
    # And once more: nothing is left to do.
    before = out.read_bytes()
    assert annotate_files(linker, [first], out).notes == 0
    assert out.read_bytes() == before
    # The same as all of it at once, but for the order.
    whole = write_notes(tmp_path / "all.jsonl", {"a": FEVER, "b": PAIN, "c": FEVER, "d": PAIN})
    annotate_files(linker, [whole], tmp_path / "whole")
    assert sorted((tmp_path / "whole").read_bytes().splitlines()) == sorted(before.splitlines())


def _written(out: Path) -> dict[str, tuple[int, int]]:
    """What lies there; a file that is written anew is another."""
    files = [(path.name, path.stat()) for path in out.parent.glob(f"{out.name}*")]
    return {name: (found.st_ino, found.st_mtime_ns) for name, found in files}


def test_an_update_with_nothing_new_writes_the_manifest_alone(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": None, "c": PAIN})
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    annotate_files(linker, [notes, other], out)
    before, manifest = _written(out), _manifest(out)
    for prune, inputs, kept in ((False, [notes], 3), (True, [notes, other], 2)):
        counts = annotate_files(linker, inputs, out, prune=prune)
        assert (counts.notes, counts.errors, counts.kept) == (0, len(inputs), kept)
        now = _written(out)
        assert {name for name in now if now[name] != before[name]} == {"out.jsonl.run.json"}
        assert _manifest(out)["holds"] == manifest["holds"]
        assert _manifest(out)["this_run"]["kept"] == kept
        assert _manifest(out)["inputs"][0] == manifest["inputs"][0]
    # What is new of an error, or dropped, is written.
    for prune, text, errors in ((False, 5, ["x", "b"]), (True, 5, ["b"])):
        lines = ({"id": "a", "text": FEVER}, {"id": "b", "text": text}, {"id": "c", "text": PAIN})
        notes.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        annotate_files(linker, [notes], out, prune=prune)
        assert (errors_of(out), list(found_in(out))) == (errors, ["a", "c"])
    write_notes(notes, {"a": FEVER})
    annotate_files(linker, [notes], out, prune=True)
    assert (errors_of(out), list(found_in(out))) == ([], ["a"])


def test_prune_drops_notes_that_are_gone(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER})
    annotate_files(linker, [notes], out)
    write_notes(notes, {"c": PAIN, "b": FEVER})
    counts = annotate_files(linker, [notes], out, prune=True)
    assert (counts.notes, counts.kept, counts.dropped) == (1, 1, 1)
    assert list(found_in(out)) == ["b", "c"]
    assert _manifest(out)["this_run"]["dropped"] == 1
    # One that changed is none that was dropped.
    write_notes(notes, {"c": FEVER, "b": FEVER})
    counts = annotate_files(linker, [notes], out, prune=True)
    assert (counts.notes, counts.kept, counts.dropped) == (1, 1, 0)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("more.jsonl", b'{"id": "b", "te'),
        ("more.csv", b'id,text\nx,"a "b" c"\nb,Fever\n'),
        ("more.jsonl.gz", b"\x1f\x8b"),
    ],
)
def test_nothing_is_pruned_where_what_is_in_the_input_is_not_known(
    linker: Linker, tmp_path: Path, out: Path, name: str, broken: bytes
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER})
    annotate_files(linker, [notes], out)
    before = out.read_bytes()
    write_notes(notes, {"a": PAIN})
    damaged = tmp_path / name
    damaged.write_bytes(broken)
    for resume in (False, True):
        with pytest.raises(NoteError, match=r"nothing was dropped or written, .*or leave out --pr"):
            annotate_files(linker, [notes, damaged], out, prune=True, resume=resume)
    assert out.read_bytes() == before
    # Mended, it goes on.
    annotate_files(linker, [notes], out, prune=True, resume=True)
    assert found_in(out) == {"a": ["chest pain"]}
    # Where there is nothing to drop nothing is refused.
    annotate_files(linker, [notes, damaged], tmp_path / "new", prune=True)


def test_errors_of_what_is_gone_are_pruned(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    annotate_files(linker, [notes, other], out)
    annotate_files(linker, [notes], out)
    assert (list(found_in(out)), errors_of(out)) == (["a"], ["x"])
    annotate_files(linker, [notes], out, prune=True)
    assert (list(found_in(out)), errors_of(out)) == (["a"], [])


@pytest.mark.parametrize("name", ["notes.jsonl", "notes.csv"])
def test_nothing_is_pruned_for_an_input_without_a_note(
    linker: Linker, tmp_path: Path, out: Path, name: str
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER})
    annotate_files(linker, [notes], out)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("out*")}
    empty = tmp_path / name
    empty.write_bytes(b"id,text\n" if name.endswith(".csv") else b"")
    with pytest.raises(NoteError, match=r"nothing was dropped .* the input holds no note"):
        annotate_files(linker, [empty], out, prune=True)
    # There is nothing to go on with: the next run needs no option.
    assert {path.name: path.read_bytes() for path in tmp_path.glob("out*")} == before
    assert annotate_files(linker, [empty], out).kept == 2
    # An output that holds nothing has nothing to lose.
    annotate_files(linker, [empty], tmp_path / "none.jsonl")
    annotate_files(linker, [empty], tmp_path / "none.jsonl", prune=True)
    assert (tmp_path / "none.jsonl").read_bytes() == b""


def test_a_note_in_error_is_in_the_input_and_not_pruned(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER, "c": FEVER})
    annotate_files(linker, [notes], out)
    broken = json.dumps({"id": "b", "text": 5})
    notes.write_text(f"{json.dumps({'id': 'a', 'text': FEVER})}\n{broken}\n", encoding="utf-8")
    annotate_files(linker, [notes], out, prune=True)
    assert (list(found_in(out)), errors_of(out)) == (["a", "b"], ["b"])


def test_a_document_filed_by_mistake_loses_its_links(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    day_1 = write_documents(tmp_path / "1.ndjson", ("a", "current", FEVER), ("b", "current", FEVER))
    day_2 = write_documents(tmp_path / "2.ndjson", ("b", "entered-in-error", FEVER))
    annotate_files(linker, [day_1], out)
    counts = annotate_files(linker, [day_2], out)
    assert (counts.notes, counts.errors, counts.unread) == (0, 1, False)
    assert (found_in(out), errors_of(out)) == ({"a": ["fever"]}, ["b"])
    assert _manifest(out)["holds"] == {"notes": 1, "links": 1, "errors": 1, "changed": 0}
    # Nor has it links where both days are read at once.
    annotate_files(linker, [day_1, day_2], tmp_path / "both.jsonl")
    assert found_in(tmp_path / "both.jsonl") == {"a": ["fever"]}
    # So is one that was deleted since.
    request = {"method": "DELETE", "url": "DocumentReference/a"}
    deleted = {"resourceType": "Bundle", "entry": [{"request": request}]}
    day_3 = tmp_path / "3.ndjson"
    day_3.write_text(json.dumps(deleted), encoding="utf-8")
    assert annotate_files(linker, [day_1, day_3], tmp_path / "both.jsonl").unread is False
    assert found_in(tmp_path / "both.jsonl") == {"b": ["fever"]}
    # Filed rightly after all, it is annotated.
    annotate_files(linker, [write_documents(day_2, ("b", "current", PAIN))], out)
    assert (found_in(out), errors_of(out)) == ({"a": ["fever"], "b": ["chest pain"]}, [])


def test_a_note_whose_text_was_taken_away_loses_its_links(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER})
    annotate_files(linker, [notes], out)
    counts = annotate_files(linker, [write_notes(notes, {"a": FEVER, "b": None})], out)
    assert (found_in(out), errors_of(out)) == ({"a": ["fever"]}, ["b"])
    assert counts.dropped == 1
    # Where all texts are missing, it is the extract that is broken.
    annotate_files(linker, [write_notes(notes, {"a": None, "b": None})], out)
    assert (found_in(out), errors_of(out)) == ({"a": ["fever"]}, ["a", "b"])


def test_a_note_withdrawn_before_the_run_goes_on_has_no_links(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    some = [(str(i), "current", FEVER) for i in range(N_NOTES)]
    documents = write_documents(tmp_path / "notes.ndjson", *some)

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [documents], out, progress=stop)
    write_documents(documents, ("0", "entered-in-error", FEVER), *some[1:])
    annotate_files(linker, [documents], out, resume=True)
    assert found_in(out) == {key: ["fever"] for key, *_ in some[1:]}
    assert errors_of(out) == ["0"]


def test_an_error_that_is_mended_before_the_run_goes_on_is_gone(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    some = {str(i): FEVER for i in range(N_NOTES)}
    notes = write_notes(tmp_path / "notes.jsonl", {"a": None, "b": None, **some})

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [other, notes], out, progress=stop)
    write_notes(notes, {"a": PAIN, "b": None, **some})
    annotate_files(linker, [notes], out, resume=True)
    assert sorted(found_in(out)) == sorted(["a", *some])
    assert errors_of(out) == ["x", "b"]
    assert annotate_files(linker, [other, notes], out).notes == 0
    assert errors_of(out) == ["x", "b"]


def test_a_note_that_changes_before_the_run_goes_on_is_there_once(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    some = {str(i): FEVER for i in range(N_NOTES)}
    notes = write_notes(tmp_path / "notes.jsonl", some)

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [notes], out, progress=stop)
    write_notes(notes, {**some, "0": PAIN})
    annotate_files(linker, [notes], out, resume=True)
    assert found_in(out) == {**{key: ["fever"] for key in some}, "0": ["chest pain"]}
    # So it is in the next run, too.
    assert annotate_files(linker, [notes], out).notes == 0
    assert found_in(out)["0"] == ["chest pain"]


def test_a_note_that_broke_a_library_is_tried_again(
    index: Index, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": "A fever too."})

    def breaking(text: str) -> Linker:
        return Linker(index, encoder=FakeEncoder(), detector=FatalDetector("?", None, breaks=text))

    annotate_files(breaking("too"), [notes], out)
    assert (list(found_in(out)), errors_of(out)) == (["a"], ["b"])
    counts = annotate_files(breaking("never"), [notes], out)
    assert (counts.notes, counts.kept) == (1, 1)
    assert (found_in(out), errors_of(out)) == ({"a": ["fever"], "b": ["fever"]}, [])


def test_errors_are_tried_again(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": None})
    other = write_notes(tmp_path / "other.jsonl", {"x": None})
    annotate_files(linker, [notes, other], out)
    assert errors_of(out) == ["b", "x"]
    write_notes(notes, {"a": FEVER, "b": PAIN})
    assert annotate_files(linker, [notes], out).errors == 0
    assert list(found_in(out)) == ["a", "b"]
    # That of a file that was not read this time stays.
    assert errors_of(out) == ["x"]
    write_notes(other, {"x": FEVER})
    annotate_files(linker, [other], out)
    assert (list(found_in(out)), errors_of(out)) == (["a", "b", "x"], [])


def test_an_error_goes_once_its_note_is_read_from_another_file(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    first = write_notes(tmp_path / "first.jsonl", {"a": None, "b": None, "c": FEVER})
    twice = write_notes(tmp_path / "twice.jsonl", {"c": PAIN})
    annotate_files(linker, [first, twice], out)
    assert errors_of(out) == ["a", "b", "c"]
    second = write_notes(tmp_path / "second.jsonl", {"a": PAIN, "c": FEVER})
    annotate_files(linker, [second], out)
    # That another file has the note c too is as it was.
    assert (list(found_in(out)), errors_of(out)) == (["c", "a"], ["b", "c"])
    annotate_files(linker, [twice], out)
    assert errors_of(out) == ["b"]


def test_an_error_goes_once_its_file_is_read_by_another_path(
    linker: Linker, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    notes = write_notes(tmp_path / "notes" / "a.jsonl", {"a": None})
    notes.write_bytes(b"{" + notes.read_bytes())
    monkeypatch.chdir(tmp_path)
    annotate_files(linker, ["notes/a.jsonl"], out)
    assert errors_of(out) == [None]
    write_notes(notes, {"a": PAIN})
    annotate_files(linker, [tmp_path / "notes" / ".." / "notes"], out)
    assert (list(found_in(out)), errors_of(out)) == (["a"], [])


def test_other_settings_are_refused(index: Index, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    linker = Linker(index, encoder=FakeEncoder())
    annotate_files(linker, [notes], out)
    before = out.read_bytes()
    other = Linker(build(tmp_path / "other", CONCEPTS[:6]), encoder=FakeEncoder())
    for changed, options in (("index", {}), ("index and k", {"k": 2})):
        with pytest.raises(NoteError, match=f"was made with another {changed}; use what it was"):
            annotate_files(other, [notes], out, **options)
    with pytest.raises(NoteError, match="another format"):
        annotate_files(linker, [notes], out, format="csv")
    assert out.read_bytes() == before
    assert annotate_files(other, [notes], out, force=True).notes == 1


def test_another_version_of_the_tool_is_refused(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    annotate_files(linker, [notes], out)
    state, partial = (out.with_name(f"out.jsonl.{what}") for what in ("state", "partial"))
    job, records = read_job(state), [record.to_bytes() for record in read_records(state)]

    def rewrite(path: Path, **version: str) -> None:
        settings = {k: v for k, v in job["settings"].items() if k != "tool_version"}
        path.unlink(missing_ok=True)
        with Journal(path, {**job, "settings": {**settings, **version}}) as journal:
            journal.append(pack(records))

    # Journals of the first versions did not say.
    for made_by in ({"tool_version": "concept-linker 0.0.9"}, {}):
        rewrite(state, **made_by)
        with pytest.raises(NoteError, match=r"was made with another tool version; .* use --force"):
            annotate_files(linker, [notes], out)
        rewrite(partial, **made_by)
        with pytest.raises(NoteError, match="had another tool version; go on with what it was"):
            annotate_files(linker, [notes], out, resume=True)
        partial.unlink()
    assert annotate_files(linker, [notes], out, force=True).notes == 1


@pytest.mark.parametrize("name", ["csv", "parquet", "brat", "bioc", "omop", "fhir", "docbin"])
def test_every_format_is_resumed_and_updated(linker: Linker, tmp_path: Path, name: str) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {str(i): FEVER for i in range(N_NOTES)})

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    out, whole = tmp_path / "out", tmp_path / "whole"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            annotate_files(linker, [notes], out, format=name, resume=True, progress=stop)
    assert not out.exists()
    assert annotate_files(linker, [notes], out, format=name, resume=True).resumed == 2 * BATCH_NOTES
    more = write_notes(tmp_path / "more.jsonl", {"x": PAIN})
    assert annotate_files(linker, [more], out, format=name).kept == N_NOTES
    annotate_files(linker, [notes, more], whole, format=name)
    if name in ("omop", "fhir", "docbin"):  # which hold the time, or are packed
        assert _manifest(out)["holds"] == _manifest(whole)["holds"]
    else:
        assert _content(out) == _content(whole)
    assert sorted(path.name for path in tmp_path.glob("out*")) == [
        "out",
        "out.run.json",
        "out.state",
    ]


def test_note_id_is_an_integer_wherever_those_that_the_output_holds_are(
    linker: Linker, tmp_path: Path
) -> None:
    out = tmp_path / "note_nlp.parquet"

    def ids(**notes: str) -> tuple[int, list[object]]:
        given = {key.removeprefix("n"): text for key, text in notes.items()}
        path = write_notes(tmp_path / "notes.jsonl", given)
        counts = annotate_files(linker, [path], out, format="omop", prune=True)
        return counts.text_ids, pq.read_table(out)["note_id"].to_pylist()

    hashed = str(-(2**63))
    assert ids(n1=FEVER, **{hashed: PAIN}) == (0, [1, -(2**63)])
    # One that is none makes all of them text, and is counted, found or not.
    assert ids(n1=FEVER, n2=PAIN, x7="All well.") == (1, ["1", "2"])
    assert ids(n1=FEVER, n2=PAIN) == (0, [1, 2])


def test_a_note_of_another_patient_is_done_again_where_the_output_names_the_patient(
    linker: Linker, tmp_path: Path
) -> None:
    notes, out = tmp_path / "notes.csv", tmp_path / "out.ndjson"

    def subjects(*people: str) -> list[str]:
        rows = [f"n{i},{person},{PAIN}\n" for i, person in enumerate(people)]
        notes.write_text("".join(["id,person_id,text\n", *rows]), encoding="utf-8")
        counts = annotate_files(linker, [notes], out, format="fhir")
        annotate_files(linker, [notes], out.with_suffix(".jsonl"))
        lines = out.read_text(encoding="utf-8").splitlines()
        assert len(lines) == len(people)
        return [str(counts.notes), *sorted(json.loads(x)["subject"]["reference"] for x in lines)]

    assert subjects("7", "8") == ["2", "Patient/7", "Patient/8"]
    assert subjects("7", "9") == ["1", "Patient/7", "Patient/9"]
    assert subjects("7", "9") == ["0", "Patient/7", "Patient/9"]
    # Where it names none, it is the same note.
    rows = "id,person_id,text\n" + f"n0,1,{PAIN}\nn1,2,{PAIN}\n"
    notes.write_text(rows, encoding="utf-8")
    assert annotate_files(linker, [notes], out.with_suffix(".jsonl")).notes == 0


def _content(out: Path) -> dict[str, bytes]:
    if not out.is_dir():
        return {"": out.read_bytes()}
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_kill_between_the_last_steps_is_mended(linker: Linker, tmp_path: Path, out: Path) -> None:
    first = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER})
    annotate_files(linker, [first], out)
    old = {path.name: path.read_bytes() for path in tmp_path.glob("out*")}
    write_notes(first, {"b": PAIN, "c": PAIN})

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [first], out, progress=stop)
    partial = out.with_name("out.jsonl.partial").read_bytes()
    assert out.read_bytes() == old["out.jsonl"]
    annotate_files(linker, [first], out, resume=True)
    new = {path.name: path.read_bytes() for path in tmp_path.glob("out*")}
    # The output is in place, its state is not yet; both are, and the journal is still there.
    for state in (old["out.jsonl.state"], new["out.jsonl.state"]):
        out.with_name("out.jsonl.state").write_bytes(state)
        out.with_name("out.jsonl.partial").write_bytes(partial)
        out.with_name("out.jsonl.writing").write_bytes(b"half of it")
        annotate_files(linker, [first], out, resume=True)
        assert out.read_bytes() == new["out.jsonl"]
        assert found_in(out) == {"a": ["fever"], "b": ["chest pain"], "c": ["chest pain"]}
        assert not list(tmp_path.glob("out*writing")) + list(tmp_path.glob("out*partial"))


def test_a_kill_while_a_folder_is_put_in_place_is_mended(linker: Linker, tmp_path: Path) -> None:
    notes, out = write_notes(tmp_path / "notes.jsonl", {"a": FEVER}), tmp_path / "out"
    annotate_files(linker, [notes], out, format="brat")
    write_notes(notes, {"b": PAIN})

    def stop(stream: object, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [notes], out, format="brat", progress=stop)
    # The old one is out of its place, the new one is not in it yet.
    out.rename(tmp_path / ".out.replaced")
    (tmp_path / "out.writing").mkdir()
    (tmp_path / "out.writing" / "b.txt").write_text("half of it", encoding="utf-8")
    (tmp_path / "out.run.json").unlink()
    annotate_files(linker, [notes], out, format="brat", resume=True)
    assert sorted(_content(out)) == ["a.ann", "a.txt", "b.ann", "b.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.jsonl",
        "out",
        "out.run.json",
        "out.state",
    ]


@pytest.mark.parametrize("name", ["jsonl", "brat"])
def test_what_a_person_changed_after_an_update_was_stopped_is_not_written_over(
    linker: Linker, tmp_path: Path, name: str
) -> None:
    notes, out = write_notes(tmp_path / "notes.jsonl", {"a": FEVER}), tmp_path / "out"
    annotate_files(linker, [notes], out, format=name)
    file = out / "a.ann" if name == "brat" else out
    written = file.read_bytes()
    write_notes(notes, {str(i): PAIN for i in range(100)})

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [notes], out, format=name, progress=stop)
    file.write_bytes(written.replace(b"X:0006", b"X:0007"))
    with pytest.raises(NoteError, match=r"out: was changed since the run that wrote it, .*--force"):
        annotate_files(linker, [notes], out, format=name, resume=True)
    assert b"X:0007" in file.read_bytes()
    file.write_bytes(written)
    counts = annotate_files(linker, [notes], out, format=name, resume=True)
    assert (counts.notes + counts.resumed, counts.kept) == (100, 1)


@pytest.mark.parametrize("name", ["jsonl", "brat"])
def test_what_a_person_changed_in_an_output_is_not_written_over(
    linker: Linker, tmp_path: Path, name: str
) -> None:
    notes, out = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": FEVER}), tmp_path / "out"
    annotate_files(linker, [notes], out, format=name)
    write_notes(notes, {"c": PAIN})
    # As long as it was.
    file = out / "a.ann" if name == "brat" else out
    corrected = file.read_bytes().replace(b"X:0006", b"X:0007")
    file.write_bytes(corrected)
    with pytest.raises(NoteError, match=r"out: was changed since the run that wrote it, .*--force"):
        annotate_files(linker, [notes], out, format=name)
    assert file.read_bytes() == corrected
    assert not out.with_name("out.partial").exists()
    annotate_files(linker, [notes], out, format=name, force=True)
    if name == "brat":
        (out / "c.ann").rename(out / "d.ann")
        with pytest.raises(NoteError, match="was changed since"):
            annotate_files(linker, [notes], out, format=name)
        (out / "d.ann").rename(out / "c.ann")
    assert annotate_files(linker, [notes], out, format=name).kept == 1


def test_a_damaged_state_is_told(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    annotate_files(linker, [notes], out)
    state = out.with_name("out.jsonl.state")
    state.write_bytes(state.read_bytes()[:-1])
    with pytest.raises(NoteError, match=r"out\.jsonl\.state: damaged from byte .* use --force"):
        annotate_files(linker, [notes], out)


def test_a_state_that_is_gone_where_a_stopped_run_builds_on_it_is_told(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    annotate_files(linker, [write_notes(tmp_path / "notes.jsonl", {"a": FEVER})], out)
    more = write_notes(tmp_path / "more.jsonl", {str(i): PAIN for i in range(N_NOTES)})

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(linker, [more], out, progress=stop)
    state, aside = out.with_name("out.jsonl.state"), tmp_path / "aside"
    state.rename(aside)
    with pytest.raises(NoteError, match=r"state: is gone, and the run that was stopped .*--force"):
        annotate_files(linker, [more], out, resume=True)
    aside.rename(state)
    assert annotate_files(linker, [more], out, resume=True).held_notes == N_NOTES + 1


def test_a_list_of_errors_that_is_gone_is_written_again(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": None})
    annotate_files(linker, [notes], out)
    errors = out.with_name("out.jsonl.errors.jsonl")
    written = errors.read_bytes()
    errors.unlink()
    assert annotate_files(linker, [notes], out).held_errors == 1
    assert errors.read_bytes() == written


def test_two_runs_on_one_output_are_refused(linker: Linker, tmp_path: Path, out: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    busy = NoteError("busy")
    with (
        locked(out, busy),
        pytest.raises(NoteError, match="another process is writing this output; wait for it"),
    ):
        annotate_files(linker, [notes], out)
    annotate_files(linker, [notes], out)
    # A folder that is not there yet is made; nothing of the lock stays.
    assert not list(tmp_path.glob("*.lock")) + list(tmp_path.glob(".*.lock"))
    annotate_files(linker, [notes], tmp_path / "new" / "folder" / "out.jsonl")
    assert found_in(tmp_path / "new" / "folder" / "out.jsonl") == {"a": ["fever"]}


def test_an_index_replaced_during_the_run_stops_it(tmp_path: Path, out: Path) -> None:
    index = build(tmp_path / "index")
    notes = write_notes(tmp_path / "notes.jsonl", {str(i): FEVER for i in range(N_NOTES)})
    linker = Linker(index, encoder=FakeEncoder())

    def replace(stream: object, n: int) -> None:
        if not (tmp_path / "old").exists():
            index.path.rename(tmp_path / "old")
            build(index.path, CONCEPTS[:6])

    with pytest.raises(IndexFolderError, match="the index was replaced during the run; put the"):
        annotate_files(linker, [notes], out, progress=replace)
    assert not out.exists()
    new = Linker.load(index.path, encoder=FakeEncoder())
    with pytest.raises(NoteError, match="had another index; go on with what it was started with"):
        annotate_files(new, [notes], out, resume=True)
    old = Linker.load(tmp_path / "old", encoder=FakeEncoder())
    assert annotate_files(old, [notes], out, resume=True).resumed == BATCH_NOTES
    assert len(found_in(out)) == N_NOTES


def test_a_folder_that_is_no_output_is_left_alone(linker: Linker, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    mine = tmp_path / "out" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    for force in (False, True):
        with pytest.raises(NoteError, match="exists and is not an output; choose another --out"):
            annotate_files(linker, [notes], mine.parent, format="brat", force=force)
    assert mine.read_text(encoding="utf-8") == "mine"
    with pytest.raises(NoteError, match="is a file; this format is a folder of files"):
        annotate_files(linker, [notes], notes, format="brat", force=True)


def test_an_empty_folder_is_filled_and_an_output_that_is_gone_made_anew(
    linker: Linker, tmp_path: Path
) -> None:
    notes, out = write_notes(tmp_path / "notes.jsonl", {"a": FEVER}), tmp_path / "out"
    out.mkdir()
    annotate_files(linker, [notes], out, format="brat")
    assert sorted(_content(out)) == ["a.ann", "a.txt"]
    for path in out.iterdir():
        path.unlink()
    out.rmdir()
    write_notes(notes, {"b": PAIN})
    counts = annotate_files(linker, [notes], out, format="brat")
    assert (counts.notes, counts.kept, sorted(_content(out))) == (1, 0, ["b.ann", "b.txt"])


def test_the_manifest_says_what_was_done_with_what(
    linker: Linker, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER, "b": None})
    os.utime(notes, (0, 86_400))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"id": "c", "text": ""}')))
    annotate_files(linker, [notes], out, k=3)
    manifest = _manifest(out)
    assert manifest["holds"] == {"notes": 1, "links": 1, "errors": 1, "changed": 0}
    assert manifest["this_run"]["notes"] == 1
    assert manifest["config"] == {
        "threshold": linker.threshold,
        "nested": False,
        "detector": "dictionary",
        "k": 3,
        "format": "jsonl",
    }
    about = linker.manifest
    assert manifest["index"] == {
        "path": str(linker.path),
        "terminology": about.terminology.terminology,
        "version": about.terminology.version,
        "licence": about.terminology.licence,
        "vectors": "Flat",
        "tool_version": about.tool_version,
        "sha256": linker.settings["index"],
    }
    assert manifest["encoder"]["fingerprint"] == linker.manifest.encoder.fingerprint
    assert manifest["inputs"] == [
        {
            "path": str(notes),
            "bytes": notes.stat().st_size,
            "modified": "1970-01-02T00:00:00+00:00",
        }
    ]
    assert manifest["output"]["path"] == str(out)
    assert manifest["output"]["format"] == "jsonl"
    assert manifest["this_run"].keys() == {
        "notes",
        "resumed",
        "kept",
        "dropped",
        "workers_replaced",
        "seconds",
        "workers",
    }
    assert manifest["this_run"]["workers"] == 1
    assert manifest["started"] <= manifest["finished"]
    assert manifest["versions"]["concept-linker"] in manifest["tool"]
    assert manifest["versions"]["transformers"] == metadata.version("transformers")
    # Where it is installed, it is what encodes.
    packages = {found.metadata["Name"] for found in metadata.distributions()}
    assert ("onnxruntime" in manifest["versions"]) == ("onnxruntime" in packages)
    assert manifest["inputs_in_all"] == {"files": 1, "bytes": notes.stat().st_size}
    assert manifest["output"]["bytes"] == out.stat().st_size
    assert FEVER not in json.dumps(manifest)
    annotate_files(linker, [notes, "-"], out, k=3)
    assert _manifest(out)["inputs"][1] == {"path": "stdin"}


@pytest.mark.parametrize("modified", [1e12, -1e12, 1e300])
def test_a_file_of_a_year_that_no_calendar_has_is_listed_without_its_time(
    linker: Linker, tmp_path: Path, out: Path, modified: float
) -> None:
    """Some file systems hold such times."""
    out.write_bytes(b"")
    stream = NoteStream([write_notes(tmp_path / "notes.jsonl", {})])
    stream.files = [replace(file, modified=modified) for file in stream.files]
    write_manifest(
        out.with_name("out.jsonl.run.json"),
        linker,
        out,
        {**linker.settings, "format": "jsonl"},
        stream,
        Totals(0, 0, 0, 0),
        Counts(0, 0, 0, 0),
        started="2024-01-02T00:00:00+00:00",
        workers=1,
        seconds=0.0,
    )
    assert _manifest(out)["inputs"] == [{"path": str(tmp_path / "notes.jsonl"), "bytes": 0}]


def test_manifest_of_many_files_lists_the_first_and_counts_all(
    linker: Linker, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.annotate.manifest.LISTED_INPUTS", 2)
    folder = tmp_path / "notes"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.txt").write_text(FEVER, encoding="utf-8")
    assert annotate_files(linker, [folder], out).notes == 3
    manifest = _manifest(out)
    assert [Path(file["path"]).name for file in manifest["inputs"]] == ["a.txt", "b.txt"]
    assert manifest["inputs_in_all"] == {"files": 3, "bytes": 3 * len(FEVER)}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems' names are Unicode")
def test_files_whose_names_are_not_utf8(linker: Linker, tmp_path: Path, out: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in ((b"M\xfcller.txt", FEVER), (b"M\xc3\xbcller.txt", PAIN)):
        (folder / os.fsdecode(name)).write_text(text, encoding="utf-8")
    annotate_files(linker, [tmp_path / "notes"], out)
    assert found_in(out) == {"M\udcfcller": ["fever"], "M\xfcller": ["chest pain"]}
    paths = {Path(file["path"]).name for file in _manifest(out)["inputs"]}
    assert paths == {"M\udcfcller.txt", "M\xfcller.txt"}
    assert annotate_files(linker, [tmp_path / "notes"], out).notes == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX's")
@pytest.mark.parametrize("share", [0.3, 0.7, 1.0, 1.5])
def test_a_full_disk_loses_nothing(linker: Linker, tmp_path: Path, out: Path, share: float) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {str(i): f"{FEVER} {i}" for i in range(400)})
    whole = tmp_path / "whole"
    annotate_files(linker, [notes], whole)
    size = int(whole.with_name("whole.state").stat().st_size * share)
    stopped = "the run stopped: File too large; what was done is ke"
    with files_of_at_most(size), pytest.raises(NoteError, match=stopped):
        annotate_files(linker, [notes], out)
    assert not out.exists()
    assert out.with_name("out.jsonl.partial").exists()
    annotate_files(linker, [notes], out, resume=True)
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX's")
def test_a_disk_that_is_full_at_the_manifest_loses_nothing(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": "All well."})
    stopped = r"out\.jsonl: the run stopped: File too large at .*run\.json; what .*--resume goes on"
    with files_of_at_most(1000), pytest.raises(NoteError, match=stopped):
        annotate_files(linker, [notes], out)
    assert annotate_files(linker, [notes], out, resume=True).resumed == 1
    assert (found_in(out), _manifest(out)["holds"]["notes"]) == ({"a": []}, 1)
    assert not list(tmp_path.glob("out*writing")) + list(tmp_path.glob("out*partial"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux says which file is open")
def test_files_of_a_folder_are_put_on_the_disk_together(
    linker: Linker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {str(i): FEVER for i in range(5)})
    put: list[str] = []
    # One file after the other would wait here for a second one, and fail.
    two = threading.Barrier(2, timeout=PATIENCE)

    def fsync(handle: int) -> None:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        if name.endswith((".txt", ".ann")):
            put.append(name)
            two.wait()

    monkeypatch.setattr(os, "fsync", fsync)
    annotate_files(linker, [notes], tmp_path / "brat", format="brat")
    assert sorted(put) == [f"{i}.{kind}" for i in range(5) for kind in ("ann", "txt")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux says which file is open")
def test_a_file_of_a_folder_that_the_disk_does_not_take_stops_the_run(
    linker: Linker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {str(i): FEVER for i in range(40)})
    out, is_full = tmp_path / "brat", True

    def fsync(handle: int) -> None:
        # Of a disk elsewhere it is only now that it says so.
        if is_full and Path(f"/proc/self/fd/{handle}").readlink().name == "17.ann":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NoteError, match="the run stopped: No space left on device; what was done"):
        annotate_files(linker, [notes], out, format="brat")
    assert not out.exists()
    is_full = False
    assert annotate_files(linker, [notes], out, format="brat", resume=True).held_notes == 40
    assert len(list(out.iterdir())) == 80


@pytest.mark.parametrize("left", [0, 3, 30, 60])
@pytest.mark.parametrize("resume", [False, True])
def test_a_run_killed_before_its_first_batch_keeps_what_was_there(
    linker: Linker, tmp_path: Path, out: Path, left: int, resume: bool
) -> None:
    annotate_files(linker, [write_notes(tmp_path / "old.jsonl", {"a": FEVER})], out)
    notes = write_notes(tmp_path / "notes.jsonl", {"b": PAIN})
    partial = out.with_name("out.jsonl.partial")
    # As much of the first frame as a kill, or a loss of power, leaves.
    for torn in (out.with_name("out.jsonl.state").read_bytes()[:left], bytes(left)):
        partial.write_bytes(torn)
        with pytest.raises(NoteError, match="was made with another k; use what it was made with"):
            annotate_files(linker, [notes], out, resume=resume, k=2)
        annotate_files(linker, [notes], out, resume=resume)
        assert found_in(out) == {"a": ["fever"], "b": ["chest pain"]}
        assert not partial.exists()


def test_the_journal_of_another_program_is_refused(
    linker: Linker, tmp_path: Path, out: Path
) -> None:
    notes = write_notes(tmp_path / "notes.jsonl", {"a": FEVER})
    partial = out.with_name("out.jsonl.partial")
    partial.write_bytes(b"mine")
    with pytest.raises(NoteError, match="not the journal of a run"):
        annotate_files(linker, [notes], out, resume=True)
    assert partial.read_bytes() == b"mine"

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker import Note
from linker.annotate import BadNote, NoteStream
from linker.annotate.journal import Journal
from linker.errors import NoteError
from linker.evaluate import read_gold

SECRET = "zebrafish"


def _read(*paths: Path) -> list[Note | BadNote]:
    return list(NoteStream(paths))


def _lines(path: Path, *lines: bytes | dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"".join(x if isinstance(x, bytes) else json.dumps(x).encode() + b"\n" for x in lines)
    )
    return path


def _reason(tmp_path: Path, line: bytes | dict[str, Any]) -> tuple[str | None, int | None, str]:
    """What is said of a bad line that follows a good one, which must be read."""
    good, bad = _read(_lines(tmp_path / "notes.jsonl", {"id": "1", "text": "Fever."}, line))
    assert good == Note("1", "Fever.")
    assert isinstance(bad, BadNote)
    assert bad.file == str(tmp_path / "notes.jsonl")
    assert SECRET not in repr(bad)
    return bad.id, bad.line, bad.reason


# JSON lines


def test_reads_json_lines_in_order(tmp_path: Path) -> None:
    path = _lines(
        tmp_path / "notes.jsonl", {"id": "b", "text": "One."}, {"text": "Two.", "id": "a", "x": 1}
    )
    assert _read(path) == [Note("b", "One."), Note("a", "Two.")]


def test_text_that_is_rtf_is_no_note(tmp_path: Path) -> None:
    """Its commands would be read as words, and offsets be of no use."""
    rtf = {"id": "2", "text": rf"{{\rtf1\ansi {SECRET}}}"}
    reason = "its text is RTF; convert it to plain text"
    assert _reason(tmp_path, rtf) == ("2", 2, reason)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "3.txt").write_text(rtf["text"])
    (bad,) = _read(tmp_path / "notes")
    assert bad == BadNote("3", str(tmp_path / "notes" / "3.txt"), None, reason)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<html><body>Denies chest&nbsp;pain.</body></html>", "HTML"),
        ("\ufeff\r\n<!DOCTYPE HTML><p>Fever.</p>", "HTML"),
        ('<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "XML"),
        ('<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "XML"),
    ],
)
def test_text_that_is_a_document_of_markup_is_no_note(tmp_path: Path, text: str, what: str) -> None:
    """Words would be met in tags, and missed where entities stand in them ("chest&nbsp;pain")."""
    reason = f"its text is {what}; convert it to plain text"
    assert _reason(tmp_path, {"id": "2", "text": text}) == ("2", 2, reason)


def test_text_that_only_holds_markup_is_a_note(tmp_path: Path) -> None:
    text = "<3 weeks of fever. <p>No cough.</p>"
    path = _lines(tmp_path / "notes.jsonl", {"id": "1", "text": text})
    assert _read(path) == [Note("1", text)]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_as_they_like(tmp_path: Path, newline: bytes, last: bool) -> None:
    data = newline.join([b'{"id": 1, "text": "One."}', b"", b"  ", b'{"id": 2, "text": "Two."}'])
    path = _lines(tmp_path / "notes.jsonl", data + (newline if last else b""))
    assert _read(path) == [Note("1", "One."), Note("2", "Two.")]


def test_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"id": "1", "text": "One."}\n'
    assert _read(_lines(tmp_path / "notes.jsonl", data)) == [Note("1", "One.")]


def test_numbers_are_ids(tmp_path: Path) -> None:
    path = _lines(tmp_path / "notes.jsonl", {"id": 7, "text": ""}, {"id": -1, "text": " "})
    assert _read(path) == [Note("7", ""), Note("-1", " ")]


def test_other_usual_keys_are_known(tmp_path: Path) -> None:
    path = _lines(
        tmp_path / "notes.jsonl",
        {"NOTE_ID": 1, "NOTE_TEXT": "One.", "PERSON_ID": 7.0},
        {"note_id": 2, "id": "b", "text": "Two.", "note": "no"},
        {"doc_id": "3", "body": "Three."},
    )
    assert _read(path) == [
        Note("1", "One.", {"person_id": "7"}),
        Note("b", "Two."),
        Note("3", "Three."),
    ]


def test_text_is_kept_to_the_character(tmp_path: Path) -> None:
    text = "a\x00b\r\nc\u2028d\ud83de\ufeff\U0001f600\tß"
    path = _lines(tmp_path / "notes.jsonl", {"id": "1", "text": text})
    assert _read(path) == [Note("1", text)]


def test_a_note_of_five_megabytes(tmp_path: Path) -> None:
    text = "Known heart failure. " * 250_000
    path = _lines(tmp_path / "notes.jsonl", {"id": "1", "text": text}, {"id": "2", "text": "x"})
    assert _read(path) == [Note("1", text), Note("2", "x")]


@pytest.mark.parametrize(
    ("line", "note_id", "reason"),
    [
        (b'{"id": "2", "text": "zebrafish', None, "not JSON .*was the line cut short"),
        (b"zebrafish\n", None, "not JSON"),
        (b'{"id": "2", "text": "zebrafish \\q"}\n', None, "not JSON"),
        (b'{"id": "2", "text": "zebrafish"} zebrafish\n', None, "not JSON"),
        (
            b'{"id": "2", "text": "caf\xe9 zebrafish"}\n',
            None,
            "not UTF-8: byte 0xe9 at position 24",
        ),
        ('{"id": "2", "text": "zebrafish"}'.encode("utf-16") + b"\n", None, "not UTF-8: byte 0xff"),
        (["zebrafish"], None, "a JSON list, expected an object"),
        ("zebrafish", None, "a JSON str, expected an object"),
        ({"text": "zebrafish"}, None, r"id is missing \(--id-column says .*, expected a string or"),
        ({"id": None, "text": "zebrafish"}, None, "id is of type NoneType"),
        ({"id": True, "text": "zebrafish"}, None, "id is of type bool"),
        ({"id": 1.5, "text": "zebrafish"}, None, "id is of type float"),
        ({"id": ["zebrafish"], "text": ""}, None, "id is of type list"),
        ({"id": "2"}, "2", r"text is missing \(--text-column says .*, expected a s"),
        ({"id": 2, "text": ["zebrafish"]}, "2", "text is of type list, expected a string"),
        ({"id": 2, "text": None}, "2", "text is of type NoneType"),
    ],
)
def test_bad_line_is_told_by_place_and_reason(
    tmp_path: Path, line: Any, note_id: str | None, reason: str
) -> None:
    data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
    found_id, number, found = _reason(tmp_path, data)
    assert (found_id, number) == (note_id, 2)
    assert re.search(reason, found)


def test_deep_nesting_is_a_bad_note(tmp_path: Path) -> None:
    _, number, reason = _reason(tmp_path, b"[" * 200_000 + b"]" * 200_000 + b"\n")
    assert (number, reason) == (2, "not a note: JSON nested too deeply")


def test_a_number_too_long_to_read_is_a_bad_note(tmp_path: Path) -> None:
    _, _, reason = _reason(tmp_path, b'{"id": ' + b"7" * 5000 + b', "text": ""}\n')
    assert reason.startswith("not JSON")
    assert len(reason) < 300


def test_line_numbers_count_blank_lines(tmp_path: Path) -> None:
    path = _lines(tmp_path / "notes.jsonl", b"\n\n", {"id": 1, "text": ""}, b"\nno\n")
    assert [item.line for item in _read(path) if isinstance(item, BadNote)] == [5]


def test_second_note_of_an_id_is_bad(tmp_path: Path) -> None:
    first = _lines(tmp_path / "a.jsonl", {"id": 1, "text": "a"}, {"id": "1", "text": "b"})
    second = _lines(tmp_path / "b.jsonl", {"id": "1", "text": "c"}, {"id": "2", "text": "d"})
    reason = "another note has this id; ids must be unique"
    assert _read(first, second) == [
        Note("1", "a"),
        BadNote("1", str(first), 2, reason),
        BadNote("1", str(second), 1, reason),
        Note("2", "d"),
    ]


def test_a_bad_note_does_not_take_the_id_of_a_good_one(tmp_path: Path) -> None:
    path = _lines(tmp_path / "a.jsonl", {"id": 1}, {"id": 1, "text": "good"})
    assert _read(path)[1] == Note("1", "good")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    notes=st.dictionaries(
        st.text(), st.text(alphabet=st.characters(exclude_categories=())), max_size=5
    ),
    ascii_only=st.booleans(),
    zipped=st.booleans(),
)
def test_write_then_read_is_identity(
    tmp_path: Path, notes: dict[str, str], ascii_only: bool, zipped: bool
) -> None:
    lines = [
        json.dumps({"id": i, "text": text}, ensure_ascii=ascii_only or not _encodable(i + text))
        for i, text in notes.items()
    ]
    data = "".join(f"{line}\n" for line in lines).encode()
    path = tmp_path / ("notes.jsonl.gz" if zipped else "notes.jsonl")
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert _read(path) == [Note(i, text) for i, text in notes.items()]


def _encodable(text: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in text)


# Text files, gzip and folders


def test_text_file_is_one_note(tmp_path: Path) -> None:
    (tmp_path / "note.1.txt").write_bytes(b"\xef\xbb\xbfOne.\r\nTwo.\r\n")
    assert _read(tmp_path / "note.1.txt") == [Note("note.1", "One.\r\nTwo.\r\n")]


def test_text_file_that_is_not_utf8_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    to_do = "save the file as UTF-8 (from {0}: iconv -f {0} -t UTF-8)"
    for content, byte, encoding in (
        (b"zebrafish caf\xe9", "0xe9 at position 13", "CP1252"),
        ("zebrafish".encode("utf-16"), "0xff at position 0", "UTF-16"),
    ):
        path.write_bytes(content)
        reason = f"not UTF-8: byte {byte}; {to_do.format(encoding)}"
        assert _read(path) == [BadNote("a", str(path), None, reason)]


def test_gzip_is_read_as_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"One."))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'{"id": "b", "text": "Two."}\n'))
    assert _read(tmp_path) == [Note("a", "One."), Note("b", "Two.")]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.txt.gz"])
@pytest.mark.parametrize("damage", ["cut", "not gzip", "garbled"])
def test_broken_gzip_is_a_bad_note_and_the_next_file_is_read(
    tmp_path: Path, name: str, damage: str
) -> None:
    lines = b"".join(b'{"id": "%d", "text": "zebrafish"}\n' % i for i in range(20_000))
    data = gzip.compress(lines)
    middle = len(data) // 2
    path = tmp_path / name
    path.write_bytes(
        {
            "cut": data[:middle],
            "not gzip": lines,
            "garbled": data[:middle] + bytes(64) + data[middle + 64 :],
        }[damage]
    )
    other = _lines(tmp_path / "b.jsonl", {"id": "last", "text": "Fever."})
    *_, bad, last = _read(path, other)
    assert isinstance(bad, BadNote)
    assert "the gzip stream is broken" in bad.reason or bad.reason.startswith("not ")
    assert SECRET not in repr(bad)
    # Nor what the library quotes of a file that was never packed: its first two bytes.
    assert "{" not in bad.reason
    assert last == Note("last", "Fever.")


def test_empty_files_hold_no_notes_or_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"")
    (tmp_path / "b.txt").write_bytes(b"")
    assert _read(tmp_path) == [Note("b", "")]


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/b/note.TXT", "c.txt.GZ", "x.pdf", "y.gz", "z"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(b"zipped") if path.suffix == ".GZ" else name.encode())
    assert _read(tmp_path) == [
        Note("a/b/note", "a/b/note.TXT"),
        Note("a/z", "a/z.txt"),
        Note("b", "b.txt"),
        Note("c", "zipped"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_folders_are_followed_through_links_and_each_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "notes" / "z").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "notes" / "z" / "n.txt").write_text("Here.", encoding="utf-8")
    (tmp_path / "elsewhere" / "n.txt").write_text("There.", encoding="utf-8")
    for name, target in (("a", "notes/z"), ("b", "elsewhere"), ("z/up", "notes")):
        (tmp_path / "notes" / name).symlink_to(tmp_path / target)
    assert _read(tmp_path / "notes") == [Note("b/n", "There."), Note("z/n", "Here.")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links and pipes here")
def test_what_leads_nowhere_and_what_is_no_file_is_told(tmp_path: Path) -> None:
    for name in ("archive", "a.txt", "x.pdf", ".#b.txt"):
        (tmp_path / name).symlink_to(tmp_path / "gone")
    (tmp_path / "loop.jsonl").symlink_to("loop.jsonl")
    os.mkfifo(tmp_path / "pipe.jsonl")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "n.txt").write_text("Fever.", encoding="utf-8")
    *bad, last = _read(tmp_path)
    assert last == Note("n", "Fever.")
    told = [(Path(b.file or "").name, b.reason) for b in bad if isinstance(b, BadNote)]
    assert [(name, re.split("[(;]", reason)[:2][-1]) for name, reason in told] == [
        ("a.txt", "No such file or directory)"),
        ("archive", "No such file or directory)"),
        ("loop.jsonl", "Too many levels of symbolic links)"),
        ("pipe.jsonl", " a pipe is read where it is named itself"),
    ]


def test_hidden_files_of_a_folder_are_no_notes(tmp_path: Path) -> None:
    folder = tmp_path / ".notes"
    for name in (".ipynb_checkpoints/a-checkpoint.jsonl", "a.jsonl", "b/c.jsonl", "b/._c.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _lines(folder / name, {"id": name.rpartition("/")[2][:1], "text": name})
    assert _read(folder) == [Note("a", "a.jsonl"), Note("c", "b/c.jsonl")]
    # One that is named is read.
    assert _read(folder / "b" / "._c.jsonl") == [Note(".", "b/._c.jsonl")]


def test_a_file_that_vanishes_is_a_bad_note(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name, encoding="utf-8")
    stream = NoteStream([tmp_path])
    (tmp_path / "b.txt").unlink()
    (tmp_path / "a.txt").unlink()
    (tmp_path / "a.txt").mkdir()
    a, b, c = stream
    assert c == Note("c", "c")
    for item, name, reason in ((a, "a", "Is a directory"), (b, "b", "No such file or directory")):
        assert isinstance(item, BadNote)
        assert (item.id, item.file) == (None, str(tmp_path / f"{name}.txt"))
        assert item.reason.startswith(f"cannot be read ({reason}); what is left of it is lost")


@pytest.mark.skipif(sys.platform == "win32", reason="to its owner nothing is closed")
def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    for name in ("a/n.txt", "b/n.txt", "c.txt", "d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / "a" / "inner").mkdir()
    (tmp_path / "e").symlink_to(tmp_path / "a" / "inner")
    closed = [tmp_path / name for name in ("a", "b", "c.txt")]
    for path, mode in zip(closed, (0, 0o444, 0), strict=True):
        path.chmod(mode)
    try:
        if os.access(tmp_path / "a", os.R_OK):
            pytest.skip("to root nothing is closed")
        *bad, last = _read(tmp_path)
    finally:
        for path in closed:
            path.chmod(0o755)
    assert last == Note("d", "d.txt")
    told = [Path(item.file or "").name for item in bad if isinstance(item, BadNote)]
    assert told == ["a", "n.txt", "e", "c.txt"]


def test_files_of_one_name_in_two_subfolders_are_two_notes(tmp_path: Path) -> None:
    for patient in ("p1", "p2"):
        (tmp_path / patient).mkdir()
        (tmp_path / patient / "note.txt").write_text(patient, encoding="utf-8")
    assert _read(tmp_path) == [Note("p1/note", "p1"), Note("p2/note", "p2")]


def test_files_to_leave_out_are_not_read(tmp_path: Path) -> None:
    _lines(tmp_path / "notes.jsonl", {"id": "1", "text": ""})
    out = _lines(tmp_path / "links.jsonl", {"id": "1", "links": []})
    assert list(NoteStream([tmp_path], leave_out=[out])) == [Note("1", "")]
    with pytest.raises(NoteError, match="would be read and written"):
        NoteStream([tmp_path / "notes.jsonl", out], leave_out=[out])


def test_outputs_of_other_runs_are_no_notes(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    for name in (
        *("a.jsonl", "links.csv", "links.csv.run.json", "links.csv.state"),
        *("links.csv.errors.jsonl", "out/b.txt", "out.run.json", "sub/c.xml", "sub/c.xml.run.json"),
        *("new.partial", "new.writing/d.txt", "other.errors.jsonl", "my.run.json"),
    ):
        (notes / name).parent.mkdir(parents=True, exist_ok=True)
        (notes / name).touch()
    found = [Path(file.name).relative_to(notes).as_posix() for file in NoteStream([notes]).files]
    assert found == ["a.jsonl", "my.run.json", "other.errors.jsonl"]
    # What is asked for by name is read.
    assert [file.id for file in NoteStream([notes / "out", notes / "links.csv"]).files] == [
        "b",
        "links",
    ]


def test_an_output_in_a_folder_that_is_being_put_in_place_is_not_read(tmp_path: Path) -> None:
    """Meanwhile no manifest says what it is; its journal does."""
    (tmp_path / "out").mkdir()
    for name in ("a.jsonl", "links.csv", "out/b.txt", "mine.jsonl", "mine.jsonl.partial"):
        (tmp_path / name).write_text("", encoding="utf-8")
    for name in ("links.csv", "out"):
        with Journal(tmp_path / f"{name}.partial", {"settings": {}}) as journal:
            journal.sync()
    # That of another program may be what it has fetched of a new version.
    (tmp_path / "mine.jsonl.partial").write_text('{"id": "1"', encoding="utf-8")
    files = [file.path for file in NoteStream([tmp_path]).files]
    assert files == [tmp_path / "a.jsonl", tmp_path / "mine.jsonl"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.jsonl", "nowhere.jsonl: no such file or folder"),
        ("notes.pdf", "not a format of notes that can be read; expected .jsonl or .jsonl.gz, .txt"),
        ("folder", "no notes in this folder; expected files that end in .jsonl"),
    ],
)
def test_paths_without_notes_are_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "notes.pdf").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(NoteError) as caught:
        NoteStream([tmp_path / name])
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [str, Path])
def test_a_single_path_is_no_list_of_paths(tmp_path: Path, kind: type[str | Path]) -> None:
    path = _lines(tmp_path / "a.jsonl", {"id": 1, "text": "x"})
    with pytest.raises(TypeError, match=r"^paths is \w+; give a list of files and folders$"):
        NoteStream(kind(path))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^paths is \w+; give a list of files and folders$"):
        read_gold(kind(path))  # type: ignore[arg-type]


def test_paths_may_come_one_by_one_as_glob_gives_them(tmp_path: Path) -> None:
    _lines(tmp_path / "a.jsonl", {"id": 1, "text": "One."})
    assert list(NoteStream(tmp_path.glob("*.jsonl"))) == [Note("1", "One.")]


def test_an_unset_variable_of_a_shell_is_not_the_folder_that_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _lines(tmp_path / "a.jsonl", {"id": "1", "text": "One."})
    monkeypatch.chdir(tmp_path)
    assert _read(Path()) == [Note("1", "One.")]
    with pytest.raises(NoteError, match="'' among the inputs is not a path"):
        NoteStream(["a.jsonl", ""])


def test_bytes_read_grow_to_the_total(tmp_path: Path) -> None:
    _lines(tmp_path / "a.jsonl", *({"id": i, "text": "x" * 5000} for i in range(20)))
    (tmp_path / "b.txt").write_text("One.", encoding="utf-8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"Two."))
    stream = NoteStream([tmp_path])
    seen = [stream.bytes_read for _ in stream]
    assert seen == sorted(seen)
    assert seen[0] < stream.total_bytes // 2
    assert stream.bytes_read == stream.total_bytes
    assert stream.total_bytes == sum(p.stat().st_size for p in tmp_path.iterdir())


def test_a_stream_may_be_read_twice(tmp_path: Path) -> None:
    stream = NoteStream([_lines(tmp_path / "a.jsonl", {"id": 1, "text": ""})])
    assert list(stream) == list(stream)
    assert stream.bytes_read == stream.total_bytes


def test_what_spark_leaves_in_a_folder_is_no_note(tmp_path: Path) -> None:
    _lines(tmp_path / "notes" / "part-0.jsonl", {"id": "1", "text": "One."})
    _lines(tmp_path / "notes" / "_temporary" / "0" / "part-1.jsonl", {"id": "2", "text": "Two."})
    for name in ("_SUCCESS", "_metadata", ".part-0.jsonl.crc"):
        (tmp_path / "notes" / name).write_bytes(b"")
    _lines(tmp_path / "notes" / "_ward" / "_n.jsonl", {"id": "3", "text": "Three."})
    assert _read(tmp_path / "notes") == [Note("3", "Three."), Note("1", "One.")]


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        ("_delta_log/0.json", "a Delta table"),
        ("metadata/v1.metadata.json", "an Iceberg table"),
        ("metadata/00000-4a0b.metadata.json", "an Iceberg table"),
        (".hoodie/hoodie.properties", "a Hudi table"),
    ],
)
def test_a_table_of_a_lake_is_refused_for_it_holds_rows_that_are_gone(
    tmp_path: Path, log: str, kind: str
) -> None:
    table = tmp_path / "lake" / "notes"
    _lines(table / "part-0.jsonl", {"id": "1", "text": "One."})
    _lines(table / log, {"add": {"path": "part-0.jsonl"}})
    with pytest.raises(NoteError, match=f"{re.escape(str(table))}: {kind}, whose files"):
        _read(tmp_path / "lake")
    # One of its files that is named is read.
    assert _read(table / "part-0.jsonl") == [Note("1", "One.")]


def test_a_folder_called_metadata_makes_no_table(tmp_path: Path) -> None:
    _lines(tmp_path / "metadata" / "a.jsonl", {"id": "1", "text": "One."})
    _lines(tmp_path / "metadata" / "b.metadata.json", b'[{"id": "2", "text": "Two."}]')
    assert _read(tmp_path) == [Note("1", "One."), Note("2", "Two.")]


def test_columns_in_the_names_of_folders_are_those_of_their_notes(tmp_path: Path) -> None:
    day = tmp_path / "site=A" / "note_date=2024-01-02"
    _lines(
        day / "Person_ID=p%2F1" / "a.jsonl",
        {"id": "1", "text": "One."},
        {"id": "2", "text": "Two.", "person_id": "own"},
    )
    _lines(day / "person_id=__HIVE_DEFAULT_PARTITION__" / "b.jsonl", {"id": "3", "text": "Three."})
    _lines(day / "person_id=" / "b.txt", b"Four.")
    expected = [
        Note("1", "One.", {"note_date": "2024-01-02", "person_id": "p/1"}),
        Note("2", "Two.", {"note_date": "2024-01-02", "person_id": "own"}),
        Note("site=A/note_date=2024-01-02/person_id=/b", "Four.", {"note_date": "2024-01-02"}),
        Note("3", "Three.", {"note_date": "2024-01-02"}),
    ]
    assert _read(tmp_path) == expected
    # Of a file or folder that is named, its own path counts as well.
    assert _read(day / "Person_ID=p%2F1" / "a.jsonl") == expected[:2]
    assert _read(day / "Person_ID=p%2F1") == expected[:2]

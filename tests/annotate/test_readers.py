"""Each format of notes."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import os
import random
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import damage_column
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker import Note
from linker.annotate import NOTE_READERS, BadNote, Columns, NoteStream
from linker.errors import NoteError

SECRET = "zebrafish"


def _read(*paths: Path, **options: Any) -> list[Note | BadNote]:
    return list(NoteStream(paths, **options))


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _bad(*items: Note | BadNote) -> list[tuple[str | None, int | None, str]]:
    bad = [(item.id, item.line, item.reason) for item in items if isinstance(item, BadNote)]
    assert SECRET not in repr(bad)
    return bad


# Packed, and from stdin

LINES = b'{"id": "1", "text": "One."}\n{"id": "2", "text": "Two."}\n'
NOTES = [Note("1", "One."), Note("2", "Two.")]


def _zstd(data: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(data, asbytes=True)
    return packed


def test_zstd_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl.zst", _zstd(LINES))
    _write(tmp_path / "b.txt.ZST", _zstd(b"B."))
    assert _read(tmp_path) == [*NOTES, Note("b", "B.")]
    # Two frames, as `cat` makes them.
    path.write_bytes(_zstd(LINES[: len(LINES) // 2]) + _zstd(LINES[len(LINES) // 2 :]))
    assert _read(path) == NOTES


@pytest.mark.parametrize("content", [_zstd(LINES * 999)[:-9], b"no zstd at all", LINES])
def test_broken_zstd_is_a_bad_note(tmp_path: Path, content: bytes) -> None:
    *_, bad = _read(_write(tmp_path / "a.jsonl.zst", content))
    assert isinstance(bad, BadNote)
    assert bad.reason.startswith("the zstd stream is broken (")


def test_stdin_is_json_lines_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, options in ((LINES, {}), (b"id,text\n1,One.\n2,Two.\n", {"input_format": "csv"})):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        stream = NoteStream(["-"], **options)
        assert list(stream) == NOTES
        assert (stream.bytes_read, stream.total_bytes) == (0, 0)


def test_a_stdin_that_is_closed_holds_no_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert list(NoteStream(["-"])) == []


def test_an_input_format_overrides_the_ending(tmp_path: Path) -> None:
    path = _write(tmp_path / "notes.dat", LINES)
    with pytest.raises(NoteError, match=r"not a format of notes.*--input-format says what it is"):
        _read(path)
    assert _read(path, input_format="jsonl") == NOTES
    with pytest.raises(NoteError, match="input format 'doc' is not known; known: jsonl, text"):
        _read(path, input_format="doc")


# Tables


def test_csv_columns_are_found_by_their_usual_names(tmp_path: Path) -> None:
    data = 'Person_ID,NOTE_ID,note_date,note_text\n7,1,2020-01-02,"One, ""two""\r\nthree"\n'
    path = _write(tmp_path / "NOTE.csv", b"\xef\xbb\xbf" + data.encode())
    (note,) = _read(path)
    assert note == Note("1", 'One, "two"\r\nthree', {"person_id": "7", "note_date": "2020-01-02"})


def test_csv_of_spreadsheets_is_read(tmp_path: Path) -> None:
    for name, data in (
        ("semicolons.csv", '\ufeffnote_id;"note, or text"\r\n1;"One; and, two"\r\n'),
        ("bars.csv", "note_id|note, or text\n1|One; and, two\n".replace("note, or text", "body")),
        ("returns.csv", 'note_id,body\r1,"One; and, two"\r'),
        ("tabs.csv", "note_id\tbody\n1\tOne; and, two\n"),
        ("broken.csv", '"note_id","bo\ndy"\n1,"One; and, two"\n'),
    ):
        path = _write(tmp_path / name, data)
        columns = Columns(
            text={"semicolons.csv": "note, or text", "broken.csv": "bo\ndy"}.get(name)
        )
        assert _read(path, columns=columns) == [Note("1", "One; and, two")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.ndjson", "a.csv", "a.txt"])
def test_what_is_packed_and_not_called_so_is_one_error_that_says_what_to_do(
    tmp_path: Path, name: str
) -> None:
    parquet = io.BytesIO()
    pq.write_table(pa.table({"id": ["1"], "text": [SECRET]}), parquet)
    data = random.Random(0).randbytes(3000) + LINES
    for packed, reason in (
        (gzip.compress(data), "unpack it, or give the file by a name that ends in .gz"),
        (_zstd(data), "unpack it, or give the file by a name that ends in .zst"),
        (b"PK\x03\x04" + data, "unpack it; save a spreadsheet as CSV UTF-8"),
        (parquet.getvalue(), "give it as a file with a name that ends in .parquet"),
    ):
        bad = _bad(*_read(_write(tmp_path / name, packed)))
        assert [found for *_, found in bad if found.endswith(f"; {reason}")]
        assert len(bad) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_a_bad_note_that_says_what_to_do(tmp_path: Path, encoding: str) -> None:
    to_do = "save the file as UTF-8 (from UTF-16: iconv -f UTF-16 -t UTF-8)"
    note = json.dumps({"id": 1, "text": f"ü{SECRET}"}, ensure_ascii=False)
    for mark in ("\ufeff", ""):
        for name, text, line in (
            ("a.csv", f"id,text\n1,{SECRET}\n", 1),
            ("a.jsonl", f"{note}\n{note}\n", 1),
            ("a.ndjson", f"{note}\n{note}\n", 1),
            ("a.json", f"[{note}]", None),
            ("a.txt", SECRET, None),
        ):
            path = _write(tmp_path / name, f"{mark}{text}".encode(encoding))
            ((_, at, reason),) = _bad(*_read(path))
            assert at == line
            assert "UTF-16" in reason
            assert reason.endswith(f"; {to_do}")


def test_columns_may_be_named(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.tsv", "text\tkey\tbody\tn\nx\ty\tOne.\t1\n")
    assert _read(path, columns=Columns("n", "body")) == [Note("1", "One.")]
    assert _read(path) == [Note("y", "x")]
    with pytest.raises(NoteError, match=r"a\.tsv: no column 'nr' for the notes' id; it has text, "):
        _read(path, columns=Columns("nr"))
    other = _write(tmp_path / "b.csv", "a,id\n")
    with pytest.raises(NoteError, match=r"text .*say which with --text-column, or leave the"):
        _read(other)
    lines = _write(tmp_path / "a.jsonl", '{"n": 1, "body": "One."}\n')
    assert _read(lines, columns=Columns("n", "body")) == [Note("1", "One.")]


def test_a_column_that_stands_twice_is_no_guess(tmp_path: Path) -> None:
    """As a join leaves it: the second `note_id` would give each note another one's id."""
    rows = [["note_id", "note_text", "person_id", "note_id", "Person_ID"], [1, "One.", 7, 99, 8]]
    names, values = rows
    _write(tmp_path / "a.csv", "".join(",".join(map(str, row)) + "\n" for row in rows))
    pq.write_table(
        pa.table([pa.array([value]) for value in values], names=names), tmp_path / "a.parquet"
    )
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(NoteError, match=r"column 'note_id' occurs twice, .* notes' id cannot"):
            _read(tmp_path / name)
        with pytest.raises(NoteError, match=r"'note_id' occurs twice, .* another --text-column"):
            _read(tmp_path / name, columns=Columns("person_id", "note_id"))
        (note,) = _read(tmp_path / name, columns=Columns("Person_ID", "note_text"))
        assert note == Note("8", "One.", {"person_id": "7"})


def test_bad_rows_are_told_by_line_and_the_others_are_read(tmp_path: Path) -> None:
    data = (
        b'id,text\n1,"One\n."\n2,zebrafish,x\n\n3,caf\xe9 zebrafish\n,zebrafish\n'
        b'5,Five.\ncaf\xe9,zebrafish\n6,"zebra"fish, said\nzebrafish,"\n7,Seven.\n'
    )
    items = _read(_write(tmp_path / "a.csv", data))
    assert [item for item in items if isinstance(item, Note)] == [
        Note("1", "One\n."),
        Note("5", "Five."),
    ]
    assert [(note_id, line, reason[:20]) for note_id, line, reason in _bad(*items)] == [
        (None, 4, "3 fields, expected 2"),
        ("3", 6, "its text is not UTF-"),
        (None, 7, "its id is empty"),
        (None, 9, "its id is not UTF-8:"),
        (None, 10, "not CSV (',' expecte"),
    ]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b'2,"zebrafish\n3,Three.\n', "not CSV (unexpected end of data); where its fields end"),
        (b'2,"zebra"fish, x\nzebrafish,x"\n3,Three.\n', "not CSV (',' expected after"),
        (b'2,"zebra", x\nzebrafish,x"\n3,Three.\n', "3 fields, expected 2; where its fields end"),
        (b'2,"zebra\n3,"zebra fish"\nzebra,fish\n', "not CSV (',' expected after"),
    ],
)
def test_after_a_broken_quote_nothing_is_taken_for_a_note(
    tmp_path: Path, broken: bytes, reason: str
) -> None:
    first, *bad = _read(_write(tmp_path / "a.csv", b'id,text\n1,"One."\n' + broken))
    assert first == Note("1", "One.")
    ((note_id, line, found),) = _bad(*bad)
    assert (note_id, line) == (None, 3)
    assert found.startswith(reason)


@pytest.mark.parametrize(
    "row",
    [
        '1,"The zebrafish, 54, has fever"',
        "zebrafish,fever",
        "1,zebrafish",
        f"note,text of a {SECRET} that goes on",
        "N0001,zebrafish patient",
        "N0001,Patient has zebrafish",
        "zebrafish,Full code",
    ],
)
def test_a_first_row_that_names_no_columns_is_not_quoted(tmp_path: Path, row: str) -> None:
    with pytest.raises(NoteError, match="its first row, of 2 fields, seems to name no") as e:
        _read(_write(tmp_path / "a.csv", f"{row}\n2,ataxia\n"))
    assert SECRET not in str(e.value)


def test_a_csv_note_of_five_megabytes(tmp_path: Path) -> None:
    text = "Known heart failure. " * 250_000
    assert _read(_write(tmp_path / "a.csv", f'id,text\n1,"{text}"\n')) == [Note("1", text)]


def test_a_quote_that_is_never_closed_does_not_fill_memory(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", 'id,text\n1,"' + f"{'x' * ((1 << 20) - 1)}\n" * 48)
    stream = NoteStream([path])
    for _, line, item in stream.placed():
        assert isinstance(item, BadNote)
        assert (line, item.id) == (2, None)
        assert item.reason.startswith("not CSV (field larger than field limit")
        # It is held in memory several times over.
        assert stream.bytes_read < 36 << 20


@settings(suppress_health_check=list(HealthCheck), max_examples=50)
@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5), st.sampled_from(["", ".gz"]))
def test_csv_is_read_as_it_was_written(tmp_path: Path, notes: dict[str, str], packed: str) -> None:
    notes = {k: v for k, v in notes.items() if not set("\x00") & set(k + v)}
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["id", "text"])
    writer.writerows(notes.items())
    data = file.getvalue().encode()
    path = _write(tmp_path / f"a.csv{packed}", gzip.compress(data) if packed else data)
    assert _read(path) == [Note(note_id, text) for note_id, text in notes.items()]


def _parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_parquet_is_read_row_by_row(tmp_path: Path) -> None:
    path = _parquet(
        tmp_path / "note.parquet",
        {
            "note_id": [3, 1, None, 2],
            "person_id": [7, 8, 9, None],
            "note_text": ["a\x00b\r\n🙂", "", "zebrafish", None],
            "note_title": ["x"] * 4,
        },
        row_group_size=2,
    )
    items = _read(path)
    assert items[:2] == [
        Note("3", "a\x00b\r\n🙂", {"person_id": "7"}),
        Note("1", "", {"person_id": "8"}),
    ]
    assert _bad(*items) == [
        (None, 3, "note_id is of type NoneType, expected a string or a whole number"),
        ("2", 4, "note_text is of type NoneType, expected a string"),
    ]


def test_ids_of_other_types_of_number_are_whole_numbers(tmp_path: Path) -> None:
    ids: dict[str, list[Any]] = {
        "decimal": [Decimal(10**20), Decimal(2)],
        "double": [1.0, 2.0],
    }
    for name, values in ids.items():
        path = _parquet(
            tmp_path / f"{name}.parquet",
            {"note_id": values, "note_text": ["One.", "Two."], "person_id": [7.0, float("nan")]},
        )
        first, second = _read(path)
        assert first == Note(str(int(values[0])), "One.", {"person_id": "7"})
        assert second == Note("2", "Two.", {})
    path = _parquet(
        tmp_path / "bad.parquet",
        {"note_id": [1.5, float("nan"), float("inf"), 1e17], "note_text": ["zebrafish"] * 4},
    )
    *others, rounded = [reason for _, _, reason in _bad(*_read(path))]
    assert others == ["note_id is of type float, expected a string or a whole number"] * 3
    assert rounded.startswith("note_id is a float of more than 9,007,199,254,740,992, which may")


def test_ids_as_bytes_and_uuids_are_strings(tmp_path: Path) -> None:
    uuid = UUID("12345678-1234-5678-1234-567812345678")
    for name, ids in (
        ("bytes", pa.array(["é".encode(), b"\xff"])),
        ("uuid", pa.array([uuid.bytes, None], pa.uuid())),
    ):
        path = _parquet(tmp_path / f"{name}.parquet", {"id": ids, "text": ["One.", SECRET]})
        first, second = _read(path)
        assert first == Note({"bytes": "é", "uuid": str(uuid)}[name], "One.")
        ((note_id, line, reason),) = _bad(second)
        assert (note_id, line) == (None, 2)
        assert reason.endswith(", expected a string or a whole number")


def test_text_as_bytes_is_decoded_a_row_at_a_time(tmp_path: Path) -> None:
    texts = pa.array(["One é.".encode(), b"zebrafish caf\xe9"], pa.binary())
    path = _parquet(tmp_path / "a.parquet", {"id": ["1", "2"], "text": texts})
    first, second = _read(path)
    assert first == Note("1", "One é.")
    assert _bad(second) == [("2", 2, "text is not UTF-8: byte 0xe9 at position 13")]


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_string_of_parquet_that_is_not_utf_8_takes_no_other_note(
    tmp_path: Path, kind: pa.DataType
) -> None:
    strings = pa.array(["One é.".encode(), b"zebrafish caf\xe9", b"Three."]).view(pa.string())
    columns = {"id": ["1", "2", "3"], "text": strings.cast(kind)}
    first, second, third = _read(_parquet(tmp_path / "a.parquet", columns))
    assert [first, third] == [Note("1", "One é."), Note("3", "Three.")]
    assert _bad(second) == [("2", 2, "text is not UTF-8: byte 0xe9 at position 13")]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (pa.timestamp("us"), "1970-01-01 00:00:00"),
        (pa.timestamp("us", "UTC"), "1970-01-01 00:00:00+00:00"),
        (pa.date32(), "1970-01-01"),
    ],
)
def test_a_date_that_python_cannot_hold_takes_no_note(
    tmp_path: Path, kind: pa.DataType, told: str
) -> None:
    whole = pa.int32() if kind.bit_width == 32 else pa.int64()
    # The greatest, which is PostgreSQL's "infinity", and the least.
    most = 2 ** (kind.bit_width - 1) - 1
    columns = {
        "note_id": [1, 2, 3],
        "note_text": ["One.", "Two.", "Three."],
        "note_datetime": pa.array([most, 0, -most], whole).view(kind),
    }
    assert _read(_parquet(tmp_path / "a.parquet", columns)) == [
        Note("1", "One."),
        Note("2", "Two.", {"note_datetime": told}),
        Note("3", "Three."),
    ]


def test_nanoseconds_are_read_as_microseconds(tmp_path: Path) -> None:
    # Finer ones need pandas, which may not be installed.
    dates = pa.array([1_704_103_200_123_456_789, 1_704_103_200_000_000_000], pa.timestamp("ns"))
    columns = {"id": ["1", "2"], "text": ["One.", "Two."], "note_datetime": dates}
    assert _read(_parquet(tmp_path / "a.parquet", columns)) == [
        Note("1", "One.", {"note_datetime": "2024-01-01 10:00:00.123456"}),
        Note("2", "Two.", {"note_datetime": "2024-01-01 10:00:00"}),
    ]


def test_a_corrupt_row_group_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    n = 3000
    path = _parquet(
        tmp_path / "a.parquet",
        {"id": [str(i) for i in range(n)], "text": [f"{i} {SECRET} " * 9 for i in range(n)]},
        row_group_size=1000,
    )
    damage_column(path, row_group=1, column=1)
    items = _read(path)
    ((note_id, line, reason),) = _bad(*items)
    assert (note_id, line) == (None, 1001)
    assert reason.startswith("row group 1 of 3, rows 1001 to 2000, is damaged (")
    assert "from row 1001 on are lost: copy or write the file again" in reason
    ids = [int(item.id) for item in items if isinstance(item, Note)]
    assert ids == [*range(1000), *range(2000, 3000)]


def test_a_row_group_is_read_as_its_notes_are_needed(tmp_path: Path) -> None:
    """Most programs write a million rows as one group, which is too much for memory."""
    draw = random.Random(0)
    texts = [draw.randbytes(2000).hex() for _ in range(2500)]
    path = _parquet(tmp_path / "a.parquet", {"id": list(range(2500)), "text": texts})
    assert pq.ParquetFile(path).num_row_groups == 1
    stream = NoteStream([path])
    read = [stream.bytes_read / stream.total_bytes for _ in stream]
    assert (read[0] < 0.6, read[0] < read[1250] < read[2499]) == (True, True)


def test_how_far_a_row_group_is_read_only_grows(tmp_path: Path) -> None:
    """Columns lie one behind the other: those after the texts are at the end of the group."""
    draw = random.Random(0)
    columns = {
        "note_id": list(range(2500)),
        "note_text": [draw.randbytes(2000).hex() for _ in range(2500)],
        "visit_occurrence_id": list(range(2500)),
    }
    stream = NoteStream([_parquet(tmp_path / "note.parquet", columns)])
    read = [stream.bytes_read / stream.total_bytes for _ in stream]
    assert read == sorted(read)
    assert read[0] < 0.6 < read[1250] < 0.9 < read[2499]
    assert stream.bytes_read == stream.total_bytes


@pytest.mark.parametrize("content", [b"", b"PAR1", b"zebrafish" * 99])
def test_what_is_no_parquet_is_a_bad_note(tmp_path: Path, content: bytes) -> None:
    ((_, _, reason),) = _bad(*_read(_write(tmp_path / "a.parquet", content)))
    assert reason.startswith("not a Parquet file, or its footer is damaged (")


def test_a_footer_whose_names_are_not_utf_8_is_damaged(tmp_path: Path) -> None:
    path = _parquet(tmp_path / "a.parquet", {"id": ["1"], "text": [SECRET], "né": ["x"]})
    _write(path, path.read_bytes().replace("né".encode(), b"n\xff\xff"))
    _write(tmp_path / "b.txt", b"B.")
    bad, other = _read(tmp_path)
    ((_, _, reason),) = _bad(bad)
    assert reason.startswith("not a Parquet file, or its footer is damaged (UnicodeDecodeError); ")
    assert other == Note("b", "B.")


def test_parquet_that_cannot_be_read_from_its_end_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _parquet(tmp_path / "a.parquet", {"id": ["1"], "text": [SECRET]}).read_bytes()
    # In a folder it is one file, and no end of the run.
    _write(tmp_path / "b.parquet.zst", _zstd(data))
    _write(tmp_path / "c.parquet.gz", gzip.compress(data))
    note, *packed = _read(tmp_path)
    assert note == Note("1", SECRET)
    reason = "Parquet is read from its end, which stdin and packed files do not give; unpack it"
    assert _bad(*packed) == [(None, None, reason)] * 2
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(pipe))
        with pytest.raises(NoteError, match="stdin: Parquet is read from its end"):
            _read(Path("-"), input_format="parquet")


# Corpora


def test_brat_folders_are_read_without_their_annotations(tmp_path: Path) -> None:
    _write(tmp_path / "n1.txt", b"Fever.\r\n")
    _write(tmp_path / "n1.ann", "T1\tX 0 5\tFever\n")
    assert _read(tmp_path) == _read(tmp_path, input_format="brat") == [Note("n1", "Fever.\r\n")]


def test_a_line_break_in_an_abstract_of_pubtator_loses_no_text_in_silence(tmp_path: Path) -> None:
    data = f"1|t|Has fever\n1|a|and cough.\nA {SECRET} line.\n\n2|t|Two.\n2|a|\n2\tCID\tD1\tD2\n"
    items = _read(_write(tmp_path / "a.pubtator", data))
    reason = (
        "neither a text, ID|t|..., nor an annotation, whose fields are parted by tabs; write a "
        "line break in a text as a blank"
    )
    assert _bad(*items) == [("1", 3, reason)]
    assert items[1:] == [Note("2", "Two.\n")]


def test_pubtator_notes_are_title_and_abstract(tmp_path: Path) -> None:
    data = b"1|t|Fever.\n1|a|And cough.\n1\t0\t5\tFever\tDisease\tD1\n\n2|x\n\n3|t|caf\xe9\n"
    first, *others = _read(_write(tmp_path / "a.pubtator", data))
    assert first == Note("1", "Fever.\nAnd cough.")
    assert [line for _, line, _ in _bad(*others)] == [5, 7]
    # What is wrong with a mention that is marked there is nothing to the note.
    data = b"1|t|Fever.\n1\t0\t9\tzebrafish\tDisease\tD1\n"
    assert _read(_write(tmp_path / "b.pubtator", data)) == [Note("1", "Fever.")]


def test_bioc_is_read_as_xml_and_json(tmp_path: Path) -> None:
    passages = [("0", "Fever."), ("7", "And cough.")]
    xml = "".join(
        f"<passage><offset>{at}</offset><text>{text}</text></passage>" for at, text in passages
    )
    _write(
        tmp_path / "a.xml",
        f"<collection><document><id>1</id>{xml}</document></collection>",
    )
    document = {"id": "2", "passages": [{"offset": int(a), "text": t} for a, t in passages]}
    _write(tmp_path / "b.json", json.dumps({"documents": [document]}))
    assert _read(tmp_path) == [Note(i, "Fever.\nAnd cough.") for i in ("1", "2")]


@pytest.mark.parametrize("character", ["a", "\u20ac", "\U0001f600"])
def test_bioc_xml_without_line_ends_is_not_held_whole(tmp_path: Path, character: str) -> None:
    text = character * 1001
    documents = "".join(
        f"<document><id>{i}</id><passage><offset>0</offset><text>{text}</text></passage></document>"
        for i in range(2000)
    )
    path = _write(tmp_path / "a.xml", f"<collection>{documents}</broken>")
    stream = NoteStream([path])
    items = []
    for _, _, item in stream.placed():
        items.append(item)
        assert isinstance(item, BadNote) or stream.bytes_read < len(items) * 5000 + (1 << 18)
    assert items[:-1] == [Note(str(i), text) for i in range(2000)]
    ((_, _, reason),) = _bad(items[-1])
    assert reason.startswith("not BioC XML (mismatched tag: line 1, column ")


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b"zebrafish"])
def test_json_that_is_none_is_a_bad_note(tmp_path: Path, content: bytes) -> None:
    ((_, _, reason),) = _bad(*_read(_write(tmp_path / "a.json", content)))
    assert reason.startswith("not ")


def test_a_json_list_of_notes_is_read(tmp_path: Path) -> None:
    notes = [
        {"id": 1, "text": "One."},
        {"id": "2"},
        SECRET,
        {"note_id": "3", "note_text": "Three."},
    ]
    first, *bad, last = _read(_write(tmp_path / "a.json", json.dumps(notes)))
    assert [first, last] == [Note("1", "One."), Note("3", "Three.")]
    assert _bad(*bad) == [
        ("2", 2, "text is missing (--text-column says what it is called), expected a string"),
        (None, 3, "a JSON str, expected an object with the keys id and text"),
    ]
    assert _read(_write(tmp_path / "b.json", json.dumps(notes[0]))) == [Note("1", "One.")]


@pytest.mark.parametrize("ending", ["jsonl", "ndjson"])
@pytest.mark.parametrize("kind", [list, dict])
def test_json_over_several_lines_is_one_error_that_says_what_to_do(
    tmp_path: Path, ending: str, kind: type
) -> None:
    note = {"id": "1", "text": f"One {SECRET}."}
    data = json.dumps([note, note] if kind is list else note, indent=2)
    path = _write(tmp_path / f"a.{ending}", f"\n{data}\n")
    ((_, line, reason),) = _bad(*_read(path))
    assert line == 2
    assert "--input-format json reads a list of notes or one FHIR resource" in reason
    assert "jq -c . FILE" in reason
    if kind is list:
        path = _write(tmp_path / "b.jsonl", f"{json.dumps([note])}\n{json.dumps(note)}\n")
        (_, line, reason), last = [*_bad(*_read(path)), _read(path)[1]]
        assert (line, last) == (1, Note("1", note["text"]))
        assert reason.startswith("a JSON list, expected an object a line; --input-format json re")


def test_what_follows_a_note_on_its_line_is_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.jsonl", f'{{"id": 1, "text": "{SECRET}"}},\n')
    ((_, _, reason),) = _bad(*_read(path))
    assert reason.endswith("; expected one note a line, and nothing after it")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_an_id_that_a_spreadsheet_has_rounded_is_no_id(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    ids = ["1.23457E+16", "1,23457E+16", "1E+16", "1.5E7", "1E16", "7"]
    if name == "a.csv":
        rows = "".join(f'"{note_id}",{SECRET}\n' for note_id in ids)
        _write(path, f"note_id,text\n{rows}")
    elif name == "a.jsonl":
        lines = (json.dumps({"note_id": note_id, "text": SECRET}) for note_id in ids)
        _write(path, "\n".join(lines))
    else:
        pq.write_table(pa.table({"note_id": ids, "text": [SECRET] * len(ids)}), path)
    items = _read(path)
    assert [item.id for item in items if isinstance(item, Note)] == ids[3:]
    assert {reason for *_, reason in _bad(*items)} == {
        "note_id is a number that a spreadsheet has rounded (export ids as text), expected a "
        "string or a whole number"
    }


def test_fields_without_a_name_or_a_value_at_the_end_of_a_row_are_none(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.csv",
        f'id,text\n1,"One.",\n2,Two.,,,\n3,"{SECRET}",x\n',
    )
    *notes, bad = _read(path)
    assert notes == [Note("1", "One."), Note("2", "Two.")]
    assert _bad(bad)[0][2].startswith("3 fields, expected 2; where its fields end cannot be told")
    path = _write(tmp_path / "b.csv", f'id,text,,\n1,"One."\n2,Two.,\n{SECRET}\n')
    *notes, bad = _read(path)
    assert notes == [Note("1", "One."), Note("2", "Two.")]
    assert _bad(bad) == [(None, 4, "1 field, expected 2 to 4")]


def test_quotes_with_a_backslash_before_them_are_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", f'id,text\n1,"Said \\"{SECRET}\\"."\n2,Two.\n')
    ((_, line, reason),) = _bad(*_read(path))
    assert line == 2
    assert reason.endswith(
        "a quote stands behind a backslash, as Spark and MySQL write it; Spark doubles it with "
        '.option("escape", \'"\'). Correct the file, and annotate it again onto the same output'
    )


def test_a_delimiter_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", f"id^text\n1^{SECRET}\n")
    with pytest.raises(NoteError, match="its first row is one field; fields are parted by comma"):
        _read(path)


def test_json_lines_by_another_ending_are_told_the_option(tmp_path: Path) -> None:
    bad, *_ = _bad(*_read(_write(tmp_path / "a.ndjson", LINES)))
    assert "--input-format jsonl reads" in bad[2]


def test_json_of_a_value_a_line_is_read_as_spark_writes_it(tmp_path: Path) -> None:
    _write(tmp_path / "part-0.json", LINES)
    _write(tmp_path / "part-1.json", b"\xef\xbb\xbf\r\n" + LINES.replace(b"\n", b"\r\n\r\n"))
    for name in ("part-0.json", "part-1.json"):
        assert _read(tmp_path / name) == NOTES
    data = f'{{"id": 1, "text": "One."}}\n{{"id": 2, "text": "{SECRET}\n\n{{"id": 3, "text": null}}'
    one, *others = _read(_write(tmp_path / "bad.json", data))
    assert one == Note("1", "One.")
    assert [(item.id, item.line) for item in others if isinstance(item, BadNote)] == [
        (None, 2),
        ("3", 4),
    ]
    _bad(*others)
    bioc = json.dumps({"documents": [], "source": SECRET})
    ((_, _, reason),) = _bad(*_read(_write(tmp_path / "bioc.json", f"{bioc}\n{bioc}\n")))
    assert reason.startswith("not JSON (Extra data")
    resources = (_reference(note_id, b"One.") for note_id in ("d1", "d2"))
    path = _write(tmp_path / "fhir.json", "\n".join(map(json.dumps, resources)))
    assert _read(path) == [Note("d1", "One."), Note("d2", "One.")]


def test_a_folder_without_files_of_the_format_asked_for_is_told_what_to_do(tmp_path: Path) -> None:
    _write(tmp_path / "a.txt", "id|text\n1|One.\n")
    expected = (
        r"no notes in this folder; expected files that end in \.csv or \.csv\.gz \(or \.zst\)"
    )
    with pytest.raises(NoteError, match=f"{expected}; name files of another ending themselves"):
        _read(tmp_path, input_format="csv")
    assert _read(tmp_path / "a.txt", input_format="csv") == [Note("1", "One.")]
    with pytest.raises(
        NoteError, match=r"expected files that end in \.parquet; name files of anot"
    ):
        _read(tmp_path, input_format="parquet")


# FHIR


def _reference(note_id: str, data: bytes, kind: str = "text/plain", **more: Any) -> dict[str, Any]:
    attachment = {"contentType": kind, "data": base64.b64encode(data).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": note_id,
        "content": [{"attachment": attachment}],
        **more,
    }


def test_fhir_attachments_are_decoded_in_their_charset(tmp_path: Path) -> None:
    resources = [
        _reference(
            "1",
            "Fièvre".encode(),
            status="superseded",
            subject={"reference": "Patient/7"},
            date="2020-01-02",
        ),
        _reference("2", b"Fi\xe8vre", "text/plain; charset=ISO-8859-1"),
        {"resourceType": "Patient", "id": "7"},
        {"resourceType": "Bundle", "entry": [{"resource": _reference("3", b"Three.")}]},
    ]
    path = tmp_path / "a.ndjson"
    _write(path, "\n".join(map(json.dumps, resources)))
    assert _read(path) == [
        Note("1", "Fièvre", {"subject": "Patient/7", "note_datetime": "2020-01-02"}),
        Note("2", "Fièvre"),
        Note("3", "Three."),
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in resources[:2]]}
    assert [n.id for n in _read(_write(tmp_path / "b.json", json.dumps(bundle)))] == ["1", "2"]


def test_a_fhir_document_is_found_wherever_it_may_stand(tmp_path: Path) -> None:
    data = base64.encodebytes(b"One line of a text that is longer than base64's own. " * 2).decode()
    assert "\n" in data.strip()
    pdf = {"contentType": "application/pdf", "data": "JVBERg=="}
    plain = {"contentType": "text/plain", "data": data}
    first = {
        "resourceType": "DocumentReference",
        "masterIdentifier": {"value": "m1"},
        "content": [5, {}, {"attachment": pdf}, {"attachment": plain}],
        "subject": "Patient/7",
        "date": 5,
    }
    inner = {"resourceType": "Bundle", "entry": {"resource": _reference("2", b"Two.")}}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": inner}]}
    path = tmp_path / "a.ndjson"
    lines = [first, bundle, {"resourceType": "Bundle"}, {"resourceType": "Bundle", "entry": None}]
    _write(path, "\ufeff" + "\n\n".join(map(json.dumps, lines)))
    text = base64.b64decode(data).decode()
    assert _read(path) == [Note("m1", text), Note("2", "Two.")]
    # An id of its own goes before.
    _write(path, json.dumps({**first, "id": "own"}))
    assert _read(path) == [Note("own", text)]


def test_what_a_fhir_export_deletes_is_told(tmp_path: Path) -> None:
    requests = [
        {"method": "DELETE", "url": "DocumentReference/7"},
        {"method": "DELETE", "url": "https://server.example/fhir/DocumentReference/8"},
        {"method": "DELETE", "url": "Patient/9"},
        {"method": "DELETE", "url": "DocumentReference?subject=10"},
        {"method": "PUT", "url": "DocumentReference/11"},
        {"method": "DELETE"},
        "DELETE",
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"request": request} for request in requests]}
    bundle["entry"] += [5]
    path = _write(tmp_path / "deleted.ndjson", f"{json.dumps(bundle)}\n")
    expected = [("7", 1, "the document is deleted"), ("8", 1, "the document is deleted")]
    assert _bad(*_read(path)) == expected


def test_a_line_of_a_spreadsheet_that_says_the_delimiter_is_no_header(tmp_path: Path) -> None:
    for said in ("sep=;", '"sep=;"', "\ufeffSEP=;"):
        path = _write(tmp_path / "a.csv", f'{said}\r\nid;text\r\n1;"a, b; c"\r\n2\r\n')
        note, bad = _read(path)
        assert (note, _bad(bad)) == (Note("1", "a, b; c"), [(None, 4, "1 field, expected 2")])


def test_one_column_is_not_both_id_and_text(tmp_path: Path) -> None:
    """An id stands in the list of errors, where no text may."""
    lines = _write(tmp_path / "a.jsonl", json.dumps({"n": 1, "note": SECRET}) + "\n")
    message = "'note' is to be both id and text; give another --id-column or --text-column"
    for columns in (Columns("note", "note"), Columns("Note")):
        assert _bad(*_read(lines, columns=columns)) == [(None, 1, message)]
    table = _write(tmp_path / "a.csv", f"n,note\n1,{SECRET}\n")
    parquet = _parquet(tmp_path / "a.parquet", {"n": ["1"], "note": [SECRET]})
    for path in (table, parquet):
        with pytest.raises(NoteError, match=f"{path.name}: {message}"):
            _read(path, columns=Columns("note"))


def test_lines_before_the_header_are_counted(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "\n \r\nid;text\n1;One.\n2\n")
    note, bad = _read(path)
    assert (note, _bad(bad)) == (Note("1", "One."), [(None, 5, "1 field, expected 2")])
    for before, line in (("", 1), ("sep=;\n", 2), ("\n\nsep=;\n", 4)):
        _write(path, f'{before}"id;text\n1;One.\n')
        with pytest.raises(NoteError, match=rf"a\.csv:{line}: no row of column names"):
            _read(path)
    _write(path, "\n\n")
    assert _read(path) == []


def test_fhir_notes_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    by_url = {"contentType": "text/plain", "url": "Binary/1"}
    others = [{"contentType": "text/html", "data": "QQ=="}, {"contentType": "text/plain"}]
    resources = [
        _reference("1", b"caf\xe9 zebrafish"),
        _reference("2", b"%PDF zebrafish", "application/pdf"),
        {"resourceType": "DocumentReference", "id": "3", "content": [{"attachment": by_url}]},
        {"resourceType": "DocumentReference", "id": "4"},
        _reference("5", b"zebrafish", "text/plain; charset=klingon"),
        {"resourceType": "DocumentReference"},
        ["zebrafish"],
        {**_reference("6", b""), "content": [{"attachment": {"data": "zebrafish!"}}]},
        _reference("7", b"zebrafish", status="entered-in-error"),
        _reference("8", b"zebrafish", status="current", docStatus="entered-in-error"),
        {**_reference("9", b""), "content": [{"attachment": {"data": "zebrafisch\u00e9s"}}]},
        {**_reference("12", b""), "content": [{"attachment": other} for other in others]},
        {**_reference("13", b""), "id": "", "masterIdentifier": {"value": 13}},
        # Codecs of Python that are no charsets, whose errors have a character of the text.
        _reference("10", b"xn--zebrafi sh", "text/plain; charset=idna"),
        _reference("11", b"zebrafish-999999999999", "text/plain; charset=punycode"),
    ]
    path = _write(tmp_path / "a.ndjson", "\n".join(map(json.dumps, resources)))
    found = _bad(*_read(path))
    assert found[0][2].endswith(
        "is not utf-8: byte 0xe9 at position 3; contentType is to name its charset, as in "
        "'text/plain; charset=windows-1252'"
    )
    assert found[11][2].startswith("attachments are text/html, text/plain without data; expected")
    assert [line for _, line, _ in found] == list(range(1, 16))
    assert [(note_id, reason[:34]) for note_id, _, reason in found] == [
        ("1", "attachment.data is not utf-8: byte"),
        ("2", "attachments are application/pdf; e"),
        ("3", "attachments are text/plain by url;"),
        ("4", "no content.attachment"),
        ("5", "attachment.contentType names an un"),
        (None, "a DocumentReference without an id "),
        (None, "not a FHIR resource: it has no res"),
        ("6", "attachment.data is not base64"),
        ("7", "its status is entered-in-error: th"),
        ("8", "its docStatus is entered-in-error:"),
        ("9", "attachment.data is not base64"),
        ("12", "attachments are text/html, text/pl"),
        (None, "a DocumentReference without an id "),
        ("10", "attachment.data cannot be decoded "),
        ("11", "attachment.data cannot be decoded "),
    ]


def test_every_reader_takes_an_empty_file(tmp_path: Path) -> None:
    for name in sorted(set(NOTE_READERS) - {"parquet", "text", "brat", "bioc", "json"}):
        assert _read(_write(tmp_path / "empty", b""), input_format=name) == []


def test_nul_is_part_of_a_field_in_every_python(tmp_path: Path) -> None:
    # Before 3.11, `csv` stops there: the notes after it were lost.
    path = _write(tmp_path / "a.csv", b'note_id,\0,note_text\n1,\0,"On\0e."\n2,,Two.\n')
    assert _read(path) == [Note("1", "On\0e."), Note("2", "Two.")]


def test_a_carriage_return_alone_ends_no_row_where_line_feeds_do(tmp_path: Path) -> None:
    # pandas' to_csv does not quote it; the note was cut there, and the rest of it lost.
    path = tmp_path / "notes.csv"
    path.write_bytes(
        b'note_id,note_text\n1,One.\rTwo.\r\n2,"a\rb\r\nc"\n3,\r\xff\n4,Four.\r\r\n5,Five.'
    )
    one, two, three, four, five = _read(path)
    assert (one, two) == (Note("1", "One.\rTwo."), Note("2", "a\rb\r\nc"))
    assert isinstance(three, BadNote)
    assert (three.id, three.line) == ("3", 5)
    assert (four, five) == (Note("4", "Four.\r"), Note("5", "Five."))


def test_carriage_returns_end_the_rows_of_a_file_that_has_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_bytes(b"note_id,note_text\r1,One.\r2,Two.\r")
    assert _read(path) == [Note("1", "One."), Note("2", "Two.")]

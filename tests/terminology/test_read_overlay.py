from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from linker.errors import TerminologyError
from linker.terminology import NameKind, OverlayRow, read_overlay


def written(folder: Path, text: str | bytes, name: str = "local.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_column_is_read(tmp_path: Path) -> None:
    text = (
        "concept_id,name,kind,preferred_name,semantic_types,definition,parents,codes.LOCAL,note.by\n"
        'X:1,"MI,  acute",abbreviation,Infarct,a|b,Bad.,X:9|X:8,7|8,me\n'
        "X:1,Old,REMOVE,,,,,,\n"
    )
    overlay = read_overlay(written(tmp_path, text))
    assert overlay.rows == (
        OverlayRow(
            line=2,
            concept_id="X:1",
            name="MI, acute",
            kind=NameKind.ABBREVIATION,
            preferred_name="Infarct",
            definition="Bad.",
            semantic_types=("a", "b"),
            parents=("X:9", "X:8"),
            codes=(("LOCAL", "7"), ("LOCAL", "8")),
        ),
        OverlayRow(line=3, concept_id="X:1", name="Old", kind=None),
    )
    assert (overlay.name, overlay.content) == ("local.csv", text.encode())
    assert overlay.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xef\xbb\xbfconcept_id;name\r\nX:1;Fev\xc3\xa9r\r\n\r\n", "a.csv"),
        ("concept_id\tname\nX:1\tFevér\n".encode(), "a.tsv"),
        (gzip.compress("concept_id,name\nX:1,Fevér\n".encode(), mtime=0), "a.csv.gz"),
    ],
)
def test_files_as_people_save_them(content: bytes, name: str, tmp_path: Path) -> None:
    (row,) = read_overlay(written(tmp_path, content, name)).rows
    assert (row.concept_id, row.name, row.kind) == ("X:1", "Fevér", NameKind.EXACT)


def test_what_a_spreadsheet_is_told_to_leave_alone(tmp_path: Path) -> None:
    text = 'concept_id,name,codes.V\n"=""00124""",Pump,"=""01""|=""02"""\n'
    (row,) = read_overlay(written(tmp_path, text)).rows
    assert (row.concept_id, row.name) == ("00124", "Pump")
    assert row.codes == (("V", "01"), ("V", "02"))


def test_an_overlay_without_rows_changes_nothing(tmp_path: Path) -> None:
    assert read_overlay(written(tmp_path, "concept_id,name\n")).rows == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\nX,y\n", "local.csv:1: unknown column 'id'; known: concept_id, name"),
        ("name,kind\ny,exact\n", "local.csv:1: no column 'concept_id'; found: 'name', 'kind'"),
        ("\n# ours\nid,name\nX,y\n", "local.csv:3: unknown column 'id'; known: concept_id, name"),
        ("concept_id,name,name\nX,y,z\n", "local.csv:1: column 'name' occurs twice"),
        ("concept_id,codes.\nX,y\n", "unknown column 'codes.'"),
        ("", "local.csv: empty"),
        ("concept_id,name\n,Fever\n", "local.csv:2: blank concept_id"),
        (
            "concept_id,name,kind\n,Fever,remove\nX:1,fever,\n",
            "local.csv:3: the name 'fever' is given to 'X:1', and means no concept on line 2",
        ),
        (
            "concept_id,name,kind,preferred_name\nX:1,,,Fever\n,fever,remove,\n",
            "local.csv:2: the name 'Fever' is given to 'X:1', and means no concept on line 3",
        ),
        ("concept_id,name\nX,\n", "local.csv:2: nothing but a concept_id"),
        ("concept_id,name\nX,y,z\n", "local.csv:2: 3 fields, expected 2"),
        ('concept_id,name\nX,"y\n', "local.csv:2: a quotation mark opens here"),
        ("concept_id,name,kind\nX,y,broadd\n", "local.csv:2: unknown kind 'broadd'; known: pref"),
        ("concept_id,name,kind,definition\nX,,remove,y\n", "kind 'remove' without a name"),
        ("concept_id,name,kind,definition\nX,a,remove,y\n", "something else as well (definition)"),
        ("concept_id,name\nX,#N/A\n", "local.csv:2: name is #N/A, a spreadsheet's error; correct"),
        ("concept_id,preferred_name\nX,#REF!\n", "local.csv:2: preferred_name is #REF!, a"),
        ("concept_id,codes.A\nX,1|#N/A\n", "local.csv:2: codes.A is #N/A, a spreadsheet's error"),
        ("concept_id,name\n#N/A,x\n", "local.csv:2: concept_id is #N/A, a spreadsheet's error"),
        ("concept_id,name\nX,\u200b\n", "local.csv:2: name holds no character that can be read"),
        ("concept_id,name,kind\nX,y,\nX,Y,remove\n", "local.csv:3: the name 'Y' is both given"),
        ("concept_id,preferred_name\nX,y\nX,z\n", "'X' is to be called 'z', but 'y' on line 2"),
    ],
)
def test_a_broken_file_says_what_and_where(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(TerminologyError) as caught:
        read_overlay(written(tmp_path, text))
    assert message in str(caught.value)


def test_latin_1_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match=r"local\.csv:2: not UTF-8: byte 0xe9"):
        read_overlay(written(tmp_path, "concept_id,name\nX,Fevér\n".encode("latin-1")))


def test_a_folder_or_nothing_is_no_overlay(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match="a folder, expected a CSV file"):
        read_overlay(tmp_path)
    with pytest.raises(TerminologyError, match="cannot be read: No such file"):
        read_overlay(tmp_path / "none.csv")


@pytest.mark.parametrize("row", ["2.2298E+07,MI,", "X:1,MI,2.2298E+07"])
def test_ids_and_codes_that_a_spreadsheet_rounded_are_refused(tmp_path: Path, row: str) -> None:
    path = written(tmp_path, f"concept_id,name,codes.SCT\n{row}\n")
    with pytest.raises(TerminologyError, match=r"local\.csv:2: .*'2\.2298E\+07' is a number as a"):
        read_overlay(path)

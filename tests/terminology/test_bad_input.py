"""What people hand in that is broken, over every format: what is said of it, or that it is read.

Each fault is put into the same small release (`releases.FORMS`), where "Blue spots" stands.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from releases import ALSO, BLUE, FORMS, GREEN, TOP, Form

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import Terminology, read_terminology

Edit = Callable[[str], str]

TEXTS = sorted(set(FORMS) - {"parquet"})
NOT_UTF8 = r"not UTF-8: byte 0xe9; save the file as UTF-8 \(from CP1252: iconv -f CP1252"
LINES = {
    # Where "Blue spots" stands.
    "umls": 4, "rxnorm": 4, "snomed": 5, "omop": 4, "mesh": 59, "icd10cm-tabular": 11,
    "icd10cm-order": 3, "obo": 18, "obo-graph": 37, "owl": 18, "csv": 4, "tsv": 4, "jsonl": 3,
    "scispacy": 3, "claml": 32, "orphanet": 24,
}  # fmt: skip

WHOLE = {"mesh", "icd10cm-tabular", "claml", "orphanet", "obo-graph", "owl"}
"""Formats that are one document: what is broken in one place breaks all of it."""


def read(form: Form, path: Path, **options: object) -> Terminology:
    return read_terminology(form.source, path, ReadOptions(**options))


def names(terminology: Terminology) -> set[tuple[str, str]]:
    columns = terminology.names.select(["concept_id", "name"]).to_pydict()
    return set(zip(*columns.values(), strict=True))


def whole(form: Form) -> set[tuple[str, str]]:
    return {*((id_, name) for name, id_ in form.ids.items()), (form.ids[GREEN], ALSO)}


def spoiled(form: Form, folder: Path, edit: Callable[[bytes], bytes], file: str = "") -> Path:
    path = form.place(folder)
    target = folder / (file or form.main)
    before = target.read_bytes()
    after = edit(before)
    assert after != before
    target.write_bytes(after)
    return path


def text(old: str, new: str) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(old.encode(), new.encode())


def refused(form: Form, path: Path, message: str, line: int | None) -> str:
    """Read a release that is broken; the message names file and line."""
    where = re.escape(form.main) + ("" if line is None else f":{line}")
    with pytest.raises(TerminologyError, match=f"/{where}: .*{message}") as error:
        read(form, path)
    return str(error.value)


def let_through(form: Form, path: Path, lost: set[tuple[str, str]] = frozenset()) -> None:
    """With `max_bad_rows` it is read, without what was broken, which is counted."""
    terminology = read(form, path, max_bad_rows=9)
    assert names(terminology) == whole(form) - lost
    assert terminology.release.skipped["broken rows"] >= 1


def blue(form: Form) -> set[tuple[str, str]]:
    return {(form.ids[BLUE], BLUE)}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_whole_release(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    terminology = read(form, form.place(tmp_path))
    assert names(terminology) == whole(form)
    assert (terminology.release.version, terminology.release.skipped) == (form.version, {})
    assert terminology.release.licence.startswith(form.licence)


# --- Encodings and line ends ------------------------------------------------


@pytest.mark.parametrize("name", TEXTS)
def test_byte_order_mark_is_passed(tmp_path: Path, name: str) -> None:
    path = spoiled(FORMS[name], tmp_path, lambda data: b"\xef\xbb\xbf" + data)
    assert names(read(FORMS[name], path)) == whole(FORMS[name])


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"snomed"}))
def test_carriage_returns_are_passed(tmp_path: Path, name: str) -> None:
    path = spoiled(FORMS[name], tmp_path, text("\n", "\r\n"))
    assert names(read(FORMS[name], path)) == whole(FORMS[name])


def test_snomed_without_its_carriage_returns(tmp_path: Path) -> None:
    path = spoiled(FORMS["snomed"], tmp_path, text("\r\n", "\n"))
    assert names(read(FORMS["snomed"], path)) == whole(FORMS["snomed"])


@pytest.mark.parametrize("name", TEXTS)
def test_latin_1(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = spoiled(form, tmp_path, lambda data: data.replace(b"Blue spots", b"Bl\xe9 spots"))
    refused(form, path, NOT_UTF8, LINES[name])
    if name not in WHOLE:
        let_through(form, path, blue(form))


# --- Rows -------------------------------------------------------------------


def cut(data: bytes) -> bytes:
    """In the middle of "Blue spots", where it stands first."""
    end = data.index(BLUE.encode())
    return data[: end + 4]


@pytest.mark.parametrize("name", TEXTS)
def test_file_that_is_cut_in_the_middle(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = spoiled(form, tmp_path, cut)
    refused(form, path, r"was the file cut short", LINES[name])
    if name not in WHOLE:
        let_through(form, path, blue(form))


SHORT = {
    "umls": (f"|{BLUE}|0|N||\n", f"|{BLUE}|0|\n", r"16 fields, expected 18; was the file cut"),
    "rxnorm": (f"|{BLUE}|0|N||\n", f"|{BLUE}|0|\n", r"16 fields, expected 18; was the file cut"),
    "snomed": (
        f"{BLUE} (disorder)\t900000000000448009",
        f"{BLUE} (disorder)",
        r"8 fields, expected 9 as in the header; was the file cut short\?",
    ),
    "omop": (
        f"{BLUE}\tCondition\t",
        f"{BLUE}\t",
        r"9 fields, expected 10 as in the header; was the file cut short\?",
    ),
    "mesh": (
        f"<DescriptorName>\n  <String>{BLUE}</String>\n </DescriptorName>",
        "",
        r"record 'D900003' has no DescriptorName; each needs a UI and a name",
    ),
    "orphanet": (
        f'<Name lang="en">{BLUE}</Name>',
        "",
        r"a disorder has the OrphaCode '903' and the name '', expected a number and a name",
    ),
    "claml": (
        f'<Label xml:lang="en" xml:space="default">{BLUE}</Label>',
        "",
        r"<Class> 'L99\.1' has no text in a <Rubric kind=\"preferred\">; each needs a code and a",
    ),
    "icd10cm-tabular": (
        f"<desc>{BLUE}</desc>",
        "",
        r"below 'L99' has the name 'L99\.1' and the description '', expected a code such as",
    ),
    "icd10cm-order": (
        f"{BLUE:<60} {BLUE}",
        BLUE,
        r"found '00003 L991    1 Blue spots', expected the columns of an ICD-10-CM order file",
    ),
    "obo": (f"name: {BLUE}", BLUE, r"found 'Blue spots', expected a clause such as 'name: Fever'"),
    "obo-graph": (
        '"id": "http://purl.obolibrary.org/obo/INV_3",',
        "",
        r"node 3 is \{.*, expected an object with strings for an id and a name",
    ),
    "csv": (f"X3,{BLUE},,X1", f"X3,{BLUE},", r"3 fields, expected 4 as in the header; was the"),
    "tsv": (f"X3\t{BLUE}\t\tX1", f"X3\t{BLUE}\t", r"3 fields, expected 4 as in the header"),
    "jsonl": (f', "name": "{BLUE}"', "", r"missing key 'name'; found: 'id', 'parents', 'synonyms'"),
    "scispacy": (f', "canonical_name": "{BLUE}"', "", r"missing key 'canonical_name'; found: 'al"),
}
# Of XML it is where the record begins, of an OBO graph no line.
_AT = {**LINES, "mesh": 56, "claml": 29, "orphanet": 21, "obo-graph": None}


@pytest.mark.parametrize("name", sorted(SHORT))
def test_short_row(tmp_path: Path, name: str) -> None:
    old, new, message = SHORT[name]
    path = spoiled(FORMS[name], tmp_path, text(old, new))
    refused(FORMS[name], path, message, _AT[name])
    let_through(FORMS[name], path, blue(FORMS[name]))


def test_owl_class_without_a_label_is_counted(tmp_path: Path) -> None:
    form = FORMS["owl"]
    terminology = read(form, spoiled(form, tmp_path, text(f"<rdfs:label>{BLUE}</rdfs:label>", "")))
    assert names(terminology) == whole(form) - blue(form)
    assert terminology.release.skipped == {"terms without a name": 1}


LONG = {
    "umls": (BLUE, "Blue|spots", r"19 fields, expected 18; is there a '\|' in a field\?"),
    "rxnorm": (BLUE, "Blue|spots", r"19 fields, expected 18; is there a '\|' in a field\?"),
    "snomed": (BLUE, "Blue\tspots", "10 fields, expected 9 as in the header"),
    "omop": (BLUE, "Blue\tspots", "11 fields, expected 10 as in the header"),
    "mesh": (
        '   <Concept PreferredConceptYN="Y">\n    <ConceptUI>M3',
        '   <Concept PreferredConceptYN="Y"/>\n   <Concept PreferredConceptYN="Y">\n    '
        "<ConceptUI>M3",
        r"D900003 has 2 preferred concepts, expected one",
    ),
    "csv": (BLUE, "Blue,spots", r"5 fields, expected 4 as in the header; .* not quoted\?"),
    "tsv": (BLUE, "Blue\tspots", r"5 fields, expected 4 as in the header; .* not quoted\?"),
}


@pytest.mark.parametrize("name", sorted(LONG))
def test_long_row(tmp_path: Path, name: str) -> None:
    old, new, message = LONG[name]
    path = spoiled(FORMS[name], tmp_path, text(old, new))
    refused(FORMS[name], path, message, _AT[name])
    let_through(FORMS[name], path, blue(FORMS[name]))


def test_second_name_of_an_obo_term(tmp_path: Path) -> None:
    form = FORMS["obo"]
    path = spoiled(form, tmp_path, text(f"name: {BLUE}", f"name: {BLUE}\nname: Azure spots"))
    refused(form, path, r"found 'name: Azure spots', expected one name a term", 19)
    let_through(form, path)


# --- Quotation marks --------------------------------------------------------

# In these it is a character like any other.
PLAIN = (
    *("umls", "rxnorm", "snomed", "omop", "mesh", "icd10cm-tabular", "icd10cm-order"),
    *("obo", "owl"),
)


@pytest.mark.parametrize("name", PLAIN)
def test_quotation_mark_is_a_character(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = spoiled(form, tmp_path, text(BLUE, f'"{BLUE}'))
    assert names(read(form, path)) == {*(whole(form) - blue(form)), (form.ids[BLUE], f'"{BLUE}')}


QUOTES = {
    "csv": (f"X3,{BLUE}", f'X3,"{BLUE}', r"a quotation mark opens here and is not closed; close"),
    "tsv": (f"X3\t{BLUE}", f'X3\t"{BLUE}', r"a quotation mark opens here and is not closed; close"),
    "jsonl": (f'{BLUE}"', BLUE, r"not JSON: .*; expected one object a line"),
    "scispacy": (f'{BLUE}"', BLUE, r"not JSON: .*; expected one object a line"),
    "obo": (
        f"name: {BLUE}\n",
        f'name: {BLUE}\nsynonym: "Azure EXACT []\n',
        r"found 'synonym: \"Azure EXACT \[\]', expected synonym: \"text\" SCOPE",
    ),
    "obo-graph": (f'{BLUE}"', BLUE, r"not JSON: .* \(column \d+\)"),
}


@pytest.mark.parametrize("name", sorted(QUOTES))
def test_quotation_mark_that_is_not_closed(tmp_path: Path, name: str) -> None:
    form, (old, new, message) = FORMS[name], QUOTES[name]
    path = spoiled(form, tmp_path, text(old, new))
    refused(form, path, message, LINES[name] + name.startswith("obo"))
    if name != "obo-graph":
        let_through(form, path, blue(form) if name != "obo" else frozenset())


# --- Ids --------------------------------------------------------------------


def doubled(start: str, end: str, *, as_: tuple[str, str] = ("", "")) -> Callable[[bytes], bytes]:
    """What stands between two marks again behind itself, changed."""

    def edit(data: bytes) -> bytes:
        before = data.decode()
        first = before.rindex(start)
        last = before.index(end, first) + len(end)
        return (before[:last] + before[first:last].replace(*as_) + before[last:]).encode()

    return edit


TWICE = {
    "snomed": (
        lambda data: data + data.splitlines(keepends=True)[-1],
        6,
        r"occurs in 2 rows \(lines 5, 6\), expected one in a Snapshot",
    ),
    "omop": (doubled("103\tBlue", "\n"), 5, r"concept 103 occurs in 2 rows, first at line 4, exp"),
    "mesh": (doubled("<DescriptorRecord ", "</DescriptorRecord>\n"), 80, "D900003 occurs twice, f"),
    "icd10cm-tabular": (doubled("<diag><name>L99.1", "</diag>\n"), 12, "'L99.1' occurs twice, exp"),
    "icd10cm-order": (doubled("00003", "\n"), 4, "code 'L991' occurs twice; are two releases in"),
    "obo": (
        doubled("[Term]\nid: INV:3", "Skin marks\n", as_=("Blue", "Azure")),
        20,
        r"term 'INV:3' occurs twice, first at line 16; found the names 'Blue spots' and 'Azure",
    ),
    "obo-graph": (text("INV_2", "INV_3"), None, r"node 3 has the id 'INV:3', which occurs twice"),
    "owl": (
        doubled('<owl:Class rdf:about="http://purl.obolibrary.org/obo/INV_3"', "</owl:Class>\n",
                as_=("Blue", "Azure")),
        None,
        r"class 'INV:3' occurs twice, with the labels 'Blue spots' and 'Azure spots', expected one",
    ),
    "jsonl": (doubled('{"id": "X3"', "\n"), 4, r"concept 'X3' occurs twice, first at line 3; ids"),
    "scispacy": (doubled('{"concept_id": "X3"', "\n"), 4, r"concept 'X3' occurs twice, first at"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TWICE))
def test_id_that_stands_twice(tmp_path: Path, name: str) -> None:
    form, (edit, line, message) = FORMS[name], TWICE[name]
    path = spoiled(form, tmp_path, edit)
    refused(form, path, message, line)
    lost = {(form.ids[GREEN], GREEN), (form.ids[GREEN], ALSO), *blue(form)}
    if name == "obo-graph":
        assert names(read(form, path, max_bad_rows=1)) == {
            *(whole(form) - lost), (form.ids[BLUE], GREEN), (form.ids[BLUE], ALSO)
        }  # fmt: skip
    else:
        let_through(form, path)


@pytest.mark.parametrize("name", ["umls", "rxnorm", "csv", "tsv"])
def test_rows_of_one_id_are_names_of_one_concept(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    path = spoiled(form, tmp_path, lambda data: data + data.splitlines(keepends=True)[-1])
    assert names(read(form, path)) == whole(form)


# --- Parents ----------------------------------------------------------------

_INV = "http://purl.obolibrary.org/obo/INV_"
# Of the three concepts, "Skin marks" is now below "Blue spots" too: file, old, new.
CIRCLES = {
    "umls": ("MRREL.RRF", "", "C9000001||" "|PAR|C9000003||||||AAA||||N||\n"),
    "rxnorm": ("RXNREL.RRF", "", "9000003||CUI|RO|9000001||CUI|tradename_of|||RXNORM||||||\n"),
    "omop": ("CONCEPT_RELATIONSHIP.csv", "", "101\t103\tIs a\t20310101\t20991231\t\n"),
    "mesh": ("", "<TreeNumber>C17</", "<TreeNumber>C17.900.1</TreeNumber><TreeNumber>C17</"),
    "obo": ("", f"name: {TOP}\n", f"name: {TOP}\nis_a: INV:3\n"),
    "obo-graph": (
        "",
        '"edges": [',
        f'"edges": [{{"sub": "{_INV}1", "pred": "is_a", "obj": "{_INV}3"}},',
    ),
    "owl": (
        "",
        f"{TOP}</rdfs:label>",
        f'{TOP}</rdfs:label><rdfs:subClassOf rdf:resource="{_INV}3"/>',
    ),
    "csv": ("", f"{TOP},,", f"{TOP},,X3"),
    "tsv": ("", f"{TOP}\t\t", f"{TOP}\t\tX3"),
    "jsonl": ("", '"synonyms": [], "parents": []', '"synonyms": [], "parents": ["X3"]'),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CIRCLES))
def test_circle_of_parents_ends(tmp_path: Path, name: str) -> None:
    form, (file, old, new) = FORMS[name], CIRCLES[name]

    def edit(data: bytes) -> bytes:
        return data.replace(old.encode(), new.encode(), 1) if old else data + new.encode()

    path = spoiled(form, tmp_path, edit, file)
    rows = {row["concept_id"]: row for row in read(form, path).concepts.to_pylist()}
    assert rows[form.ids[TOP]]["parents"] == [form.ids[BLUE]]
    kept = read(form, path, roots=(form.ids[BLUE],))
    assert names(kept) == whole(form)


def test_snomed_is_a_circle(tmp_path: Path) -> None:
    form = FORMS["snomed"]
    file = "SnomedCT_INT/Snapshot/Terminology/sct2_Relationship_Snapshot_INT_20310131.txt"
    top, bottom = form.ids[TOP], form.ids[BLUE]

    def edit(data: bytes) -> bytes:
        last = data.decode().splitlines()[-1].split("\t")
        last[0], last[4], last[5] = "1999029", top, bottom
        return data + "\t".join(last).encode() + b"\r\n"

    path = spoiled(form, tmp_path, edit, file)
    assert names(read(form, path, roots=(bottom,))) == whole(form)


DANGLING = {
    "umls": ("MRREL.RRF", "PAR|C9000001", "PAR|C9999999", []),
    "rxnorm": ("RXNREL.RRF", "9000001||CUI|RO|", "9999999||CUI|RO|", []),
    "omop": ("CONCEPT_RELATIONSHIP.csv", "\t101\tIs a", "\t999\tIs a", []),
    "obo": ("", "is_a: INV:1", "is_a: OTHER:1", []),
    "obo-graph": ("", f'"obj": "{_INV}1"', f'"obj": "{_INV}999"', []),
    "owl": ("", f'subClassOf rdf:resource="{_INV}1"', f'subClassOf rdf:resource="{_INV}999"', []),
    # Another terminology of the same index may have them.
    "csv": ("", ",X1\n", ",X999\n", ["X999"]),
    "tsv": ("", "\tX1\n", "\tX999\n", ["X999"]),
    "jsonl": ("", '"parents": ["X1"]', '"parents": ["X999"]', ["X999"]),
}


@pytest.mark.parametrize("name", sorted(DANGLING))
def test_parents_that_are_not_there_are_counted(tmp_path: Path, name: str) -> None:
    form, (file, old, new, parents) = FORMS[name], DANGLING[name]
    terminology = read(form, spoiled(form, tmp_path, text(old, new), file))
    assert names(terminology) == whole(form)
    assert terminology.release.skipped == {"parents that are not there": 2}
    rows = {row["concept_id"]: row for row in terminology.concepts.to_pylist()}
    assert rows[form.ids[BLUE]]["parents"] == parents


def test_mesh_tree_number_without_the_one_above(tmp_path: Path) -> None:
    form = FORMS["mesh"]
    terminology = read(form, spoiled(form, tmp_path, text("C17.", "C18.")))
    assert terminology.release.skipped == {"tree numbers without the one above": 2}


@pytest.mark.parametrize(
    ("encoding", "reason"), [("utf-9", "unknown encoding: utf-9"), ("shift_jis", "multi-byte")]
)
@pytest.mark.parametrize("source", ["obo", "mesh", "icd10cm", "claml", "orphanet"])
def test_xml_in_an_encoding_that_cannot_be_read(
    source: str, encoding: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "desc2031.xml"
    path.write_text(f'<?xml version="1.0" encoding="{encoding}"?>\n<DescriptorRecordSet/>')
    message = rf"desc2031\.xml:1: the encoding that it declares .*: {reason}.*; convert it to UTF-8"
    with pytest.raises(TerminologyError, match=message):
        read_terminology(source, path)


# --- Packages ---------------------------------------------------------------

NOTHING = {
    "umls": r"no MRCONSO\.RRF in it; give the folder or zip that holds the \.RRF files",
    "snomed": r"holds no RF2 file \(sct2_Concept_Snapshot_\*\.txt\); give the folder or the \.zip",
    "rxnorm": r"no RXNCONSO\.RRF in it; give the folder or zip",
    "omop": r"no CONCEPT\.csv in it; give the folder or zip that Athena's download holds",
    "mesh": r"holds neither desc20XX\.xml nor supp20XX\.xml; fetch them from the NLM's page",
    "icd10cm": r"holds neither a tabular list \(icd10cm-tabular-\*\.xml\) nor an order file",
    "obo": r"the zip holds 0 files to read, expected one; it has: readme\.txt; unpack it and give",
}


@pytest.mark.parametrize(
    "source", sorted({"umls", "snomed", "rxnorm", "omop", "mesh", "icd10cm", "obo"})
)
def test_zip_without_the_file(tmp_path: Path, source: str) -> None:
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "not a release")
    with pytest.raises(TerminologyError, match=rf"/release\.zip: {NOTHING[source]}"):
        read_terminology(source, path)


# --- Parquet ----------------------------------------------------------------


def test_parquet_that_is_cut_or_is_none(tmp_path: Path) -> None:
    form = FORMS["parquet"]
    path = spoiled(form, tmp_path, lambda data: data[: len(data) // 2])
    refused(form, path, r"not a Parquet file, or damaged: .*; write it again", None)


def test_blank_cell_of_parquet(tmp_path: Path) -> None:
    form = FORMS["parquet"]
    path = form.place(tmp_path)
    table = pq.read_table(path).to_pydict()
    pq.write_table(pa.table({**table, "name": [*table["name"][:2], None]}), path)
    refused(form, path, "blank name; each row needs an id and a name", 3)
    let_through(form, path, blue(form))


@pytest.mark.parametrize("source", ["umls", "rxnorm", "omop", "icd10cm"])
def test_folder_that_holds_the_download_as_it_came(source: str, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("not read")
    with pytest.raises(TerminologyError) as caught:
        read_terminology(source, tmp_path)
    assert "it holds" not in str(caught.value)
    for name in ("full_2031.zip", "Also.ZIP"):
        (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(
        TerminologyError, match=r"; it holds Also\.ZIP, full_2031\.zip: give the zip"
    ):
        read_terminology(source, tmp_path)

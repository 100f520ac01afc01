from __future__ import annotations

import csv
import gzip
import io
import tracemalloc

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Silent
from linker.terminology import BadRows, read_terminology, table_rows


def file(tmp_path, name, content):
    path = tmp_path / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def test_aliases_of_columns_and_lists(tmp_path, concepts):
    path = file(
        tmp_path,
        "local.csv",
        "Code,Preferred Name,Aliases,Definition,Semantic-Type,parent_id,"
        "codes.SNOMEDCT_US,xref,extra\n"
        'L1,"spots, green",macules|green dots,Green.,finding,L0,111|222,UMLS:C1|junk,x\n',
    )
    terminology = read_terminology("table", path)
    assert concepts(terminology)["L1"] == {
        "concept_id": "L1",
        "preferred_name": "spots, green",
        "definition": "Green.",
        "semantic_types": ["finding"],
        "parents": ["L0"],
        "codes": [("UMLS", "C1"), ("SNOMEDCT_US", "111"), ("SNOMEDCT_US", "222")],
        "status": "active",
        "replaced_by": None,
        "names": [("spots, green", "preferred"), ("macules", "exact"), ("green dots", "exact")],
    }
    assert terminology.release.terminology == "local"


def test_alternative_ids_lead_to_the_one_concept_that_claims_them(tmp_path, concepts):
    path = file(
        tmp_path,
        "t.csv",
        "id,name,Alt IDs,merged\n1,spots,A1|A2|2,M1\n1,macules,A1|A3,\n2,rash,A3,M2\n3,boil,,3\n",
    )
    options = ReadOptions(columns={"alt_ids": ["Alt IDs", "merged"]})
    found = concepts(read_terminology("table", path, options))
    ids = {key: (row["status"], row["replaced_by"]) for key, row in found.items()}
    assert ids == {
        "1": ("active", None),
        "2": ("active", None),  # of a concept itself
        "3": ("active", None),
        "A1": ("retired", "1"),
        "A2": ("retired", "1"),
        "M1": ("retired", "1"),
        "M2": ("retired", "2"),  # A3 is claimed twice
    }
    by_name = concepts(read_terminology("table", path))
    assert [key for key in by_name if by_name[key]["status"] == "retired"] == ["A1", "A2"]


def test_alternative_ids_that_a_spreadsheet_rounded_are_an_error(tmp_path):
    path = file(tmp_path, "t.csv", "id,name,alt_ids\n1,spots,2.2298E+07\n")
    with pytest.raises(TerminologyError, match=r"t\.csv:2: alt_ids '2\.2298E\+07' is a number as"):
        read_terminology("table", path)


def test_rows_of_one_id_are_names_of_one_concept(tmp_path, concepts):
    path = file(
        tmp_path,
        "t.tsv.gz",
        "id\tname\ttype\tdef\nX1\tspots\ta\t\nX2\trash\ta\t\nX1\tmacules\tb\tD\nX1\tspots\tb\tE\n",
    )
    found = concepts(read_terminology("table", path))
    assert found["X1"]["names"] == [("spots", "preferred"), ("macules", "exact")]
    assert found["X1"]["semantic_types"] == ["a", "b"]
    assert found["X1"]["definition"] == "D"
    assert list(found) == ["X1", "X2"]


def test_mapped_columns(tmp_path, concepts):
    path = file(tmp_path, "t.txt", "KEY;TEXT;ICD;OTHER\n1;spots;A1,B2;x\n")
    options = ReadOptions(
        columns={"concept_id": "KEY", "name": "TEXT", "codes.ICD10": "ICD"}, list_separator=","
    )
    found = concepts(read_terminology("table", path, options))["1"]
    assert found["preferred_name"] == "spots"
    assert found["codes"] == [("ICD10", "A1"), ("ICD10", "B2")]


def test_names_in_several_columns_are_all_read(tmp_path, concepts):
    path = file(
        tmp_path,
        "labs.csv",
        "No,Long,Short,Consumer,LNC,Old\nL1,Haemoglobin in blood,Hb Bld,Hemoglobin|HGB,1,2\n",
    )
    columns = {
        "concept_id": "No",
        "name": "Long",
        "synonyms": ("Short", "Consumer"),
        "codes.LNC": ["LNC", "Old"],
    }
    found = concepts(read_terminology("table", path, ReadOptions(columns=columns)))["L1"]
    assert [name for name, _ in found["names"]] == [
        *("Haemoglobin in blood", "Hb Bld", "Hemoglobin", "HGB"),
    ]
    assert found["codes"] == [("LNC", "1"), ("LNC", "2")]


def test_a_preferred_name_is_in_one_column(tmp_path):
    path = file(tmp_path, "labs.csv", "id,Long,Short\nL1,Haemoglobin in blood,Hb Bld\n")
    message = r"columns: name in 2 columns \(Long, Short\), expected one; .* are synonyms"
    with pytest.raises(TerminologyError, match=message):
        read_terminology("table", path, ReadOptions(columns={"name": ("Long", "Short")}))


def test_rows_of_other_values_are_left_out_and_counted(tmp_path, concepts):
    rows = "L1,Sodium,ACTIVE,1\nL2,Natrium,OLD,1\nL3,Weight,ACTIVE,2\nL4,Zinc,,1\nL5,Tin,OLD,2\n"
    path = file(tmp_path, "labs.csv", f"id,name,STATUS,CLASS\n{rows}")
    only = {"STATUS": ("ACTIVE", ""), "CLASS": ("1",)}
    terminology = read_terminology("table", path, ReadOptions(only=only))
    assert list(concepts(terminology)) == ["L1", "L4"]
    assert terminology.release.skipped == {"rows of another STATUS": 2, "rows of another CLASS": 1}
    assert terminology.release.filters == {"only": {"STATUS": ["ACTIVE", ""], "CLASS": ["1"]}}


def test_rows_that_are_left_out_break_nothing(tmp_path, concepts):
    path = file(tmp_path, "labs.csv", "id,name,STATUS\nL1,Sodium,ACTIVE\n,,OLD\n")
    options = ReadOptions(only={"STATUS": ("ACTIVE",)})
    assert list(concepts(read_terminology("table", path, options))) == ["L1"]


def test_numbers_of_parquet_are_told_apart_as_text_is(tmp_path, concepts):
    path = tmp_path / "labs.parquet"
    table = {"id": ["a", "b", "c"], "name": ["Sodium", "Tin", "Zinc"], "KIND": [1.0, 2.0, None]}
    pq.write_table(pa.table(table), path)
    options = ReadOptions(only={"KIND": ("1", "")})
    assert list(concepts(read_terminology("table", path, options))) == ["a", "c"]


@pytest.mark.parametrize(
    ("only", "message"),
    [
        (
            {"STATE": ("A",)},
            r"no column 'STATE'; found: 'id', 'name', 'STATUS'; correct only.STATE",
        ),
        ({"STATUS": ("A", "ACTIV")}, r"no row has 'ACTIV' in the column 'STATUS'; found: 'A', 'B'"),
    ],
)
def test_a_slip_of_the_pen_in_which_rows_are_read(tmp_path, only, message):
    path = file(tmp_path, "labs.csv", "id,name,STATUS\nL1,Sodium,A\nL2,Tin,B\n")
    with pytest.raises(TerminologyError, match=message):
        read_terminology("table", path, ReadOptions(only=only))


def test_a_text_that_a_spreadsheet_is_told_to_leave_alone(tmp_path, concepts):
    content = 'id,name,codes.V\n"=""00124""",spots,"=""01""|=""02"""\n="7",rash,\n8,"=""",\n'
    found = concepts(read_terminology("table", file(tmp_path, "t.csv", content)))
    assert {key: row["preferred_name"] for key, row in found.items()} == {
        "00124": "spots", "7": "rash", "8": '="',
    }  # fmt: skip
    assert found["00124"]["codes"] == [("V", "01"), ("V", "02")]


def test_a_column_twice_that_is_not_used_does_no_harm(tmp_path, concepts):
    path = file(tmp_path, "t.csv", "id,name,x,x,,\n1,spots,a,b,,\n")
    assert concepts(read_terminology("table", path))["1"]["names"] == [("spots", "preferred")]


def test_one_column_of_all_names_the_preferred_one_first(tmp_path, concepts):
    # NCIt's Thesaurus.txt
    path = file(tmp_path, "t.tsv", "code\tsynonyms\nC1\tspots|macules| dots \nC2\trash\n")
    options = ReadOptions(columns={"name": "synonyms", "synonyms": "synonyms"})
    found = concepts(read_terminology("table", path, options))
    assert found["C1"]["names"] == [("spots", "preferred"), ("macules", "exact"), ("dots", "exact")]
    assert found["C2"]["names"] == [("rash", "preferred")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "id;name\n1;x, y\n"),
        ("a.csv", '\ufeff"id","name"\r\n1,"x, y"\r\n\r\n'),
        ("a.tsv", "id\tname\n1\tx, y\n"),
        ("a.psv", "id|name\n1|x, y"),
        ("a.txt", "# about: this\n#\nid\tname\n1\tx, y\n"),
        ("a.tsv", "# Fields:\n# Name\tID\n#\nx, y\t1\n"),
        ("a.csv", '\n \r\n"id","name"\n1,"x, y"\n'),
        ("a.csv", 'id,"name\n\n"\n""\n1,"x, y"\n'),
        ("a.tsv", "\n# about: this\n\nid\tname\n1\tx, y\n"),
        ("a.tsv", "\n# Name\tID\n\nx, y\t1\n"),
    ],
)
def test_layouts(tmp_path, concepts, name, content):
    found = concepts(read_terminology("table", file(tmp_path, name, content)))
    assert {key: row["preferred_name"] for key, row in found.items()} == {"1": "x, y"}


def test_parquet_with_lists_and_numbers(tmp_path, concepts):
    path = tmp_path / "t.parquet"
    table = pa.table(
        {
            "id": [1.0, 2.0],
            "name": ["spots", "rash"],
            "synonyms": [["macules", None], None],
            "xrefs": ["A:1", ""],
        }
    )
    pq.write_table(table, path)
    found = concepts(read_terminology("table", path))
    assert found["1"]["names"] == [("spots", "preferred"), ("macules", "exact")]
    assert found["1"]["codes"] == [("A", "1")]
    assert found["2"]["names"] == [("rash", "preferred")]


def test_parquet_with_dates_beside_the_names(tmp_path, concepts):
    path = tmp_path / "t.parquet"
    table = pa.table(
        {
            "id": ["1"],
            "name": ["spots"],
            "until": pa.array(
                [3_652_060], pa.date32()
            ),  # the first day of the year 10000 and later
            "seen": pa.array([0], pa.timestamp("us", "Mars/Phobos")),
        }
    )
    pq.write_table(table, path)
    assert concepts(read_terminology("table", path))["1"]["preferred_name"] == "spots"


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (
            "id,name\n1,a\n",
            {"name": "Label"},
            r"no column 'Label' \(for name\); found: 'id', 'name'; correct --column name=",
        ),
        ("id,name\n1,a\n", {"nane": "name"}, r"'nane' is none of ours; known: concept_id, name"),
        ("id,name,Name\n1,a,b\n", {}, r"t\.csv: the column 'name' occurs twice, as column 2 and 3"),
        ("id,name,x,x\n1,a,b,c\n", {"synonyms": "x"}, "the column 'x' occurs twice, as column 3"),
        (
            "id,name,codes.V,codes.V\n1,a,b,c\n",
            {},
            r"the column 'codes\.V' occurs twice, as column 3 and 4; give each a name of its own",
        ),
        ("10001$Rash$10002$$\n", {}, r"if 'found' is a row and no header, put one above it"),
        ('<?xml version="1.0"?>\n<JDBOR/>\n', {}, r"t\.csv: XML, expected a table"),
        ("id,text\n1,a\n", {}, r"t\.csv: no column for 'name'; found: 'id', 'text'; say which"),
        ("", {}, r"t\.csv: empty"),
        ("id,name\n", {}, r"t\.csv: no concept found"),
        ("id,name\n1,a\n".encode("utf-16"), {}, r"t\.csv:1: UTF-16"),
        ("id,name\n1,a\n".encode("utf-16-le"), {}, r"t\.csv:1: UTF-16, .*iconv -f UTF-16"),
        ("\n \n", {}, r"t\.csv: empty; expected a header and rows"),
        ("name,label\n1,a\n", {"concept_id": "name"}, r"t\.csv: no column for 'name'; found"),
        (b"sep=,\nid,na\xefme\n1,a\n", {}, r"t\.csv:2: not UTF-8: byte 0xef"),
        (b"id,na\xefme\n1,a\n", {}, r"t\.csv:1: not UTF-8: byte 0xef"),
        (b'\n# \n"id",na\xefme\n1,a\n', {}, r"t\.csv:3: not UTF-8: byte 0xef"),
    ],
)
def test_wrong_header(tmp_path, content, columns, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("table", file(tmp_path, "t.csv", content), ReadOptions(columns=columns))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"2\n", r"t\.csv:4: 1 field, expected 2 as in the header"),
        (b"2,b,c\n", r"t\.csv:4: 3 fields, expected 2 as in the header"),
        (b",b\n", r"t\.csv:4: blank concept_id"),
        (b"2, \n", r"t\.csv:4: blank name"),
        (b"2,M\xe9\n", r"t\.csv:4: not UTF-8: byte 0xe9"),
        (b'2,"b" c\n', r"t\.csv:4: not a row of a table"),
    ],
)
def test_broken_row(tmp_path, concepts, row, message):
    # The second row takes two lines.
    path = file(tmp_path, "t.csv", b'id,name\n1,"a\na"\n' + row + b"3,c\n")
    with pytest.raises(TerminologyError, match=message):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=1))
    assert list(concepts(terminology)) == ["1", "3"]
    assert terminology.release.skipped == {"broken rows": 1}


@pytest.mark.parametrize("n_rows", [50, 50_000])
def test_unclosed_quotation_mark_names_the_line_where_it_opens(tmp_path, n_rows):
    path = file(tmp_path, "t.csv", 'id,name\n1,a\n2,"b\n' + "3,c\n" * n_rows)
    with pytest.raises(
        TerminologyError, match=r"t\.csv:3: a quotation mark opens here and is not closed; close"
    ):
        read_terminology("table", path)


def rows_with(**broken):
    """A table of 60 rows, some of which are replaced: r30='...'."""
    rows = [f"T:{i},Name {i}" for i in range(60)]
    for key, row in broken.items():
        rows[int(key[1:])] = row
    return "id,name\n" + "".join(f"{row}\n" for row in rows)


@pytest.mark.parametrize(
    "later",
    [
        {},
        {"r40": 'T:40,"Name 40"'},
        {"r40": 'T:40,Name ""40"'},
        # Closes what was not closed, as if all between were one name.
        {"r50": 'T:50,Name 50"'},
    ],
)
def test_unclosed_quotation_mark_breaks_no_row_but_its_own(tmp_path, concepts, later):
    path = file(tmp_path, "t.csv", rows_with(r30='T:30,"Name 30', **later))
    with pytest.raises(
        TerminologyError, match=r"t\.csv:32: a quotation mark opens here and is not"
    ):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=1))
    found = concepts(terminology)
    assert list(found) == [f"T:{i}" for i in range(60) if i != 30]
    assert found["T:31"]["names"] == [("Name 31", "preferred")]
    assert terminology.release.skipped == {"broken rows": 1}


def test_quotation_mark_that_closes_in_another_column_breaks_no_row_but_its_own(tmp_path, concepts):
    text = 'id,name,note\n1,a,\n2,b,"opens\n3,c,\n4,d,\n5,"e",closes\n6,f,\n'
    path = file(tmp_path, "t.csv", text)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=1))
    assert list(concepts(terminology)) == ["1", "3", "4", "5", "6"]


def test_text_of_many_lines_is_no_name_but_may_be_a_definition(tmp_path, concepts):
    text = "\n".join(f"Line {i}, of a long text, with commas" for i in range(30))
    path = file(tmp_path, "t.csv", f'id,name,definition\n1,a,"{text}"\n2,b,\n')
    found = concepts(read_terminology("table", path))
    assert found["1"]["definition"] == text
    assert found["2"]["names"] == [("b", "preferred")]
    for name, said in ((text.replace(",", ""), "30 lines"), ("x" * 5001, "5,001 characters")):
        path = file(tmp_path, "t.csv", f'id,name,definition\n1,"{name}",c\n')
        with pytest.raises(TerminologyError, match=rf"t\.csv:2: a name of .*{said}"):
            read_terminology("table", path)


def test_rows_in_a_text_are_rows_though_their_names_have_several_words(tmp_path):
    rows = "".join(f"{i},Common cold {i},Blocked nose\n" for i in range(2, 7))
    content = f'id,name,definition\n1,Heart attack,"Chest pain\n{rows}7,Flu,"Fever"\n8,Rash,\n'
    path = file(tmp_path, "t.csv", content)
    with pytest.raises(TerminologyError, match=r"t\.csv:2: .* is not closed before line 8; close"):
        read_terminology("table", path)


@pytest.mark.parametrize(
    "text",
    [
        # Fewer lines than four that look like rows, or among as many that do not.
        "Signs:\nr,s,t\nr,s,t\nr,s,t\nand more",
        "Signs:\n" + "r,s,t\n" * 5 + "of which some are prose\n" * 2 + "and more",
    ],
)
def test_lines_of_a_text_that_look_like_rows(tmp_path, concepts, text):
    path = file(tmp_path, "t.csv", f'id,name,definition\n1,a,"{text}"\n2,b,\n')
    assert concepts(read_terminology("table", path))["1"]["definition"] == text


def test_four_rows_in_one_field_are_rows(tmp_path, concepts):
    path = file(tmp_path, "t.csv", 'id,name\n1,a\n2,"b\n3,c\n4,d\n5,e\n6,f\n7,g"\n8,h\n')
    with pytest.raises(TerminologyError, match=r"t\.csv:3: .* is not closed before line 8; close"):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=1))
    assert list(concepts(terminology)) == ["1", "3", "4", "5", "6", "7", "8"]


def test_text_of_many_lines_in_a_single_column(tmp_path):
    path = file(tmp_path, "t.csv", 'problem\n"a\nb\nc\nd\ne\nf\ng"\nh\n')
    rows = list(table_rows(path, None, BadRows(None), Silent()))
    assert rows == [(1, ["problem"]), (2, ["a\nb\nc\nd\ne\nf\ng"]), (9, ["h"])]


def test_lines_that_a_carriage_return_ends(tmp_path, concepts):
    path = file(tmp_path, "t.csv", 'id,name\r1,a\r2,"b, c"\r')
    found = concepts(read_terminology("table", path))
    assert {key: row["preferred_name"] for key, row in found.items()} == {"1": "a", "2": "b, c"}
    path = file(tmp_path, "t.csv", "id,name\r1,a\r2\r3,c\r")
    with pytest.raises(TerminologyError, match=r"t\.csv:3: 1 field, expected 2"):
        read_terminology("table", path)


def test_workbook_is_to_be_saved_as_csv(tmp_path):
    path = file(tmp_path, "local.xlsx", b"PK\x03\x04 and more")
    with pytest.raises(TerminologyError, match=r"local\.xlsx: .* workbook; save it as CSV UTF-8"):
        read_terminology("table", path)


def test_parquet_strings_that_are_not_said_to_be_strings(tmp_path, concepts):
    path = tmp_path / "t.parquet"
    columns = {"id": [b"C1"], "name": ["Fi\u00e8vre".encode()], "synonyms": [[b"Pyrexia"]]}
    pq.write_table(pa.table(columns), path)
    assert concepts(read_terminology("table", path))["C1"]["names"] == [
        ("Fi\u00e8vre", "preferred"), ("Pyrexia", "exact"),
    ]  # fmt: skip
    pq.write_table(pa.table({"id": [b"C1"], "name": [b"Fi\xe8vre"]}), path)
    with pytest.raises(TerminologyError, match=r"t\.parquet:1: not UTF-8: byte 0xe8"):
        read_terminology("table", path)
    pq.write_table(pa.table({"id": ["C1"], "name": [{"text": "a", "lang": "en"}]}), path)
    with pytest.raises(TerminologyError, match=r"t\.parquet:1: a struct of text, lang, expected"):
        read_terminology("table", path)


def test_damaged_parquet(tmp_path):
    path = file(tmp_path, "t.parquet", b"PAR1 and no more")
    with pytest.raises(TerminologyError, match=r"t\.parquet: not a Parquet file, or damaged"):
        read_terminology("table", path)


def test_parquet_is_known_by_what_it_holds(tmp_path, concepts):
    path = tmp_path / "t.csv"
    pq.write_table(pa.table({"id": ["X1"], "name": ["spots"]}), path)
    assert list(concepts(read_terminology("table", path))) == ["X1"]
    path = file(tmp_path, "t.pq", "id,name\nX1,spots\n")
    with pytest.raises(TerminologyError, match=r"t\.pq: not a Parquet file, or damaged"):
        read_terminology("table", path)


def test_what_holds_no_rows_is_told_of(tmp_path):
    with pytest.raises(TerminologyError, match=": a folder, expected one CSV, TSV or Parquet file"):
        read_terminology("table", tmp_path)
    path = file(tmp_path, "t.parquet.gz", b"PAR1")
    with pytest.raises(TerminologyError, match=r"t\.parquet\.gz: Parquet that is packed once more"):
        read_terminology("table", path)


SPARQL = """?term\t?name\t?lay
<http://purl.obolibrary.org/obo/HP_0000001>\t"Open \\"spot\\""@en\t"a\\tb \\u00e9"
X:2\t"Two"^^<http://www.w3.org/2001/XMLSchema#string>\t
"""


def test_lines_of_a_sparql_query_that_were_read_are_not_kept(tmp_path):
    row = f'<http://x.org/1>\t"{"a" * 400}"\t\n'
    path = file(tmp_path, "t.tsv", "?term\t?name\t?lay\n" + row * 4000)
    rows = table_rows(path, None, BadRows(0), Silent())
    next(rows)
    tracemalloc.start()
    try:
        assert sum(1 for _ in rows) == 4000
        # The file is read a megabyte at a time.
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size
    finally:
        tracemalloc.stop()


def test_table_of_a_sparql_query(tmp_path, concepts):
    options = ReadOptions(columns={"concept_id": "?term", "name": "?name", "synonyms": "?lay"})
    path = file(tmp_path, "t.tsv", SPARQL.encode())
    found = concepts(read_terminology("table", path, options))
    assert {key: [name for name, _ in row["names"]] for key, row in found.items()} == {
        "HP:0000001": ['Open "spot"', "a b é"],
        "X:2": ["Two"],
    }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('X:3\t"open\t', r"t\.tsv:4: a quotation mark opens and is not closed; close it"),
        ("X:3\tx", r"t\.tsv:4: 2 fields, expected 3 as in the header"),
        ("X:3\tx\udce9\t", r"t\.tsv:4: not UTF-8: byte 0xe9"),
    ],
)
def test_broken_row_of_a_sparql_query(tmp_path, row, message):
    path = file(tmp_path, "t.tsv", (SPARQL + row).encode("utf-8", "surrogateescape"))
    columns = {"concept_id": "?term", "name": "?name"}
    with pytest.raises(TerminologyError, match=message):
        read_terminology("table", path, ReadOptions(columns=columns))
    options = ReadOptions(columns=columns, max_bad_rows=1)
    assert read_terminology("table", path, options).release.skipped == {"broken rows": 1}
    path = file(
        tmp_path, "t.tsv", (SPARQL + row).encode("utf-8", "surrogateescape") + b"\n\nX:4\tx\t\n"
    )
    rows = list(table_rows(path, None, BadRows(1), Silent()))
    assert [(number, row[0]) for number, row in rows[1:]] == [
        (2, "HP:0000001"),
        (3, "X:2"),
        (6, "X:4"),
    ]


words = st.text("ab \"',;\tß日\\", min_size=1).filter(lambda text: text.strip())


@given(
    st.dictionaries(st.text("XY:01", min_size=1, max_size=4), st.lists(words, min_size=1)),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_written_then_read_is_the_same(tmp_path, concepts, rows, delimiter, ending):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending)
    writer.writerow(["id", "name"])
    writer.writerows((key, name) for key, names in rows.items() for name in names)
    path = file(tmp_path, "t.csv", text.getvalue().encode())
    if not rows:
        return
    found = concepts(read_terminology("table", path, ReadOptions(delimiter=delimiter)))
    assert {key: [name for name, _ in row["names"]] for key, row in found.items()} == {
        key: list(dict.fromkeys(" ".join(name.split()) for name in names))
        for key, names in rows.items()
    }


@pytest.mark.data
def test_ctd_diseases_as_released(data_file, concepts):
    path = data_file("releases/CTD_diseases_2017-06-06.tsv.gz")
    options = ReadOptions(
        columns={"concept_id": "DiseaseID", "name": "DiseaseName", "parents": "ParentIDs"}
    )
    found = concepts(read_terminology("table", path, options))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    assert len(found) == len(rows) == 11865
    for row in rows:
        names = dict.fromkeys(
            " ".join(n.split()) for n in (row[0], *row[7].split("|")) if n.strip()
        )
        assert [name for name, _ in found[row[1]]["names"]] == list(names)
        assert found[row[1]]["parents"] == [p for p in row[4].split("|") if p]


@pytest.mark.parametrize("cell", ["2.2298E+07", "9,99002E+14", "1E+15"])
def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path, concepts, cell):
    # "999000000000101" and "999000000000102" would be two names of one concept.
    text = f'id,name,codes.SCT\n"{cell}",Left,\n"{cell}",Right,\nX3,Both,"{cell}"\nX4,Whole,1E10\n'
    path = file(tmp_path, "t.csv", text)
    with pytest.raises(TerminologyError, match=r"t\.csv:2: concept_id '.*' is a number"):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=3))
    assert list(concepts(terminology)) == ["X4"]
    assert terminology.release.skipped == {"broken rows": 3}
    path = file(tmp_path, "t.csv", f'id,name,parents\nX1,Left,"X2|{cell}"\n')
    with pytest.raises(TerminologyError, match=r"t\.csv:2: parents '.*' is a number"):
        read_terminology("table", path)


def test_ids_that_are_too_long_for_floats_are_refused(tmp_path, concepts):
    ids = pa.array([900000000000508004.0, 2.0**53, 22298006.0, None, 2.0**53 - 1, 1.5])
    path = tmp_path / "t.parquet"
    names = ["GB", "Rounded", "Infarct", "None", "Exact", "Section"]
    pq.write_table(pa.table({"id": ids, "name": names}), path)
    with pytest.raises(TerminologyError, match=r"t\.parquet:1: 900000000000508032 as a floating"):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=3))
    assert list(concepts(terminology)) == ["22298006", "9007199254740991", "1.5"]


@pytest.mark.parametrize("line", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_a_line_that_says_what_separates_the_fields_is_no_header(tmp_path, concepts, line):
    path = file(tmp_path, "t.csv", f"{line}id;name, in full;term\r\nX1;a;Infarct, old\r\n")
    found = concepts(read_terminology("table", path))
    assert found["X1"]["names"] == [("Infarct, old", "preferred")]


def test_errors_of_a_spreadsheet_are_no_names(tmp_path, concepts):
    path = file(tmp_path, "t.csv", "id,name\nX1,Infarct\nX2,#N/A\n#REF!,Rash\n")
    with pytest.raises(TerminologyError, match=r"t\.csv:3: name is #N/A, a spreadsheet's error"):
        read_terminology("table", path)
    terminology = read_terminology("table", path, ReadOptions(max_bad_rows=2))
    assert list(concepts(terminology)) == ["X1"]


def test_what_a_spreadsheet_did_not_find_is_no_value(tmp_path, concepts):
    header = "id,name,synonyms,definition,parents,codes.ICD10"
    path = file(tmp_path, "t.csv", f"{header}\nX1,Infarct,MI|#N/A,#N/A,#N/A,I21\nX2,Rash,,,,#N/A\n")
    found = concepts(read_terminology("table", path))
    assert found["X1"]["names"] == [("Infarct", "preferred"), ("MI", "exact")]
    assert (found["X1"]["definition"], found["X1"]["parents"]) == (None, [])
    assert [row["codes"] for row in found.values()] == [[("ICD10", "I21")], []]
    # What another formula failed at is told of.
    path = file(tmp_path, "t.csv", f"{header}\nX1,Infarct,,,,#REF!\n")
    with pytest.raises(TerminologyError, match=r"t\.csv:2: codes\.ICD10 is #REF!, a spreadsheet's"):
        read_terminology("table", path)

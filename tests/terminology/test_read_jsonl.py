from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import read_terminology

SPOTS = {
    "id": "X:1",
    "name": "green spots",
    "synonyms": ["verdant macules", "green spots"],
    "definition": "Spots that are green.",
    "types": ["finding"],
    "parents": ["X:2"],
    "xrefs": ["UMLS:C1", "https://example.org/1", "loose"],
    "alt_ids": ["X:11"],
}


def lines(path, *rows):
    path.write_bytes(
        b"".join(r if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in rows)
    )
    return path


def test_our_rows(tmp_path, concepts):
    path = lines(tmp_path / "skin.jsonl", SPOTS, {"id": "X:2", "name": "spots"})
    terminology = read_terminology("jsonl", path)
    found = concepts(terminology)
    assert found["X:1"] == {
        "concept_id": "X:1",
        "preferred_name": "green spots",
        "definition": "Spots that are green.",
        "semantic_types": ["finding"],
        "parents": ["X:2"],
        "codes": [("UMLS", "C1")],
        "status": "active",
        "replaced_by": None,
        "names": [("green spots", "preferred"), ("verdant macules", "exact")],
    }
    assert list(found) == ["X:1", "X:2", "X:11", "UMLS:C1"]
    assert found["X:11"]["replaced_by"] == found["UMLS:C1"]["replaced_by"] == "X:1"
    assert terminology.release.terminology == "skin"
    assert terminology.release.skipped == {"xrefs without a vocabulary": 2}


def test_scispacy_rows(tmp_path, concepts):
    row = {
        "concept_id": "C9",
        "canonical_name": "green spots",
        "aliases": ["macules"],
        "types": ["T033"],
        "definition": None,
    }
    found = concepts(read_terminology("jsonl", lines(tmp_path / "kb.jsonl", row)))["C9"]
    assert found["names"] == [("green spots", "preferred"), ("macules", "exact")]
    assert found["semantic_types"] == ["T033"]


def test_shared_xref_leads_to_no_concept(tmp_path, concepts):
    rows = [
        {"id": "X:1", "name": "a", "xrefs": ["UMLS:C1", "X:2", "OMIM:7"]},
        {"id": "X:2", "name": "b", "xrefs": ["UMLS:C1"]},
    ]
    found = concepts(read_terminology("jsonl", lines(tmp_path / "x.jsonl", *rows)))
    assert {key: row["status"] for key, row in found.items()} == {
        "X:1": "active",
        "X:2": "active",
        "OMIM:7": "retired",
    }
    assert found["X:2"]["codes"] == [("UMLS", "C1")]


def test_byte_order_mark_crlf_blank_lines_and_gzip(tmp_path, concepts):
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(
        gzip.compress(
            '\ufeff{"id": "X:1", "name": "Ménière"}\r\n\r\n{"id": "X:2", "name": "b"}'.encode()
        )
    )
    found = concepts(read_terminology("jsonl", path))
    assert {key: row["preferred_name"] for key, row in found.items()} == {
        "X:1": "Ménière",
        "X:2": "b",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "X:1", "na\n', r"x\.jsonl:2: not JSON: .*was the file cut short\?"),
        (b"[1]\n", r"x\.jsonl:2: found a list, expected an object"),
        (b'{"id": "X:1"}\n', r"x\.jsonl:2: missing key 'name'; found: 'id'"),
        (b'{"name": "a"}\n', r"x\.jsonl:2: missing key 'id'; found: 'name'"),
        (b'{"concept_id": "C1"}\n', r"x\.jsonl:2: missing key 'canonical_name'"),
        (b'{"id": 7, "name": "a"}\n', r"x\.jsonl:2: key 'id' holds a number, expected a string"),
        (b'{"id": "X:1", "name": null}\n', r"x\.jsonl:2: key 'name' holds null, expected a string"),
        (b'{"id": "X:1", "name": " "}\n', r"x\.jsonl:2: concept 'X:1' has no name"),
        (
            b'{"id": "X:1", "name": "a", "synonyms": "b"}\n',
            r"x\.jsonl:2: key 'synonyms' holds a string, expected a list of strings",
        ),
        (b'{"id": "X:1", "name": "a", "types": [1]}\n', r"x\.jsonl:2: key 'types' holds a number"),
        (b'{"id": "X:1", "name": "a", "definition": []}\n', r"x\.jsonl:2: key 'definition' holds"),
        (b'{"id": "X:1", "name": "\\ud800"}\n', r"x\.jsonl:2: key 'name' holds half a surrogate"),
        (b'{"id": "X:1", "name": "M\xe9"}\n', r"x\.jsonl:2: not UTF-8: byte 0xe9; save the file"),
        (
            b'{"id": "X:0", "name": "a"}\n',
            r"x\.jsonl:2: concept 'X:0' occurs twice, first at line 1",
        ),
        (b"[" * 100_000 + b"\n", r"x\.jsonl:2: not JSON"),
    ],
)
def test_broken_line(tmp_path, concepts, line, message):
    path = lines(
        tmp_path / "x.jsonl", {"id": "X:0", "name": "first"}, line, {"id": "X:8", "name": "b"}
    )
    with pytest.raises(TerminologyError, match=message):
        read_terminology("jsonl", path)
    terminology = read_terminology("jsonl", path, ReadOptions(max_bad_rows=1))
    assert list(concepts(terminology)) == ["X:0", "X:8"]
    assert terminology.release.skipped == {"broken rows": 1}


def test_one_broken_line_too_many(tmp_path):
    path = lines(tmp_path / "x.jsonl", {"id": "X:1", "name": "a"}, b"?\n", b"?\n")
    with pytest.raises(TerminologyError, match=r":3: not JSON.*broken row 2; --max-bad-rows is 1"):
        read_terminology("jsonl", path, ReadOptions(max_bad_rows=1))


def test_cut_gzip(tmp_path):
    path = tmp_path / "x.jsonl.gz"
    rows = "".join(json.dumps({"id": f"X:{i * 7919}", "name": f"n{i}"}) + "\n" for i in range(2000))
    path.write_bytes(gzip.compress(rows.encode())[:-3000])
    with pytest.raises(
        TerminologyError, match=r"x\.jsonl\.gz: the compressed file is damaged or cut"
    ):
        read_terminology("jsonl", path, ReadOptions(max_bad_rows=100))


def test_empty_file(tmp_path):
    with pytest.raises(TerminologyError, match="no concept found"):
        read_terminology("jsonl", lines(tmp_path / "x.jsonl"))


text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
tidy = text.map(lambda s: " ".join(s.split())).filter(bool)
codes = st.tuples(st.sampled_from(["UMLS", "OMIM", "Z"]), tidy.map(str.strip).filter(bool))
concept = st.fixed_dictionaries(
    {
        "name": tidy,
        "synonyms": st.lists(tidy, max_size=3, unique=True),
        "definition": st.none() | tidy,
        "types": st.lists(tidy, max_size=2, unique=True),
        "parents": st.lists(tidy, max_size=2, unique=True),
        "codes": st.lists(codes, max_size=2, unique=True),
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.dictionaries(tidy.map(lambda s: f"ID:{s}"), concept, min_size=1, max_size=6))
def test_written_then_read_is_the_same(rows, tmp_path, concepts):
    written = [
        {"id": key, **row, "xrefs": [":".join(code) for code in row["codes"]]}
        for key, row in rows.items()
    ]
    found = concepts(read_terminology("jsonl", lines(tmp_path / "x.jsonl", *written)))
    for key, row in rows.items():
        assert found[key]["names"] == [
            (row["name"], "preferred"),
            *((name, "exact") for name in row["synonyms"] if name != row["name"]),
        ]
        assert found[key]["definition"] == row["definition"]
        assert found[key]["semantic_types"] == row["types"]
        assert found[key]["parents"] == row["parents"]
        assert found[key]["codes"] == row["codes"]
    assert {key for key, row in found.items() if row["status"] == "active"} == set(rows)


@pytest.mark.data
def test_medic_resolves_its_omim_ids(data_file):
    path = data_file("dictionaries/medic_2017.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    terminology = read_terminology("jsonl", path)
    status = terminology.concepts["status"].to_pylist()
    assert status.count("active") == len(rows) == 11865
    ids = terminology.concepts["concept_id"].to_pylist()
    successor = dict(zip(ids, terminology.concepts["replaced_by"].to_pylist(), strict=True))
    claims = {}
    for row in rows:
        for xref in row["xrefs"]:
            claims.setdefault(xref, set()).add(row["id"])
    own = {row["id"] for row in rows}
    expected = {x: next(iter(c)) for x, c in claims.items() if len(c) == 1 and x not in own}
    assert {key: value for key, value in successor.items() if key not in own} == expected
    assert successor["OMIM:605526"] == "MESH:C565325"


def test_keys_that_are_not_read_are_counted(tmp_path, concepts):
    path = tmp_path / "own.jsonl"
    rows = [
        {"id": "X:1", "name": "Spots", "aliases": ["macules"], "comment": ""},
        {"id": "X:2", "name": "Rash", "aliases": ["exanthem"], "synonyms": ["eruption"]},
        {"id": "X:3", "name": "Itch", "aliases": [], "comment": None},
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    terminology = read_terminology("jsonl", path)
    assert concepts(terminology)["X:1"]["names"] == [("Spots", "preferred")]
    assert terminology.release.skipped == {"concepts with 'aliases', a key that is not read": 2}

"""Invented concepts in the Rich Release Format of the UMLS Metathesaurus."""

from __future__ import annotations

import gzip
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rrf import COLUMNS, atom, put, relation, row

from linker.config import ReadOptions, Recipe
from linker.errors import TerminologyError
from linker.terminology import read_terminology
from linker.terminology.rrf.files import find_members

CONSO = [
    atom("C9000001", "Verdant macules", "AAA", "PT", "77", TS="P", ISPREF="Y"),
    atom("C9000001", "green  spots", "AAA", "SY", "77"),
    atom("C9000001", "GS", "BBB", "AB", "G1", SRL="9"),
    atom("C9000001", "Green spot disorder", "BBB", "PT", "G1", SRL="9"),
    atom("C9000001", "taches vertes", "CCC", "PT", "77", LAT="FRE"),
    atom("C9000001", "old green", "AAA", "SY", "76", SUPPRESS="O"),
    atom("C9000002", "Skin marks", "AAA", "PT", "70", TS="P", ISPREF="Y"),
    atom("C9000003", 'Spotol 5" tablet', "BBB", "CD", "D3", SRL="9", TS="P"),
    atom("C9000004", "taches", "CCC", "PT", "1", LAT="FRE"),
]
STY = [
    row("MRSTY", CUI="C9000001", TUI="T047"),
    row("MRSTY", CUI="C9000001", TUI="T033"),
    row("MRSTY", CUI="C9000002", TUI="T033"),
    row("MRSTY", CUI="C9000003", TUI="T200"),
]
RANK = [
    row("MRRANK", RANK="0400", SAB="BBB", TTY="PT", SUPPRESS="N"),
    row("MRRANK", RANK="0300", SAB="AAA", TTY="PT", SUPPRESS="N"),
    row("MRRANK", RANK="0200", SAB="AAA", TTY="SY", SUPPRESS="N"),
    row("MRRANK", RANK="0100", SAB="BBB", TTY="AB", SUPPRESS="N"),
    row("MRRANK", RANK="0099", SAB="CCC", TTY="PT", SUPPRESS="N"),
]
DEF = [
    row("MRDEF", CUI="C9000001", SAB="AAA", DEF=" Spots that  are green. ", SUPPRESS="N"),
    row("MRDEF", CUI="C9000001", SAB="BBB", DEF="A disorder of spots.", SUPPRESS="N"),
    row("MRDEF", CUI="C9000001", SAB="CCC", DEF="Des taches.", SUPPRESS="N"),
    row("MRDEF", CUI="C9000002", SAB="AAA", DEF="Out of use.", SUPPRESS="O"),
]


REL = [
    relation("C9000001", "PAR", "C9000002", SUPPRESS="N"),
    relation("C9000002", "CHD", "C9000001", SUPPRESS="N"),
    relation("C9000001", "RB", "C9000003", "BBB", SUPPRESS="N"),
    relation("C9000003", "RN", "C9000001", "BBB", SUPPRESS="N"),
    relation("C9000001", "PAR", "C9000001", SUPPRESS="N"),
    relation("C9000001", "PAR", "C9000999", SUPPRESS="N"),
    relation("C9000002", "PAR", "C9000003", SUPPRESS="O"),
    relation("C9000003", "RO", "C9000002", SUPPRESS="N"),
]
CUI = [
    row("MRCUI", CUI1="C9100001", VER="2030AA", REL="SY", CUI2="C9000001", MAPIN="Y"),
    row("MRCUI", CUI1="C9100002", VER="2029AA", REL="SY", CUI2="C9100001", MAPIN="Y"),
    row("MRCUI", CUI1="C9100003", VER="2029AA", REL="DEL"),
    row("MRCUI", CUI1="C9100004", VER="2029AA", REL="RB", CUI2="C9000002", MAPIN="Y"),
    row("MRCUI", CUI1="C9100005", VER="2029AA", REL="SY", CUI2="C9000003", MAPIN="Y"),
    row("MRCUI", CUI1="C9100006", VER="2029AA", REL="SY", CUI2="C9100007", MAPIN="N"),
    row("MRCUI", CUI1="C9100007", VER="2029AA", REL="SY", CUI2="C9100006", MAPIN="N"),
    row("MRCUI", CUI1="C9000002", VER="2029AA", REL="SY", CUI2="C9000001", MAPIN="Y"),
]
SAB = [
    row("MRSAB", VSAB="MTH2031AA", RSAB="MTH", CURVER="N"),
    row("MRSAB", VSAB="MTH2031AB", RSAB="MTH", CURVER="Y"),
    row("MRSAB", VSAB="AAA_2019AA", RSAB="AAA", CURVER="Y"),
]
ALL = {
    "MRCONSO": CONSO,
    "MRSTY": STY,
    "MRRANK": RANK,
    "MRDEF": DEF,
    "MRREL": REL,
    "MRCUI": CUI,
    "MRSAB": SAB,
}


@pytest.fixture
def meta(tmp_path):
    return put(tmp_path / "META", **ALL)


def read(path, **options):
    return read_terminology("umls", path, ReadOptions(**options))


def preferred(terminology):
    return {
        row["concept_id"]: row["preferred_name"]
        for row in terminology.concepts.to_pylist()
        if row["status"] == "active"
    }


def test_reads_every_file_of_a_release(meta, concepts):
    terminology = read(meta)
    found = concepts(terminology)
    assert found.pop("C9000001") == {
        "concept_id": "C9000001",
        "preferred_name": "Green spot disorder",
        "definition": "A disorder of spots.",
        "semantic_types": ["T033", "T047"],
        "parents": ["C9000002", "C9000003"],
        "codes": [("AAA", "77"), ("BBB", "G1")],
        "status": "active",
        "replaced_by": None,
        "names": [
            ("Green spot disorder", "preferred"),
            ("Verdant macules", "exact"),
            ("green spots", "exact"),
            ("GS", "abbreviation"),
        ],
    }
    assert found["C9000002"]["names"] == [("Skin marks", "preferred")]
    assert found["C9000002"]["definition"] is None
    assert found["C9000002"]["parents"] == []
    assert found["C9000003"]["preferred_name"] == 'Spotol 5" tablet'
    assert {
        key: row["replaced_by"] for key, row in found.items() if row["status"] == "retired"
    } == {
        "C9100001": "C9000001",
        "C9100002": "C9000001",
        "C9100003": None,
        "C9100004": None,
        "C9100005": "C9000003",
        "C9100006": None,
        "C9100007": None,
    }
    release = terminology.release
    assert (release.terminology, release.version) == ("UMLS Metathesaurus", "2031AB")
    assert release.licence == (
        "UMLS Metathesaurus License (NLM); see each source's restriction level "
        "(level 0: AAA; level 9: BBB)"
    )
    assert release.filters == {"languages": ["ENG"]}
    assert release.skipped == {
        "names in other languages": 2,
        "suppressed names": 1,
        "parents that are not there": 1,
    }


def test_names_file_alone_is_enough(tmp_path, concepts):
    terminology = read(put(tmp_path, MRCONSO=CONSO))
    found = concepts(terminology)
    assert found["C9000001"]["names"] == [
        ("Verdant macules", "preferred"),  # TS = P
        ("GS", "abbreviation"),
        ("Green spot disorder", "exact"),
        ("green spots", "exact"),
    ]
    assert found["C9000001"]["semantic_types"] == found["C9000001"]["parents"] == []
    assert found["C9000001"]["definition"] is None
    assert list(found) == ["C9000001", "C9000002", "C9000003"]
    assert terminology.release.version == ""


def test_preferred_name_without_ranks_goes_by_ts_then_stt_then_ispref(tmp_path):
    lines = [
        atom("C9000001", "a", TS="S", STT="PF", ISPREF="Y"),
        atom("C9000001", "b", TS="P", STT="VO", ISPREF="Y"),
        atom("C9000001", "c", TS="P", STT="PF", ISPREF="N"),
        atom("C9000001", "z", TS="P", STT="PF", ISPREF="Y"),
    ]
    assert preferred(read(put(tmp_path, MRCONSO=lines))) == {"C9000001": "z"}


def test_equal_names_are_ordered_by_themselves(tmp_path):
    lines = [atom("C9000001", name) for name in ("m", "b", "x")]
    for order in (lines, lines[::-1]):
        assert preferred(read(put(tmp_path, MRCONSO=order))) == {"C9000001": "b"}


def test_a_name_of_one_source_that_abbreviates_in_another_is_a_name(tmp_path, concepts):
    lines = [
        atom("C9000001", "Spots", TS="P"),
        atom("C9000001", "GS", "BBB", "AB"),
        atom("C9000001", "GS", "AAA", "SY"),
    ]
    found = concepts(read(put(tmp_path, MRCONSO=lines)))
    assert found["C9000001"]["names"][1:] == [("GS", "exact")]


def test_sources(meta, concepts):
    terminology = read(meta, sources=("AAA",))
    found = concepts(terminology)
    assert [name for name, _ in found["C9000001"]["names"]] == ["Verdant macules", "green spots"]
    assert found["C9000001"]["codes"] == [("AAA", "77")]
    assert found["C9000001"]["definition"] == "Spots that are green."
    assert found["C9000001"]["parents"] == ["C9000002"]
    assert "C9000003" not in found
    # It lives on in a concept that is left out, and goes with it.
    assert "C9100005" not in found
    assert found["C9100003"]["status"] == "retired"
    assert terminology.release.filters == {"languages": ["ENG"], "sources": ["AAA"]}
    assert terminology.release.skipped == {
        "names in other languages": 2,
        "names of other sources": 3,
        "suppressed names": 1,
        "parents that are not there": 1,
    }


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            '<p>Spots are <a href="https://x.org?a=1">green</a>.</p> <ul><li>H<sub>2</sub>O</li>'
            "<li>Dust</li></ul>",
            "Spots are green. H2O Dust",
        ),
        ("&lt;p&gt;Green &amp; &quot;blue&quot;&lt;br/&gt;spots&lt;/p&gt;", 'Green & "blue" spots'),
        ("above 38&nbsp;&deg;C, &amp;lt;15 min", "above 38 °C, <15 min"),
        ("<p> &nbsp; </p>", ""),
        # No markup.
        ("lasts <15 min, -3 SD <= OFC < -2 SD, a<b and c>d", None),
        ("in <p53> cells, 5' < x > 3'", None),
    ],
)
def test_a_definition_is_plain_text(tmp_path, concepts, written, shown):
    definition = row("MRDEF", CUI="C9000001", SAB="AAA", DEF=written, SUPPRESS="N")
    meta = put(tmp_path / "META", **{**ALL, "MRDEF": [definition]})
    found = concepts(read(meta))["C9000001"]["definition"]
    assert found == (written if shown is None else shown or None)


def test_restriction_level(meta, concepts):
    found = concepts(read(meta, max_restriction_level=0))
    assert [name for name, _ in found["C9000001"]["names"]] == ["Verdant macules", "green spots"]
    assert found["C9000001"]["definition"] == "Spots that are green."
    assert found["C9000001"]["parents"] == ["C9000002"]
    assert concepts(read(meta, max_restriction_level=9)) == concepts(read(meta))


def test_a_restriction_level_leaves_out_all_that_a_source_beyond_it_says(tmp_path, concepts):
    names = [
        atom("C9000001", "Spots", "AAA", "PT", "1"),
        atom("C9000001", "Blank spots", "CCC", "PT", "2", SRL=""),
        atom("C9000002", "Marks", "AAA", "PT", "3"),
        atom("C9000002", "Restricted marks", "BBB", "PT", "4", SRL="9"),
    ]
    definitions = [
        row("MRDEF", CUI="C9000001", SAB="BBB", DEF="Restricted.", SUPPRESS="N"),
        # Whose level no name states.
        row("MRDEF", CUI="C9000002", SAB="DDD", DEF="Unknown.", SUPPRESS="N"),
    ]
    relations = [relation("C9000001", "PAR", "C9000002", "BBB", SUPPRESS="N")]
    folder = put(tmp_path, MRCONSO=names, MRDEF=definitions, MRREL=relations)
    found = concepts(read(folder, max_restriction_level=8))
    assert [row["names"] for row in found.values()] == [
        [("Spots", "preferred")], [("Marks", "preferred")],
    ]  # fmt: skip
    assert [row["definition"] for row in found.values()] == [None, None]
    assert found["C9000001"]["parents"] == []
    found = concepts(read(folder))
    assert [row["definition"] for row in found.values()] == ["Restricted.", "Unknown."]
    assert found["C9000001"]["parents"] == ["C9000002"]


def test_a_source_whose_names_are_all_suppressed_is_heard(tmp_path, concepts):
    names = [atom("C9000001", "Spots"), atom("C9000001", "old spots", "BBB", SUPPRESS="O")]
    definitions = [row("MRDEF", CUI="C9000001", SAB="BBB", DEF="Green.", SUPPRESS="N")]
    found = concepts(read(put(tmp_path, MRCONSO=names, MRDEF=definitions)))
    assert found["C9000001"]["definition"] == "Green."


def test_the_code_of_the_best_name_is_first_and_what_stands_for_none_is_none(tmp_path, concepts):
    names = [
        atom("C9000001", "green spots", "AAA", "SY", "10", TS="S"),
        atom("C9000001", "Spots", "AAA", "PT", "99", TS="P"),
        atom("C9000001", "Marks", "BBB", "PT", "NOCODE", TS="S"),
    ]
    found = concepts(read(put(tmp_path, MRCONSO=names)))
    assert found["C9000001"]["codes"] == [("AAA", "99"), ("AAA", "10")]


def test_a_long_chain_of_retired_ids_is_followed(tmp_path, concepts):
    ids = [f"C910000{i}" for i in range(8)]
    retired = [
        row("MRCUI", CUI1=old, VER="2030AA", REL="SY", CUI2=new, MAPIN="Y")
        for old, new in zip(ids, [*ids[1:], "C9000001"], strict=True)
    ]
    found = concepts(read(put(tmp_path, MRCONSO=[atom("C9000001", "Spots")], MRCUI=retired)))
    assert {found[i]["replaced_by"] for i in ids} == {"C9000001"}


def test_languages_in_the_order_given(meta, concepts):
    found = concepts(read(meta, languages=("FRE", "ENG")))
    assert found["C9000001"]["names"][0] == ("taches vertes", "preferred")
    assert found["C9000001"]["codes"] == [("AAA", "77"), ("BBB", "G1"), ("CCC", "77")]
    assert found["C9000004"]["preferred_name"] == "taches"
    assert list(preferred(read(meta, languages=("FRE",)))) == ["C9000001", "C9000004"]
    assert concepts(read(meta, languages=("FRE",)))["C9000001"]["definition"] == "Des taches."


def test_term_types_choose_names_not_codes(meta, concepts):
    found = concepts(read(meta, term_types=("SY", "AB")))
    assert found["C9000001"]["names"] == [("green spots", "preferred"), ("GS", "abbreviation")]
    assert found["C9000001"]["codes"] == [("AAA", "77"), ("BBB", "G1")]
    assert "C9000002" not in found


def test_suppressed_names_may_be_kept_and_come_last(meta, concepts):
    found = concepts(read(meta, keep_suppressed=("O",)))
    assert found["C9000001"]["names"][-1] == ("old green", "exact")
    assert found["C9000001"]["codes"] == [("AAA", "77"), ("AAA", "76"), ("BBB", "G1")]
    assert found["C9000002"]["definition"] == "Out of use."
    assert found["C9000002"]["parents"] == ["C9000003"]


@pytest.mark.parametrize("flag", ["O", "E", "Y"])
def test_each_flag_suppresses(tmp_path, flag):
    lines = [atom("C9000001", "kept"), atom("C9000001", "a", SUPPRESS=flag)]
    folder = put(tmp_path, MRCONSO=lines)
    assert read(folder).names["name"].to_pylist() == ["kept"]
    assert read(folder, keep_suppressed=(flag,)).names["name"].to_pylist() == ["kept", "a"]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"semantic_types": ("T047",)}, ["C9000001"]),
        ({"semantic_types": ("T033",)}, ["C9000001", "C9000002"]),
        ({"semantic_groups": ("CHEM",)}, ["C9000003"]),
        ({"semantic_groups": ("CHEM",), "semantic_types": ("T047",)}, ["C9000001", "C9000003"]),
    ],
)
def test_semantic_types_and_groups(meta, concepts, options, left):
    terminology = read(meta, **options)
    assert list(preferred(terminology)) == left
    assert terminology.release.skipped["concepts of other semantic types"] == 3 - len(left)
    for concept in concepts(terminology).values():
        assert set(concept["parents"]) <= set(left)


SRDEF = [
    "STY|T033|Finding|A2.2|That which is found.||||fndg||\n",
    "STY|T999|Invented Finding|A2.9|What is invented.||||invf||\n",
    "RL|T186|isa|H|The basic relation.||||isa|inverse_isa|\n",
]
GROUPS = "DISO|Disorders|T033|Finding\nINVE|Inventions|T999|Invented Finding\n"


@pytest.mark.parametrize("layout", ["NET", "beside", "zip", "META", "file"])
def test_the_semantic_network_of_the_release_is_read(tmp_path, meta, concepts, layout):
    folder = tmp_path if layout == "beside" else tmp_path / "NET"
    folder.mkdir(exist_ok=True)
    (folder / "SRDEF").write_text("".join(SRDEF))
    (folder / "SemGroups.txt").write_text(GROUPS)
    put(meta, MRSTY=[*STY, row("MRSTY", CUI="C9000002", TUI="T999")])
    path = {"META": meta, "file": meta / "MRCONSO.RRF"}.get(layout, tmp_path)
    if layout == "zip":
        path = tmp_path / "umls.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in [*meta.iterdir(), *folder.iterdir()]:
                archive.write(file, f"2031AB/{file.parent.name}/{file.name}")
    for options in (
        {"semantic_types": ("T999",)},
        {"semantic_types": ("invented finding",)},
        {"semantic_groups": ("INVE",)},
    ):
        assert preferred(read(path, **options)) == {"C9000002": "Skin marks"}
    # What the release does not name, ours does; its groups are the release's alone.
    assert "C9000001" in preferred(read(path, semantic_types=("Disease or Syndrome",)))
    with pytest.raises(TerminologyError, match=r"no group 'CHEM' in .*SRDEF and .*SemGroups\.txt"):
        read(path, semantic_groups=("CHEM",))
    with pytest.raises(TerminologyError, match=r"no type 'T99' in .*SRDEF and .*SemGroups\.txt"):
        read(path, semantic_types=("T99",))


def test_broken_rows_of_the_semantic_network(tmp_path, meta):
    (tmp_path / "SRDEF").write_text("STY|T033|Fin")
    (tmp_path / "SemGroups.txt").write_text("DISO|Disorders|T033|Finding\nDISO|Dis\n")
    with pytest.raises(TerminologyError, match=r"SRDEF:1: 3 fields, expected 10; was the file cut"):
        read(meta, semantic_types=("T033",))
    (tmp_path / "SRDEF").unlink()
    with pytest.raises(TerminologyError, match=r"SemGroups\.txt:2: found 'DISO\|Dis', expected"):
        read(meta, semantic_types=("T033",))
    found = read(meta, semantic_groups=("DISO",), max_bad_rows=1)
    assert found.release.skipped["broken rows"] == 1
    # Where neither is asked for, neither is needed.
    assert "broken rows" not in read(meta).release.skipped


def test_the_way_down_from_a_root_passes_what_the_filters_leave_out(tmp_path, concepts):
    """C9000003 was lost: a process, which the types leave out, stands between."""
    names = ["Disease", "Process", "Spots", "Green spots", "Elsewhere", "Cyclic process"]
    tuis = ["T047", "T046", "T046", "T047", "T046", "T046"]
    ids = [f"C900000{i}" for i in range(1, 7)]
    pairs = [(2, 1), (3, 2), (4, 3), (4, 5), (5, 1), (6, 2), (2, 6)]
    folder = put(
        tmp_path,
        MRCONSO=[atom(*pair) for pair in zip(ids, names, strict=True)],
        MRSTY=[row("MRSTY", CUI=i, TUI=t) for i, t in zip(ids, tuis, strict=True)],
        MRREL=[relation(ids[a - 1], "PAR", ids[b - 1]) for a, b in pairs],
    )
    found = concepts(read(folder, roots=(ids[0],), semantic_types=("T047",)))
    assert {key: row["parents"] for key, row in found.items()} == {ids[0]: [], ids[3]: [ids[0]]}
    # Without roots, parents are those that stand next to a concept.
    found = concepts(read(folder, semantic_types=("T047",)))
    assert {key: row["parents"] for key, row in found.items()} == {ids[0]: [], ids[3]: []}


def test_roots_keep_what_is_below(meta):
    assert list(preferred(read(meta, roots=("C9000002",)))) == ["C9000001", "C9000002"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"sources": ("AAB",)},
            r"MRCONSO\.RRF: no name with source 'AAB'; found: AAA, BBB, CCC; c",
        ),
        ({"languages": ("EN",)}, r"no name with language 'EN'; found: ENG, FRE; correct languages"),
        ({"term_types": ("XX",)}, r"no name with term type 'XX'; found: AB, CD, PT, SY"),
        ({"semantic_types": ("dsyn",)}, r"no type 'dsyn' in the Semantic Network"),
        (
            {"semantic_groups": ("DISEASE",)},
            r"no group 'DISEASE' in the Semantic Network; known: ACTI, ANAT, CHEM",
        ),
        ({"semantic_groups": ("GEOG",)}, r"no concept is left; the filters leave out all of it"),
    ],
)
def test_a_filter_that_finds_nothing_says_so(meta, options, message):
    with pytest.raises(TerminologyError, match=message):
        read(meta, **options)


def test_semantic_types_need_their_file(tmp_path):
    with pytest.raises(TerminologyError, match=r"no MRSTY\.RRF beside MRCONSO\.RRF"):
        read(put(tmp_path, MRCONSO=CONSO), semantic_groups=("DISO",))


def test_columns_in_another_order(tmp_path, concepts, meta):
    order = "STR CUI SUPPRESS SAB TTY CODE LAT TS STT ISPREF SRL"
    values = [
        dict(zip(COLUMNS["MRCONSO"].split(), line.split("|"), strict=False)) for line in CONSO
    ]
    lines = [
        row("MRCONSO", columns=order, **{key: value[key] for key in order.split()})
        for value in values
    ]
    fmt = order.replace(" ", ",")
    files = [
        row("MRFILES", FIL="MRCONSO.RRF", DES="Names", FMT=fmt, CLS="11"),
        row("MRFILES", FIL="MRSTY.RRF", FMT=COLUMNS["MRSTY"].replace(" ", ","), CLS="6"),
        row("MRFILES", FIL="CHANGE/DELETEDCUI.RRF", FMT="PCUI,PSTR", CLS="2"),
    ]
    other = put(tmp_path / "other", **{**ALL, "MRCONSO": lines, "MRFILES": files})
    assert concepts(read(other)) == concepts(read(meta))


def test_a_stated_column_that_is_missing(tmp_path):
    files = [row("MRFILES", FIL="MRCONSO.RRF", FMT="CUI,NAME")]
    with pytest.raises(TerminologyError, match=r"MRFILES\.RRF: no column LAT for MRCONSO\.RRF; fo"):
        read(put(tmp_path, MRCONSO=["C9000001|x|\n"], MRFILES=files))


# --- Where the files are ----------------------------------------------------


def zipped(path, folder, inside):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, f"{inside}{file.name}")
    return path


@pytest.mark.parametrize("inside", ["2031AB/META/", "META/", ""])
def test_zip(meta, tmp_path, concepts, inside):
    archive = zipped(tmp_path / "umls.zip", meta, inside)
    assert concepts(read(archive)) == concepts(read(meta))


def test_folder_above_and_file_itself(meta, concepts):
    expected = concepts(read(meta))
    assert concepts(read(meta.parent)) == expected
    assert concepts(read(meta / "MRCONSO.RRF")) == expected


def test_a_gzipped_file_is_closed_with_what_unpacks_it(meta):
    (meta / "MRCONSO.RRF.gz").write_bytes(gzip.compress((meta / "MRCONSO.RRF").read_bytes()))
    (meta / "MRCONSO.RRF").unlink()
    stream = find_members(meta, "MRCONSO.RRF", {"MRCONSO.RRF"})["MRCONSO.RRF"].open()
    packed = stream.raw.fileobj
    assert not packed.closed
    stream.close()
    assert packed.closed


def test_gzipped_files(meta, concepts, tmp_path):
    expected = concepts(read(meta))
    for file in list(meta.iterdir()):
        Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert concepts(read(meta)) == expected
    assert concepts(read(zipped(tmp_path / "gz.zip", meta, "META/"))) == expected


def test_what_a_file_is_decides_not_its_name(meta, concepts):
    expected = concepts(read(meta))
    file = meta / "MRCONSO.RRF"
    content = file.read_bytes()
    file.write_bytes(gzip.compress(content))
    assert concepts(read(meta)) == expected
    file.unlink()
    # Some browsers unpack what they download.
    Path(f"{file}.gz").write_bytes(content)
    assert concepts(read(meta)) == expected


def test_path_that_looks_like_a_pattern(tmp_path):
    assert preferred(read(put(tmp_path / "a[b]*'c", MRCONSO=CONSO)))["C9000002"] == "Skin marks"


def test_release_is_stated_by_release_dat_or_the_path(tmp_path):
    folder = put(tmp_path / "2030AA" / "META", MRCONSO=CONSO)
    assert read(folder).release.version == "2030AA"
    (folder / "release.dat").write_text("umls.release.name=2030AB\numls.release.date=20301101\n")
    assert read(folder).release.version == "2030AB"
    assert read(folder, version="ours").release.version == "ours"


def test_two_releases_are_one_too_many(tmp_path):
    for name in ("a", "b"):
        put(tmp_path / name, MRCONSO=CONSO)
    with pytest.raises(TerminologyError, match=r"is in several folders: .*a, .*b; give one"):
        read(tmp_path)


def test_folder_or_zip_without_the_names(tmp_path, meta):
    (meta / "MRCONSO.RRF").unlink()
    with pytest.raises(TerminologyError, match=r"META: no MRCONSO\.RRF in it; give the folder or"):
        read(meta)
    with pytest.raises(TerminologyError, match=r"x\.zip: no MRCONSO\.RRF in it; give the folder"):
        read(zipped(tmp_path / "x.zip", meta, "META/"))
    (meta / "2031aa-1-meta.nlm").write_bytes(b"")
    with pytest.raises(
        TerminologyError, match=r"no MRCONSO\.RRF.*\.nlm files: unpack this zip and g"
    ):
        read(zipped(tmp_path / "full.zip", meta, "2031AA/"))
    with pytest.raises(
        TerminologyError, match=r"2031aa-1-meta\.nlm: the compressed file is damaged"
    ):
        read(meta)


def split(meta, names="aa ab ac", *, packed=True):
    """MRCONSO.RRF in parts that end within a row, as the NLM's full releases have it."""
    whole = (meta / "MRCONSO.RRF").read_bytes()
    (meta / "MRCONSO.RRF").unlink()
    size = len(whole) // 3 + 1
    for place, name in enumerate(names.split()):
        part = whole[place * size : (place + 1) * size]
        ending = ".gz" if packed else ""
        (meta / f"MRCONSO.RRF.{name}{ending}").write_bytes(gzip.compress(part) if packed else part)


@pytest.mark.parametrize("layout", ["gz", "plain", "zip", "nlm"])
def test_parts_are_read_in_order(meta, tmp_path, concepts, layout):
    expected = concepts(read(meta))
    split(meta, packed=layout != "plain")
    path = meta
    if layout == "zip":
        path = zipped(tmp_path / "x.zip", meta, "2031AB/META/")
    if layout == "nlm":
        path = tmp_path / "full"
        path.mkdir()
        for number, pattern in enumerate(("*.aa.gz", "*.a[bc].gz", "MR[!C]*.RRF", "MRCUI.RRF")):
            with zipfile.ZipFile(path / f"2031ab-{number}-meta.nlm", "w") as archive:
                for file in meta.glob(pattern):
                    archive.write(file, f"2031AB/META/{file.name}")
    assert concepts(read(path)) == expected


def test_a_missing_part_is_named(meta):
    split(meta, "aa ac ad")
    with pytest.raises(
        TerminologyError, match=r"MRCONSO\.RRF: the part \.ab is missing; found: aa, a"
    ):
        read(meta)


def test_a_broken_row_of_a_part_is_named_by_its_line_in_the_whole(meta):
    put(meta, MRCONSO=[*CONSO, "C9000005|ENG\n"])
    split(meta)
    with pytest.raises(
        TerminologyError, match=rf"MRCONSO\.RRF\.aa\.gz to \.ac:{len(CONSO) + 1}: 2 f"
    ):
        read(meta)


def test_a_file_of_something_else(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("x")
    with pytest.raises(TerminologyError, match=r"x\.txt: neither a folder, nor a zip, nor MRCONSO"):
        read(path)


def test_damaged_archives(meta, tmp_path):
    archive = zipped(tmp_path / "umls.zip", meta, "META/")
    data = bytearray(archive.read_bytes())
    start = data.index(b"MRCONSO.RRF") + 20
    data[start : start + 40] = bytes(40)
    archive.write_bytes(data)
    with pytest.raises(TerminologyError, match=r"umls\.zip: the compressed file is damaged"):
        read(archive)
    packed = gzip.compress("".join(CONSO).encode())
    (meta / "MRCONSO.RRF").unlink()
    (meta / "MRCONSO.RRF.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(TerminologyError, match=r"META: the compressed file is damaged or cut"):
        read(meta)


# --- Bad rows ---------------------------------------------------------------

GOOD = atom("C9000001", "Spots")
SHORT = atom("C9000002", "cut")[:-2] + "\n"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            b"C9000002|ENG|P|L1|PF",
            r"MRCONSO\.RRF:2: 5 fields, expected 18; was the file cut short\?",
        ),
        (SHORT.encode(), r"MRCONSO\.RRF:2: 17 fields, expected 18; was the file cut short\?"),
        (atom("C9000002", "a|b").encode(), r"MRCONSO\.RRF:2: 19 fields, expected 18; is there a"),
        (atom("C9000002", "a")[:-2].encode() + b"25", r":2: no '\|' after the last of 18 fields"),
        (atom("C9000002", "é").encode("latin-1"), r"MRCONSO\.RRF:2: not UTF-8: byte 0xe9; save"),
        (atom("", "a").encode(), r"MRCONSO\.RRF:2: blank CUI; each row needs CUI and STR"),
        (atom("C9000002", " ").encode(), r"MRCONSO\.RRF:2: blank STR; each row needs CUI and STR"),
    ],
)
@pytest.mark.parametrize("pack", [False, True])
def test_broken_row(tmp_path, concepts, bad, message, pack):
    end = b"" if not bad.endswith(b"\n") else atom("C9000003", "After").encode()
    folder = put(tmp_path / "META", MRCONSO=GOOD.encode() + bad + end)
    path = zipped(tmp_path / "umls.zip", folder, "META/") if pack else folder
    with pytest.raises(TerminologyError, match=message):
        read(path)
    terminology = read(path, max_bad_rows=1)
    assert preferred(terminology) == {
        "C9000001": "Spots",
        **({"C9000003": "After"} if end else {}),
    }
    assert terminology.release.skipped == {"broken rows": 1}


def test_broken_rows_count_together_over_all_files(tmp_path):
    folder = put(tmp_path, MRCONSO=[GOOD, SHORT], MRSTY=["C9000001|T047|\n", "C9000001|\n"])
    with pytest.raises(
        TerminologyError, match=r"MRSTY\.RRF:2: .* \(broken row 3; --max-bad-rows is 2"
    ):
        read(folder, max_bad_rows=2)
    assert read(folder, max_bad_rows=3).release.skipped == {"broken rows": 3}


def test_empty_file(tmp_path):
    with pytest.raises(TerminologyError, match=r"no row with a language"):
        read(put(tmp_path, MRCONSO=""))


def test_mark_line_endings_and_blank_lines_do_no_harm(tmp_path, concepts):
    text = "".join(CONSO)
    plain = concepts(read(put(tmp_path / "plain", MRCONSO=text)))
    for number, odd in enumerate(
        ("\ufeff" + text, text.replace("\n", "\r\n"), text + "\n\n", text.rstrip("\n"), text * 2)
    ):
        assert concepts(read(put(tmp_path / str(number), MRCONSO=odd))) == plain


def test_quotation_marks_are_characters(tmp_path):
    name = 'a "b of c\'s \\ "" d'
    lines = [atom("C9000001", name), atom("C9000002", '"open')]
    assert preferred(read(put(tmp_path, MRCONSO=lines))) == {"C9000001": name, "C9000002": '"open'}


def test_the_broken_line_is_named_far_into_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("linker.terminology.rrf.rows._BLOCK", 300)
    lines = [atom(f"C90{i:05}", f"name {i}") for i in range(200)]
    assert len(preferred(read(put(tmp_path, MRCONSO=lines)))) == 200
    lines[136] = lines[136][:-2] + "\n"
    with pytest.raises(TerminologyError, match=r"MRCONSO\.RRF:137: 17 fields"):
        read(put(tmp_path, MRCONSO=lines))


def test_nothing_is_left_in_the_temporary_folder(meta, tmp_path, monkeypatch):
    spill = tmp_path / "tmp"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    read(meta)
    with pytest.raises(TerminologyError):
        read(meta, sources=("ZZZ",))
    assert list(spill.iterdir()) == []


def test_unknown_flag_is_an_error():
    with pytest.raises(ValueError, match="keep_suppressed"):
        ReadOptions(keep_suppressed=("N",))


@pytest.mark.parametrize("name", ["umls-level0", "umls-clinical", "rxnorm"])
def test_recipes_load(name):
    recipe = Recipe.load(Path(__file__).parents[2] / "indexes" / f"{name}.toml")
    assert recipe.terminology.source == name.partition("-")[0]


# --- What was generated is what is read -------------------------------------


def random_release(rng):
    """Files of a small release, and the concepts that a reader must find in it."""
    sources = [f"S{i}" for i in range(rng.randint(1, 4))]
    types = ["PT", "SY", "AB", "ET"]
    pairs = [(source, term_type) for source in sources for term_type in types]
    rng.shuffle(pairs)
    ranks = {pair: rank for rank, pair in enumerate(pairs, start=1)}
    words = ["spot", "green", "Läsion", "β", "of", '"x"', "5%", "a'b", "日本", "\\", "NULL"]
    files = {"MRCONSO": [], "MRSTY": [], "MRDEF": [], "MRREL": []}
    files["MRRANK"] = [
        row("MRRANK", RANK=f"{rank:04}", SAB=source, TTY=term_type, SUPPRESS="N")
        for (source, term_type), rank in ranks.items()
    ]
    ids = [f"C9{i:06}" for i in sorted(rng.sample(range(10**6), rng.randint(1, 8)))]
    expected = {}
    for cui in ids:
        atoms = {}
        codes = {}
        for i in range(rng.randint(1, 6)):
            name = " ".join(rng.choices(words, k=rng.randint(1, 4)))
            source, term_type = rng.choice(pairs)
            code = rng.choice(["NOCODE", f"{rng.randint(1, 3)}"])
            flag = rng.choice("NNNNOEY") if i else "N"
            language = rng.choice(["ENG", "ENG", "SPA"]) if i else "ENG"
            files["MRCONSO"].append(
                atom(cui, name, source, term_type, code, SUPPRESS=flag, LAT=language)
            )
            if flag == "N" and language == "ENG":
                rank = ranks[source, term_type]
                best, short = atoms.get(name, (0, True))
                atoms[name] = (max(best, rank), short and term_type == "AB")
                if code != "NOCODE":
                    codes[source, code] = max(codes.get((source, code), 0), rank)
        names = sorted(atoms, key=lambda name: (-atoms[name][0], name.encode()))
        tuis = sorted(rng.sample(["T033", "T047", "T121"], rng.randint(0, 3)))
        files["MRSTY"] += [row("MRSTY", CUI=cui, TUI=tui) for tui in tuis]
        parents = sorted(rng.sample(ids, rng.randint(0, min(2, len(ids)))))
        files["MRREL"] += [relation(cui, rng.choice(["PAR", "RB"]), p) for p in parents]
        files["MRREL"] += [relation(p, rng.choice(["CHD", "RN"]), cui) for p in parents]
        definition = rng.choice([None, f"what {cui} is"])
        if definition is not None:
            files["MRDEF"].append(row("MRDEF", CUI=cui, SAB="DEFS", DEF=definition, SUPPRESS="N"))
        expected[cui] = {
            "concept_id": cui,
            "preferred_name": names[0],
            "definition": definition,
            "semantic_types": tuis,
            "parents": [parent for parent in parents if parent != cui],
            "codes": sorted(codes, key=lambda pair: (pair[0], -codes[pair], pair[1])),
            "status": "active",
            "replaced_by": None,
            "names": [
                (name, "preferred" if not i else "abbreviation" if atoms[name][1] else "exact")
                for i, name in enumerate(names)
            ],
        }
    for lines in files.values():
        rng.shuffle(lines)
    return files, expected


def test_what_was_generated_is_what_is_read(concepts):
    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed):
        files, expected = random_release(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            assert concepts(read(put(Path(folder), **files))) == expected

    check()

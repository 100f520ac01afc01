"""Invented drugs in the Rich Release Format of RxNorm."""

from __future__ import annotations

import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rrf import drug as atom
from rrf import link, put, row

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import read_terminology

CONSO = [
    atom("9000001", "spotol", "IN"),
    atom("9000001", "SPOTol", "TMSY"),
    atom("9000001", "Spotolum", "PT", "ATC", code="X01"),
    atom("9000002", "Verdex", "BN"),
    atom("9000003", "spotol 5 MG", "SCDC"),
    atom("9000004", "spotol 5 MG tab", "SY"),
    atom("9000004", "spotol 5 MG Oral Tablet", "SCD"),
    atom("9000004", "spotol 5 MG tablet", "PSN"),
    atom("9000005", "spotol 5 MG Oral Tablet [Verdex]", "SBD"),
    atom("9000006", "Oral Tablet", "DF"),
    atom("9000007", "macule powder", "PT", "ATC", code="X02"),
    atom("9000008", "obsolete 1 MG", "SCD", suppress="O"),
]
STY = [
    row("RXNSTY", RXCUI="9000001", TUI="T121"),
    row("RXNSTY", RXCUI="9000001", TUI="T109"),
    row("RXNSTY", RXCUI="9000004", TUI="T200"),
]
REL = [
    link("9000002", "tradename_of", "9000001"),
    link("9000001", "has_tradename", "9000002"),
    link("9000003", "has_ingredient", "9000001"),
    link("9000001", "ingredient_of", "9000003"),
    link("9000004", "consists_of", "9000003"),
    link("9000003", "constitutes", "9000004"),
    link("9000005", "tradename_of", "9000004"),
    link("9000005", "has_ingredient", "9000002"),
    link("9000004", "has_dose_form", "9000006"),
    link("9000002", "isa", "9000006", "ATC"),
]
ARCHIVE = [
    row(
        "RXNATOMARCHIVE",
        RXCUI="8000001",
        STR="spotol old",
        SAB="RXNORM",
        TTY="IN",
        MERGED_TO_RXCUI="9000001",
    ),
    row("RXNATOMARCHIVE", RXCUI="8000001", STR="other", SAB="ATC", MERGED_TO_RXCUI="9000004"),
    row("RXNATOMARCHIVE", RXCUI="8000002", STR="older", SAB="RXNORM", MERGED_TO_RXCUI="8000001"),
    row("RXNATOMARCHIVE", RXCUI="8000003", STR="gone", SAB="RXNORM", MERGED_TO_RXCUI="8000003"),
    row(
        "RXNATOMARCHIVE", RXCUI="9000001", STR="still here", SAB="RXNORM", MERGED_TO_RXCUI="9000002"
    ),
    row("RXNATOMARCHIVE", RXCUI="", STR="never numbered", SAB="ATC"),
]
SAB = [
    row("RXNSAB", VSAB="RXNORM_20AA_310106F", RSAB="RXNORM", SVER="20AA_310106F", CURVER="Y"),
    row("RXNSAB", VSAB="ATC_31", RSAB="ATC", SVER="31", CURVER="Y"),
]


@pytest.fixture
def rrf(tmp_path):
    return put(
        tmp_path / "rrf",
        RXNCONSO=CONSO,
        RXNSTY=STY,
        RXNREL=REL,
        RXNATOMARCHIVE=ARCHIVE,
        RXNSAB=SAB,
    )


def read(path, **options):
    return read_terminology("rxnorm", path, ReadOptions(**options))


def summary(found):
    return {
        key: (row["preferred_name"], row["semantic_types"], row["parents"])
        for key, row in found.items()
        if row["status"] == "active"
    }


DRUGS = {
    "9000001": ("spotol", ["IN", "T109", "T121"], []),
    "9000002": ("Verdex", ["BN"], ["9000001"]),
    "9000003": ("spotol 5 MG", ["SCDC"], ["9000001"]),
    "9000004": ("spotol 5 MG Oral Tablet", ["SCD", "T200"], ["9000003"]),
    "9000005": ("spotol 5 MG Oral Tablet [Verdex]", ["SBD"], ["9000002", "9000004"]),
    "9000006": ("Oral Tablet", ["DF"], []),
}


def test_reads_every_file_of_a_release(rrf, concepts):
    terminology = read(rrf)
    found = concepts(terminology)
    assert summary(found) == DRUGS
    assert found["9000001"]["names"] == [("spotol", "preferred"), ("SPOTol", "exact")]
    assert found["9000004"]["names"] == [
        ("spotol 5 MG Oral Tablet", "preferred"),
        ("spotol 5 MG tablet", "exact"),
        ("spotol 5 MG tab", "exact"),
    ]
    assert found["9000001"]["codes"] == [("RXNORM", "9000001")]
    assert {
        key: (row["preferred_name"], row["replaced_by"])
        for key, row in found.items()
        if row["status"] == "retired"
    } == {
        "8000001": ("spotol old", "9000001"),
        "8000002": ("older", "9000001"),
        "8000003": ("gone", None),
    }
    release = terminology.release
    assert (release.terminology, release.version) == ("RxNorm", "20AA_310106F")
    assert release.licence.startswith("UMLS Metathesaurus License (NLM)")
    assert release.filters == {"languages": ["ENG"], "sources": ["RXNORM"]}
    assert release.skipped == {"names of other sources": 2, "suppressed names": 1}


def test_names_file_alone_is_enough(tmp_path, concepts):
    found = concepts(read(put(tmp_path, RXNCONSO=CONSO)))
    assert summary(found)["9000001"] == ("spotol", ["IN"], [])
    assert list(found) == list(DRUGS)


def test_other_sources_give_names_codes_and_concepts(rrf, concepts):
    found = concepts(read(rrf, sources=("RXNORM", "ATC")))
    assert found["9000001"]["names"] == [
        ("spotol", "preferred"),
        ("SPOTol", "exact"),
        ("Spotolum", "exact"),
    ]
    assert found["9000001"]["codes"] == [("ATC", "X01"), ("RXNORM", "9000001")]
    assert found["9000007"]["preferred_name"] == "macule powder"
    assert found["9000007"]["semantic_types"] == []
    only = concepts(read(rrf, sources=("ATC",)))
    assert only["9000001"]["names"] == [("Spotolum", "preferred")]
    assert only["9000001"]["semantic_types"] == ["IN", "T109", "T121"]


def test_a_step_that_is_left_out_is_passed(rrf, concepts):
    found = concepts(read(rrf, semantic_types=("IN", "SCD", "SBD")))
    assert {key: row["parents"] for key, row in found.items() if row["status"] == "active"} == {
        "9000001": [],
        "9000004": ["9000001"],
        "9000005": ["9000001", "9000004"],
    }


def test_an_ingredient_as_root_keeps_its_drugs(rrf, concepts):
    found = summary(concepts(read(rrf, roots=("9000001",))))
    assert sorted(found) == ["9000001", "9000002", "9000003", "9000004", "9000005"]


def test_restriction_levels_are_those_of_the_sources(tmp_path, concepts):
    """RXNCONSO.RRF leaves its column of them blank."""
    blank = [
        atom("9000001", "spotol", "IN", level=""),
        atom("9000001", "Spotolum", "PT", "ATC", code="X01", level=""),
        atom("9000001", "Spotoid", "PT", "NDDF", code="X02", level=""),
    ]
    sources = ("RXNORM", "ATC", "NDDF")
    alone = put(tmp_path / "alone", RXNCONSO=blank)
    found = concepts(read(alone, sources=sources, max_restriction_level=0))
    assert found["9000001"]["names"] == [("spotol", "preferred")]
    said = [
        row("RXNSAB", RSAB="ATC", SRL="3", CURVER="N"),
        row("RXNSAB", RSAB="ATC", SRL="0", CURVER="Y"),
        row("RXNSAB", RSAB="NDDF", SRL="3", CURVER="Y"),
    ]
    stated = put(tmp_path / "stated", RXNCONSO=blank, RXNSAB=said)
    found = concepts(read(stated, sources=sources, max_restriction_level=0))
    assert found["9000001"]["names"] == [("spotol", "preferred"), ("Spotolum", "exact")]
    assert len(read(stated, sources=sources, max_restriction_level=3).names) == 3


def test_circles_of_links_end(tmp_path, concepts):
    links = [
        link("9000004", "consists_of", "9000003"),
        link("9000003", "consists_of", "9000004"),
        link("9000004", "isa", "9000004"),
    ]
    folder = put(tmp_path, RXNCONSO=CONSO, RXNREL=links)
    assert concepts(read(folder))["9000004"]["parents"] == ["9000003"]
    assert concepts(read(folder, semantic_types=("SCD",)))["9000004"]["parents"] == []


def test_term_types_choose_names(rrf, concepts):
    found = concepts(read(rrf, term_types=("TMSY", "PSN")))
    assert {key: row["names"] for key, row in found.items() if row["status"] == "active"} == {
        "9000001": [("SPOTol", "preferred")],
        "9000004": [("spotol 5 MG tablet", "preferred")],
    }
    assert found["9000004"]["semantic_types"] == ["SCD", "T200"]


def test_semantic_groups(rrf, concepts):
    found = summary(concepts(read(rrf, semantic_groups=("CHEM",))))
    assert sorted(found) == ["9000001", "9000004"]


def test_semantic_groups_need_their_file(tmp_path):
    folder = put(tmp_path, RXNCONSO=CONSO)
    assert len(read(folder, semantic_types=("BN",)).names) == 1
    with pytest.raises(TerminologyError, match=r"no RXNSTY\.RRF beside RXNCONSO\.RRF"):
        read(folder, semantic_groups=("CHEM",))


def test_suppressed_names_may_be_kept(rrf, concepts):
    found = concepts(read(rrf, keep_suppressed=("O",)))
    assert found["9000008"]["preferred_name"] == "obsolete 1 MG"
    assert found["9000008"]["semantic_types"] == ["SCD"]


def test_zip_with_the_prescribable_content_beside(rrf, tmp_path, concepts):
    archive = tmp_path / "RxNorm_full_01062031.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("prescribe/rrf/RXNCONSO.RRF", CONSO[0])
        packed.writestr("Readme.txt", "")
        for file in rrf.iterdir():
            packed.write(file, f"rrf/{file.name}")
    assert concepts(read(archive)) == concepts(read(rrf))


def test_release_is_stated_by_the_path(tmp_path):
    folder = put(tmp_path / "RxNorm_full_01062031" / "rrf", RXNCONSO=CONSO)
    assert read(folder).release.version == "2031-01-06"
    assert read(folder / "RXNCONSO.RRF").release.version == "2031-01-06"
    # The folder above it, and above that.
    assert read(folder.parent).release.version == "2031-01-06"
    assert read(tmp_path).release.version == "2031-01-06"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("9000009|ENG||", r"RXNCONSO\.RRF:13: 3 fields, expected 18; was the file cut short\?"),
        (atom("", "x", "IN"), r"RXNCONSO\.RRF:13: blank RXCUI; each row needs RXCUI and STR"),
    ],
)
def test_broken_row(tmp_path, concepts, line, message):
    folder = put(tmp_path, RXNCONSO=[*CONSO, line])
    with pytest.raises(TerminologyError, match=message):
        read(folder)
    terminology = read(folder, max_bad_rows=1)
    assert list(concepts(terminology)) == list(DRUGS)
    assert terminology.release.skipped["broken rows"] == 1


def test_folder_without_the_names(tmp_path):
    with pytest.raises(TerminologyError, match=r"no RXNCONSO\.RRF in it; give the folder or zip"):
        read(tmp_path)


def test_unknown_source(rrf):
    with pytest.raises(TerminologyError, match=r"no name with source 'NDDF'; found: ATC, RXNORM"):
        read(rrf, sources=("NDDF",))


def test_what_was_generated_is_what_is_read(concepts):
    """Drugs in random number and order, each made of earlier ones."""

    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed):
        rng = random.Random(seed)
        ids = [str(number) for number in sorted(rng.sample(range(10**6, 10**7), rng.randint(1, 9)))]
        files = {"RXNCONSO": [], "RXNSTY": [], "RXNREL": []}
        expected = {}
        for i, rxcui in enumerate(ids):
            kind = rng.choice(["IN", "BN", "SCD", "SBD"])
            tuis = sorted(rng.sample(["T109", "T121", "T200"], rng.randint(0, 2)))
            parents = sorted(rng.sample(ids[:i], rng.randint(0, min(2, i))))
            names = [(f"drug {rxcui} É", kind)]
            names += [(f"drug {rxcui} {other}", other) for other in ("PSN", "SY", "TMSY")]
            names = names[: rng.randint(1, 4)]
            files["RXNCONSO"] += [atom(rxcui, name, term_type) for name, term_type in names]
            files["RXNSTY"] += [row("RXNSTY", RXCUI=rxcui, TUI=tui) for tui in tuis]
            files["RXNREL"] += [link(rxcui, "has_ingredient", parent) for parent in parents]
            files["RXNREL"] += [link(parent, "ingredient_of", rxcui) for parent in parents]
            expected[rxcui] = (names[0][0], [kind, *tuis], parents)
        for lines in files.values():
            rng.shuffle(lines)
        with tempfile.TemporaryDirectory() as folder:
            assert summary(concepts(read(put(Path(folder), **files)))) == expected

    check()

"""Invented concepts in the form in which OHDSI's Athena hands them out."""

from __future__ import annotations

import gzip
import random
import re
import tempfile
import zipfile
from pathlib import Path

import pytest
from athena import GERMAN, Athena, random_download
from cases import FakeProgress, linker_of
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.config import ReadOptions, Recipe
from linker.errors import TerminologyError
from linker.terminology import read_terminology

TOP, SPOTS, GREEN, DRUG, CLASS = 10, 20, 30, 40, 50
LENDER, BOTH, FOREIGN, OLD, OLDER, GONE, UNMAPPED = 1001, 1002, 1003, 1004, 1005, 1006, 1007


@pytest.fixture
def athena() -> Athena:
    """TOP > SPOTS > GREEN below the classification CLASS; DRUG; what maps to them, and what was."""
    made = Athena()
    made.concept(0, "No matching concept", "None", domain="Metadata", standard="")
    made.concept(TOP, "Skin finding", "SNOMEX")
    made.concept(SPOTS, 'Spots, "of"  skin', "SNOMEX")
    made.concept(GREEN, "Green spots", "SNOMEX", code="77")
    made.concept(DRUG, "Spotol", "RXX", domain="Drug", kind="Ingredient")
    made.concept(CLASS, "Class of spots", "MEDX", standard="C", kind="PT")
    made.concept(LENDER, "Verdant macules, unspecified", "ICDX", standard="", code="L99.0")
    made.concept(BOTH, "Spots with Spotol", "ICDX", standard="", code="L99.1")
    made.concept(FOREIGN, "Taches vertes", "CIMX", standard="", code="77")
    made.concept(OLD, "Green macules", "SNOMEX", standard="", code="76", invalid="U")
    made.concept(OLDER, "Leafy macules", "SNOMEX", standard="", code="75", invalid="U")
    made.concept(GONE, "Gone macules", "SNOMEX", standard="", code="74", invalid="D")
    made.concept(UNMAPPED, "Spots, local", "ICDX", standard="", code="L99.9")
    made.synonym(GREEN, "GS - green spots")
    made.synonym(GREEN, "Grüne Flecken", GERMAN)
    made.synonym(LENDER, "Verdant macule NOS")
    made.synonym(FOREIGN, "Taches", GERMAN)
    for number in (TOP, SPOTS, GREEN, DRUG):
        made.maps(number, number)
        made.above(number, number, 0)
    made.maps(LENDER, GREEN)
    made.maps(BOTH, SPOTS)
    made.maps(BOTH, DRUG)
    made.maps(FOREIGN, GREEN)
    made.maps(UNMAPPED, GREEN, invalid="D")
    made.relate(OLD, "Concept replaced by", GREEN)
    made.maps(OLD, SPOTS)
    made.relate(OLDER, "Concept replaced by", OLD)
    made.is_a(SPOTS, TOP)
    made.above(TOP, SPOTS)
    made.above(SPOTS, GREEN)
    made.above(TOP, GREEN, 2)
    made.above(CLASS, GREEN)
    made.vocabulary("None", "v5.0 29-AUG-31")
    made.vocabulary("SNOMEX", "2031-03-01 SNOMEX")
    made.vocabulary("ICDX")
    return made


def read(path, **options):
    return read_terminology("omop", path, ReadOptions(**options))


GREEN_ROW = {
    "concept_id": "30",
    "preferred_name": "Green spots",
    "definition": None,
    "semantic_types": ["Condition", "Disorder"],
    "parents": ["20"],
    "codes": [("CIMX", "77"), ("ICDX", "L99.0"), ("SNOMEX", "77")],
    "status": "active",
    "replaced_by": None,
    "names": [
        ("Green spots", "preferred"),
        ("GS - green spots", "exact"),
        ("Taches vertes", "narrow"),
        ("Verdant macule NOS", "narrow"),
        ("Verdant macules, unspecified", "narrow"),
    ],
}


def test_standard_concepts_with_what_maps_to_them(athena, tmp_path, concepts):
    terminology = read(athena.write(tmp_path))
    found = concepts(terminology)
    assert found["30"] == GREEN_ROW
    assert {key: row["preferred_name"] for key, row in found.items() if row["names"]} == {
        "10": "Skin finding",
        "20": 'Spots, "of" skin',
        "30": "Green spots",
        "40": "Spotol",
    }
    assert found["20"]["parents"] == ["10"]
    assert {key: row["replaced_by"] for key, row in found.items() if not row["names"]} == {
        "1001": "30",
        "1003": "30",
        "1004": "30",
        "1005": "30",
        "1006": None,
    }
    release = terminology.release
    assert (release.terminology, release.version) == (
        "OMOP Standardized Vocabularies",
        "v5.0 29-AUG-31",
    )
    assert release.licence.endswith(": CIMX, ICDX, RXX, SNOMEX (2031-03-01 SNOMEX)")
    assert release.filters == {"standard_only": True, "languages": ["4180186"]}
    assert release.skipped == {
        "concepts that map to several": 1,
        "valid concepts that map to none of these": 3,
    }


@pytest.mark.parametrize("vocabularies", [(), ("SNOMEX", "RXX")])
def test_concepts_of_cpt4_are_counted_until_cpt_sh_has_named_them(athena, tmp_path, vocabularies):
    cpt4 = Athena()
    for number in (60, 61, 62):
        cpt4.concept(number, "", "CPT4", domain="Procedure", kind="CPT4")
    folder = athena.write(tmp_path)
    (folder / "CONCEPT_CPT4.csv").write_text(cpt4.text("CONCEPT"))
    before = read(folder, vocabularies=vocabularies).release.skipped
    said = "concepts of CPT-4, which cpt.sh of the download adds to CONCEPT.csv"
    assert before.get(said) == (None if vocabularies else 3)
    for number in (60, 61, 62):
        athena.concept(number, f"Excision {number}", "CPT4", domain="Procedure", kind="CPT4")
    after = read(athena.write(folder), vocabularies=vocabularies)
    assert said not in after.release.skipped
    assert ("60" in after.concepts["concept_id"].to_pylist()) is (not vocabularies)


def test_to_an_index_that_links(athena, tmp_path):
    linker = linker_of(read(athena.write(tmp_path / "download")), tmp_path / "index")
    (link,) = linker.link(["verdant macule NOS"])
    assert (link.concept_id, link.best.matched_name) == ("30", "Verdant macule NOS")
    assert link.best.codes["ICDX"] == ("L99.0",)
    assert linker.concept("30").parents == ("20",)


def test_a_disorder_goes_before_the_morphology_of_the_same_name(tmp_path):
    athena = Athena()
    athena.concept(1, "Fracture", domain="Observation", kind="Morph Abnormality")
    athena.concept(2, "Fracture", domain="Condition", kind="Disorder")
    linker = linker_of(read(athena.write(tmp_path / "download")), tmp_path / "index")
    (link,) = linker.link(["fracture"])
    assert [candidate.concept_id for candidate in link.candidates] == ["2", "1"]
    assert link.probability > 5 * link.candidates[1].probability


def test_notes_are_not_searched_for_units_and_answers(tmp_path):
    athena = Athena()
    athena.concept(1, "Rash", domain="Condition", kind="Disorder")
    athena.concept(2, "day", domain="Unit", kind="Unit")
    athena.concept(3, "Normal", domain="Meas Value", kind="Answer")
    linker = linker_of(read(athena.write(tmp_path / "download")), tmp_path / "index")
    links = linker.annotate("Normal until the day of the rash.")
    assert [link.concept_id for link in links] == ["1"]
    assert linker.link(["day"])[0].concept_id == "2"


@pytest.mark.parametrize(
    "layout", ["zip", "zip of a folder", "gz", "gz beside", "file", "below", "lower case", "txt"]
)
def test_layouts(athena, tmp_path, concepts, layout):
    path = athena.write(tmp_path / "download")
    if layout == "zip":
        path = athena.pack(tmp_path / "vocabulary_download_v5.zip")
    if layout == "zip of a folder":
        path = tmp_path / "packed.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "download").iterdir():
                archive.write(file, f"download/{file.name}")
                archive.writestr(f"__MACOSX/{file.name}", b"\0")
    for file in list(path.iterdir()) if path.is_dir() else ():
        if layout == "gz beside":
            Path(f"{file}.gz").write_bytes(b"of another release")
        if layout == "txt":
            file.rename(file.with_suffix(".txt"))
        if layout == "gz":
            Path(f"{file}.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
        if layout == "lower case":
            file.rename(file.with_name(file.name.lower()))
    if layout == "file":
        path = path / "CONCEPT.csv"
    if layout == "below":
        path = tmp_path
    assert concepts(read(path))["30"] == GREEN_ROW


def test_concepts_alone_are_enough(athena, tmp_path, concepts):
    for table in athena.write(tmp_path).iterdir():
        if table.name != "CONCEPT.csv":
            table.unlink()
    terminology = read(tmp_path)
    found = concepts(terminology)
    assert found["30"]["names"] == [("Green spots", "preferred")]
    assert found["30"]["parents"] == []
    assert found["30"]["codes"] == [("SNOMEX", "77")]
    assert found["1004"]["replaced_by"] is None
    assert terminology.release.version == ""


def test_domains(athena, tmp_path, concepts):
    terminology = read(athena.write(tmp_path), domains=("Drug",))
    assert list(concepts(terminology)) == ["40"]
    assert terminology.release.filters["domains"] == ["Drug"]


@pytest.mark.parametrize("wanted", ["Ingredient", "Drug"])
def test_semantic_types_are_domains_and_classes(athena, tmp_path, concepts, wanted):
    terminology = read(athena.write(tmp_path), semantic_types=(wanted,))
    assert list(concepts(terminology)) == ["40"]


def test_vocabularies_say_who_may_lend_names(athena, tmp_path, concepts):
    terminology = read(athena.write(tmp_path), vocabularies=("SNOMEX", "ICDX"))
    found = concepts(terminology)
    assert found["30"]["codes"] == [("ICDX", "L99.0"), ("SNOMEX", "77")]
    assert "Taches vertes" not in dict(found["30"]["names"])
    assert sorted(found) == ["10", "1001", "1004", "1005", "20", "30"]
    assert terminology.release.skipped["concepts of other vocabularies"] == 4


def test_parents_pass_what_is_left_out(athena, tmp_path, concepts):
    athena.rows["CONCEPT"][2][4] = "Finding"  # SPOTS
    found = concepts(read(athena.write(tmp_path), semantic_types=("Disorder",)))
    assert {key: row["parents"] for key, row in found.items() if row["names"]} == {
        "10": [],
        "30": ["10"],
    }


def test_a_concepts_own_names_and_codes_go_before_those_that_are_lent_it(
    athena, tmp_path, concepts
):
    # The lenders sort before it, and have a name and a code of its own, too.
    athena.concept(60, "Green spots", "SNOMEX", standard="", code="11")
    athena.concept(61, "GS - green spots", "SNOMEX", standard="", code="77")
    for number in (60, 61):
        athena.maps(number, GREEN)
    found = concepts(read(athena.write(tmp_path)))
    assert found["30"]["names"] == GREEN_ROW["names"]
    assert found["30"]["codes"] == [*GREEN_ROW["codes"], ("SNOMEX", "11")]


def test_what_lends_its_names_leads_to_what_has_them(athena, tmp_path, concepts):
    athena.relate(LENDER, "Concept replaced by", SPOTS)
    found = concepts(read(athena.write(tmp_path)))
    assert (found["1001"]["replaced_by"], found["30"]) == ("30", GREEN_ROW)


def test_what_is_blank_is_no_code_and_no_type(athena, tmp_path, concepts):
    athena.concept(60, "Codeless spots", kind=" ", code=" ")
    athena.synonym(60, " ")
    athena.concept(70, "Padded spots", domain="Spots", kind="Condition", code=" 7 ")
    found = concepts(read(athena.write(tmp_path)))
    assert (found["60"]["codes"], found["60"]["semantic_types"]) == ([], ["Condition"])
    assert found["60"]["names"] == [("Codeless spots", "preferred")]
    assert found["70"]["codes"] == [("INVENTED", "7")]
    assert found["70"]["semantic_types"] == ["Condition", "Spots"]


def test_a_retired_concept_leads_where_its_successors_do(athena, tmp_path, concepts):
    # Along "Concept replaced by" alone, over three steps, before one step of "Maps to".
    for number in (1010, 1011, 1012):
        athena.concept(number, f"Past spots {number}", standard="", invalid="U")
        athena.relate(number, "Concept replaced by", number + 1 if number < 1012 else GREEN)
    athena.maps(1010, SPOTS)
    # What maps to several leads to none of them.
    athena.concept(1013, "Mixed spots", standard="", invalid="D")
    for target in (SPOTS, GREEN):
        athena.maps(1013, target)
    # A way on which one step is a map is as good as a map, and this one is longer.
    athena.concept(1014, "Old spots", standard="", invalid="U")
    athena.concept(1015, "Older spots", standard="", invalid="U")
    athena.maps(1014, GREEN)
    athena.relate(1014, "Concept replaced by", 1015)
    athena.maps(1015, SPOTS)
    found = concepts(read(athena.write(tmp_path)))
    assert {key: found[key]["replaced_by"] for key in map(str, range(1010, 1016))} == {
        **dict.fromkeys(("1010", "1011", "1012", "1014"), "30"),
        "1013": None,
        "1015": "20",
    }


def test_each_for_itself(athena, tmp_path, concepts):
    found = concepts(read(athena.write(tmp_path), standard_only=False))
    assert sorted(key for key, row in found.items() if row["names"]) == [
        *("10", "1001", "1002", "1003", "1007", "20", "30", "40", "50")
    ]
    assert found["1001"]["codes"] == [("ICDX", "L99.0")]
    assert found["30"]["parents"] == ["20", "50"]
    assert found["1005"]["replaced_by"] == "30"


def test_languages(athena, tmp_path, concepts):
    found = concepts(read(athena.write(tmp_path), languages=(str(GERMAN),)))
    assert [name for name, _ in found["30"]["names"]] == [
        *("Green spots", "Grüne Flecken", "Taches", "Taches vertes"),
        "Verdant macules, unspecified",
    ]


def test_roots(athena, tmp_path, concepts):
    found = concepts(read(athena.write(tmp_path), roots=("20",)))
    assert sorted(found) == ["1001", "1003", "1004", "1005", "20", "30"]


def test_circles_end(athena, tmp_path, concepts):
    athena.is_a(TOP, GREEN)
    athena.relate(GONE, "Concept replaced by", 1008)
    athena.concept(1008, "Bygone", standard="", invalid="U")
    athena.relate(1008, "Concept replaced by", GONE)
    found = concepts(read(athena.write(tmp_path), semantic_types=("Disorder",)))
    assert found["10"]["parents"] == ["30"]
    assert "1008" not in found
    found = concepts(read(tmp_path))
    assert [found[key]["replaced_by"] for key in ("1006", "1008")] == [None, None]


def test_circles_of_what_is_left_out_end(athena, tmp_path, concepts):
    for number in (60, 61):
        athena.concept(number, f"Group {number}", kind="Finding")
    for child, parent in ((GREEN, 60), (60, 61), (61, 60), (61, TOP), (60, GREEN)):
        athena.is_a(child, parent)
    found = concepts(read(athena.write(tmp_path), semantic_types=("Disorder",)))
    assert found["30"]["parents"] == ["10", "20"]


def test_rows_that_stand_twice_or_lead_back_change_nothing(athena, tmp_path, concepts):
    athena.maps(LENDER, GREEN)
    athena.maps(LENDER, LENDER)
    athena.above(GREEN, GREEN)
    athena.is_a(SPOTS, TOP)
    found = concepts(read(athena.write(tmp_path)))
    assert found["30"] == GREEN_ROW
    assert found["20"]["parents"] == ["10"]


def test_what_a_concept_is_says_nothing_of_what_it_maps_to(athena, tmp_path, concepts):
    athena.is_a(LENDER, BOTH)
    athena.is_a(UNMAPPED, GREEN)
    found = concepts(read(athena.write(tmp_path)))
    assert found["30"] == GREEN_ROW
    assert "1007" not in found


def test_a_standard_concept_that_maps_to_another_stays_one(athena, tmp_path, concepts):
    athena.maps(SPOTS, GREEN)
    found = concepts(read(athena.write(tmp_path)))
    assert found["30"] == GREEN_ROW
    assert (found["20"]["status"], found["20"]["replaced_by"]) == ("active", None)


def test_only_what_is_valid_and_wanted_is_counted_as_mapping_to_several(athena, tmp_path):
    for number, target, invalid in ((1010, TOP, ""), (1011, DRUG, "D")):
        athena.concept(number, "Spots and more", "ICDX", standard="", invalid=invalid)
        athena.maps(number, SPOTS)
        athena.maps(number, target)
    # Of 1010 neither is a drug, and 1011 is no more.
    skipped = read(athena.write(tmp_path), domains=("Drug",)).release.skipped
    assert skipped["concepts that map to several"] == 1


def test_dangling_parents_and_maps_are_none(athena, tmp_path, concepts):
    athena.is_a(GREEN, 999)
    athena.maps(UNMAPPED, 998)
    found = concepts(read(athena.write(tmp_path)))
    assert found["30"] == GREEN_ROW
    assert "1007" not in found


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            {"domains": ("Conditions",)},
            r"CONCEPT\.csv: domains: no concept has the domain_id",
        ),
        ({"vocabularies": ("SNOMED",)}, r"the vocabulary_id 'SNOMED'; found: CIMX, ICDX, MEDX, No"),
        ({"semantic_types": ("T047",)}, r"domain_id or concept_class_id 'T047'; found: Condition"),
        ({"languages": ("²",)}, r"'²' is no language_concept_id"),
        ({"languages": ("ENG",)}, r"'ENG' is no language_concept_id; they look like '4180186'"),
        ({"domains": ("Metadata",)}, r"no concept is left; the filters leave out all of it"),
    ],
)
def test_filter_that_nothing_matches(athena, tmp_path, option, message):
    with pytest.raises(TerminologyError, match=message):
        read(athena.write(tmp_path), **option)


# --- Bad input --------------------------------------------------------------


def spoil(tmp_path, athena, change, table="CONCEPT"):
    file = athena.write(tmp_path) / f"{table}.csv"
    file.write_bytes(change(file.read_bytes()))
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            b"\tRXX\t",
            b"\t",
            r"CONCEPT\.csv:6: 9 fields, expected 10 as in the header; was",
        ),
        (b"\tRXX\t", b"\tRXX\tRXX\t", r"CONCEPT\.csv:6: 11 fields, expected 10"),
        (
            b"Spotol\t",
            b"Spot\xf6l\t",
            r"CONCEPT\.csv:6: not UTF-8: byte 0xf6; save the file",
        ),
        (b"40\tSpotol", b"4O\tSpotol", r"CONCEPT\.csv:6: concept_id is '4O', expected digits"),
        (b"40\tSpotol", b"40\t ", r"CONCEPT\.csv:6: concept 40 has a blank concept_name; each"),
        (b"40\tSpotol", b" 040\t ", r"CONCEPT\.csv:6: concept 40 has a blank concept_name; each"),
        (
            b"40\tSpotol",
            b"50\tSpotol",
            r"CONCEPT\.csv:7: concept 50 occurs in 2 rows, first at line 6, expected one",
        ),
    ],
)
def test_broken_row(athena, tmp_path, old, new, message):
    path = spoil(tmp_path, athena, lambda data: data.replace(old, new, 1))
    with pytest.raises(TerminologyError, match=message):
        read(path)
    release = read(path, max_bad_rows=1).release
    assert release.skipped["broken rows"] == 1


def test_a_row_without_a_name_beside_one_that_has_one_is_told_of_by_its_own_line(
    athena, tmp_path, concepts
):
    athena.concept(DRUG, " ", "RXX", domain="Drug", kind="Ingredient")
    line = len(athena.rows["CONCEPT"]) + 1
    with pytest.raises(
        TerminologyError, match=rf"CONCEPT\.csv:{line}: concept 40 occurs in 2 rows"
    ):
        read(athena.write(tmp_path))
    terminology = read(tmp_path, max_bad_rows=1)
    assert terminology.release.skipped["broken rows"] == 1
    assert concepts(terminology)["40"]["preferred_name"] == "Spotol"


def test_file_that_is_cut_in_the_middle(athena, tmp_path):
    path = spoil(tmp_path, athena, lambda data: data[:-12], "CONCEPT_RELATIONSHIP")
    with pytest.raises(TerminologyError, match=r"RELATIONSHIP\.csv:\d+: \d fields, expected 6"):
        read(path)


def test_bom_carriage_returns_and_quotation_marks(athena, tmp_path, concepts):
    def change(data):
        data = data.replace(b"Green spots", b'"Green spots').replace(b"\n", b"\r\n")
        return b"\xef\xbb\xbf" + data

    found = concepts(read(spoil(tmp_path, athena, change)))
    assert found["30"]["preferred_name"] == '"Green spots'
    assert found["40"]["preferred_name"] == "Spotol"


def test_commas_where_tabs_are_due(athena, tmp_path):
    path = spoil(tmp_path, athena, lambda data: data.replace(b"\t", b","))
    with pytest.raises(TerminologyError, match=r"CONCEPT\.csv:1: no column 'concept_id'.*tab-s"):
        read(path)


def test_no_concepts(athena, tmp_path):
    (athena.write(tmp_path) / "CONCEPT.csv").unlink()
    with pytest.raises(TerminologyError, match=r"no CONCEPT\.csv in it; give the folder or"):
        read(tmp_path)
    with pytest.raises(TerminologyError, match=r"neither a folder, nor a zip, nor CONCEPT\.csv"):
        read(tmp_path / "VOCABULARY.csv")


def test_two_downloads(athena, tmp_path):
    athena.write(tmp_path / "a")
    athena.write(tmp_path / "b")
    with pytest.raises(TerminologyError, match=r"CONCEPT\.csv is in several folders: .*a, .*b"):
        read(tmp_path)


def test_damaged_zip(athena, tmp_path):
    path = athena.pack(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    with pytest.raises(
        TerminologyError, match=r"x\.zip: the compressed file is damaged or cut short"
    ):
        read(path)


def test_zip_that_wants_a_password(athena, tmp_path):
    path = athena.pack(tmp_path / "x.zip")
    data = bytearray(path.read_bytes())
    for entry in re.finditer(b"PK\x01\x02", path.read_bytes()):
        data[entry.start() + 8] |= 1
    path.write_bytes(data)
    message = r"x\.zip: CONCEPT\.csv is encrypted; unpack it, and give the file or the folder"
    with pytest.raises(TerminologyError, match=message):
        read(path)


def test_progress(athena, tmp_path):
    progress = FakeProgress()
    read_terminology("omop", athena.pack(tmp_path / "x.zip"), progress=progress)
    assert [step[0] for step in progress.steps] == [
        "reading CONCEPT.csv",
        "reading CONCEPT_SYNONYM.csv",
        "reading CONCEPT_RELATIONSHIP.csv",
        "reading CONCEPT_ANCESTOR.csv",
        "reading VOCABULARY.csv",
        "joining names and concepts",
    ]
    size = len(athena.text("CONCEPT").encode())
    assert progress.steps[0] == ["reading CONCEPT.csv", size, "bytes", size]


def test_recipe_is_valid():
    recipe = Recipe.load(Path(__file__).parents[2] / "indexes" / "omop.toml")
    assert recipe.terminology.source == "omop"


# --- What was generated is what is read -------------------------------------


def test_what_was_generated_is_what_is_read(concepts):
    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed):
        athena, expected = random_download(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            assert concepts(read(athena.write(Path(folder)))) == expected

    check()

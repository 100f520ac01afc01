"""Invented records in the XML in which the NLM releases MeSH."""

from __future__ import annotations

import gzip
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from cases import FakeProgress, linker_of
from hypothesis import given, settings
from hypothesis import strategies as st
from mesh_xml import (
    concept,
    descriptor,
    random_records,
    record_set,
    supplementary,
    term,
    write,
)

from linker.config import ReadOptions, Recipe
from linker.errors import TerminologyError
from linker.terminology import read_terminology

SKIN = descriptor("D900001", "Skin Marks", [concept("M1", "Skin Marks")], ["C17"])
SPOTS = descriptor(
    "D900002",
    "Spots, Green",
    [
        concept(
            "M2",
            "Spots, Green",
            [
                term("Green Spots"),
                term("GS", tag="ABB"),
                term("Green GS", tag="ABX"),
                term("Spot, Green", permuted=True),
            ],
            note="Marks of the skin  that\n are green. ",
            relations=[("NRW", "M2", "M3"), ("BRD", "M2", "M4"), ("NRW", "M5", "M2")],
            types=["T047"],
        ),
        concept("M3", "Lime Spots", [term("LS", tag="ACR")], preferred=False),
        concept("M4", "Spots", preferred=False),
        concept("M5", "Colored Spots", preferred=False),
        concept("M6", "Paint", preferred=False, relations=[("REL", "M6", "M2")]),
        concept("M7", "Unrelated Spots", preferred=False),
    ],
    ["C17.800", "A01.456"],
)
BLOTCH = descriptor("D900003", "Blotch", [concept("M8", "Blotch")], ["C17.800.100", "C23.888"])
SPOTOL = supplementary(
    "C900001",
    "spotol",
    [
        concept(
            "M9",
            "spotol",
            [term("Spotexan", tag="TRD")],
            number="0A1B2C3D4E",
            related=["50-78-2 (Spotol)", "51-79-3 (spotol hydrochloride)", "EC 1.2.3.4"],
        )
    ],
    ["*D900002", "D900001", "D999998"],
    note="structure given in first source",
)


@pytest.fixture
def mesh(tmp_path) -> Path:
    return write(tmp_path / "mesh", [SKIN, SPOTS, BLOTCH], [SPOTOL])


def read(path, **options):
    return read_terminology("mesh", path, ReadOptions(**options))


SPOTS_ROW = {
    "concept_id": "D900002",
    "preferred_name": "Spots, Green",
    "definition": "Marks of the skin that are green.",
    "semantic_types": ["Anatomy", "Diseases", "T047"],
    "parents": ["D900001"],
    "codes": [],
    "status": "active",
    "replaced_by": None,
    "names": [
        ("Spots, Green", "preferred"),
        ("Green Spots", "exact"),
        ("Green GS", "exact"),
        ("Spot, Green", "exact"),
        ("GS", "abbreviation"),
        ("Lime Spots", "narrow"),
        ("LS", "narrow"),
        ("Spots", "broad"),
        ("Colored Spots", "broad"),
        ("Paint", "related"),
        ("Unrelated Spots", "related"),
    ],
}
SPOTOL_ROW = {
    "concept_id": "C900001",
    "preferred_name": "spotol",
    "definition": "structure given in first source",
    "semantic_types": ["Chemicals and Drugs"],
    "parents": ["D900001", "D900002"],
    "codes": [("UNII", "0A1B2C3D4E"), ("CAS", "50-78-2"), ("EC", "1.2.3.4")],
    "status": "active",
    "replaced_by": None,
    "names": [("spotol", "preferred"), ("Spotexan", "exact")],
}


def test_descriptors_and_supplementary_records(mesh, concepts):
    terminology = read(mesh)
    found = concepts(terminology)
    assert found["D900002"] == SPOTS_ROW
    assert found["C900001"] == SPOTOL_ROW
    assert found["D900003"]["parents"] == ["D900002"]
    assert list(found) == ["D900001", "D900002", "D900003", "C900001"]
    release = terminology.release
    assert (release.terminology, release.version) == ("Medical Subject Headings", "2031")
    assert release.licence.startswith("MeSH: a work of the US Government")
    assert release.skipped == {
        "headings mapped to that are not there": 1,
        "tree numbers without the one above": 2,
    }


def test_mental_disorders_are_told_from_the_rest_of_psychology(tmp_path, concepts):
    records = [
        descriptor("D900004", "Gloom", [concept("M1", "Gloom")], ["F03.600", "F03.700.1"]),
        descriptor("D900005", "Thought", [concept("M2", "Thought")], ["F02.463"]),
    ]
    found = concepts(read(write(tmp_path, records)))
    assert found["D900004"]["semantic_types"] == ["Psychiatry and Psychology", "Mental Disorders"]
    assert found["D900005"]["semantic_types"] == ["Psychiatry and Psychology"]
    only = read(write(tmp_path, records), semantic_types=("Mental Disorders",))
    assert list(concepts(only)) == ["D900004"]


def test_to_an_index_that_links(mesh, tmp_path):
    linker = linker_of(read(mesh), tmp_path / "index")
    found = [(link.concept_id, link.best.matched_name) for link in linker.link(["spotexan", "GS"])]
    assert found == [("C900001", "Spotexan"), ("D900002", "GS")]
    assert linker.concept("C900001").codes["CAS"] == ("50-78-2",)


def test_numbers_in_a_list_and_none(tmp_path, concepts):
    records = [
        descriptor("D1", "a", [concept("M1", "a", number=["0A1B2C3D4E", "50-78-2", "XX-1"])]),
        descriptor("D2", "b", [concept("M2", "b", number="0")]),
    ]
    found = concepts(read(write(tmp_path, records)))
    assert found["D1"]["codes"] == [("UNII", "0A1B2C3D4E"), ("CAS", "50-78-2"), ("RN", "XX-1")]
    assert found["D2"]["codes"] == []


@pytest.mark.parametrize("layout", ["gz", "xml.gz", "zips", "one zip", "all of them"])
def test_layouts(mesh, tmp_path, concepts, layout):
    path = mesh
    for file in sorted(mesh.iterdir()):
        data = file.read_bytes()
        if layout in ("gz", "all of them"):
            file.with_suffix(".gz").write_bytes(gzip.compress(data))
        if layout == "xml.gz":
            file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(data))
        if layout in ("zips", "one zip", "all of them"):
            path = tmp_path / "mesh.zip" if layout == "one zip" else mesh
            archive = path if layout == "one zip" else file.with_suffix(".zip")
            with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as packed:
                packed.write(file, f"in/{file.name}")
                packed.writestr(f"__MACOSX/._{file.name}", b"\0")
        if layout != "all of them":
            file.unlink()
    found = concepts(read(path))
    assert (found["D900002"], found["C900001"]) == (SPOTS_ROW, SPOTOL_ROW)


def test_one_file_whatever_its_name(mesh, tmp_path, concepts):
    file = (mesh / "desc2031.xml").rename(tmp_path / "headings.xml")
    terminology = read(file)
    assert concepts(terminology)["D900002"] == SPOTS_ROW
    assert terminology.release.version == "2031"  # of its document type


def test_supplementary_records_alone(mesh, concepts):
    terminology = read(mesh / "supp2031.xml")
    assert concepts(terminology)["C900001"]["parents"] == []
    assert terminology.release.skipped == {"headings mapped to that are not there": 3}


@pytest.mark.parametrize("wanted", [("D",), ("Chemicals and Drugs",)])
def test_categories(mesh, concepts, wanted):
    terminology = read(mesh, semantic_types=wanted)
    assert list(concepts(terminology)) == ["C900001"]
    assert terminology.release.filters == {"semantic_types": ["Chemicals and Drugs"]}
    assert terminology.release.skipped["outside the semantic types"] == 3


def test_parents_pass_what_is_left_out(tmp_path, concepts):
    between = descriptor("D2", "b", [concept("M2", "b")], ["C17.1"])
    top = descriptor("D1", "a", [concept("M1", "a", types=["T033"])], ["C17"])
    below = descriptor("D3", "c", [concept("M3", "c", types=["T033"])], ["C17.1.2"])
    found = concepts(read(write(tmp_path, [below, between, top]), semantic_types=("T033",)))
    assert {key: row["parents"] for key, row in found.items()} == {"D1": [], "D3": ["D1"]}


def test_roots(mesh, concepts):
    assert sorted(concepts(read(mesh, roots=("D900002",)))) == ["C900001", "D900002", "D900003"]


def test_roots_and_categories_together(mesh, concepts):
    terminology = read(mesh, roots=("D900001",), semantic_types=("D",))
    assert list(concepts(terminology)) == ["C900001"]
    assert terminology.release.filters == {
        "semantic_types": ["Chemicals and Drugs"],
        "roots": ["D900001"],
    }
    assert terminology.release.skipped["outside the semantic types"] == 3
    terminology = read(mesh, roots=("D900003",), semantic_types=("C",))
    # What is above it has the type, and lies outside the root.
    assert {key: row["parents"] for key, row in concepts(terminology).items()} == {"D900003": []}
    assert terminology.release.skipped["outside the roots"] == 3
    with pytest.raises(TerminologyError, match="root 'D1' is no record of these files"):
        read(mesh, roots=("D1",), semantic_types=("C",))


def test_circles_end(tmp_path, concepts):
    records = [
        descriptor("D1", "a", [concept("M1", "a")], ["C01", "C02.1"]),
        descriptor("D2", "b", [concept("M2", "b")], ["C02", "C01.1"]),
        descriptor("D3", "c", [concept("M3", "c", types=["T033"])], ["C01.1.1", "C01.1.1.1"]),
    ]
    found = concepts(read(write(tmp_path, records)))
    assert {key: row["parents"] for key, row in found.items()} == {
        "D1": ["D2"],
        "D2": ["D1"],
        "D3": ["D2"],
    }
    assert concepts(read(tmp_path, semantic_types=("T033",)))["D3"]["parents"] == []


def test_unknown_type_lists_the_known_ones(mesh):
    message = r"no record has the type 'T999'; found: Anatomy, Chemicals and Drugs, Diseases, T047"
    with pytest.raises(TerminologyError, match=message):
        read(mesh, semantic_types=("T999",))


# --- Bad input --------------------------------------------------------------


def spoiled(tmp_path, change):
    path = tmp_path / "desc2031.xml"
    path.write_bytes(change(record_set([SKIN, SPOTS, BLOTCH])))
    return path


LINE = record_set([SKIN, SPOTS]).count(b"\n", 0, record_set([SKIN, SPOTS]).index(b"D900002")) + 1


def test_file_that_is_cut_in_the_middle(tmp_path):
    path = spoiled(tmp_path, lambda data: data[: data.index(b"Lime")])
    lines = path.read_bytes().count(b"\n") + 1
    with pytest.raises(TerminologyError, match=rf"desc2031\.xml:{lines}: not XML: .*was the file"):
        read(path)


def test_gzip_that_is_cut_in_the_middle(tmp_path):
    path = tmp_path / "desc2031.gz"
    path.write_bytes(gzip.compress(record_set([SKIN, SPOTS]))[:-40])
    with pytest.raises(TerminologyError, match=r"desc2031\.gz: the compressed file is damaged"):
        read(path)


def test_latin_1(tmp_path):
    path = spoiled(tmp_path, lambda data: data.replace(b"Lime", b"Lim\xe9"))
    line = path.read_bytes().count(b"\n", 0, path.read_bytes().index(b"Lim\xe9")) + 1
    with pytest.raises(TerminologyError, match=rf"desc2031\.xml:{line}: not UTF-8: byte 0xe9"):
        read(path)


def test_bom_and_carriage_returns(tmp_path, concepts):
    path = spoiled(tmp_path, lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    assert concepts(read(path))["D900002"] == SPOTS_ROW


def test_one_line(tmp_path, concepts):
    path = spoiled(tmp_path, lambda data: data.replace(b"\n", b" "))
    assert concepts(read(path))["D900002"] == SPOTS_ROW


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"<DescriptorUI>D900002</DescriptorUI>", b"", "record 'Spots, Green' has no DescriptorUI"),
        (b"<DescriptorName>\n  <String>Spots, Green</String>", b"<DescriptorName>",
         "record 'D900002' has no DescriptorName"),
        (b"<DescriptorUI>D900002</DescriptorUI>", b"<DescriptorUI>D900001</DescriptorUI>",
         r"D900001 occurs twice, first at .*desc2031\.xml:4; are two releases in one file"),
        (b'PreferredConceptYN="Y">\n    <ConceptUI>M2<', b'PreferredConceptYN="N">\n<ConceptUI>M2<',
         "D900002 has 0 preferred concepts, expected one"),
        (b'PreferredConceptYN="N">\n    <ConceptUI>M3<', b'PreferredConceptYN="Y">\n<ConceptUI>M3<',
         "D900002 has 2 preferred concepts, expected one"),
    ],
)  # fmt: skip
def test_broken_record(tmp_path, old, new, message):
    path = spoiled(tmp_path, lambda data: data.replace(old, new))
    with pytest.raises(TerminologyError, match=rf"desc2031\.xml:{LINE - 1}: {message}"):
        read(path)
    terminology = read(path, max_bad_rows=1)
    assert terminology.release.skipped["broken rows"] == 1
    assert terminology.concepts["concept_id"].to_pylist() == ["D900001", "D900003"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "x.xml",
            "<rdf:RDF/>",
            r"x\.xml: XML with the root <rdf:RDF>, expected <Desc",
        ),
        ("d2031.bin", "*NEWRECORD\nRECTYPE = D\n", r"d2031\.bin: no XML, expected .*not in ASCII"),
        ("desc2031.xml", "", r"desc2031\.xml: no XML, expected <DescriptorRecordSet>"),
    ],
)
def test_a_file_of_something_else(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(TerminologyError, match=message):
        read(path)


def test_nothing_in_a_folder_or_zip(tmp_path):
    with pytest.raises(TerminologyError, match=r"holds neither desc20XX\.xml nor supp20XX\.xml; f"):
        read(tmp_path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("qual2031.xml", "<x/>")
    with pytest.raises(TerminologyError, match=r"x\.zip: holds neither desc20XX\.xml nor supp20XX"):
        read(tmp_path / "x.zip")


@pytest.mark.parametrize("other", ["desc2030.xml", "supp2030.xml"])
def test_two_years(mesh, other):
    if other.startswith("supp"):
        (mesh / "supp2031.xml").rename(mesh / other)
    else:
        (mesh / other).write_bytes(record_set([SKIN]))
    with pytest.raises(TerminologyError, match=r"MeSH of several years \(.*2030\.xml"):
        read(mesh)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE DescriptorRecordSet [<!ENTITY a "&#38;b;"><!ENTITY b "x">]>',
        '<!DOCTYPE DescriptorRecordSet [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_entities_that_unfold_are_refused(tmp_path, head):
    path = tmp_path / "desc2031.xml"
    path.write_bytes(record_set([SKIN], head=head))
    with pytest.raises(TerminologyError, match=r"desc2031\.xml:2: entity 'a' unfolds into"):
        read(path)


def test_progress(mesh):
    progress = FakeProgress()
    read_terminology("mesh", mesh, progress=progress)
    sizes = [(mesh / name).stat().st_size for name in ("desc2031.xml", "supp2031.xml")]
    assert progress.steps == [
        ["reading desc2031.xml", sizes[0], "bytes", sizes[0]],
        ["reading supp2031.xml", sizes[1], "bytes", sizes[1]],
        ["joining names and concepts", None, "", 0],
    ]


def test_recipe_is_valid():
    recipe = Recipe.load(Path(__file__).parents[2] / "indexes" / "mesh.toml")
    assert recipe.terminology.source == "mesh"


# --- What was generated is what is read -------------------------------------


def test_what_was_generated_is_what_is_read(concepts):
    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32))
    def check(seed):
        descriptors, records, expected = random_records(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            assert concepts(read(write(Path(folder), descriptors, records))) == expected

    check()

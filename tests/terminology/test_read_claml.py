"""Invented classes in the XML in which the WHO and BfArM release classifications."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from cases import FakeProgress
from claml_xml import claml_class, document, modifier, rubric

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import add_forms, read_terminology


@pytest.fixture
def written(tmp_path):
    """What the reader makes of a file of some parts."""

    def write(*parts: str, **options: object):
        path = tmp_path / "inv10.xml"
        path.write_text(document(*parts), encoding="utf-8")
        return read_terminology("claml", path, ReadOptions(**options))

    return write


CHAPTER = claml_class("IV", "Metabolic diseases", kind="chapter")
BLOCK = claml_class("E10-E14", "Green diseases", kind="block", above="IV")


def test_a_category_with_its_names_types_and_definition(written, concepts):
    terminology = written(
        CHAPTER,
        BLOCK,
        claml_class(
            "E10",
            "Green sickness",
            rubric("inclusion", "verdant disease"),
            rubric("exclusion", "blue sickness"),
            rubric("coding-hint", "Use additional code"),
            rubric("note", "A note."),
            rubric("definition", "Being green."),
            rubric("definition", "Very green."),
            above="E10-E14",
        ),
        claml_class("E10.0", "Green sickness of skin", rubric("text", "Skin alone."), above="E10"),
    )
    assert concepts(terminology) == {
        "E10": {
            "concept_id": "E10",
            "preferred_name": "Green sickness",
            "definition": "Being green. Very green.",
            "semantic_types": ["Metabolic diseases", "Green diseases"],
            "parents": [],
            "codes": [],
            "status": "active",
            "replaced_by": None,
            # It is divided: what it includes is narrower.
            "names": [("Green sickness", "preferred"), ("verdant disease", "narrow")],
        },
        "E10.0": {
            "concept_id": "E10.0",
            "preferred_name": "Green sickness of skin",
            "definition": "Skin alone.",
            "semantic_types": ["Metabolic diseases", "Green diseases"],
            "parents": ["E10"],
            "codes": [],
            "status": "active",
            "replaced_by": None,
            "names": [("Green sickness of skin", "preferred")],
        },
    }
    release = terminology.release
    assert (release.terminology, release.version, release.licence, release.skipped) == (
        "INV-10", "2031", "Invented centre, free for all", {},
    )  # fmt: skip


def names(concepts, terminology, code):
    return concepts(terminology)[code]["names"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        # Fragments are read on from what they are listed below.
        (
            '<Fragment type="list">diabetes (mellitus):</Fragment>'
            '<Fragment type="list">• brittle</Fragment>',
            "diabetes (mellitus) brittle",
        ),
        (
            '<Fragment type="list">bleeding : </Fragment>\n<Fragment type="list">gastric</Fragment>'
            "\n<Fragment>due to drugs</Fragment>",
            "bleeding gastric due to drugs",
        ),
        # A code in brackets, or the one of the cause or the place, is no part of the name.
        ('green abscess<Reference class="in brackets">G07</Reference>', "green abscess"),
        ('green abscess <Reference usage="aster" code="G07">G07*</Reference>', "green abscess"),
        ('vitamin B<Term class="subscript">12</Term> lack', "vitamin B12 lack"),
        ("<Para>two</Para><Para>lines</Para>", "two lines"),
    ],
)
def test_a_label_is_read_as_icd_reads_it(written, concepts, label, name):
    terminology = written(
        claml_class("X10", "Thing", rubric("inclusion", label, raw=True)),
        claml_class("X11", "Verdant thing"),
    )
    assert names(concepts, terminology, "X10")[1:] == [(name, "exact")]


def test_inclusions_that_refer_to_codes_are_no_names(written, concepts):
    label = (
        'conditions in <Reference code="I05.0">I05.0</Reference> and '
        '<Reference code="I05.2">I05.2</Reference>, rheumatic or not'
    )
    terminology = written(claml_class("I05", "Valve", rubric("inclusion", label, raw=True)))
    assert names(concepts, terminology, "I05") == [("Valve", "preferred")]
    assert terminology.release.skipped == {"inclusions that refer to codes": 1}


def test_a_definition_keeps_its_references(written, concepts):
    label = 'Not green <Reference class="in brackets">E10.-</Reference><Para>but blue.</Para>'
    terminology = written(claml_class("X10", "Blue", rubric("note", label, raw=True)))
    assert concepts(terminology)["X10"]["definition"] == "Not green (E10.-) but blue."


def test_the_long_title_goes_before_one_that_says_only_where(written, concepts):
    terminology = written(
        claml_class("C50", "Malignant neoplasm of breast"),
        claml_class(
            "C50.0", "Nipple", rubric("preferredLong", "Malignant neoplasm: Nipple"), above="C50"
        ),
        claml_class("C51", "Gout", rubric("preferredLong", "Gout of any joint")),
    )
    assert names(concepts, terminology, "C50.0") == [("Malignant neoplasm: Nipple", "preferred")]
    assert names(concepts, terminology, "C51") == [
        ("Gout of any joint", "preferred"),
        ("Gout", "exact"),
    ]


def test_titles_that_several_share_begin_with_the_one_above(written, concepts):
    terminology = written(
        claml_class("5-1", "Kapitel", kind="chapter"),
        claml_class("5-10", "Excision of eyelid", above="5-1"),
        claml_class("5-10.0", "Open", above="5-10"),
        claml_class("5-10.00", "Other", above="5-10.0"),
        claml_class("5-11", "Incision of ear", above="5-1"),
        claml_class("5-11.0", "Open", above="5-11"),
        claml_class("5-11.1", "Other", above="5-11"),
        claml_class("5-11.2", "Drainage of ear", above="5-11"),
        # The only one below it, of the same name.
        claml_class("5-12", "Graft", above="5-1"),
        claml_class("5-12.0", "Graft", above="5-12"),
    )
    found = concepts(terminology)
    assert {code: found[code]["names"] for code in found} == {
        "5-10": [("Excision of eyelid", "preferred")],
        "5-10.0": [("Excision of eyelid: Open", "preferred")],
        "5-10.00": [("Excision of eyelid: Open: Other", "preferred")],
        "5-11": [("Incision of ear", "preferred")],
        "5-11.0": [("Incision of ear: Open", "preferred")],
        "5-11.1": [("Incision of ear: Other", "preferred")],
        "5-11.2": [("Drainage of ear", "preferred")],
        "5-12": [("Graft", "preferred")],
        "5-12.0": [("Graft", "preferred")],
    }


@pytest.mark.parametrize(
    ("title", "usage", "term", "kind"),
    [
        ("Green arthritis", "", "lime joint", "exact"),
        ("Green arthritis", "dagger", "lime joint", "exact"),
        ("Arthritis in green diseases", "aster", "lime joint", "narrow"),
        ("Other arthritis", "", "lime joint", "narrow"),
        ("Sonstige Arthritis", "", "lime joint", "narrow"),
        ("Other arthritis", "", "Arthritis NOS", "exact"),
        ("Sonstige Arthritis", "", "Arthritis o.n.A.", "exact"),
    ],
)
def test_how_an_inclusion_stands_to_its_class(written, concepts, title, usage, term, kind):
    terminology = written(claml_class("M01", title, rubric("inclusion", term), usage=usage))
    assert names(concepts, terminology, "M01")[1:] == [(term, kind)]


# --- Modifiers ---------------------------------------------------------------

COMA = modifier("S04E10_4", {".0": ("With coma", "torpor"), ".9": ("Without complications",)})
SITES = modifier("S13M00_5", {"0": ("Multiple sites",), "1": ("Shoulder region",)})


def codes(terminology):
    rows = terminology.concepts.to_pylist()
    return {row["concept_id"]: (row["preferred_name"], row["parents"]) for row in rows}


def test_a_fourth_character(written, concepts):
    terminology = written(
        COMA,
        CHAPTER,
        claml_class(
            "E10",
            "Green diabetes",
            rubric("inclusion", "lime diabetes"),
            above="IV",
            more='<ModifiedBy code="S04E10_4"/>',
        ),
    )
    assert codes(terminology) == {
        "E10": ("Green diabetes", []),
        "E10.0": ("Green diabetes: With coma", ["E10"]),
        "E10.9": ("Green diabetes: Without complications", ["E10"]),
    }
    found = concepts(terminology)
    assert found["E10"]["names"][1:] == [("lime diabetes", "narrow")]
    # Never alone: the same stands below every kind of diabetes.
    assert found["E10.0"]["names"][1:] == [("Green diabetes: torpor", "exact")]
    assert found["E10.0"]["semantic_types"] == ["Metabolic diseases"]


def test_a_fifth_character_of_what_is_below_the_category_that_names_it(written):
    terminology = written(
        claml_class("M00", "Arthritis", more='<ModifiedBy code="S13M00_5"/>'),
        claml_class("M00.0", "Green arthritis", above="M00"),
        claml_class(
            "M00.9", "Any arthritis", above="M00", more='<ExcludeModifier code="S13M00_5"/>'
        ),
        SITES,  # A modifier may stand behind the classes.
    )
    assert codes(terminology) == {
        "M00": ("Arthritis", []),
        "M00.0": ("Green arthritis", ["M00"]),
        "M00.00": ("Green arthritis: Multiple sites", ["M00.0"]),
        "M00.01": ("Green arthritis: Shoulder region", ["M00.0"]),
        "M00.9": ("Any arthritis", ["M00"]),
    }


@pytest.mark.parametrize(
    ("name", "added", "more", "made"),
    [
        ("S13M40_5", "0", "", "M45.X0"),
        ("S20W00_4", "0", "", "M45.0"),
        ("ST45", ".0", "", "M45.0"),
        ("ST45", "0", "", "M450"),
        ("ST45", "0", ' position="5"', "M45.X0"),
    ],
)
def test_where_the_character_goes_of_a_code_of_three(written, name, added, more, made):
    terminology = written(
        modifier(name, {added: ("Neck",)}),
        claml_class("M45", "Stiffness", more=f'<ModifiedBy code="{name}"{more}/>'),
    )
    assert codes(terminology) == {
        "M45": ("Stiffness", []),
        made: ("Stiffness: Neck", ["M45"]),
    }


def test_one_modifier_behind_another_but_where_it_excludes(written):
    terminology = written(
        COMA,
        modifier("S04E10_5", {"0": ("Stable",)}),
        modifier(
            "S04E11_5",
            {"1": ("Derailed",)},
            '    <Meta name="excludeOnPrecedingModifier" value="S04E10_4 .0"/>\n',
        ),
        claml_class(
            "E10",
            "Green diabetes",
            more='<ModifiedBy code="S04E10_4"/><ModifiedBy code="S04E11_5"/>',
        ),
    )
    assert codes(terminology) == {
        "E10": ("Green diabetes", []),
        "E10.0": ("Green diabetes: With coma", ["E10"]),
        "E10.9": ("Green diabetes: Without complications", ["E10"]),
        "E10.91": ("Green diabetes: Without complications: Derailed", ["E10.9"]),
    }


def test_modifiers_of_one_position_stand_side_by_side_and_the_fourth_goes_first(written):
    terminology = written(
        modifier("S04E10_4", {".0": ("With coma",)}),
        modifier("S04E10_5", {"0": ("Stable",)}),
        modifier("S04E11_5", {"0": ("Stable",), "8": ("Obese",)}),
        claml_class(
            "E10",
            "Green diabetes",
            more='<ModifiedBy code="S04E10_5"/><ModifiedBy code="S04E11_5"/>'
            '<ModifiedBy code="S04E10_4"/>',
        ),
    )
    assert codes(terminology) == {
        "E10": ("Green diabetes", []),
        "E10.0": ("Green diabetes: With coma", ["E10"]),
        "E10.00": ("Green diabetes: With coma: Stable", ["E10.0"]),
        "E10.08": ("Green diabetes: With coma: Obese", ["E10.0"]),
    }


@pytest.mark.parametrize("told", ['all="false"', 'all="true"', ""])
def test_the_classes_of_a_modifier_that_apply(written, told):
    terminology = written(
        SITES,
        claml_class(
            "T14.2",
            "Fracture",
            more=f'<ModifiedBy code="S13M00_5" {told}><ValidModifierClass code="1"/></ModifiedBy>',
        ),
    )
    assert sorted(codes(terminology)) == ["T14.2", "T14.21"]


def test_a_class_of_the_file_goes_before_what_a_modifier_makes(written):
    terminology = written(
        COMA,
        SITES,
        claml_class(
            "E10",
            "Green diabetes",
            more='<ModifiedBy code="S04E10_4"/><ModifiedBy code="S13M00_5"/>',
        ),
        claml_class("E10.0", "Green coma"),
    )
    found = codes(terminology)
    assert sorted(found) == ["E10", "E10.0", "E10.9", "E10.90", "E10.91"]
    assert found["E10.0"] == ("Green coma", [])


def test_modifiers_that_make_no_codes_are_counted(written):
    terminology = written(
        COMA,
        # The place of an accident and what one did, in the WHO's chapter XX.
        claml_class("XX", "Accidents", kind="chapter", more='<ModifiedBy code="S04E10_4"/>'),
        claml_class("W00", "Fall", above="XX", more='<ModifiedBy code="gone"/>'),
    )
    assert list(codes(terminology)) == ["W00"]
    assert terminology.release.skipped == {
        "modifiers of chapters and blocks": 1,
        "modifiers that are not there": 1,
    }


# --- Languages ---------------------------------------------------------------

BOTH = claml_class(
    "E10", ("Green sickness", "de:Grüne Krankheit"), rubric("inclusion", "de:Grünsucht")
)


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        ((), ["Green sickness", "Grüne Krankheit", "Grünsucht"]),
        (("de",), ["Grüne Krankheit", "Grünsucht"]),
        (("DE", "en"), ["Grüne Krankheit", "Green sickness", "Grünsucht"]),
        (("en",), ["Green sickness"]),
    ],
)
def test_labels_of_the_languages_asked_for(written, languages, found):
    terminology = written(BOTH, languages=languages)
    assert terminology.names["name"].to_pylist() == found
    assert terminology.release.filters == ({"languages": list(languages)} if languages else {})


def test_a_region_is_of_its_language(written):
    part = BOTH.replace('"de"', '"de-CH"')
    assert written(part, languages=("de",)).names["name"][0].as_py() == "Grüne Krankheit"


def test_a_language_that_is_not_there_is_an_error(written):
    with pytest.raises(TerminologyError, match=r"inv10\.xml:9: <Class> 'E10' has no text in a "):
        written(BOTH, languages=("fr",))


# --- Files and faults --------------------------------------------------------


def test_an_error_names_the_line(tmp_path):
    path = tmp_path / "inv.xml"
    whole = document(CHAPTER, BLOCK, claml_class("E10", "Green"), claml_class("E10", "Green"))
    path.write_text(whole, encoding="utf-8")
    line = whole[: whole.rindex('<Class code="E10"')].count("\n") + 1
    with pytest.raises(TerminologyError, match=rf"inv\.xml:{line}: concept 'E10' occurs twice"):
        read_terminology("claml", path)
    skipping = read_terminology("claml", path, ReadOptions(max_bad_rows=1))
    assert skipping.release.skipped == {"broken rows": 1}


def test_other_xml_is_named(tmp_path):
    path = tmp_path / "tabular.xml"
    path.write_text("<ICD10CM.tabular><chapter/></ICD10CM.tabular>")
    with pytest.raises(TerminologyError, match=r"root <ICD10CM\.tabular>, expected <ClaML>"):
        read_terminology("claml", path)


def test_the_reader_of_the_cdcs_list_names_this_one(tmp_path):
    path = tmp_path / "icd102019en.xml"
    path.write_text(document(claml_class("E10", "Green sickness")))
    with pytest.raises(TerminologyError, match=r"<ICD10CM\.tabular>; for ClaML, .* source claml"):
        read_terminology("icd10cm", path)


def test_superclasses_in_a_circle_end(written):
    terminology = written(
        claml_class("A", "One", above="B"),
        claml_class("B", "Two", above="A"),
        claml_class("C", "Three", above="gone"),
    )
    assert codes(terminology) == {
        "A": ("One", ["B"]),
        "B": ("Two", ["A"]),
        "C": ("Three", ["gone"]),
    }
    assert terminology.release.skipped == {"parents that are not there": 1}


def test_a_zip_and_a_folder_as_released(tmp_path):
    text = document(claml_class("E10", "Green sickness"))
    folder = tmp_path / "release"
    (folder / "Klassifikationsdateien").mkdir(parents=True)
    (folder / "Klassifikationsdateien" / "inv2031syst_claml.xml").write_text(text)
    (folder / "Klassifikationsdateien" / "ClaML.dtd").write_text("<!ELEMENT ClaML ANY>")
    zipped = tmp_path / "inv2031syst-claml.zip"
    with zipfile.ZipFile(zipped, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder))
    for path in (folder, zipped):
        assert codes(read_terminology("claml", path)) == {"E10": ("Green sickness", [])}
    (folder / "again.xml").write_text(text)
    with pytest.raises(
        TerminologyError, match=r"holds 2 XML files \(inv2031syst_claml\.xml, again\.xml\)"
    ):
        read_terminology("claml", folder)


def test_progress_counts_the_bytes(tmp_path):
    path: Path = tmp_path / "inv.xml"
    path.write_text(document(claml_class("E10", "Green sickness")))
    progress = FakeProgress()
    read_terminology("claml", path, progress=progress)
    size = path.stat().st_size
    assert progress.steps == [["reading inv.xml", size, "bytes", size]]


def test_titles_keep_the_conventions_of_icd(written):
    terminology = written(
        claml_class("C61", "Malignant neoplasm of prostate"),
        claml_class("B06", "Rubella [German measles]"),
        claml_class("E10", "Diabetes (mellitus) brittle"),
    )
    forms = add_forms(terminology).forms.to_pylist()
    assert {"Prostate cancer", "German measles", "Diabetes brittle"} <= {
        form["form"].capitalize() if form["concept_id"] == "C61" else form["form"] for form in forms
    }

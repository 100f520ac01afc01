"""Invented concepts in RF2, with the ids of SNOMED CT's own metadata and nothing else of it."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rf2 import (
    CTV3,
    DEFINITION,
    FILES,
    FINDING_SITE,
    FULL,
    GB,
    ICD10,
    ICD10CM,
    IS_A,
    MAYBE,
    MOVED_TO,
    OTHER,
    POSSIBLY,
    POSSIBLY_REPLACED_BY,
    REPLACED_BY,
    SAME_AS,
    SYNONYM,
    US,
    YES,
    Rf2,
    check_digit,
    sctid,
)

from linker.config import ReadOptions, Recipe
from linker.errors import TerminologyError
from linker.terminology import read_terminology


def find(folder: Path, part: str) -> Path:
    (path,) = folder.rglob(f"*{part}*")
    return path


TOP, SPOTS, GREEN, RASH, OLD, OLDER, GONE, PAINT = (sctid(item) for item in range(101, 109))


@pytest.fixture
def base() -> Rf2:
    """TOP > SPOTS > GREEN, RASH; PAINT is a procedure; OLD, OLDER lead to GREEN; GONE nowhere."""
    rf2 = Rf2()
    rf2.concept(101, "Invented finding (finding)")
    rf2.concept(102, "Spots (finding)", parents=[TOP])
    rf2.concept(103, "Green spots (left) (disorder)", parents=[SPOTS])
    rf2.concept(104, "Rash (disorder)", parents=[TOP])
    rf2.concept(105, "Verdant spots (disorder)", active=0)
    rf2.concept(106, "Leafy spots (disorder)", active=0)
    rf2.concept(107, "Gone spots (disorder)", active=0)
    rf2.concept(108, "Painting of spots (procedure)", parents=[TOP, RASH])
    rf2.describe(GREEN, "GS - green  spots", us=MAYBE, gb=YES)
    rf2.describe(GREEN, 'Spots, "green"', us=YES, gb=MAYBE)
    rf2.describe(GREEN, "Colour spots", gb=MAYBE)
    rf2.describe(GREEN, "Dropped spots", us=YES, active=0)
    rf2.describe(GREEN, "Spots that are green.", DEFINITION, us=YES)
    rf2.associate(SAME_AS, OLD, GREEN)
    rf2.associate(REPLACED_BY, OLDER, OLD)
    rf2.map(ICD10CM, GREEN, "L99.01?")
    return rf2


GREEN_ROW = {
    "concept_id": str(GREEN),
    "preferred_name": 'Spots, "green"',
    "definition": "Spots that are green.",
    "semantic_types": ["disorder"],
    "parents": [str(SPOTS)],
    "codes": [("ICD10CM", "L99.01")],
    "status": "active",
    "replaced_by": None,
    "names": [
        ('Spots, "green"', "preferred"),
        ("Green spots (left)", "exact"),
        ("GS - green spots", "exact"),
    ],
}


def test_identifiers_have_the_check_digit_of_the_metadata():
    # The metadata's own ids are item, partition and check digit.
    for known in (IS_A, FULL, SYNONYM, YES, US, ICD10, ICD10CM):
        assert check_digit(str(known)[:-1]) == int(str(known)[-1])


# --- What is read -----------------------------------------------------------


@pytest.mark.parametrize("layout", ["folder", "zip", "zip in a folder", "both"])
def test_release_is_read(tmp_path, concepts, base, layout):
    path = tmp_path
    if layout != "folder":
        path = base.pack(tmp_path / "SnomedCT.zip")
    if layout in ("zip in a folder", "both"):
        path = tmp_path
    if layout in ("folder", "both"):
        base.write(tmp_path)
    terminology = read_terminology("snomed", path)
    found = concepts(terminology)
    assert found[str(GREEN)] == GREEN_ROW
    assert {key: row["preferred_name"] for key, row in found.items()} == {
        str(TOP): "Invented finding",
        str(SPOTS): "Spots",
        str(GREEN): 'Spots, "green"',
        str(RASH): "Rash",
        str(OLD): "Verdant spots (disorder)",
        str(OLDER): "Leafy spots (disorder)",
        str(GONE): "Gone spots (disorder)",
        str(PAINT): "Painting of spots",
    }
    assert found[str(PAINT)]["parents"] == [str(TOP), str(RASH)]
    retired = {
        key: (row["replaced_by"], row["names"])
        for key, row in found.items()
        if row["status"] == "retired"
    }
    assert retired == {
        str(OLD): (str(GREEN), []),
        str(OLDER): (str(GREEN), []),
        str(GONE): (None, []),
    }
    release = terminology.release
    assert (release.terminology, release.version, release.source) == (
        "SNOMED CT International Edition",
        "2031-01-31",
        "snomed",
    )
    assert release.licence.startswith("SNOMED CT affiliate licence")
    assert release.filters == {"language_refsets": [str(US)]}
    assert release.skipped == {"synonyms outside the language reference sets": 1}


LIME = sctid(201, 0, "1999999")


def extension(date="20310301") -> Rf2:
    """Adds LIME below GREEN."""
    rf2 = Rf2("US1000124", date, sctid(7, 0, "1999999"), "1999999")
    rf2.concept(201, "Lime spots (disorder)", parents=[GREEN])
    return rf2


@pytest.mark.parametrize("packed", [False, True])
def test_extension_changes_what_the_base_says(tmp_path, concepts, base, packed):
    us = extension()
    us.describe(LIME, "Lime macules", us=YES)
    # The rows of the base, with the same ids, at a later time.
    us.row("concept", SPOTS, 900000000000074008, active=0)
    (green_is_a,) = [r for r in base.rows["relationship"] if r[4] == GREEN]
    us.row("relationship", green_is_a[0], *green_is_a[4:], active=0)
    us.is_a(GREEN, RASH)
    (quoted,) = [r for r in base.rows["description"] if r[7] == 'Spots, "green"']
    us.row("description", quoted[0], *quoted[4:], active=0)
    us.describe(GREEN, "Green spots, US", us=YES)
    us.map(ICD10CM, LIME, "L99.02")
    # An earlier row of the extension does not win over a later one of the base.
    us.row("concept", RASH, 900000000000074008, active=0, time=20020131)
    if packed:
        base.pack(tmp_path / "int.zip")
        us.pack(tmp_path / "us.zip")
    else:
        base.write(tmp_path)
        us.write(tmp_path)
    terminology = read_terminology("snomed", tmp_path)
    found = concepts(terminology)
    assert found[str(LIME)]["names"] == [("Lime macules", "preferred"), ("Lime spots", "exact")]
    assert found[str(LIME)]["parents"] == [str(GREEN)]
    assert found[str(LIME)]["codes"] == [("ICD10CM", "L99.02")]
    assert found[str(GREEN)]["parents"] == [str(RASH)]
    assert [name for name, _ in found[str(GREEN)]["names"]] == [
        "Green spots, US",
        "Green spots (left)",
        "GS - green spots",
    ]
    assert (found[str(SPOTS)]["status"], found[str(RASH)]["status"]) == ("retired", "active")
    assert terminology.release.terminology == (
        "SNOMED CT International Edition 2031-01-31 + US Edition 2031-03-01"
    )
    assert terminology.release.version == "2031-03-01"


def test_row_of_the_extension_wins_over_one_of_the_same_date(tmp_path, concepts, base):
    us = extension(date=base.date)
    us.row("concept", SPOTS, 900000000000074008, active=0)
    us.write(base.write(tmp_path))
    terminology = read_terminology("snomed", tmp_path)
    assert concepts(terminology)[str(SPOTS)]["status"] == "retired"
    assert terminology.release.skipped["parents that are retired"] == 1


def test_edition_with_the_base_in_its_own_files(tmp_path, concepts, base):
    base.country = "US1000124"
    terminology = read_terminology("snomed", base.write(tmp_path))
    assert concepts(terminology)[str(GREEN)] == GREEN_ROW
    assert terminology.release.terminology == "SNOMED CT US Edition"


def test_names_of_the_uk_and_of_older_files(tmp_path, concepts, base):
    base.write(tmp_path)
    uk = Rf2("GB1000000", "20310410", sctid(8, 0, "1888888"), "1888888")
    mapped = uk.concept(301, "Dots (disorder)", parents=[RASH])
    uk.associate(SAME_AS, GONE, mapped)
    uk.map(999002271000000101, mapped, "L98XD")
    uk.map(447562003, mapped, "L98")
    uk.map(1891651000000103, mapped, "S061")
    uk.map(999002271000000101, mapped, "#NC", group=2)
    folder = tmp_path / "uk"
    names = {
        "concept": "sct2_Concept_UKCLSnapshot_GB1000000_20310410.txt",
        "description": "sct2_Description_UKCLSnapshot-en_GB1000000_20310410.txt",
        "relationship": "sct2_Relationship_UKCLSnapshot_GB1000000_20310410.txt",
        "language": "der2_cRefset_LanguageUKCLSnapshot-en_GB1000000_20310410.txt",
        "association": "der2_cRefset_AssociationReferenceUKCLSnapshot_GB1000000_20310410.txt",
        "map": "der2_iisssciRefset_ExtendedMapUKCLSnapshot_GB1000000_20310410.txt",
    }
    folder.mkdir()
    for kind, name in names.items():
        text = uk.text(kind)
        if kind == "map":  # The UK's has a column more.
            text = text.replace("\r\n", "\t1\r\n").replace(
                "mapCategoryId\t1", "mapCategoryId\tmapBlock"
            )
        (folder / name).write_text(text, newline="")
    stated = "sct2_StatedRelationship_Snapshot_GB1000000_20310410.txt"
    (folder / stated).write_text("not read")
    terminology = read_terminology("snomed", tmp_path)
    found = concepts(terminology)
    codes = [("ICD10", "L98"), ("ICD10UK", "L98XD"), ("OPCS4", "S061")]
    assert found[str(mapped)]["codes"] == codes
    assert found[str(GONE)]["replaced_by"] == str(mapped)
    assert terminology.release.terminology.endswith("+ UKCL GB1000000 2031-04-10")


# --- Languages --------------------------------------------------------------


@pytest.mark.parametrize(
    ("refsets", "names"),
    [
        ((), ['Spots, "green"', "Green spots (left)", "GS - green spots"]),
        ((GB,), ["GS - green spots", "Green spots (left)", 'Spots, "green"', "Colour spots"]),
        ((GB, US), ["GS - green spots", 'Spots, "green"', "Green spots (left)", "Colour spots"]),
        # Nothing of this set is about GREEN.
        ((OTHER,), ["Green spots (left)"]),
        ((OTHER, US), ['Spots, "green"', "Green spots (left)", "GS - green spots"]),
    ],
)
def test_language_sets_choose_the_names(tmp_path, concepts, base, refsets, names):
    base.describe(RASH, "Ausschlag", language="de", other=YES)
    options = ReadOptions(language_refsets=tuple(map(str, refsets)))
    terminology = read_terminology("snomed", base.write(tmp_path), options)
    found = concepts(terminology)
    kinds = ["preferred"] + ["exact"] * (len(names) - 1)
    assert found[str(GREEN)]["names"] == list(zip(names, kinds, strict=True))
    if OTHER in refsets:
        assert found[str(RASH)]["names"] == [("Ausschlag", "preferred"), ("Rash", "exact")]
    chosen = [str(refset) for refset in refsets or (US,)]
    assert terminology.release.filters == {"language_refsets": chosen}


def keep_language(base, *refsets):
    base.rows["language"] = [row for row in base.rows["language"] if row[4] in refsets]


@pytest.mark.parametrize(
    ("left", "chosen", "preferred"),
    [([GB], [str(GB)], "GS - green spots"), ([], None, "Green spots (left)")],
)
def test_without_us_english(tmp_path, concepts, base, left, chosen, preferred):
    keep_language(base, *left)
    terminology = read_terminology("snomed", base.write(tmp_path))
    assert terminology.release.filters.get("language_refsets") == chosen
    found = concepts(terminology)[str(GREEN)]
    assert found["preferred_name"] == preferred
    assert {name for name, _ in found["names"]} == {
        "Green spots (left)",
        "GS - green spots",
        'Spots, "green"',
        "Colour spots",
    }


CLINICAL, PHARMACY = 999001261000000100, 999000691000001104


@pytest.mark.parametrize(("like", "then"), [("us", US), ("gb", GB)])
def test_names_of_a_country_are_in_its_own_sets(tmp_path, concepts, base, like, then):
    """By US English, the names that the UK adds were left out, and its concepts had one name."""
    uk = Rf2("GB1000000", "20310410", sctid(8, 0, "1888888"), "1888888")
    dots = uk.concept(301, parents=[RASH])
    names = [
        (CLINICAL, YES, uk.describe(dots, "Dots (disorder)", FULL)),
        (CLINICAL, YES, uk.describe(dots, "Dotted skin")),
        (PHARMACY, MAYBE, uk.describe(dots, "Dotting")),
        (CLINICAL, MAYBE, uk.describe(GREEN, "Verdant spots, local")),
    ]
    same = {"us": 'Spots, "green"', "gb": "GS - green  spots"}[like]
    names += [(CLINICAL, YES, row[0]) for row in base.rows["description"] if row[7] == same]
    for refset, acceptability, description in names:
        uk.accept(description, refset, acceptability)
    uk.write(base.write(tmp_path))
    terminology = read_terminology("snomed", tmp_path)
    refsets = [str(CLINICAL), str(PHARMACY), str(then)]
    assert terminology.release.filters == {"language_refsets": refsets}
    found = concepts(terminology)
    assert found[str(dots)]["names"] == [
        ("Dotted skin", "preferred"), ("Dots", "exact"), ("Dotting", "exact"),
    ]  # fmt: skip
    green = [name for name, _ in found[str(GREEN)]["names"]]
    assert green[0] == " ".join(same.split())
    assert "Verdant spots, local" in green


def test_inactive_member_accepts_nothing(tmp_path, concepts, base):
    for row in base.rows["language"]:
        if row[4] == US and row[6] == MAYBE:
            row[2] = 0
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(GREEN)]["names"] == GREEN_ROW["names"][:2]


def test_of_two_rows_of_a_set_for_one_name_the_latest_counts(tmp_path, concepts, base):
    for term, first, then in (("Eruption", YES, MAYBE), ("Exanthem", MAYBE, YES)):
        name = base.describe(RASH, term)
        base.accept(name, US, then, time="20300131")
        base.accept(name, US, first, time="20290131")
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(RASH)]["names"] == [
        ("Exanthem", "preferred"), ("Rash", "exact"), ("Eruption", "exact"),
    ]  # fmt: skip


def test_full_name_of_the_chosen_language_and_tag_of_english(tmp_path, concepts, base):
    base.describe(RASH, "Ausschlag (Störung)", FULL, language="de", other=YES)
    options = ReadOptions(language_refsets=(str(OTHER),), semantic_types=("disorder",))
    found = concepts(read_terminology("snomed", base.write(tmp_path), options))[str(RASH)]
    assert found["names"] == [("Ausschlag", "preferred")]
    assert found["semantic_types"] == ["disorder"]


def test_unknown_language_set(tmp_path, base):
    options = ReadOptions(language_refsets=("123",))
    message = rf"'123' is no language reference set of this release; it has: {US} \(12 rows\), "
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", base.write(tmp_path), options)


def test_several_languages_and_none_of_them_english(tmp_path, base):
    for row in base.rows["language"]:
        row[4] = OTHER if row[4] == US else 31999999108
    with pytest.raises(TerminologyError, match=rf"no English .*{OTHER}.*say which with language_r"):
        read_terminology("snomed", base.write(tmp_path))


# --- Names, tags, definitions -----------------------------------------------


@pytest.mark.parametrize(
    ("full", "name", "tags"),
    [
        ("Spots (a) (b c/d)", "Spots (a)", ["b c/d"]),
        ("Spots", "Spots", []),
        ("(disorder)", "(disorder)", []),
        ("Spots (of (all) sorts)", "Spots (of (all) sorts)", []),
        ("  Wide\u00a0\u2003spots  (event) ", "Wide spots", ["event"]),
        ("Ünïcøde ‰ (event)", "Ünïcøde ‰", ["event"]),
    ],
)
def test_tag(tmp_path, concepts, full, name, tags):
    rf2 = Rf2()
    concept = rf2.concept(1, full)
    found = concepts(read_terminology("snomed", rf2.write(tmp_path)))[str(concept)]
    assert (found["preferred_name"], found["semantic_types"]) == (name, tags)
    assert found["names"] == [(name, "preferred")]


def test_one_name_written_twice_is_one(tmp_path, concepts, base):
    base.describe(RASH, "Rash", us=YES)
    base.describe(RASH, "Rash", us=MAYBE)
    base.describe(RASH, "rash", us=MAYBE)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(RASH)]["names"] == [("Rash", "preferred"), ("rash", "exact")]


def test_synonym_that_no_set_accepts_serves_where_there_is_no_other(tmp_path, concepts, base):
    lone = base.concept(120)
    base.describe(lone, "Lone spots")
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(lone)]["names"] == [("Lone spots", "preferred")]


def test_definition_of_the_chosen_set(tmp_path, concepts, base):
    base.describe(GREEN, "British.", DEFINITION, gb=YES)
    base.describe(GREEN, "Old.", DEFINITION, us=YES, active=0)
    options = ReadOptions(language_refsets=(str(GB),))
    found = concepts(read_terminology("snomed", base.write(tmp_path), options))
    assert found[str(GREEN)]["definition"] == "British."
    assert found[str(RASH)]["definition"] is None


# --- Parents, retired concepts, codes ----------------------------------------


def test_only_active_is_a_relationships_are_parents(tmp_path, concepts, base):
    base.is_a(RASH, SPOTS, FINDING_SITE)
    base.is_a(RASH, SPOTS, active=0)
    base.is_a(RASH, RASH)
    base.is_a(RASH, GONE)
    base.is_a(SPOTS, GREEN)  # a circle
    terminology = read_terminology("snomed", base.write(tmp_path))
    found = concepts(terminology)
    assert found[str(RASH)]["parents"] == [str(TOP)]
    assert found[str(SPOTS)]["parents"] == [str(TOP), str(GREEN)]
    assert terminology.release.skipped["parents that are retired"] == 1


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([(POSSIBLY, GREEN)], GREEN),
        ([(POSSIBLY, GREEN), (POSSIBLY, RASH)], None),
        ([(POSSIBLY, GREEN), (POSSIBLY, RASH), (REPLACED_BY, RASH)], RASH),
        ([(POSSIBLY_REPLACED_BY, GREEN)], GREEN),
        ([(POSSIBLY_REPLACED_BY, GREEN), (POSSIBLY_REPLACED_BY, RASH)], None),
        ([(POSSIBLY_REPLACED_BY, GREEN), (POSSIBLY, GREEN)], GREEN),
        ([(POSSIBLY_REPLACED_BY, GREEN), (POSSIBLY, RASH)], None),
        ([(REPLACED_BY, RASH), (SAME_AS, GREEN)], GREEN),
        ([(SAME_AS, OLD), (SAME_AS, RASH)], RASH),
        ([(MOVED_TO, GREEN)], None),
        ([(SAME_AS, GONE)], None),
        ([(SAME_AS, OLDER)], GREEN),
    ],
)
def test_replacement(tmp_path, concepts, base, links, expected):
    for refset, target in links:
        base.associate(refset, GONE, target)
    base.associate(SAME_AS, GONE, TOP, active=0)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(GONE)]["replaced_by"] == (expected and str(expected))


def test_of_several_replacements_an_active_one_counts_then_the_latest(tmp_path, concepts, base):
    bare, other = (base.concept(i, f"Other {i} (disorder)", active=0) for i in (100, 140))
    base.associate(SAME_AS, bare, TOP)
    base.associate(SAME_AS, GONE, GREEN, time="20300131")
    base.associate(SAME_AS, GONE, TOP, time="20290131")
    base.associate(SAME_AS, other, bare, time="20300131")
    base.associate(SAME_AS, other, RASH, time="20290131")
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert [found[str(key)]["replaced_by"] for key in (GONE, other, bare)] == [
        str(GREEN), str(RASH), str(TOP),
    ]  # fmt: skip


def test_circle_of_replacements_leads_nowhere(tmp_path, concepts, base):
    other = base.concept(130, "Other (disorder)", active=0)
    base.associate(SAME_AS, GONE, other)
    base.associate(SAME_AS, other, GONE)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert [found[str(key)]["replaced_by"] for key in (GONE, other)] == [None, None]


def test_retired_concept_keeps_an_inactive_full_name(tmp_path, concepts, base):
    old = base.concept(131, active=0)
    base.describe(old, "Bygone (disorder)", FULL, active=0)
    bare = base.concept(132, active=0)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(old)]["preferred_name"] == "Bygone (disorder)"
    assert found[str(bare)]["preferred_name"] == str(bare)


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([(ICD10, "L98.0", 1, 1, "TRUE")], [("ICD10", "L98.0")]),
        # The second group adds; rows come in the map's order, not the file's.
        (
            [
                (ICD10CM, "A00", 2, 1, "TRUE"),
                (ICD10CM, "Z99", 1, 1, "TRUE"),
                (ICD10, "B1", 1, 1, "TRUE"),
            ],
            [("ICD10", "B1"), ("ICD10CM", "Z99"), ("ICD10CM", "A00")],
        ),
        # Conditions count only where nothing holds without one.
        (
            [
                (ICD10, "N46", 1, 1, "IFA 1 | Male |"),
                (ICD10, "N97.9", 1, 2, "OTHERWISE TRUE"),
            ],
            [("ICD10", "N97.9")],
        ),
        (
            [
                (ICD10, "N46", 1, 1, "IFA 1 | Male |"),
                (ICD10, "N97", 1, 2, "IFA 2 | Female |"),
                (ICD10, "", 1, 3, "OTHERWISE TRUE"),
            ],
            [("ICD10", "N46"), ("ICD10", "N97")],
        ),
        # In each group: an external cause that always holds leaves the code that may.
        (
            [
                (ICD10, "N46", 1, 1, "IFA 1 | Male |"),
                (ICD10, "N97", 1, 2, "IFA 2 | Female |"),
                (ICD10, "Y59", 2, 1, "TRUE"),
            ],
            [("ICD10", "N46"), ("ICD10", "N97"), ("ICD10", "Y59")],
        ),
        ([(ICD10CM, "T36.0X1?", 1, 1, "TRUE")], [("ICD10CM", "T36.0X1")]),
        ([(ICD10CM, "S02.0XX?", 1, 1, "TRUE")], [("ICD10CM", "S02.0")]),
        ([(ICD10CM, "S52.xxx", 1, 1, "TRUE")], [("ICD10CM", "S52")]),
        ([(ICD10CM, "S02.0XXA", 1, 1, "TRUE")], [("ICD10CM", "S02.0XXA")]),
        ([(ICD10CM, "?", 1, 1, "TRUE")], []),
        ([(ICD10, "", 1, 1, "TRUE")], []),
        ([(ICD10, "A1", 1, 1, "TRUE"), (ICD10, "A1", 2, 1, "TRUE")], [("ICD10", "A1")]),
        (
            [(ICD10, code, group, 1, "TRUE") for group, code in ((1, "B1"), (2, "A1"), (3, "B1"))],
            [("ICD10", "B1"), ("ICD10", "A1")],
        ),
        ([(ICD10, "A1", 1, 1, ""), (ICD10, "N97", 1, 2, "IFA 2 | Female |")], [("ICD10", "A1")]),
        ([(OTHER, "A1", 1, 1, "TRUE")], []),
    ],
)
def test_maps_give_codes(tmp_path, concepts, base, rows, codes):
    for refset, target, group, priority, rule in rows:
        base.map(refset, RASH, target, group=group, priority=priority, rule=rule)
    base.map(ICD10, RASH, "Q1", active=0)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(RASH)]["codes"] == codes


def test_simple_map_is_taken_as_it_is(tmp_path, concepts, base):
    base.member("simple_map", CTV3, RASH, "Xa0qx")
    base.member("simple_map", CTV3, RASH, "Xa0qy", active=0)
    found = concepts(read_terminology("snomed", base.write(tmp_path)))
    assert found[str(RASH)]["codes"] == [("CTV3", "Xa0qx")]


@pytest.mark.parametrize(
    ("kind", "refset", "codes"),
    [
        ("map", 450993002, [("ICPC2", "S07")]),
        ("simple_map", 784008009, [("ORPHANET", "S07")]),
        ("simple_map", 816210007, [("MEDDRA", "S07")]),
    ],
)
def test_maps_of_packages_beside_a_release(tmp_path, concepts, base, kind, refset, codes):
    fields = (1, 1, "TRUE", "", "S07", 447561005, 447637006) if kind == "map" else ("S07",)
    base.member(kind, refset, RASH, *fields)
    terminology = read_terminology("snomed", base.write(tmp_path))
    assert concepts(terminology)[str(RASH)]["codes"] == codes


def test_maps_that_are_not_known_are_counted(tmp_path, concepts, base):
    base.map(OTHER, RASH, "A1")
    base.map(OTHER, RASH, "A2", active=0)
    base.member("simple_map", OTHER, RASH, "A3")
    base.member("simple_map", CTV3, RASH, "Xa0qx")
    base.member("simple_map", CTV3, RASH, "Xa0qy", active=0)
    terminology = read_terminology("snomed", base.write(tmp_path))
    assert concepts(terminology)[str(RASH)]["codes"] == [("CTV3", "Xa0qx")]
    assert terminology.release.skipped[f"codes of the map {OTHER}, which is not known"] == 2


def test_maps_to_snomed_are_no_codes_of_its_concepts(tmp_path, concepts, base):
    folder = base.write(tmp_path)
    path = next(folder.rglob("der2_sRefset_SimpleMap*"))
    name = path.name.replace("SimpleMap", "SimpleMapToSCT")
    path.with_name(name).write_text(path.read_text().replace("mapTarget", "mapSource"))
    found = concepts(read_terminology("snomed", folder))
    assert found[str(RASH)]["codes"] == []


# --- Filters ----------------------------------------------------------------


def test_semantic_types_keep_tags_and_what_leads_to_them(tmp_path, concepts, base):
    base.concept(121, "Lime spots (disorder)", parents=[GREEN])
    base.concept(122, "Spots in spots (finding)", parents=[GREEN])
    deep = base.concept(123, "Deep spots (disorder)", parents=[sctid(122), PAINT])
    base.associate(SAME_AS, GONE, PAINT)
    options = ReadOptions(semantic_types=("Disorder",))
    terminology = read_terminology("snomed", base.write(tmp_path), options)
    found = concepts(terminology)
    assert {key: row["parents"] for key, row in found.items()} == {
        str(GREEN): [],
        str(RASH): [],
        str(sctid(121)): [str(GREEN)],
        str(deep): [str(GREEN), str(RASH)],
        str(OLD): [],
        str(OLDER): [],
    }
    assert terminology.release.filters["semantic_types"] == ["disorder"]
    assert terminology.release.skipped["outside the semantic types"] == 4


def test_unknown_tag_lists_the_known_ones(tmp_path, base):
    options = ReadOptions(semantic_types=("disorders",))
    message = "'disorders' is no semantic tag of this release; it has: disorder, finding, procedure"
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", base.write(tmp_path), options)


def test_roots(tmp_path, concepts, base):
    options = ReadOptions(roots=(str(SPOTS),))
    found = concepts(read_terminology("snomed", base.write(tmp_path), options))
    assert sorted(found) == sorted(map(str, (SPOTS, GREEN, OLD, OLDER)))


def test_roots_and_tags_together(tmp_path, concepts, base):
    base.concept(121, "Lime spots (disorder)", parents=[GREEN])
    base.associate(SAME_AS, GONE, RASH)
    options = ReadOptions(roots=(str(SPOTS),), semantic_types=("disorder",))
    terminology = read_terminology("snomed", base.write(tmp_path), options)
    found = concepts(terminology)
    # SPOTS itself is a finding: the way goes through it.
    assert {key: row["parents"] for key, row in found.items() if row["names"]} == {
        str(GREEN): [],
        str(sctid(121)): [str(GREEN)],
    }
    assert sorted(set(found)) == sorted(map(str, (GREEN, sctid(121), OLD, OLDER)))
    assert terminology.release.filters == {
        "language_refsets": [str(US)],
        "semantic_types": ["disorder"],
        "roots": [str(SPOTS)],
    }
    skipped = terminology.release.skipped
    assert skipped["outside the roots"] == 3  # TOP, RASH, PAINT
    assert skipped["outside the semantic types"] == 1


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (GONE, rf"root '{GONE}' is no active concept of this release"),
        (PAINT, "no concept is left: none below the roots has one of the semantic_types"),
    ],
)
def test_roots_that_hold_none_of_the_tags(tmp_path, base, root, message):
    options = ReadOptions(roots=(str(root),), semantic_types=("disorder",))
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", base.write(tmp_path), options)


def test_recipe_is_valid():
    recipe = Recipe.load(Path(__file__).parents[2] / "indexes" / "snomed-us.toml")
    assert recipe.terminology.source == "snomed"
    assert recipe.terminology.language_refsets == (str(US),)


# --- Bad input --------------------------------------------------------------


def test_extension_without_its_base(tmp_path):
    with pytest.raises(
        TerminologyError, match=r"an extension without its International Edition.*put the Internat"
    ):
        read_terminology("snomed", extension().write(tmp_path))


def test_extension_with_an_older_base(tmp_path, base):
    us = extension()
    us.is_a(LIME, sctid(999))
    us.write(base.write(tmp_path))
    message = (
        rf"sct2_Relationship_Snapshot_US1000124_20310301\.txt:3: relationship \d+ has the "
        rf"destinationId {sctid(999)}, which is not a concept of this release; .*put the Internat"
    )
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", tmp_path)
    release = read_terminology("snomed", tmp_path, ReadOptions(max_bad_rows=1)).release
    assert release.skipped["broken rows"] == 1


def test_description_of_no_concept(tmp_path, base):
    base.describe(sctid(999), "Nobody's", us=YES)
    with pytest.raises(TerminologyError, match=rf"Description.*the conceptId {sctid(999)}, which"):
        read_terminology("snomed", base.write(tmp_path))


def test_concept_without_a_name(tmp_path, base):
    nameless = base.concept(140)
    base.write(tmp_path)
    with pytest.raises(TerminologyError, match=rf"concept {nameless} has no active description"):
        read_terminology("snomed", tmp_path)
    terminology = read_terminology("snomed", tmp_path, ReadOptions(max_bad_rows=1))
    assert str(nameless) not in terminology.concepts["concept_id"].to_pylist()


@pytest.mark.parametrize("type_", ["Full", "Delta"])
def test_snapshot_is_due(tmp_path, base, type_):
    base.write(tmp_path, type_)
    message = rf"of INT there is a {type_} release only \(sct2_Concept_{type_}_INT_20310131"
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", tmp_path)


def test_all_that_is_there_instead_of_a_snapshot_is_said(tmp_path, base):
    for type_ in ("Full", "Delta"):
        base.write(tmp_path, type_)
    names = r"sct2_Concept_Delta_INT_20310131\.txt, sct2_Concept_Full_INT_20310131\.txt"
    with pytest.raises(TerminologyError, match=rf"a Delta and a Full release only \({names}\)"):
        read_terminology("snomed", tmp_path)


def test_snapshot_is_read_where_full_and_delta_lie_beside_it(tmp_path, concepts, base):
    base.write(tmp_path)
    for other in ("Full", "Delta"):
        base.rows["concept"] = [["never read"]]
        base.write(tmp_path, other)
    assert concepts(read_terminology("snomed", tmp_path))[str(GREEN)] == GREEN_ROW


def test_full_file_under_the_name_of_a_snapshot(tmp_path, base):
    base.row("concept", RASH, 900000000000074008, active=0, time=20020131)
    base.write(tmp_path)
    message = (
        rf"sct2_Concept_Snapshot_INT_20310131\.txt:10: id {RASH} occurs in 2 rows \(lines 5, 10\), "
        "expected one"
    )
    with pytest.raises(TerminologyError, match=message):
        read_terminology("snomed", tmp_path)
    terminology = read_terminology("snomed", tmp_path, ReadOptions(max_bad_rows=1))
    assert terminology.release.skipped["broken rows"] == 1
    assert terminology.concepts["status"].to_pylist()[3] == "active"


def test_two_releases_of_one_edition(tmp_path, base):
    base.write(tmp_path)
    base.date = "20310731"
    with pytest.raises(TerminologyError, match=r"holds two releases of INT .*keep one"):
        read_terminology("snomed", base.write(tmp_path))


def test_file_that_every_release_has(tmp_path, base):
    find(base.write(tmp_path), "sct2_Relationship").unlink()
    with pytest.raises(TerminologyError, match=r"holds no sct2_Relationship_Snapshot\*\.txt"):
        read_terminology("snomed", tmp_path)


@pytest.mark.parametrize("kind", ["definition", "association", "map", "simple_map", "language"])
def test_file_that_a_release_may_lack(tmp_path, concepts, base, kind):
    stem = FILES[kind].rpartition("/")[2].partition("{")[0]
    find(base.write(tmp_path), stem).unlink()
    assert str(GREEN) in concepts(read_terminology("snomed", tmp_path))


@pytest.mark.parametrize("name", ["", "notes.txt", "sct1_Concepts_Core_INT_20310131.txt"])
def test_path_without_rf2(tmp_path, name):
    path = tmp_path / name
    if name:
        path.write_text("x")
    with pytest.raises(TerminologyError, match="holds no RF2 file"):
        read_terminology("snomed", path)


def edit(line, change):
    def apply(content):
        lines = content.split(b"\r\n")
        lines[line - 1] = change(lines[line - 1])
        return b"\r\n".join(lines)

    return apply


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("concept", edit(3, lambda x: x.rpartition(b"\t")[0]), ":3: 4 fields, expected 5"),
        ("concept", edit(3, lambda x: x + b"\tmore"), ":3: 6 fields, expected 5 as in the header"),
        ("concept", edit(3, lambda x: b"x" + x), r":3: id is 'x\d+', expected digits"),
        (
            "concept",
            edit(3, lambda x: x.replace(b"\t1\t", b"\tyes\t")),
            ":3: active is 'yes', expected 0 or 1",
        ),
        ("concept", edit(2, lambda x: x.replace(b"20310131", b"")), ":2: effectiveTime is ''"),
        ("description", lambda x: x[:-25], r":\d+: 8 fields, expected 9 .*cut short"),
        (
            "description",
            edit(5, lambda x: x.replace(b"Rash", b"R\xe9sh")),
            r":5: not UTF-8: byte 0xe9; .*iconv",
        ),
        (
            "description",
            edit(5, lambda x: x.replace(b"Rash", b"Ra\rsh")),
            ":5: a carriage return inside a row",
        ),
        ("relationship", lambda x: b"", ":1: no header; was the file cut short"),
        ("relationship", lambda x: x.partition(b"\n")[2], ":1: no column 'id'; found: "),
        ("language", lambda x: x.decode().encode("utf-16"), ":1: not UTF-8: byte 0xff"),
        ("map", edit(2, lambda x: x.replace(b"\t1\t1\tTRUE", b"\ta\t1\tTRUE")), ":2: mapGroup is"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_broken_rows(tmp_path, base, kind, change, message, packed):
    stem = FILES[kind].rpartition("/")[2].partition("{")[0]
    broken = find(base.write(tmp_path / "release"), stem)
    broken.write_bytes(change(broken.read_bytes()))
    path = tmp_path / "release"
    if packed:
        path = tmp_path / "release.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in (tmp_path / "release").rglob("*.txt"):
                archive.write(file, file.relative_to(tmp_path))
    with pytest.raises(TerminologyError, match=rf"{broken.name}{message}"):
        read_terminology("snomed", path)


def test_broken_rows_are_counted_up_to_the_limit(tmp_path, concepts, base):
    base.write(tmp_path)
    path = find(tmp_path, "sct2_Description")
    content = edit(3, lambda x: x.replace(b"Spots", b"Sp\xf6ts"))(path.read_bytes())
    path.write_bytes(content + b"123\t4\r\n")
    with pytest.raises(
        TerminologyError, match=r":14: 2 fields.*\(broken row 2; --max-bad-rows is 1"
    ):
        read_terminology("snomed", tmp_path, ReadOptions(max_bad_rows=1))
    # The third: the concept whose name is gone.
    terminology = read_terminology("snomed", tmp_path, ReadOptions(max_bad_rows=3))
    assert terminology.release.skipped["broken rows"] == 3
    assert concepts(terminology)[str(GREEN)] == {**GREEN_ROW, "parents": [str(TOP)]}


def test_marks_blank_lines_and_line_ends_do_no_harm(tmp_path, concepts, base):
    base.write(tmp_path)
    for file in tmp_path.rglob("*.txt"):
        content = file.read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n")
        file.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\n\n", 2))
    assert concepts(read_terminology("snomed", tmp_path))[str(GREEN)] == GREEN_ROW


def test_damaged_zip(tmp_path, base):
    path = base.pack(tmp_path / "x.zip")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(TerminologyError, match=r"x\.zip: the compressed file is damaged"):
        read_terminology("snomed", path)
    where = content.index(b"sct2_Concept") + 80
    path.write_bytes(content[:where] + bytes(20) + content[where + 20 :])
    with pytest.raises(TerminologyError, match=r"x\.zip: the compressed file is damaged"):
        read_terminology("snomed", path)


def test_blocks_join_without_a_seam(tmp_path, concepts, base, monkeypatch):
    base.write(tmp_path)
    monkeypatch.setattr("linker.terminology.tsv._BLOCK", 40)
    assert concepts(read_terminology("snomed", tmp_path))[str(GREEN)] == GREEN_ROW
    path = find(tmp_path, "sct2_Concept")
    path.write_bytes(path.read_bytes() + b"1\t2\r\n")
    with pytest.raises(TerminologyError, match=r"txt:10: 2 fields, expected 5"):
        read_terminology("snomed", tmp_path)


@pytest.mark.parametrize("whole", [True, False])
def test_nothing_is_left_behind(tmp_path, base, monkeypatch, whole):
    spill = tmp_path / "spill"
    spill.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spill))
    monkeypatch.chdir(spill)
    release = base.pack(tmp_path / "x.zip")
    if whole:
        read_terminology("snomed", release)
    else:
        with pytest.raises(TerminologyError, match="no language reference set"):
            read_terminology("snomed", release, ReadOptions(language_refsets=("1",)))
    assert list(spill.iterdir()) == []


# --- Property ---------------------------------------------------------------

terms = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Z", "C")), min_size=1, max_size=8
).filter(lambda term: "(" not in term and ")" not in term)


@st.composite
def releases(draw):
    """Concepts as (name, tag, active, synonyms with acceptability, parents, successor)."""
    size = draw(st.integers(1, 6))
    return [
        (
            draw(terms),
            draw(st.sampled_from(["disorder", "finding"])),
            draw(st.booleans()) or number == 0,
            draw(st.lists(st.tuples(terms, st.sampled_from([YES, MAYBE, None])), max_size=3)),
            draw(st.sets(st.integers(0, size - 1), max_size=3)),
            draw(st.none() | st.integers(0, size - 1)),
        )
        for number in range(size)
    ]


def expected_of(release, ids):
    """The same in plain Python."""
    rows = {}
    for number, (name, tag, active, synonyms, parents, successor) in enumerate(release):
        if not active:
            passed = set()
            while successor is not None and not release[successor][2] and successor not in passed:
                passed.add(successor)
                successor = release[successor][5]
            led = successor is not None and release[successor][2]
            rows[ids[number]] = (f"{name} ({tag})", "retired", ids[successor] if led else None)
            continue
        ordered = [term for term, accepted in synonyms if accepted == YES]
        ordered += [name] + [term for term, accepted in synonyms if accepted == MAYBE]
        names = list(dict.fromkeys(ordered))
        kept = sorted(int(ids[p]) for p in parents if release[p][2] and p != number)
        rows[ids[number]] = (names, tag, [str(parent) for parent in kept])
    return rows


@settings(max_examples=25)
@given(release=releases(), split=st.integers(0, 6))
def test_reader_agrees_with_the_generator(tmp_path_factory, release, split):
    folder = tmp_path_factory.mktemp("release")
    base, more = Rf2(), Rf2("ZZ1777777", module=sctid(9, 0, "1777777"), namespace="1777777")
    numbers = range(len(release))
    at = [base if number <= split else more for number in numbers]
    ids = [sctid(number + 1, 0, at[number].namespace) for number in numbers]
    for number, (name, tag, active, synonyms, parents, successor) in enumerate(release):
        rf2 = at[number]
        rf2.concept(number + 1, f"{name} ({tag})", active=int(active))
        for term, acceptability in synonyms:
            rf2.describe(ids[number], term, **({"us": acceptability} if acceptability else {}))
        for parent in parents:
            rf2.is_a(ids[number], ids[parent])
        if successor is not None and successor != number:
            rf2.associate(SAME_AS, ids[number], ids[successor])
    base.write(folder)
    more.pack(folder / "more.zip")
    terminology = read_terminology("snomed", folder)
    names = defaultdict(list)
    for row in terminology.names.to_pylist():
        names[row["concept_id"]].append(row["name"])
    found = {
        row["concept_id"]: (names[row["concept_id"]], *row["semantic_types"], row["parents"])
        if row["status"] == "active"
        else (row["preferred_name"], row["status"], row["replaced_by"])
        for row in terminology.concepts.to_pylist()
    }
    plain = [
        (name, tag, active, synonyms, parents, None if successor == number else successor)
        for number, (name, tag, active, synonyms, parents, successor) in enumerate(release)
    ]
    assert found == expected_of(plain, [str(identifier) for identifier in ids])
    ordered = terminology.concepts["concept_id"].to_pylist()
    assert ordered == sorted(ordered, key=int)

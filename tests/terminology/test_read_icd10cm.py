"""Invented codes in the layouts of the CDC's two files."""

from __future__ import annotations

import gzip
import random
import re
import tempfile
import warnings
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linker.checked import shipped_rows
from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.terminology import read_terminology
from linker.terminology.icd10cm.files import find_files, version_of
from linker.terminology.release_files import ReleaseFile
from linker.text import normalise

XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2031</version>
  <introduction><introSection type="title"><title>LIST</title></introSection></introduction>
  <chapter>
    <name>9</name><desc>Diseases of the invented system (I00-I99)</desc>
    <includes><note>never a name</note></includes>
    <sectionIndex><sectionRef first="I20" last="I25" id="I20-I25">Block</sectionRef></sectionIndex>
    <section id="I20-I25">
      <desc>Block (I20-I25)</desc>
      <diag><name>I21</name><desc>Green spots</desc>
        <excludes1><note>never a name (I22.-)</note></excludes1>
        <includes><note>emerald spots (I22.-)</note>
          <note>any condition classifiable to I22</note>
          <note>the appropriate 7th character is to be added</note></includes>
        <inclusionTerm><note>verdant  macules</note><note>spots NOS</note></inclusionTerm>
        <diag><name>I21.0</name><desc>Other green spots</desc>
          <inclusionTerm><note>lime spots</note></inclusionTerm></diag>
      </diag>
    </section>
  </chapter>
  <chapter>
    <name>19</name><desc>Invented injury (or burn) (S00-T88)</desc>
    <section id="S02"><desc>Block of one (S02)</desc>
      <diag><name>S02</name><desc>Cracks</desc>
        <sevenChrNote><note>One of these is to be added</note></sevenChrNote>
        <sevenChrDef>
          <extension char="">no character</extension><note>of none</note>
          <extension char="XS">two characters</extension>
          <extension char="A">initial encounter</extension><note>first visit</note><note/>
          <extension char="S">sequela</extension>
        </sevenChrDef>
        <diag><name>S02.0</name><desc>Crack of bowl</desc>
          <includes><note>vitamin B12 bowl - see Cup</note>
            <note>bowl broken (NOS)</note></includes></diag>
        <diag><name>S02.1</name><desc>Crack of cup</desc>
          <sevenChrDef><extension char="9">own</extension></sevenChrDef>
          <diag><name>S02.101</name><desc>Crack of left cup</desc></diag></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""

ROWS = [
    ("I21", 0, "Green spots", "Green spots"),
    ("I210", 1, "Oth green spots", "Other green spots"),
    ("S02", 0, "Cracks", "Cracks"),
    ("S020", 0, "Crack of bowl", "Crack of bowl"),
    ("S020XXA", 1, "Crack of bowl, init", "Crack of bowl, initial encounter"),
    ("S021", 0, "Crack of cup", "Crack of cup"),
    ("S02101", 0, "Crack of l cup", "Crack of left cup"),
    ("S021019", 1, "Crack of l cup, own", "Crack of left cup, own"),
]
ORDER = "".join(
    f"{number:05} {code:<7} {valid} {short:<60} {long}\r\n"
    for number, (code, valid, short, long) in enumerate(ROWS, start=1)
)


def put(folder, name, content):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def summary(found):
    return {key: (row["preferred_name"], row["parents"]) for key, row in found.items()}


TREE = {
    "I21": ("Green spots", []),
    "I21.0": ("Other green spots", ["I21"]),
    "S02": ("Cracks", []),
    "S02.0": ("Crack of bowl", ["S02"]),
    "S02.0XXA": ("Crack of bowl, initial encounter", ["S02.0"]),
    "S02.0XXS": ("Crack of bowl, sequela", ["S02.0"]),
    "S02.1": ("Crack of cup", ["S02"]),
    "S02.101": ("Crack of left cup", ["S02.1"]),
    "S02.1019": ("Crack of left cup, own", ["S02.101"]),
}


def test_a_short_title_that_leaves_out_most_is_no_name(tmp_path, concepts):
    rows = [
        ("T360", "Penicillins", "Poisoning by and adverse effect of penicillins"),
        ("T361", "Penicillin poisoning", "Poisoning by other penicillin"),
        # As wide as its column.
        ("T362", f"Poisoning by {'x' * 47}", "Poisoning by antibiotics"),
    ]
    lines = "".join(
        f"{n:5} {code:<7} 1 {short:<60} {long}\n" for n, (code, short, long) in enumerate(rows)
    )
    found = concepts(read_terminology("icd10cm", put(tmp_path, "icd10cm-order-2031.txt", lines)))
    assert [row["names"][1:] for row in found.values()] == [
        [],
        [("Penicillin poisoning", "abbreviation")],
        [(rows[2][1], "abbreviation")],
    ]


def entry(code, title, *, terms=(), includes=(), below=""):
    notes = "".join(f"<inclusionTerm><note>{term}</note></inclusionTerm>" for term in terms)
    notes += "".join(f"<includes><note>{note}</note></includes>" for note in includes)
    return f"<diag><name>{code}</name><desc>{title}</desc>{notes}{below}</diag>"


def test_a_code_of_seven_characters_has_no_room_for_another(tmp_path, concepts):
    seventh = '<sevenChrDef><extension char="A"/></sevenChrDef>'
    below = entry("S02.1019", "Crack of cup") + entry("S02.2", "Crack of jug")
    xml = entry("S02", "Cracks", below=seventh + below)
    path = put(tmp_path, "t.xml", re.sub(r"<diag>.*</diag>", xml, XML, count=1, flags=re.DOTALL))
    found = concepts(read_terminology("icd10cm", path))
    assert list(found) == ["S02", "S02.1019", "S02.2", "S02.2XXA"]
    # Nothing is said of what it means.
    assert found["S02.2XXA"]["preferred_name"] == "Crack of jug"


def test_what_a_category_is_when_nothing_else_is_said_names_it(tmp_path, concepts):
    # Official Guidelines, section I.A.6: "NOS" is the equivalent of unspecified.
    xml = entry(
        "E12", "Type 2 spots", includes=["spots NOS", "adult spots"],
        below=entry("E12.9", "Other spots", terms=["freckles NOS at sea", "green freckles"]),
    )  # fmt: skip
    path = put(tmp_path, "t.xml", re.sub(r"<diag>.*</diag>", xml, XML, count=1, flags=re.DOTALL))
    found = concepts(read_terminology("icd10cm", path))
    assert found["E12"]["names"][1:] == [("spots NOS", "exact"), ("adult spots", "narrow")]
    # A code that can be billed, and for nothing more than that: as good as its title.
    assert found["E12.9"]["names"][1:] == [
        ("freckles NOS at sea", "preferred"),
        ("green freckles", "narrow"),
    ]


def test_a_substance_is_no_name_of_its_poisoning(tmp_path, concepts):
    xml = (
        entry("T41.3", "Poisoning by, adverse effect of and underdosing of anesthetics",
              terms=["Cocaine (topical)"])
        + entry("T59", "Toxic effect of other gases",
                includes=["aerosol propellants", "toxic effect of argon"])
        + entry("T58", "Toxic effect of smoke", terms=["Smoke inhalation"])
        + entry("Z77", "Contact with and (suspected) exposure to chemicals", terms=["Dyes NOS"])
        + entry("F16", "Hallucinogen related disorders", includes=["ecstasy"])
        + entry("F15", "Other stimulant related disorders",
                includes=["amphetamine-related disorders"])
        + entry("L25", "Contact dermatitis", terms=["Painter's rash"])
        + entry("F54", "Stress related disorders at sea", terms=["Captain's fever"])
    )  # fmt: skip
    path = put(tmp_path, "t.xml", re.sub(r"<diag>.*</diag>", xml, XML, count=1, flags=re.DOTALL))
    found = concepts(read_terminology("icd10cm", path))
    assert {code: [name for name, _ in row["names"][1:]] for code, row in found.items()} == {
        "T41.3": [],
        "T59": ["toxic effect of argon"],
        "T58": ["Smoke inhalation"],
        "Z77": [],
        "F16": [],
        "F15": ["amphetamine-related disorders"],
        "L25": ["Painter's rash"],
        "F54": ["Captain's fever"],
    }


@pytest.mark.parametrize("pack", [False, True])
def test_tabular_list(tmp_path, concepts, pack):
    content = gzip.compress(XML.encode()) if pack else XML
    path = put(tmp_path, "list.xml.gz" if pack else "list.xml", content)
    terminology = read_terminology("icd10cm", path)
    found = concepts(terminology)
    assert summary(found) == TREE
    assert list(found) == list(TREE)
    assert found["I21"]["names"] == [
        ("Green spots", "preferred"),
        ("spots NOS", "preferred"),
        ("verdant macules", "exact"),
        ("emerald spots", "narrow"),
    ]
    # Nothing is below it: what it includes, it is.
    assert found["S02.0"]["names"] == [
        ("Crack of bowl", "preferred"),
        ("bowl broken (NOS)", "preferred"),
    ]
    assert found["I21.0"]["names"][1:] == [("lime spots", "narrow")]
    assert found["S02.0XXA"]["names"][1:] == [("Crack of bowl, first visit", "exact")]
    assert found["I21.0"]["semantic_types"] == ["Diseases of the invented system"]
    assert found["S02.1019"]["semantic_types"] == ["Invented injury (or burn)"]
    release = terminology.release
    assert (release.terminology, release.version) == ("ICD-10-CM", "2031")
    assert release.licence.startswith("public domain")


def test_gzipped_file_in_a_zip(tmp_path, concepts):
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as archive:
        archive.writestr("inside/icd10cm-order-2031.txt.gz", gzip.compress(ORDER.encode()))
    plain = read_terminology("icd10cm", put(tmp_path, "icd10cm-order-2031.txt", ORDER))
    zipped = read_terminology("icd10cm", tmp_path / "release.zip")
    assert concepts(zipped) == concepts(plain)


def test_order_file(tmp_path, concepts):
    path = put(tmp_path, "icd10cm-order-Jan-2031.txt.gz", gzip.compress(ORDER.encode()))
    terminology = read_terminology("icd10cm", path)
    found = concepts(terminology)
    assert summary(found) == {key: row for key, row in TREE.items() if key != "S02.0XXS"}
    assert found["S02.0XXA"]["names"][1:] == [("Crack of bowl, init", "abbreviation")]
    assert found["I21"]["semantic_types"] == ["Diseases of the circulatory system"]
    assert found["S02"]["semantic_types"] == [
        "Injury, poisoning and certain other consequences of external causes"
    ]
    assert terminology.release.version == "Jan 2031"


@pytest.mark.parametrize("pack", [False, True])
def test_both_files_give_the_best_of_each(tmp_path, concepts, pack):
    order = ORDER.replace(" Cracks\r\n", " Cracks of vessels\r\n")
    # What the list alone has may be above what the order file alone has.
    order = "".join(line for line in order.splitlines(keepends=True) if " S02101 " not in line)
    order += f"00009 {'S021012':<7} 1 {'Crack of lid':<60} Crack of lid\r\n"
    order += f"00010 {'U99':<7} 1 {'New':<60} Newly added\r\n"
    files = {
        # The order file says what is in use.
        "icd10cm-codes-April-1-2031.txt": "S020XXS Crack of bowl, sequela",
        "icd10cm-tabular-April-1-2031.xml": XML,
        "icd10cm-tabular-addenda-2031.xml": "not read",
        "icd10cm-order-April-1-2031.txt": order,
        "icd10cm-order-addenda-2031.txt": "not read",
        "guidelines.pdf": "not read",
    }
    path = tmp_path / "release"
    if pack:
        path = tmp_path / "release.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(f"inside/{name}", content)
    else:
        for name, content in files.items():
            put(path, name, content)
    terminology = read_terminology("icd10cm", path)
    found = concepts(terminology)
    expected = {key: row for key, row in TREE.items() if key != "S02.0XXS"}
    assert summary(found) == {
        **expected,
        "S02": ("Cracks of vessels", []),
        "S02.1012": ("Crack of lid", ["S02.101"]),
        "U99": ("Newly added", []),
    }
    assert found["S02"]["names"][1:] == [("Cracks", "exact")]
    assert found["I21.0"]["names"] == [
        ("Other green spots", "preferred"),
        ("Oth green spots", "abbreviation"),
        ("lime spots", "narrow"),
    ]
    assert found["U99"]["semantic_types"] == ["Codes for special purposes"]
    assert terminology.release.version == "April 1 2031"


def test_list_of_codes_says_which_are_in_use(tmp_path, concepts):
    put(tmp_path / "data", "icd10c-tabular-April-1-2031.xml", XML)
    put(tmp_path / "data", "code-list-April-2031.txt", "9\nI20-I25\nI21\nI210\nS02.0XXS text\n\n")
    found = concepts(read_terminology("icd10cm", tmp_path))
    assert summary(found) == {
        key: row for key, row in TREE.items() if key not in ("S02.0XXA", "S02.1019")
    }


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["ICD10CM_Order_2031.txt.gz", "readme.txt"], ["ICD10CM_Order_2031.txt.gz"]),
        (
            [
                *("icd10cm-tabular-2031.xml", "icd10cm-codes-2031.txt", "icd10cm-index-2031.xml"),
                *("icd10cm-codes-addenda-2031.txt", "icd10cm-index-addenda-2031.xml"),
            ],
            ["icd10cm-tabular-2031.xml", "icd10cm-codes-2031.txt", "icd10cm-index-2031.xml"],
        ),
        # Of two lists of codes neither says which are in use.
        (["icd10c tabular.xml", "codes.txt", "codelist.txt"], ["icd10c tabular.xml"]),
    ],
)
def test_which_files_of_a_release_are_read(tmp_path, names, chosen):
    for name in names:
        put(tmp_path / "below", name, "")
    files = find_files(tmp_path)
    found = (files.tabular, files.order, files.codes, files.index)
    assert [path.name for path in found if path is not None] == chosen


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("icd10cm-tabular-April-1-2031.xml", "April 1 2031"),
        ("icd10cm_order_2031.txt", "2031"),
        ("icd10cm-order-Jan-2031-of-2032.txt", "Jan 2031"),
        ("icd10cm-order.txt", ""),
    ],
)
def test_release_by_the_name_of_its_file(tmp_path, name, version):
    path = put(tmp_path, name, XML if name.endswith("xml") else ORDER)
    assert version_of(find_files(path)) == version


def test_release_is_that_of_the_order_file(tmp_path):
    put(tmp_path, "icd10cm-tabular-2030.xml", f"\n{XML}")
    put(tmp_path, "icd10cm-order-2031.txt", ORDER)
    assert version_of(find_files(tmp_path)) == "2031"
    # What a file holds says what it is, whatever it is called.
    path = put(tmp_path / "alone", "release.txt", f"\n{XML}")
    assert find_files(path).tabular == ReleaseFile(path)


def test_roots(tmp_path, concepts):
    options = ReadOptions(roots=("S02.1",))
    found = concepts(read_terminology("icd10cm", put(tmp_path, "x.xml", XML), options))
    assert list(found) == ["S02.1", "S02.101", "S02.1019"]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<x>&b;</x>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (XML[:900], r"x\.txt:\d+: not XML: .*was the file cut short\?"),
        ("<a/>", r"x\.txt: XML with the root <a> and no <chapter>"),
        ("<ClaML/>", r"<ClaML> and no <chapter>, .*, as the WHO has it, use the source claml"),
        (LAUGHS, r"x\.txt:1: entity 'b' unfolds"),
        (
            XML.replace("</ICD10CM.tabular>", "<chapter><desc>More</desc>")
            + "<diag><name>S02.0XXA</name><desc>Again</desc></diag></chapter></ICD10CM.tabular>",
            r"x\.txt:43: code 'S02.0XXA' occurs twice",
        ),
        (
            XML.replace(
                "</section>", "<diag><name>I21</name><desc>Dots</desc></diag></section>", 1
            ),
            r"x\.txt:20: code 'I21' occurs twice, expected once; are two releases",
        ),
        (XML.replace("<name>I21.0</name>", ""), r"an entry below 'I21' has the name ''"),
        (
            XML.replace("<desc>Other green spots</desc>", ""),
            r"x\.txt:17: an entry below 'I21' has .*'I21.0' and the description ''",
        ),
        (ORDER[:-70], r"x\.txt:8: found '00008 S021019 .*, expected the columns"),
        (ORDER.replace("I21     0", "I21     2"), r"x\.txt:1: found '00001 I21     2.*15 0 or 1"),
        ("hello\n", r"x\.txt:1: found 'hello', expected the columns of an ICD-10-CM order file"),
        ("", "no concept found"),
        (b"\xff\xff\n", r"x\.txt:1: not UTF-8"),
        (ORDER + ORDER, r"x\.txt:9: code 'I21' occurs twice"),
    ],
)
def test_broken_files(tmp_path, content, message):
    with pytest.raises(TerminologyError, match=message):
        read_terminology("icd10cm", put(tmp_path, "x.txt", content))


def test_known_broken_rows_of_an_order_file_are_left_out(tmp_path, concepts):
    path = put(tmp_path, "x.txt", "hello\n" + ORDER + ORDER.splitlines()[0] + "\n")
    terminology = read_terminology("icd10cm", path, ReadOptions(max_bad_rows=2))
    whole = read_terminology("icd10cm", put(tmp_path, "y.txt", ORDER))
    assert concepts(terminology) == concepts(whole)
    assert terminology.release.skipped == {"broken rows": 2}
    with pytest.raises(
        TerminologyError, match=r"occurs twice.*\(broken row 2; --max-bad-rows is 1\)"
    ):
        read_terminology("icd10cm", path, ReadOptions(max_bad_rows=1))


def test_what_is_below_a_broken_entry_is_below_the_one_above_it(tmp_path, concepts):
    xml = entry("I21", "Green spots", below=entry("?", "Cut", below=entry("I21.01", "Lime spots")))
    path = put(tmp_path, "t.xml", re.sub(r"<diag>.*</diag>", xml, XML, count=1, flags=re.DOTALL))
    terminology = read_terminology("icd10cm", path, ReadOptions(max_bad_rows=1))
    assert summary(concepts(terminology)) == {
        "I21": ("Green spots", []),
        "I21.01": ("Lime spots", ["I21"]),
    }
    assert terminology.release.skipped == {"broken rows": 1}


def test_folder_without_a_release_or_with_two(tmp_path):
    with pytest.raises(TerminologyError, match=r"holds neither a tabular list.*; fetch one from"):
        read_terminology("icd10cm", tmp_path)
    put(tmp_path, "april.zip", "")
    with pytest.raises(TerminologyError, match=r"order file .*; it holds april\.zip: give the zip"):
        read_terminology("icd10cm", tmp_path)
    for year in (2030, 2031):
        put(tmp_path, f"icd10cm-tabular-{year}.xml", XML)
    with pytest.raises(TerminologyError, match=r"holds 2 tabular lists .*expected one release"):
        read_terminology("icd10cm", tmp_path)


def random_list(rng):
    """A tabular list, its order file, and what a reader must find in both together."""
    words = ["spot", "green", "left", "Läsion", "unspecified", "& co", "<5%", '"x"']

    def text():
        return " ".join(rng.choices(words, k=rng.randint(1, 4)))

    def short(name):
        # With half of the words, or it is no name: see `_short` of the reader.
        parts = name.split()
        return " ".join([*parts[: (len(parts) + 1) // 2], "sh"])

    lines, rows, expected = [], [], {}
    for number in sorted(rng.sample(range(100), rng.randint(1, 4))):
        seventh = rng.choice([{}, {"A": "initial", "S": "sequela"}])

        def entry(code, parent, depth, seventh=seventh):
            plain = code.replace(".", "")
            name = rng.choice(["", "Other "]) + text()
            terms = list(dict.fromkeys(text() for _ in range(rng.randint(0, 2))))
            children = sorted(rng.sample("0123456789", rng.randint(0, 2))) if depth < 2 else []
            kind = "narrow" if name.startswith("Other ") else "exact" if children else "preferred"
            names = {name: "preferred", short(name): "abbreviation"}
            for term in terms:
                names.setdefault(term, kind)
            names |= {said: "preferred" for known, said in EVERYDAY if known == code}
            rows.append((plain, name))
            expected[code] = (list(names.items()), [parent] if parent else [])
            lines.append(f"<diag><name>{code}</name><desc>{escape(name)}</desc>")
            if terms:
                notes = "".join(f"<note>{escape(term)}</note>" for term in terms)
                lines.append(f"<inclusionTerm>{notes}</inclusionTerm>")
            if depth == 0 and seventh:
                extensions = "".join(
                    f'<extension char="{character}">{meaning}</extension>'
                    for character, meaning in seventh.items()
                )
                lines.append(f"<sevenChrDef>{extensions}</sevenChrDef>")
            for digit in children:
                entry(f"{code}.{digit}" if depth == 0 else f"{code}{digit}", code, depth + 1)
            lines.append("</diag>")
            if not children:
                for character, meaning in seventh.items():
                    full = f"{plain.ljust(6, 'X')}{character}"
                    long = f"{name}, {meaning}"
                    rows.append((full, long))
                    both = [(long, "preferred"), (short(long), "abbreviation")]
                    expected[f"{full[:3]}.{full[3:]}"] = (both, [code])

        entry(f"S{number:02}", None, 0)
    xml = (
        "<ICD10CM.tabular><version>2031</version><chapter><desc>Injuries (S00-T88)</desc>"
        f"<section>{''.join(lines)}</section></chapter></ICD10CM.tabular>"
    )
    order = "".join(
        f"{number:05} {code:<7} 1 {short(name):<60} {name}\n"
        for number, (code, name) in enumerate(rows, start=1)
    )
    return xml, order, expected


def test_what_was_generated_is_what_is_read(concepts):
    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32))
    @example(409)
    def check(seed):
        xml, order, expected = random_list(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            put(Path(folder), "icd10cm-tabular-2031.xml", xml)
            put(Path(folder), "icd10cm-order-2031.txt", order)
            found = concepts(read_terminology("icd10cm", folder))
            assert {code: (row["names"], row["parents"]) for code, row in found.items()} == expected
            # Either alone has the same codes and parents.
            for name in ("icd10cm-tabular-2031.xml", "icd10cm-order-2031.txt"):
                alone = concepts(read_terminology("icd10cm", Path(folder, name)))
                assert {code: row["parents"] for code, row in alone.items()} == {
                    code: parents for code, (_, parents) in expected.items()
                }

    check()


@pytest.mark.data
def test_tabular_list_of_2021_agrees_with_the_order_file(data_file, concepts):
    order = data_file("releases/icd10cm-order-Jan-2021.txt.gz")
    with gzip.open(order, "rt", encoding="utf-8") as lines:
        real = {line[6:13].strip(): line[77:].strip() for line in lines}
    found = concepts(read_terminology("icd10cm", data_file("releases/icd10cm_tabular_2021.xml.gz")))
    mine = {key.replace(".", ""): row["preferred_name"] for key, row in found.items()}
    # "7th characters D and S do not apply to codes in category S06 with 6th character 7 or 8".
    assert set(real) - set(mine) == set()
    assert {(code[:3], code[5] in "78", code[6] in "DS") for code in set(mine) - set(real)} == {
        ("S06", True, True)
    }
    # The order file writes no accents, and words a few titles otherwise.
    assert sum(mine[code] != name for code, name in real.items()) == 134
    from_order = concepts(read_terminology("icd10cm", order))
    # The list has H54.512A below H54.511: a slip of the release.
    assert {key for key in from_order if from_order[key]["parents"] != found[key]["parents"]} == {
        "H54.512A"
    }
    assert all(
        row["semantic_types"] == found[key]["semantic_types"] for key, row in from_order.items()
    )


EVERYDAY = [*map(tuple, shipped_rows("linker.terminology", "icd10cm_everyday.tsv"))]


def test_what_people_call_a_code_is_its_name_unless_the_index_says(tmp_path, concepts):
    list_of = entry("I35.0", "Nonrheumatic aortic (valve) stenosis")
    xml = re.sub(r"<diag>.*</diag>", list_of, XML, count=1, flags=re.DOTALL)
    path = put(tmp_path, "icd10cm_tabular_2031.xml", xml)
    names = concepts(read_terminology("icd10cm", tmp_path))["I35.0"]["names"]
    assert names[1:] == [("aortic stenosis", "preferred"), ("aortic valve stenosis", "preferred")]
    index = (
        "<mainTerm><title>Stenosis</title>"
        "<term><title>aortic</title><code>I35.0</code></term></mainTerm>"
    )
    put(
        tmp_path,
        "icd10cm_index_2031.xml",
        f"<ICD10CM.index><letter><title>S</title>{index}</letter></ICD10CM.index>",
    )
    names = concepts(read_terminology("icd10cm", path.parent))["I35.0"]["names"]
    assert [name for name, _ in names[1:]] == ["aortic stenosis"]


@pytest.fixture(scope="module")
def packaged(needs_package):
    """What the package of the extra [demo] has."""
    needs_package("simple_icd_10_cm")
    return read_terminology("icd10cm", "package:simple_icd_10_cm")


@pytest.mark.model
def test_what_people_call_a_code_is_no_name_of_another(packaged, concepts):
    found = concepts(packaged)
    assert {code for code, _ in EVERYDAY} - set(found) == set()
    assert len(set(EVERYDAY)) == len(EVERYDAY)
    said = {}
    for code, row in found.items():
        for name, _ in row["names"]:
            said.setdefault(normalise(name), set()).add(code)
    assert {name: said[normalise(name)] for code, name in EVERYDAY} == {
        name: {code} for code, name in EVERYDAY
    }


@pytest.mark.parametrize("diseases", ["diseases", "other diseases"])
def test_what_a_disease_classified_elsewhere_includes_is_seldom_meant(tmp_path, concepts, diseases):
    xml = re.sub(
        r"<diag>.*</diag>",
        entry("N16", f"Spots in {diseases} classified elsewhere", terms=["Green spots"]),
        XML,
        count=1,
        flags=re.DOTALL,
    )
    put(tmp_path, "icd10cm_tabular_2031.xml", xml)
    names = concepts(read_terminology("icd10cm", tmp_path))["N16"]["names"]
    assert names[1:] == [("Green spots", "narrow")]


# What a poisoning is by, and not what it is called.
SUBSTANCES = {
    "Aromatic dyes NOS", "Cocaine (topical)", "Dyes NOS", "Polycyclic aromatic hydrocarbons",
}  # fmt: skip


@pytest.mark.model
def test_package_agrees_with_its_own_interface(packaged, concepts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as cm
    found = concepts(packaged)
    everyday = {}
    for code, name in EVERYDAY:
        everyday.setdefault(code, set()).add(name)
    codes = [c for c in cm.get_all_codes(with_dots=True) if cm.is_category_or_subcategory(c)]
    assert sorted(found) == sorted(set(codes))
    for code in codes:
        description = " ".join(cm.get_description(code).split())
        if cm.is_extended_subcategory(code):
            # It joins what a seventh character means, and further terms for the same, with "/".
            assert f"{description}/".startswith(f"{found[code]['preferred_name']}/")
        else:
            terms = {" ".join(term.split()) for term in cm.get_inclusion_term(code)}
            names = {name for name, _ in found[code]["names"]}
            notes = [" ".join(note.split()) for note in cm.get_includes(code)]
            assert (terms - SUBSTANCES) | {description} <= names
            # Without the codes behind them.
            rest = names - terms - {description} - everyday.get(code, set())
            assert all(any(note.startswith(name) for note in notes) for name in rest)

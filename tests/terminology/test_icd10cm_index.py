"""Invented terms in the layout of the CDC's alphabetic index."""

from __future__ import annotations

import zipfile

import pytest

from linker.errors import TerminologyError
from linker.terminology import read_terminology
from linker.terminology.bad_rows import BadRows
from linker.terminology.icd10cm.index import index_names

CODES = ["B20", "E11.9", "E11.44", "H60.9", "I21.9", "I50.9", "I50.20", "M25.7", "Q90.9", "R16.0"]
INDEX = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2031</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>D</title>
    {terms}
  </letter>
</ICD10CM.index>
"""


def names(terms, codes=CODES, bad=None):
    data = INDEX.format(terms=terms).encode()
    return [*index_names(data, "index.xml", set(codes), bad or BadRows(0))]


def main(title, *below, code="", see=""):
    code = f"<code>{code}</code>" if code else ""
    see = f"<see>{see}</see>" if see else ""
    return f"<mainTerm><title>{title}</title>{code}{see}{''.join(below)}</mainTerm>"


def term(title, *below, code="", see="", tag="code"):
    code = f"<{tag}>{code}</{tag}>" if code else ""
    see = f"<see>{see}</see>" if see else ""
    return f'<term level="1"><title>{title}</title>{code}{see}{"".join(below)}</term>'


def test_terms_stand_before_what_they_are_below():
    terms = main(
        "Infarct, infarction",
        term("myocardium, myocardial<nemod>(acute) (with stated\n duration)</nemod>", code="I21.9"),
    )
    assert names(terms) == [
        ("I21.9", "myocardium infarct"),
        ("I21.9", "myocardial infarct"),
        ("I21.9", "myocardium infarction"),
        ("I21.9", "myocardial infarction"),
    ]


def test_levels_add_up():
    heart = term("heart", term("systolic<nemod>(congestive)</nemod>", code="I50.20"), code="I50.9")
    assert names(main("Failure, failed", heart)) == [
        ("I50.9", "heart failure"),
        ("I50.9", "failed heart"),
        ("I50.20", "systolic heart failure"),
        ("I50.20", "failed systolic heart"),
    ]


def test_what_joins_stands_between():
    terms = main(
        "Spots",
        term("with", term("stripes", term("wide", code="E11.44"))),
        term("due to cold", code="I50.9"),
        term("in<nemod>(due to)</nemod>", term("spring", code="I21.9")),
        term("In", term("autumn", code="I21.9")),
    )
    assert [name for _, name in names(terms)] == [
        "Spots with wide stripes",
        "Spots due to cold",
        "Spots in spring",
        "Spots In autumn",
    ]


def test_what_may_be_left_out_may_stand_in_the_middle():
    terms = main("Spots<nemod>(of skin)</nemod>, green", code="I21.9")
    assert names(terms) == [("I21.9", "green Spots")]


def test_an_adjective_stands_before_what_its_noun_comes_with():
    terms = main(
        "Diabetes, diabetic<nemod>(mellitus) (sugar)</nemod>",
        term("type 2", term("with", term("amyotrophy", code="E11.44")), code="E11.9"),
        term("with", term("amyotrophy", code="E11.44")),
        code="E11.9",
    )
    assert names(terms) == [
        ("E11.9", "Diabetes"),
        ("E11.9", "type 2 diabetes"),
        ("E11.44", "type 2 diabetes with amyotrophy"),
        ("E11.44", "Diabetes with amyotrophy"),
        ("E11.44", "diabetic amyotrophy"),
    ]
    terms = main("Diabetes, diabetic", term("With", term("coma", code="E11.9")))
    assert names(terms) == [("E11.9", "Diabetes With coma"), ("E11.9", "diabetic coma")]


def test_a_participle_stands_before_what_it_is_said_of():
    assert names(main("Enlargement, enlarged", term("liver", code="R16.0"))) == [
        ("R16.0", "liver enlargement"),
        ("R16.0", "enlarged liver"),
    ]


@pytest.mark.parametrize(
    "title", ["Vagus, vagal", "Muscle, muscular", "Psychosis, psychotic", "Fibre, fibrous"]
)
def test_an_adjective_is_no_noun(title):
    noun = title.partition(",")[0]
    assert names(main(title, term("weak", code="R16.0"), code="I50.9")) == [
        ("I50.9", noun),
        ("R16.0", f"weak {noun.lower()}"),
    ]


def test_a_participle_is_not_said_of_what_joins():
    terms = term("due to", term("cold", code="I50.9")), term("in heat", code="I21.9")
    assert names(main("Enlargement, enlarged", *terms)) == [
        ("I50.9", "Enlargement due to cold"),
        ("I21.9", "Enlargement in heat"),
    ]


def test_what_joins_nothing_is_no_name():
    assert names(main("Spots", term("with", code="I21.9"))) == []


def test_a_comma_between_unlike_words_inverts():
    assert names(main("Spur", term("leg, lower", code="M25.7"))) == [("M25.7", "lower leg spur")]


def test_words_are_alike_by_their_first_three_letters():
    terms = main("Fissure, fistula", code="I21.9") + main("Pain, pale", code="I50.9")
    terms += main("Spot, spots, green", code="R16.0")
    assert [name for _, name in names(terms)] == [
        *("Fissure", "fistula", "pale Pain", "spots green Spot"),
    ]


def test_a_path_gives_few_names_of_few_words():
    many = main("Spot, spots, spotting", term("green, greens, greenish", code="I21.9"))
    assert [name for _, name in names(many)] == [
        *("green spot", "greens spot", "greenish spot"),
        *("green spots", "greens spots", "greenish spots"),
    ]
    path = term("deep", term("very deep", code="I50.9"), code="I21.9")
    for _ in range(8):
        path = term("deep", path)
    # Ten words, and not eleven.
    assert names(main("Spots", path)) == [("I21.9", f"{9 * 'deep '}spots")]


def test_a_main_term_in_capitals_keeps_them():
    assert names(main("AIDS", term("late", code="B20"), code="B20")) == [
        ("B20", "AIDS"),
        ("B20", "late AIDS"),
    ]
    assert names(main("Q fever", term("late", code="B20"))) == [("B20", "late Q fever")]
    assert names(main("B-cell spots", term("late", code="B20"))) == [("B20", "late B-cell spots")]


@pytest.mark.parametrize("code", ["H60.9-", "H60.9", " H60.9-- ", "H60.-"])
def test_the_dash_of_a_code_that_goes_on_is_none_of_it(code):
    found = names(main("Otitis", term("externa", code=code)), codes=["H60", "H60.9"])
    assert found == [(code.strip().strip(".-"), "externa otitis")]


def test_a_code_goes_before_that_of_what_is_seen_as_well():
    terms = main("Fit", code="I50.9", see="Twin") + main("Twin", code="I21.9")
    assert names(terms) == [("I50.9", "Fit"), ("I21.9", "Twin")]


def test_a_subcategory_is_a_code_too():
    terms = main("Otitis", term("externa", code="H60.9", tag="subcat"))
    assert names(terms) == [("H60.9", "externa otitis")]


def test_nec_is_no_word_and_specified_no_name():
    terms = main(
        "Failure",
        term("heart NEC", code="I50.9"),
        term("specified NEC", code="I50.9"),
        term("organ, unspecified", code="I50.9"),
        term("other", term("heart", code="I50.9")),
        term("see also", code="I50.9"),
        term("note", code="I50.9"),
        term("NEC", code="I50.9"),
        term("liver - NOS", code="R16.0"),
        term("notochordal", code="M25.7"),
    )
    assert names(terms) == [
        ("I50.9", "heart failure"),
        ("R16.0", "liver failure"),
        ("M25.7", "notochordal failure"),
    ]


def test_see_gives_the_code_of_what_it_names():
    terms = (
        main("Attack", term("heart", see="infarct, Myocardium"))
        + main("Mongolism", see="Syndrome, Down")
        + main("Nothing", see="Syndrome, Up")
        + main("Place", see="condition")
        + main("Infarct, infarction", term("myocardium, myocardial", code="I21.9"))
        + main("Syndrome", term("Down", code="Q90.9"))
    )
    assert names(terms)[:2] == [("I21.9", "heart attack"), ("Q90.9", "Mongolism")]
    assert names(terms)[2:] == [
        ("I21.9", "myocardium infarct"),
        ("I21.9", "myocardial infarct"),
        ("I21.9", "myocardium infarction"),
        ("I21.9", "myocardial infarction"),
        ("Q90.9", "Down syndrome"),
    ]


def test_what_see_names_twice_has_no_code():
    terms = main("Thing", see="Twin") + 2 * main("Twin", code="I21.9")
    assert names(terms) == [("I21.9", "Twin"), ("I21.9", "Twin")]


def test_circumstances_are_no_names():
    terms = main("Examination", code="Z00.00") + main("Bite", term("dog", code="W54.0"))
    terms += main("Fall", term("skateboard", code="V00.131"))
    assert names(terms, codes=["Z00.00", "W54.0", "V00.131"]) == []


def test_codes_of_another_release_are_counted():
    bad = BadRows(0)
    assert names(main("Spots", code="A00.0"), bad=bad) == []
    assert bad.counted() == {"index terms of codes that are not there": 1}
    # One without a code is none of these.
    assert names(main("Blots", term("green", code="I21.9")), bad=bad) == [("I21.9", "green blots")]
    assert bad.counted() == {"index terms of codes that are not there": 1}


def test_a_path_without_end_is_no_name():
    path = term("deep, deeper", code="I21.9")
    for _ in range(2000):
        path = term("deep, deeper", path)
    assert names(main("Spots", path)) == []


def test_other_xml_is_refused():
    with pytest.raises(TerminologyError, match=r"index.xml: XML with the root <a> and no <letter>"):
        [*index_names(b"<a/>", "index.xml", set(), BadRows(0))]


def test_a_cut_index_is_refused():
    data = INDEX.format(terms=main("Spots", code="I21.9")).encode()[:-30]
    with pytest.raises(TerminologyError, match=r"index.xml:7: not XML"):
        [*index_names(data, "index.xml", set(), BadRows(0))]


TABULAR = """<ICD10CM.tabular><chapter><name>9</name><desc>Spots (I00-I99)</desc>
<diag><name>I21</name><desc>Green spots</desc>
  <diag><name>I21.8</name><desc>Other green spots</desc></diag>
  <diag><name>I21.9</name><desc>Green spots, unspecified</desc></diag></diag>
</chapter></ICD10CM.tabular>
"""


@pytest.mark.parametrize("zipped", [False, True])
def test_an_index_beside_the_tabular_list_gives_names(tmp_path, concepts, zipped):
    terms = main("Spots", term("emerald", code="I21.9"), term("lime", code="I21.8"))
    files = {
        "icd10cm-tabular-April-2031.xml": TABULAR,
        "icd10cm-index-April-2031.xml": INDEX.format(terms=terms),
        # Those of external causes and of drugs are others.
        "icd10cm-eindex-April-2031.xml": "<none/>",
        "icd10cm-drug-April-2031.xml": "<none/>",
    }
    path = tmp_path / "release.zip" if zipped else tmp_path
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    else:
        for name, content in files.items():
            (path / name).write_text(content, encoding="utf-8")
    found = concepts(read_terminology("icd10cm", path))
    assert found["I21.9"]["names"] == [
        ("Green spots, unspecified", "preferred"),
        ("emerald spots", "exact"),
    ]
    assert found["I21.8"]["names"] == [("Other green spots", "preferred"), ("lime spots", "narrow")]

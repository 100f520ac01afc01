from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.terminology import FORMS, NameKind, Release, TableBuilder, add_forms
from linker.terminology.forms.derive import derive, rules_for
from linker.text import normalise

HEADS = {"leukemia", "diabetes mellitus", "ataxia", "failure", "deafness", "muscle weakness"}
RULES = rules_for("jsonl", HEADS)
ICD = rules_for("icd10cm", frozenset())
RXNORM = rules_for("rxnorm", frozenset())


def forms(name: str, rules=RULES) -> list[str]:
    return [form for form, _ in derive(name, rules)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Diabetes mellitus, type 2", "type 2 Diabetes mellitus"),
        ("Leukemia, Lymphocytic, Chronic, B Cell", "B Cell Chronic Lymphocytic Leukemia"),
        ("Failure, Heart, Congestive", "Congestive Heart Failure"),
        ("Ataxia, Spastic, 3", "Spastic Ataxia 3"),
        ("Deafness, Autosomal Recessive 7", "Autosomal Recessive Deafness 7"),
        ("Deafness, Type 7", "Type 7 Deafness"),
        ("Ataxia, 3", "Ataxia 3"),
    ],
)
def test_an_inverted_name_is_turned_round(name: str, expected: str) -> None:
    assert forms(name) == [expected]


@pytest.mark.parametrize(
    "name",
    [
        "Long, narrow head",  # its first part is no name
        "Leukemia, with seizures",
        "Ataxia, deafness, and leukemia",
        "Leukemia, susceptibility to, 1",
        "Leukemia, chronic leukemia, leukemia of the young",
        "4,4'-(1H-1,2,4-triazol-1-yl-methylene)-bis(benzonitrile)",
        "Ataxia, a, b, c, d",
        "Ataxia, [old] form",
        "Ataxia, , spastic",
        "Ataxia, spastic or mild",
        "Ataxia, spastic; mild",
        "Leukemia",
    ],
)
def test_what_is_no_inverted_name_stays(name: str) -> None:
    assert forms(name) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Asthma (disorder)", ["Asthma"]),
        ("Chest pain (finding)", ["Chest pain"]),
        ("Feedback (Learning)", []),
        ("[X]Cardiovascular disease, unspecified", ["Cardiovascular disease, unspecified",
                                                    "Cardiovascular disease"]),
        ("Asthenia [D]", ["Asthenia"]),
        ("Rubella NOS", ["Rubella"]),
        ("Acquired immune deficiency syndrome, NOS", ["Acquired immune deficiency syndrome"]),
        ("NOS II", []),
        ("Hepatomegaly, not elsewhere classified", ["Hepatomegaly"]),
        ("Pleural effusion NEC", ["Pleural effusion"]),
        ("Urinary tract infection, site not specified", ["Urinary tract infection"]),
        ("Bronchitis, not specified as acute or chronic", ["Bronchitis"]),
        ("peripheral lymphoma, not otherwise specified", ["peripheral lymphoma"]),
        ("Pneumonia, unspecified organism", ["Pneumonia"]),
        ("Hodgkin lymphoma, unspecified, unspecified site", ["Hodgkin lymphoma, unspecified",
                                                             "Hodgkin lymphoma"]),
        ("Unspecified asthma", ["asthma"]),
        ("Habitual aborter - unspecified (disorder)", ["Habitual aborter - unspecified",
                                                       "Habitual aborter"]),
        ("Blister, unspecified ankle", []),
        ("Fracture of unspecified part of femur", []),
        ("AUTS4, INCLUDED", ["AUTS4"]),
        ("Meckel syndrome, FORMERLY", ["Meckel syndrome"]),
        ("[SO]Ankle", ["Ankle"]),
        ("Rubella (NOS)", ["Rubella"]),
        ("Pleural effusion (NEC)", ["Pleural effusion"]),
        ("Fracture, cause not specified", ["Fracture"]),
        ("Otitis, unspecified side", ["Otitis"]),
    ],
)  # fmt: skip
def test_tags_and_remarks_come_off(name: str, expected: list[str]) -> None:
    assert forms(name) == expected


@pytest.mark.parametrize(
    ("name", "long", "short"),
    [
        ("MI - Myocardial infarction", "Myocardial infarction", "MI"),
        ("TBI (Traumatic Brain Injury)", "Traumatic Brain Injury", "TBI"),
        ("Arthrogryposis Multiplex Congenita (AMC)", "Arthrogryposis Multiplex Congenita", "AMC"),
        ("Burkitt lymphoma; BL", "Burkitt lymphoma", "BL"),
        ("Fanconi anemia;FA", "Fanconi anemia", "FA"),
        ("DTs - delirium tremens", "delirium tremens", "DTs"),
        ("MIs - myocardial infarction", "myocardial infarction", "MIs"),
        ("SPASTATX - spastic ataxia", "spastic ataxia", "SPASTATX"),
    ],
)
def test_a_name_with_its_short_form_is_both(name: str, long: str, short: str) -> None:
    assert derive(name, RULES) == [(long, None), (short, NameKind.ABBREVIATION)]


@pytest.mark.parametrize(
    "name",
    [
        "CA - bone cancer",
        "Amyloidosis - hereditaries",
        "Skin cancer (melanoma)",
        "Rhesus (D)",
        "SPASTATXI - spastic ataxia",
        "AMC - amc",
        "Am - amnesia",
    ],
)
def test_what_abbreviates_nothing_is_no_short_form(name: str) -> None:
    assert forms(name) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Rubella [German measles]", ["Rubella", "German measles"]),
        ("Rubella, [German measles]", ["Rubella", "German measles"]),
        ("Poisoning by psychodysleptics [hallucinogens]", ["Poisoning by psychodysleptics"]),
        ("Syphilis [stage unspecified] of bursa", []),
        ("Abnormal electroencephalogram [EEG]", ["Abnormal electroencephalogram"]),
        ("Autistic disorder [AD]", ["Autistic disorder", "AD"]),
        (
            "Eosinophilic cellulitis [Wells]",
            ["Eosinophilic cellulitis", "Wells disease", "Wells syndrome"],
        ),
        ("Tuberculoma of meninges (cerebral) (spinal)", ["Tuberculoma of meninges"]),
        ("Ringworm NOS", ["Ringworm"]),
        ("Otitis, right ear", []),
        ("Syncope and collapse", ["Syncope", "collapse"]),
        ("Syncope and pain", []),
        ("Pain and collapse", []),
        ("Syphilis [stage unspecified]", []),
        ("Pain in throat and chest", []),
        (
            "Malignant neoplasm of breast of unspecified site",
            ["cancer of breast of unspecified site"],
        ),
        ("Secondary malignant neoplasm of bone", ["metastasis to bone", "bone metastasis"]),
        (
            "Secondary malignant neoplasm of liver and intrahepatic bile duct",
            ["metastasis to liver and intrahepatic bile duct"],
        ),
        ("Chronic viral hepatitis C", ["Chronic hepatitis C", "hepatitis C, Chronic"]),
        ("Viral hepatitis C NOS", ["Viral hepatitis C", "hepatitis C"]),
        ("Other viral hepatitis", []),
        ("diabetes NOS", ["diabetes", "diabetes mellitus"]),
        ("Diabetes insipidus", []),
        ("Abnormal weight loss", ["weight loss"]),
    ],
)
def test_icd_10_cm_has_its_own_brackets(name: str, expected: list[str]) -> None:
    assert forms(name, ICD) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "Malignant neoplasm of prostate",
            {"cancer of prostate", "prostate cancer", "carcinoma of prostate", "prostate carcinoma",
             "adenocarcinoma of prostate", "prostate adenocarcinoma"},
        ),
        ("Malignant neoplasm of other parts of uterus", {"cancer of other parts of uterus"}),
        ("Malignant neoplasm of overlapping sites of colon",
         {"cancer of overlapping sites of colon"}),
        (
            "Personal history of malignant neoplasm of breast",
            {f"{before} {what}"
             for before in ("Personal history of", "history of", "hx of", "h/o")
             for what in ("malignant neoplasm of breast", "cancer of breast", "breast cancer")}
            - {"Personal history of malignant neoplasm of breast"},
        ),
        (
            "Family history of malignant neoplasm of breast",
            {f"{before} {what}"
             for before in ("Family history of", "family hx of", "FHx of", "FH of")
             for what in ("malignant neoplasm of breast", "cancer of breast", "breast cancer")}
            - {"Family history of malignant neoplasm of breast"},
        ),
        (
            "Encounter for screening for diabetes mellitus",
            {"Encounter for screening for diabetes", "screening for diabetes mellitus",
             "diabetes mellitus screening", "screening for diabetes", "diabetes screening"},
        ),
        (
            "Family history of diabetes mellitus",
            {"Family history of diabetes", *(f"{before} diabetes{rest}"
             for before in ("family hx of", "FHx of", "FH of") for rest in ("", " mellitus"))},
        ),
        ("Personal history of other diseases of the digestive system", set()),
        ("Encounter for screening for other viral diseases", set()),
        (
            "Asthma with (acute) exacerbation",
            {"Asthma with exacerbation", "Asthma exacerbation", "exacerbation of Asthma",
             "acute exacerbation of Asthma", "acute Asthma exacerbation",
             "Asthma exacerbation, acute", "Asthma with acute exacerbation"},
        ),
        ("Myasthenia gravis without (acute) exacerbation",
         {"Myasthenia gravis without exacerbation"}),
        (
            "Kidney transplant status",
            {"status post Kidney transplant", "s/p Kidney transplant",
             "history of Kidney transplant"},
        ),
        ("Status post total hysterectomy",
         {"s/p total hysterectomy", "history of total hysterectomy"}),
        ("DNR status", set()),
        ("Awaiting organ transplant status", set()),
        ("Chronic tonsillitis", {"tonsillitis, Chronic"}),
        ("Iron deficiency anemia, unspecified",
         {"Iron deficiency anemia", "anemia, Iron deficiency"}),
        ("Acute hepatitis NOS", {"Acute hepatitis", "hepatitis, Acute"}),
        ("Chronic kidney disease", {"kidney disease, Chronic"}),
        ("Acute and chronic nephritis", set()),
        ("Chronic sinusitis of the young", set()),
        *((f"Chronic sinusitis {word}", set()) for word in ("with", "due", "in", "or", "and")),
        *((f"Acute {word} chronic nephritis", set()) for word in ("on", "or")),
        ("Asthma with acute exacerbation",
         {"Asthma exacerbation", "exacerbation of Asthma", "acute exacerbation of Asthma",
          "acute Asthma exacerbation", "Asthma exacerbation, acute"}),
        ("Gastric bypass status",
         {f"{post} Gastric bypass" for post in ("status post", "s/p", "history of")}),
        ("Arthrodesis status",
         {f"{post} Arthrodesis" for post in ("status post", "s/p", "history of")}),
        ("Obesity surgery status",
         {f"{post} Obesity surgery" for post in ("status post", "s/p", "history of")}),
        ("Personal history of certain diseases", set()),
        ("Personal history of uncertain spots",
         {f"{before} uncertain spots" for before in ("history of", "hx of", "h/o")}),
        (
            "Encounter for screening for malignant neoplasm of colon",
            {"Encounter for screening for cancer of colon",
             "Encounter for screening for colon cancer",
             *(f"{said}{rest}"
               for what in ("malignant neoplasm of colon", "cancer of colon", "colon cancer")
               for said, rest in ((f"screening for {what}", ""), (what, " screening")))},
        ),
        ("Malignant neoplasm of unspecified site of lip",
         {f"{what} of lip" for what in ("cancer", "carcinoma", "adenocarcinoma")}
         | {f"lip {what}" for what in ("cancer", "carcinoma", "adenocarcinoma")}),
        ("Viral hepatitis E", {"hepatitis E"}),
        ("Viral hepatitis F", set()),
    ],
)  # fmt: skip
def test_icd_10_cm_is_said_otherwise(name: str, expected: set[str]) -> None:
    assert set(forms(name, ICD)) == expected


@pytest.mark.parametrize(
    ("name", "form", "kind"),
    [
        # As good as the name, whatever that is.
        ("Asthma, unspecified", "Asthma", NameKind.PREFERRED),
        ("Tuberculoma of meninges (cerebral)", "Tuberculoma of meninges", NameKind.PREFERRED),
        # Not preferred, whatever the name is.
        ("Ataxia, Spastic", "Spastic Ataxia", None),
        ("Ataxia, Spastic, NOS", "Spastic Ataxia", None),
        ("MI - Myocardial infarction NOS", "MI", NameKind.ABBREVIATION),
        ("Rubella [German measles NOS]", "German measles", None),
        ("Abnormal weight gain", "weight gain", None),
        ("diabetes NOS", "diabetes mellitus", None),
        # Narrower, and so is what is made of it.
        ("Diabetes and collapse", "Diabetes", NameKind.NARROW),
        ("Diabetes and collapse", "Diabetes mellitus", NameKind.NARROW),
    ],
)
def test_what_a_form_is_worth(name: str, form: str, kind: NameKind | None) -> None:
    assert dict(derive(name, (*RULES, *ICD)))[form] == kind


def test_rxnorm_brands_stand_for_their_ingredient() -> None:
    assert forms("atorvastatin 10 MG Oral Tablet [Lipitor]", RXNORM) == [
        "Lipitor 10 MG Oral Tablet"
    ]
    assert forms("a 1 MG / b 2 MG Oral Tablet [Both]", RXNORM) == []
    assert forms("a / b 2 MG Oral Tablet [Both]", RXNORM) == []


def table(*concepts: tuple[str, ...]):
    builder = TableBuilder("test")
    for concept_id, preferred, *names in concepts:
        builder.add(concept_id, preferred, names=[(name, NameKind.NARROW) for name in names])
    return builder.finish(Release("T", "1", "", "jsonl"))


def test_forms_come_with_the_name_and_kind_that_they_come_from() -> None:
    found = add_forms(
        table(
            ("X:1", "Ataxia", "Ataxia, Spastic"),
            ("X:2", "Rubella NOS", "Rubellas, unspecified", "Red spots NOS"),
            ("X:3", "The NOS"),
        )
    )
    # Each once, and none without a word.
    assert [tuple(row.values()) for row in found.forms.to_pylist()] == [
        ("X:1", "Spastic Ataxia", "narrow", "Ataxia, Spastic"),
        ("X:2", "Rubella", "preferred", "Rubella NOS"),
        ("X:2", "Red spots", "narrow", "Red spots NOS"),
    ]
    assert found.forms.schema == FORMS


def test_a_form_by_the_way_is_none_if_another_concept_is_called_so() -> None:
    builder = TableBuilder("test")
    builder.add("R16", "Hepatomegaly and splenomegaly, not elsewhere classified")
    builder.add("R16.0", "Hepatomegaly, not elsewhere classified")
    builder.add("G89", "Pain, not elsewhere classified")
    builder.add("R52", "Pain, unspecified")
    found = add_forms(builder.finish(Release("T", "1", "", "icd10cm"))).forms.to_pylist()
    assert sorted((row["concept_id"], row["form"]) for row in found) == [
        ("R16", "Hepatomegaly and splenomegaly"),
        ("R16", "splenomegaly"),
        ("R16.0", "Hepatomegaly"),
        ("R52", "Pain"),
    ]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (
            "jsonl",
            (
                *("Rubella NOS", "Pleural effusion NEC", "Fever, unspecified", "Unspecified fever"),
                *("fever not otherwise specified", "Pain not elsewhere classified", "[X]Cough"),
                *("Asthma (disorder)", "MI - Myocardial infarction", "Burkitt lymphoma; BL"),
                *("Kidney diseases", "Lymph node disorder", "Disorders of kidney"),
                "Disease of the kidney",
            ),
        ),
        (
            "claml",
            (
                *("Syncope and collapse", "Malignant neoplasm of prostate", "Abnormal weight gain"),
                *(
                    "Acute viral hepatitis C",
                    "Asthma with exacerbation",
                    "Rubella [German measles]",
                ),
                *("Personal history of gout", "Family history of gout", "Kidney transplant status"),
                *("Encounter for screening for gout", "Status post hysterectomy"),
                *("Chronic tonsillitis", "Recurrent tonsillitis", "Iron deficiency anemia"),
            ),
        ),
    ],
)
def test_no_name_that_has_forms_is_passed_over(source: str, names: tuple[str, ...]) -> None:
    rules = rules_for(source, frozenset())
    for name in names:
        builder = TableBuilder("test")
        builder.add("X:1", name)
        found = add_forms(builder.finish(Release("T", "1", "", source))).forms["form"].to_pylist()
        assert found, name
        assert set(found) <= set(forms(name, rules))


def test_what_the_concept_is_called_already_is_no_form() -> None:
    found = add_forms(
        table(("X:1", "Ataxia", "Ataxias, Spastic", "spastic ataxia"), ("X:2", "A NOS", "b"))
    )
    assert found.forms.to_pylist() == []


@given(st.text(st.sampled_from("ab ,;-()[]XNOSunspecified") | st.characters(), max_size=30))
def test_forms_are_new_readable_names(name: str) -> None:
    for rules in (RULES, ICD, RXNORM):
        found = forms(name, rules)
        assert len(set(found)) == len(found)
        for form in found:
            assert form != name
            assert normalise(form)
            assert form == " ".join(form.split())
            # Nothing is invented: a form's words are the name's.
            assert set("".join(form.split())) <= set(name)

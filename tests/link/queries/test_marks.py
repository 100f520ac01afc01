"""What lists write around a mention is not looked up, and stays in the link."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.link.queries.marks import unmarked
from linker.offline import overlay_index


@pytest.mark.parametrize(
    ("term", "asked"),
    [
        ("Hypertension [I10]", "Hypertension"),
        ("Diabetes with CKD [E11.22, N18.9]", "Diabetes with CKD"),
        ("HTN, CKD [I12/N18]", "HTN, CKD"),
        ("DM (250.00; 250.02)", "DM"),
        ("Gout (M10.9 | I10)", "Gout"),
        ("Fall (W19, E888.9)", "Fall"),
        ("Fracture (T12, L1)", "Fracture (T12, L1)"),
        ("PE (HCC)", "PE"),
        ("COPD (CMS/HCC)", "COPD"),
        ("obesity (hcc)", "obesity"),
        ("Fever (finding)", "Fever"),
        ("Hip fracture (disorder) [S72.0]", "Hip fracture"),
        ("Gout (disorder) (HCC)", "Gout"),
        ("Finding (x)", "Finding (x)"),
        ("copd (cms/hcc)", "copd"),
        ("gout [m10.9]", "gout"),
        ("gout (e79.0)", "gout"),
        ("[D]PE* [I26.99]", "PE"),
        ("Pneumonia (J18.9)", "Pneumonia"),
        ("Asthma (ICD-10-CM: J45.909) (SCT 195967001)", "Asthma"),
        ("E11.9 - Type 2 DM", "Type 2 DM"),
        ("E11.9 Type 2 DM", "Type 2 DM"),
        ("250.00: Type 2 DM", "Type 2 DM"),
        ("I10 - HTN", "HTN"),
        ("I10 – HTN", "HTN"),
        ("I10 — HTN", "HTN"),
        ("HTN - I10", "HTN"),
        ("Gout - M10.9", "Gout"),
        ("Wrist sprain (S63.501A)", "Wrist sprain"),
        ("DM (250.00)", "DM"),
        ("Fall (E888.9)", "Fall"),
        ("Visit (V76.1)", "Visit"),
        ("Gout (123456)", "Gout"),
        ("Gout, ICD-10: M10.9", "Gout"),
        ("Gout ICD10-CM M10", "Gout"),
        ("Gout; SNOMED CT 90560007", "Gout"),
        ("Spotol 5 mg [NDC 00093-1048-01]", "Spotol 5 mg"),
        ("Glucose (LOINC 2345-7)", "Glucose"),
        ("zz Gout", "Gout"),
        ("ZZ_Gout", "Gout"),
        ("[SO]PE", "PE"),
        ("[EC]PE", "PE"),
        ("zzGout", "Gout"),
        ("ZZZ_Gout (do not use)", "Gout"),
        ("Gout - DO NOT USE", "Gout"),
        ("- MS*", "MS"),
        ("?PE", "PE"),
        ("? gout (HCC)", "gout"),
        ("PE?", "PE"),
        ("??", "??"),
        ("#HTN", "HTN"),
        ("#2 HTN", "HTN"),
        ("#1: HTN", "HTN"),
        ("#1) HTN", "HTN"),
        ("1) HTN", "HTN"),
        ("1. HTN", "HTN"),
        ("(12) HTN", "HTN"),
        ("HTN.", "HTN"),
        ("HTN; ", "HTN"),
        ("HTN:", "HTN"),
        ("HTN .", "HTN"),
        ("HTN (HCC) .", "HTN"),
        ("HTN ; (2017)", "HTN"),
        ("DVT*;", "DVT"),
        (";", ";"),
        ("• HTN", "HTN"),
        ("HTN, DM.", "HTN, DM"),
        ('"HTN"', "HTN"),
        ("“HTN”", "HTN"),
        ("(HTN)", "HTN"),
        ("Arthritis²", "Arthritis"),
        # A fracture, where what is behind it is a bone and no problem.
        ("# left wrist", "left wrist fracture"),
        ("#L wrist", "L wrist fracture"),
        ("#NOF", "neck of femur fracture"),
        ("#NOF.", "neck of femur fracture"),
        # The first line of a file that begins with a byte-order mark.
        ("\ufeff#NOF", "neck of femur fracture"),
        ("\ufeff?UTI", "UTI"),
        ("# R NOF 2019", "R neck of femur fracture 2019"),
        ("#NOF, 1998", "neck of femur fracture, 1998"),
        ("#5th metacarpal", "5th metacarpal fracture"),
        ("#1st toe", "1st toe fracture"),
        ("#distal radius", "distal radius fracture"),
        ("#HIP", "HIP fracture"),
        ("# back pain", "# back pain"),
        ("PE (2017)", "PE"),
        ("PE, 2017", "PE"),
        ("PE (dx 2017)", "PE"),
        ("PE since 2017", "PE"),
        ("PE in 1998", "PE"),
        ("PE, dx'd 2017", "PE"),
        ("PE diagnosed in 2017", "PE"),
        ("CHF (EF 25%)", "CHF"),
        ("CKD (eGFR 22) (HCC)", "CKD"),
        ("CHF (EF)", "CHF (EF)"),
        ("DM (type 2)", "DM (type 2)"),
        ("(EF 25%)", "(EF 25%)"),
        ("Consensus of 2017", "Consensus of 2017"),
        ("coronavirus disease 2019", "coronavirus disease 2019"),
        ("Gout† (HCC)", "Gout"),
        ("Gout†‡", "Gout"),
        ("1. Gout, ICD-10: M10.9 [M10.9] (HCC) (dx 2017)", "Gout"),
        # These may be meant.
        ("C.O.P.D.", "C.O.P.D."),
        ("H. pylori", "H. pylori"),
        ("1.5 cm mass", "1.5 cm mass"),
        ("5 mg", "5 mg"),
        ("44 cm²", "44 cm²"),
        ("5 m/sec²", "5 m/sec²"),
        ("Gout (12345)", "Gout (12345)"),
        ("T12 - fracture", "T12 - fracture"),
        ("Deficiency - B12", "Deficiency - B12"),
        ("T21 - trisomy", "T21 - trisomy"),
        ("C10: decanoylcarnitine", "C10: decanoylcarnitine"),
        ("(T12)", "(T12)"),
        ("(a) or (b)", "(a) or (b)"),
        ("Fracture (T12)", "Fracture (T12)"),
        ("Deficiency (B12)", "Deficiency (B12)"),
        ("BMI - 30.5", "BMI - 30.5"),
        ("Removal of ICD 2018", "Removal of ICD 2018"),
        ("Presence of ICD, SCT", "Presence of ICD, SCT"),
        ("ZZ phenotype", "ZZ phenotype"),
        ("Tuberculosis - inactive", "Tuberculosis - inactive"),
        ("F10.5 mg", "F10.5 mg"),
        ("-ve RF", "-ve RF"),
        ("K+", "K+"),
        ("HIV [HIV] disease", "HIV [HIV] disease"),
        ("BMI (30.5)", "BMI (30.5)"),
        ("[I10]", "[I10]"),
        ("**", "**"),
        # Blanks alone are nothing that a list says.
        (" Gout", " Gout"),
        ("\tGout \n", "\tGout \n"),
        ("\t* Gout \n", "Gout"),
        ("", ""),
    ],
)
def test_what_lists_write_around_a_term_is_no_part_of_it(term: str, asked: str) -> None:
    assert unmarked(term) == asked


def test_link_looks_up_what_is_left_and_keeps_the_mention(tmp_path: Path) -> None:
    index = build(
        tmp_path / "index",
        [
            concept("T:1", "Hypertension"),
            concept("T:2", "Deep venous thrombosis"),
            concept("T:3", "B"),
        ],
    )
    coded, marked, plain = Linker(index, encoder=FakeEncoder()).link(
        ["Hypertension [I10]", "DVT*", "Hypertension"]
    )
    assert (coded.concept_id, coded.probability) == ("T:1", plain.probability)
    assert (coded.mention.start, coded.mention.end, coded.mention.text) == (
        0,
        18,
        "Hypertension [I10]",
    )
    assert coded.why[0] == "looked up as 'Hypertension'"
    assert marked.concept_id == "T:2"
    assert plain.mention.long_form is None


def test_a_name_of_the_house_is_looked_up_as_it_stands(tmp_path: Path) -> None:
    index = build(tmp_path / "index", [concept("T:1", "Gout"), concept("T:2", "Asthma")])
    local = tmp_path / "local.csv"
    local.write_text("concept_id,name\nT:2,gout (hcc)\n")
    overlay_index(index.path, [local], encoder=FakeEncoder())
    link = Linker.load(index.path, encoder=FakeEncoder()).link(["Gout (HCC)"])[0]
    assert (link.concept_id, link.mention.long_form) == ("T:2", None)

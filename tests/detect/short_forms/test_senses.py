"""Ambiguous abbreviations by the words around them."""

from __future__ import annotations

import time
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.checked import read_toml
from linker.detect.short_forms.senses import sense_of
from linker.detect.short_forms.shorthand import is_abbreviation, stands_for


@pytest.mark.parametrize(
    ("text", "short", "long_form"),
    [
        ("RA on methotrexate for years", "RA", "rheumatoid arthritis"),
        ("RA  on  methotrexate", "RA", "rheumatoid arthritis"),
        ("K  40  mEq", "K", None),
        ("O2 sat 98% RA", "RA", ""),
        ("PMH:\nRA, gout", "RA", "rheumatoid arthritis"),
        ("98% RA", "RA", ""),
        ("keep SBP >120", "SBP", ""),
        # Another line, too far away, or within a word.
        ("on methotrexate\nRA", "RA", None),
        (f"methotrexate {'x' * 80} RA", "RA", None),
        (f"methotrexate {'x' * 60} RA", "RA", "rheumatoid arthritis"),
        ("RA, unsat", "RA", None),
        ("CTA showed a saddle PE.", "PE", "pulmonary embolism"),
        ("PE: HEENT normal", "PE", ""),
        ("PE tubes in both ears", "PE", ""),
        ("relapsing-remitting MS, followed by neurology", "MS", "multiple sclerosis"),
        ("rheumatic MS with a diastolic murmur", "MS", "mitral stenosis"),
        ("MS contin 15 mg", "MS", ""),
        ("throbbing HA with photophobia", "HA", "headache"),
        ("Denies HA, visual change, SOB", "HA", "headache"),
        ("a son with ADD", "ADD", "attention deficit disorder"),
        ("PLEASE ADD THE DRUG", "ADD", ""),
        ("ECHO: EF 60%, mild MR", "MR", "mitral regurgitation"),
        ("MR brain with contrast", "MR", ""),
        ("cirrhosis with ascites, SBP prophylaxis", "SBP", "spontaneous bacterial peritonitis"),
        ("SBP 120 mmHg", "SBP", ""),
        ("Neck: supple, no LAD", "LAD", "lymphadenopathy"),
        ("stent to the proximal LAD", "LAD", ""),
        ("Labs: Na 128, K 3.2, Cr 2.1", "K", "potassium"),
        ("Labs: Na 128, K 3.2, Cr 2.1", "Na", "sodium"),
        ("Na: 128", "Na", "sodium"),
        ("Hb of 9.8 g/dL", "Hb", "hemoglobin"),
        ("VS: T 38.9, HR 120, RR 22", "T", "body temperature"),
        ("VS: T 38.9, HR 120, RR 22", "HR", "heart rate"),
        ("WBC 12,300, UA pending", "WBC", "white blood cell count"),
        ("urine: WBC 5-10/hpf", "WBC", "white blood cells"),
        ("K 40 mEq by mouth", "K", None),
        ("Mg 2 g IV", "Mg", None),
        ("20 K 3", "K", None),
        ("T 2 weighted images", "T", None),
        ("seen on Ca 15-3", "Ca", None),
        ("HCT 36, Hgb 12", "HCT", "hematocrit"),
        ("Diovan HCT 80/12.5", "HCT", ""),
        ("Diovan HCT 40 mg/25 mg daily", "HCT", ""),
        ("Labs: Mg 2 mg/dL", "Mg", "magnesium"),
        ("severe stenosis on the MR myelogram", "MR", None),
        ("ESRD on HD", "HD", "hemodialysis"),
        ("PT 14.2, INR 1.3", "PT", "prothrombin time"),
        ("PT and OT daily", "PT", ""),
        ("lungs CTA bilaterally", "CTA", ""),
        ("CTA of the chest", "CTA", "computed tomography angiography"),
        ("PPD negative last year", "PPD", "tuberculin test"),
        ("smokes 1 PPD", "PPD", ""),
        ("ACE wrap applied", "ACE", ""),
        ("cycles of CVP", "CVP", ""),
        ("MS", "MS", None),
        ("RA\non another line: methotrexate", "RA", None),
        ("PT to evaluate", "PT", None),
        ("COPD on oxygen", "COPD", None),
    ],
)
def test_the_words_around_an_abbreviation_decide(
    text: str, short: str, long_form: str | None
) -> None:
    start = text.index(short)
    assert sense_of(text, start, start + len(short)) == long_form


@pytest.mark.parametrize(
    ("text", "short", "long_form"),
    [
        ("hx of CVA, abdomen without tenderness", "CVA", "cerebrovascular accident"),
        ("No CVA tenderness.", "CVA", "costovertebral angle"),
        ("no CVA or flank tenderness", "CVA", "costovertebral angle"),
        ("No tenderness of the CVA.", "CVA", "costovertebral angle"),
        ("an unstable OCD lesion of the knee", "OCD", "osteochondritis dissecans"),
        ("OCD on fluvoxamine", "OCD", "obsessive compulsive disorder"),
        ("denies CP, SOB", "CP", "chest pain"),
        ("CP", "CP", "chest pain"),
        ("CP since birth, g-tube", "CP", "cerebral palsy"),
        ("mass in the CP angle", "CP", ""),
        ("DDD of the lumbar spine", "DDD", "degenerative disc disease"),
        ("DDD mode, base rate of 60", "DDD", ""),
        ("OA of both knees", "OA", "osteoarthritis"),
        ("delivered from OA position", "OA", ""),
        ("ASD with a left-to-right shunt", "ASD", "atrial septal defect"),
        ("ASD, nonverbal, in ABA", "ASD", "autism spectrum disorder"),
        ("orthopnea or PND", "PND", "paroxysmal nocturnal dyspnea"),
        ("rhinorrhea, PND, sore throat", "PND", "postnasal drip"),
        ("HF HE HAdd HAbd KF KE AF AE", "HF", ""),
        ("HF HE HAdd HAbd KF KE AF AE", "AF", ""),
        ("Robitussin DM prn", "DM", ""),
        ("DM, HTN", "DM", "diabetes mellitus"),
        ("WAS HIT BY A CAR", "HIT", ""),
        ("PE and HIT, on argatroban", "HIT", "heparin induced thrombocytopenia"),
        ("CAP refill under 2 s", "CAP", ""),
        ("VF by confrontation", "VF", ""),
        ("VF arrest", "VF", "ventricular fibrillation"),
        ("The LAD was a large and long vessel with no disease", "LAD", ""),
        ("EDS with snoring, Epworth 16", "EDS", "excessive daytime sleepiness"),
        ("EDS", "EDS", "Ehlers-Danlos syndrome"),
        ("took a TCA overdose, QRS 110", "TCA", "tricyclic antidepressant"),
        ("TCA peel of two lesions", "TCA", "trichloroacetic acid"),
        ("started a TCA", "TCA", None),
        ("latent TB, nine months of INH", "INH", "isoniazid"),
        ("albuterol INH 2 puffs prn", "INH", ""),
        ("asthma, on a daily ICS and LABA", "ICS", "inhaled corticosteroid"),
        ("chest tube in the 5th ICS", "ICS", ""),
        ("NPH 12 units qhs", "NPH", "NPH insulin"),
        ("shuffling gait and dementia, ?NPH", "NPH", "normal pressure hydrocephalus"),
        ("Crohn's on AZA and infliximab", "AZA", "azathioprine"),
        ("MDS after 4 cycles of AZA", "AZA", "azacitidine"),
        ("CTX and azithro for pneumonia", "CTX", "ceftriaxone"),
        ("lupus nephritis, CTX monthly", "CTX", "cyclophosphamide"),
        ("closed with interrupted CTX sutures", "CTX", ""),
        ("DES to the mid LAD", "DES", "drug-eluting stent"),
        ("DES exposure in utero", "DES", "diethylstilbestrol"),
        ("ETT 3 cm above the carina", "ETT", "endotracheal tube"),
        ("ETT negative for ischemia", "ETT", "exercise tolerance test"),
        ("CEA 4.2", "CEA", "carcinoembryonic antigen"),
        ("s/p left CEA for carotid stenosis", "CEA", "carotid endarterectomy"),
        ("HIV, CD4 210, not on ART", "ART", "antiretroviral therapy"),
        ("AED levels drawn, no seizures", "AED", "antiepileptic drug"),
        ("AED gave two shocks", "AED", ""),
        ("twins conceived via IVF", "IVF", "in vitro fertilization"),
        ("2 L IVF bolus", "IVF", ""),
        ("LH and FSH were normal", "LH", "luteinizing hormone"),
        ("folate, thiamine, MVI daily", "MVI", "multivitamin"),
        ("2% lidocaine with epi", "epi", "epinephrine"),
        ("epi tenderness", "epi", ""),
        ("dig level 1.2", "dig", "digoxin"),
        ("had to dig it out", "dig", ""),
        ("dex 6 mg for covid", "dex", "dexamethasone"),
        ("chest pain relieved by SL nitro", "nitro", "nitroglycerin"),
        ("reduction of the nitro group", "nitro", ""),
        ("pred forte OS", "pred", "prednisolone acetate"),
        ("pred 40 mg taper", "pred", "prednisone"),
        ("on ASA, statin, BB", "BB", "beta blocker"),
        ("shot by a BB gun", "BB", ""),
        ("entered with sharp mets", "mets", ""),
        ("lung cancer, mets to bone", "mets", "metastases"),
        ("MG crisis, given IVIG", "MG", "myasthenia gravis"),
        ("take 25 MG PO daily", "MG", ""),
        ("IgG kappa MM on Velcade", "MM", "multiple myeloma"),
        ("preterm infant with NEC stage II", "NEC", "necrotizing enterocolitis"),
        ("SJS/TEN from lamotrigine", "TEN", "toxic epidermal necrolysis"),
        ("TAH/BSO for fibroids", "TAH", "total abdominal hysterectomy"),
        ("No CVA  tenderness", "CVA", "costovertebral angle"),
        ("XYZ", "XYZ", None),
    ],
)
def test_the_table_has_what_is_meant_else(text: str, short: str, long_form: str | None) -> None:
    start = text.index(short)
    assert stands_for(text, start, start + len(short)) == long_form


def test_every_entry_is_an_abbreviation_of_the_table() -> None:
    data = read_toml(resources.files("linker.detect.short_forms") / "data/senses.toml")
    assert len(data) > 20
    for short in data:
        assert is_abbreviation(short), short


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_some_answer(before: str, after: str) -> None:
    text = f"{before} RA {after}"
    assert sense_of(text, len(before) + 1, len(before) + 3) in (None, "", "rheumatoid arthritis")


def test_a_wide_gap_behind_an_abbreviation_takes_no_time() -> None:
    begin = time.process_time()
    assert sense_of(f"K{' ' * 2_000}3.2", 0, 1) == "potassium"
    assert sense_of(f"K{' ' * 2_000}x", 0, 1) is None
    assert time.process_time() - begin < 2  # Under 1 ms; where three may share the blanks, 50 s.

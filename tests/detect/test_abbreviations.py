"""Short forms that a note defines, those of clinical usage, and mentions with their long forms."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.detect.abbreviations import (
    clinical_long_form,
    defined_in,
    expand,
    is_abbreviation,
)
from linker.schema import Mention


def pairs(text: str) -> list[tuple[str, str]]:
    found = defined_in(text)
    for short in found:
        assert " ".join(text[short.long_start : short.long_end].split()) == short.long_form
    assert [s.start for s in found] == sorted({s.start for s in found})
    return [(text[short.start : short.end], short.long_form) for short in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "He has obstructive sleep apnea (OSA). OSA is bad.",
            [("OSA", "obstructive sleep apnea")] * 2,
        ),
        ("CHF (congestive heart failure).", [("CHF", "congestive heart failure")]),
        (
            "recurrent urinary tract infections (UTIs); a UTI now",
            [("UTIs", "urinary tract infections"), ("UTI", "urinary tract infections")],
        ),
        (
            "urinary tract infection (UTI), no UTIs",
            [("UTI", "urinary tract infection"), ("UTIs", "urinary tract infection")],
        ),
        ("nausea and vomiting (N/V)", [("N/V", "nausea and vomiting")]),
        ("type 2 diabetes mellitus (T2DM)", [("T2DM", "type 2 diabetes mellitus")]),
        (
            "multidrug-resistant tuberculosis (MDR-TB); MDR-TB",
            [("MDR-TB", "multidrug-resistant tuberculosis")] * 2,
        ),
        # A comma must not shift the first word: scispaCy counts it as if a space stood before it.
        (
            "non-ST elevation, myocardial infarction (NSTEMI)",
            [("NSTEMI", "non-ST elevation, myocardial infarction")],
        ),
        # A wrapped line goes on; and the long form has single spaces.
        (
            "The patient was seen in the clinic for follow up of her known systemic\n"
            "lupus erythematosus (SLE).",
            [("SLE", "systemic lupus erythematosus")],
        ),
        ("\ud800heart failure (HF)\x00HF", [("HF", "heart failure")] * 2),
        ("OSA: he has obstructive sleep apnea (OSA)", [("OSA", "obstructive sleep apnea")] * 2),
        # Part of another word is no occurrence.
        ("heart failure (HF); HFrEF, HF_1, xHF", [("HF", "heart failure")]),
        # The last definition counts.
        (
            "mitral stenosis (MS), MS. Now multiple sclerosis (MS), MS",
            [("MS", "mitral stenosis")] * 2 + [("MS", "multiple sclerosis")] * 2,
        ),
    ],
)
def test_short_forms_that_a_note_defines(text: str, expected: list[tuple[str, str]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no parenthesis: heart failure, HF",
        "left arm (L)",
        "see the above entry (see above)",
        "two centimetres (2 cm)",
        "January visit (JAN)",
        "on the first (01/02/2010)",
        "neoplasm of skin (NOS)",
        "Lasix for edema (furosemide)",
        "left lower lobe (left)",
        "LEFT EYE GLAUCOMA, FAR TERMINAL (LEFT)",
        "He had heart. Failure (HF)",  # Another sentence.
        "Heart\n\nfailure (HF)",  # Another section.
        "- heart\n- failure (HF)",  # Another list item.
        "negative (NEG)",
        "(HF)",
        "()(((",
        "",
    ],
)
def test_what_defines_nothing(text: str) -> None:
    assert pairs(text) == []


def test_no_state_passes_from_note_to_note() -> None:
    one, two = "heart failure (HF). HF.", "hay fever (HF). HF."
    alone = defined_in(two)
    defined_in(one)
    assert defined_in(two) == alone
    assert pairs("HF (") == []


@given(st.text(alphabet=st.sampled_from("HF hfeartilu().\n\r\ud800🙂s-/"), max_size=60))
@settings(max_examples=300, deadline=None)
def test_offsets_slice_back(text: str) -> None:
    for short, long_form in pairs(f"{text} heart failure (HF) {text}"):
        assert short
        assert long_form


@pytest.mark.parametrize("unit", ["heart failure (HF) and HF ", "(", "() (AB) "])
def test_a_long_note_takes_seconds(unit: str) -> None:
    text = unit * (500_000 // len(unit))
    start = time.process_time()
    defined_in(text)
    assert time.process_time() - start < 20  # About 2 s; one core of a busy machine.


def test_expand_gives_long_forms_and_adds_what_was_missed() -> None:
    text = "Atrial fibrillation (AF) and AF again, no rAF or fever. AF ablation."
    mentions = [
        Mention(0, 19, text[0:19], label="X"),
        Mention(29, 31, "AF", label="X"),
        Mention(49, 54, "fever"),
        Mention(56, 67, "AF ablation"),
    ]
    expanded = expand(text, mentions)
    assert [(m.start, m.end, m.label, m.long_form) for m in expanded] == [
        (0, 19, "X", None),
        (21, 23, "", "Atrial fibrillation"),
        (29, 31, "X", "Atrial fibrillation"),
        (49, 54, "", None),
        (56, 67, "", None),  # What holds a short form is left as it is.
    ]


def test_expand_takes_what_the_note_does_not_define_from_the_table() -> None:
    mentions = [Mention(0, 3, "SOB"), Mention(5, 9, "mild")]
    expected = [replace(mentions[0], long_form="shortness of breath"), mentions[1]]
    assert expand("SOB (mild)", mentions) == expected


def test_the_table_is_silent_on_what_the_note_puts_in_parentheses() -> None:
    text = "Myotonic dystrophy (DM) runs in the family. DM was tested."
    mentions = [Mention(44, 46, "DM")]
    assert text[44:46] == "DM"
    assert expand(text, mentions) == mentions
    assert expand("DM was tested.", [Mention(0, 2, "DM")])[0].long_form == "diabetes mellitus"


@pytest.mark.parametrize(
    ("short", "long_form"),
    [
        ("SOB", "shortness of breath"),
        ("sob", "shortness of breath"),
        ("s.o.b.", "shortness of breath"),
        ("Htn", "hypertension"),
        ("UTIs", "urinary tract infection"),
        ("PVCs", "premature ventricular contraction"),
        ("N/V", "nausea and vomiting"),
        ("DM  type 2", "type 2 diabetes mellitus"),
        ("AIDS", "acquired immunodeficiency syndrome"),
        ("aids", None),
        ("hit", None),
        ("MS", None),
        ("RA", None),
        ("pt", None),
        ("", None),
        ("fever", None),
    ],
)
def test_clinical_abbreviations(short: str, long_form: str | None) -> None:
    assert clinical_long_form(short) == long_form


def test_the_table_is_whole() -> None:
    source = resources.files("linker.detect") / "data/clinical_abbreviations.tsv"
    rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    assert len(rows) >= 300
    keys = [row["short"] if row["case"] == "exact" else row["short"].lower() for row in rows]
    assert len(keys) == len(set(keys))
    for row in rows:
        assert row["case"] in ("any", "exact")
        assert is_abbreviation(row["short"])
        assert row["long"] == row["long"].strip() != row["short"]
        # A row without a long form is an ambiguous one: it says of what.
        assert row["long"] or "," in row["note"]
        assert clinical_long_form(row["short"]) == (row["long"] or None)


def _mentions(text: str, *stretches: str) -> list[Mention]:
    found = []
    at = 0
    for stretch in stretches:
        at = text.index(stretch, at)
        found.append(Mention(at, at + len(stretch), stretch))
        at += len(stretch)
    return found


@pytest.mark.parametrize(
    ("text", "stretches", "long_form"),
    [
        ("Phlorizin (P) was given; P blocks it.", ("Phlorizin", "P", "P"), "Phlorizin"),
        ("given 17beta-estradiol (E2). E2 rose", ("17beta-estradiol", "E2"), "17beta-estradiol"),
        ("phenobarbital (PB: 15 mg)", ("phenobarbital", "PB"), "phenobarbital"),
        ("serum potassium (K)", ("potassium", "K"), "potassium"),
        ("tacrolimus (tac)", ("tacrolimus", "tac"), "tacrolimus"),
        ("contrast\nmedia (CM)", ("contrast\nmedia", "CM"), "contrast media"),
        ("contrast media (CM twice)", ("contrast media", "CM"), None),  # The bracket goes on.
        ("rash (PCN)", ("rash", "PCN"), None),
        ("seizures (absence)", ("seizures", "absence"), None),
        ("fever, cough (C)", ("fever", "C"), None),
    ],
)
def test_a_bracket_behind_a_mention_defines_the_mention_in_it(
    text: str, stretches: tuple[str, ...], long_form: str | None
) -> None:
    found = expand(text, _mentions(text, *stretches))
    assert [mention.long_form for mention in found[1:]] == [long_form] * (len(stretches) - 1)


def test_the_mention_before_the_bracket_may_hold_one_more_initial() -> None:
    text = "attenuated adenomatous polyposis coli (AAPC)"
    long, short = "attenuated adenomatous polyposis coli", "AAPC"
    assert expand(text, _mentions(text, long, short))[1].long_form == long
    text = "X-linked adrenoleukodystrophy (ALD)"
    found = expand(text, _mentions(text, "X-linked adrenoleukodystrophy", "ALD"))
    assert found[1].long_form == "adrenoleukodystrophy"


def mention(text: str, stretch: str, **more: str) -> Mention:
    start = text.index(stretch)
    return Mention(start, start + len(stretch), stretch, **more)


def test_a_short_form_without_a_mention_in_its_long_form_is_dropped_on_request() -> None:
    text = (
        "galactose phosphate uridyl transferase (GALT); GALT deficiency; acute liver failure (ALF)"
    )
    galt = mention(text, "GALT")
    failure = mention(text, "liver failure")
    given_back = expand(text, [galt, failure])
    assert [m.long_form for m in given_back if m.text == "GALT"] == [
        "galactose phosphate uridyl transferase"
    ] * 2
    kept = expand(text, [galt, failure], drop_undetected=True)
    assert [(m.text, m.long_form) for m in kept] == [
        ("liver failure", None),
        ("ALF", "acute liver failure"),
    ]


def test_what_induced_a_disease_is_not_looked_up() -> None:
    text = "heparin-induced thrombocytopenia (HIT). HIT"
    found = expand(text, [mention(text, "thrombocytopenia")], drop_undetected=True)
    assert [(m.text, m.long_form) for m in found] == [
        ("thrombocytopenia", None),
        ("HIT", "thrombocytopenia"),
        ("HIT", "thrombocytopenia"),
    ]


def test_expand_takes_mentions_that_overlap() -> None:
    text = "acute liver failure (ALF), ALF"
    overlapping = [mention(text, "acute liver failure"), mention(text, "liver failure")]
    found = expand(text, overlapping, drop_undetected=True)
    assert [(m.text, m.long_form) for m in found] == [
        ("acute liver failure", None),
        ("liver failure", None),
        ("ALF", "acute liver failure"),
        ("ALF", "acute liver failure"),
    ]


def test_the_letters_of_an_animal_model_name_no_disease() -> None:
    text = "collagen-induced arthritis (CIA). CIA"
    mentions = [Mention(17, 26, "arthritis")]
    assert [m.text for m in expand(text, mentions, drop_undetected=True)] == ["arthritis"]


def test_no_long_form_begins_with_of() -> None:
    assert defined_in("the onset of arthritis (OA). OA") == []

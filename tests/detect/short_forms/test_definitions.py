"""Short forms that a note defines."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.detect.short_forms.definitions import defined_in, parenthesised


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
        # More may stand in the bracket.
        ("congestive heart failure (CHF, NYHA III)", [("CHF", "congestive heart failure")]),
        ("diethylstilbestrol (DES; 8-10 mg); DES", [("DES", "diethylstilbestrol")] * 2),
        ("coronary artery disease (CAD: three vessels)", [("CAD", "coronary artery disease")]),
        ("mutations of the gene (MTG, APC)", []),
        ("his blood was tested (BUN, ALT); abdominal pain (AP, lateral views)", []),
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
        (
            "multidrug-resistant tuberculosis (MDR-TB); MDR-TBX, MDR-TB_1",
            [("MDR-TB", "multidrug-resistant tuberculosis")],
        ),
        ("tender bones (TBs), a TB", [("TBs", "tender bones"), ("TB", "tender bones")]),
        # The full stop of an abbreviation ends no sentence.
        ("known St. Louis encephalitis (SLE)", [("SLE", "St. Louis encephalitis")]),
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
        "HIV infection (HIV)",  # The long form holds it.
        "part A b (AB)",  # Hardly longer.
        "alpha 12 (A12)",  # Mostly digits.
        "Of arthritis (OA)",
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


def test_no_long_form_begins_with_of() -> None:
    assert defined_in("the onset of arthritis (OA). OA") == ()


def test_what_stands_alone_in_parentheses_and_may_be_a_short_form() -> None:
    text = (
        "failure (HF), diabetes ( DM ), obesity (HCC), seen (febrile; Crohn's), was (Crohn's) (C)"
    )
    assert parenthesised(text) == {"HF", "DM", "febrile; Crohn's"}

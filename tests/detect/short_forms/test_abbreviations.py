"""Mentions with the long forms of the short ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linker.detect.short_forms.abbreviations import expand
from linker.schema import Mention


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
        (56, 67, "", "Atrial fibrillation ablation"),
    ]


def test_full_width_brackets_define_too() -> None:
    text = "Atrial fibrillation（ＡＦ）. ＡＦ again"
    assert [(m.start, m.text, m.long_form) for m in expand(text, [Mention(0, 19, text[:19])])] == [
        (0, "Atrial fibrillation", None),
        (20, "ＡＦ", "Atrial fibrillation"),
        (25, "ＡＦ", "Atrial fibrillation"),
    ]


def test_expand_takes_what_the_note_does_not_define_from_the_table() -> None:
    mentions = [Mention(0, 3, "SOB"), Mention(5, 9, "mild")]
    expected = [replace(mentions[0], long_form="shortness of breath"), mentions[1]]
    assert expand("SOB (mild)", mentions) == expected


def test_what_is_no_finding_where_it_stands_has_no_long_form() -> None:
    mentions = [Mention(11, 13, "RA")]
    assert expand("O2 sat 98% RA", mentions) == mentions


def test_the_table_is_silent_on_what_the_house_has_a_name_for() -> None:
    mentions = [Mention(0, 3, "SOB"), Mention(5, 8, "HTN")]
    expected = [mentions[0], replace(mentions[1], long_form="hypertension")]
    assert expand("SOB, HTN", mentions, local={"sob": frozenset({1})}) == expected


def test_the_table_is_silent_on_what_the_note_puts_in_parentheses() -> None:
    text = "Myotonic dystrophy (DM) runs in the family. DM was tested."
    mentions = [Mention(44, 46, "DM")]
    assert text[44:46] == "DM"
    assert expand(text, mentions) == mentions
    assert expand("DM was tested.", [Mention(0, 2, "DM")])[0].long_form == "diabetes mellitus"


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
        ("serotonin inhibitor (Sertraline)", ("serotonin inhibitor", "Sertraline"), None),
        ("CALCIUM BLOCKER (CARDIZEM)", ("CALCIUM BLOCKER", "CARDIZEM"), None),
        ("chronic pain (Pancreatitis)", ("chronic pain", "Pancreatitis"), None),
        ("Atorvastatin (Ato)", ("Atorvastatin", "Ato"), "Atorvastatin"),
        ("phlorizin(P)", ("phlorizin", "P"), "phlorizin"),
        ("Potassium (K) rose", ("Potassium", "K"), "Potassium"),
        ("tacrolimus (tacr)", ("tacrolimus", "tacr"), "tacrolimus"),
        ("paracetamol (pac)", ("paracetamol", "pac"), "paracetamol"),
        # Small letters that do not begin it, or are too many.
        ("paracetamol (pcm)", ("paracetamol", "pcm"), None),
        ("tacrolimus (tac-2)", ("tacrolimus", "tac-2"), None),
        # Ten characters at most, without a blank, and fewer than it has.
        (
            "vitamin substances (V12345678a)",
            ("vitamin substances", "V12345678a"),
            "vitamin substances",
        ),
        ("vitamin substances (V12345678ab)", ("vitamin substances", "V12345678ab"), None),
        ("vitamin substances (V 2)", ("vitamin substances", "V 2"), None),
        ("serum K (Kal)", ("K", "Kal"), None),
        ("the XYZ (XZY)", ("XYZ", "XZY"), None),
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
    first = f"A{text[1:]}"
    assert expand(first, _mentions(first, f"A{long[1:]}", short))[1].long_form == f"A{long[1:]}"
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


def test_a_mention_in_front_of_a_long_form_or_a_mere_proposal_is_not_its_head() -> None:
    text = "galactose phosphate uridyl transferase (GALT)"
    first = mention(text, "galactose")
    assert expand(text, [first], drop_undetected=True) == [first]
    proposed = replace(mention(text, "uridyl transferase"), proposed=True)
    assert expand(text, [proposed], drop_undetected=True) == [proposed]


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("heparin-induced thrombocytopenia (HIT). HIT", "thrombocytopenia"),
        ("Heparin-Induced Thrombocytopenia (HIT). HIT", "Thrombocytopenia"),
        (
            "She was seen in this clinic today for what may be her known heparin-induced\r\n"
            "thrombocytopenia (HIT). HIT",
            "thrombocytopenia",
        ),
    ],
)
def test_what_induced_a_disease_is_not_looked_up(text: str, head: str) -> None:
    found = expand(text, [mention(text, head)], drop_undetected=True)
    assert [(m.text, m.long_form) for m in found] == [(head, None), ("HIT", head), ("HIT", head)]


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

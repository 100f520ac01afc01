"""Words that a note writes in two pieces, and the terminology in one."""

from __future__ import annotations

import pytest
from cases import build, concept
from hypothesis import given
from hypothesis import strategies as st

from linker.detect import DictionaryMatcher
from linker.detect.dictionary.joined import in_one_word, is_prefixed, joined_in

CONCEPTS = [
    concept("J:1", "Productive cough"),
    concept("J:2", "Nonproductive cough"),
    concept("J:3", "Postherpetic neuralgia"),
    concept("J:4", "Neuralgia"),
    concept("J:5", "Diabetes mellitus", "diabetes"),
    concept("J:6", "Prediabetes"),
    concept("J:7", "Hodgkin lymphoma"),
    concept("J:8", "Non-Hodgkin lymphoma"),
    concept("J:9", "Bilious vomiting"),
    concept("J:10", "Vomiting"),
    concept("J:11", "Nausea"),
    concept("J:12", "Gastro-esophageal reflux disease"),
    concept("J:13", "Post-traumatic stress disorder"),
    concept("J:14", "Pre-eclampsia"),
    concept("J:15", "Gallbladder stones"),
    concept("J:16", "Bladder stones"),
    concept("J:17", "Heartburn"),
    concept("J:18", "Burn"),
    concept("J:19", "Headache"),
    concept("J:20", "Pain", "Ache"),
    concept("J:21", "Dizziness"),
    concept("J:22", "Microcephaly"),
    concept("J:23", "Short stature"),
    concept("J:24", "Bladder cancer"),
    concept("J:25", "Nonspecific interstitial changes of either lung with chest pain"),
]


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> DictionaryMatcher:
    return DictionaryMatcher(build(tmp_path_factory.mktemp("joined") / "index", CONCEPTS))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a productive cough", [("productive cough", None)]),
        ("a non-productive cough", [("non-productive cough", "nonproductive cough")]),
        ("Post-herpetic neuralgia", [("Post-herpetic neuralgia", "Postherpetic neuralgia")]),
        ("post-surgical neuralgia", [("neuralgia", None)]),
        ("pre-diabetes", [("pre-diabetes", "prediabetes")]),
        ("known diabetes", [("diabetes", None)]),
        ("non-Hodgkin lymphoma", [("non-Hodgkin lymphoma", None)]),
        ("non Hodgkin lymphoma", [("non Hodgkin lymphoma", None)]),
        ("Hodgkin lymphoma", [("Hodgkin lymphoma", None)]),
        # Neither of what the prefix denies.
        ("non-bilious vomiting", [("vomiting", None)]),
        ("anti-nausea medication", []),
        ("none - nausea", [("nausea", None)]),
        ("non - nausea", [("nausea", None)]),
        # In one word in the note, and hyphened in the terminology.
        (
            "gastroesophageal reflux disease",
            [("gastroesophageal reflux disease", "gastro-esophageal reflux disease")],
        ),
        ("GERD", [("GERD", "gastro-esophageal reflux disease")]),
        ("PTSD", [("PTSD", "post-traumatic stress disorder")]),
        ("preeclampsia", [("preeclampsia", "pre-eclampsia")]),
    ],
)
def test_a_prefix_belongs_to_its_word(
    matcher: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gall bladder stones", [("gall bladder stones", "gallbladder stones")]),
        ("Gall-bladder stones", [("Gall-bladder stones", "Gallbladder stones")]),
        ("bladder stones", [("bladder stones", None)]),
        # No part of it is another organ's.
        ("a gall bladder cancer", []),
        ("heart burn, a burn", [("heart burn", "heartburn"), ("burn", None)]),
        ("Head ache and tooth ache", [("Head ache", "headache"), ("tooth ache", "pain")]),
        ("feels light headed", [("light headed", "Dizziness".lower())]),
        ("at the head, ache", [("ache", None)]),
        ("the overhead ache", [("ache", None)]),
    ],
)
def test_a_compound_in_two_words_is_one(
    matcher: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with micro-\ncephaly and", [("micro-\ncephaly", "microcephaly")]),
        ("his short stat-\r\n  ure,", [("short stat-\r\n  ure", "short stature")]),
        ("non\u2010productive cough", [("non\u2010productive cough", "nonproductive cough")]),
        ("non\u2011bilious vomiting", [("vomiting", None)]),
        ("anti\u2010nausea", []),
        ("a list -\nnausea", [("nausea", None)]),
        # Soft ones, which a reader sees at the end of a line only.
        (
            "known gall\u00adblad\u00adder stones",
            [("gall\u00adblad\u00adder stones", "gallbladder stones")],
        ),
        ("with micro\u00ad\nce\u00adphaly", [("micro\u00ad\nce\u00adphaly", "microcephaly")]),
        ("heart \u00adburn", [("burn", None)]),
    ],
)
def test_hyphens_of_typesetters(
    matcher: DictionaryMatcher, text: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(m.text, m.long_form) for m in matcher.detect([text])[0]] == expected


def test_offsets_are_those_of_the_note(matcher: DictionaryMatcher) -> None:
    text = "😀 A dry,\r\nnon-productive cough; " * 40 + "post-herpetic neuralgia"
    found = matcher.detect([text])[0]
    assert [text[m.start : m.end] for m in found] == [m.text for m in found]
    assert len(found) == 41
    assert found[-1].text == "post-herpetic neuralgia"


@given(st.text(alphabet="non-ati pre\r\n\u0335x.\u2010\u00adgl", max_size=200))
def test_stretches_are_as_long_as_what_they_stand_for(text: str) -> None:
    for begin, stretch in joined_in(text):
        own = text[begin : begin + len(stretch)]
        assert all(
            a == b or (a in "-\u2010\u00ad \r\n" and b == "\u0335")
            for a, b in zip(own, stretch, strict=True)
        )
        assert in_one_word(stretch) is not None
        # No word is cut: "tachycardia" is no "cardia".
        assert begin == 0 or text[begin - 1].isspace()


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("non-productive", "nonproductive"),
        ("Pre-renal", "Prerenal"),
        ("non-GI", None),  # letters, and no word
        ("well-known", None),
        ("xnon-productive", None),
        ("co-non-productive", None),
        ("non-5th", None),
        # At the end of a line, between small letters.
        ("cardi-\nac", "cardiac"),
        ("cardi- \n  ac", "cardiac"),
        ("vitamin-\nB12", None),
        ("x-\nray", None),
        ("low-\n- next", None),
    ],
)
def test_a_prefix_is_a_word_of_its_own_before_one(text: str, joined: str | None) -> None:
    assert [in_one_word(stretch) for _, stretch in joined_in(text)] == [joined] * bool(joined)


def test_what_is_far_from_a_prefix_is_left_out() -> None:
    text = f"{'a ' * 50}tachycardia non-productive cough {'b ' * 200}pre-renal"
    (first, near), (second, far) = joined_in(text)
    # From the first word within 60 code points of the hyphen on.
    assert (first, second) == (text.index("-") - 59, text.rindex("-") - 59)
    assert (near[:4], near[-4:]) == ("a a ", " b b")
    assert far.endswith("pre\u0335renal")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("non-", True), ("a non ", True), ("anti-", True), ("cannon-", False), ("post-", False)],
)
def test_what_a_prefix_makes_another_thing(text: str, expected: bool) -> None:
    assert is_prefixed(text + "fever", len(text)) is expected


def test_a_name_that_goes_over_the_end_of_what_is_looked_at_is_not_cut(
    matcher: DictionaryMatcher,
) -> None:
    # Sixty characters behind the hyphen end in the middle of "painted".
    text = "non-specific interstitial changes of either lung with chest painted walls"
    assert text[4:64].endswith("chest pain")
    assert matcher.detect([text]) == [[]]

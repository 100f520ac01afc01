"""Names that hold short forms which their note defines."""

from __future__ import annotations

import time

import pytest
from cases import build, concept, marked
from hypothesis import given
from hypothesis import strategies as st

from linker import Linker
from linker.detect import DictionaryMatcher, without_repeat
from linker.detect.short_forms.definitions import defined_in
from linker.detect.short_forms.restated import restated, restated_in
from linker.index import Index

CONCEPTS = [
    concept("R:1", "Glucose-6-phosphate dehydrogenase deficiency"),
    concept("R:2", "Central nervous system disease"),
    concept("R:3", "Adrenoleukodystrophy"),
    concept("R:4", "First degree atrioventricular block"),
    concept("R:5", "HIV infection", "human immunodeficiency virus infection"),
    concept("R:6", "Migraine headache"),
    concept("R:7", "Becker muscular dystrophy"),
    concept("R:8", "Duchenne muscular dystrophy"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("restated") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("note", "concepts"),
    [
        ("glucose-6-phosphate dehydrogenase (G6PD); [G6PD deficiency|X]", ["R:1"]),
        ("[glucose-6-phosphate dehydrogenase (G6PD) deficiency|X]", ["R:1"]),
        ("renal or [central nervous system (CNS) disease|X], and [CNS disease|X]", ["R:2", "R:2"]),
        ("borderline [first-degree atrioventricular (AV) block|X]", ["R:4"]),
        ("human immunodeficiency virus infection (HIVI)\n[HIVI infection|X]", ["R:5"]),
    ],
)
def test_a_name_with_a_short_form_in_it_is_found(
    index: Index, note: str, concepts: list[str]
) -> None:
    text, gold = marked(note)
    links = {link.mention.start: link.concept_id for link in Linker(index).annotate(text)}
    assert [links.get(start) for start, _ in gold] == concepts


@pytest.mark.parametrize(
    "text",
    [
        "glucose-6-phosphate dehydrogenase (G6PD) was low; G6PD",
        "glucose-6-phosphate dehydrogenase (G6PD), deficiency of iron",
        "glucose-6-phosphate dehydrogenase (G6PD). Deficiency of iron",
    ],
)
def test_letters_beside_other_words_are_no_name(index: Index, text: str) -> None:
    assert DictionaryMatcher(index).detect([text]) == [[]]


def test_no_name_goes_on_behind_the_bracket_of_another(index: Index) -> None:
    text = "Duchenne muscular dystrophy (DMD) and Becker muscular dystrophy"
    mentions = [m.text for m in DictionaryMatcher(index).detect([text])[0]]
    assert mentions == ["Duchenne muscular dystrophy", "Becker muscular dystrophy"]


def test_no_name_goes_over_a_comma_to_the_next(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = ("Adrenoleukodystrophy, X-linked", "Adrenoleukodystrophy, neonatal")
    index = build(
        tmp_path_factory.mktemp("comma") / "index",
        [concept(f"R:{i}", name) for i, name in enumerate(names)],
    )
    texts = [
        "Adrenoleukodystrophy (ALD): neonatal ALD, X-linked ALD.",
        "Adrenoleukodystrophy (ALD): suspected ALD, X-linked.",
    ]
    found = DictionaryMatcher(index).detect(texts)
    assert [[mention.text for mention in mentions] for mentions in found] == [
        ["neonatal ALD", "X-linked ALD"],
        [],
    ]


def test_over_a_bracket_a_name_has_its_own_order(tmp_path_factory: pytest.TempPathFactory) -> None:
    index = build(
        tmp_path_factory.mktemp("bracket") / "index",
        [concept("R:1", "Malignant nervous system tumor"), concept("R:2", "Tumor")],
    )
    matcher = DictionaryMatcher(index)
    texts = ["malignant nervous system (NS) tumor", "nervous system (NS) malignant tumor"]
    found = [[mention.text for mention in mentions] for mentions in matcher.detect(texts)]
    assert found == [["malignant nervous system (NS) tumor"], ["tumor"]]


def test_a_stretch_says_where_in_the_note_it_stands() -> None:
    text = "atrial fibrillation (AF) ablation; chronic AF ablation"
    whole = restated(text, 0, len(text), defined_in(text))
    assert whole is not None
    assert whole.text == ("atrial fibrillation ablation; chronic atrial fibrillation ablation")

    def stands(said: str, at: int = 0) -> str | None:
        start = whole.text.index(said, at)
        span = whole.span(start, start + len(said))
        return None if span is None else text[slice(*span)]

    assert stands("atrial fibrillation ablation") == "atrial fibrillation (AF) ablation"
    assert stands("chronic atrial fibrillation") == "chronic AF"
    last = whole.text.rindex("atrial")
    assert stands("fibrillation ablation", last) is None  # It begins within a long form.
    assert stands("atrial fibrillation", last) is None  # The short form alone.
    assert stands("chronic") is None


def test_a_bracket_that_opens_before_a_short_form_and_its_word_defines_nothing() -> None:
    text = "atrial fibrillation (AF); block (in AF) now"
    one = restated(text, 26, len(text), defined_in(text))
    assert one is not None
    assert one.text == "block (in atrial fibrillation) now"


def test_a_stretch_around_a_short_form_cuts_no_word() -> None:
    text = f"{'alpha ' * 40}atrial fibrillation (AF) block {'omega ' * 40}"
    (one,) = restated_in(text)
    before, said, behind = one.text.partition("atrial fibrillation block")
    assert said
    assert {*before.split()} == {"alpha"}
    assert {*behind.split()} == {"omega"}
    assert len(before) <= 100
    assert len(behind) <= 100


@pytest.mark.parametrize(
    ("long_form", "behind", "said"),
    [
        ("HIV infection", " infections", "HIV"),
        ("HIV infection", " in 2003", "HIV infection"),
        ("HIV infection", "", "HIV infection"),
        ("infection", " infection", "infection"),
    ],
)
def test_the_word_that_stands_behind_it_is_not_said_twice(
    long_form: str, behind: str, said: str
) -> None:
    assert without_repeat(long_form, behind) == said


_PIECES = ("atrial fibrillation (AF)", "AF", "block", "(", ")", ",", "\n", "😀", "é", ". ", " ")


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join))
def test_spans_are_those_of_the_note(text: str) -> None:
    for one in restated_in(text):
        for start in range(len(one.text)):
            for end in range(start + 1, len(one.text) + 1):
                span = one.span(start, end)
                if span is None:
                    continue
                begin, stop = span
                assert 0 <= begin < stop <= len(text)
                # What is no long form reads the same at both ends.
                if one.text.startswith("block", start):
                    assert text.startswith("block", begin)
                if one.text.endswith("block", 0, end):
                    assert text.endswith("block", 0, stop)


def test_a_long_note_of_short_forms_takes_time_by_its_length(index: Index) -> None:
    matcher = DictionaryMatcher(index)
    took = []
    for n in (2_000, 8_000):
        text = "central nervous system (CNS) " + "CNS disease and CNS " * n
        begin = time.process_time()
        found = matcher.detect([text])[0]
        took.append(time.process_time() - begin)
        assert len([mention for mention in found if mention.text == "CNS disease"]) == n
    assert took[1] < 12 * took[0] + 0.5


def test_a_wide_gap_before_a_short_form_takes_no_time() -> None:
    text = f"central nervous system (CNS); inflammatory{' ' * 150_000}active CNS disease"
    short_forms = defined_in(text)
    assert len(short_forms) == 2
    begin = time.process_time()
    one = restated(text, text.index("inflammatory"), len(text), short_forms)
    assert time.process_time() - begin < 5  # Some ms; where each blank may open a bracket, 20 s.
    assert one is not None
    assert " ".join(one.text.split()) == "inflammatory active central nervous system disease"

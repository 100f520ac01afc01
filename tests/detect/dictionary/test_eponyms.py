"""Diseases by the name alone of whom they are called after."""

from __future__ import annotations

import pytest
from cases import build, concept, marked, wide

from linker import Linker
from linker.detect import DictionaryMatcher
from linker.detect.dictionary.eponyms import called_after, is_person, is_surname
from linker.index import Index

CONCEPTS = [
    concept("E:1", "Crohn disease", "regional enteritis"),
    concept("E:2", "Graves disease", "Basedow disease"),
    concept("E:3", "Raynaud syndrome"),
    concept("E:4", "Sjögren syndrome"),
    concept("E:5", "Parkinson's disease"),
    concept("E:6", "Addison disease"),
    concept("E:7", "Colitis"),
    concept("E:8", "Hodgkin lymphoma"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("eponyms") / "index", CONCEPTS)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("Crohn's", "Crohn disease"),
        ("crohns", "Crohn disease"),
        ("CROHN’S", "Crohn disease"),
        ("Graves'", "Graves disease"),
        ("Grave's", "Graves disease"),
        ("Sjögren's", "Sjogren syndrome"),
        ("Ménière’s", "Meniere disease"),
        ("Wilms’", "Wilms tumor"),
    ],
)
def test_a_possessive_names_its_disease(word: str, first: str) -> None:
    assert called_after(word)[0] == first


@pytest.mark.parametrize("word", ["Crohn", "Smith's", "", "'", "s'", "disease's", "Parkinsonian"])
def test_other_words_name_none(word: str) -> None:
    assert called_after(word) == ()


@pytest.mark.parametrize(
    "note",
    [
        "She has [Crohn's|X] and lives alone.",
        "hx of [crohns|X], on infliximab",
        "PMH: [Graves'|X], [Raynaud’s|X]; [Sjögren's|X]",
        "Known [Addison's|X] on hydrocortisone.",
        "[Parkinson's|X] tremor",
        "[Parkinson's disease|X] and [Crohn's disease|X]",
        "[Crohn's|X] [colitis|X]",
        "Her [Graves'|X]\nwas treated in 2010",
    ],
)
def test_in_a_note_the_eponym_is_a_mention(index: Index, note: str) -> None:
    text, gold = marked(note)
    mentions = DictionaryMatcher(index).detect([text])[0]
    assert [mention.start for mention in mentions] == [start for start, _ in gold]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Crohn's note was read.",
        "lives in a Parkinson's unit",
        "the Crohn's Foundation",
        "Addison's mother came along.",
        "Spoke with Mrs. Addison's.",
        "he graves' nothing, the graves of the town, Graves was here",
        "non-Hodgkin's, non Hodgkin's",
        "Parkinson's-like",
        "Wegener's",
    ],
)
def test_a_person_and_a_place_are_none(index: Index, text: str) -> None:
    assert DictionaryMatcher(index).detect([text, wide(text)]) == [[], []]


def test_the_first_name_that_the_index_has_is_meant(index: Index) -> None:
    (mention,) = DictionaryMatcher(index).detect(["mild Raynaud's"])[0]
    assert (mention.text, mention.long_form) == ("Raynaud's", "Raynaud syndrome")


def test_a_term_alone_links_to_its_disease(index: Index) -> None:
    linker = Linker(index)
    found = [
        link.concept_id for link in linker.link(["Crohn's", "graves'", "raynauds", "Addisons"])
    ]
    assert found == ["E:1", "E:2", "E:3", "E:6"]


def test_a_person_is_one_at_the_ends_of_a_text() -> None:
    assert not is_person("Graves'", 0, 7)
    assert is_person("Graves' wife", 0, 7)


@pytest.mark.parametrize(
    ("text", "eponym", "expected"),
    [
        ("Dr. Crohn's", "Crohn's", True),
        ("non-Crohn's", "Crohn's", True),
        # The title is of another person.
        ("Dr. Lee: Crohn's", "Crohn's", False),
        # Whose name people bear: a capital, an apostrophe, and a whole word that is no thing.
        ("Addison's and HTN", "Addison's", False),
        ("Addison's andiron", "Addison's", True),
        ("Addison's, HTN", "Addison's", False),
        ("addison's, HTN", "addison's", True),
        ("Addisons, HTN", "Addisons", True),
    ],
)
def test_who_is_a_person(text: str, eponym: str, expected: bool) -> None:
    start = text.index(eponym)
    assert is_person(text, start, start + len(eponym)) is expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Dr. Burns", "Burns", True),
        ("Mrs Burns", "Burns", True),
        ("Miss Cold", "Cold", True),
        ("MS. Cold", "Cold", True),
        # At the end of a line.
        ("seen by Dr.\nBurns", "Burns", True),
        ("seen by Dr.\r\nBurns", "Burns", True),
        ("known MS.\nBurns", "Burns", False),
        ("Dr. burns", "burns", False),
        ("MS Fatigue", "Fatigue", False),
        ("Dr. Who. Burns", "Burns", False),
    ],
)
def test_who_is_called_by_a_surname(text: str, name: str, expected: bool) -> None:
    assert is_surname(text, text.index(name)) is expected

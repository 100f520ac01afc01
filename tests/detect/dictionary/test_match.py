"""Which of the stretches that may be names stay, and what of them is the mention."""

from __future__ import annotations

import pytest

from linker.detect.dictionary.match import Match, each_span, longest, mention_of


def test_more_words_stay_before_more_letters_and_those_before_what_is_earlier() -> None:
    two_words, long_word = Match(0, 8, 2, None, 1), Match(5, 20, 1, None, 2)
    assert longest([long_word, two_words]) == [two_words]
    short, longer = Match(0, 4, 1, None, 1), Match(2, 9, 1, None, 2)
    assert longest([short, longer]) == [longer]
    earlier, later = Match(0, 4, 1, None, 1), Match(3, 7, 1, None, 2)
    assert longest([later, earlier]) == [earlier]
    beside = Match(4, 8, 1, None, 3)
    assert longest([beside, earlier, later]) == [earlier, beside]
    assert longest([]) == []


def test_a_name_that_is_spelled_out_stays_before_what_letters_stand_for() -> None:
    letters, name = Match(0, 3, 1, "shortness of breath"), Match(0, 3, 1, None, 7)
    assert longest([letters, name]) == [name]
    assert [*each_span([letters, name])] == [name]
    # One match a span; those that overlap are all there.
    within = Match(1, 3, 1, None, 8)
    assert {*each_span([letters, within, name])} == {name, within}


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Crohn's", "Crohn's"),
        ("seizures'", "seizures"),
        ("seizures\u2019", "seizures"),
        ("exon 5'", "exon 5'"),
        ("'", "'"),
    ],
)
def test_an_apostrophe_behind_a_letter_is_no_part_of_a_mention(text: str, mention: str) -> None:
    found = mention_of(f"the {text}", Match(4, 4 + len(text), 1, "long form"))
    assert (found.start, found.text, found.long_form) == (4, mention, "long form")

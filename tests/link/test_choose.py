"""What of a note is shown: links that overlap, proposals, and findings with what is beside them."""

from __future__ import annotations

import pytest

from linker.link.choose import LEAST_PROPOSAL, Decided, shown, with_longer
from linker.schema import Candidate, Mention


def decided(
    start: int,
    end: int,
    concept_id: str | None,
    probability: float = 0.9,
    *,
    proposed: bool = False,
) -> Decided:
    """A mention and its one candidate, linked to it or turned down."""
    mention = Mention(start, end, "x" * (end - start), proposed=proposed)
    candidate = Candidate(concept_id or "X:9", "a name", "a name", 0.8, probability)
    return Decided(mention, concept_id, (candidate,))


def test_the_longest_link_is_shown() -> None:
    long, within, after = decided(0, 9, "A"), decided(3, 9, "B"), decided(10, 12, "C")
    assert shown([long, within, after], nested=False) == [long, after]
    assert shown([long, within, after], nested=True) == [long, within, after]


def test_what_links_stays_before_a_longer_mention_that_does_not() -> None:
    long, within = decided(0, 9, None), decided(3, 9, "B")
    assert shown([long, within], nested=False) == [within]
    assert shown([long, within], nested=True) == [within]
    # Alone, NIL is shown.
    assert shown([long], nested=True) == [long]


def test_what_is_found_stays_before_a_longer_proposal() -> None:
    proposal, found = decided(0, 9, "A", proposed=True), decided(3, 9, "B")
    assert shown([proposal, found], nested=False) == [found]


def test_a_proposal_that_links_stays_before_a_mention_that_does_not() -> None:
    proposal, found = decided(3, 9, "A", proposed=True), decided(0, 9, None)
    assert shown([found, proposal], nested=False) == [proposal]


@pytest.mark.parametrize(
    ("concept_id", "probability", "is_shown"),
    [("A", LEAST_PROPOSAL, True), ("A", 0.69, False), (None, 0.9, False)],
)
def test_a_proposal_is_shown_from_a_probability_on_if_it_links(
    concept_id: str | None, probability: float, is_shown: bool
) -> None:
    proposal = decided(0, 9, concept_id, probability, proposed=True)
    assert shown([proposal], nested=False) == [proposal] * is_shown
    found = decided(0, 9, concept_id, probability)
    assert shown([found], nested=False) == [found]


def test_more_words_take_the_place_of_fewer_if_they_name_another_concept() -> None:
    own, more = decided(4, 8, "A"), decided(0, 8, "B")
    assert with_longer([own], [more], nested=False) == [more]
    assert with_longer([own], [more], nested=True) == [more, own]
    assert with_longer([own], [None], nested=False) == [own]
    for useless in (decided(0, 8, "A"), decided(0, 8, None)):
        assert with_longer([own], [useless], nested=False) == [own]


def test_words_between_two_findings_are_the_firsts() -> None:
    rash, itching = decided(0, 4, "A"), decided(14, 21, "B")
    rash_in_groin, groin_itching = decided(0, 13, "C"), decided(8, 21, "D")
    longer = [rash_in_groin, groin_itching]
    assert with_longer([rash, itching], longer, nested=False) == [rash_in_groin, itching]
    # Side by side, both have their words.
    beside = decided(13, 21, "D")
    assert with_longer([rash, itching], [rash_in_groin, beside], nested=False) == [
        rash_in_groin,
        beside,
    ]


def test_the_order_is_that_of_the_starts_the_longer_first() -> None:
    first, second = decided(6, 10, "A"), decided(12, 16, "B")
    longer = decided(0, 16, "C")
    assert with_longer([first, second], [None, longer], nested=False) == [longer, first]
    assert with_longer([decided(0, 4, "A")], [decided(0, 8, "B")], nested=True) == [
        decided(0, 8, "B"),
        decided(0, 4, "A"),
    ]

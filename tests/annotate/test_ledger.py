"""What is known of each note id."""

from __future__ import annotations

from contextlib import closing

import pytest

from linker.annotate.ledger import DIGEST_BYTES, Ledger, digest


def test_a_later_record_takes_the_place_of_an_earlier_one() -> None:
    with closing(Ledger()) as ledger:
        ledger.record("a", digest("first"))
        ledger.skip()
        ledger.record("b", digest("other"))
        assert (ledger.records, ledger.replaced) == (3, 0)
        assert ledger.is_done("a", digest("first"))
        ledger.record("a", digest("second"))
        assert (ledger.records, ledger.replaced) == (4, 1)
        assert not ledger.is_done("a", digest("first"))
        assert ledger.is_done("a", digest("second"))
        assert [ledger.is_latest("a", n) for n in range(4)] == [False, False, False, True]
        assert [ledger.is_latest("b", n) for n in range(4)] == [False, False, True, False]


def test_notes_of_an_earlier_run_and_of_this_one_are_told_apart() -> None:
    with closing(Ledger()) as ledger:
        ledger.record("old", digest("text"))
        ledger.record("both", digest("text"))
        ledger.skip()
        ledger.old = ledger.records
        ledger.record("both", digest("other"))
        ledger.record("new", digest("text"))
        ledger.meet("met")
        ids = ("old", "both", "new", "met", "no")
        assert [ledger.is_new(note_id) for note_id in ids] == [False, True, True, False, False]


def test_an_id_is_met_once_whether_it_was_done_before_or_not() -> None:
    with closing(Ledger()) as ledger:
        ledger.record("done", digest("text"))
        assert not ledger.is_met("done")
        assert [ledger.meet("done"), ledger.meet("done")] == [True, False]
        assert [ledger.meet("new"), ledger.meet("new")] == [True, False]
        assert (ledger.is_met("done"), ledger.is_met("new"), ledger.is_met("no")) == (
            True,
            True,
            False,
        )
        # Met alone, nothing is done of it; a first record replaces none.
        assert not ledger.is_done("new", digest("text"))
        ledger.record("new", digest("text"))
        assert ledger.replaced == 0
        assert ledger.is_met("new")


def test_what_the_input_lacks_of_what_is_held_is_known() -> None:
    with closing(Ledger()) as ledger:
        assert ledger.is_all_met()
        ledger.meet("new")
        assert (ledger.met, ledger.holds("new"), ledger.is_all_met()) == (1, False, True)
        ledger.record("a", digest("text"))
        ledger.record("b", digest("text"))
        assert [ledger.holds(note_id) for note_id in ("a", "new", "no")] == [True, False, False]
        ledger.meet("a")
        ledger.meet("a")
        assert (ledger.met, ledger.is_all_met()) == (2, False)
        ledger.meet("b")
        assert (ledger.met, ledger.is_all_met()) == (3, True)


def test_what_is_done_comes_in_the_order_of_the_digests() -> None:
    ids = [str(n) for n in range(50)]
    with closing(Ledger()) as ledger:
        ledger.meet("met alone")
        for note_id in ids:
            ledger.record(note_id, digest(f"text {note_id}"))
        assert list(ledger.done()) == sorted((digest(i), digest(f"text {i}")) for i in ids)


@pytest.mark.parametrize(
    ("ids", "all_integers"),
    [
        (["1", "0", "-7", str(2**63 - 1), str(-(2**63))], True),  # hashes may be any of them
        ([str(2**63)], False),  # more than 64 bits hold
        ([str(-(2**63) - 1)], False),
        (["9" * 5000], False),
        (["01"], False),
        (["-"], False),
        (["-0"], False),
        (["--1"], False),
        (["\u0661"], False),  # an Arabic digit
        (["1", "a", "2"], False),
        ([""], False),
        ([], True),
    ],
)
def test_ids_that_are_whole_numbers_alone(ids: list[str], all_integers: bool) -> None:
    with closing(Ledger()) as ledger:
        for note_id in ids:
            ledger.record(note_id, digest(""))
        assert ledger.all_integers is all_integers


def test_texts_that_differ_in_half_a_character_are_two() -> None:
    texts = ["", "a", "\ud800", "\ud801", "?", "\ufffd"]
    assert len({digest(text) for text in texts}) == len(texts)
    assert {len(digest(text)) for text in texts} == {DIGEST_BYTES}

from __future__ import annotations

from dataclasses import replace

import pytest

from linker import Candidate, Concept, Link, Mention, Note
from linker.schema import ASSERTIONS


def test_a_mention_must_be_as_long_as_its_text_and_never_quotes_it() -> None:
    with pytest.raises(ValueError, match=r"mention \[3, 9\) holds 7 characters") as caught:
        Mention(3, 9, "secret!")
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match=r"mention \[-1, 0\)"):
        Mention(-1, 0, "x")


def test_a_mention_is_looked_up_by_its_long_form() -> None:
    assert Mention(0, 3, "SOB").query == "SOB"
    assert Mention(0, 3, "SOB", long_form="shortness of breath").query == "shortness of breath"


def test_a_concept_needs_an_id_and_a_name() -> None:
    with pytest.raises(ValueError, match="both must be non-empty"):
        Concept("X:1", "")


def test_a_link_is_to_its_first_candidate() -> None:
    first = Candidate("X:1", "Fever", "Fever", 1.0, 0.9)
    link = Link(Mention(0, 5, "fever"), "X:1", (first,))
    assert (link.best, link.probability) == (first, 0.9)
    assert dict(link.assertion) == dict.fromkeys(ASSERTIONS, False)
    with pytest.raises(ValueError, match="X:2 is linked but is not the first candidate"):
        Link(Mention(0, 5, "fever"), "X:2", (first,))


def test_concepts_and_candidates_are_shown_in_a_line() -> None:
    codes = {"Y": tuple(str(i) for i in range(50))}
    candidate = Candidate("X:1", "Fever", "Pyrexia", 0.9, 0.804, ("T1",), codes, {"distance": 0.1})
    assert repr(candidate) == "<Candidate X:1 'Fever' 0.80, by the name 'Pyrexia', score 0.90>"
    assert candidate != replace(candidate, features={})
    concept = Concept("X:1", "Fever", ("Fever", "Pyrexia"), "Hot.", ("T1",), ("X:0",), codes)
    assert repr(concept) == "<Concept X:1 'Fever', 2 names>"
    assert repr(Concept("X:2", "Cough", ("Cough",))) == "<Concept X:2 'Cough', 1 name>"
    assert concept != replace(concept, definition=None)


def test_a_note_is_shown_without_its_text() -> None:
    note = Note("n1", "Known fever.", {"person_id": "7"})
    assert repr(note) == "<Note 'n1', 12 characters>"
    assert note != replace(note, text="Known cough.")


def test_a_link_without_candidates_is_nil_with_probability_0() -> None:
    link = Link(Mention(0, 0, ""), None)
    assert (link.best, link.probability, link.candidates) == (None, 0.0, ())
    assert link.preferred_name is None


def test_the_name_of_a_link_is_that_of_what_it_names() -> None:
    candidate = Candidate("X:1", "Fever", "Pyrexia", 0.9, 0.804)
    assert Link(Mention(3, 8, "fever"), "X:1", (candidate,)).preferred_name == "Fever"
    nil = Link(Mention(3, 8, "fever"), None, (candidate,))
    assert (nil.preferred_name, nil.best) == (None, candidate)


def test_a_link_is_shown_in_a_line() -> None:
    candidate = Candidate("X:1", "Fever", "Pyrexia", 0.9, 0.804)
    said = {**dict.fromkeys(ASSERTIONS, False), "negated": True, "family": True}
    assert repr(Link(Mention(3, 8, "fever"), "X:1", (candidate,), said)) == (
        "<Link [3, 8) 'fever': X:1 'Fever' 0.80, negated, family>"
    )
    assert repr(Link(Mention(3, 8, "fever"), None, (candidate,))) == (
        "<Link [3, 8) 'fever': NIL, not X:1 'Fever' 0.80>"
    )
    assert repr(Link(Mention(0, 0, ""), None)) == "<Link [0, 0) '': NIL>"

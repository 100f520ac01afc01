from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from linker import Candidate, Link, Mention
from linker.annotate.lines import NoteLines
from linker.records import json_line, note_json
from linker.schema import ASSERTIONS

any_text = st.text(alphabet=st.characters(exclude_categories=()))
shares = st.floats(0, 1)
candidates = st.builds(
    Candidate,
    any_text,
    any_text,
    any_text,
    st.floats(-1, 1),
    shares,
    st.lists(any_text, max_size=2).map(tuple),
    st.dictionaries(any_text, st.lists(any_text, max_size=2).map(tuple), max_size=2),
)
few = st.lists(candidates, max_size=2).map(tuple)


@st.composite
def links(draw: st.DrawFn) -> list[Link]:
    """Links of a note; some share their candidates, as those of one query do."""
    shared = draw(st.lists(few, min_size=1, max_size=3))
    made = []
    for text in draw(st.lists(any_text, max_size=6)):
        start = draw(st.integers(0, 9))
        long_form = draw(st.none() | any_text)
        found = draw(st.sampled_from(shared))
        linked = bool(found) and draw(st.booleans())
        said = {attribute: draw(st.booleans()) for attribute in ASSERTIONS}
        mention = Mention(start, start + len(text), text, long_form=long_form)
        made.append(Link(mention, found[0].concept_id if linked else None, found, said))
    return made


@given(any_text, st.lists(links(), max_size=3))
def test_lines_are_those_of_the_json_module(note_id: str, notes: list[list[Link]]) -> None:
    lines = NoteLines()
    for _ in range(2):  # The second time from what was kept.
        for note in notes:
            assert lines.line(note_id, note) == json_line(note_json(note_id, note))


def test_what_is_kept_is_bounded_and_stays_right() -> None:
    lines = NoteLines()
    for i in range(10_000):
        # Each tuple would take the memory of the one before, were that not kept alive.
        found = (Candidate(f"X:{i}", f"name {i}", f"name {i}", 0.5, 0.5),)
        note = [Link(Mention(0, 5, "fever"), f"X:{i}", found)]
        assert lines.line("n", note) == json_line(note_json("n", note))
    assert len(lines._known) == 4096


def test_nothing_kept_goes_along_to_another_process() -> None:
    lines = NoteLines()
    found = (Candidate("X:1", "fever", "fever", 1.0, 0.9),)
    note = [Link(Mention(0, 5, "fever"), "X:1", found)]
    before = len(pickle.dumps(lines))
    line = lines.line("n", note)
    copy = pickle.loads(pickle.dumps(lines))
    assert len(pickle.dumps(lines)) == before
    assert copy.line("n", note) == line

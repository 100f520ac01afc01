"""Pairs of strings compared all at once: the same as sets in Python, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.link.ranking.likeness import compare
from linker.link.ranking.opposites import opposed
from linker.text import stems


def compared(query: str, name: str) -> dict[str, float]:
    """A pair by itself."""
    found = compare([query], [name], np.array([0]), np.array([0]))
    return {field: column.tolist()[0] for field, column in found._asdict().items()}


def test_by_hand() -> None:
    # Trigrams of the one: "  l", " lo", "low", "ow ", "w p", " pa", "pai", "ain", "in "; of the
    # other: "  h", " hi", "hig", "igh", "gh ", "h p", and the last four of the first.
    assert compared("low pain", "high pain") == {
        "missing": 1 / 2,
        "extra": 1 / 2,
        "letters": 8 / 19,
        "numbers": False,
        "opposites": True,
        "head": True,
    }


@pytest.mark.parametrize(
    ("query", "name", "field", "value"),
    [
        ("type ii fever", "fever type 2", "missing", 0),
        ("type ii fever", "fever type 2", "numbers", False),
        ("type ii fever", "type 1 fever", "numbers", True),
        ("type ii fever", "fever", "numbers", True),
        ("fevers", "high fever", "head", True),
        ("the", "fever", "missing", 0),
        ("the", "of", "head", True),
        ("hypertension", "hypotension", "opposites", True),
        ("left acute pain", "left chronic pain", "opposites", True),
    ],
)
def test_one_column(query: str, name: str, field: str, value: float) -> None:
    assert compared(query, name)[field] == value


def test_of_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert [column.tolist() for column in compare([], [], none, none)] == [[]] * 6
    assert compared("", "")["letters"] == 1


def by_sets(query: str, name: str) -> dict[str, float]:
    mine, its = stems(query), stems(name)
    ours, theirs = (
        {padded[i : i + 3] for i in range(len(padded) - 2)}
        for padded in (f"  {string} " for string in (query, name))
    )
    speaking = np.array([True, True])
    (opposite,) = opposed([query, name], speaking, np.array([0]), np.array([1])).tolist()
    return {
        "missing": len({*mine} - {*its}) / max(len({*mine}), 1),
        "extra": len({*its} - {*mine}) / max(len({*its}), 1),
        "letters": 2 * len(ours & theirs) / (len(ours) + len(theirs)),
        "numbers": {*filter(str.isdigit, mine)} != {*filter(str.isdigit, its)},
        "opposites": opposite,
        "head": mine[-1:] == its[-1:],
    }


# Few words, so that they meet; letters of two bytes in UTF-16, and beyond its first plane.
word = st.sampled_from(["left", "right", "hyperoxia", "low", "type", "1", "ii", "of", "é", "🦴"])
strings = st.lists(st.lists(word, max_size=5).map(" ".join), min_size=1, max_size=5)


@given(strings, strings, st.data())
def test_as_sets_have_it(queries: list[str], names: list[str], data: st.DataObject) -> None:
    of_pairs = st.tuples(st.integers(0, len(queries) - 1), st.integers(0, len(names) - 1))
    pairs = data.draw(st.lists(of_pairs, min_size=1, max_size=9))
    query, name = np.array(pairs, dtype=np.int64).T
    found = compare(queries, names, query, name)._asdict()
    expected = [by_sets(queries[i], names[j]) for i, j in pairs]
    for field, column in found.items():
        assert column.tolist() == [each[field] for each in expected], field

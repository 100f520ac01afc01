"""Trigrams of many pairs at once: the same as two sets in Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.link.letters import dice


def by_sets(one: str, other: str) -> float:
    mine, its = (
        {padded[i : i + 3] for i in range(len(padded) - 2)}
        for padded in (f"  {string} " for string in (one, other))
    )
    return 2 * len(mine & its) / (len(mine) + len(its))


def test_by_hand() -> None:
    # Of "  cat " and "  cab " the first two of four each are shared.
    found = dice(["cat", "é"], ["cab", "cat"], [0, 0, 1], np.array([0, 1, 1]))
    assert found.tolist() == [0.5, 1.0, 0.0]


def test_of_nothing() -> None:
    assert dice([], [], [], np.zeros(0, dtype=np.int64)).tolist() == []
    assert dice(["", "a"], [""], [0, 1], np.zeros(2, dtype=np.int64)).tolist() == [1.0, 0.0]


# Few letters, so that they meet; one of two bytes in UTF-16, one beyond its first plane.
strings = st.lists(st.text(alphabet="ab é\U0001f9b4", max_size=8), min_size=1, max_size=5)


@given(strings, strings, st.data())
def test_as_sets_have_it(queries: list[str], names: list[str], data: st.DataObject) -> None:
    of_pairs = st.tuples(st.integers(0, len(queries) - 1), st.integers(0, len(names) - 1))
    pairs = data.draw(st.lists(of_pairs, min_size=1, max_size=9))
    query, name = np.array(pairs, dtype=np.int64).T
    expected = [by_sets(queries[i], names[j]) for i, j in pairs]
    assert dice(queries, names, query, name).tolist() == pytest.approx(expected, abs=0)

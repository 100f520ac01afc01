"""Commas of enumerations."""

from __future__ import annotations

import pytest

from linker.detect.assertion.clauses import enumerating_commas


@pytest.mark.parametrize(
    ("tokens", "commas"),
    [
        ("not pale , icteric or cyanosed", {2}),
        ("neither pale , icteric nor cyanosed", {2}),
        ("pale , very dry , icteric or cyanosed .", {1, 4}),
        # A member has three words at most.
        ("pale , one two three or cyanosed", {1}),
        ("pale , one two three four or cyanosed", set()),
        # Nothing but words and commas stands between.
        ("pale , icteric ; dry or cyanosed", set()),
        ("pale , icteric ( dry ) or cyanosed", set()),
        # What stands behind the last "or" is none, and neither is a list joined by "and".
        ("pale or icteric , cyanosed", set()),
        ("pale , icteric and cyanosed", set()),
        ("pale or cyanosed", set()),
        ("", set()),
    ],
)
def test_the_commas_of_an_enumeration_that_or_joins(tokens: str, commas: set[int]) -> None:
    assert enumerating_commas(tokens.split()) == commas

"""Plus and minus beside findings, in the pieces of a sentence."""

from __future__ import annotations

import pytest

from linker.detect.assertion.signs import with_minus
from linker.detect.assertion.triggers import MENTION as M


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["+", M, ", -", M], {3}),
        (["-", M, " +", M, ",–", M, ";−", M, "(-", M, "/-", M, " -", M], {1, 5, 7, 9, 11, 13}),
        (["-", M, " +", M, "/-", M, " (-", M, " and ", M], {1, 5, 7}),
        # A minus alone may be a bullet, one behind a letter is a hyphen.
        (["-", M, ", -", M], set()),
        (["+", M, " x-", M], set()),
        # What has a plus need be no mention.
        (["+FM, -", M, " and ", M], {1}),
        (["C+FM, -", M], set()),
        (["+5, -", M], set()),
        # Apart from their findings, or behind them, if all have signs.
        (["+ ", M, " - ", M], {3}),
        (["+ ", M, " - ", M, " and ", M], set()),
        ([M, " -, ", M, " +"], {0}),
        ([M, "-\t; ", M, " +) ", M, " -/", M, " -\n"], {0, 4, 6}),
        ([M, " -, ", M, " +, ", M], set()),
        ([M, " - x ", M, " +"], set()),
        ([M, " -, ", M, " -"], set()),
        (["+ -"], set()),
    ],
)
def test_what_has_a_minus(pieces: list[str], expected: set[int]) -> None:
    assert {*with_minus(pieces)} == expected

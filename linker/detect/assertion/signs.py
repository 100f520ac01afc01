"""Plus and minus before or behind findings: "+nausea, -vomiting", "DM -, HTN +"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import compress
from operator import or_

from linker.detect.assertion.triggers import MENTION

_SIGNS = ("+", "\\-–−")
_PLUS, _MINUS = (re.compile(rf"(?:^|[\s,;(/])[{sign}]\Z") for sign in _SIGNS)
"""What stands before a finding that is there, and before one that is not: "+nausea, -vomiting"."""
_PLUS_SOMETHING = re.compile(r"(?:^|[\s,;(/])\+(?=[A-Za-z])")
"""Before what is no mention a plus tells as well what a minus is: "+FM, -VB, -LOF"."""
_PLUS_APART, _MINUS_APART = (re.compile(rf"(?:^|[\s,;(/])[{sign}] ?\Z") for sign in _SIGNS)
_PLUS_BEHIND, _MINUS_BEHIND = (re.compile(rf"^ ?[{sign}][ \t]*(?:[,;/)\n]|\Z)") for sign in _SIGNS)


def with_minus(pieces: Sequence[str]) -> Iterator[int]:
    """Which mentions of a sentence have a minus, in a sentence that has something with a plus.

    A minus alone may as well be the bullet of a list, or a hyphen; one that stands apart from its
    finding ("+ cough - fever", "DM -, HTN +") may be a dash, if not all of them have signs.

    Args:
        pieces: its mentions, each as one mark, and what stands between them.

    Yields:
        Indices of pieces; one may come twice.
    """
    if not any("+" in piece for piece in pieces):
        return
    mentions = [at for at, piece in enumerate(pieces) if piece == MENTION]
    around = ("", *pieces, "")
    befores, afters = [around[at] for at in mentions], [around[at + 2] for at in mentions]
    sure = any(map(_PLUS_SOMETHING.search, pieces))
    for absent in (
        _minus(befores, _PLUS, _MINUS, every=False, sure=sure),
        _minus(befores, _PLUS_APART, _MINUS_APART, every=True),
        _minus(afters, _PLUS_BEHIND, _MINUS_BEHIND, every=True),
    ):
        yield from map(mentions.__getitem__, absent)


def _minus(
    beside: Sequence[str],
    plus: re.Pattern[str],
    minus: re.Pattern[str],
    *,
    every: bool,
    sure: bool = False,
) -> list[int]:
    """Which mentions have a minus, by what stands beside each, if one has a plus or it is sure."""
    has_plus, has_minus = ([*map(bool, map(sign.search, beside))] for sign in (plus, minus))
    if not (sure or any(has_plus)) or (every and not all(map(or_, has_plus, has_minus))):
        return []
    return [*compress(range(len(beside)), has_minus)]

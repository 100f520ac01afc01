"""Short forms that a note defines by putting one mention in brackets behind another.

"phlorizin (P)", "17beta-estradiol (E2)", "contrast media (CM)": the algorithm of Schwartz and
Hearst asks for two letters at least and for the letters of the short form in the long one, in
order. Where a detector has found both as mentions, less is proof enough: the bracket, and one
letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from linker.detect.short_forms.definitions import PLAIN_WORD
from linker.schema import Mention

_OPENS = re.compile(r"\s{0,2}[(\[]\s?")
_CLOSES = re.compile(r"\s?[)\]:;]|,\s?\d")
_SHORT = re.compile(r"(?=\S{1,10}\Z)[^\W_][\w/+'-]*")
_LONG_WORD = re.compile(r"[^\W\d_]{7,}")
_INITIALS = re.compile(r"(?<![^\W\d_])[^\W\d_]")

_SYMBOLS = {
    "Ag": "silver", "Al": "aluminum", "Au": "gold", "Ca": "calcium", "Cl": "chloride",
    "Cu": "copper", "Fe": "iron", "Hg": "mercury", "K": "potassium", "Mg": "magnesium",
    "Mn": "manganese", "Na": "sodium", "P": "phosphorus", "Pb": "lead", "Zn": "zinc",
}  # fmt: skip
"""Symbols of elements whose letters the English name does not begin with, or not these alone."""


def bracketed(text: str, mentions: Sequence[Mention]) -> Mapping[str, str]:
    """The short forms that brackets behind a mention define: short form to long form.

    Args:
        text: the note.
        mentions: of this text, in reading order, without overlaps.

    Returns:
        Each short form, in its own case, with the text of the mention before the bracket, single
        spaces; the first definition where a note has several.
    """
    found: dict[str, str] = {}
    for long, short in pairwise(mentions):
        between = text[long.end : short.start]
        if (
            len(between) <= 4
            and _OPENS.fullmatch(between)
            and _CLOSES.match(text, short.end)
            and _may_stand_for(short.text, long.text)
        ):
            found.setdefault(short.text, " ".join(long.query.split()))
    return found


def _may_stand_for(short: str, long: str) -> bool:
    if not _SHORT.fullmatch(short) or len(short) >= len(long):
        return False
    # What may be a word is a second one ("seizures (absence)", "a calcium channel blocker
    # (Cardizem)"), unless it is a clipped one in small letters.
    if PLAIN_WORD.fullmatch(short) or (short.isupper() and _LONG_WORD.fullmatch(short)):
        return False
    if short.islower() and not (len(short) <= 4 and long.lower().startswith(short[:2])):
        return False
    if _SYMBOLS.get(short, "") in long.lower().split():
        return True
    return short[0].lower() in {letter.lower() for letter in _INITIALS.findall(long)}

"""Whether a text with the words of a name is written as the name: its order, marks and case.

The lexicon is blind to these. Numbers keep their order and short capitals their case (MAP is not
map), and some words between others turn what they say round ("secondary to").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linker.detect.dictionary.disorders import SPREADS_TO
from linker.detect.dictionary.variants import ends_in_noun
from linker.text import stem

_CAUSE = re.compile(r"\bsecondary to\b|\w secondary\Z", re.IGNORECASE)
"""What follows is the cause: "secondary to hypertension" is no secondary hypertension."""
_ARTICLE = re.compile(r"an? ", re.IGNORECASE)
_ON = re.compile(r"\bon\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:at|by|in|on) \d+\Z", re.IGNORECASE)
"""When it was: "Parkinson disease in 9/95" is not its type 9."""
_PARTS = re.compile(r"\s(?:of|in|to|on|for)\s")
_POSSESSIVE = re.compile(r"\w+['\u2019]s", re.IGNORECASE)
_APOSTROPHES = ("'", "\u2019")
_PREPOSITION_ALONE = re.compile(r"(?:at|by|for|in|on|to) \S+", re.IGNORECASE)
"""A name of one content word, without which the preposition goes: "On edge"."""
_SAID_OF = re.compile(
    r"(?:absent|decreased|diminished|increased|prominent|reduced|superficial)"
    r" (?:at|in|on|over|to)\b",
    re.IGNORECASE,
)
_WITHOUT = stem("without")
_ACRONYM = re.compile(r"\b[A-Z]{2,}\b")


def is_written(
    text: str, stems: tuple[str, ...], name: tuple[str, ...], surfaces: Sequence[str]
) -> bool:
    """Whether a stretch of text is a name of which it has the words.

    Args:
        text: the stretch.
        stems: of the text, without a side that is no part of the name.
        name: the stems of the name.
        surfaces: the ways in which the index writes it.
    """
    if only_says_cause(text, surfaces):
        return False
    # "The name of the syndrome" is no NAME syndrome.
    if _PARTS.search(text) and not any(_same_acronyms(text, own) for own in surfaces):
        return False
    if is_said_of_another(text) and not any(map(is_said_of_another, surfaces)):
        return False
    if text[-1:].isdigit() and _WHEN.search(text) and not any(map(_WHEN.search, surfaces)):
        return False
    # "Acute renal failure on chronic renal failure" names no chronic one twice, and "lymphocytic
    # leukemia on chronic steroids" none.
    if " on " in text and not ends_in_noun(text) and not any(map(_ON.search, surfaces)):
        return False
    if name != stems:
        # Another order: the same words, no list of things ("pain/bone"), no numbers to swap.
        numbers = sum(stem.isdigit() for stem in stems)
        if sorted(name) != sorted(stems) or numbers > 1 or "," in text or "/" in text:
            return False
        # "A hepatitis" is not of type A, nor "4 seizures" their type 4.
        if _ARTICLE.match(text) or (stems[0].isdigit() and not name[0].isdigit()):
            return False
        if SPREADS_TO.search(text):
            return False
        # "Panic disorder without agoraphobia" is no agoraphobia without panic disorder.
        if _WITHOUT in stems and _before_without(stems) != _before_without(name):
            return False
    elif "," in text and not any("," in surface for surface in surfaces):
        return False
    return any(_same_case(text, own) and _same_marks(text, own) for own in surfaces)


def only_says_cause(text: str, surfaces: Sequence[str]) -> bool:
    """Whether a stretch has "secondary" of a cause where a name has it of a kind.

    Args:
        text: the stretch.
        surfaces: the ways in which the index writes the name.
    """
    return _CAUSE.search(text) is not None and not any(map(_CAUSE.search, surfaces))


def is_said_of_another(text: str) -> bool:
    """Whether a stretch says something of what stands before it.

    Reflexes that are "absent at the ankles" leave the ankles, and what is "superficial to the
    fascia" is no superficial fascia.
    """
    return _SAID_OF.match(text) is not None


def _before_without(stems: Sequence[str]) -> list[str]:
    return sorted(stems[: stems.index(_WITHOUT)])


def _same_acronyms(text: str, surface: str) -> bool:
    """Whether a text has the acronyms of a name as the name writes them."""
    return surface.isupper() or {*_ACRONYM.findall(surface)} <= {*_ACRONYM.findall(text)}


def _same_marks(text: str, surface: str) -> bool:
    """Whether a text has the possessive or preposition of a name: "job" is no Job's.

    Nor is an "edge" On edge.
    """
    if _POSSESSIVE.fullmatch(surface):
        return any(mark in text for mark in _APOSTROPHES) or (
            text.endswith("s") and text[0].isupper()
        )
    return " " in text or not _PREPOSITION_ALONE.fullmatch(surface)


def _same_case(text: str, surface: str) -> bool:
    """Whether the case of a text lets it be this name.

    A short name with capitals beyond its first letter is an acronym: it must stand as it is written
    (ALL is not all). Any other name may stand in any case, but a text of two or three capitals is
    an acronym itself, and no other word ("OR" is no "or", "TIC" no "tic").
    """
    letters = [c for c in surface if c.isalpha()]
    # Of several, "SNAREs", too: a snare is none of them.
    one = surface[:-1] if surface[-1:] == "s" and surface[:-1].isupper() else surface
    acronym = len(one) <= 5 and sum(c.isupper() for c in letters) >= 2
    if acronym:
        return text in (surface, one, f"{one}s", f"{one}'s", f"{one}’s")
    if len(letters) <= 2:
        return text == surface
    return not (len(text) <= 3 and text.isupper() and text != surface)

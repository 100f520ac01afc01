"""Items of an enumeration that say something of their own: "no fever, cough improving".

A negation reaches over a whole enumeration: "no fever, cough" has none of both. An item with a
predicate is no member of it: "no chest pain, rash noted", "no fever and his cough is better".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from linker.detect.assertion.triggers import Phrases, is_word
from linker.schema import ASSERTIONS

_NEGATED = ASSERTIONS.index("negated")
# fmt: off
_COURSE = frozenset((
    "improving", "improved", "persists", "persisted", "continues", "continued", "resolved",
    "resolving", "controlled", "started", "began", "worsened", "subsided", "recurred",
))
_SEEN = frozenset((
    "noted", "present", "seen", "found", "reported", "observed", "identified", "appreciated",
))
_IS = frozenset(("is", "was", "has"))
_NOT = frozenset((
    "not", "denied", "absent", "negative", "never", "neg", "ruled", "excluded", "unlikely", "no",
))
_WHOSE = frozenset(("the", "his", "her", "my", "their", "your"))
_JOINS = frozenset(("and", "or", "nor", "no", "not", "without", "with", "that", "which", "who"))
# fmt: on
_MOST_WORDS = 3
"""Words of an item before its mention, and again between it and the verb."""


def statements(tokens: Sequence[str], mentions: Collection[int], phrases: Phrases) -> Iterator[int]:
    """Where statements begin behind a negation: at the comma or the "and" before them.

    "Noted" and the like say it of a second item alone ("no chest pain, rash noted"): behind more of
    them they are of all ("no icterus, cyanosis, edema noted").

    Args:
        tokens: of a sentence, as phrases have them.
        mentions: which of them are mentions.
        phrases: of these tokens.
    """
    if len(mentions) < 2 or ("," not in tokens and "and" not in tokens):
        return
    negations = [
        end
        for end, effects in phrases.values()
        if any(effect.forward and _NEGATED in effect.attributes for effect in effects)
    ]
    if not negations:
        return
    for at in mentions:
        begin = _opening(tokens, mentions, at)
        if begin <= negations[0]:
            continue
        verb = _verb(tokens, mentions, at)
        if verb < 0 or (verb + 1 < len(tokens) and tokens[verb + 1] in _NOT):
            continue
        if tokens[verb] in _COURSE:
            found = tokens[begin] == ","
        elif not _SEEN.isdisjoint(tokens[verb : verb + 3]):
            last = max(end for end in negations if end <= begin)
            found = tokens[begin] == "," and not _is_list(tokens[last:begin])
        else:
            found = tokens[verb] in _IS
        if found:
            yield begin


def enumerating_commas(tokens: Sequence[str]) -> set[int]:
    """The commas between members of an enumeration that "or" joins: "pale, icteric or cyanosed"."""
    commas: set[int] = set()
    if "," not in tokens or ("or" not in tokens and "nor" not in tokens):
        return commas
    left = 0  # Words that the member may still have; none outside of an enumeration.
    for at in range(len(tokens) - 1, -1, -1):
        if tokens[at] in ("or", "nor"):
            left = 1 + _MOST_WORDS
        elif tokens[at] == "," and left:
            commas.add(at)
            left = 1 + _MOST_WORDS
        else:
            left = max(0, left - 1) if is_word(tokens[at]) else 0
    return commas


def _opening(tokens: Sequence[str], mentions: Collection[int], at: int) -> int:
    """The comma before the item of the mention at `at`, or its "and" ("and the"); -1 if none."""
    for begin in range(at - 1, max(-1, at - 2 - _MOST_WORDS), -1):
        if tokens[begin] == ",":
            return begin
        if tokens[begin] == "and":
            return begin if tokens[begin + 1] in _WHOSE else -1
        if begin in mentions or tokens[begin] in _JOINS or not is_word(tokens[begin]):
            return -1
    return -1


def _verb(tokens: Sequence[str], mentions: Collection[int], at: int) -> int:
    """The verb of which the mention at `at` is the subject; -1 if there is none nearby."""
    for verb in range(at + 1, min(len(tokens), at + 2 + _MOST_WORDS)):
        if tokens[verb] in _IS or tokens[verb] in _COURSE or tokens[verb] in _SEEN:
            return verb
        if verb in mentions or tokens[verb] in _JOINS or not is_word(tokens[verb]):
            return -1
    return -1


def _is_list(tokens: Sequence[str]) -> bool:
    return not {",", "or", "and", "nor", "/", "&"}.isdisjoint(tokens)

"""How far each phrase of a sentence reaches: its scope, forward or backward, as in ConText."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate

from linker.detect.triggers import FAR, Phrases, is_word
from linker.schema import ASSERTIONS

_LIST_WORDS = frozenset(("and", "or", "nor", "&", "/"))


def mark_scopes(
    tokens: list[str],
    homes: dict[int, int],
    phrases: Phrases,
    section: Collection[int],
    found: list[int],
) -> None:
    """Give the mentions of a sentence the attributes in whose scope they are.

    Args:
        tokens: of the sentence, or of an item of a form, as phrases have them.
        homes: which tokens are mentions, and of which stretch.
        phrases: of these tokens.
        section: the attributes of what stands in this section.
        found: by stretch a bit for each of `ASSERTIONS`; what is found is added.
    """
    # words[i]: how many words stand before piece i, so that distances are differences.
    words = [0, *accumulate(map(is_word, tokens))]
    in_section = [attribute in section for attribute in range(len(ASSERTIONS))]
    _look_forward(tokens, homes, in_section, phrases, words, found)
    if any(effect.backward for _, effects in phrases.values() for effect in effects):
        _look_backward(tokens, homes, phrases, words, found)


def _look_forward(
    tokens: list[str],
    homes: dict[int, int],
    in_section: list[bool],
    phrases: Phrases,
    words: list[int],
    found: list[int],
) -> None:
    n = len(ASSERTIONS)
    # In scope are the words before these limits: by the words that end it, those of each attribute.
    scopes: dict[frozenset[str], list[int]] = {}
    ends: set[str] = set()
    for at, piece in enumerate(tokens):
        if piece in ends:
            for until, limits in scopes.items():
                if piece in until:
                    limits[:] = [0] * n
        if at in homes:
            for attribute in range(n):
                if in_section[attribute] or any(
                    words[at] < limits[attribute] for limits in scopes.values()
                ):
                    found[homes[at]] |= 1 << attribute
        if at in phrases:
            end, effects = phrases[at]
            for effect in effects:
                if effect.ends:
                    for attribute in effect.attributes:
                        for limits in scopes.values():
                            limits[attribute] = 0
                        in_section[attribute] = in_section[attribute] and not effect.ends_section
            for effect in effects:
                if effect.forward:
                    (attribute,) = effect.attributes
                    ends |= effect.until
                    limits = scopes.setdefault(effect.until, [0] * n)
                    limits[attribute] = max(limits[attribute], words[end] + effect.max_words)


def _look_backward(
    tokens: list[str],
    homes: dict[int, int],
    phrases: Phrases,
    words: list[int],
    found: list[int],
) -> None:
    n = len(ASSERTIONS)
    floors = [FAR] * n  # In scope are the words from these on,
    until: list[frozenset[str]] = [frozenset()] * n  # and before none of these.
    listed = [
        False
    ] * n  # Whether an "and" since the trigger makes the commas those of an enumeration.
    inside = {at for begin, (end, _) in phrases.items() for at in range(begin + 1, end)}
    for at in range(len(tokens) - 1, -1, -1):
        piece = tokens[at]
        if any(piece in ends for ends in until):
            floors = [FAR if piece in ends else f for f, ends in zip(floors, until, strict=True)]
        if piece == "," and at not in inside:
            floors = [floor if listed[i] else FAR for i, floor in enumerate(floors)]
        if at in phrases:
            _, effects = phrases[at]
            for effect in effects:
                if effect.ends:
                    for attribute in effect.attributes:
                        floors[attribute] = FAR
            for effect in effects:
                if effect.backward:
                    (attribute,) = effect.attributes
                    floors[attribute] = words[at] - effect.max_words
                    until[attribute] = effect.until
                    listed[attribute] = False
        elif at in inside:
            continue
        elif at in homes:
            for attribute in range(n):
                if words[at] >= floors[attribute]:
                    found[homes[at]] |= 1 << attribute
        elif piece == ":":
            floors = [FAR] * n
        elif piece in _LIST_WORDS:
            listed = [True] * n

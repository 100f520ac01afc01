"""How far each phrase of a sentence reaches: its scope, forward or backward, as in ConText."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate

from linker.detect.assertion.clauses import enumerating_commas, statements
from linker.detect.assertion.triggers import FAR, MENTION, Effect, Phrases, is_word
from linker.schema import ASSERTIONS

_NEGATED = ASSERTIONS.index("negated")
_NEXT_MEMBER = 3
"""Words that a scope reaches behind a comma of an enumeration: "not pale, icteric or cyanosed"."""
_NEXT_CLAUSE = frozenset((",", "and"))
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
    effects = [effect for _, effects in phrases.values() for effect in effects]
    forward = bool(section) or any(effect.forward for effect in effects)
    backward = any(effect.backward for effect in effects)
    if not (forward or backward):
        return
    # words[i]: how many words stand before piece i, so that distances are differences.
    words = [0, *accumulate(map(is_word, tokens))]
    if forward:
        _look_forward(tokens, homes, phrases, words, section, found)
    if backward:
        _look_backward(tokens, homes, phrases, words, found)


class _Scopes:
    """What the phrases read so far say of the words that follow.

    Args:
        section: the attributes of what stands in this section.
    """

    def __init__(self, section: Collection[int]) -> None:
        self._section = sum(1 << attribute for attribute in section)
        # In scope are the words before these limits: by the words that end it, of each attribute.
        self._limits: dict[frozenset[str], list[int]] = {}
        # Attributes that rest, and the words that wake them.
        self._resting: dict[int, frozenset[str]] = {}
        self.heeds: set[str] = set()
        """Words that may end a scope, or wake one: the others need not be read."""

    def read(self, token: str, n_words: int, *, joins: bool) -> None:
        """End what this token ends, and wake what rests.

        What joins members of an enumeration ends nothing: the scope reaches the next member too.
        """
        self._resting = {a: until for a, until in self._resting.items() if token not in until}
        for until, limits in self._limits.items():
            if token in until:
                limits[:] = [
                    max(limit, n_words + _NEXT_MEMBER) if joins and limit > n_words else 0
                    for limit in limits
                ]

    def here(self, n_words: int) -> int:
        """A bit for each attribute in whose scope the word is behind which so many are."""
        bits = self._section
        for limits in self._limits.values():
            for attribute, limit in enumerate(limits):
                if n_words < limit:
                    bits |= 1 << attribute
        for attribute in self._resting:
            bits &= ~(1 << attribute)
        return bits

    def end(self, attribute: int, *, section: bool = False) -> None:
        """End the scopes of an attribute, and its section's for the rest of the sentence."""
        for limits in self._limits.values():
            limits[attribute] = 0
        if section:
            self._section &= ~(1 << attribute)

    def take(self, effects: Sequence[Effect], n_words: int) -> None:
        """Do what a phrase does, behind which so many words stand."""
        for effect in effects:
            if effect.ends:
                for attribute in effect.attributes:
                    self.end(attribute, section=effect.ends_section)
            elif effect.rests:
                self._resting |= dict.fromkeys(effect.attributes, effect.until)
                self.heeds |= effect.until
        for effect in effects:
            if effect.forward:
                (attribute,) = effect.attributes
                self._resting.pop(attribute, None)
                self.heeds |= effect.until
                limits = self._limits.setdefault(effect.until, [0] * len(ASSERTIONS))
                limits[attribute] = max(limits[attribute], n_words + effect.max_words)


def _look_forward(
    tokens: list[str],
    homes: dict[int, int],
    phrases: Phrases,
    words: list[int],
    section: Collection[int],
    found: list[int],
) -> None:
    scopes = _Scopes(section)
    stated = {*statements(tokens, homes, phrases)}
    commas = enumerating_commas(tokens)
    one_clause = False  # Whether what stands here is in one clause with a negation before it.
    for at, token in enumerate(tokens):
        if at in stated:
            scopes.end(_NEGATED)
        if token in scopes.heeds:
            scopes.read(token, words[at], joins=at in commas)
        if token in _NEXT_CLAUSE and at not in commas:
            one_clause = False
        if at in homes:
            found[homes[at]] |= scopes.here(words[at])
        if at in phrases:
            end, effects = phrases[at]
            denied = one_clause and bool(scopes.here(words[at]) >> _NEGATED & 1)
            effects = [
                effect
                for effect in effects
                if not (effect.unless_listed and at in commas)
                and not (effect.unless_denied and denied)
            ]
            scopes.take(effects, words[end])
            if any(effect.forward and _NEGATED in effect.attributes for effect in effects):
                one_clause = True


class _BackwardScopes:
    """What the phrases read so far, from the end of a sentence on, say of the words before them."""

    def __init__(self) -> None:
        n = len(ASSERTIONS)
        # In scope are the words from these on, and before none of those.
        self._floors = [FAR] * n
        self._until: list[frozenset[str]] = [frozenset()] * n
        # Whether an "and" since the trigger makes the commas those of an enumeration.
        self._listed = [False] * n

    def read(self, piece: str, *, in_phrase: bool) -> None:
        """End what this piece ends."""
        if any(piece in ends for ends in self._until):
            pairs = zip(self._floors, self._until, strict=True)
            self._floors = [FAR if piece in ends else floor for floor, ends in pairs]
        if piece == "," and not in_phrase:
            listed = zip(self._floors, self._listed, strict=True)
            self._floors = [floor if is_listed else FAR for floor, is_listed in listed]

    def take(self, effects: Sequence[Effect], n_words: int) -> None:
        """Do what a phrase does, before which so many words stand."""
        for effect in effects:
            if effect.ends:
                for attribute in effect.attributes:
                    self._floors[attribute] = FAR
        for effect in effects:
            if effect.backward:
                (attribute,) = effect.attributes
                self._floors[attribute] = n_words - effect.max_words
                self._until[attribute] = effect.until
                self._listed[attribute] = False

    def mark(self, piece: str) -> None:
        """Heed a mark or word that is of no phrase and no mention."""
        if piece == ":":
            self._floors = [FAR] * len(self._floors)
        elif piece in _LIST_WORDS:
            self._listed = [True] * len(self._listed)

    def here(self, n_words: int) -> int:
        """A bit for each attribute in whose scope the word is before which so many are."""
        return sum(1 << i for i, floor in enumerate(self._floors) if n_words >= floor)


def _look_backward(
    tokens: list[str],
    homes: dict[int, int],
    phrases: Phrases,
    words: list[int],
    found: list[int],
) -> None:
    scopes = _BackwardScopes()
    inside = {at for begin, (end, _) in phrases.items() for at in range(begin + 1, end)}
    for at in range(len(tokens) - 1, -1, -1):
        piece = tokens[at]
        scopes.read(piece, in_phrase=at in inside)
        if at in phrases:
            scopes.take(phrases[at][1], words[at])
        elif at in inside and piece != MENTION:
            continue
        elif at in homes:
            found[homes[at]] |= scopes.here(words[at])
        else:
            scopes.mark(piece)

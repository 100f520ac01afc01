"""Phrases that say something of what stands near them, found in one pass.

A trie over words, so that the time to find phrases does not grow with how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from linker.detect.assertion.rules import RuleFile, TriggerTable
from linker.errors import ConfigError
from linker.schema import ASSERTIONS

MENTION, MENTION_GOES_ON = "\ue000", "\ue001"
"""A mention stands as one strange word, and no trigger is found inside it or across its edge; one
that is words of triggers itself stands as these."""

TOKEN = re.compile(
    rf"{MENTION}{MENTION_GOES_ON}*|\n|(?<![\d/])2/2(?![\d/])|[^\W_]+(?:['’´][^\W_]+)?|[^\w\s]"
)
_STAND_FOR = {"#": "0", "#s": "0s", "YYYY": "YYYY", "@": MENTION}
_DURATION = re.compile(r"\d{1,3}((?:h|hr|d|day|w|wk|week|mo|month|y|yr|year)s?)", re.IGNORECASE)
_KEPT = 1 << 16
"""Words of which is kept how they are compared."""
FAR = 1 << 60
"""As many words as a sentence may have."""

# fmt: off
_ADVERBS = frozenset((
    "actually", "really", "currently", "ever", "also", "truly", "subsequently", "specifically",
    "clearly", "presently", "certainly", "personally", "formally", "officially", "about",
    "approximately", "around", "roughly",
))
"""A phrase may have one of them in it: "did not actually have" is "did not have"."""
_WITHOUT_APOSTROPHE = {
    short.replace("'", ""): short
    for short in (
        "don't", "doesn't", "didn't", "haven't", "hasn't", "hadn't", "isn't", "aren't", "wasn't",
        "weren't", "can't", "couldn't", "i'm",
    )
}
"""As people type on a phone: "i dont have a fever"."""
_NUMBERS = frozenset((
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "fifteen", "twenty", "thirty", "forty", "fifty",
))
# fmt: on
"""In words. "One" is none of them: it is no number in "no one", "one of"."""


class Effect(NamedTuple):
    """What a phrase does, once found. A pseudo-trigger's does nothing but take its words away."""

    attributes: tuple[int, ...] = ()
    forward: bool = False
    backward: bool = False
    ends: bool = False
    ends_section: bool = False
    unless_denied: bool = False
    unless_listed: bool = False
    rests: bool = False
    max_words: int = FAR
    until: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    opens_clause: bool = False
    closes_clause: bool = False


Phrases = dict[int, tuple[int, list[Effect]]]
"""Where a phrase begins: where it ends, and what it does."""


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)


class PhraseBook:
    """The phrases and section headers of rule files.

    Args:
        files: each with what it is called in errors. What a later one says of a phrase or header
            holds, whatever an earlier one said of it.

    Raises:
        ConfigError: a phrase names a group that is unknown, or is empty, as a group or a header may
            not be; or "until" or "after" holds what is no single word.

    Attributes:
        headers: a section header, in lower case: the attributes (indices into `ASSERTIONS`) of what
            stands below it.
        words: those of all phrases and headers.
    """

    def __init__(self, *files: tuple[str, RuleFile]) -> None:
        self._parts: dict[str, tuple[tuple[str, ...], ...]] = {}
        self._root = _Node()
        self.headers: dict[str, tuple[int, ...]] = {}
        for where, rules in files:
            self._where = where
            self._add_groups(rules)
            # What earlier files said of the same phrases.
            said = {id(node) for node in _nodes_below(self._root) if node.effects}
            for phrases, effect in _effects(rules, where):
                self._add(phrases, effect, said)
            for section in rules.section:
                attributes = tuple(map(ASSERTIONS.index, section.attributes))
                self.headers |= {_header(name, where): attributes for name in section.headers}
        self._scoped_words = frozenset(
            word for word, node in self._root.next.items() if any(map(_has_scope, node.effects))
        )
        self._scoped_pairs = frozenset(
            (first, second)
            for first, node in self._root.next.items()
            for second, below in node.next.items()
            if any(_has_scope(effect) for at in _nodes_below(below) for effect in at.effects)
        )
        self.words = frozenset(
            word for node in _nodes_below(self._root) for word in node.next
        ).union(fold(word) for header in self.headers for word in TOKEN.findall(header))

    def _add_groups(self, rules: RuleFile) -> None:
        """Cut each group into words once, not each time that a phrase names it."""
        for name, alternatives in rules.groups.items():
            if not alternatives:
                raise ConfigError(f"{self._where}: the group {{{name}}} has no words")
            if any("{" in alternative for alternative in alternatives):
                raise ConfigError(f"{self._where}: the group {{{name}}} names a group")
            self._parts[f"{{{name}}}"] = tuple(
                tuple(part for word in alternative.split() for part in _parts(word))
                for alternative in alternatives
            )

    def _add(self, phrases: Sequence[str], effect: Effect, said: set[int]) -> None:
        for phrase in phrases:
            choices = self._choices(phrase)
            # The marks stand alone at the edges of a phrase, never in a group.
            opens, closes = choices[:1] == [(("^",),)], choices[-1:] == [(("$",),)]
            choices = choices[opens : len(choices) - closes]
            if all(() in choice for choice in choices):
                raise ConfigError(f"{self._where}: the phrase {phrase!r} is empty")
            done = effect._replace(opens_clause=opens, closes_clause=closes)
            # Choice by choice and not phrase by phrase: what many spell-outs begin with is
            # walked once.
            nodes = [self._root]
            for choice in choices:
                nodes = [_walk(node, parts) for node in nodes for parts in choice]
            for node in nodes:
                if id(node) in said:
                    said.remove(id(node))
                    node.effects.clear()
                node.effects.append(done)

    def _choices(self, phrase: str) -> list[tuple[tuple[str, ...], ...]]:
        """For each word of a phrase what it may be: one alternative, or those of its group."""
        choices = []
        for word in phrase.split():
            if word.startswith("{"):
                if word not in self._parts:
                    known = ", ".join(sorted(name.strip("{}") for name in self._parts))
                    raise ConfigError(
                        f"{self._where}: {phrase!r} names the group {word}; known: {known}"
                    )
                choices.append(self._parts[word])
            else:
                choices.append((tuple(_parts(word)),))
        return choices

    def may_scope(self, tokens: Sequence[str]) -> bool:
        """Whether a phrase that has a scope may be among some tokens: by its first two words.

        Cheap, and false of a third of the sentences with mentions.
        """
        return not (
            self._scoped_words.isdisjoint(tokens)
            and self._scoped_pairs.isdisjoint(pairwise(tokens))
            and _ADVERBS.isdisjoint(tokens)
        )

    def find(self, tokens: list[str]) -> Phrases:
        """The phrases of a sentence, left to right, the longest at each place, without overlaps."""
        phrases: Phrases = {}
        done, n_tokens = 0, len(tokens)
        # Most words begin no phrase.
        for at, node in enumerate(map(self._root.next.get, tokens)):
            if node is None or at < done:
                continue
            reach = end = at + 1
            ends: list[Effect] = []
            while node is not None:
                effects = node.effects and [
                    effect for effect in node.effects if _fits(effect, tokens, at, reach)
                ]
                if effects:
                    end = reach
                    # "presents with" also ends what "presents" ends; a pseudo-trigger stands alone.
                    kept = ends if any(effect.attributes for effect in effects) else []
                    phrases[at] = (end, [*kept, *effects])
                    ends += [effect for effect in effects if effect.ends]
                below = node.next.get(tokens[reach]) if reach < n_tokens else None
                if below is None and reach + 1 < n_tokens and tokens[reach] in _ADVERBS:
                    reach += 1
                    below = node.next.get(tokens[reach])
                node = below
                reach += 1
            done = end
        return phrases


def _header(name: str, where: str) -> str:
    """A section header as it is looked up; a colon at its end is none of it."""
    header = " ".join(name.lower().replace("’", "'").rstrip(" :").split())
    if not header:
        raise ConfigError(f"{where}: the header {name!r} is empty")
    return header


def _effects(rules: RuleFile, where: str) -> Iterator[tuple[tuple[str, ...], Effect]]:
    """The phrases of a file, with what they do."""
    for trigger in rules.trigger:
        yield trigger.phrases, _effect_of(trigger, where)
    for termination in rules.termination:
        yield (
            termination.phrases,
            Effect(
                attributes=tuple(map(ASSERTIONS.index, termination.attributes)),
                ends=True,
                ends_section=termination.section,
                unless_denied=termination.unless_denied,
                unless_listed=termination.unless_listed,
            ),
        )
    for rest in rules.rest:
        attributes = tuple(map(ASSERTIONS.index, rest.attributes))
        until = _single_words(rest.until, where)
        yield rest.phrases, Effect(attributes=attributes, rests=True, until=until)
    yield rules.pseudo.phrases, Effect()


def _effect_of(trigger: TriggerTable, where: str) -> Effect:
    return Effect(
        attributes=(ASSERTIONS.index(trigger.attribute),),
        forward=trigger.direction != "backward",
        backward=trigger.direction != "forward",
        max_words=FAR if trigger.max_words is None else trigger.max_words,
        until=_single_words((*trigger.until, *([","] if trigger.phrase else ())), where),
        after=_single_words(trigger.after, where),
        unless_denied=trigger.unless_denied,
    )


def _single_words(words: Sequence[str], where: str) -> frozenset[str]:
    """What "until" and "after" hold, as the words of a note are compared with it."""
    found: set[str] = set()
    for word in words:
        if len(parts := _parts(word)) != 1:
            raise ConfigError(f"{where}: {word!r} in until or after; expected a single word")
        found.update(parts)
    return frozenset(found)


def _nodes_below(node: _Node) -> Iterator[_Node]:
    left = [node]
    while left:
        node = left.pop()
        yield node
        left.extend(node.next.values())


def _has_scope(effect: Effect) -> bool:
    return effect.forward or effect.backward


def _walk(node: _Node, parts: tuple[str, ...]) -> _Node:
    for part in parts:
        found = node.next.get(part)
        if found is None:
            found = node.next[part] = _Node()
        node = found
    return node


def _fits(effect: Effect, tokens: list[str], begin: int, end: int) -> bool:
    if effect.opens_clause and begin > 0 and is_word(tokens[begin - 1]):
        return False
    if effect.after and effect.after.isdisjoint(tokens[:begin]):
        return False
    if not effect.closes_clause or end == len(tokens):
        return True
    # "- Neg: chest pain" has the hyphen of a list, and says no of what follows.
    return tokens[end] != ":" and not is_word(tokens[end])


@lru_cache(maxsize=_KEPT)
def is_word(piece: str) -> bool:
    """Whether a token is a word, a number or a mention; else it is punctuation."""
    return piece[0].isalnum() or piece == MENTION


def _parts(word: str) -> list[str]:
    # What stands for numbers in a rule becomes what numbers fold to, and what stands for a mention
    # what one is masked as; the rest is cut as a note is.
    if word in _STAND_FOR:
        return [_STAND_FOR[word]]
    return [fold(part) for part in TOKEN.findall(word)]


@lru_cache(maxsize=_KEPT)
def fold(piece: str) -> str:
    """The form in which the words of a note are compared with those of a phrase.

    Numbers are one, in words too, years are one, and a number with its unit is the unit: "3d",
    "2wk". "Dont" is "don't".
    """
    if piece[0].isdecimal() and (time := _DURATION.fullmatch(piece)):
        return time[1].lower()
    if piece.isdecimal():
        return "YYYY" if len(piece) == 4 and piece[:2] in ("19", "20") else "0"
    if piece[:4].isdecimal() and piece[4:] == "s":
        return "0s"
    piece = piece.lower().replace("’", "'").replace("´", "'")
    piece = piece.removesuffix("'s")
    if piece in _NUMBERS:
        return "0"
    piece = _WITHOUT_APOSTROPHE.get(piece, piece)
    return {"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-"}.get(piece, piece)

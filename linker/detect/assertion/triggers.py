"""Phrases that say something of what stands near them: read from TOML, found in one pass.

A trie over words, so that the time to find phrases does not grow with how many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from linker.config import read_toml, validated
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

_Attribute = Literal["negated", "historical", "hypothetical", "family", "uncertain"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _TriggerTable(_Table):
    attribute: _Attribute
    direction: Literal["forward", "backward", "both"]
    phrases: tuple[str, ...] = Field(min_length=1)
    max_words: int | None = Field(default=None, ge=0)
    phrase: bool = False
    until: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    unless_denied: bool = False


class _TerminationTable(_Table):
    attributes: tuple[_Attribute, ...]
    phrases: tuple[str, ...]
    section: bool = False
    unless_denied: bool = False
    unless_listed: bool = False


class _RestTable(_Table):
    attributes: tuple[_Attribute, ...]
    phrases: tuple[str, ...]
    until: tuple[str, ...]


class _PseudoTable(_Table):
    phrases: tuple[str, ...] = ()


class _SectionTable(_Table):
    attributes: tuple[_Attribute, ...]
    headers: tuple[str, ...]


class _RuleFile(_Table):
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    trigger: tuple[_TriggerTable, ...] = ()
    termination: tuple[_TerminationTable, ...] = ()
    rest: tuple[_RestTable, ...] = ()
    pseudo: _PseudoTable = _PseudoTable()
    section: tuple[_SectionTable, ...] = ()


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
    """The phrases and section headers of a rule file.

    Args:
        path: a TOML file laid out as `data/assertion.toml`, which explains itself; by default
            that one.

    Raises:
        ConfigError: the file cannot be read, or holds a key, attribute or group that is unknown.

    Attributes:
        headers: a section header, in lower case: the attributes (indices into `ASSERTIONS`) of what
            stands below it.
        words: those of all phrases and headers.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        source = (
            resources.files(__package__) / "data/assertion.toml" if path is None else Path(path)
        )
        rules = validated(_RuleFile, read_toml(source), where=str(source))
        self._where = str(source)
        self._groups = rules.groups
        for name, alternatives in rules.groups.items():
            if any("{" in alternative for alternative in alternatives):
                raise ConfigError(f"{self._where}: the group {{{name}}} names a group")
        # Each group cut into words once, not each time that a phrase names it.
        self._parts = {
            f"{{{name}}}": tuple(
                tuple(part for word in alternative.split() for part in _parts(word))
                for alternative in alternatives
            )
            for name, alternatives in rules.groups.items()
        }
        self._root = _Node()
        for trigger in rules.trigger:
            effect = Effect(
                attributes=(ASSERTIONS.index(trigger.attribute),),
                forward=trigger.direction != "backward",
                backward=trigger.direction != "forward",
                max_words=FAR if trigger.max_words is None else trigger.max_words,
                until=frozenset((*trigger.until, *([","] if trigger.phrase else ()))),
                after=frozenset(trigger.after),
                unless_denied=trigger.unless_denied,
            )
            self._add(trigger.phrases, effect)
        for termination in rules.termination:
            attributes = tuple(map(ASSERTIONS.index, termination.attributes))
            effect = Effect(
                attributes=attributes,
                ends=True,
                ends_section=termination.section,
                unless_denied=termination.unless_denied,
                unless_listed=termination.unless_listed,
            )
            self._add(termination.phrases, effect)
        for rest in rules.rest:
            attributes = tuple(map(ASSERTIONS.index, rest.attributes))
            self._add(
                rest.phrases, Effect(attributes=attributes, rests=True, until=frozenset(rest.until))
            )
        self._add(rules.pseudo.phrases, Effect())
        self._scoped_words = frozenset(
            word for word, node in self._root.next.items() if any(map(_has_scope, node.effects))
        )
        self._scoped_pairs = frozenset(
            (first, second)
            for first, node in self._root.next.items()
            for second, below in node.next.items()
            if any(map(_has_scope, _effects_below(below)))
        )
        self.headers = {
            header: tuple(map(ASSERTIONS.index, section.attributes))
            for section in rules.section
            for header in section.headers
        }
        self.words = frozenset(_words_below(self._root)).union(
            fold(word) for header in self.headers for word in TOKEN.findall(header)
        )

    def _add(self, phrases: Sequence[str], effect: Effect) -> None:
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
                node.effects.append(done)

    def _choices(self, phrase: str) -> list[tuple[tuple[str, ...], ...]]:
        """For each word of a phrase what it may be: one alternative, or those of its group."""
        choices = []
        for word in phrase.split():
            if word.startswith("{"):
                if word not in self._parts:
                    known = ", ".join(sorted(self._groups))
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


def _words_below(node: _Node) -> Iterator[str]:
    left = [node]
    while left:
        below = left.pop().next
        yield from below
        left.extend(below.values())


def _effects_below(node: _Node) -> Iterator[Effect]:
    """What the phrases do that end at a node or below it."""
    left = [node]
    while left:
        here = left.pop()
        yield from here.effects
        left.extend(here.next.values())


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

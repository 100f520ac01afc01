"""What a note says of a mention: absent, past, conditional, another person's, or unsure.

The algorithm is ConText (Harkema, Dowling, Thornblade and Chapman, 2009), which widens NegEx
(Chapman et al., 2001): a trigger phrase gives its attribute to the mentions in its scope, which
ends with the sentence, at a termination, or after so many words. Section headers are triggers whose
scope is the section. Phrases and headers are data: `data/assertion.toml`.

What was decided where usage is divided:

- What is negated is never historical: "no history of MI" says that there was none, at any time.
- A risk ("at risk of falls", "to prevent stroke", "DVT prophylaxis") is hypothetical.
- "Unlikely" and "cannot exclude" are uncertain, not negated.
- What is listed under "Past Medical History" is historical, chronic or not.
- "3-day history of", "10-year history of" are current.
- Findings of a spouse or partner count as family: they are not the patient's.

No trigger is found inside a mention ("lack of coordination"), but in one that is nothing else: the
names of a large terminology include "history", "family history", "mother", "risk" and "denies".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from linker.detect.assertion.questions import Questions
from linker.detect.assertion.rules import RuleFile, read_rules, shipped_rules
from linker.detect.assertion.scopes import mark_scopes
from linker.detect.assertion.sections import Sentence, sentences_of
from linker.detect.assertion.signs import with_minus
from linker.detect.assertion.stretches import Stretches, stretches_of
from linker.detect.assertion.templates import items, plain_marks
from linker.detect.assertion.triggers import MENTION, TOKEN, PhraseBook, fold
from linker.schema import ASSERTIONS, Mention
from linker.text import words

_KEPT = 4096
"""Mentions of which is kept whether they are words of the rules."""
_PREPOSITIONS = frozenset(("for", "of", "to", "with"))
_NEGATED = ASSERTIONS.index("negated")


class AssertionRules:
    """Trigger phrases and section headers, ready to be found in one pass over a note.

    Args:
        path: a house's own rules, beside those that come with the package or in their place: a TOML
            file laid out as `data/assertion.toml`, which explains itself. By default none.

    Raises:
        ConfigError: the file cannot be read, or holds a key, attribute or group that is unknown.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._take(None if path is None else (str(path), read_rules(path)))

    def _take(self, house: tuple[str, RuleFile] | None) -> None:
        self._house = house
        shipped = () if house is not None and house[1].alone else (("shipped", shipped_rules()),)
        files = (*shipped, *(() if house is None else (house,)))
        self._book = PhraseBook(*files)
        self._questions = Questions(*(rules for _, rules in files))
        self._is_of_rules = lru_cache(maxsize=_KEPT)(self._holds_words_of_rules)

    @property
    def fingerprint(self) -> str | None:
        """What tells a house's rules from others; None where it has none of its own."""
        if self._house is None:
            return None
        return f"sha256:{sha256(self._house[1].model_dump_json().encode()).hexdigest()}"

    def __getstate__(self) -> dict[str, tuple[str, RuleFile] | None]:
        # In another process, or on another machine, the file may not be there.
        return {"house": self._house}

    def __setstate__(self, state: dict[str, tuple[str, RuleFile] | None]) -> None:
        self._take(state["house"])

    def assert_mentions(self, text: str, mentions: Sequence[Mention]) -> list[dict[str, bool]]:
        """Say of each mention what its context says. Time grows with the length of the text only.

        Args:
            text: the whole note, so that sections are seen.
            mentions: of this text, in any order; they may overlap.

        Returns:
            For each mention, in the order given, a truth value for each of `ASSERTIONS`.

        Raises:
            ValueError: a mention ends after the text does.
        """
        if not mentions:
            return []
        stretches, homes = stretches_of(text, mentions, self._is_of_rules)
        found = [0] * len(stretches.at)
        # Names of speakers may be mentions, so the text as it stands says who answers what.
        said = plain_marks(stretches.plain) if "?" in text else None
        for sentence in sentences_of(stretches, self._book):
            if MENTION in sentence.pieces or sentence.holds_open(stretches):
                self._judge(sentence, stretches, found, said)
                for piece in with_minus(sentence.pieces):
                    found[stretches.at[sentence.starts[piece]]] |= 1 << _NEGATED
        return [dict(_TRUTHS[found[home]]) for home in homes]

    def _holds_words_of_rules(self, text: str) -> bool:
        """Whether a text is words of phrases and headers, and nothing else.

        Such mentions are not masked: terminologies have "history", "family history", "mother",
        "risk" and "denies" as names too. "No appetite" is a finding: what it says no to is its own.
        "No evidence of" is none.
        """
        tokens = [*map(fold, TOKEN.findall(text))]
        if not tokens or not self._book.words.issuperset(tokens):
            return False
        return tokens[-1] in _PREPOSITIONS or not any(
            end - at < len(tokens) and any(_NEGATED in effect.attributes for effect in effects)
            for at, (end, effects) in self._book.find(tokens).items()
        )

    def _judge(
        self, sentence: Sentence, stretches: Stretches, found: list[int], said: str | None
    ) -> None:
        tokens, homes = sentence.tokens(stretches)
        if sentence.section or self._book.may_scope(tokens):
            self._judge_items(tokens, homes, sentence.section, found)
        if said is not None and homes:
            self._questions.judge(tokens, homes, said, sentence.end(stretches), found)

    def _judge_items(
        self,
        tokens: list[str],
        homes: dict[int, int],
        section: tuple[int, ...],
        found: list[int],
    ) -> None:
        for first, end in items(tokens, homes):
            item, own = tokens, homes
            if end - first < len(tokens):
                item = tokens[first:end]
                own = {at - first: home for at, home in homes.items() if first <= at < end}
            phrases = self._book.find(item)
            if phrases or section:
                mark_scopes(item, own, phrases, section, found)


def _truth(bits: int) -> dict[str, bool]:
    truth = {attribute: bool(bits >> i & 1) for i, attribute in enumerate(ASSERTIONS)}
    # What there was not has no time: "no history of MI".
    truth["historical"] = truth["historical"] and not truth["negated"]
    return truth


_TRUTHS = tuple(map(_truth, range(1 << len(ASSERTIONS))))


@lru_cache(maxsize=1)
def default_rules() -> AssertionRules:
    """The rules that come with the package, read when first asked for."""
    return AssertionRules()


def said_in(term: str) -> frozenset[str]:
    """What a term says itself of the finding that it names: "hx of TIA" that it is past.

    Args:
        term: an entry of a list, without a note around it.

    Returns:
        Some of `ASSERTIONS`.
    """
    mentions = [Mention(word.start, word.end, term[word.start : word.end]) for word in words(term)]
    found = default_rules().assert_mentions(term, mentions)
    return frozenset(attribute for truth in found for attribute in ASSERTIONS if truth[attribute])

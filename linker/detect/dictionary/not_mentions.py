"""What has the name of a concept and is no mention: `data/not_mentions.toml`, and what it is by."""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic import field_validator

from linker.checked import Checked, shipped
from linker.detect.gaps import GAP, either
from linker.index import Store

_LONGEST_WORD = 32
"""Code points before a name in which the word before it is looked for."""
_HEADER_END = re.compile(r"[ \t]*(?::|\r?\n|\Z)")
_CAPITALS_BEFORE = re.compile(r"(?<![^\W_])[A-Z]{2,}[ \t\n]{1,9}\Z")
_CAPITALS_BEHIND = re.compile(r"[ \t\n]{1,9}[A-Z]{2,}(?![^\W_])")


class NotMentions(Checked):
    """What has the name of a finding and is none: see the file."""

    words: frozenset[str]
    headers: frozenset[str]
    in_capitals: frozenset[str]
    fields: frozenset[str]
    other_senses: dict[str, frozenset[str]]
    before: dict[str, re.Pattern[str]]

    @field_validator("before", mode="before")
    @classmethod
    def _patterns(cls, before: dict[str, list[str]]) -> dict[str, re.Pattern[str]]:
        return {
            name: re.compile(rf"(?:[-:/\s]{{1,2}}|:?{GAP})(?:{either(following)})\b", re.IGNORECASE)
            for name, following in before.items()
        }

    def is_another_sense(self, lower: str, preferred_name: str) -> bool:
        """Whether a concept that has a name is not what notes mean by it.

        Args:
            lower: the name as a note has it, in lower case.
            preferred_name: of the concept: "Power (Psychology)", "Asteraceae" for a composite.
        """
        preferred = preferred_name.lower()
        if preferred in self.other_senses.get(lower, ()):
            return True
        everyday, _, field = preferred.removesuffix(")").partition(" (")
        return field in self.fields and lower in (everyday, f"{everyday}s")


@lru_cache(maxsize=1)
def not_mentions() -> NotMentions:
    """What the file lists."""
    return shipped(NotMentions, __package__, "not_mentions.toml")


def says_another_sense(store: Store, row: int, lower: str) -> bool:
    """Whether notes mean by a text, in lower case, none of the concepts that have a name.

    Args:
        store: of the index.
        row: the name.
    """
    listed = not_mentions()
    if " " in lower and lower not in listed.other_senses:
        return False
    return all(
        listed.is_another_sense(lower, store.preferred_name(pair.concept))
        for pair in store.pairs(row)
    )


def has_another_sense(store: Store, row: int) -> bool:
    """Whether notes mean none of its concepts by a name, in whatever words: "Reflex, Absent"."""
    return says_another_sense(store, row, " ".join(reversed(store.normal(row).split(", "))))


def as_listed(text: str) -> str:
    """A text as the lists have it: in lower case, with single spaces and a plain apostrophe."""
    return " ".join(text.lower().replace("’", "'").split())


def is_no_mention(text: str, start: int, end: int) -> bool:
    """Whether `text[start:end]`, which a model marks, is nothing that the dictionary would take.

    A word that is no finding, the header of a section, or another thing before what follows.
    """
    listed, lower = not_mentions(), as_listed(text[start:end])
    before = listed.before.get(lower)
    return bool(
        lower in listed.words
        or (lower in listed.headers and is_header(text, start, end))
        or (before and before.match(text, end))
    )


def is_header(text: str, start: int, end: int) -> bool:
    """Whether a name that some sections have as their header is such a header here."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    return not before.strip() and _HEADER_END.match(text, end) is not None


def is_among_capitals(text: str, start: int, end: int) -> bool:
    """Whether the word before or behind is in capitals too."""
    return bool(
        _CAPITALS_BEHIND.match(text, end)
        or _CAPITALS_BEFORE.search(text, max(0, start - _LONGEST_WORD), start)
    )

"""Rule files: the phrases and section headers that say something of mentions, in TOML.

What a file may hold, `data/assertion.toml` explains, which has the rules that come with the
package. A house adds its own in a file of the same layout.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from linker.checked import Checked, read_toml, shipped, validated

_Attribute = Literal["negated", "historical", "hypothetical", "family", "uncertain"]


class TriggerTable(Checked):
    """A `[[trigger]]`: phrases that say an attribute of what stands in their scope."""

    attribute: _Attribute
    direction: Literal["forward", "backward", "both"]
    phrases: tuple[str, ...] = Field(min_length=1)
    max_words: int | None = Field(default=None, ge=0)
    phrase: bool = False
    until: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    unless_denied: bool = False


class _TerminationTable(Checked):
    attributes: tuple[_Attribute, ...]
    phrases: tuple[str, ...]
    section: bool = False
    unless_denied: bool = False
    unless_listed: bool = False


class _RestTable(Checked):
    attributes: tuple[_Attribute, ...]
    phrases: tuple[str, ...]
    until: tuple[str, ...]


class _PseudoTable(Checked):
    phrases: tuple[str, ...] = ()


class _SectionTable(Checked):
    attributes: tuple[_Attribute, ...]
    headers: tuple[str, ...]


class _QuestionTable(Checked):
    opens: tuple[str, ...] = ()
    wh: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    given_until: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    affirmed: tuple[str, ...] = ()
    goes_on: tuple[str, ...] = ()


class RuleFile(Checked):
    """The content of a rule file.

    Attributes:
        alone: these are all the rules: those of the package are left out. Else they are added to
            those, and what both have is as these say.
        groups: words that stand for each other in phrases; those of the package may be used too.
        trigger, termination, rest, pseudo, section, question: see `data/assertion.toml`.
    """

    alone: bool = False
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    trigger: tuple[TriggerTable, ...] = ()
    termination: tuple[_TerminationTable, ...] = ()
    rest: tuple[_RestTable, ...] = ()
    pseudo: _PseudoTable = _PseudoTable()
    section: tuple[_SectionTable, ...] = ()
    question: _QuestionTable = _QuestionTable()


@lru_cache(maxsize=1)
def shipped_rules() -> RuleFile:
    """The rules that come with the package."""
    return shipped(RuleFile, __package__, "assertion.toml")


def read_rules(path: str | Path) -> RuleFile:
    """The rules of a file.

    Raises:
        ConfigError: it cannot be read, or holds a key or attribute that is unknown.
    """
    return validated(RuleFile, read_toml(Path(path)), where=str(path))

"""Invented sentences in which each mention has a mark of what is said of it."""

from __future__ import annotations

import re

from linker.detect import default_rules
from linker.schema import ASSERTIONS, Mention

_MARKED = re.compile(r"\[([^\]|]+)\|([^\]]*)\]")


def marked(text: str) -> tuple[str, list[Mention], list[set[str]]]:
    """The text without its marks, its mentions, and the attributes that each mark gives."""
    parts: list[str] = []
    mentions: list[Mention] = []
    gold: list[set[str]] = []
    n = done = 0
    for match in _MARKED.finditer(text):
        before, mention = text[done : match.start()], match[1]
        n += len(before)
        parts += before, mention
        mentions.append(Mention(n, n + len(mention), mention))
        gold.append(set(filter(None, match[2].split("+"))))
        n += len(mention)
        done = match.end()
    return "".join([*parts, text[done:]]), mentions, gold


def found(text: str, mentions: list[Mention]) -> list[set[str]]:
    return [
        {a for a in ASSERTIONS if truth[a]}
        for truth in default_rules().assert_mentions(text, mentions)
    ]


def check(text: str) -> None:
    plain, mentions, gold = marked(text)
    assert found(plain, mentions) == gold, text

"""spaCy's tokenizer, kept from looking for a web address in what is too long to be one.

Its pattern reads what has no blank to the end from each place where a mark was taken away: a note
with a stretch of 20,000 brackets or colons takes minutes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

_LONGEST = 500
"""Characters of what may be a web address."""


class _Shorter:
    """Matches as a pattern does, and nothing that is longer. spaCy saves `pattern`."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern.pattern
        self._compiled = pattern

    def match(self, text: str) -> re.Match[str] | None:
        return None if len(text) > _LONGEST else self._compiled.match(text)


def without_long_urls(nlp: Language) -> Language:
    """The pipeline itself, whose tokenizer now takes time in proportion to the text."""
    match = getattr(nlp.tokenizer, "url_match", None)
    pattern = getattr(match, "__self__", None)
    if isinstance(pattern, re.Pattern):
        nlp.tokenizer.url_match = _Shorter(pattern).match  # type: ignore[attr-defined]
    return nlp

"""spaCy's tokenizer, kept from reading what has no blank again and again to its end.

It takes marks away one by one, and each time asks whether what is left is a web address, or ends in
another mark: of a stretch of 20,000 brackets or colons that takes minutes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

_LONGEST = 500
"""Characters of what may be a web address, and from the end on in which a mark is looked for."""


class _Shortened:
    """A pattern that looks at so much alone. spaCy saves `pattern`."""

    def __init__(self, compiled: re.Pattern[str]) -> None:
        self.pattern = compiled.pattern
        self._compiled = compiled

    def match(self, text: str) -> re.Match[str] | None:
        """As the pattern's own, and nothing in what is longer."""
        return None if len(text) > _LONGEST else self._compiled.match(text)

    def search(self, text: str) -> re.Match[str] | None:
        """As the pattern's own, at the end of a text; spaCy takes the length of it alone."""
        return self._compiled.search(text[-_LONGEST:])


def bear_long_words(nlp: Language) -> Language:
    """The pipeline itself, whose tokenizer now takes time in proportion to the text."""
    for name, method in (("url_match", "match"), ("suffix_search", "search")):
        compiled = getattr(getattr(nlp.tokenizer, name, None), "__self__", None)
        if isinstance(compiled, re.Pattern):
            setattr(nlp.tokenizer, name, getattr(_Shortened(compiled), method))
    return nlp

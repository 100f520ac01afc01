"""Cross-references: "VOCABULARY:code", the same concept in another vocabulary."""

from __future__ import annotations

_LINKS = frozenset({"http", "https", "ftp", "url", "mailto"})


def code_of(xref: str) -> tuple[str, str] | None:
    """The vocabulary and the code of a cross-reference ("UMLS:C0027051").

    Returns:
        None for what is no code: a link, or a string without a vocabulary before its colon.
    """
    vocabulary, colon, code = xref.strip().partition(":")
    vocabulary, code = vocabulary.strip(), code.strip()
    if not (colon and vocabulary and code) or vocabulary.lower() in _LINKS:
        return None
    if any(character.isspace() for character in vocabulary):
        return None
    return vocabulary, code

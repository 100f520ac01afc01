"""Cross-references: "VOCABULARY:code", the same concept in another vocabulary."""

from __future__ import annotations

import re

_LINKS = frozenset({"http", "https", "ftp", "url", "mailto"})

# Behind a vocabulary, its release, as the Disease Ontology writes it: "ICD9CM_2006".
_RELEASE = re.compile(r"(?<=[A-Za-z0-9])_?(?:19|20)\d\d(?:_\d\d?_\d\d?)?$")


def code_of(xref: str) -> tuple[str, str] | None:
    """The vocabulary and the code of a cross-reference ("UMLS:C0027051").

    A release behind the vocabulary is no part of its name: "SNOMEDCT_US_2018_03_01:22298006" is a
    code of SNOMEDCT_US.

    Returns:
        None for what is no code: a link, or a string without a vocabulary before its colon.
    """
    vocabulary, colon, code = xref.strip().partition(":")
    vocabulary, code = vocabulary.strip(), code.strip()
    if not (colon and vocabulary and code) or vocabulary.lower() in _LINKS:
        return None
    if any(character.isspace() for character in vocabulary):
        return None
    return _RELEASE.sub("", vocabulary), code

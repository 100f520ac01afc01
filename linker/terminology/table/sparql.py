"""Tables that a SPARQL query gave, as ontologies publish some of their parts (HPO's lay synonyms).

The header is of variables ("?term"), each field an RDF term: `<http://...>`, `"text"@en`, a number
(SPARQL 1.1 Query Results CSV and TSV Formats, section 4). A tab or a line end within a text is
escaped, so that fields are split at tabs alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linker.terminology.obo.repair import compact

_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@[A-Za-z0-9\-]+|\^\^\S+)?')
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def is_sparql(header: Sequence[str]) -> bool:
    """Whether a header is of variables."""
    return all(re.fullmatch(r"\?\w+", name) for name in header)


def rdf_text(field: str) -> str:
    """The text of a literal, or an IRI as people know it (".../obo/HP_0000118" is "HP:0000118").

    Raises:
        ValueError: a quotation mark opens and is not closed.
    """
    field = field.strip()
    if field.startswith("<") and field.endswith(">"):
        return compact(field[1:-1])
    if field.startswith('"'):
        match = _LITERAL.fullmatch(field)
        if match is None:
            raise ValueError("a quotation mark opens and is not closed")
        return _ESCAPED.sub(_unescaped, match[1])
    return field


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "uU" and len(code) > 1:
        number = int(code[1:], 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
    return _CONTROL.get(code, code)

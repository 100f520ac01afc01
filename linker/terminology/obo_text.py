"""OBO files, made fit for `pronto`: see `obo_repair`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from linker.terminology.obo_repair import SAYS_LICENCE, printable, synonym_type
from linker.terminology.xrefs import code_of

_QUOTED = r'"(?P<text>(?:[^"\\]|\\.)*)"'
_HEADER_TAGS = frozenset({"format-version", "data-version", "ontology", "default-namespace"})
_PROPERTY = re.compile(rf"\S*(?:title|licen[cs]e|rights|versionInfo) (?:{_QUOTED} \S+|[^\s\"]+)")
_TEXT_LINE = re.compile(rf"{_QUOTED}\s*(?:\[.*|\{{.*)?", re.DOTALL)
_SYNONYM = re.compile(
    rf"{_QUOTED}\s*(?P<scope>EXACT|BROAD|NARROW|RELATED)?(?:\s+(?P<type>[^\s\[\]{{]+))?\s*(?:\[.*|\{{.*)?"
)
_QUALIFIED = re.compile(r'(?<!\\)\{\w+="[^{]*\}\s*(?:!.*)?$')
_BRACE = re.compile(r"(?<!\\)\{")
_OLD_SYNONYMS = {
    "exact_synonym": "EXACT",
    "broad_synonym": "BROAD",
    "narrow_synonym": "NARROW",
    "related_synonym": "RELATED",
}
_FRAME = re.compile(r"\[(\w+)\]\s*(?:!.*)?")
_CLAUSE = re.compile(r"([A-Za-z_\-]+):\s*(.*?)\s*")
_KEPT_TAGS = frozenset({"id", "alt_id", "namespace", "is_obsolete"})
_REFERENCES = frozenset({"is_a", "replaced_by", "consider"})


def repaired_obo(text: str) -> str:
    """The clauses of an OBO file that we read, each on its own line; the other lines are empty."""
    lines = text.splitlines() if "\r" in text and "\n" not in text else text.split("\n")
    known = set(_term_ids(lines))
    frame, repaired = "header", []
    for line in lines:
        line = line.rstrip("\r")
        if line.startswith("["):
            match = _FRAME.fullmatch(line)
            frame = match[1] if match else "Term"
            repaired.append("" if frame in ("Typedef", "Instance") else line)
        elif frame == "header" and line.startswith("!") and SAYS_LICENCE.search(line):
            repaired.append(_remark(line.lstrip("! ")))
        elif not line.strip() or line.startswith("!") or frame in ("Typedef", "Instance"):
            repaired.append("")
        elif not (clause := _CLAUSE.fullmatch(line)):
            repaired.append(line)
        elif frame == "header":
            repaired.append(_header_clause(line, clause[1], clause[2]))
        else:
            repaired.append(_term_clause(line, clause[1], clause[2], known))
    return "\n".join(repaired)


def _term_ids(lines: Iterable[str]) -> Iterator[str]:
    in_term = False
    for line in lines:
        if line.startswith("["):
            in_term = line.startswith("[Term]")
        elif in_term and line.startswith("id:"):
            yield _first_word(line[3:])


def _header_clause(line: str, tag: str, value: str) -> str:
    if tag == "property_value":
        return line if _PROPERTY.fullmatch(value) else ""
    if tag == "remark":
        return _remark(value) if SAYS_LICENCE.search(value) else ""
    return line if tag in _HEADER_TAGS else ""


def _remark(text: str) -> str:
    # Unescaped, they open qualifiers and a comment.
    return "remark: " + re.sub(r"(?<!\\)([{!])", r"\\\1", printable(text))


def _term_clause(line: str, tag: str, value: str, known: set[str]) -> str:
    if tag == "name":
        # A brace opens qualifiers, {source="X"}; else it belongs to the name ("{[2-chloro...").
        return line if _QUALIFIED.search(value) else _BRACE.sub(r"\\{", line)
    if tag in _KEPT_TAGS:
        return f"{tag}: {_first_word(value)}"
    if tag in _REFERENCES:
        # "is_a: X:1 {source="Y"} ! name"
        return f"{tag}: {_first_word(value)}" if _first_word(value) in known else ""
    if tag == "def":
        match = _TEXT_LINE.fullmatch(value)
        return f'def: "{match["text"]}" []' if match else line
    if tag == "synonym" or tag in _OLD_SYNONYMS:
        match = _SYNONYM.fullmatch(value)
        if match is None:
            return line
        kind = synonym_type(match["type"])
        if kind is None:
            return ""
        scope = _OLD_SYNONYMS.get(tag) or match["scope"] or "RELATED"
        return f'synonym: "{match["text"]}" {scope} [{kind}]'
    if tag == "xref":
        # An xref may end in a description or qualifiers: 'UMLS:C1 "text" {source="Y"}'.
        xref = _first_word(value)
        return f"xref: {xref}" if code_of(xref) and '"' not in xref else ""
    return ""


def _first_word(value: str) -> str:
    words = value.split(maxsplit=1)
    return words[0] if words else ""

"""OBO files, made fit for `pronto`: see `repair`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from linker.errors import TerminologyError
from linker.terminology.bad_rows import NO_PARENT, OTHERS_CODE, BadRows
from linker.terminology.files import UNDECODED, not_utf8
from linker.terminology.obo.repair import (
    REASON,
    SAYS_LICENCE,
    compact,
    is_obsolete_class,
    is_of_another,
    printable,
    says,
    successor_of,
    synonym_type,
)
from linker.terminology.xrefs import code_of

_QUOTED = r'"(?P<text>(?:[^"\\]|\\.)*)"'
_HEADER_TAGS = frozenset({"data-version", "ontology", "default-namespace"})
_PROPERTY = re.compile(rf"\S*(?:title|licen[cs]e|rights|versionInfo) (?:{_QUOTED} \S+|[^\s\"]+)")
_STATED = re.compile(rf"(?P<property>\S+) {_QUOTED}.*")
_TEXT_LINE = re.compile(rf"{_QUOTED}\s*(?:\[.*|\{{.*)?", re.DOTALL)
_SYNONYM = re.compile(
    rf"{_QUOTED}\s*(?P<scope>EXACT|BROAD|NARROW|RELATED)?(?:\s+(?P<type>[^\s\[\]{{]+))?\s*(?:\[.*|\{{.*)?"
)
_QUALIFIED = re.compile(r'(?<!\\)\{\w+="[^{]*\}\s*(?:!.*)?$')
_SOURCE = re.compile(r'source="([^"]*)"')
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
_IDS = frozenset({"id", "alt_id"})
_ONCE = frozenset({"id", "name"})
"""What a term has one of."""
_REFERENCES = frozenset({"is_a", "replaced_by", "consider"})
_NOT_READ = "another frame"


def repaired_obo(text: str, where: str, bad: BadRows) -> str:
    """The clauses of an OBO file that we read, each on its own line; the other lines are empty.

    The version of the format is left out: `pronto` knows an OBO file by its first line, where a
    file may have something else.

    Args:
        text: decoded with "surrogateescape", so that a line that is not UTF-8 can be left out.
        where: the file, for messages.
        bad: told of each clause that is broken, and of each [Term] without an id of its own.

    Raises:
        TerminologyError: `bad` has had enough.
    """
    lines = text.splitlines() if "\r" in text and "\n" not in text else text.split("\n")
    known = set(_term_ids(lines))
    last = len(lines) if lines[-1].strip() else 0
    terms: dict[str, tuple[int, str]] = {}
    frame, said, repaired = "header", set[str](), []
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r")
        kept = ""
        try:
            if undecoded := UNDECODED.search(line):
                raise not_utf8(f"{where}:{number}", ord(undecoded[0]) - 0xDC00)
            if line.startswith("["):
                frame, said = _NOT_READ, set()
                if (match := _FRAME.fullmatch(line)) is None:
                    raise _broken(where, number, line, "a frame such as '[Term]'")
                if match[1] == "Term":
                    concept_id = _claim(lines, number, where, terms)
                    if not is_obsolete_class(concept_id):
                        frame, kept = "Term", line
            elif frame == "header" and line.startswith("!") and SAYS_LICENCE.search(line):
                kept = _remark(line.lstrip("! "))
            elif not line.strip() or line.startswith("!") or frame == _NOT_READ:
                pass
            elif number == last:
                raise _broken(where, number, line, "a line ending behind the last line")
            elif not (clause := _CLAUSE.fullmatch(line)):
                raise _broken(where, number, line, "a clause such as 'name: Fever'")
            elif frame == "header":
                kept = _header_clause(line, clause[1], clause[2])
            else:
                if clause[1] in _ONCE and clause[1] in said:
                    raise _broken(where, number, line, f"one {clause[1]} a term")
                said.add(clause[1])
                if (form := _wrong(clause[1], clause[2])) is not None:
                    raise _broken(where, number, line, form)
                kept = _term_clause(line, clause[1], clause[2], known, bad)
        except TerminologyError as error:
            bad.skip(error)
        repaired.append(kept)
    return "\n".join((*repaired, "")) if last else "\n".join(repaired)


def _broken(where: str, number: int, line: str, expected: str) -> TerminologyError:
    return TerminologyError(
        f"{where}:{number}: not OBO: found {line[:80]!r}, expected {expected}; "
        "was the file cut short?"
    )


def _claim(lines: Sequence[str], number: int, where: str, terms: dict[str, tuple[int, str]]) -> str:
    """Note down the id and name of the [Term] at a line, and give the id.

    Several stanzas of one term are one, but a second name would take the place of the first.

    Raises:
        TerminologyError: its first clause is no id, or the id is of a term of another name.
    """
    found = {"name": ""}
    for at in range(number, len(lines)):
        if lines[at].startswith("["):
            break
        if clause := _CLAUSE.fullmatch(lines[at].rstrip("\r")):
            if "id" not in found and clause[1] != "id":
                break
            found.setdefault(clause[1], clause[2])
            found["name"] = found["name"] or (clause[2] if clause[1] == "name" else "")
    concept_id = _id(found.get("id", ""))
    if not concept_id or UNDECODED.search(concept_id):
        raise _broken(
            where, number, lines[number - 1].rstrip("\r"), "'id: ...' as its first clause"
        )
    first, name = terms.setdefault(concept_id, (number, found["name"]))
    if name and found["name"] and name != found["name"]:
        raise TerminologyError(
            f"{where}:{number}: term {concept_id!r} occurs twice, first at line {first}; found the "
            f"names {name[:80]!r} and {found['name'][:80]!r}, expected one; are two releases in "
            "one file?"
        )
    if not name:
        terms[concept_id] = (first, found["name"])
    return concept_id


def _wrong(tag: str, value: str) -> str | None:
    """What is expected of a clause that is broken; None if it is whole."""
    if tag == "def" and not _TEXT_LINE.fullmatch(value):
        return 'def: "text" [...]'
    if (tag == "synonym" or tag in _OLD_SYNONYMS) and not _SYNONYM.fullmatch(value):
        return 'synonym: "text" SCOPE [...]'
    if tag == "is_obsolete" and _first_word(value) not in ("true", "false"):
        return "true or false"
    if tag in (*_KEPT_TAGS, "name") and not value:
        return f"a value behind '{tag}:'"
    return None


def _term_ids(lines: Iterable[str]) -> Iterator[str]:
    """The ids of the [Term] frames that are read: their first clauses, as `_claim` has it."""
    begins = False
    for line in lines:
        if line.startswith("["):
            frame = _FRAME.fullmatch(line.rstrip("\r"))
            begins = frame is not None and frame[1] == "Term"
        elif begins and (clause := _CLAUSE.fullmatch(line.rstrip("\r"))):
            begins, concept_id = False, _id(clause[2])
            if clause[1] == "id" and not is_obsolete_class(concept_id):
                yield concept_id


def _header_clause(line: str, tag: str, value: str) -> str:
    if tag == "property_value":
        return line if _PROPERTY.fullmatch(value) else ""
    if tag == "remark":
        return _remark(value) if SAYS_LICENCE.search(value) else ""
    return line if tag in _HEADER_TAGS else ""


def _remark(text: str) -> str:
    # Unescaped, they open qualifiers and a comment.
    return "remark: " + re.sub(r"(?<!\\)([{!])", r"\\\1", printable(text))


def _term_clause(line: str, tag: str, value: str, known: set[str], bad: BadRows) -> str:
    if tag == "name":
        # A brace opens qualifiers, {source="X"}; else it belongs to the name ("{[2-chloro...").
        return line if _QUALIFIED.search(value) else _BRACE.sub(r"\\{", line)
    if tag in _KEPT_TAGS:
        return f"{tag}: {_id(value) if tag in _IDS else _first_word(value)}"
    if tag in _REFERENCES:
        # "is_a: X:1 {source="Y"} ! name"
        if _id(value) in known:
            return f"{tag}: {_id(value)}"
        if tag == "is_a" and is_obsolete_class(_first_word(value)):
            return "is_obsolete: true"
        bad.noted.update([NO_PARENT] if tag == "is_a" else [])
        return ""
    if tag == "def":
        match = _TEXT_LINE.fullmatch(value)
        return f'def: "{match["text"]}" []' if match else ""
    if tag == "synonym" or tag in _OLD_SYNONYMS:
        match = _SYNONYM.fullmatch(value)
        kind = synonym_type(match["type"]) if match else None
        if match is None or kind is None:
            return ""
        scope = _OLD_SYNONYMS.get(tag) or match["scope"] or "RELATED"
        return f'synonym: "{match["text"]}" {scope} [{kind}]'
    if tag == "xref":
        # An xref may end in a description or qualifiers: 'UMLS:C1 "text" {source="Y"}'.
        xref = _first_word(value)
        if is_of_another(_SOURCE.findall(value)):
            bad.noted[OTHERS_CODE] += 1
            return ""
        return f"xref: {xref}" if code_of(xref) and '"' not in xref else ""
    if tag == "property_value" and (match := _STATED.fullmatch(value)):
        return _stated_clause(match["property"], match["text"], known)
    return ""


def _stated_clause(name: str, text: str, known: set[str]) -> str:
    """What a property of another vocabulary says, as a clause of OBO."""
    iri = name.replace("\\", "")
    if says(iri) == "synonym":
        return f'synonym: "{text}" EXACT []'
    if says(iri) == "definition":
        return f'def: "{text}" []'
    if iri == REASON and (successor := successor_of(text)) and compact(successor) in known:
        # `replaced_by`, which the term may have too, goes before it.
        return f"consider: {compact(successor)}"
    return ""


def _id(value: str) -> str:
    """The id at the start of a value: an IRI as the id that people know."""
    word = _first_word(value)
    return compact(word.replace("\\", "")) if word.startswith("http") else word


def _first_word(value: str) -> str:
    words = value.split(maxsplit=1)
    return words[0] if words else ""

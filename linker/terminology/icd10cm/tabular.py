"""The tabular list of ICD-10-CM, as the CDC's XML has it: see `reader`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

from linker.errors import TerminologyError
from linker.terminology.bad_rows import BadRows
from linker.terminology.xml_text import parse_xml, text_of

CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.?[0-9A-Z]{1,4})?")
"""A category or code, with or without its dot."""

_CODES = re.compile(r"\s*\([^()]*\b[A-Z]\d[0-9A-Z]\b[^()]*\)$")
"""Codes in brackets behind a name: "silicotuberculosis (J65)"."""
_NOS = re.compile(r"\bNOS\b")
_OF_SUBSTANCES = re.compile(
    r"(?:Poisoning by|Toxic effect of|Contact with and)\b|.* related disorders$", re.IGNORECASE
)
"""Titles below which substances are listed."""
_NO_SUBSTANCE = re.compile(
    r"abuse|asphyxi|\bbite|contact|depend|disorder|effect|exposure|ingestion|inhalation|poison|smoking"
    r"|stuck|syndrome|toxic|underdos|\buse\b",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"\bin (?:other )?diseases classified elsewhere$", re.IGNORECASE)
"""Titles of what is coded behind the disease that it is part of."""
_REFERS = re.compile(r"\bclassifiable\b|\bsee\b|\b7th character\b", re.IGNORECASE)

_Characters = dict[str, tuple[str, ...]]
# What a seventh character means, and further terms for the same.


@dataclass(frozen=True, slots=True)
class Entry:
    """A category or code, with its dot.

    Attributes:
        inclusion_terms: other names of it, or, where its title begins with "Other", narrower ones.
        examples: narrower names, of what is below it.
        default_terms: those as good as its title, such as what has this code if nothing more is
            said of it: "Sinusitis NOS".
    """

    code: str
    name: str
    parent: str | None
    chapter: str
    inclusion_terms: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    default_terms: tuple[str, ...] = ()


def dotted(code: str) -> str:
    """A code as people write it: "S0200XA" is "S02.00XA"."""
    return code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def undotted(code: str) -> str:
    """A code as the order file writes it."""
    return code.replace(".", "")


def tabular_root(data: bytes, where: str) -> ElementTree.Element:
    """The root of a tabular list.

    Raises:
        TerminologyError: not XML, or other XML than the CDC's.
    """
    root = parse_xml(data, where)
    if root.find("chapter") is None:
        hint = "; for ClaML, as the WHO has it, use the source claml" if root.tag == "ClaML" else ""
        raise TerminologyError(
            f"{where}: XML with the root <{root.tag}> and no <chapter>, expected the CDC's "
            f"<ICD10CM.tabular>{hint}"
        )
    return root


def tabular_entries(
    data: bytes, where: str, in_use: set[str] | None, bad: BadRows
) -> Iterator[Entry]:
    """The entries in the file's order, each code followed by those with a seventh character.

    What is below an entry that is left out is below the one above it.

    Args:
        where: the file, for messages.
        in_use: the codes with a seventh character that are given, without dots; None gives all.
        bad: told of each entry that is broken, or occurs twice.

    Raises:
        TerminologyError: as by `tabular_root`, or `bad` has had enough.
    """
    seen: set[str] = set()
    for chapter in tabular_root(data, where).iterfind("chapter"):
        title = re.sub(r"\s*\([A-Z]\w+-[A-Z]\w+\)$", "", text_of(chapter.find("desc")))
        # A stack, for the depth is the file's to choose: element, parent, seventh characters.
        stack: list[tuple[ElementTree.Element, str | None, _Characters]] = [(chapter, None, {})]
        while stack:
            element, parent, characters = stack.pop()
            characters = _seventh(element.find("sevenChrDef")) or characters
            children = [child for child in element if child.tag in ("section", "diag")]
            code, entries = parent, list[Entry]()
            if element.tag == "diag":
                try:
                    code, name = _diagnosis(element, parent or title, seen, data, where)
                except TerminologyError as error:
                    bad.skip(error)
                else:
                    terms = _terms(element, name, divided=bool(children))
                    entries.append(Entry(code, name, parent, title, *terms))
                    if not children:
                        entries += _extended(code, name, title, characters, in_use)
            seen.update(entry.code for entry in entries)
            yield from entries
            stack.extend((child, code, characters) for child in reversed(children))


def _diagnosis(
    element: ElementTree.Element, above: str, seen: set[str], data: bytes, where: str
) -> tuple[str, str]:
    """The code and the name of an entry.

    Raises:
        TerminologyError: one is missing or is none, or the code was seen before.
    """
    code, name = text_of(element.find("name")), text_of(element.find("desc"))
    if not CODE.fullmatch(code) or not name:
        raise TerminologyError(
            f"{_place(data, where, code)}: an entry below {above!r} has the name {code!r} and "
            f"the description {name!r}, expected a code such as 'I21.9' and its description"
        )
    if code in seen:
        raise TerminologyError(
            f"{_place(data, where, code, last=True)}: code {code!r} occurs twice, expected once; "
            "are two releases in one file?"
        )
    seen.add(code)
    return code, name


def _terms(
    element: ElementTree.Element, title: str, *, divided: bool
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The inclusion terms, the examples and the default terms of an entry.

    What a category includes is in one of its codes; if it has none, or where nothing else is
    specified ("diabetes NOS"), in itself. "Cocaine" below "Poisoning by local anesthetics" is no
    poisoning, and a pyelonephritis not one "in diseases classified elsewhere", which it may be.

    Args:
        divided: whether there are codes below it.
    """
    terms: list[str] = []
    examples: list[str] = []
    defaults: list[str] = []
    for note, found in (
        (False, map(text_of, element.iterfind("inclusionTerm/note"))),
        (True, _includes(element)),
    ):
        for name in found:
            if not _NO_SUBSTANCE.search(name) and _OF_SUBSTANCES.match(title):
                continue
            unspecified = _NOS.search(name) is not None
            if _OF_OTHERS.search(title):
                examples.append(name)
            elif note and divided:
                (terms if unspecified else examples).append(name)
            elif unspecified or not (divided or title.startswith("Other ")):
                defaults.append(name)
            else:
                terms.append(name)
    return tuple(terms), tuple(examples), tuple(defaults)


def _includes(element: ElementTree.Element) -> Iterator[str]:
    """The names among the notes on what an entry includes; others refer to codes."""
    for note in element.iterfind("includes/note"):
        name = _CODES.sub("", text_of(note))
        if name and not _REFERS.search(name):
            yield name


def _place(data: bytes, where: str, code: str, *, last: bool = False) -> str:
    """The file, and the line of the first or last entry of this name."""
    found = re.finditer(rb"<name>\s*%s\s*</name>" % re.escape(code.encode()), data)
    starts = [match.start() for match in found]
    return f"{where}:{data.count(10, 0, starts[-1 if last else 0]) + 1}" if starts else where


def _seventh(definition: ElementTree.Element | None) -> _Characters:
    """The seventh characters that an entry defines: {"A": ("initial encounter",), ...}."""
    characters: _Characters = {}
    last = ""
    for child in definition if definition is not None else ():
        if child.tag == "extension" and len(child.get("char", "")) == 1:
            last = child.attrib["char"]
            characters[last] = (text_of(child),)
        elif child.tag == "note" and last and text_of(child):
            characters[last] += (text_of(child),)
    return characters


def _extended(
    code: str, name: str, chapter: str, characters: _Characters, in_use: set[str] | None
) -> Iterator[Entry]:
    """A code with each of its seventh characters, if it has room for one."""
    stem = undotted(code)
    if len(stem) > 6:
        return
    for character, meanings in characters.items():
        extended = f"{stem.ljust(6, 'X')}{character}"
        if in_use is None or extended in in_use:
            full, *terms = (f"{name}, {meaning}" if meaning else name for meaning in meanings)
            yield Entry(dotted(extended), full, code, chapter, tuple(terms))

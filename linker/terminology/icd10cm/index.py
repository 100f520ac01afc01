"""The alphabetic index of ICD-10-CM, as the CDC's XML has it: what people call what has a code.

"The Alphabetic Index [is] an alphabetical list of terms and their corresponding code" (ICD-10-CM
Official Guidelines, section I.A.1). A main term ("Infarct, infarction") has terms below it
("myocardium, myocardial"), these others, and each may have a code. Its names are put together of
what stands above it: "myocardial infarction". Alternatives of a title are behind commas, what may
be there or not in brackets ("nonessential modifiers", I.A.7, `<nemod>`); "with" and "due to" stand
in lines of their own; "see" sends on to another term, whose code it is.

Codes of what brings people to a doctor (Z) and of what hurt them (V to Y) are passed over: their
terms ("Examination", "History, family") say what is done and not what somebody has.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, product

from linker.errors import TerminologyError
from linker.terminology.bad_rows import BadRows
from linker.terminology.xml_text import parse_xml

_PASSED_OVER = re.compile(r"[V-Z]")
_NO_TERM = re.compile(r"(?:other|any|note|see)\b|.*\b(?:un)?specified\b", re.IGNORECASE)
"""What says no more than that it is another one, or sends on."""
_NEC = re.compile(r",?\s*\b(?:NEC|NOS)\b")
_JOINING = (
    "affecting", "after", "as", "associated with", "at", "because of", "by", "caused by",
    "complicated by", "complicating", "due to", "during", "following", "for", "from", "in",
    "involving", "of", "on", "resulting from", "secondary to", "to", "with", "with or due to",
    "without",
)  # fmt: skip
"""What stands between a term and the one below it."""
_BEGINS_JOINING = re.compile(rf"(?:{'|'.join(_JOINING)})\b", re.IGNORECASE)
_ADJECTIVE = re.compile(r".+(?:al|ar|ed|ic|ous)", re.IGNORECASE)
_SHARED = 3
"""Letters that the alternatives of a title begin with alike: "leg, lower" are none."""
_MOST_NAMES, _MOST_WORDS = 6, 10
"""Of a term: how many names, and of how many words; a longer path is for the coder's eye."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A main term or one below it.

    Attributes:
        titles: its alternatives.
        code: with its dot and without a dash at its end; "" if it has none.
        see: the title of another main term and of those below it, or ().
    """

    titles: tuple[str, ...]
    code: str
    see: tuple[str, ...]
    below: list[_Term] = field(default_factory=list)


def index_names(
    data: bytes, where: str, codes: Container[str], bad: BadRows
) -> Iterator[tuple[str, str]]:
    """Codes and names of them, in the file's order; the same pair may come twice.

    Args:
        where: the file, for messages.
        codes: those of the release, with their dots.
        bad: notes the terms of others.

    Raises:
        TerminologyError: not XML, or other XML than the CDC's.
    """
    root = parse_xml(data, where)
    if root.find("letter/mainTerm") is None:
        raise TerminologyError(
            f"{where}: XML with the root <{root.tag}> and no <letter> with a <mainTerm>, expected "
            "the CDC's <ICD10CM.index>"
        )
    main = [_term(element) for element in root.iterfind("letter/mainTerm")]
    by_title: dict[str, list[_Term]] = {}
    for term in main:
        for title in term.titles:
            by_title.setdefault(title.casefold(), []).append(term)
    # A stack, for the depth is the file's to choose.
    stack: list[tuple[_Term, tuple[tuple[str, ...], ...]]]
    stack = [(term, (term.titles,)) for term in reversed(main)]
    while stack:
        term, path = stack.pop()
        stack.extend((below, (*path, below.titles)) for below in reversed(term.below))
        code = term.code or (_seen(term.see, by_title) if term.see else "")
        if not code or _PASSED_OVER.match(code):
            continue
        if code not in codes:
            bad.noted["index terms of codes that are not there"] += 1
            continue
        for name in _names(path):
            yield code, name


def _term(element: ElementTree.Element) -> _Term:
    """A term with all below it."""
    root = _read(element)
    stack = [(root, element)]
    while stack:
        term, parent = stack.pop()
        for child in parent.iterfind("term"):
            below = _read(child)
            term.below.append(below)
            stack.append((below, child))
    return root


def _read(element: ElementTree.Element) -> _Term:
    code = element.findtext("code") or element.findtext("subcat") or ""
    see = " ".join((element.findtext("see") or "").split())
    return _Term(
        titles=_alternatives(element.find("title")),
        code=code.strip().rstrip("-").rstrip("."),
        see=tuple(part for part in see.split(", ") if part),
    )


def _alternatives(title: ElementTree.Element | None) -> tuple[str, ...]:
    """The alternatives of a title without what may be left out; () of one that is none."""
    if title is None:
        return ()
    # What is behind a <nemod> is its tail.
    text = "".join([title.text or "", *(child.tail or "" for child in title)])
    text = _NEC.sub("", " ".join(text.split())).strip(" ,;-")
    first, *others = parts = text.split(", ")
    if others and all(p[:_SHARED].casefold() == first[:_SHARED].casefold() for p in others):
        return tuple(parts)
    # "Leg, lower" is a lower leg.
    return (" ".join([*others, first]),) if text else ()


def _seen(see: Sequence[str], by_title: dict[str, list[_Term]]) -> str:
    """The code of the one term that "see" names; "" if it is none or several."""
    found = by_title.get(see[0].casefold(), [])
    for title in see[1:]:
        found = [
            below
            for term in found
            for below in term.below
            if title.casefold() in map(str.casefold, below.titles)
        ]
    return found[0].code if len(found) == 1 else ""


def _names(path: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """The names that a path of titles gives."""
    no_name = any(not titles or _NO_TERM.match(titles[0]) for titles in path)
    if no_name or len(path) > _MOST_WORDS:
        return
    main, *terms = path
    if terms and _joins(terms[-1][0]):
        return
    of_nouns = (_joined(titles) for titles in product(_nouns(main), *terms))
    of_adjectives = (
        _behind(adjective, titles)
        for adjective in main
        if adjective not in _nouns(main)
        for titles in product(*terms)
    )
    names = (name for name in chain(of_nouns, of_adjectives) if name)
    yield from islice((name for name in names if len(name.split()) <= _MOST_WORDS), _MOST_NAMES)


def _nouns(main: Sequence[str]) -> list[str]:
    """The alternatives of a main term that names end in: the first, and others like it."""
    first, *others = main
    return [first, *(title for title in others if not _ADJECTIVE.fullmatch(title))]


def _joins(term: str) -> bool:
    return term.casefold() in _JOINING


def _joined(titles: Sequence[str]) -> str:
    """A noun and the terms below it.

    Terms stand before what they are below, as adjectives do ("acute heart failure"), or behind what
    joins them ("anemia in neoplastic disease").
    """
    name, *terms = titles
    begun = joining = ""
    for term in terms:
        if _joins(term):
            joining = term
        elif joining:
            begun, name, joining = f"{begun}{name} {joining} ", term, ""
        elif _BEGINS_JOINING.match(term):
            name = f"{name} {term}"
        else:
            name = f"{term} {_uncapitalised(name)}"
    return begun + name


def _behind(adjective: str, terms: Sequence[str]) -> str:
    """An adjective before the terms below it; "" where that makes no name.

    "Enlarged" stands before what is below, "diabetic" before what diabetes comes with.
    """
    if not terms:
        return ""
    if terms[0].casefold() == "with":
        return f"{adjective} {_joined(terms[1:])}"
    if adjective.endswith("ed") and not _BEGINS_JOINING.match(terms[0]):
        return f"{adjective} {_joined(terms)}"
    return ""


def _uncapitalised(name: str) -> str:
    """A main term that no longer stands first; "AIDS" and "Q fever" stay as they are."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name

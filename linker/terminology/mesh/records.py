"""The records of MeSH, each as what it says of one concept: see `reader`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from linker.errors import TerminologyError
from linker.terminology.mesh.files import SUPPLEMENTARY, MeshFile
from linker.terminology.tables import NameKind
from linker.terminology.xml_records import Record
from linker.terminology.xml_text import text_of

CATEGORIES: Mapping[str, str] = {
    "A": "Anatomy",
    "B": "Organisms",
    "C": "Diseases",
    "D": "Chemicals and Drugs",
    "E": "Analytical, Diagnostic and Therapeutic Techniques, and Equipment",
    "F": "Psychiatry and Psychology",
    "G": "Phenomena and Processes",
    "H": "Disciplines and Occupations",
    "I": "Anthropology, Education, Sociology, and Social Phenomena",
    "J": "Technology, Industry, and Agriculture",
    "K": "Humanities",
    "L": "Information Science",
    "M": "Named Groups",
    "N": "Health Care",
    "V": "Publication Characteristics",
    "Z": "Geographicals",
}
"""The categories of the tree, by the letter that a tree number begins with."""

_MENTAL = ("F03", "Mental Disorders")
"""The tree of disorders that are not among the diseases, by its number and heading."""

# SCRClass in nlmsupplementalrecordset.dtd: chemicals, protocols, diseases, organisms, population
# groups, anatomy.
_CLASSES: Mapping[str, str] = {"1": "D", "2": "E", "3": "C", "4": "B", "5": "M", "6": "A"}
_RELATIONS: Mapping[str, NameKind] = {
    "NRW": NameKind.NARROW,
    "BRD": NameKind.BROAD,
    "REL": NameKind.RELATED,
}
_TURNED: Mapping[NameKind, NameKind] = {
    NameKind.NARROW: NameKind.BROAD,
    NameKind.BROAD: NameKind.NARROW,
    NameKind.RELATED: NameKind.RELATED,
}
# LexicalTag in the DTD: abbreviation, acronym; ABX and ACX hold one among other words.
_ABBREVIATIONS = frozenset({"ABB", "ACR"})
_ORDER = {kind: place for place, kind in enumerate(NameKind)}
_RELATED_NUMBER = re.compile(r"(?P<number>.+?)\s*(?:\((?P<name>.*)\))?")


@dataclass(slots=True)
class Heading:
    """What a record says, before its parents are known."""

    concept_id: str
    name: str
    at: str
    names: list[tuple[str, NameKind]] = field(default_factory=list)
    definition: str | None = None
    trees: list[str] = field(default_factory=list)
    mapped_to: list[str] = field(default_factory=list)
    semantic_types: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)


def heading_of(record: Record, file: MeshFile) -> Heading:
    """What a record says.

    Raises:
        TerminologyError: it has no id, no name, or not one preferred concept.
    """
    element, prefix, at = record.element, file.set.prefix, f"{file}:{record.line}"
    concept_id = text_of(element.find(f"{prefix}UI"))
    name = text_of(element.find(f"{prefix}Name/String"))
    if not concept_id or not name:
        missing = f"{prefix}UI" if not concept_id else f"{prefix}Name"
        raise TerminologyError(
            f"{at}: record {concept_id or name!r} has no {missing}; each needs a UI and a name"
        )
    concepts = element.findall("ConceptList/Concept")
    preferred = [c for c in concepts if c.get("PreferredConceptYN") == "Y"]
    if len(preferred) != 1:
        raise TerminologyError(
            f"{at}: {concept_id} has {len(preferred)} preferred concepts, expected one "
            '(<Concept PreferredConceptYN="Y">)'
        )
    own = preferred[0]
    kinds = _kinds(concepts, _ui(own))
    names = [
        name
        for concept in concepts
        for name in _terms(concept, None if concept is own else kinds[_ui(concept)])
    ]
    trees = [text_of(number) for number in element.iterfind("TreeNumberList/TreeNumber")]
    mapped_to = [
        # An asterisk marks a major topic.
        text_of(ui).removeprefix("*")
        for ui in element.iterfind("HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/")
        if ui.tag == "DescriptorUI"
    ]
    letters = sorted({tree[:1] for tree in trees})
    if file.set is SUPPLEMENTARY:
        letters = [_CLASSES.get(element.get("SCRClass", ""), "")]
    types = [CATEGORIES[letter] for letter in letters if letter in CATEGORIES]
    types += [_MENTAL[1] for tree in trees if tree.partition(".")[0] == _MENTAL[0]]
    types += [text_of(ui) for ui in element.iterfind(".//SemanticType/SemanticTypeUI")]
    return Heading(
        concept_id,
        name,
        at,
        # Stable: among equals, the file's order.
        names=sorted(names, key=lambda name: _ORDER[name[1]]),
        definition=text_of(own.find("ScopeNote")) or text_of(element.find("Note")) or None,
        trees=[tree for tree in trees if tree],
        mapped_to=mapped_to,
        semantic_types=list(dict.fromkeys(filter(None, types))),
        codes=list(_codes(own, {name.casefold() for name, _ in _terms(own, None)})),
    )


def _kinds(concepts: Sequence[ElementTree.Element], own: str) -> dict[str, NameKind]:
    """How the names of each concept stand to the preferred one's, by ConceptUI.

    "NRW" says that the second concept is narrower than the first.
    """
    said: dict[str, NameKind] = {}
    for concept in concepts:
        # One that is in no relation is at least that.
        said.setdefault(_ui(concept), NameKind.RELATED)
    for concept in concepts:
        for relation in concept.iterfind("ConceptRelationList/ConceptRelation"):
            kind = _RELATIONS.get(relation.get("RelationName", ""), NameKind.RELATED)
            first, second = (text_of(relation.find(f"Concept{i}UI")) for i in (1, 2))
            if first == own:
                said[second] = kind
            elif second == own:
                said[first] = _TURNED[kind]
    return said


def _ui(concept: ElementTree.Element) -> str:
    return text_of(concept.find("ConceptUI"))


def _terms(concept: ElementTree.Element, kind: NameKind | None) -> Iterator[tuple[str, NameKind]]:
    """The terms of a concept, each with its kind; by default exact, or an abbreviation."""
    for term in concept.iterfind("TermList/Term"):
        own = NameKind.EXACT
        if term.get("LexicalTag") in _ABBREVIATIONS:
            own = NameKind.ABBREVIATION
        yield text_of(term.find("String")), own if kind is None else kind


def _codes(concept: ElementTree.Element, names: set[str]) -> Iterator[tuple[str, str]]:
    # Until 2023 a concept had one; since then it has a list.
    numbers = [text_of(number) for number in concept.iterfind("RegistryNumber")]
    numbers += [text_of(number) for number in concept.iterfind("RegistryNumberList/RegistryNumber")]
    for related in concept.iterfind("RelatedRegistryNumberList/RelatedRegistryNumber"):
        match = _RELATED_NUMBER.fullmatch(text_of(related))
        if match and (match["name"] is None or match["name"].casefold() in names):
            numbers.append(match["number"])
    for number in numbers:
        if (code := _code(number)) is not None:
            yield code


def _code(number: str) -> tuple[str, str] | None:
    """A registry number with its vocabulary; None for "0", which stands for none."""
    if re.fullmatch(r"\d{2,7}-\d\d-\d", number):
        return "CAS", number
    if number.startswith("EC "):
        return "EC", number.removeprefix("EC ").strip()
    if re.fullmatch(r"[0-9A-Z]{10}", number):
        return "UNII", number
    return None if number in ("", "0") else ("RN", number)

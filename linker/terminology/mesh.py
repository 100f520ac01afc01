"""MeSH, as the NLM releases it in XML: descriptors (desc2025.xml) and supplementary records (supp).

A record holds concepts, and a concept terms ("Introduction to MeSH in XML format", NLM). The record
is what articles are indexed with, and what we call a concept:

- Its names are the terms of all its concepts, permuted ones ("Fever, Green") too. Those of the
  preferred concept are exact, or abbreviations by their LexicalTag; those of the others are
  narrower, broader or related, as ConceptRelation says.
- The definition is the preferred concept's scope note; a supplementary record without one has its
  note instead.
- Parents are the descriptors whose tree numbers are one step shorter; of a supplementary record,
  the headings that it is mapped to.
- Semantic types are the categories of its tree numbers ("Diseases"), of a supplementary record that
  of its class; and TUIs, which MeSH had until 2017.
- Registry numbers are codes: UNII, EC, and CAS. Those of related substances are the concept's own
  if the name in brackets behind them is ("50-78-2 (Aspirin)").

Files are streamed: the supplementary records are some 700 MB. The document type that they name is
not fetched.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.files import opened
from linker.terminology.mesh_files import SUPPLEMENTARY, MeshFile, find_files
from linker.terminology.rows import BadRows
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xml_records import Record, xml_records
from linker.terminology.xml_text import text_of

_LICENCE = (
    "MeSH: a work of the US Government (National Library of Medicine), free to use under the NLM's "
    "terms and conditions for data downloads"
)

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
class _Heading:
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


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read descriptors, supplementary records, or a folder or zip that holds both.

    Args:
        options: `semantic_types` keeps the concepts of these categories, by name or letter, or
            TUIs; the parents of a concept whose parent is left out are the next ones above it.

    Raises:
        TerminologyError: the files are no MeSH, are damaged or of two years, or no record has
            one of the types.
    """
    files, bad = find_files(path), BadRows(options.max_bad_rows)
    wanted = [CATEGORIES.get(name, name) for name in options.semantic_types]
    builder, skipped, seen_types = TableBuilder(str(path)), Counter[str](), set[str]()
    trees: dict[str, str] = {}
    headings: dict[str, _Heading] = {}
    parents: dict[str, list[str]] = {}
    seen: dict[str, str] = {}
    kept: set[str] = set()
    for file in files:
        for heading in _headings(file, bad, seen, progress):
            seen_types.update(heading.semantic_types)
            trees.update(dict.fromkeys(heading.trees, heading.concept_id))
            headings[heading.concept_id] = heading
            if not wanted or not set(wanted).isdisjoint(heading.semantic_types):
                kept.add(heading.concept_id)
    for name in wanted:
        if name not in seen_types:
            raise TerminologyError(
                f"{path}: semantic_types: no record has the type {name!r}; found: "
                f"{', '.join(sorted(seen_types))}"
            )
    progress.step("joining names and concepts")
    for heading in headings.values():
        parents[heading.concept_id] = list(_parents(heading, trees, headings, skipped))
    # Roots alone are everyone's affair; with types, the way down passes what the types leave out.
    roots = options.roots if wanted else ()
    below = _below(roots, parents, path) if roots else set(headings)
    inside = kept & below
    for heading in headings.values():
        if heading.concept_id not in below:
            skipped["outside the roots"] += 1
            continue
        if heading.concept_id not in kept:
            skipped["outside the semantic types"] += 1
            continue
        builder.add(
            heading.concept_id,
            heading.name,
            names=heading.names,
            definition=heading.definition,
            semantic_types=heading.semantic_types,
            parents=_nearest(heading.concept_id, parents, inside),
            codes=heading.codes,
            at=heading.at,
        )
    return builder.finish(
        Release(
            terminology="Medical Subject Headings",
            version=next((file.year for file in files if file.year), ""),
            licence=_LICENCE,
            source="mesh",
            filters={
                **({"semantic_types": wanted} if wanted else {}),
                **({"roots": list(roots)} if roots else {}),
            },
            skipped={**skipped, **bad.counted()},
        )
    )


def _parents(
    heading: _Heading,
    trees: Mapping[str, str],
    headings: Mapping[str, _Heading],
    skipped: Counter[str],
) -> Iterator[str]:
    for tree in heading.trees:
        above = tree.rpartition(".")[0]
        if above in trees:
            if trees[above] != heading.concept_id:
                yield trees[above]
        elif above:
            skipped["tree numbers without the one above"] += 1
    for other in heading.mapped_to:
        if other in headings:
            yield other
        else:
            skipped["headings mapped to that are not there"] += 1


def _below(roots: Sequence[str], parents: Mapping[str, Sequence[str]], path: Path) -> set[str]:
    """The roots and what is below them.

    Raises:
        TerminologyError: a root is no record of the files.
    """
    children: dict[str, list[str]] = {}
    for child, above in parents.items():
        for parent in above:
            children.setdefault(parent, []).append(child)
    found, ahead = set[str](), list(roots)
    for root in roots:
        if root not in parents:
            raise TerminologyError(f"{path}: root {root!r} is no record of these files")
    while ahead:
        concept_id = ahead.pop()
        if concept_id not in found:
            found.add(concept_id)
            ahead += children.get(concept_id, ())
    return found


def _nearest(concept_id: str, parents: Mapping[str, Sequence[str]], kept: set[str]) -> list[str]:
    """The parents, or what is above those that are left out, in order of their ids."""
    found, passed = set[str](), {concept_id}
    ahead = list(parents[concept_id])
    while ahead:
        parent = ahead.pop()
        if parent not in passed:
            passed.add(parent)
            if parent in kept:
                found.add(parent)
            else:
                ahead += parents[parent]
    return sorted(found)


def _headings(
    file: MeshFile, bad: BadRows, seen: dict[str, str], progress: Progress
) -> Iterator[_Heading]:
    inside = re.escape(file.inside.rpartition("/")[2]) or r".*\.xml"
    with opened(file.path, inside_zip=inside, progress=progress) as stream:
        for record in xml_records(stream, (file.set.tag,), file.set.root, str(file)):
            try:
                heading = _heading(record, file)
                first = seen.setdefault(heading.concept_id, heading.at)
                if first != heading.at:
                    raise TerminologyError(
                        f"{heading.at}: {heading.concept_id} stands twice, first at {first}; are "
                        "two releases in one file?"
                    )
            except TerminologyError as error:
                bad.skip(error)
                continue
            yield heading


def _heading(record: Record, file: MeshFile) -> _Heading:
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
    types += [text_of(ui) for ui in element.iterfind(".//SemanticType/SemanticTypeUI")]
    return _Heading(
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

"""OWL in RDF/XML, made fit for `pronto`: see `repair`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from linker.errors import TerminologyError
from linker.terminology.bad_rows import NO_PARENT, OTHERS_CODE, BadRows
from linker.terminology.obo.repair import (
    NCIT,
    OBO_IN_OWL,
    REASON,
    SAYS_LICENCE,
    SCOPED,
    compact,
    is_obsolete_class,
    is_of_another,
    printable,
    says,
    successor_of,
    synonym_type,
)
from linker.terminology.xml_text import parse_xml
from linker.terminology.xrefs import code_of

_OWL = "{http://www.w3.org/2002/07/owl#}"
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RDFS = "{http://www.w3.org/2000/01/rdf-schema#}"
_OIO = f"{{{OBO_IN_OWL}}}"
_OBO = "{http://purl.obolibrary.org/obo/}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ABOUT, _RESOURCE, _DATATYPE = f"{_RDF}about", f"{_RDF}resource", f"{_RDF}datatype"
_ID, _BASE = f"{_RDF}ID", "{http://www.w3.org/XML/1998/namespace}base"
_XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

_DEFINITION, _REPLACED_BY = f"{_OBO}IAO_0000115", f"{_OBO}IAO_0100001"
_CLASS_TEXTS = frozenset(
    {f"{_RDFS}label", _DEFINITION, f"{_OIO}hasOBONamespace", f"{_OIO}hasAlternativeId"}
    | {f"{_OIO}{scope}" for scope in SCOPED}
)
_LABELS = (f"{_RDFS}label", "{http://www.w3.org/2004/02/skos/core#}prefLabel")
_SUCCESSORS = frozenset({_REPLACED_BY, f"{_OIO}consider"})
_DEPRECATED = f"{_OWL}deprecated"
_WRITTEN = tuple(f"{_OWL}{kind}" for kind in ("Ontology", "Class", "Axiom"))
"""The elements that are read."""


def _tag(iri: str) -> str:
    """A property as ElementTree writes it: "{http://www.ebi.ac.uk/efo/}definition"."""
    return re.sub(r"(.*[#/])(.*)", r"{\1}\2", iri)


_MEANT = {"synonym": f"{_OIO}hasExactSynonym", "definition": _DEFINITION}
_NCIT_TYPES = f"{{{NCIT}}}P106"
_REASON = _tag(REASON)
_UMLS, _NCIT_TYPE = f"{{{NCIT}}}P207", f"{{{NCIT}}}P383"
_ONE = frozenset({_DEFINITION, f"{_OIO}hasOBONamespace"})
"""What a class has one of: of several the first."""


def _meant(tag: str) -> str:
    """Our tag for one of another vocabulary that says the same; else the tag."""
    if tag == _NCIT_TYPES:
        return f"{_OIO}hasOBONamespace"
    return _MEANT.get(says(tag), tag)


def repaired_owl(data: bytes, where: str, bad: BadRows) -> bytes:
    """The ontology header, and of each named class what we read.

    Args:
        where: the file, for messages.
        bad: told of each class that stands a second time with another label.

    Raises:
        TerminologyError: not XML, not RDF/XML, or without an owl:Ontology; or `bad` has had enough.
    """
    root = parse_xml(data, where)
    _write_one_way(root)
    header = root.find(f"{_OWL}Ontology")
    if root.tag != f"{_RDF}RDF" or header is None:
        raise TerminologyError(
            f"{where}: XML with the root <{root.tag.rpartition('}')[2]}>, expected an OWL ontology "
            "in RDF/XML (<rdf:RDF> with an <owl:Ontology>); convert it with ROBOT, or "
            f"give the OBO file{' (of Orphanet, ORDO)' if root.tag == 'JDBOR' else ''}"
        )
    classes = [
        element
        for element in root.iterfind(f"{_OWL}Class")
        if element.get(_ABOUT) and not is_obsolete_class(element.attrib[_ABOUT])
    ]
    ids = {e.attrib[_ABOUT]: _owl_id(e) for e in classes}
    repaired = ElementTree.Element(root.tag)
    repaired.append(_owl_header(header))
    types, others = _owl_synonym_types(root), _owl_others_xrefs(root)
    known = set(ids.values())
    labels: dict[str, str] = {}
    for element in classes:
        # Several elements may describe one class, but a second label takes the first one's place.
        concept_id, label = ids[element.attrib[_ABOUT]], _label(element)
        first = labels.get(concept_id) or label
        if label and label != first:
            bad.skip(
                TerminologyError(
                    f"{where}: class {concept_id!r} occurs twice, with the labels {first[:80]!r} "
                    f"and {label[:80]!r}, expected one; are two releases in one file?"
                )
            )
            continue
        labels[concept_id] = first
        repaired.append(_owl_class(element, ids, known, types, others, bad))
    kept = {
        (element.get(_ABOUT), child.tag, child.text) for element in repaired for child in element
    }
    for (iri, tag, text), kind in types.items():
        if kind and (iri, tag, text) in kept:
            repaired.append(_owl_marked_synonym(iri, tag, text, kind))
    return bytes(ElementTree.tostring(repaired, encoding="utf-8", xml_declaration=True))


def _write_one_way(root: ElementTree.Element) -> None:
    """What RDF/XML may write in several ways, as the OWL API writes it.

    rdflib writes each class as an <rdf:Description> with its type inside; Protégé 3 wrote
    rdf:ID="C1" or rdf:about="#C1", which the base completes (RDF/XML Syntax, 2.13 and 2.14), and
    parents as elements of their own.
    """
    base = root.get(_BASE, "").partition("#")[0]
    for element in root:
        if element.tag == f"{_RDF}Description":
            types = {_tag(kind.get(_RESOURCE, "")) for kind in element.iterfind(f"{_RDF}type")}
            element.tag = next((tag for tag in _WRITTEN if tag in types), element.tag)
        for child in element.iterfind(f"{_RDFS}subClassOf"):
            parent = child.find(f"{_OWL}Class")
            if parent is not None and parent.get(_ABOUT):
                child.set(_RESOURCE, parent.attrib[_ABOUT])
        for part in (element, *element):
            if name := part.attrib.pop(_ID, None):
                part.set(_ABOUT, f"{base}#{name}")
            for key in (_ABOUT, _RESOURCE):
                if part.get(key, "").startswith("#"):
                    part.set(key, f"{base}{part.attrib[key]}")


def _owl_id(element: ElementTree.Element) -> str:
    stated = (element.findtext(f"{_OIO}id") or "").strip()
    return stated or compact(element.attrib[_ABOUT])


def _owl_header(header: ElementTree.Element) -> ElementTree.Element:
    kept = ElementTree.Element(header.tag, {_ABOUT: header.get(_ABOUT, "")})
    for child in header:
        name = child.tag.rpartition("}")[2]
        if child.tag == f"{_OWL}versionIRI" and child.get(_RESOURCE):
            kept.append(child)
        elif name in ("title", "license", "licence", "rights", "versionInfo"):
            value = (child.get(_RESOURCE) or child.text or "").strip()
            if value:
                ElementTree.SubElement(kept, child.tag, {_DATATYPE: _XSD_STRING}).text = value
        elif child.tag == f"{_RDFS}comment" and SAYS_LICENCE.search(child.text or ""):
            ElementTree.SubElement(kept, child.tag).text = printable(child.text or "")
        elif name in ("default-namespace", "hasDefaultNamespace") and child.text:
            kept.append(child)
    return kept


def _owl_synonym_types(root: ElementTree.Element) -> dict[tuple[str, str, str], str | None]:
    """Axioms say the type of a synonym: by class IRI, property tag and text."""
    types = {}
    for axiom in root.iterfind(f"{_OWL}Axiom"):
        source = axiom.find(f"{_OWL}annotatedSource")
        prop = axiom.find(f"{_OWL}annotatedProperty")
        kind = axiom.find(f"{_OIO}hasSynonymType")
        kind = axiom.find(_NCIT_TYPE) if kind is None else kind
        target = axiom.findtext(f"{_OWL}annotatedTarget")
        if source is None or prop is None or kind is None or target is None:
            continue
        tag = _meant(_tag(prop.get(_RESOURCE, "")))
        if tag.startswith(_OIO):
            key = (source.get(_RESOURCE, ""), tag, printable(target))
            types[key] = synonym_type(kind.get(_RESOURCE) or kind.text)
    return types


def _owl_others_xrefs(root: ElementTree.Element) -> set[tuple[str, str]]:
    """The xrefs that are of another concept, as axioms say: class IRI and xref."""
    others = set()
    for axiom in root.iterfind(f"{_OWL}Axiom"):
        sources = [source.text or "" for source in axiom.iterfind(f"{_OIO}source")]
        if is_of_another(sources):
            about = axiom.find(f"{_OWL}annotatedSource")
            target = printable(axiom.findtext(f"{_OWL}annotatedTarget") or "")
            if about is not None:
                others.add((about.get(_RESOURCE, ""), target))
    return others


def _labels(element: ElementTree.Element) -> list[ElementTree.Element]:
    """The labels of a class, those in English, or in no language, first.

    Where it has none, those of SKOS.
    """
    for tag in _LABELS:
        found = [child for child in element.iterfind(tag) if (child.text or "").strip()]
        if found:
            return sorted(found, key=lambda child: _language(child) != "en")
    return []


def _language(element: ElementTree.Element) -> str:
    """The language of a text ("en" of "en-GB"): English where it does not say."""
    return (element.get(_LANGUAGE) or "en").lower().partition("-")[0]


def _label(element: ElementTree.Element) -> str:
    labels = _labels(element)
    return printable(labels[0].text or "") if labels else ""


def _owl_class(
    element: ElementTree.Element,
    ids: dict[str, str],
    known: set[str],
    types: dict[tuple[str, str, str], str | None],
    others: set[tuple[str, str]],
    bad: BadRows,
) -> ElementTree.Element:
    iri = element.attrib[_ABOUT]
    kept = ElementTree.Element(element.tag, {_ABOUT: iri})
    ElementTree.SubElement(kept, f"{_OIO}id").text = ids[iri]
    labels = _labels(element)
    language = _language(labels[0]) if labels else None
    is_obsolete, reason = False, ""
    for child in element:
        text, tag = printable(child.text or ""), _meant(child.tag)
        if tag == f"{_RDFS}subClassOf" and child.get(_RESOURCE):
            if is_obsolete_class(child.attrib[_RESOURCE]):
                is_obsolete = True
            elif child.attrib[_RESOURCE] in ids:
                ElementTree.SubElement(kept, tag, {_RESOURCE: child.attrib[_RESOURCE]})
            else:
                bad.noted[NO_PARENT] += 1
        elif tag in _SUCCESSORS:
            _owl_successor(kept, tag, child.get(_RESOURCE) or text, ids, known)
        elif tag == _REASON:
            reason = text
        elif tag == f"{_OIO}hasDbXref" and (iri, text) in others:
            bad.noted[OTHERS_CODE] += 1
        elif tag in (f"{_OIO}hasDbXref", _UMLS):
            code = code_of(text if tag != _UMLS else f"UMLS:{text}")
            if code is not None:
                ElementTree.SubElement(kept, f"{_OIO}hasDbXref").text = ":".join(code)
        elif tag == _DEPRECATED:
            is_obsolete = is_obsolete or text in ("true", "1")
        elif tag in _LABELS:
            if labels and child is labels[0]:
                ElementTree.SubElement(kept, f"{_RDFS}label").text = text
        elif _LANGUAGE in child.attrib and language not in (None, _language(child)):
            pass  # What is said in another language than the label's is no name beside it.
        elif tag in _ONE and kept.find(tag) is not None:
            pass
        elif tag in _CLASS_TEXTS and text and types.get((iri, tag, text), "") is not None:
            ElementTree.SubElement(kept, tag).text = text
    if is_obsolete:
        ElementTree.SubElement(kept, _DEPRECATED).text = "true"
        successor = successor_of(reason)
        if successor is not None and kept.find(_REPLACED_BY) is None:
            _owl_successor(kept, _REPLACED_BY, successor, ids, known)
    return kept


def _owl_successor(
    kept: ElementTree.Element, tag: str, target: str, ids: dict[str, str], known: set[str]
) -> None:
    target = ids.get(target) or compact(target)
    if target in known:
        ElementTree.SubElement(kept, tag, {_DATATYPE: _XSD_STRING}).text = target


def _owl_marked_synonym(iri: str, tag: str, text: str, mark: str) -> ElementTree.Element:
    axiom = ElementTree.Element(f"{_OWL}Axiom")
    ElementTree.SubElement(axiom, f"{_OWL}annotatedSource", {_RESOURCE: iri})
    prop = OBO_IN_OWL + tag.removeprefix(_OIO)
    ElementTree.SubElement(axiom, f"{_OWL}annotatedProperty", {_RESOURCE: prop})
    ElementTree.SubElement(axiom, f"{_OWL}annotatedTarget").text = text
    ElementTree.SubElement(axiom, f"{_OIO}hasDbXref").text = mark
    return axiom

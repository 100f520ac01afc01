"""Ontology files made fit for `pronto`: what we read of them is kept, what we do not is dropped.

`pronto` refuses a whole release for one clause that it cannot parse, mostly in parts that we never
read. Of the releases that this was written against it read four of nine: CL has a definition
with the reference `[isbn 0080923437]`, SO and UBERON have links with escaped colons as xrefs, DOID
(JSON) a reference with a comma, ORDO (JSON) a control character. It also fails on an `is_a`, a
`replaced_by` or an rdfs:subClassOf that leads to a term of another ontology, on a synonym whose
type is not declared, and on one without a scope. So each format passes here first. Lines keep
their numbers, and what is not a clause at all is left for `pronto` to refuse. The formats are in
`text`, `graph` and `owl`; what they share is here.

Formats: OBO 1.4 (https://owlcollab.github.io/oboformat/doc/obo-syntax.html), also 1.0's
`exact_synonym`; OBO graphs (https://github.com/geneontology/obographs); OWL in RDF/XML.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

OBO_IN_OWL = "http://www.geneontology.org/formats/oboInOwl#"
SCOPED = frozenset({"hasExactSynonym", "hasBroadSynonym", "hasNarrowSynonym", "hasRelatedSynonym"})
"""What OBO graphs and OWL call the scopes of synonyms, after `OBO_IN_OWL`."""

ABBREVIATION = "linker:abbreviation"
"""The mark of an abbreviation, as a reference of its synonym: `pronto` loses types in OBO graphs.

Other types of synonym ("layperson") say nothing that we use.
"""

# The last part of a type's id, in lower case, OMO's numbers (OBO Metadata Ontology), NCIt's AB.
_ABBREVIATIONS = frozenset({"abbreviation", "acronym", "0003000", "0003012", "ab"})
_DROPPED_SYNONYMS = frozenset({"obsolete_synonym", "deprecated", "exclude"})


# Where no property states the licence, a remark may: "... is available under the CC0 license".
SAYS_LICENCE = re.compile(r"licen[cs]|copyright|creative commons|public domain", re.IGNORECASE)
RDFS_COMMENT = "http://www.w3.org/2000/01/rdf-schema#comment"


def synonym_type(type_id: str | None) -> str | None:
    """`ABBREVIATION`; "" for any other type, or none; None for a synonym that is withdrawn."""
    last = re.split(r"[#/:]|OMO_", type_id or "")[-1].lower()
    if last in _DROPPED_SYNONYMS:
        return None
    return ABBREVIATION if last in _ABBREVIATIONS else ""


def printable(text: str) -> str:
    """A text without control characters and lone surrogates, with single spaces."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())


NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl#"
"""What the IRIs of the NCI Thesaurus begin with, as the NCI releases it."""

_SYNONYM = re.compile(
    r".*[#/:}](?:synonym|alternative_term|altLabel|IAO[_:]0000118)", re.IGNORECASE
)
_DEFINITION = re.compile(r".*[#/:}]definition", re.IGNORECASE)


@cache
def says(predicate: str) -> str:
    """What a property of ontologies that were not made as OBO says: "synonym", "definition", or "".

    Such are EFO's and ORDO's alternative_term, skos:altLabel, OBI's IAO_0000118, FMA's and RadLex's
    synonym, and NCIt's P90.

    Args:
        predicate: an IRI, a short one ("skos:altLabel"), or as ElementTree writes it.
    """
    if _SYNONYM.fullmatch(predicate) or predicate in (f"{NCIT}P90", f"{{{NCIT}}}P90"):
        return "synonym"
    if _DEFINITION.fullmatch(predicate) or predicate in (f"{NCIT}P97", f"{{{NCIT}}}P97"):
        return "definition"
    return ""


REASON = "http://www.ebi.ac.uk/efo/reason_for_obsolescence"
_OBSOLETE_CLASS = re.compile(r".*[#/]ObsoleteClass")


def is_obsolete_class(iri: str) -> bool:
    """Whether what is below it is obsolete, as ORDO, and OWL made of OBO 1.0, say it."""
    return _OBSOLETE_CLASS.fullmatch(iri) is not None


def successor_of(reason: str) -> str | None:
    """The IRI in "use http://www.orpha.net/ORDO/Orphanet_558 with label: X"; None for several."""
    found = set(re.findall(r"https?://\S*[^\s.,;>]", reason))
    return found.pop() if len(found) == 1 else None


_OTHERS = frozenset(
    f"MONDO:{relation}"
    for relation in (
        *("relatedTo", "directSiblingOf", "otherHierarchy", "includedEntryInOMIM"),
        *("mondoIsNarrowerThanSource", "mondoIsBroaderThanSource", "subClassOf", "superClassOf"),
        "typo",
    )
)


def is_of_another(sources: Collection[str]) -> bool:
    """Whether an xref is of another concept, by its qualifiers: Mondo says how the two relate."""
    return not _OTHERS.isdisjoint(sources) and "MONDO:equivalentTo" not in sources


_NUMBERED = re.compile(r"https?://\S*[/#]([A-Za-z][A-Za-z0-9.]*)[_:]([A-Za-z0-9.\-]+)")


def compact(iri: str) -> str:
    """An IRI as the id that people know: ".../obo/HP_0000118" is "HP:0000118".

    So is ".../obo/HP:0000118", as the OWL API writes IRIs into OBO files.
    """
    iri = iri.strip()
    if iri.startswith(NCIT):
        return f"NCIT:{iri.removeprefix(NCIT)}"
    match = _NUMBERED.fullmatch(iri)
    return f"{match[1]}:{match[2]}" if match else iri

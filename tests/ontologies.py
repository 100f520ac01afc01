"""Invented ontologies, and the three forms in which they are released: OBO, OBO graphs, OWL."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

PURL = "http://purl.obolibrary.org/obo/"
OIO = "http://www.geneontology.org/formats/oboInOwl#"
_KINDS = {"EXACT": "exact", "NARROW": "narrow", "BROAD": "broad", "RELATED": "related"}
_PLACE = ("preferred", "exact", "abbreviation", "narrow", "broad", "related")


@dataclass(frozen=True)
class Term:
    """A term; `synonyms` are of scope, text, and whether it is an abbreviation."""

    id: str
    name: str
    namespace: str = ""
    definition: str = ""
    synonyms: Sequence[tuple[str, str, bool]] = ()
    xrefs: Sequence[str] = ()
    parents: Sequence[str] = ()
    alt_ids: Sequence[str] = ()
    obsolete: bool = False
    replaced_by: str = field(default="")
    consider: Sequence[str] = ()

    @property
    def successor(self) -> str:
        """What replaces an obsolete term, or the one term to consider."""
        return self.replaced_by or (self.consider[0] if len(self.consider) == 1 else "")

    @property
    def expected(self) -> dict[str, object]:
        """What a reader must find."""
        names = {self.name: "preferred"}
        kinds = [
            ("abbreviation" if short else _KINDS[scope], text)
            for scope, text, short in self.synonyms
        ]
        for kind, text in sorted(kinds, key=lambda pair: (_PLACE.index(pair[0]), pair[1])):
            names.setdefault(text, kind)
        row: dict[str, object] = {
            "concept_id": self.id,
            "preferred_name": self.name,
            "definition": self.definition or None,
            # Where no namespace is stated, what the id begins with.
            "semantic_types": [self.namespace or self.id.partition(":")[0]],
            "parents": sorted(self.parents),
            "codes": sorted(tuple(xref.split(":")) for xref in self.xrefs),
            "status": "active",
            "replaced_by": None,
            "names": list(names.items()),
        }
        return {**row, **_retired(self.successor)} if self.obsolete else row


def _retired(successor: str) -> dict[str, object]:
    empty = {key: [] for key in ("semantic_types", "parents", "codes", "names")}
    return {**empty, "definition": None, "status": "retired", "replaced_by": successor or None}


def random_ontology(rng: random.Random) -> tuple[list[Term], dict[str, dict[str, object]]]:
    """Terms, and the concepts that a reader must find in them."""
    words = [
        "spot",
        "Green",
        "Läsion",
        "β",
        "of",
        "5%",
        "a'b",
        "日本",
        "(left)",
        '"x"',
        "[X]",
        "& co",
    ]

    def text() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 4)))

    numbers = rng.sample(range(10**6), rng.randint(2, 8))
    ids = [f"INV:{number:07}" for number in numbers[1:]]
    terms: list[Term] = []
    for place, concept_id in enumerate(ids):
        synonyms = {text(): rng.choice(list(_KINDS)) for _ in range(rng.randint(0, 4))}
        xrefs = {f"{rng.choice(['UMLS', 'MSH'])}:{rng.randint(1, 9)}" for _ in range(3)}
        terms.append(
            Term(
                concept_id,
                text(),
                namespace=rng.choice(["", "inv_space"]),
                definition=rng.choice(["", f"What is {text()}."]),
                synonyms=[(scope, name, rng.random() < 0.3) for name, scope in synonyms.items()],
                xrefs=sorted(xrefs)[: rng.randint(0, 3)],
                parents=rng.sample(ids[:place], rng.randint(0, min(2, place))),
                alt_ids=[f"INV:A{place}"] if rng.random() < 0.3 else [],
            )
        )
    replaced_by, consider = (
        rng.choice(["", *ids]),
        rng.sample(ids, rng.randint(0, min(2, len(ids)))),
    )
    gone = f"INV:{numbers[0]:07}"
    terms.append(Term(gone, text(), obsolete=True, replaced_by=replaced_by, consider=consider))
    expected = {term.id: term.expected for term in terms}
    for term in terms:
        for other in term.alt_ids:
            retired = {"concept_id": other, "preferred_name": other, **_retired(term.id)}
            expected[other] = retired
    rng.shuffle(terms)
    return terms, expected


# --- The three forms --------------------------------------------------------


def as_obo(terms: Sequence[Term]) -> str:
    lines = ["format-version: 1.2", "ontology: inv"]
    for term in terms:
        lines += ["", "[Term]", f"id: {term.id}", f"name: {term.name}"]
        lines += [f"namespace: {term.namespace}"] * bool(term.namespace)
        lines += [f"alt_id: {other}" for other in term.alt_ids]
        if term.definition:
            lines.append(f'def: "{_quoted(term.definition)}" [PMID:1]')
        for scope, text, short in term.synonyms:
            kind = " abbreviation" if short else ""
            lines.append(f'synonym: "{_quoted(text)}" {scope}{kind} []')
        lines += [f"xref: {xref}" for xref in term.xrefs]
        lines += [f"is_a: {parent} ! above" for parent in term.parents]
        lines += ["is_obsolete: true"] * term.obsolete
        lines += [f"replaced_by: {term.replaced_by}"] * bool(term.replaced_by)
        lines += [f"consider: {other}" for other in term.consider]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _iri(concept_id: str) -> str:
    return PURL + concept_id.replace(":", "_")


def _pred(scope: str) -> str:
    return f"has{scope.title()}Synonym"


def as_graph(terms: Sequence[Term]) -> str:
    nodes, edges = [], []
    for term in terms:
        values = [{"pred": f"{OIO}hasAlternativeId", "val": other} for other in term.alt_ids]
        if term.namespace:
            values.append({"pred": f"{OIO}hasOBONamespace", "val": term.namespace})
        if term.replaced_by:
            values.append({"pred": f"{PURL}IAO_0100001", "val": _iri(term.replaced_by)})
        values += [{"pred": f"{OIO}consider", "val": _iri(other)} for other in term.consider]
        meta: dict[str, object] = {
            "synonyms": [
                {"pred": _pred(scope), "val": text, "xrefs": []}
                | ({"synonymType": f"{PURL}hp#abbreviation"} if short else {})
                for scope, text, short in term.synonyms
            ],
            "xrefs": [{"val": xref} for xref in term.xrefs],
            "basicPropertyValues": values,
        }
        if term.definition:
            meta["definition"] = {"val": term.definition, "xrefs": []}
        if term.obsolete:
            meta["deprecated"] = True
        nodes.append({"id": _iri(term.id), "lbl": term.name, "type": "CLASS", "meta": meta})
        edges += [
            {"sub": _iri(term.id), "pred": "is_a", "obj": _iri(parent)} for parent in term.parents
        ]
    return json.dumps({"graphs": [{"id": f"{PURL}inv", "nodes": nodes, "edges": edges}]})


def as_owl(terms: Sequence[Term]) -> str:
    made: list[str] = []
    for term in terms:
        inside = [f"<rdfs:label>{escape(term.name)}</rdfs:label>"]
        inside += [
            f"<oio:hasAlternativeId>{other}</oio:hasAlternativeId>" for other in term.alt_ids
        ]
        if term.namespace:
            inside.append(f"<oio:hasOBONamespace>{term.namespace}</oio:hasOBONamespace>")
        if term.definition:
            inside.append(f"<obo:IAO_0000115>{escape(term.definition)}</obo:IAO_0000115>")
        inside += [
            f"<oio:{_pred(scope)}>{escape(text)}</oio:{_pred(scope)}>"
            for scope, text, _ in term.synonyms
        ]
        inside += [f"<oio:hasDbXref>{xref}</oio:hasDbXref>" for xref in term.xrefs]
        inside += [f'<rdfs:subClassOf rdf:resource="{_iri(above)}"/>' for above in term.parents]
        inside += ["<owl:deprecated>true</owl:deprecated>"] * term.obsolete
        if term.replaced_by:
            inside.append(f'<obo:IAO_0100001 rdf:resource="{_iri(term.replaced_by)}"/>')
        inside += [f'<oio:consider rdf:resource="{_iri(other)}"/>' for other in term.consider]
        made.append(f'<owl:Class rdf:about="{_iri(term.id)}">{"".join(inside)}</owl:Class>')
        made += [
            f'<owl:Axiom><owl:annotatedSource rdf:resource="{_iri(term.id)}"/>'
            f'<owl:annotatedProperty rdf:resource="{OIO}{_pred(scope)}"/>'
            f"<owl:annotatedTarget>{escape(text)}</owl:annotatedTarget>"
            f'<oio:hasSynonymType rdf:resource="{PURL}hp#abbreviation"/></owl:Axiom>'
            for scope, text, short in term.synonyms
            if short
        ]
    body = "\n".join(made)
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:obo="{PURL}" xmlns:owl="http://www.w3.org/2002/07/owl#"
  xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:rdfs="http://www.w3.org/2000/01/rdf-schema#" xmlns:oio="{OIO}">
<owl:Ontology rdf:about="{PURL}inv.owl"/>
{body}
</rdf:RDF>
"""

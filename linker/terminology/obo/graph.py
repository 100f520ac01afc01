"""OBO graphs in JSON, made fit for `pronto`: see `repair`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from linker.errors import TerminologyError
from linker.terminology.bad_rows import NO_PARENT, OTHERS_CODE, BadRows
from linker.terminology.obo.repair import (
    OBO_IN_OWL,
    RDFS_COMMENT,
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
from linker.terminology.xrefs import code_of

_REPLACED_BY = "http://purl.obolibrary.org/obo/IAO_0100001"
_CONSIDER = f"{OBO_IN_OWL}consider"
_SOURCE = f"{OBO_IN_OWL}source"
_NODE_PROPERTIES = frozenset({f"{OBO_IN_OWL}hasOBONamespace", f"{OBO_IN_OWL}hasAlternativeId"})
_GRAPH_PROPERTY = re.compile(r".*[#/:_](?:title|licen[cs]e|rights|versionInfo|default-namespace)")


def repaired_graph(text: str, where: str, bad: BadRows) -> str:
    """An OBO graph document of one graph: the first, which is the ontology; the rest are imports.

    Args:
        where: the file, for messages.
        bad: told of each node and edge that is broken, and of each node of an id that occurs twice.

    Raises:
        TerminologyError: not JSON, or not an OBO graph document, or `bad` has had enough.
    """
    try:
        # Control characters inside strings are against JSON's letter, and in real releases.
        document = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise TerminologyError(
            f"{where}:{error.lineno}: not JSON: {error.msg} (column {error.colno}); "
            "was the file cut short?"
        ) from error
    except RecursionError as error:
        raise TerminologyError(f"{where}: not an OBO graph: nested too deep") from error
    try:
        graph = document["graphs"][0]
        header, nodes, edges = _header(graph), list(graph["nodes"]), list(graph.get("edges") or ())
    except _WRONG as error:
        raise TerminologyError(
            f"{where}: JSON, but not an OBO graph: expected "
            f"{{'graphs': [{{'nodes': [...], 'edges': [...]}}]}} "
            f"({type(error).__name__}: {error}); "
            "concepts as JSON lines have the source 'jsonl'"
        ) from error
    repaired = _repaired(nodes, edges, where, bad)
    # Escaped, so that no reader need guess the encoding.
    return json.dumps(
        {"graphs": [{"id": graph.get("id") or "", "meta": header, **repaired}]}, ensure_ascii=True
    )


_WRONG = (AttributeError, IndexError, KeyError, TypeError)
"""What is raised by JSON that is built in another way."""


def _header(graph: dict[str, Any]) -> dict[str, Any]:
    meta = graph.get("meta") or {}
    header: dict[str, Any] = {
        "basicPropertyValues": [
            {"pred": value["pred"], "val": printable(value["val"])}
            for value in meta.get("basicPropertyValues") or ()
            if value["val"].strip()
            and (
                _GRAPH_PROPERTY.fullmatch(value["pred"])
                or (value["pred"] == RDFS_COMMENT and SAYS_LICENCE.search(value["val"]))
            )
        ]
    }
    if meta.get("version"):
        header["version"] = meta["version"]
    return header


def _repaired(
    nodes: Sequence[Any], edges: Sequence[Any], where: str, bad: BadRows
) -> dict[str, Any]:
    # What a release leaves untyped may be a class or a property: `pronto` takes it for neither.
    classes: dict[str, Any] = {}
    for number, node in enumerate(nodes, start=1):
        try:
            if node.get("type") != "CLASS" or is_obsolete_class(node["id"]):
                continue
            concept_id = compact(node["id"])
            if concept_id in classes:
                raise TerminologyError(
                    f"{where}: node {number} has the id {concept_id!r}, which occurs twice; are "
                    "two releases in one file?"
                )
            # Whether it is whole; what it leads to is known later.
            _node(node, set(), Counter(), is_obsolete=True)
            classes[concept_id] = node
        except _WRONG as error:
            bad.skip(_broken(where, "node", number, node, error, "an id and a name"))
        except TerminologyError as error:
            bad.skip(error)
    parents, obsolete = [], set()
    for number, edge in enumerate(edges, start=1):
        try:
            if edge["pred"] == "is_a" and is_obsolete_class(edge["obj"]):
                obsolete.add(compact(edge["sub"]))
            elif edge["pred"] == "is_a":
                pair = {"sub": compact(edge["sub"]), "pred": "is_a", "obj": compact(edge["obj"])}
                if pair["sub"] in classes and pair["obj"] in classes:
                    parents.append(pair)
                elif pair["sub"] in classes:
                    bad.noted[NO_PARENT] += 1
        except _WRONG as error:
            bad.skip(_broken(where, "edge", number, edge, error, "sub, pred and obj"))
    known = set(classes)
    made = [
        _node(node, known, bad.noted, is_obsolete=key in obsolete) for key, node in classes.items()
    ]
    return {"nodes": made, "edges": parents}


def _broken(
    where: str, what: str, number: int, found: Any, error: Exception, expected: str
) -> TerminologyError:
    return TerminologyError(
        f"{where}: not an OBO graph: {what} {number} is {json.dumps(found)[:80]}, expected an "
        f"object with strings for {expected} ({type(error).__name__}: {error})"
    )


def _node(
    node: dict[str, Any], known: set[str], noted: Counter[str], *, is_obsolete: bool
) -> dict[str, Any]:
    meta = node.get("meta") or {}
    kept: dict[str, Any] = {"synonyms": [], "xrefs": [], "basicPropertyValues": []}
    if meta.get("definition"):
        kept["definition"] = {"val": printable(meta["definition"]["val"]), "xrefs": []}
    for synonym in meta.get("synonyms") or ():
        kind = synonym_type(synonym.get("synonymType"))
        name = printable(synonym["val"])
        if kind is None or not name or synonym["pred"] not in SCOPED:
            continue
        marks = [kind] if kind else []
        kept["synonyms"].append({"pred": synonym["pred"], "val": name, "xrefs": marks})
    for xref in meta.get("xrefs") or ():
        code = code_of(xref["val"])
        said = (xref.get("meta") or {}).get("basicPropertyValues") or ()
        if is_of_another([value["val"] for value in said if value["pred"] == _SOURCE]):
            noted[OTHERS_CODE] += 1
        elif code is not None and not any(map(str.isspace, code[1])):
            kept["xrefs"].append({"val": ":".join(code)})
    values = meta.get("basicPropertyValues") or ()
    stated = {value["pred"] for value in values}
    successors: dict[str, set[str]] = {_REPLACED_BY: set(), _CONSIDER: set()}
    for value in values:
        predicate, target = value["pred"], value["val"]
        if says(predicate) == "synonym" and printable(target):
            kept["synonyms"].append(
                {"pred": "hasExactSynonym", "val": printable(target), "xrefs": []}
            )
        elif says(predicate) == "definition":
            kept.setdefault("definition", {"val": printable(target), "xrefs": []})
        elif predicate == REASON and is_obsolete and _REPLACED_BY not in stated:
            predicate, target = _REPLACED_BY, successor_of(target) or ""
        if predicate in successors:
            successors[predicate].update(known.intersection([compact(target)]))
        elif predicate in _NODE_PROPERTIES:
            if predicate != f"{OBO_IN_OWL}hasOBONamespace":
                target = compact(target)
            kept["basicPropertyValues"].append({"pred": predicate, "val": target})
    # `pronto` reads no `consider` of a graph. The one term to consider is the successor: see
    # `reader`; several are none.
    considered = successors[_CONSIDER] if len(successors[_CONSIDER]) == 1 else set()
    kept["basicPropertyValues"] += [
        {"pred": _REPLACED_BY, "val": target}
        for target in sorted(successors[_REPLACED_BY] or considered)
    ]
    if meta.get("deprecated") or is_obsolete:
        kept["deprecated"] = True
    name = printable(node.get("lbl") or "")
    label = {"lbl": name} if name else {}
    return {"id": compact(node["id"]), "type": "CLASS", "meta": kept, **label}

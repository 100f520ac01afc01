"""OBO graphs in JSON, made fit for `pronto`: see `obo_repair`."""

from __future__ import annotations

import json
import re
from typing import Any

from linker.errors import TerminologyError
from linker.terminology.obo_repair import (
    OBO_IN_OWL,
    RDFS_COMMENT,
    SAYS_LICENCE,
    SCOPED,
    compact,
    printable,
    synonym_type,
)
from linker.terminology.xrefs import code_of

_REPLACED_BY = "http://purl.obolibrary.org/obo/IAO_0100001"
_CONSIDER = f"{OBO_IN_OWL}consider"
_NODE_PROPERTIES = frozenset(
    {f"{OBO_IN_OWL}hasOBONamespace", f"{OBO_IN_OWL}hasAlternativeId", _REPLACED_BY, _CONSIDER}
)
_GRAPH_PROPERTY = re.compile(r".*[#/:_](?:title|licen[cs]e|rights|versionInfo|default-namespace)")


def repaired_graph(text: str, where: str) -> str:
    """An OBO graph document of one graph: the first, which is the ontology; the rest are imports.

    Raises:
        TerminologyError: not JSON, or not an OBO graph document.
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
        graph = _graph(document["graphs"][0])
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise TerminologyError(
            f"{where}: JSON, but not an OBO graph: expected "
            f"{{'graphs': [{{'nodes': [...], 'edges': [...]}}]}}, with strings for "
            f"ids and names ({type(error).__name__}: {error}); "
            "concepts as JSON lines have the source 'jsonl'"
        ) from error
    # Escaped, so that no reader need guess the encoding.
    return json.dumps({"graphs": [graph]}, ensure_ascii=True)


def _graph(graph: dict[str, Any]) -> dict[str, Any]:
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
    # What a release leaves untyped may be a class or a property: `pronto` takes it for neither.
    nodes = [node for node in graph["nodes"] if node.get("type") == "CLASS"]
    known = {compact(node["id"]) for node in nodes}
    edges = [
        {"sub": compact(edge["sub"]), "pred": "is_a", "obj": compact(edge["obj"])}
        for edge in graph.get("edges") or ()
        if edge["pred"] == "is_a"
    ]
    return {
        "id": graph.get("id") or "",
        "meta": header,
        "nodes": [_node(node, known) for node in nodes],
        "edges": [edge for edge in edges if edge["sub"] in known and edge["obj"] in known],
    }


def _node(node: dict[str, Any], known: set[str]) -> dict[str, Any]:
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
        if code is not None and not any(map(str.isspace, code[1])):
            kept["xrefs"].append({"val": ":".join(code)})
    for value in meta.get("basicPropertyValues") or ():
        predicate, target = value["pred"], value["val"]
        if predicate in _NODE_PROPERTIES:
            if predicate != f"{OBO_IN_OWL}hasOBONamespace":
                target = compact(target)
            if predicate in (_REPLACED_BY, _CONSIDER) and target not in known:
                continue
            kept["basicPropertyValues"].append({"pred": predicate, "val": target})
    if meta.get("deprecated"):
        kept["deprecated"] = True
    name = printable(node.get("lbl") or "")
    label = {"lbl": name} if name else {}
    return {"id": compact(node["id"]), "type": "CLASS", "meta": kept, **label}

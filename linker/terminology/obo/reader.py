"""Ontologies: OBO, OBO graphs in JSON, and OWL in RDF/XML, through `pronto`."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pronto.ontology import Ontology

from linker.config import ReadOptions
from linker.counted import counted
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import decode, read_bytes
from linker.terminology.obo.graph import repaired_graph
from linker.terminology.obo.owl import repaired_owl
from linker.terminology.obo.repair import ABBREVIATION
from linker.terminology.obo.text import repaired_obo
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology, sole_claimants
from linker.terminology.temporary import in_temporary_folder
from linker.terminology.xrefs import code_of

_KINDS = {
    "EXACT": NameKind.EXACT,
    "NARROW": NameKind.NARROW,
    "BROAD": NameKind.BROAD,
    "RELATED": NameKind.RELATED,
}
_FIRST = "format-version: 1.4\n"
_ORDER = {kind: place for place, kind in enumerate(NameKind)}
# "hp/releases/2025-01-16", ".../obo/hp/releases/2019-03-18/hp-basic.owl"
_RELEASE = re.compile(r"(?:.*/)?releases/([^/]+)(?:/.*)?")


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read an ontology: plain, .gz, or a .zip that holds one.

    A concept's semantic type is its namespace; where the file states none, what its id begins with.
    Synonyms keep their scope; abbreviations are marked; withdrawn ones are left out. Obsolete terms
    and alternative ids are retired. Imports are not followed: nothing is fetched. Xrefs are codes,
    but for those that Mondo says are of a related concept; these are counted.

    What `options.max_bad_rows` counts is of an OBO file the clauses and [Term] frames, of an OBO
    graph the nodes and edges, of OWL the classes: what is not well-formed XML or JSON cannot be
    read. Parents of other ontologies are left out, and counted.

    Raises:
        TerminologyError: the file is no ontology, is damaged, has too many broken clauses, or
            holds no term with a name; or the temporary folder is full.
    """
    bad = BadRows(options.max_bad_rows)
    ontology = _load(path, bad, progress)
    builder, skipped = TableBuilder(str(path)), Counter[str]()
    # `pronto` keeps terms and their synonyms in sets and reads them in threads: we order all.
    terms = sorted(ontology.terms(), key=lambda term: str(term.id))
    default = ontology.metadata.default_namespace or _stated(ontology, "default-namespace")
    for term in terms:
        if not (term.name or "").strip():
            skipped["terms without a name"] += 1
        elif not term.obsolete:
            _add(builder, term, default)
    claimants: dict[str, set[str]] = {}
    for term in terms:
        if not term.obsolete and term.id in builder:
            for other in sorted(term.alternate_ids):
                claimants.setdefault(other, set()).add(term.id)
    alternatives = sole_claimants(claimants)
    for term in terms:
        if term.obsolete:
            # A term that was merged may stand as obsolete and as an alternative id.
            successor = _successor(term) or alternatives.get(term.id)
            builder.retire(term.id, name=term.name or "", replaced_by=successor)
    builder.retire_alternatives(claimants)
    if terms and skipped["terms without a name"] == len(terms):
        raise TerminologyError(
            f"{path}: {counted(len(terms), 'term')}, none with a name; is this a part of a "
            "release that holds the hierarchy only? Take the full file"
        )
    return builder.finish(_release(path, ontology, {**skipped, **bad.counted()}))


def _add(builder: TableBuilder, term: Any, default_namespace: str) -> None:
    names = {(synonym.description, _kind(synonym)) for synonym in term.synonyms}
    namespace = term.namespace or default_namespace or _id_space(term.id)
    codes = (code_of(xref.id.replace("\\", "")) for xref in term.xrefs)
    builder.add(
        term.id,
        term.name,
        names=sorted(names, key=lambda name: (_ORDER[name[1]], name[0])),
        definition=str(term.definition) if term.definition is not None else None,
        semantic_types=[namespace] if namespace else [],
        parents=sorted(parent.id for parent in term.superclasses(distance=1, with_self=False)),
        codes=sorted(code for code in codes if code is not None),
    )


def _id_space(concept_id: str) -> str:
    """What an id begins with: "MONDO" of "MONDO:0005015"; "" of an IRI.

    Mondo, ORDO and NCIt state no namespace, and EFO has concepts of all of these.
    """
    space, colon, _ = concept_id.partition(":")
    return space if colon and "//" not in concept_id else ""


def _kind(synonym: Any) -> NameKind:
    if any(xref.id == ABBREVIATION for xref in synonym.xrefs):
        return NameKind.ABBREVIATION
    return _KINDS[synonym.scope]


def _successor(term: Any) -> str | None:
    """What replaces an obsolete term: as stated, or the one term to consider.

    Of several none stands for it: it was divided (HPO's "Sparse and thin eyebrow", into two terms),
    or they are several opinions.
    """
    found = term.replaced_by or term.consider
    return str(next(iter(found)).id) if len(found) == 1 else None


# --- The file ---------------------------------------------------------------


def _load(path: Path, bad: BadRows, progress: Progress) -> Any:
    data = read_bytes(path, inside_zip=r".*\.(obo|owl|json)", progress=progress)
    progress.step("parsing the ontology")
    start, where = data.lstrip()[:1], str(path)
    if start == b"{":
        ending, repaired = ".json", repaired_graph(decode(data, where), where, bad).encode()
    elif start == b"<":
        ending, repaired = ".owl", repaired_owl(data, where, bad)
    elif re.search(rb"^(format-version:|\[Term\])", data, re.MULTILINE):
        text = data.decode("utf-8", "surrogateescape")
        # `pronto` knows it by its first line.
        ending, repaired = ".obo", f"{_FIRST}{repaired_obo(text, where, bad)}".encode()
    else:
        raise TerminologyError(
            f"{path}: not an ontology: expected OBO (a line 'format-version:' or '[Term]'), an OBO "
            "graph (JSON) or OWL (RDF/XML)"
        )
    # From a file, for `pronto` takes an encoding with a path only; else it guesses, at times wrong.
    with (
        in_temporary_folder(path),
        TemporaryDirectory(prefix="linker-", ignore_cleanup_errors=True) as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        file = Path(folder, f"ontology{ending}")
        file.write_bytes(repaired)
        try:
            ontology = Ontology(str(file), import_depth=0, threads=1, encoding="utf-8")
        except SyntaxError as error:
            number = error.lineno - 1 if ending == ".obo" and error.lineno else None
            line, found = ("", "") if number is None else (f":{number}", _line(data, number))
            raise TerminologyError(
                f"{path}{line}: not {ending[1:].upper()}: {error.msg}{found}; "
                "was the file cut short?"
            ) from error
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise TerminologyError(
                f"{path}: pronto cannot read it: {type(error).__name__}: {error}"
            ) from error
    return ontology


def _line(data: bytes, number: int) -> str:
    lines = re.split(rb"\r?\n|\r", data)
    if number > len(lines):
        return ""
    found = lines[number - 1].decode("utf-8", "replace")
    at_end = ", the last line, without a line ending" if number == len(lines) else ""
    return f", found {found[:80]!r}{at_end}"


def _release(path: Path, ontology: Any, skipped: dict[str, int]) -> Release:
    metadata = ontology.metadata
    version = metadata.data_version or _stated(ontology, "versionInfo")
    match = _RELEASE.fullmatch(version)
    # "hp.obo", "uberon/basic", or an IRI
    parts = re.sub(r"\.(obo|owl|json)$", "", metadata.ontology or "").split("/")
    name = parts[-1] if ":" in parts[0] else parts[0]
    return Release(
        terminology=_stated(ontology, "title") or name or path.name.partition(".")[0],
        version=match[1] if match else version,
        licence=_stated(ontology, "license", "licence")
        or _stated(ontology, "rights")
        or min(map(str, metadata.remarks), default=""),
        source="obo",
        skipped=skipped,
    )


def _stated(ontology: Any, *names: str) -> str:
    """What the header states under one of these property names, whatever its namespace."""
    values: Iterable[str] = (
        str(getattr(note, "literal", None) or getattr(note, "resource", None) or "")
        for note in ontology.metadata.annotations
        if re.split(r"[#/:_]", note.property)[-1] in names
    )
    return min((" ".join(value.split()) for value in values), default="")

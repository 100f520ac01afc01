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
- Semantic types are the categories of its tree numbers ("Diseases"), and "Mental Disorders" (F03),
  which are no part of these; of a supplementary record that of its class; and TUIs, which MeSH had
  until 2017.
- Registry numbers are codes: UNII, EC, and CAS. Those of related substances are the concept's own
  if the name in brackets behind them is ("50-78-2 (Aspirin)").

Files are streamed: the supplementary records are some 700 MB. The document type that they name is
not fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.mesh.files import MeshFile, find_files
from linker.terminology.mesh.records import CATEGORIES, Heading, heading_of
from linker.terminology.tables import Release, TableBuilder, Terminology
from linker.terminology.xml_records import xml_records

_LICENCE = (
    "MeSH: a work of the US Government (National Library of Medicine), free to use under the NLM's "
    "terms and conditions for data downloads"
)


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
    headings: dict[str, Heading] = {}
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
    heading: Heading,
    trees: Mapping[str, str],
    headings: Mapping[str, Heading],
    skipped: Counter[str],
) -> Iterator[str]:
    for tree in heading.trees:
        above = tree.rpartition(".")[0]
        if above in trees:
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
) -> Iterator[Heading]:
    with file.open(progress) as stream:
        for record in xml_records(stream, (file.set.tag,), file.set.root, str(file)):
            try:
                heading = heading_of(record, file)
                first = seen.setdefault(heading.concept_id, heading.at)
                if first != heading.at:
                    raise TerminologyError(
                        f"{heading.at}: {heading.concept_id} occurs twice, first at {first}; are "
                        "two releases in one file?"
                    )
            except TerminologyError as error:
                bad.skip(error)
                continue
            yield heading

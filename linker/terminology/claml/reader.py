"""ClaML, the XML in which the WHO and national centres release classifications (ISO 13120).

ICD-10, ICD-10-GM, OPS, ICF, ICPC-2, ICD-O-3 and others: classes with a code, a kind and rubrics,
which say by code what they are below, and modifiers, whose classes make longer codes of them.

- Chapters and blocks are no concepts; their titles are the semantic types of what is below them.
  Every other class is one: its preferred rubric is the preferred name, its inclusions are names.
  Exclusions and coding hints are none. The definition is the rubric of that kind, else text, else
  note.
- A title may say only what a class is apart from the one above it: "Nipple and areola" below
  "Malignant neoplasm of breast", "Other" a thousand times. Where a file has the long one
  (preferredLong, "Malignant neoplasm: Nipple and areola"), it is the name, and the short one none;
  of titles that several classes share, the class above comes first ("Systemic antibiotics:
  Penicillins"). So it does with what modifiers add: "Type 1 diabetes mellitus: With coma".
- Inclusions "may be synonyms or different conditions" (ICD-10, vol. 2, 3.1.3): exact names of a
  class with none below, and where nothing else is specified ("diabetes NOS"); narrower ones of a
  class that is divided, of a residual one ("Other ..."), and of what is coded beside its cause.
- Modifiers apply to the classes with none below, of the category that names them, unless one of
  them excludes it. Those of chapters and blocks are supplementary (the WHO's place of occurrence
  and activity in chapter XX), and make no codes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.claml.elements import ClamlClass, ClamlFile, Rubrics, read_claml
from linker.terminology.claml.modifiers import modifications, modified_codes
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology

# Of ICD, OPS and ICD-O the first two; ICF and ICPC have components.
_GROUPS = frozenset({"chapter", "block", "component"})
_DEFINING = ("definition", "text", "note")
_RESIDUAL = re.compile(r"(?:Other|Sonstige|Andere|Autres?|Altr[aeio]|Otr[ao]s?)\b", re.IGNORECASE)
_NOS = re.compile(r"\bNOS\b|\bo\. ?n\. ?A\.|\bSAI\b")


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a ClaML file, plain or .gz, or a .zip or a folder that holds one.

    Args:
        options: `languages` ("de") are those of the labels that are read, best first; by default
            all of them, the first of a class preferred.

    Raises:
        TerminologyError: it is no ClaML, is damaged, or more classes are broken than may be.
    """
    bad = BadRows(options.max_bad_rows)
    file = read_claml(path, options.languages, bad, progress)
    builder = TableBuilder(str(path))
    _Reader(file, builder, bad).add()
    return builder.finish(
        Release(
            terminology=file.name or path.stem,
            version=file.version,
            licence=file.licence,
            source="claml",
            filters={"languages": list(options.languages)} if options.languages else {},
            skipped=bad.counted(),
        )
    )


class _Reader:
    """Makes concepts of the classes of a file."""

    def __init__(self, file: ClamlFile, builder: TableBuilder, bad: BadRows) -> None:
        self._file, self._builder, self._bad = file, builder, bad
        self._classes = {c.code: c for c in file.classes}
        self._above = {c.code: self._all_above(c) for c in file.classes}
        concepts = [c for c in file.classes if c.kind not in _GROUPS]
        self._groups = self._classes.keys() - {c.code for c in concepts}
        self._divided = {code for c in concepts for code in c.above}
        self._shared = {
            title for title, n in Counter(_title(c).casefold() for c in concepts).items() if n > 1
        }
        self._names: dict[str, str] = {}
        # From above to below: a name may begin with the one above it.
        for own in sorted(concepts, key=lambda c: len(self._above[c.code])):
            self._names[own.code] = self._full_name(own)

    def add(self) -> None:
        """Add the concepts, in the file's order, each followed by what modifiers make of it."""
        for own in self._file.classes:
            if own.kind in _GROUPS:
                self._note("modifiers of chapters and blocks", len(own.modified_by))
                continue
            known = self._file.modifiers
            absent = [by for by in own.modified_by if by.modifier not in known]
            self._note("modifiers that are not there", len(absent))
            try:
                self._add(own)
            except TerminologyError as error:
                self._bad.skip(error)

    def _note(self, reason: str, count: int) -> None:
        if count:
            self._bad.noted[reason] += count

    def _add(self, own: ClamlClass) -> None:
        above = self._above[own.code]
        types = [_title(c) for c in reversed(above) if c.kind in _GROUPS]
        name, divided = self._names[own.code], own.code in self._divided
        choices = []
        if not divided:
            handing_on = [c for c in above if c.kind not in _GROUPS]
            choices = modifications(own, handing_on, self._file.modifiers)
        kind = _kind_of_inclusions(own, name, divided=divided or bool(choices))
        self._builder.add(
            own.code,
            name,
            names=[*self._titles(own, name), *_inclusions(own.rubrics, kind)],
            definition=_definition(own.rubrics),
            semantic_types=types,
            parents=[code for code in own.above if code not in self._groups],
            at=str(own.line),
        )
        names = {own.code: name}
        kind = _kind_of_inclusions(own, name, divided=False)
        for made in modified_codes(own.code, choices):
            # A class of the file says for itself what is below it.
            if made.code in self._classes or made.parent not in names:
                continue
            rubrics, stem = made.by.rubrics, names[made.parent]
            names[made.code] = f"{stem}: {rubrics['preferred'][0]}"
            self._builder.add(
                made.code,
                names[made.code],
                names=[(f"{stem}: {term}", kind) for term, kind in _inclusions(rubrics, kind)],
                definition=_definition(rubrics),
                semantic_types=types,
                parents=[made.parent],
                at=str(own.line),
            )

    def _all_above(self, own: ClamlClass) -> list[ClamlClass]:
        """The classes above one, nearest first, each once."""
        found: dict[str, ClamlClass] = {}
        ahead = list(own.above)
        for code in ahead:
            if code in self._classes and code not in found and code != own.code:
                found[code] = self._classes[code]
                ahead += found[code].above
        return list(found.values())

    def _full_name(self, own: ClamlClass) -> str:
        """The name of a class, by which it is known without the one above it."""
        title = _title(own)
        if long := own.rubrics.get("preferredLong"):
            return long[0]
        stem = next((self._names[code] for code in own.above if code in self._names), "")
        if not stem or title.casefold() not in self._shared or stem.casefold() == title.casefold():
            return title
        return f"{stem}: {title}"

    def _titles(self, own: ClamlClass, name: str) -> Iterator[tuple[str, NameKind]]:
        """The titles of a class that are names besides the full one."""
        for title in own.rubrics["preferred"]:
            if title.casefold() not in self._shared and not name.endswith(f": {title}"):
                yield title, NameKind.EXACT


def _title(own: ClamlClass) -> str:
    return own.rubrics["preferred"][0]


def _kind_of_inclusions(own: ClamlClass, name: str, *, divided: bool) -> NameKind:
    others = divided or own.usage == "aster" or _RESIDUAL.match(name)
    return NameKind.NARROW if others else NameKind.EXACT


def _inclusions(rubrics: Rubrics, kind: NameKind) -> Iterator[tuple[str, NameKind]]:
    for term in rubrics.get("inclusion", ()):
        yield term, NameKind.EXACT if _NOS.search(term) else kind


def _definition(rubrics: Rubrics) -> str | None:
    texts: Sequence[str] = next((rubrics[kind] for kind in _DEFINING if kind in rubrics), ())
    return " ".join(texts) or None

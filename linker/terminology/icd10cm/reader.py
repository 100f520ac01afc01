"""ICD-10-CM, as the CDC releases it: tabular list, order file (fixed columns), alphabetic index.

The tabular list (XML) has the hierarchy, the chapters and the inclusion terms; the order file has
every code, those with a seventh character spelled out among them. Either will do; a folder or zip
that holds both gives the best of each: names and codes from the order file, the rest from the list.
The alphabetic index (XML) has what else people call them ("heart attack"), and is read where it
lies beside: see `index`. Without it, a few hundred of the commonest such names are ours:
`data/icd10cm_everyday.tsv`.

Concepts are what can be assigned or narrowed down to: categories ("I21") and codes ("I21.9").
Chapters and blocks are neither, so they are none; the chapter is the semantic type.

Inclusion terms "are the conditions for which that code is to be used. The terms may be synonyms
of the code title, or, in the case of 'other specified' codes, [...] various conditions assigned to
that code" (ICD-10-CM Official Guidelines, section I.A.11): names as good as the title, but narrower
ones of a code whose title begins with "Other", unless they have NOS; of a category with codes they
are exact names, and so are terms of the index, or narrower likewise. Includes notes "further
define, or give examples of, the content of the category" (I.A.10): narrower names of a category
that has codes, names of one that has none ("hypertension" of I10, "Essential (primary)
hypertension"), and of any if nothing else is specified ("diabetes NOS" of E11; I.A.6: "the
equivalent of unspecified").

A seventh character stands in the tabular list once, for all the codes below; a code that is too
short for it is filled up with X (guidelines, section I.A.4-5): S02.0 gives S02.0XXA. Which ones
are in use, the order file or a list of codes says; without either, all are given (of 2021's 95,358
codes that adds 72: S06 with D or S where the patient is dead).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linker.checked import shipped_rows
from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import decode, not_utf8
from linker.terminology.icd10cm.files import Icd10cmFiles, find_files, version_of
from linker.terminology.icd10cm.index import index_names
from linker.terminology.icd10cm.tabular import (
    CODE,
    Entry,
    dotted,
    tabular_entries,
    undotted,
)
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology

_LICENCE = "public domain (a work of the US Government: CDC, National Center for Health Statistics)"

# The first category of each chapter: the order file does not name them.
_CHAPTERS = (
    ("A00", "Certain infectious and parasitic diseases"),
    ("C00", "Neoplasms"),
    (
        "D50",
        "Diseases of the blood and blood-forming organs and certain disorders involving the immune "
        "mechanism",
    ),
    ("E00", "Endocrine, nutritional and metabolic diseases"),
    ("F01", "Mental, Behavioral and Neurodevelopmental disorders"),
    ("G00", "Diseases of the nervous system"),
    ("H00", "Diseases of the eye and adnexa"),
    ("H60", "Diseases of the ear and mastoid process"),
    ("I00", "Diseases of the circulatory system"),
    ("J00", "Diseases of the respiratory system"),
    ("K00", "Diseases of the digestive system"),
    ("L00", "Diseases of the skin and subcutaneous tissue"),
    ("M00", "Diseases of the musculoskeletal system and connective tissue"),
    ("N00", "Diseases of the genitourinary system"),
    ("O00", "Pregnancy, childbirth and the puerperium"),
    ("P00", "Certain conditions originating in the perinatal period"),
    ("Q00", "Congenital malformations, deformations and chromosomal abnormalities"),
    (
        "R00",
        "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified",
    ),
    ("S00", "Injury, poisoning and certain other consequences of external causes"),
    ("U00", "Codes for special purposes"),
    ("V00", "External causes of morbidity"),
    ("Z00", "Factors influencing health status and contact with health services"),
)


@dataclass(frozen=True, slots=True)
class _Title:
    """A line of the order file: the code without its dot, and its two descriptions."""

    code: str
    short: str
    long: str


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a tabular list, an order file, or a folder or .zip that holds one or both, and an index.

    Raises:
        TerminologyError: none or several of them are there, or one does not hold what it should.
    """
    files, bad = find_files(path), BadRows(options.max_bad_rows)
    titles: dict[str, _Title] = {}
    if files.order is not None:
        titles = _order(files.order.read(progress), str(files.order), bad)
    builder = TableBuilder(str(files.order if files.tabular is None else files.tabular))
    if files.tabular is None:
        entries = _from_order(titles)
    else:
        in_use: set[str] | None = set(titles) or None
        if in_use is None and files.codes is not None:
            in_use = _codes(files.codes.read(progress), str(files.codes))
        data = files.tabular.read(progress)
        listed = list(tabular_entries(data, str(files.tabular), in_use, bad))
        # What the order file alone has, such as a code that was added between two releases.
        seen = {undotted(entry.code) for entry in listed}
        missing = {code: title for code, title in titles.items() if code not in seen}
        entries = iter([*listed, *_from_order(missing, seen)])
    listed = list(entries)
    indexed = _indexed(files, {entry.code for entry in listed}, bad, progress)
    everyday = _everyday() if files.index is None else {}
    for entry in listed:
        title = titles.get(undotted(entry.code))
        _add(builder, entry, title, indexed.get(entry.code, ()), everyday.get(entry.code, ()))
    return builder.finish(
        Release(
            terminology="ICD-10-CM",
            version=version_of(files),
            licence=_LICENCE,
            source="icd10cm",
            skipped=bad.counted(),
        )
    )


def _indexed(
    files: Icd10cmFiles, codes: set[str], bad: BadRows, progress: Progress
) -> dict[str, list[str]]:
    """What the index has of each code, if there is one."""
    names: dict[str, list[str]] = {}
    if files.index is not None:
        data = files.index.read(progress)
        for code, name in index_names(data, str(files.index), codes, bad):
            names.setdefault(code, []).append(name)
    return names


def _everyday() -> dict[str, list[str]]:
    """What people call codes, by code: see the file."""
    names: dict[str, list[str]] = {}
    for code, name in shipped_rows("linker.terminology", "icd10cm_everyday.tsv"):
        names.setdefault(code, []).append(name)
    return names


def _add(
    builder: TableBuilder,
    entry: Entry,
    title: _Title | None,
    indexed: Sequence[str],
    everyday: Sequence[str],
) -> None:
    name = entry.name if title is None else title.long
    kind = NameKind.NARROW if name.startswith("Other ") else NameKind.EXACT
    names = [(term, NameKind.PREFERRED) for term in entry.default_terms]
    names += [(term, kind) for term in (*entry.inclusion_terms, *indexed)]
    names += [(name, NameKind.PREFERRED) for name in everyday]
    names += [(term, NameKind.NARROW) for term in entry.examples]
    if title is not None:
        names = [(entry.name, NameKind.EXACT), *_short(title), *names]
    builder.add(
        entry.code,
        name,
        names=names,
        semantic_types=[entry.chapter],
        parents=[] if entry.parent is None else [entry.parent],
    )


def _short(title: _Title) -> list[tuple[str, NameKind]]:
    """The CDC's own 60-character form, which hospital systems show ("init for clos fx").

    Where most of the title is left out, it is no name: "Penicillins" for poisoning by them.
    """
    whole = 2 * len(title.short.split()) >= len(title.long.split())
    return [(title.short, NameKind.ABBREVIATION)] if whole else []


# --- The order file and the list of codes -----------------------------------


def _order(data: bytes, where: str, bad: BadRows) -> dict[str, _Title]:
    """Titles by code, without dots.

    Columns: 1-5 number, 7-13 code, 15 "1" if billable, 17-76 short and 78- long description.
    """
    titles: dict[str, _Title] = {}
    for number, raw in enumerate(data.split(b"\n"), start=1):
        try:
            line = raw.decode("utf-8").rstrip()
        except UnicodeDecodeError as error:
            bad.skip(not_utf8(f"{where}:{number}", raw[error.start]))
            continue
        if not line:
            continue
        code, short, long = line[6:13].strip(), line[16:76].strip(), line[77:].strip()
        if (
            not line[:5].strip().isdigit()
            or not CODE.fullmatch(code)
            or line[14:15] not in ("0", "1")
            or not long
        ):
            bad.skip(
                TerminologyError(
                    f"{where}:{number}: found {line[:80]!r}, expected the columns of an ICD-10-CM "
                    "order file: 1-5 number, 7-13 code, 15 0 or 1, 17-76 short and 78- long "
                    "description; was the file cut short?"
                )
            )
            continue
        if code in titles:
            bad.skip(
                TerminologyError(
                    f"{where}:{number}: code {code!r} occurs twice; are two releases in one file?"
                )
            )
            continue
        titles[code] = _Title(code, short, long)
    return titles


def _codes(data: bytes, where: str) -> set[str]:
    """The first word of each line, without dots."""
    lines = decode(data, where).split("\n")
    return {line.split()[0].replace(".", "") for line in lines if line.strip()}


def _from_order(titles: dict[str, _Title], others: set[str] | None = None) -> Iterator[Entry]:
    """Entries of codes alone: the parent is the longest code that this one begins with."""
    known = set(titles) | (others or set())
    starts = [start for start, _ in _CHAPTERS]
    for code, title in titles.items():
        shorter = (code[:length] for length in range(len(code) - 1, 2, -1))
        parent = next((c for c in shorter if c in known), None)
        chapter = _CHAPTERS[bisect_right(starts, code) - 1][1]
        yield Entry(dotted(code), title.long, parent and dotted(parent), chapter)

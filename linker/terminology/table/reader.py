"""Any table with a column of ids and one of names: CSV, TSV (plain or .gz), or Parquet.

Several rows with one id are several names of that concept: the first is preferred, the rest are
exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linker.config import ReadOptions
from linker.counted import counted
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import not_utf8
from linker.terminology.table.rows import table_rows
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xrefs import code_of

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "concept_id": ("concept_id", "id", "code", "cui", "curie", "identifier"),
    "name": (
        "name",
        "preferred_name",
        "preferred_term",
        "canonical_name",
        "label",
        "term",
    ),
    "synonyms": ("synonyms", "synonym", "aliases", "alias"),
    "definition": ("definition", "def"),
    "semantic_types": ("semantic_types", "semantic_type", "types", "type"),
    "parents": ("parents", "parent", "parent_ids", "parent_id"),
    "xrefs": ("xrefs", "xref"),
}
"""Our columns, and what they are called in files, best first; case, spaces and hyphens are free."""

_REQUIRED = ("concept_id", "name")
_CODES = "codes."
_MAX_NAME, _MAX_LINES = 5000, 5
_ROUNDED = re.compile(r"-?\d(?:[.,]\d+)?[Ee]\+\d+")
_LEFT_ALONE = re.compile(r'^="([^"]+)"$')
"""How a spreadsheet is told to leave an id as it is, zeros in front and all: ="00124"."""
_ERRORS = frozenset(("#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!"))
_EXACT = 2**53
"""Beyond it a float no longer tells whole numbers apart (IEEE 754, binary64)."""


@dataclass(slots=True)
class _Concept:
    """What the rows of one id say together."""

    at: str
    name: str
    names: list[str] = field(default_factory=list)
    definition: str = ""
    semantic_types: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a table.

    Raises:
        TerminologyError: a column is missing, or more than `options.max_bad_rows` rows are broken.
    """
    bad = BadRows(options.max_bad_rows)
    rows = table_rows(path, options.delimiter, bad, progress)
    _, header = next(rows)
    columns = _columns(header, options.columns, str(path))
    concepts: dict[str, _Concept] = {}
    for number, row in rows:
        try:
            _merge(concepts, row, columns, options.list_separator, f"{path}:{number}", str(number))
        except TerminologyError as error:
            bad.skip(error)
    builder = TableBuilder(str(path))
    for concept_id, concept in concepts.items():
        builder.add(
            concept_id,
            concept.name,
            names=[(name, NameKind.EXACT) for name in concept.names],
            definition=concept.definition,
            semantic_types=concept.semantic_types,
            parents=concept.parents,
            codes=concept.codes,
            at=concept.at,
        )
    return builder.finish(
        Release(
            terminology=path.name.partition(".")[0],
            version="",
            licence="",
            source="table",
            skipped=bad.counted(),
        )
    )


def _merge(
    concepts: dict[str, _Concept],
    row: Sequence[object],
    columns: Mapping[str, int],
    separator: str,
    where: str,
    at: str,
) -> None:
    concept_id = " ".join(_values(row[columns["concept_id"]], None, where))
    # In one column with the synonyms, the preferred name is the first.
    together = columns["name"] == columns.get("synonyms")
    names = _values(row[columns["name"]], separator if together else None, where)
    name = "".join(names[:1]) if together else " ".join(names)
    for column, value in (("concept_id", concept_id), ("name", name)):
        if not value:
            raise TerminologyError(f"{where}: blank {column}; each row needs an id and a name")
        refuse_error(column, value, where)
    refuse_rounded("concept_id", [concept_id], where)
    n_lines = name.count("\n") + 1
    if len(name) > _MAX_NAME or n_lines > _MAX_LINES:
        raise TerminologyError(
            f"{where}: a name of {len(name):,} characters and {counted(n_lines, 'line')}, "
            f"expected at most {_MAX_NAME:,} and {_MAX_LINES}; is a quotation mark not closed?"
        )
    # All of a row is read before any of it counts: one that is broken says nothing.
    cells = {
        column: _values(row[index], None if column == "definition" else separator, where)
        for column, index in columns.items()
        if column not in _REQUIRED
    }
    for column, values in cells.items():
        if column == "parents" or column.startswith(_CODES):
            refuse_rounded(column, values, where)
    concept = concepts.get(concept_id)
    if concept is None:
        concept = concepts[concept_id] = _Concept(at, name)
    else:
        concept.names.append(name)
    for column, values in cells.items():
        if column == "definition":
            concept.definition = concept.definition or " ".join(values)
        elif column == "synonyms":
            concept.names += values
        elif column == "semantic_types":
            concept.semantic_types += values
        elif column == "parents":
            concept.parents += values
        elif column == "xrefs":
            concept.codes += [code for code in map(code_of, values) if code is not None]
        else:
            concept.codes += [(column.removeprefix(_CODES), value) for value in values]


def refuse_error(column: str, value: str, where: str) -> None:
    """Refuse what a spreadsheet has where a formula failed, for it is no id and no name.

    Raises:
        TerminologyError: the value is such an error.
    """
    if value in _ERRORS:
        raise TerminologyError(
            f"{where}: {column} is {value}, a spreadsheet's error; correct its formula, and "
            "export again"
        )


def as_meant(text: str) -> str:
    """A cell's text without what tells a spreadsheet to leave it alone (="00124"), nor blanks."""
    return _LEFT_ALONE.sub(r"\1", text.strip())


def refuse_rounded(column: str, values: Iterable[str], where: str) -> None:
    """Refuse ids that a spreadsheet took for numbers: "2.2298E+07" may be many a concept's.

    Raises:
        TerminologyError: one of them is such a number.
    """
    for value in values:
        if _ROUNDED.fullmatch(value):
            raise TerminologyError(
                f"{where}: {column} {value!r} is a number as a spreadsheet rounds it, which no "
                "longer says which id it was; export the column again, as text"
            )


def _values(cell: object, separator: str | None, where: str) -> list[str]:
    """The values in a cell: those of a Parquet list, or of a text that is split if it may be."""
    if cell is None:
        return []
    if isinstance(cell, list | tuple):
        return [value for item in cell for value in _values(item, None, where)]
    if isinstance(cell, float):
        # A whole column of integers becomes floats where one is missing.
        if cell != cell:  # not a number
            return []
        if abs(cell) >= _EXACT:
            raise TerminologyError(
                f"{where}: {cell:.0f} as a floating-point number, which is too long to be exact; "
                "write ids as text or as integers"
            )
        cell = int(cell) if cell.is_integer() else cell
    if isinstance(cell, bytes):
        # Parquet's strings, where they are not said to be strings (Impala, old Spark).
        cell = _text(cell, where)
    if isinstance(cell, dict):
        raise TerminologyError(
            f"{where}: a struct of {', '.join(map(str, cell))}, expected text or a list of texts"
        )
    parts = str(cell).split(separator) if separator is not None else [str(cell)]
    return [as_meant(part) for part in parts if part.strip()]


def _text(cell: bytes, where: str) -> str:
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(where, cell[error.start]) from error


# --- Columns ----------------------------------------------------------------


def _columns(header: Sequence[str], mapped: Mapping[str, str], where: str) -> dict[str, int]:
    """Where each of our columns stands: as the options say, else by its name or a common alias."""
    found = ", ".join(map(repr, header))
    columns: dict[str, int] = {}
    for ours, theirs in mapped.items():
        if ours not in _ALIASES and not (ours.startswith(_CODES) and ours != _CODES):
            known = ", ".join([*_ALIASES, f"{_CODES}VOCABULARY"])
            raise TerminologyError(f"{_option(ours)}: {ours!r} is none of ours; known: {known}")
        if theirs not in header:
            raise TerminologyError(
                f"{where}: no column {theirs!r} (for {ours}); found: {found}; "
                f"correct {_option(ours)}"
            )
        columns[ours] = header.index(theirs)
        _refuse_twice(theirs, header, where)
    plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in header]
    for ours, aliases in _ALIASES.items():
        match = next((alias for alias in aliases if alias in plain), None)
        if ours not in columns and match is not None and plain.index(match) not in columns.values():
            columns[ours] = plain.index(match)
            _refuse_twice(match, plain, where)
    for index, name in enumerate(header):
        if name.startswith(_CODES) and name != _CODES and name not in columns:
            columns[name] = index
            _refuse_twice(name, header, where)
    for required in _REQUIRED:
        if required not in columns:
            raise TerminologyError(
                f"{where}: no column for {required!r}; found: {found}; say which it is with "
                f"{_option(required)}; if this is one column only, set delimiter in a recipe; if "
                "'found' is a row and no header, put one above it"
            )
    return columns


def _option(ours: str) -> str:
    """How a message says what maps a column of ours to one of the file's."""
    return f"--column {ours}=..., in a recipe columns.{ours}"


def _refuse_twice(name: str, header: Sequence[str], where: str) -> None:
    """Refuse a header in which a column that is to be read stands twice: which one is meant?"""
    places = [number for number, other in enumerate(header, start=1) if other == name]
    if len(places) > 1:
        raise TerminologyError(
            f"{where}: the column {name!r} stands twice, as column "
            f"{' and '.join(map(str, places))}; give each a name of its own"
        )

"""Any table with a column of ids and one of names: CSV, TSV (plain or .gz), or Parquet.

Several rows with one id are several names of that concept: the first is preferred, the rest are
exact. Alternative ids (of what was merged into it, or the local system's own) lead to the one
concept that claims them, unless they are a concept of the table themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from linker.config import ReadOptions
from linker.counted import counted
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.cut_names import without_cut_names
from linker.terminology.table.columns import CODES, REQUIRED, columns_of
from linker.terminology.table.only import Only
from linker.terminology.table.rows import table_rows
from linker.terminology.table.values import (
    found_of,
    refuse_error,
    refuse_rounded,
    values_in,
)
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xrefs import code_of

_MAX_NAME, _MAX_LINES = 5000, 5
_IDS = ("parents", "alt_ids")


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
    alternative_ids: list[str] = field(default_factory=list)


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read a table.

    Raises:
        TerminologyError: a column is missing, or more than `options.max_bad_rows` rows are broken.
    """
    bad = BadRows(options.max_bad_rows)
    rows = table_rows(path, options.delimiter, bad, progress)
    _, header = next(rows)
    columns = columns_of(header, options.columns, str(path))
    only = Only(options.only, header, str(path))
    concepts: dict[str, _Concept] = {}
    for number, row in rows:
        try:
            if (column := only.other(row, f"{path}:{number}")) is not None:
                bad.noted[f"rows of another {column}"] += 1
                continue
            _merge(concepts, row, columns, options.list_separator, f"{path}:{number}", str(number))
        except TerminologyError as error:
            bad.skip(error)
    only.refuse_absent()
    builder = TableBuilder(str(path))
    claimants: dict[str, set[str]] = {}
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
        for other in concept.alternative_ids:
            claimants.setdefault(other, set()).add(concept_id)
    builder.retire_alternatives(claimants)
    release = Release(
        terminology=path.name.partition(".")[0],
        version="",
        licence="",
        source="table",
        filters={"only": {name: list(said) for name, said in options.only.items()}}
        if options.only
        else {},
        skipped=bad.counted(),
    )
    return without_cut_names(builder.finish(release))


def _merge(
    concepts: dict[str, _Concept],
    row: Sequence[object],
    columns: Mapping[str, Sequence[int]],
    separator: str,
    where: str,
    at: str,
) -> None:
    """Add to the concepts what a row says: all of it, or nothing where it is broken."""
    concept_id, name = _id_and_name(row, columns, separator, where)
    cells: dict[str, list[str]] = {}
    for column, indices in columns.items():
        if column in REQUIRED:
            continue
        split = None if column == "definition" else separator
        values = [value for index in indices for value in values_in(row[index], split, where)]
        cells[column] = found_of(column, values, where)
        if column in _IDS or column.startswith(CODES):
            refuse_rounded(column, values, where)
    concept = concepts.get(concept_id)
    if concept is None:
        concept = concepts[concept_id] = _Concept(at, name)
    else:
        concept.names.append(name)
    for column, values in cells.items():
        _add(concept, column, values)


def _id_and_name(
    row: Sequence[object], columns: Mapping[str, Sequence[int]], separator: str, where: str
) -> tuple[str, str]:
    (id_at,), (name_at,) = columns["concept_id"], columns["name"]
    concept_id = " ".join(values_in(row[id_at], None, where))
    # In one column with the synonyms, the preferred name is the first.
    together = name_at in columns.get("synonyms", ())
    names = values_in(row[name_at], separator if together else None, where)
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
    return concept_id, name


def _add(concept: _Concept, column: str, values: list[str]) -> None:
    if column == "definition":
        concept.definition = concept.definition or " ".join(values)
    elif column == "synonyms":
        concept.names += values
    elif column == "semantic_types":
        concept.semantic_types += values
    elif column == "parents":
        concept.parents += values
    elif column == "alt_ids":
        concept.alternative_ids += values
    elif column == "xrefs":
        concept.codes += [code for code in map(code_of, values) if code is not None]
    else:
        concept.codes += [(column.removeprefix(CODES), value) for value in values]

"""Which column of a table holds what: as the options say, or by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from linker.errors import TerminologyError

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
    "alt_ids": ("alt_ids", "alt_id", "alternative_ids", "alternative_id"),
}
"""Our columns, and what they are called in files, best first; case, spaces and hyphens are free."""

REQUIRED = ("concept_id", "name")
_SINGLE = (*REQUIRED, "definition")
"""What a concept has one of: one column of the file holds it."""
CODES = "codes."


def columns_of(
    header: Sequence[str], mapped: Mapping[str, str | Sequence[str]], where: str
) -> dict[str, list[int]]:
    """Where each of our columns stands: as the options say, else by its name or a common alias.

    Args:
        header: the names of the file's columns.
        mapped: `ReadOptions.columns`.
        where: the file, for messages.

    Returns:
        The places in a row, from 0; of what a concept has one of, one place.

    Raises:
        TerminologyError: a column is not there, occurs twice, or is none of ours.
    """
    found = ", ".join(map(repr, header))
    columns: dict[str, list[int]] = {}
    for ours, given in mapped.items():
        if ours not in _ALIASES and not (ours.startswith(CODES) and ours != CODES):
            known = ", ".join([*_ALIASES, f"{CODES}VOCABULARY"])
            raise TerminologyError(f"{_option(ours)}: {ours!r} is none of ours; known: {known}")
        several = (given,) if isinstance(given, str) else tuple(given)
        if ours in _SINGLE and len(several) > 1:
            raise TerminologyError(
                f"columns: {ours} in {len(several)} columns ({', '.join(several)}), expected one; "
                "columns of further names are synonyms"
            )
        for theirs in several:
            if theirs not in header:
                raise TerminologyError(
                    f"{where}: no column {theirs!r} (for {ours}); found: {found}; "
                    f"correct {_option(ours)}"
                )
            columns.setdefault(ours, []).append(header.index(theirs))
            refuse_twice(theirs, header, where)
    taken = {index for indices in columns.values() for index in indices}
    plain = [re.sub(r"[\s\-]+", "_", name.strip().lower()) for name in header]
    for ours, aliases in _ALIASES.items():
        match = next((alias for alias in aliases if alias in plain), None)
        if ours not in columns and match is not None and plain.index(match) not in taken:
            columns[ours] = [plain.index(match)]
            refuse_twice(match, plain, where)
    for index, name in enumerate(header):
        if name.startswith(CODES) and name != CODES and name not in columns:
            columns[name] = [index]
            refuse_twice(name, header, where)
    for required in REQUIRED:
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


def refuse_twice(name: str, header: Sequence[str], where: str) -> None:
    """Refuse a header in which a column that is to be read occurs twice: which one is meant?

    Raises:
        TerminologyError: it does.
    """
    places = [number for number, other in enumerate(header, start=1) if other == name]
    if len(places) > 1:
        raise TerminologyError(
            f"{where}: the column {name!r} occurs twice, as column "
            f"{' and '.join(map(str, places))}; give each a name of its own"
        )

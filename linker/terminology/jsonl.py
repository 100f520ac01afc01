"""JSON lines, one concept a line: our own, and scispaCy's.

Ours is `{"id", "name", "synonyms": [], "definition", "types": [], "parents": [], "xrefs": [],
"alt_ids": []}`, all but the first two optional. scispaCy's knowledge bases (`umls_2023ab.jsonl`)
are `{"concept_id", "canonical_name", "aliases": [], "definition", "types": []}`.

An alternative id stands in "alt_ids", or, where a source has no such column (MEDIC: the OMIM ids
of a MeSH disease), in "xrefs". Both become retired ids that lead to their concept, so that a gold
or legacy id finds it, under one rule: **only one concept claims the id, and it is no concept of the
file itself**. A UMLS code that two concepts share leads to neither. Every xref is a code as well.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, TypeVar

from linker.config import ReadOptions
from linker.errors import TerminologyError
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.cut_names import without_cut_names
from linker.terminology.files import not_utf8, numbered_lines
from linker.terminology.tables import NameKind, Release, TableBuilder, Terminology
from linker.terminology.xrefs import code_of

_Value = TypeVar("_Value", str, list[Any])
_SURROGATE = re.compile("[\ud800-\udfff]")
_KEYS = frozenset(("id", "name", "synonyms", "definition", "types", "parents", "xrefs", "alt_ids"))
_SCISPACY = {"id": "concept_id", "name": "canonical_name", "synonyms": "aliases"}


def read(path: Path, options: ReadOptions, progress: Progress) -> Terminology:
    """Read JSON lines, plain or .gz. Blank lines and a byte-order mark are skipped.

    Raises:
        TerminologyError: more than `options.max_bad_rows` lines are broken, or there is none.
    """
    builder, bad = TableBuilder(str(path)), BadRows(options.max_bad_rows)
    alternatives: dict[str, set[str]] = {}
    n_loose = 0
    for number, line in numbered_lines(path, progress=progress):
        if not line.strip():
            continue
        try:
            row = _Row(line, f"{path}:{number}")
            concept_id = row.text("id").strip()
            xrefs = row.texts("xrefs")
            codes = [code_of(xref) for xref in xrefs]
            alt_ids = row.texts("alt_ids")
            builder.add(
                concept_id,
                row.text("name"),
                names=[(name, NameKind.EXACT) for name in row.texts("synonyms")],
                definition=row.optional_text("definition"),
                semantic_types=row.texts("types"),
                parents=row.texts("parents"),
                codes=[code for code in codes if code is not None],
                at=str(number),
            )
        except TerminologyError as error:
            bad.skip(error)
            continue
        n_loose += codes.count(None)
        bad.noted.update(f"concepts with {key!r}, a key that is not read" for key in row.unread)
        coded = (xref for xref, code in zip(xrefs, codes, strict=True) if code is not None)
        for other in (*alt_ids, *coded):
            if other.strip():
                alternatives.setdefault(other.strip(), set()).add(concept_id)
    builder.retire_alternatives(alternatives)
    skipped = bad.counted()
    if n_loose:
        skipped["xrefs without a vocabulary"] = n_loose
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    release = Release(terminology=name, version="", licence="", source="jsonl", skipped=skipped)
    return without_cut_names(builder.finish(release))


class _Row:
    """The values of a line, by our keys, each checked for its type when taken."""

    def __init__(self, line: bytes, where: str) -> None:
        self._where = where
        try:
            values = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise not_utf8(where, line[error.start]) from error
        except (json.JSONDecodeError, RecursionError) as error:
            reason = "nested too deep"
            if isinstance(error, json.JSONDecodeError):
                reason = f"{error.msg} (column {error.colno})"
            raise TerminologyError(
                f"{where}: not JSON: {reason}; expected one object a line; was the file cut short?"
            ) from error
        if not isinstance(values, dict):
            raise TerminologyError(
                f"{where}: found {_kind(values)}, expected an object with the keys 'id' and 'name'"
            )
        self._values: dict[str, Any] = values
        self._keys = _SCISPACY if "id" not in values and "concept_id" in values else {}

    @property
    def unread(self) -> list[str]:
        """The keys with a value that are none of ours: "aliases" where "synonyms" is meant."""
        known = {self._keys.get(key, key) for key in _KEYS}
        return [key for key, value in self._values.items() if value and key not in known]

    def text(self, key: str) -> str:
        key = self._keys.get(key, key)
        if key not in self._values:
            found = ", ".join(map(repr, sorted(self._values))) or "none"
            raise TerminologyError(f"{self._where}: missing key {key!r}; found: {found}")
        return self._checked(key, self._values[key], str, "a string")

    def optional_text(self, key: str) -> str | None:
        value = self._values.get(key)
        return None if value is None else self._checked(key, value, str, "a string or null")

    def texts(self, key: str) -> list[str]:
        key = self._keys.get(key, key)
        values = self._values.get(key)
        if values is None:
            return []
        values = self._checked(key, values, list, "a list of strings")
        return [self._checked(key, value, str, "strings alone in the list") for value in values]

    def _checked(self, key: str, value: Any, kind: type[_Value], expected: str) -> _Value:
        if not isinstance(value, kind):
            raise TerminologyError(
                f"{self._where}: key {key!r} holds {_kind(value)}, expected {expected}"
            )
        if isinstance(value, str) and _SURROGATE.search(value):
            raise TerminologyError(
                f"{self._where}: key {key!r} holds half a surrogate pair (\\ud8xx), "
                "expected whole characters"
            )
        return value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value"}
    return names.get(type(value), "a number")

"""What a reviewer decided of a mapped table, as an overlay for the index.

The column `decision` holds "accept" (the concept of the row), "reject" (no concept), or the id of
another concept; an empty one is not decided yet. The overlay makes each decided term a name of its
concept, or of none, which decides whatever else is called so: the table comes out as decided when
it is mapped again with the index that carries the overlay.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from linker.atomic import write_atomically
from linker.errors import TerminologyError
from linker.formats.cells import as_text
from linker.link import Linker
from linker.mapping.terms import TermRow, TermTable
from linker.mapping.values import DECISION
from linker.terminology import REMOVE, NameKind
from linker.text import normalise

_HEADER = ("concept_id", "name", "kind", "note.line")


@dataclass(frozen=True, slots=True)
class Decided:
    """What an overlay was made of.

    Attributes:
        named: terms that are now names of the concepts that were decided.
        rejected: terms that mean no concept.
        undecided: rows without a decision.
    """

    named: int
    rejected: int
    undecided: int


@dataclass(frozen=True, slots=True)
class _Decision:
    line: int
    term: str
    concept_id: str | None


def write_overlay(
    linker: Linker, reviewed: TermTable, out: str | Path, *, prefix: str = ""
) -> Decided:
    """Write the decisions on a table as an overlay: a CSV for `linker overlay`.

    Args:
        linker: of the index that the table was mapped to.
        reviewed: the table that `map_terms` wrote, with its decisions.
        out: the file; one that is there is replaced.
        prefix: what the names of our columns begin with.

    Raises:
        TerminologyError: an id is not in the index, a decision cannot be, or two contradict each
            other; the message says the line.
        ConfigError: the table has no columns `decision` and `concept_id`, or `out` is the table
            itself.
    """
    reviewed.refuse_as_output(Path(out))
    places = reviewed.column(f"{prefix}{DECISION}"), reviewed.column(f"{prefix}concept_id")
    decisions: dict[str, _Decision] = {}
    undecided = 0
    for row in reviewed:
        found = _decision(linker, reviewed, row, places)
        if found is None:
            undecided += 1
            continue
        # Two ways to write one name are one name to the index.
        first = decisions.setdefault(normalise(found.term), found)
        if first.concept_id != found.concept_id:
            raise TerminologyError(
                f"{reviewed.path}:{found.line}: {found.term!r} is decided otherwise on line "
                f"{first.line}; a term has one concept"
            )
    _write(
        Path(out),
        [
            ("", one.term, REMOVE, one.line)
            if one.concept_id is None
            else (one.concept_id, one.term, NameKind.EXACT.value, one.line)
            for one in decisions.values()
        ],
    )
    rejected = sum(one.concept_id is None for one in decisions.values())
    return Decided(len(decisions) - rejected, rejected, undecided)


def _decision(
    linker: Linker, table: TermTable, row: TermRow, places: tuple[int, int]
) -> _Decision | None:
    decision, proposed = (as_text(row.cells[place]).strip() for place in places)
    where = f"{table.path}:{row.number}"
    if not decision:
        return None
    if not normalise(row.term):
        raise TerminologyError(f"{where}: a decision on a term that holds no character to read")
    if decision.lower() == "reject":
        return _Decision(row.number, row.term, None)
    if decision.lower() == "accept":
        if not proposed:
            raise TerminologyError(
                f"{where}: 'accept' on a row without a concept_id; write the id of the concept"
            )
        decision = proposed
    try:
        return _Decision(row.number, row.term, linker.concept(decision).concept_id)
    except KeyError as error:
        raise TerminologyError(
            f"{where}: {decision!r} is not a concept of {linker.path}; expected accept, reject or "
            "the id of a concept"
        ) from error


def _write(out: Path, rows: list[tuple[str, str, str, int]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_HEADER)
    writer.writerows(rows)
    write_atomically(out, file.getvalue())

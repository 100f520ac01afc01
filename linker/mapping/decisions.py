"""What a reviewer decided of a mapped table, as an overlay for the index.

The column `decision` holds "accept" (the concept of the row), "reject" (no concept), or the id of
another concept; an empty one is not decided yet. The overlay makes each decided term a name of its
concept, or of none, which decides whatever else is called so: the table comes out as decided when
it is mapped again with the index that carries the overlay.

Several tables become one overlay: those of several reviewers, or of a list's new terms month by
month. What is wrong in them, and where they differ, is said of all rows at once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from linker.atomic import write_atomically
from linker.errors import TerminologyError
from linker.formats.cells import as_text, is_rounded
from linker.link import Linker
from linker.mapping.terms import TermTable
from linker.mapping.values import DECISION
from linker.page import shown
from linker.terminology import REMOVE, NameKind, as_meant
from linker.text import normalise

_HEADER = ("concept_id", "name", "kind", "note.line")
_FAULTS = 10
"""So many are said in full."""

_AS_FLOAT = re.compile(r"(\d+)\.0")
"""An id of digits after a column with empty cells went through pandas or R."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What an overlay was made of.

    Attributes:
        named: terms that are now names of the concepts that were decided.
        rejected: terms that mean no concept.
        undecided: rows of terms on which no row decides.
    """

    named: int
    rejected: int
    undecided: int


@dataclass(frozen=True, slots=True)
class _Decision:
    at: str
    term: str
    concept_id: str | None


def write_overlay(
    linker: Linker, reviewed: TermTable | Sequence[TermTable], out: str | Path, *, prefix: str = ""
) -> Decided:
    """Write the decisions on a table as an overlay: a CSV for `linker overlay`.

    Args:
        linker: of the index that the table was mapped to.
        reviewed: the table that `map_terms` wrote, with its decisions, or several.
        out: the file; one that is there is replaced.
        prefix: what the names of our columns begin with.

    Raises:
        TerminologyError: an id is not in the index, a decision cannot be, or two contradict each
            other; the message says the lines, of the first ten such rows.
        ConfigError: a table has no columns `decision` and `concept_id`, or `out` is one of the
            tables.
    """
    tables = [reviewed] if isinstance(reviewed, TermTable) else list(reviewed)
    places = []
    for table in tables:
        table.refuse_as_output(Path(out))
        places.append((table.column(f"{prefix}{DECISION}"), table.column(f"{prefix}concept_id")))
    decisions: dict[str, _Decision] = {}
    undecided: list[str] = []
    faults: list[str] = []
    for table, (decision, proposed) in zip(tables, places, strict=True):
        for row in table:
            at = f"{table.path}:{row.number}"
            said, offered = (as_meant(as_text(row.cells[i])) for i in (decision, proposed))
            name = normalise(row.term)
            # A row without a term comes as "reject", which is then filled down with the others.
            if not name and said.lower() in ("", "reject"):
                continue
            if not said:
                undecided.append(name)
                continue
            try:
                found = _Decision(at, row.term, _meant(linker, row.term, said, offered))
            except TerminologyError as fault:
                faults.append(f"{at}: {fault}")
                continue
            # Two ways to write one name are one name to the index.
            first = decisions.setdefault(normalise(found.term), found)
            if first.concept_id != found.concept_id:
                faults.append(
                    f"{at}: {found.term!r} is decided otherwise on {_place(first.at, table)}; a "
                    "term has one concept"
                )
    if faults:
        more = f"; and {len(faults) - _FAULTS:,} more such rows" if len(faults) > _FAULTS else ""
        raise TerminologyError("; ".join(faults[:_FAULTS]) + more)
    _write(Path(out), decisions.values(), several=len(tables) > 1)
    rejected = sum(one.concept_id is None for one in decisions.values())
    still_open = sum(term not in decisions for term in undecided)
    return Decided(len(decisions) - rejected, rejected, still_open)


def _place(at: str, table: TermTable) -> str:
    """Where a row is, as told in a message that names the table already."""
    line = at.removeprefix(f"{table.path}:")
    return f"line {line}" if line != at else at


def _meant(linker: Linker, term: str, decision: str, proposed: str) -> str | None:
    """The concept that a term was decided to be; None: it is none.

    Raises:
        TerminologyError: the decision cannot be.
    """
    if decision.lower() == "reject":
        return None
    if not normalise(term):
        raise TerminologyError("a concept for a term that holds no character to read")
    if decision.lower() == "accept":
        if not proposed:
            raise TerminologyError(
                "'accept' on a row without a concept_id; write the id of the concept"
            )
        decision = proposed
    whole = _AS_FLOAT.fullmatch(decision)
    for concept_id in (decision, *(whole.groups() if whole else ())):
        try:
            return linker.concept(concept_id).concept_id
        except KeyError:
            continue
    hint = "; a spreadsheet rounded it" if is_rounded(decision) else ""
    raise TerminologyError(
        f"{decision!r} is not a concept of {linker.path}{hint}; expected accept, reject or "
        "the id of a concept"
    )


def _write(out: Path, decisions: Iterable[_Decision], *, several: bool) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_HEADER)
    for one in decisions:
        # Which of several tables it is, is worth saying; the folder is that of one machine.
        at = shown(Path(one.at).name) if several else one.at.rpartition(":")[2]
        kind = REMOVE if one.concept_id is None else NameKind.EXACT.value
        writer.writerow((one.concept_id or "", one.term, kind, at))
    write_atomically(out, file.getvalue())

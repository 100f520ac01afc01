"""What a reviewer decided of a mapped table, as an overlay for the index.

The column `decision` holds "accept" (the concept of the row), "reject" (no concept), or the id of
another concept; an empty one is not decided yet. The overlay makes each decided term a name of its
concept, which decides over other names, and takes it away from other concepts that have it, so that
the table comes out as decided when it is mapped again with the index that carries the overlay.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from linker.atomic import write_atomically
from linker.errors import TerminologyError
from linker.index import Index, NamePair
from linker.link import Linker
from linker.mapping.terms import TermRow, TermTable, as_text
from linker.mapping.values import DECISION
from linker.terminology import NameKind
from linker.text import normalise

_HEADER = ("concept_id", "name", "kind", "note.line")


@dataclass(frozen=True, slots=True)
class Decided:
    """What an overlay was made of.

    Attributes:
        named: terms that are now names of the concepts that were decided.
        removed: names that are taken away from concepts that are not meant.
        rejected: terms without a concept.
        undecided: rows without a decision.
        kept: what an overlay cannot say, a line each: that a concept's preferred name means none.
    """

    named: int
    removed: int
    rejected: int
    undecided: int
    kept: tuple[str, ...] = ()


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
        ConfigError: the table has no columns `decision` and `concept_id`.
    """
    store = Index.open(linker.path).store
    decisions: dict[str, _Decision] = {}
    undecided = 0
    for row in reviewed:
        found = _decision(linker, reviewed, row, prefix)
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
    rows: list[tuple[str, str, str, int]] = []
    kept = []
    for normal, decision in decisions.items():
        at = store.name_row(normal)
        if decision.concept_id is not None:
            kind = NameKind.EXACT.value
            rows.append((decision.concept_id, decision.term, kind, decision.line))
        for pair in () if at is None else store.pairs(at):
            owner = store.concept_id(pair.concept)
            if owner == decision.concept_id or _is_derived(pair):
                continue
            if normalise(linker.concept(owner).preferred_name) == normal:
                # What it is decided to be stands before that.
                if decision.concept_id is None:
                    kept.append(
                        f"{reviewed.path}:{decision.line}: {decision.term!r} stays the preferred "
                        f"name of {owner}: give that concept another preferred_name in an overlay"
                    )
            elif (owner, decision.term, "remove", decision.line) not in rows:
                rows.append((owner, decision.term, "remove", decision.line))
    _write(Path(out), rows)
    removed = sum(kind == "remove" for _, _, kind, _ in rows)
    return Decided(
        named=len(rows) - removed,
        removed=removed,
        rejected=sum(decision.concept_id is None for decision in decisions.values()),
        undecided=undecided,
        kept=tuple(dict.fromkeys(kept)),
    )


def _is_derived(pair: NamePair) -> bool:
    # A form goes only with the name that it comes from, and gives way to a name.
    return pair.form is not None


def _decision(linker: Linker, table: TermTable, row: TermRow, prefix: str) -> _Decision | None:
    decision = as_text(row.cells[table.column(f"{prefix}{DECISION}")]).strip()
    proposed = as_text(row.cells[table.column(f"{prefix}concept_id")]).strip()
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
            f"{where}: {decision!r} is no concept of {linker.path}; expected accept, reject or "
            "the id of a concept"
        ) from error


def _write(out: Path, rows: list[tuple[str, str, str, int]]) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_HEADER)
    writer.writerows(rows)
    write_atomically(out, file.getvalue())

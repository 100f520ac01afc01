"""A column of local terms to concepts.

The table is read twice: once for its distinct terms, so that what is wrong with it is said before
the work begins and a term that stands in many rows is linked once; and once to write each row with
what was found. The output is written beside its place and then renamed: it is whole or not there.
A run that is stopped starts over, since it takes minutes.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from linker.atomic import naming
from linker.errors import ConfigError, TerminologyError
from linker.link import Linker
from linker.mapping.beside import Beside
from linker.mapping.page import Reviewed, as_one_name, write_page
from linker.mapping.several import say_several
from linker.mapping.terms import TermRow, TermTable
from linker.mapping.uses import Uses
from linker.mapping.values import VERDICTS, Columns, Review, decided_before, doubt_of
from linker.mapping.write import Write, opened_for, refuse_ending
from linker.schema import Link
from linker.steps import Progress, Silent

BATCH = 256
"""Terms that are linked together."""

_SEVERAL = "names another concept too"


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a run did.

    Attributes:
        rows, terms: rows of the table, and distinct terms in them.
        decided: terms of which an overlay of the index says what they are.
        blank: rows without a term.
        review: rows by what is to be done with them.
        without_code: vocabularies that were asked for and of which no row has a code.
        vocabularies: those of which the concepts in the rows have codes, sorted.
    """

    rows: int
    terms: int
    blank: int
    review: Mapping[str, int]
    decided: int = 0
    without_code: tuple[str, ...] = ()
    vocabularies: tuple[str, ...] = ()


def map_terms(
    linker: Linker,
    table: TermTable,
    out: str | Path,
    *,
    columns: Columns | None = None,
    review: Review | None = None,
    count: str | None = None,
    page: str | Path | None = None,
    show: Sequence[str] = (),
    progress: Progress | None = None,
) -> Mapped:
    """Link the terms of a table, and write the table with what was found.

    A term of which an overlay of the index says what it is comes with that as its decision, so
    that a reviewer sees what is new, and `write_overlay` makes an overlay of all decisions.

    Distinct terms are held in memory with what was found of them; rows are not, but with `count`.

    Args:
        linker: of the index to map to; its threshold plays no part, `review` decides.
        table: the terms.
        out: a `.csv`, `.tsv` or `.parquet` file; one that is there is replaced at the end. A `.csv`
            is written as the table is, if that is one: with its delimiter, byte-order mark and
            "sep=" line.
        columns: what to add to the table.
        review: what probability is enough.
        count: a column that says how often a term is used; the rows come with the most used
            first, those of equal use in the order of the table.
        page: where to write a page on which to review the terms, if at all: each distinct term
            once, in the order of the rows; those that differ in case alone as one.
        show: columns of the table that the page has beside each term.
        progress: told of terms linked and rows written.

    Raises:
        TerminologyError: a row of the table is broken; the message says which.
        ConfigError: a column is not there or is there already, the ending of `out` is unknown, or
            what is to be written would take the place of the table, of a folder, or of the other.
    """
    out = Path(out)
    columns = Columns() if columns is None else columns
    review = Review() if review is None else review
    progress = Silent() if progress is None else progress
    columns.refuse_clash(table.names, str(table.path))
    table.refuse_as_output(out)
    if page is not None:
        table.refuse_as_output(Path(page))
        if Path(page).resolve() == out.resolve():
            raise ConfigError(f"{page}: is both the page and the table to write; name two files")
    refuse_ending(out)
    partial = out.with_name(f"{out.name}.partial")
    uses = Uses(table, count)
    beside = Beside(table, show)
    used = _terms(table, uses, beside, progress)
    found = _find(linker, used, columns, review, progress, None if page is None else beside)
    rows: Iterable[TermRow] = table
    order = None
    if count is not None:
        rows = sorted(table, key=lambda row: -uses.of(row))
        order = [row.number for row in rows]
    progress.step(f"writing {out.name}", unit="rows")
    try:
        with naming(out):
            with opened_for(partial, out.suffix, table, pa.schema(columns.fields), order) as write:
                written = _write(rows, found.values, write, table, columns, progress)
            _keep(partial, out)
        if page is not None:
            to_show = as_one_name(found.to_show)
            write_page(
                page,
                to_show if count is None else sorted(to_show, key=lambda item: -item.uses),
                column=table.term_column,
                download=f"{out.stem}.decisions.csv",
                prefix=columns.prefix,
                vocabularies=columns.vocabularies,
                beside=show,
                index_info=linker.manifest.facts,
            )
    finally:
        partial.unlink(missing_ok=True)
    return Mapped(
        rows=written.verdicts.total(),
        terms=len(used) - ("" in used),
        blank=written.n_blank,
        review={verdict: written.verdicts[verdict] for verdict in VERDICTS},
        decided=found.n_decided,
        without_code=tuple(v for v in columns.vocabularies if v not in written.coded),
        vocabularies=tuple(sorted(found.vocabularies)),
    )


def _terms(table: TermTable, uses: Uses, beside: Beside, progress: Progress) -> dict[str, float]:
    """The distinct terms of a table, in its order, and how often each is used.

    Args:
        beside: takes what stands beside them.
    """
    progress.step(f"reading {table.path.name}", unit="rows")
    used: defaultdict[str, float] = defaultdict(float)
    for row in table:
        used[row.term] += uses.of(row)
        beside.take(row)
        progress.advance(1)
    return dict(used)


@dataclass(slots=True)
class _Found:
    """What was found of the distinct terms.

    Attributes:
        values: what is written of each, in the order of `Columns.fields`.
        to_show: the terms for the page, in the order of the table.
        n_decided: those of which an overlay of the index says what they are.
        vocabularies: those of which the concepts have codes.
    """

    values: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    to_show: list[Reviewed] = field(default_factory=list)
    n_decided: int = 0
    vocabularies: set[str] = field(default_factory=set)


def _find(
    linker: Linker,
    used: Mapping[str, float],
    columns: Columns,
    review: Review,
    progress: Progress,
    beside: Beside | None,
) -> _Found:
    """Link the terms.

    Args:
        used: how often each is used.
        beside: what stands beside them; None: there is to be no page.
    """
    found = _Found()
    for term, link, several in _link(linker, list(used), columns.k, review, progress):
        decided = decided_before(link, linker.local_names)
        proposed = "look" if several else review.of(link)
        verdict = proposed if decided is None else decided
        doubt = "" if verdict != "look" else _SEVERAL if several else doubt_of(link)
        found.values[term] = columns.values(link, verdict, decided, doubt)
        found.n_decided += decided is not None
        if link.best is not None and verdict != "reject":
            found.vocabularies.update(link.best.codes)
        if beside is not None and term:
            item = Reviewed(term, used[term], verdict, link.candidates, decided, doubt)
            found.to_show.append(replace(item, beside=beside.of(term)))
    return found


@dataclass(slots=True)
class _Written:
    """Rows as they were written: by verdict, those without a term, and the codes that some have."""

    verdicts: Counter[str] = field(default_factory=Counter)
    n_blank: int = 0
    coded: set[str] = field(default_factory=set)


def _write(
    rows: Iterable[TermRow],
    values: Mapping[str, tuple[Any, ...]],
    write: Write,
    table: TermTable,
    columns: Columns,
    progress: Progress,
) -> _Written:
    """Write each row with the values of its term, and count them."""
    written = _Written()
    names = [column.name for column in columns.fields]
    for row in rows:
        if row.term not in values:
            raise TerminologyError(f"{table.path}: changed while it was read; map it again")
        found = dict(zip(names, values[row.term], strict=True))
        write(row, found)
        written.verdicts[found[f"{columns.prefix}review"]] += 1
        written.n_blank += not row.term
        written.coded |= {v for v in columns.vocabularies if found[f"{columns.prefix}codes.{v}"]}
        progress.advance(1)
    return written


def _keep(partial: Path, out: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(out)


def _link(
    linker: Linker, terms: Sequence[str], k: int, review: Review, progress: Progress
) -> Iterator[tuple[str, Link, bool]]:
    """Each term, its link, and whether it would be accepted but names another concept too."""
    progress.step("linking", total=len(terms), unit="terms")
    for start in range(0, len(terms), BATCH):
        batch = terms[start : start + BATCH]
        links = linker.link(batch, k)
        yield from zip(batch, links, say_several(linker, links, review), strict=True)
        progress.advance(len(batch))

"""Writes the rows of a mapped table: CSV and TSV as the table is written, or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.errors import ConfigError, TerminologyError
from linker.formats.cells import as_text
from linker.formats.rows import ROW_GROUP, csv_rows, parquet_rows
from linker.mapping.terms import TermRow, TermTable

Write = Callable[[TermRow, Mapping[str, Any]], object]
"""Takes a row, and what was found of it by the names of our columns."""

_ENDINGS = (".csv", ".tsv", ".parquet")


def refuse_ending(out: Path) -> None:
    """See that the name of an output says how it is to be written.

    Raises:
        ConfigError: it does not.
    """
    if out.suffix.lower() not in _ENDINGS:
        ending = f"ends in {out.suffix!r}" if out.suffix else "has no ending"
        raise ConfigError(f"{out}: {ending}, expected .csv, .tsv or .parquet")


@contextmanager
def opened_for(
    path: Path, ending: str, table: TermTable, ours: pa.Schema, order: Sequence[int] | None
) -> Iterator[Write]:
    """Open the file at a path for the rows of a table, in the way that an ending says.

    Args:
        ours: our columns.
        order: the numbers of the rows as they come, from 1; None: as in the table.
    """
    ending = ending.lower()
    if ending == ".parquet" and table.is_parquet:
        with _beside(path, table, ours, order) as write:
            yield write
        return
    if ending == ".parquet":
        rows = parquet_rows(path, pa.unify_schemas([table.schema, ours]))
    else:
        dialect = table.dialect
        if ending == ".tsv":
            dialect = replace(dialect, delimiter="\t", is_said=False)
        elif not table.is_csv:
            dialect = replace(dialect, delimiter=",", is_said=False)
        rows = csv_rows(path, [*table.names, *ours.names], dialect=dialect)
    as_cell = _text if table.is_parquet else _same
    with rows as write_row:
        yield lambda row, found: write_row(
            {
                name: as_cell(cell)
                for name, cell in (*zip(table.names, row.cells, strict=True), *found.items())
            }
        )


def _same(cell: Any) -> Any:
    return cell


def _text(cell: Any) -> Any:
    """A value of Parquet as text; numbers of floats as they are."""
    return cell if isinstance(cell, float) and cell == cell else as_text(cell)


@contextmanager
def _beside(
    path: Path, table: TermTable, ours: pa.Schema, order: Sequence[int] | None
) -> Iterator[Write]:
    """Parquet to Parquet: our columns beside those of the table, which never become Python's.

    Python has no nanoseconds, and no year 29349.
    """
    batches = _batches(table, order)
    schema = pa.unify_schemas([table.schema, ours])
    waiting: list[Mapping[str, Any]] = []
    changed = TerminologyError(f"{table.path}: changed while it was read; map it again")
    with path.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        batch = next(batches, None)

        def write(_: TermRow, found: Mapping[str, Any]) -> None:
            nonlocal batch
            if batch is None:
                raise changed
            waiting.append(found)
            if len(waiting) == batch.num_rows:
                added = pa.Table.from_pylist(waiting, schema=ours)
                columns = (*batch.columns, *added.combine_chunks().columns)
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
                waiting.clear()
                batch = next(batches, None)

        yield write
        if batch is not None:
            raise changed


def _batches(table: TermTable, order: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
    """The rows as the file has them, in an order if one is given; no batch is empty."""
    with table.path.open("rb") as opened, pq.ParquetFile(opened) as file:
        if order is None:
            yield from (found for found in file.iter_batches(ROW_GROUP) if found.num_rows)
            return
        whole = file.read()
    sorted_rows = whole.take(pa.array([number - 1 for number in order], pa.int64()))
    yield from sorted_rows.to_batches(max_chunksize=ROW_GROUP)

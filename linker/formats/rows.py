"""Rows of dicts to files: Parquet, and text with a delimiter."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.formats.separated import RFC_4180, Dialect

ROW_GROUP = 32_768

WriteRow = Callable[[Mapping[str, Any]], object]


@contextmanager
def parquet_rows(path: Path, schema: pa.Schema) -> Iterator[WriteRow]:
    """Write rows to a Parquet file, a row group at a time."""
    waiting: list[Mapping[str, Any]] = []
    # A file object, so that a full disk is an OSError like any other.
    with path.open("wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
            waiting.clear()

        def write(row: Mapping[str, Any]) -> None:
            waiting.append(row)
            if len(waiting) >= ROW_GROUP:
                flush()

        yield write
        if waiting:
            flush()


@contextmanager
def csv_rows(
    path: Path, names: Sequence[str], *, dialect: Dialect = RFC_4180
) -> Iterator[WriteRow]:
    """Write rows to a CSV file, the names of the columns first."""
    encoding = "utf-8-sig" if dialect.mark else "utf-8"
    with path.open("w", encoding=encoding, newline="") as file:
        if dialect.is_said:
            file.write(f"sep={dialect.delimiter}\r\n")
        writer = csv.DictWriter(file, names, delimiter=dialect.delimiter)
        writer.writeheader()
        yield writer.writerow

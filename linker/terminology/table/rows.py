"""Rows of a table, be it text or Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linker.errors import TerminologyError
from linker.formats.arrow import as_arrow_text, values_of
from linker.steps import Progress
from linker.terminology.bad_rows import BadRows
from linker.terminology.table.separated import separated_rows

_PARQUET = (".parquet", ".pq")


def table_rows(
    path: Path, delimiter: str | None, bad: BadRows, progress: Progress
) -> Iterator[tuple[int, Sequence[Any]]]:
    """The header, then the rows, of CSV, TSV or Parquet; as `separated_rows` for the former.

    Rows of Parquet are numbered from 1, and have the values that the file has; those that Python
    cannot hold, as dates after the year 9999, are text.
    """
    if is_parquet(path):
        return _parquet(path, progress)
    return separated_rows(path, delimiter, bad, progress)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes or its ending.

    Raises:
        TerminologyError: it is a folder, or Parquet in a packed file.
    """
    if path.is_dir():
        raise TerminologyError(f"{path}: a folder, expected one CSV, TSV or Parquet file")
    if path.suffix.lower() in (".gz", ".zst") and Path(path.stem).suffix.lower() in _PARQUET:
        raise TerminologyError(f"{path}: Parquet that is packed once more; unpack it")
    with path.open("rb") as file:
        return file.read(4) == b"PAR1" or path.suffix.lower() in _PARQUET


def _parquet(path: Path, progress: Progress) -> Iterator[tuple[int, Sequence[Any]]]:
    """The column names, then the rows, numbered from 1."""
    try:
        # Arrow opens no path that is not UTF-8.
        with path.open("rb") as opened, pq.ParquetFile(opened) as file:
            yield 0, file.schema_arrow.names
            progress.step(f"reading {path.name}", total=file.metadata.num_rows, unit="rows")
            number = 0
            for batch in file.iter_batches():
                progress.advance(batch.num_rows)
                columns = (values_of(column, beyond=as_arrow_text) for column in batch.columns)
                for row in zip(*columns, strict=True):
                    number += 1
                    yield number, row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise TerminologyError(
            f"{path}: not a Parquet file, or damaged: {reason}; write it again"
        ) from error

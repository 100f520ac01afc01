"""Notes in Parquet, a row each."""

from __future__ import annotations

from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from linker.annotate.readers.base import Columns, Lines, NoteFile, note_of
from linker.annotate.readers.table import kept_columns, note_columns, rows_of
from linker.errors import NoteError

BATCH_ROWS = 256
READ_BYTES = 1 << 20


def read_parquet(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a row a note, page by page; lines are rows, from 1."""
    # In gzip each step back reads all that is before it again.
    is_packed = file.path is not None and file.path.suffix.lower() == ".gz"
    if is_packed or not opened.seekable():
        reason = "Parquet is read from its end, which stdin and packed files do not give"
        if file.path is None:
            raise NoteError(f"{file.name}: {reason}; name the .parquet file itself")
        yield None, file.bad(None, None, f"{reason}; unpack it")
        return
    try:
        # Else Arrow reads a row group whole, and most programs write a million rows as one.
        table = pq.ParquetFile(opened, buffer_size=READ_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = (
            f"not a Parquet file, or its footer is damaged ({type(error).__name__}); "
            "copy or write it again"
        )
        yield None, file.bad(None, None, reason)
        return
    id_column, text_column = note_columns(file, table.schema_arrow.names, columns)
    names = table.schema_arrow.names
    wanted = list(dict.fromkeys(names[i] for i in kept_columns(names, id_column, text_column)))
    first = 1
    for group in range(table.num_row_groups):
        last = first + table.metadata.row_group(group).num_rows - 1
        row = first
        try:
            for batch in table.iter_batches(BATCH_ROWS, row_groups=[group], columns=wanted):
                kept = kept_columns(batch.schema.names, id_column, text_column)
                for values in rows_of(batch.select(list(kept)).rename_columns(list(kept.values()))):
                    yield row, file.item(row, note_of(values, id_column, text_column))
                    row += 1
        except (pa.ArrowException, OSError) as error:
            # Arrow's message may quote what it could not read.
            reason = (
                f"row group {group} of {table.num_row_groups}, rows {first} to {last}, is damaged "
                f"({type(error).__name__}); its notes from row {row} on are lost: copy or write "
                "the file again, and annotate it again onto the same output"
            )
            yield row, file.bad(None, row, reason)
        first = last + 1

"""Arrow files that are memory-mapped: one record batch, uncompressed, columns without a copy."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from linker.errors import IndexFolderError


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as one record batch."""
    # A table without rows has no batch. One of several has a text column above Arrow's 2 GiB.
    (batch,) = table.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def open_table(path: Path) -> pa.RecordBatch:
    """Map a table that `write_table` wrote.

    Raises:
        IndexFolderError: the file is missing, or is no Arrow file.
    """
    try:
        return pa.ipc.open_file(pa.memory_map(str(path), "r")).get_batch(0)
    except (pa.ArrowException, OSError) as error:
        raise IndexFolderError(
            f"{path}: not a readable Arrow file ({error}); rebuild the index"
        ) from error

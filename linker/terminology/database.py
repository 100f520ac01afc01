"""A DuckDB database for releases that are larger than memory, and what its queries share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linker.terminology.temporary import in_temporary_folder, reading_stopped

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


@contextmanager
def temporary_database(
    path: Path, *, memory_limit: str, on_disk: bool
) -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A database that is gone afterwards, and a folder beside it that is gone too.

    Args:
        path: what is read into it, for messages.
        memory_limit: as DuckDB writes it ("2GB"); what is larger goes to the folder.
        on_disk: keep the tables in a file from the start, or in memory as long as they fit.

    Raises:
        TerminologyError: the database fails, now or later: its folder cannot be made, or is full.
    """
    import duckdb

    with in_temporary_folder(path):
        folder = tempfile.TemporaryDirectory(prefix="linker-", ignore_cleanup_errors=True)
    with folder as name:
        try:
            connection = _connected(Path(name), memory_limit=memory_limit, on_disk=on_disk)
            try:
                yield connection, Path(name)
            finally:
                connection.close()
        except duckdb.Error as error:
            raise reading_stopped(path, str(error).partition("\n")[0]) from error


def one(db: DuckDBPyConnection, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
    """The one value that a query gives."""
    # All of it: DuckDB refuses other work while a result is not fetched to its end.
    return db.execute(sql, parameters).fetchall()[0][0]


def table_of(db: DuckDBPyConnection, sql: str, schema: pa.Schema) -> pa.Table:
    """The rows that a query gives, as a table of a schema."""
    return db.sql(sql).to_arrow_table().cast(schema)


def clean(column: str) -> str:
    """SQL for a text with single spaces, and none around it."""
    return rf"trim(regexp_replace({column}, '[\s\p{{Z}}]+', ' ', 'g'))"


def quoted(text: str) -> str:
    """A string for SQL."""
    return "'" + text.replace("'", "''") + "'"


def _connected(folder: Path, *, memory_limit: str, on_disk: bool) -> DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(
        str(folder / "release.duckdb") if on_disk else ":memory:",
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": "false",
            # Extensions are downloads.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    # It would draw a bar of its own over ours.
    connection.execute("SET enable_progress_bar = false")
    return connection

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

_SQL_TYPES = {"int64": "BIGINT", "int32": "INTEGER", "bool": "BOOLEAN", "string": "VARCHAR"}


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


def columns_of(types: Mapping[str, pa.DataType]) -> str:
    """SQL for the columns of a table: their names, with int64, int32, bool or string."""
    return ", ".join(f"{name} {_SQL_TYPES[str(type_)]}" for name, type_ in types.items())


@contextmanager
def as_rows(db: DuckDBPyConnection, table: pa.Table) -> Iterator[None]:
    """A table of Arrow, as the table `rows` of what is run within."""
    db.register("rows", table)
    yield
    db.unregister("rows")


def table_of(db: DuckDBPyConnection, sql: str, schema: pa.Schema) -> pa.Table:
    """The rows that a query gives, as a table of a schema."""
    return db.sql(sql).to_arrow_table().cast(schema)


def clean(column: str) -> str:
    """SQL for a text with single spaces, and none around it."""
    return rf"trim(regexp_replace({column}, '[\s\p{{Z}}]+', ' ', 'g'))"


def nearest_parents(is_a: str) -> str:
    """SQL that makes the table `parent` (child, parents): of each concept that is kept, by id.

    From parents that are not kept it goes on to theirs; UNION keeps a pair once, so circles end.

    Args:
        is_a: SQL for all pairs of (child, parent); the table `kept` says by `id` which are kept.
    """
    return f"""
        CREATE TABLE parent AS
        WITH RECURSIVE is_a AS ({is_a}), above AS (
            SELECT is_a.* FROM is_a JOIN kept ON kept.id = child
            UNION SELECT above.child, is_a.parent FROM above
                ANTI JOIN kept ON kept.id = above.parent
                JOIN is_a ON is_a.child = above.parent
        )
        SELECT child, list(parent::VARCHAR ORDER BY parent) AS parents
        FROM above JOIN kept ON kept.id = parent WHERE child <> parent GROUP BY child
    """  # noqa: S608


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

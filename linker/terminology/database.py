"""A DuckDB database for releases that are larger than memory: the one place that sets it up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def temporary_database(
    *, memory_limit: str, on_disk: bool
) -> Iterator[tuple[DuckDBPyConnection, Path]]:
    """A database that is gone afterwards, and a folder beside it that is gone too.

    Args:
        memory_limit: as DuckDB writes it ("2GB"); what is larger goes to the folder.
        on_disk: keep the tables in a file from the start, or in memory as long as they fit.
    """
    import duckdb

    with TemporaryDirectory(prefix="linker-") as name:
        folder = Path(name)
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
        try:
            # It would draw a bar of its own over ours.
            connection.execute("SET enable_progress_bar = false")
            yield connection, folder
        finally:
            connection.close()

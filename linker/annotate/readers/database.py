"""Notes out of a database: the rows of a query, through ADBC.

SQLite and PostgreSQL, whose drivers the extra [db] brings. Rows come in Arrow batches as the
database gives them (PostgreSQL: by COPY, https://arrow.apache.org/adbc/current/driver/postgresql.html),
so that memory does not grow with the table. A password in a URI is in no name, message or file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from linker._optional import require
from linker.annotate.readers.base import Columns, Lines, NoteFile, note_of
from linker.annotate.readers.table import kept_columns, note_columns, rows_of
from linker.errors import NoteError

_DRIVERS = {
    "sqlite": "adbc_driver_sqlite.dbapi",
    "postgresql": "adbc_driver_postgresql.dbapi",
    "postgres": "adbc_driver_postgresql.dbapi",
}

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING, section 34.1.1.2.
_HOST = r"(?:\[[^\]]*\]|[^@:/?,\[\]]*)(?::\d*)?"
_POSTGRESQL = re.compile(
    r"(?P<before>postgres(?:ql)?://(?:[^@:/?]*(?=[:@][^/?]*@|@))?)(?::(?P<password>[^@:/?]*))?"
    rf"(?P<after>@?{_HOST}(?:,{_HOST})*(?:/[^@:/?]*)?)(?:\?(?P<options>.*))?"
)
_SQLITE = re.compile(r"(?P<before>sqlite://)(?P<after>/.*)(?P<password>)(?P<options>)")

BATCH_BYTES = 1 << 22
"""About what PostgreSQL's driver holds of an answer; its default, 16 MB, is more than is needed."""


@dataclass(frozen=True, slots=True)
class Database:
    """A query of a database.

    Attributes:
        uri: `sqlite:///notes.db` (four slashes before an absolute path) or `postgresql://...`.
        query: what selects the notes.
    """

    uri: str = field(repr=False)
    query: str

    def __post_init__(self) -> None:
        if self._parts is None:
            # None of the URI is repeated: which part of it is the password cannot be told.
            raise NoteError(
                "the database's URI cannot be read; expected postgresql://USER@HOST:PORT/NAME, and "
                "'@', ':', '/' and '?' of a password percent-encoded; better keep it in ~/.pgpass"
            )

    @property
    def _parts(self) -> re.Match[str] | None:
        pattern = _SQLITE if self.uri.startswith("sqlite:") else _POSTGRESQL
        return pattern.fullmatch(self.uri)

    @property
    def name(self) -> str:
        """The URI without password and options."""
        parts = self._parts
        return "" if parts is None else f"{parts['before']}{parts['after']}"

    def without_secrets(self, message: str) -> str:
        """A driver's message, on one line, without what the URI keeps secret."""
        parts = self._parts
        options = "" if parts is None else parts["options"] or ""
        secrets = {self.uri, "" if parts is None else parts["password"] or "", options}
        pairs = (option.partition("=") for option in options.split("&"))
        secrets |= {value for key, _, value in pairs if "pass" in key.lower()}
        secrets |= {unquote(secret) for secret in secrets}
        for secret in sorted(secrets - {""}, key=len, reverse=True):
            message = message.replace(secret, "***")
        return " ".join(message.split())


def is_database(path: str | Path) -> bool:
    """Whether this is the URI of a database of a known kind.

    Raises:
        NoteError: it is a URI of another kind.
    """
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", str(path))
    if match is not None and match[1] not in _DRIVERS:
        # The rest of it may be a password.
        raise NoteError(
            f"{match[1]}://...: a URI that is not read; known: {', '.join(_DRIVERS)}; of other "
            "places give the notes as files"
        )
    return match is not None


def read_database(file: NoteFile, database: Database, columns: Columns) -> Lines:
    """Read a row of the answer a note; lines are rows, from 1.

    Raises:
        NoteError: the database or the query is refused, a column is missing, or the answer breaks
            off.
        MissingExtraError: the driver is not installed.
    """
    driver = require(_DRIVERS[database.uri.partition("://")[0]], extra="db")
    with _connected(driver, database) as connection, _closed(connection.cursor()) as cursor:
        if driver.__name__.startswith("adbc_driver_postgresql"):
            key = "adbc.postgresql.batch_size_hint_bytes"
            cursor.adbc_statement.set_options(**{key: str(BATCH_BYTES)})
        try:
            cursor.execute(database.query)
            batches = cursor.fetch_record_batch()
        except driver.Error as error:
            said = database.without_secrets(str(error))
            # Another program writes to it: https://www.sqlite.org/rescode.html#busy.
            is_busy = "database is locked" in said
            to_do = "run it again when nobody writes to it" if is_busy else "correct --query"
            raise NoteError(f"{file.name}: the query failed: {said}; {to_do}") from error
        with closing(batches):
            yield from _notes(file, batches, columns, driver)


@contextmanager
def _connected(driver: Any, database: Database) -> Iterator[Any]:
    uri = database.uri
    if uri.startswith("sqlite://"):
        path = Path(uri.removeprefix("sqlite://").removeprefix("/"))
        if not path.is_file():
            raise NoteError(
                f"{database.name}: {path} is not a file; sqlite://// begins absolute paths"
            )
        # Nothing is written to it, not even by a query that tries.
        uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        connection = driver.connect(uri)
    except driver.Error as error:
        # Not `from error`: a traceback would show the driver's own words.
        said = database.without_secrets(str(error))
        raise NoteError(f"{database.name}: the connection failed: {said}") from None
    with _closed(connection):
        yield connection


@contextmanager
def _closed(opened: Any) -> Iterator[Any]:
    """Close it in the end; an error is told, and not what closing says of it again.

    Drivers before 1.13 fail once more where what failed is closed.
    """
    try:
        yield opened
    except BaseException:
        with suppress(Exception):
            opened.close()
        raise
    opened.close()


def _notes(file: NoteFile, batches: Any, columns: Columns, driver: Any) -> Lines:
    names = batches.schema.names
    id_column, text_column = note_columns(file, names, columns)
    wanted = kept_columns(names, id_column, text_column)
    row = 0
    while True:
        try:
            batch = batches.read_next_batch()
        except StopIteration:
            return
        except (driver.Error, OSError, ValueError) as error:
            # The driver's message may quote a value.
            to_do = (
                "a column with values of several types is to be CAST(... AS TEXT) in --query; if "
                "the file was damaged or replaced, go on with --resume once it is whole"
                if driver.__name__.startswith("adbc_driver_sqlite")
                else "go on with --resume when the database is back"
            )
            raise NoteError(
                f"{file.name}: the answer broke off after row {row} ({type(error).__name__}); "
                + to_do
            ) from None
        batch = batch.select(list(wanted)).rename_columns(list(wanted.values()))
        for values in rows_of(batch):
            row += 1
            yield row, file.item(row, note_of(values, id_column, text_column))

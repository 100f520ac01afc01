"""Notes out of databases: SQLite, and a PostgreSQL server of our own on a free port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cases import PATIENCE

pytest.importorskip("adbc_driver_sqlite", reason="the extra [db] is not installed")

from linker import Linker, Note
from linker.annotate import BadNote, Columns, NoteStream, annotate_files
from linker.annotate.readers import Database
from linker.errors import MissingExtraError, NoteError

DRIVER = tuple(map(int, version("adbc-driver-manager").split(".")[:2]))
QUERY = "SELECT note_id, note_text FROM note ORDER BY note_id"


def _create(path: Path, *rows: tuple[object, ...]) -> str:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE note (note_id INTEGER, person_id INTEGER, note_text TEXT)")
        db.executemany("INSERT INTO note VALUES (?, ?, ?)", rows)
    db.close()
    return f"sqlite:///{path}"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return _create(tmp_path / "notes.db", (1, 7, "Heart failure."), (2, 8, "Fever."))


def test_a_query_gives_notes(uri: str) -> None:
    stream = NoteStream([uri], query=QUERY)
    assert list(stream) == [Note("1", "Heart failure."), Note("2", "Fever.")]
    assert (stream.bytes_read, stream.total_bytes) == (0, 0)
    every = "SELECT * FROM note WHERE note_id = 2"
    assert list(NoteStream([uri], query=every)) == [Note("2", "Fever.", {"person_id": "8"})]
    renamed = "SELECT note_id AS a, note_text AS b FROM note WHERE note_id = 1"
    found = list(NoteStream([uri], query=renamed, columns=Columns("a", "b")))
    assert found == [Note("1", "Heart failure.")]


def test_more_rows_than_a_batch(tmp_path: Path) -> None:
    uri = _create(tmp_path / "many.db", *((i, 1, f"Note {i}.") for i in range(5000)))
    assert list(NoteStream([uri], query=QUERY)) == [Note(str(i), f"Note {i}.") for i in range(5000)]


def test_bad_rows_are_told_and_the_others_read(tmp_path: Path) -> None:
    uri = _create(
        tmp_path / "a.db", (1, 1, "One."), (2, 1, None), (1, 1, "Again."), (3, 1, "Three.")
    )
    query = "SELECT note_id, note_text FROM note"
    items = list(NoteStream([uri], query=query))
    assert [item for item in items if isinstance(item, Note)] == [
        Note("1", "One."),
        Note("3", "Three."),
    ]
    assert [(b.id, b.line, b.reason) for b in items if isinstance(b, BadNote)] == [
        ("2", 2, "note_text is of type NoneType, expected a string"),
        ("1", 3, "another note has this id; ids must be unique"),
    ]


def test_an_odd_value_of_sqlite_takes_no_other_note(tmp_path: Path) -> None:
    uri = _create(
        tmp_path / "a.db", (1, 1, "One."), (2, 1, b"caf\xe9"), (3, 1, "Three é.".encode())
    )
    first, bad, last = NoteStream([uri], query="SELECT note_id, note_text FROM note")
    assert [first, last] == [Note("1", "One."), Note("3", "Three é.")]
    assert isinstance(bad, BadNote)
    assert (bad.id, bad.reason) == ("2", "note_text is not UTF-8: byte 0xe9 at position 3")


def test_a_database_that_is_locked_or_damaged_is_told_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    uri = _create(path, *((i, 1, "Fever. " * 100) for i in range(3000)))
    # Of another process: two SQLite libraries in one do not see each other's locks.
    hold = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
    hold += "db.execute('BEGIN EXCLUSIVE'); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(NoteError, match=r"locked.*; run it again when nobody writes to it"):
            list(NoteStream([uri], query=QUERY))
        other.stdin.close()
    notes = iter(NoteStream([uri], query="SELECT note_id, note_text FROM note"))
    assert next(notes) == Note("0", "Fever. " * 100)
    os.truncate(path, 20_000)
    with pytest.raises(NoteError, match=r"broke off after row \d+ .*--resume once it is whole"):
        list(notes)


@pytest.mark.skipif(
    DRIVER < (1, 13),
    reason="adbc-driver-manager before 1.13 breaks where a failed statement is closed",
)
def test_a_query_changes_nothing(uri: str, tmp_path: Path) -> None:
    before = (tmp_path / "notes.db").read_bytes()
    with pytest.raises(NoteError, match=r"the query failed: .*read-?only"):
        list(NoteStream([uri], query="DELETE FROM note RETURNING note_id, note_text"))
    assert (tmp_path / "notes.db").read_bytes() == before


def test_what_is_wrong_is_said(uri: str, tmp_path: Path) -> None:
    with pytest.raises(NoteError, match=r"notes\.db: a database without --query"):
        NoteStream([uri])
    (tmp_path / "a.txt").write_text("A.")
    with pytest.raises(NoteError, match="--query without a database"):
        NoteStream([tmp_path / "a.txt"], query=QUERY)
    with pytest.raises(NoteError, match=r"none\.db is not a file"):
        list(NoteStream([f"sqlite:///{tmp_path}/none.db"], query=QUERY))
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(
        NoteError, match=r"notes\.db: the query failed: .*no such table: notes.*--query"
    ):
        list(NoteStream([uri], query="SELECT * FROM notes"))
    with pytest.raises(NoteError, match=r"no column note_text or .* it has note_id; say which"):
        list(NoteStream([uri], query="SELECT note_id FROM note"))


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("postgresql://u:s3cr%2Ft%40x@host:5432/db", "postgresql://u@host:5432/db"),
        ("postgresql://u:s3cr@a:1,b:2/db?sslmode=require", "postgresql://u@a:1,b:2/db"),
        ("postgresql://u:s3cr@[::1]:5432/db", "postgresql://u@[::1]:5432/db"),
        ("postgresql://u@host/db", "postgresql://u@host/db"),
        ("postgres://host:5432/db", "postgres://host:5432/db"),
        ("postgresql:///db?user=u&password=s3cr/t@x", "postgresql:///db"),
        ("sqlite:///notes:1@2?.db", "sqlite:///notes:1@2?.db"),
    ],
)
def test_a_password_is_in_no_name(uri: str, name: str) -> None:
    database = Database(uri, QUERY)
    assert database.name == name
    assert "s3cr" not in repr(database)


@pytest.mark.parametrize(
    "uri", ["postgresql://u:s3cr%2Ft%40x@host/db", "postgresql:///db?password=s3cr%2Ft%40x"]
)
def test_a_password_is_in_no_message(uri: str) -> None:
    told = Database(uri, QUERY).without_secrets(f"cannot open {uri}:\n s3cr/t@x, s3cr%2Ft%40x")
    assert told == "cannot open ***: ***, ***"


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://u:s3cr/t@x@host:5432/db",
        "postgresql://u:s3cr?t@host/db",
        "postgresql://u:s3cr:t@host/db",
        "postgresql://u:s3cr@t@host/db",
        "sqlite://s3cr.db",
    ],
)
def test_a_uri_whose_password_cannot_be_told_is_not_repeated(uri: str) -> None:
    with pytest.raises(NoteError, match=r"URI cannot be read; .* percent-encoded") as refused:
        NoteStream([uri], query=QUERY)
    assert "s3cr" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["mysql", "mssql+pyodbc", "oracle", "s3", "SQLite"])
def test_a_uri_of_another_kind_is_no_file_and_not_repeated(scheme: str) -> None:
    uri = f"{scheme}://user:zebrafish@host/notes"
    with pytest.raises(NoteError, match="a URI that is not read; known: sqlite, postgresql") as e:
        NoteStream([uri], query="SELECT 1")
    assert scheme in str(e.value)
    assert "zebrafish" not in str(e.value)


def test_a_driver_that_is_missing_is_said_with_its_extra(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite", None)
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(MissingExtraError, match=r'pip install "concept-linker\[db\]"'):
        list(NoteStream([uri], query=QUERY))


def test_only_new_and_changed_notes_are_annotated_again(
    linker: Linker, uri: str, tmp_path: Path
) -> None:
    out = tmp_path / "links.jsonl"
    assert annotate_files(linker, [uri], out, query=QUERY).notes == 2
    with sqlite3.connect(tmp_path / "notes.db") as db:
        db.execute("UPDATE note SET note_text = 'Nausea.' WHERE note_id = 2")
        db.execute("INSERT INTO note VALUES (3, 9, 'Chest pain.')")
    db.close()
    counts = annotate_files(linker, [uri], out, query=QUERY)
    assert (counts.notes, counts.kept) == (2, 1)
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(n["id"], n["links"][0]["concept_id"]) for n in found] == [
        ("1", "X:0001"),
        ("2", "X:0015"),
        ("3", "X:0012"),
    ]
    (asked,) = json.loads((tmp_path / "links.jsonl.run.json").read_text())["inputs"]
    assert asked == {"database": uri, "query": QUERY}


# --- PostgreSQL ------------------------------------------------------------------------------


def _binaries() -> Path | None:
    """Where `initdb` is: Debian keeps it out of the path."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return Path(on_path).parent if on_path else found[-1].parent if found else None


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A server with one table, and the URI of its database, password and all."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    as_user: list[str] = []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        if not shutil.which("setpriv"):
            pytest.skip("PostgreSQL does not run as root, and setpriv is not there to change that")
        as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    # Not pytest's folder, which another user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    secret = folder / "password"
    secret.write_text("s3cret")
    if as_user:
        for path in (folder, secret):
            os.chown(path, 65534, 65534)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    subprocess.run(
        [
            *as_user,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "reader",
            "--pwfile",
            secret,
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *as_user,
                binaries / "postgres",
                "-D",
                data,
                "-p",
                str(port),
                "-F",
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                f"unix_socket_directories={folder}",
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    uri = f"postgresql://reader:s3cret@127.0.0.1:{port}/postgres"
    try:
        _fill(uri, server)
        yield uri
    finally:
        server.terminate()
        server.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _fill(uri: str, server: subprocess.Popen[bytes]) -> None:
    from adbc_driver_postgresql import dbapi

    for _ in range(10 * PATIENCE):
        assert server.poll() is None, "the server ended"
        try:
            connection = dbapi.connect(uri, autocommit=True)
            break
        except dbapi.Error:
            time.sleep(0.1)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE note AS SELECT n::bigint AS note_id, 7::bigint AS person_id, "
            "date '2020-01-02' AS note_date, 'Fever ' || n || '. ' || repeat('All well. ', 50) "
            "AS note_text FROM generate_series(1, 20000) AS n"
        )


def test_postgresql_streams_its_rows(postgres: str) -> None:
    stream = NoteStream([postgres], query="SELECT * FROM note ORDER BY note_id")
    notes = list(stream)
    assert notes[0] == Note(
        "1", f"Fever 1. {'All well. ' * 50}", {"person_id": "7", "note_date": "2020-01-02"}
    )
    assert [note.id for note in notes] == [str(n) for n in range(1, 20001)]
    # One that is left before its end, as a run that is stopped leaves it.
    some = iter(stream)
    assert next(some) == notes[0]
    some.close()


def test_postgresql_to_an_output_and_its_update(
    linker: Linker, postgres: str, tmp_path: Path
) -> None:
    out = tmp_path / "links.jsonl"
    first = "SELECT note_id, note_text FROM note WHERE note_id <= 40"
    assert annotate_files(linker, [postgres], out, query=first, workers=1).notes == 40
    counts = annotate_files(linker, [postgres], out, query=first.replace("40", "50"))
    assert (counts.notes, counts.kept, counts.links) == (10, 40, 10)
    written = "".join(path.read_text("utf-8", "replace") for path in tmp_path.iterdir())
    assert "s3cret" not in written
    (asked,) = json.loads((tmp_path / "links.jsonl.run.json").read_text())["inputs"]
    assert asked["database"] == postgres.replace(":s3cret", "")


def test_postgresql_refusals_hold_no_password(postgres: str) -> None:
    for uri, query, message in (
        (postgres.replace("s3cret", "wr0ng"), QUERY, "the connection failed: .*authentication"),
        (postgres, "SELECT * FROM notes", 'the query failed: .*relation "notes" does not exist'),
    ):
        with pytest.raises(NoteError, match=message) as refused:
            list(NoteStream([uri], query=query))
        assert "s3cret" not in str(refused.value)
        assert "wr0ng" not in str(refused.value)

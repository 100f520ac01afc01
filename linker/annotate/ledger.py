"""Which notes are done: on disk once they are many, so that memory does not grow with the input."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

from linker.errors import NoteError

DIGEST_BYTES = 16


def digest(text: str) -> bytes:
    """What tells one text from another: 16 bytes; lone surrogates count too."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


class Ledger:
    """What is known of each note id: the digest of its text, and the record that holds its links.

    A temporary SQLite database: it moves to a file of the system's temporary folder when it
    outgrows a few megabytes, and goes with the process. Ids are kept as digests of 16 bytes.
    """

    def __init__(self) -> None:
        # `records`: how many there are; `old`: how many of them, from the first, an earlier run
        # made; `replaced`: how many hold a note anew; `all_integers`: whether all their ids are
        # whole numbers; `met`: ids that the input held.
        self.records = 0
        self.old = 0
        self.replaced = 0
        self.met = 0
        self.all_integers = True
        with _told():
            self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute(
                "CREATE TABLE notes (id BLOB PRIMARY KEY, text BLOB, record INTEGER, met INTEGER)"
                " WITHOUT ROWID"
            )
            # One transaction that is never committed: nothing is ever to be read back.
            self._db.execute("BEGIN")

    def close(self) -> None:
        """Give the disk back."""
        self._db.close()

    def skip(self) -> None:
        """Count a record that holds no note of interest."""
        self.records += 1

    def record(self, note_id: str, text: bytes) -> None:
        """The next record holds the note; it takes the place of one that did so before.

        Args:
            note_id: the note's id.
            text: the digest of its text.
        """
        with _told():
            key = digest(note_id)
            found = self._db.execute("SELECT record FROM notes WHERE id = ?", (key,)).fetchone()
            if found is None:
                self._db.execute("INSERT INTO notes VALUES (?, ?, ?, 0)", (key, text, self.records))
            else:
                self.replaced += found[0] is not None
                self._db.execute(
                    "UPDATE notes SET text = ?, record = ? WHERE id = ?", (text, self.records, key)
                )
        self.records += 1
        self.all_integers = self.all_integers and is_integer(note_id)

    def meet(self, note_id: str) -> bool:
        """The input holds the id; whether it is the first time that it does."""
        with _told():
            changed = self._db.execute(
                "INSERT INTO notes VALUES (?, NULL, NULL, 1)"
                " ON CONFLICT (id) DO UPDATE SET met = 1 WHERE NOT met",
                (digest(note_id),),
            ).rowcount
        self.met += changed
        return changed == 1

    def is_done(self, note_id: str, text: bytes) -> bool:
        """Whether a record holds the note with this very text."""
        return self._column("text", note_id) == text

    def done(self) -> Iterator[tuple[bytes, bytes]]:
        """The digests of id and text of each note that a record holds, ordered by the first."""
        with _told():
            yield from self._db.execute(
                "SELECT id, text FROM notes WHERE text IS NOT NULL ORDER BY id"
            )

    def is_latest(self, note_id: str, record: int) -> bool:
        """Whether no later record took the place of this one."""
        return self._column("record", note_id) == record

    def is_new(self, note_id: str) -> bool:
        """Whether a record holds the note that no earlier run made."""
        record = self._column("record", note_id)
        return isinstance(record, int) and record >= self.old

    def is_met(self, note_id: str) -> bool:
        """Whether the input held the id."""
        return bool(self._column("met", note_id))

    def holds(self, note_id: str) -> bool:
        """Whether a record holds the note."""
        return self._column("record", note_id) is not None

    def is_all_met(self) -> bool:
        """Whether the input held the id of each note that a record holds."""
        with _told():
            query = "SELECT 1 FROM notes WHERE record IS NOT NULL AND NOT met LIMIT 1"
            return self._db.execute(query).fetchone() is None

    def _column(self, name: str, note_id: str) -> object:
        with _told():
            found = self._db.execute(
                f"SELECT {name} FROM notes WHERE id = ?",  # noqa: S608  # a name of this class
                (digest(note_id),),
            ).fetchone()
        return None if found is None else found[0]


def is_integer(note_id: str) -> bool:
    """Whether 64 bits hold an id as a number, and it is the same when written as one."""
    digits = note_id.removeprefix("-")
    return (
        digits.isascii()
        and digits.isdigit()
        and len(digits) < 20
        and -(2**63) <= int(note_id) < 2**63
        and note_id == str(int(note_id))
    )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise NoteError(
            f"the list of the notes that are done cannot be kept ({error}); "
            "is the disk of temporary files full? TMPDIR names another"
        ) from error

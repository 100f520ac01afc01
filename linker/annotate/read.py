"""Files of notes as a stream of notes; what cannot be read is a `BadNote`, not the end."""

from __future__ import annotations

import copy
import gzip
import io
import os
import sys
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from linker.annotate.files import ending_format, files_of, unread_reason
from linker.annotate.ledger import Ledger
from linker.annotate.readers import (
    NOTE_READERS,
    BadNote,
    Columns,
    Database,
    Lines,
    NoteFile,
    is_database,
    read_database,
)
from linker.errors import NoteError
from linker.home import at_home
from linker.link import refuse_one
from linker.schema import Note

DUPLICATE = "another note has this id; ids must be unique"

_MARKUP = {
    "{\\rtf": "RTF",
    "<?xml": "XML",
    "<clinicaldocument": "XML",
    "<!doctype html": "HTML",
    "<html": "HTML",
}
"""How a document begins whose text cannot be told from its commands and tags, in lower case."""
_BEGINNINGS = tuple(_MARKUP)


class NoteStream:
    """The notes of some files, in order, with the bytes read so far for a progress bar.

    Args:
        paths: files of a format of `NOTE_READERS`, also `.gz` and `.zst`; folders, which are
            searched for such files, outputs of runs and hidden files (".name") left out; "-" for
            stdin. The id of a `.txt` file is its name without the ending, in a folder with the
            subfolders before it ("2021/note1"). Names of folders may say what is carried along
            ("note_date=2024-01-02"). Also URIs of databases: see `readers.database`.
        leave_out: files, and folders, that are not read though they lie in such a folder.
        input_format: a name of `NOTE_READERS`; by default each file's ending says, and stdin has
            JSON lines.
        columns: those of id and text, for tables and JSON lines.
        query: what selects the notes of a database.

    Raises:
        NoteError: a path is missing, is of another format, is to be left out, or is a folder
            without such files; or a database comes without a query, or a query without a database;
            or a URI is of another kind.
        TypeError: `paths` is a single path.
    """

    def __init__(
        self,
        paths: Iterable[str | Path],
        *,
        leave_out: Collection[str | Path] = (),
        input_format: str | None = None,
        columns: Columns | None = None,
        query: str | None = None,
    ) -> None:
        # A string would be gone through letter by letter, and "/" is all that there is.
        refuse_one(paths, "paths", "give a list of files and folders")
        paths = list(paths)
        if input_format is not None and input_format not in NOTE_READERS:
            raise NoteError(
                f"input format {input_format!r} is not known; known: {', '.join(NOTE_READERS)}"
            )
        if "" in paths:
            # As `Path` it is the folder that one is in; more likely a variable of a shell is unset.
            raise NoteError(
                "'' among the inputs is not a path; give files and folders, '.' for here"
            )
        left_out = {Path(path).resolve() for path in leave_out}
        self._format = input_format
        self._columns = Columns() if columns is None else columns
        self.files = [
            file
            for path in paths
            for file in (
                [_of_database(str(path), query)]
                if is_database(path)
                else files_of(at_home(path), left_out, input_format)
            )
        ]
        if query is not None and not any(file.database for file in self.files):
            raise NoteError("--query without a database; give sqlite:///FILE or postgresql://...")
        self.total_bytes = sum(file.size for file in self.files)
        self._bytes_before = 0
        self._raw: _Counted | None = None

    @property
    def bytes_read(self) -> int:
        """How much of `total_bytes` has been read."""
        return self._bytes_before + (self._raw.bytes_read if self._raw is not None else 0)

    def part(self, first: int, end: int) -> NoteStream:
        """The stream of `files[first:end]` alone; its `bytes_read` count from the whole's start."""
        part = copy.copy(self)
        part.files = self.files[first:end]
        part._bytes_before = sum(file.size for file in self.files[:first])
        return part

    def reached(self, bytes_read: int) -> None:
        """Say how much of `total_bytes` parts of the stream have read elsewhere."""
        self._bytes_before = bytes_read

    def placed(self) -> Iterator[tuple[NoteFile, int | None, Note | BadNote]]:
        """What the files hold, in order, and where it stands; ids may come twice."""
        for file in self.files:
            for line, item in self._read(file):
                if isinstance(item, Note) and (markup := _markup(item.text)) is not None:
                    reason = f"its text is {markup}; convert it to plain text"
                    item = file.bad(item.id, line, reason)
                elif file.carried and isinstance(item, Note):
                    item = replace(item, carried={**file.carried, **item.carried})
                yield file, line, item
            self._bytes_before += file.size

    def __iter__(self) -> Iterator[Note | BadNote]:
        seen = Ledger()
        self._bytes_before = 0
        try:
            for file, line, item in self.placed():
                if isinstance(item, Note) and not seen.meet(item.id):
                    yield file.bad(item.id, line, DUPLICATE)
                else:
                    yield item
        finally:
            seen.close()

    def _read(self, file: NoteFile) -> Lines:
        if file.database is not None:
            yield from read_database(file, file.database, self._columns)
        elif file.unread is not None:
            yield None, file.bad(None, None, file.unread)
        elif file.path is None:
            # None where it is closed, as a service may have it.
            stdin = io.BytesIO() if sys.stdin is None else sys.stdin.buffer
            yield from self._items(file, cast("IO[bytes]", stdin))
        else:
            yield from self._of_path(file, file.path)

    def _of_path(self, file: NoteFile, path: Path) -> Lines:
        try:
            raw = _Counted(path)
        except OSError as error:
            # It was there when the folder was listed, or may not be looked into.
            yield None, file.bad(None, None, unread_reason(error))
            return
        with io.BufferedReader(raw) as buffered:
            self._raw = raw
            try:
                yield from self._items(file, buffered)
            finally:
                self._raw = None

    def _items(self, file: NoteFile, raw: IO[bytes]) -> Lines:
        ending = file.path.suffix.lower() if file.path is not None else ""
        reader = NOTE_READERS[self._format or ending_format(file.path) or "jsonl"]
        try:
            yield from reader(file, _unpacked(raw, ending), self._columns)
        except gzip.BadGzipFile:
            # Its message may have the first bytes of a text that was never packed.
            reason = "not gzip, or not from this point on; notes after it are lost"
            yield None, file.bad(None, None, reason)
        except (EOFError, zlib.error) as error:
            reason = f"the gzip stream is broken ({error}); notes after this point are lost"
            yield None, file.bad(None, None, reason)
        except OSError as error:
            if error.errno is not None:
                yield None, file.bad(None, None, unread_reason(error))
            elif ending == ".zst":
                reason = f"the zstd stream is broken ({error}); notes after this point are lost"
                yield None, file.bad(None, None, reason)
            else:
                raise


class _Counted(io.FileIO):
    """A file that counts what is read of it, up to its size.

    Where it is read from does not say how far it is: a reader of Parquet takes columns in turns.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bytes_read = 0
        self._size = os.fstat(self.fileno()).st_size

    def readinto(self, buffer: Any) -> int:
        n = super().readinto(buffer) or 0
        self.bytes_read = min(self.bytes_read + n, self._size)
        return n

    def readall(self) -> bytes:
        self.bytes_read = self._size
        return super().readall()


def _of_database(uri: str, query: str | None) -> NoteFile:
    if query is None:
        name = Database(uri, "").name
        raise NoteError(
            f"{name}: a database without --query; give the SELECT of the notes' ids and texts"
        )
    return NoteFile(None, "", 0, Database(uri, query))


def _unpacked(raw: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if ending == ".zst":
        stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        return io.BufferedReader(stream, 1 << 16)
    return raw


def _markup(text: str) -> str | None:
    """What a text is written in, if it is a document of markup."""
    begins = text[:80].lstrip("\ufeff \t\r\n").lower()
    if not begins.startswith(_BEGINNINGS):
        return None
    return next(name for beginning, name in _MARKUP.items() if begins.startswith(beginning))

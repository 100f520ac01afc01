"""Files of notes as a stream of notes; what cannot be read is a `BadNote`, not the end."""

from __future__ import annotations

import copy
import gzip
import io
import os
import sys
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from linker.annotate.ledger import Ledger
from linker.annotate.readers import (
    ENDINGS,
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
from linker.schema import Note

STDIN = "-"
DUPLICATE = "another note has this id; ids must be unique"
_PACKED = (".gz", ".zst")


class NoteStream:
    """The notes of some files, in order, with the bytes read so far for a progress bar.

    Args:
        paths: files of a format of `NOTE_READERS`, also `.gz` and `.zst`; folders, which are
            searched for such files, outputs of runs and hidden files (".name") left out; "-" for
            stdin. The id of a `.txt` file is its name without the ending, in a folder with the
            subfolders before it ("2021/note1"). Also URIs of databases: see `readers.database`.
        leave_out: files, and folders, that are not read though they lie in such a folder.
        input_format: a name of `NOTE_READERS`; by default each file's ending says, and stdin has
            JSON lines.
        columns: those of id and text, for tables and JSON lines.
        query: what selects the notes of a database.

    Raises:
        NoteError: a path is missing, is of another format, is to be left out, or is a folder
            without such files; or a database comes without a query, or a query without a database;
            or a URI is of another kind.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        *,
        leave_out: Collection[str | Path] = (),
        input_format: str | None = None,
        columns: Columns | None = None,
        query: str | None = None,
    ) -> None:
        if input_format is not None and input_format not in NOTE_READERS:
            raise NoteError(
                f"input format {input_format!r} is not known; known: {', '.join(NOTE_READERS)}"
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
                else _files(Path(path), left_out, input_format)
            )
        ]
        if query is not None and not any(file.database for file in self.files):
            raise NoteError("--query without a database; give sqlite:///FILE or postgresql://...")
        self.total_bytes = sum(file.size for file in self.files)
        self._bytes_before = 0
        self._raw: IO[bytes] | None = None

    @property
    def bytes_read(self) -> int:
        """How much of `total_bytes` has been read."""
        return self._bytes_before + (self._raw.tell() if self._raw is not None else 0)

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
            raw = path.open("rb")
        except OSError as error:
            # It was there when the folder was listed, or may not be looked into.
            yield None, file.bad(None, None, _unread(error))
            return
        with raw:
            self._raw = raw
            try:
                yield from self._items(file, raw)
            finally:
                self._raw = None

    def _items(self, file: NoteFile, raw: IO[bytes]) -> Lines:
        ending = file.path.suffix.lower() if file.path is not None else ""
        reader = NOTE_READERS[self._format or _format(file.path) or "jsonl"]
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
                yield None, file.bad(None, None, _unread(error))
            elif ending == ".zst":
                reason = f"the zstd stream is broken ({error}); notes after this point are lost"
                yield None, file.bad(None, None, reason)
            else:
                raise


def _unread(error: OSError) -> str:
    return (
        f"cannot be read ({error.strerror or type(error).__name__}); what is left of it is lost: "
        "mend that, and annotate it again onto the same output"
    )


def _of_database(uri: str, query: str | None) -> NoteFile:
    if query is None:
        name = Database(uri, "").name
        raise NoteError(
            f"{name}: a database without --query; give the SELECT of the notes' ids and texts"
        )
    return NoteFile(None, "", 0, Database(uri, query))


def _files(path: Path, left_out: Collection[Path], input_format: str | None) -> Iterator[NoteFile]:
    if str(path) == STDIN:
        yield NoteFile(None, STDIN, 0)
        return
    if not path.exists():
        raise NoteError(f"{path}: no such file or folder")
    if path.is_dir():
        unread: dict[Path, str] = {}
        found = sorted(
            p
            for p in _walk(path, unread)
            if _of_format(p, input_format) and _may_be_file(p) and not _is_in(p, left_out)
        )
        if path in unread:
            raise NoteError(f"{path}: {unread[path]}")
        if not found and not unread:
            raise NoteError(f"{path}: no notes in this folder; expected files that end in {_KNOWN}")
        for folder, reason in unread.items():
            yield NoteFile(folder, "", 0, unread=reason)
    else:
        if input_format is None and _format(path) is None:
            raise NoteError(
                f"{path}: not a format of notes that can be read; expected {_KNOWN}; "
                "--input-format says what it is"
            )
        if _is_in(path, left_out):
            raise NoteError(f"{path}: would be read and written; choose another file to write")
        found = [path]
    for file in found:
        name = file.relative_to(path) if path.is_dir() else Path(file.name)
        name = name.with_suffix("") if _is_packed(file) else name
        yield _listed(file, name.with_suffix("").as_posix())


def _listed(path: Path, note_id: str) -> NoteFile:
    try:
        found = path.stat()
    except OSError as error:
        return NoteFile(path, note_id, 0, unread=_unread(error))
    return NoteFile(path, note_id, found.st_size, modified=found.st_mtime)


def _walk(top: Path, unread: dict[Path, str]) -> Iterator[Path]:
    """The files below a folder, also where a link leads; each folder once, by its own name first.

    Outputs of runs are passed over: their texts were notes, and their links are none. So are names
    that begin with a dot: what programs keep there (.ipynb_checkpoints, ._note.txt) is an older
    version of a note, or none.

    Args:
        unread: is told of each folder that cannot be looked into, and why.
    """

    def tell(error: OSError) -> None:
        unread[Path(error.filename)] = _unread(error)

    seen: set[str] = set()
    left = [top]
    for start in left:
        for at, folders, names in os.walk(start, onerror=tell):
            real = os.path.realpath(at)
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            folder = Path(at)
            passed_over = _of_runs({*folders, *names})
            passed_over |= {name for name in (*folders, *names) if name.startswith(".")}
            folders[:] = [name for name in folders if name not in passed_over]
            # Links are followed once all folders are seen under their own names.
            left += [folder / name for name in sorted(folders) if (folder / name).is_symlink()]
            yield from (folder / name for name in names if name not in passed_over)


def _of_runs(names: Collection[str]) -> set[str]:
    """What of a folder's entries is the output of a run, or about to become one: see `output`."""
    outputs = {name.removesuffix(".run.json") for name in names if name.endswith(".run.json")}
    found = {
        f"{output}{what}"
        for output in outputs.intersection(names)
        for what in ("", ".run.json", ".errors.jsonl")
    }
    under_way = {name.removesuffix(".partial") for name in names if name.endswith(".partial")}
    return found | {f"{output}.writing" for output in under_way}


def _may_be_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return True  # to be told of when it is opened


def _is_in(path: Path, left_out: Collection[Path]) -> bool:
    path = path.resolve()
    return path in left_out or any(parent in left_out for parent in path.parents)


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() in _PACKED


def _format(path: Path | None) -> str | None:
    """The format that a file's name stands for, by its ending, less ".gz" and ".zst"."""
    if path is None:
        return None
    return ENDINGS.get((path.with_suffix("") if _is_packed(path) else path).suffix.lower())


def _of_format(path: Path, input_format: str | None) -> bool:
    """Whether a file of a folder is read: all that are known, or those of the format asked for."""
    found = _format(path)
    if input_format is None or found is None:
        return found is not None
    return NOTE_READERS[found] is NOTE_READERS[input_format]


def _unpacked(raw: IO[bytes], ending: str) -> IO[bytes]:
    if ending == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if ending == ".zst":
        stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")
        return io.BufferedReader(stream, 1 << 16)
    return raw


_KNOWN = ", ".join(f"{ending} or {ending}.gz" for ending in ENDINGS if ending != ".parquet")
_KNOWN = f"{_KNOWN} (or .zst), .parquet"

"""Files of notes as a stream of notes; what cannot be read is a `BadNote`, not the end."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from linker.errors import NoteError
from linker.schema import Note

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadNote:
    """A note that cannot be read: where it stands and why. It never holds any of its text.

    Attributes:
        id: the note's id as far as known, else None.
        file: the file it stands in, or None for a note that was read but not annotated.
        line: its line, from 1, or None for a file that is one note.
        reason: what was found, what was expected.
    """

    id: str | None
    file: str | None
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file of notes: the id that its note has if it is one note, and its bytes."""

    path: Path
    id: str
    size: int


class NoteStream:
    """The notes of some files, in order, with the bytes read so far for a progress bar.

    Args:
        paths: `.jsonl` files with one `{"id", "text"}` a line, `.txt` files with one note each,
            both also `.gz`, or folders, which are searched for such files. A `.txt` file's id is
            its name without the ending, in a folder with the subfolders before it ("2021/note1").
        leave_out: files that are not read though they lie in such a folder.

    Raises:
        NoteError: a path is missing, is of another format, is to be left out, or is a folder
            without such files.
    """

    def __init__(
        self, paths: Sequence[str | Path], *, leave_out: Collection[str | Path] = ()
    ) -> None:
        left_out = {Path(path).resolve() for path in leave_out}
        self._files = [file for path in paths for file in _files(Path(path), left_out)]
        self.total_bytes = sum(file.size for file in self._files)
        self._bytes_before = 0
        self._raw: IO[bytes] | None = None

    @property
    def bytes_read(self) -> int:
        """How much of `total_bytes` has been read."""
        return self._bytes_before + (self._raw.tell() if self._raw is not None else 0)

    def __iter__(self) -> Iterator[Note | BadNote]:
        seen: set[str] = set()
        self._bytes_before = 0
        for file in self._files:
            with file.path.open("rb") as raw:
                self._raw = raw
                for line, item in _read_file(file, raw):
                    if isinstance(item, Note) and item.id in seen:
                        yield BadNote(
                            item.id,
                            str(file.path),
                            line,
                            "another note has this id; ids must be unique",
                        )
                        continue
                    if isinstance(item, Note):
                        seen.add(item.id)
                    yield item
                self._raw = None
            self._bytes_before += file.size


def _files(path: Path, left_out: Collection[Path]) -> Iterator[_File]:
    if not path.exists():
        raise NoteError(f"{path}: no such file or folder")
    if path.is_dir():
        found = sorted(
            p
            for p in path.rglob("*")
            if _kind(p) in READERS and p.is_file() and p.resolve() not in left_out
        )
        if not found:
            raise NoteError(f"{path}: no notes in this folder; expected files that end in {_KNOWN}")
    else:
        if _kind(path) not in READERS:
            raise NoteError(f"{path}: not a format of notes that can be read; expected {_KNOWN}")
        if path.resolve() in left_out:
            raise NoteError(f"{path}: would be read and written; choose another file to write")
        found = [path]
    for file in found:
        name = file.relative_to(path) if path.is_dir() else Path(file.name)
        name = name.with_suffix("") if _is_gzip(file) else name
        yield _File(file, name.with_suffix("").as_posix(), file.stat().st_size)


def _is_gzip(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _kind(path: Path) -> str:
    """The format a file name stands for: its ending, less ".gz"."""
    return (path.with_suffix("") if _is_gzip(path) else path).suffix.lower()


_Lines = Iterator[tuple[int | None, Note | BadNote]]
"""Notes with the line that each stands in, from 1."""


def _read_file(file: _File, raw: IO[bytes]) -> _Lines:
    opened = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if _is_gzip(file.path) else raw
    try:
        yield from READERS[_kind(file.path)](file, opened)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = f"the gzip stream is broken ({error}); notes after this point are lost"
        yield None, BadNote(None, str(file.path), None, reason)


def _read_text(file: _File, opened: IO[bytes]) -> _Lines:
    try:
        yield None, Note(file.id, opened.read().removeprefix(BOM).decode())
    except UnicodeDecodeError as error:
        yield None, BadNote(file.id, str(file.path), None, _not_utf8(error))


def _read_json_lines(file: _File, opened: IO[bytes]) -> _Lines:
    for number, line in enumerate(opened, start=1):
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.strip():
            continue
        try:
            note = _note(json.loads(line.decode()))
        except UnicodeDecodeError as error:
            note = (None, _not_utf8(error))
        except ValueError as error:
            # A JSONDecodeError's message has the position, and none of the text.
            note = (None, f"not JSON ({error}); was the line cut short?")
        except RecursionError:
            note = (None, "not a note: JSON nested too deeply")
        item = note if isinstance(note, Note) else BadNote(note[0], str(file.path), number, note[1])
        yield number, item


def _note(data: object) -> Note | tuple[str | None, str]:
    """The note of a JSON value, or its id, as far as known, and what is wrong with it."""
    if not isinstance(data, dict):
        return None, f"a JSON {type(data).__name__}, expected an object with the keys id and text"
    note_id = data.get("id")
    if isinstance(note_id, bool) or not isinstance(note_id, str | int):
        return None, f"id is {_described(data, 'id')}, expected a string or a whole number"
    if not isinstance(data.get("text"), str):
        return str(note_id), f"text is {_described(data, 'text')}, expected a string"
    return Note(str(note_id), data["text"])


def _described(data: dict[str, object], key: str) -> str:
    return f"of type {type(data[key]).__name__}" if key in data else "missing"


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start}"


READERS: dict[str, Callable[[_File, IO[bytes]], _Lines]] = {
    ".jsonl": _read_json_lines,
    ".txt": _read_text,
}
_KNOWN = ", ".join(f"{ending} or {ending}.gz" for ending in READERS)

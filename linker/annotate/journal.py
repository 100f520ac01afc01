"""The journal of a run: what is done, in frames that are whole or not there.

A frame is a header (magic, lengths, sha256) and, compressed with zstd, some records: a line each,
made of a JSON object about the note, a tab, and the note's line of links as `--format jsonl` has it
(nothing for a note in error). The first frame holds the job instead. A run only ever appends, so
that a kill costs the frame that was being written; a reader stops at the first frame that is not
whole or does not match its sha256.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa

from linker.annotate.readers.base import BadNote
from linker.errors import NoteError

_MAGIC = b"CLJ1"
_HEADER = struct.Struct("<4sQQ32s")
_CODEC = "zstd"
_SYNC_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """A note as the journal holds it.

    Attributes:
        note_id: its id, or None for one in error whose id is not known.
        text: the digest of its text; empty for a note in error that has none.
        line: its links, as a line of `--format jsonl`; "" for a note in error.
        n_links: links, NIL left out.
        kept: what the output's format needs beside the links, such as the text.
        bad: why there are no links, for a note in error.
    """

    note_id: str | None
    text: bytes
    line: str = ""
    n_links: int = 0
    kept: Mapping[str, Any] = field(default_factory=dict)
    bad: BadNote | None = None

    def links(self) -> list[dict[str, Any]]:
        """The links, in reading order, as `note_json` writes them."""
        links: list[dict[str, Any]] = json.loads(self.line)["links"]
        return links

    def to_bytes(self) -> bytes:
        """The record as a line of a frame."""
        about: dict[str, Any] = {"id": self.note_id, "text": self.text.hex(), "n": self.n_links}
        if self.kept:
            about["kept"] = dict(self.kept)
        if self.bad is not None:
            about["bad"] = [self.bad.id, self.bad.file, self.bad.line, self.bad.reason]
        return f"{json.dumps(about)}\t{self.line or chr(10)}".encode()

    @classmethod
    def from_bytes(cls, line: bytes) -> Record:
        """Read what `to_bytes` wrote."""
        about, _, links = line.partition(b"\t")
        data = json.loads(about)
        bad = data.get("bad")
        return cls(
            data["id"],
            bytes.fromhex(data["text"]),
            "" if bad else links.decode(),
            data["n"],
            data.get("kept", {}),
            BadNote(*bad) if bad else None,
        )


def pack(records: Sequence[bytes]) -> bytes:
    """Records as the bytes of one frame."""
    raw = b"".join(records)
    packed: bytes = pa.Codec(_CODEC).compress(raw, asbytes=True)
    header = _HEADER.pack(_MAGIC, len(raw), len(packed), hashlib.sha256(packed).digest())
    return header + packed


class Journal:
    """A journal that is being written. A context manager.

    Args:
        path: a file, to be begun or gone on with; what follows its last whole frame is cut off.
        job: what is being done; for a journal that is there, only compared with what it says.

    Raises:
        NoteError: the file is there and no journal.
    """

    def __init__(self, path: Path, job: Mapping[str, Any]) -> None:
        self.path = path
        self._unsynced = 0
        whole = 0
        if path.exists() and path.stat().st_size:
            whole = _whole(path)
        self.job = dict(job) if whole == 0 else read_job(path)
        # Not buffered: a frame that the disk refused is not tried again when the file is closed.
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(whole)
        self._file.seek(whole)
        self._is_empty = whole == 0

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever committed, not even the job."""
        return self._is_empty

    def append(self, frame: bytes) -> None:
        """Commit a frame: once this returns, a kill of the process does not lose it.

        Raises:
            OSError: the disk is full, or its like; the journal ends with the frame before.
        """
        if self._is_empty:
            # Only now: a journal without a record is not worth going on with.
            frame = pack([json.dumps(self.job).encode()]) + frame
        left = memoryview(frame)
        while left:
            left = left[self._file.write(left) :]
        is_first, self._is_empty = self._is_empty, False
        self._unsynced += len(frame)
        if is_first or self._unsynced >= _SYNC_BYTES:
            # The job says what the run builds on: nothing after it counts without it.
            self.sync()

    def sync(self) -> None:
        """Have what was committed outlive a loss of power, too; a job at least is committed."""
        if self._is_empty:
            self.append(b"")
        os.fsync(self._file.fileno())
        self._unsynced = 0


def is_journal(path: Path) -> bool:
    """Whether a path is a journal by its first bytes; no error where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def is_unbegun(path: Path) -> bool:
    """Whether a file is a journal without a whole job, as a kill may leave it: it holds nothing."""
    with path.open("rb") as file:
        return _may_be_ours(file) and _frame(file, unpack=False) is None


def read_job(path: Path) -> dict[str, Any]:
    """The job of a journal.

    Raises:
        NoteError: the file is no journal, or not even its first frame is whole.
    """
    with path.open("rb") as file:
        first = _frame(file)
    if first is None:
        raise _no_journal(path)
    job: dict[str, Any] = json.loads(first[1])
    return job


def read_records(path: Path) -> Iterator[Record]:
    """The records of a journal that was closed, in the order in which they were committed.

    Raises:
        NoteError: the file is no journal, or damaged.
    """
    with path.open("rb") as file:
        job = _frame(file)
        if job is None:
            raise _no_journal(path)
        at = job[0]
        while (frame := _frame(file)) is not None:
            at += frame[0]
            yield from _records(frame[1])
        if at != path.stat().st_size:
            raise NoteError(
                f"{path}: damaged from byte {at:,} on; use --force to annotate all notes again"
            )


def unpack(frames: bytes) -> list[Record]:
    """The records of frames, as `pack` made them, one behind the other."""
    file = io.BytesIO(frames)
    records: list[Record] = []
    while _left(file):
        found = _frame(file)
        if found is None:
            raise ValueError("not a whole frame")
        records += _records(found[1])
    return records


def _records(lines: bytes) -> Iterator[Record]:
    return map(Record.from_bytes, lines.splitlines(keepends=True))


def _whole(path: Path) -> int:
    """How many bytes of a journal are whole frames."""
    at = 0
    with path.open("rb") as file:
        if not _may_be_ours(file):
            raise _no_journal(path)
        while (frame := _frame(file, unpack=False)) is not None:
            at += frame[0]
    return at


def _may_be_ours(file: IO[bytes]) -> bool:
    """Whether a file begins as a journal does, or as a loss of power may leave one: with zeros."""
    magic = file.read(len(_MAGIC))
    file.seek(0)
    return _MAGIC.startswith(magic) or not magic.strip(b"\0")


def _frame(file: IO[bytes], *, unpack: bool = True) -> tuple[int, bytes] | None:
    """The length and content of the next frame; None at the end, or where it is not whole."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    magic, raw_size, packed_size, sha256 = _HEADER.unpack(header)
    # A length that was garbled may be more than any memory holds.
    if magic != _MAGIC or packed_size > _left(file):
        return None
    packed = file.read(packed_size)
    if hashlib.sha256(packed).digest() != sha256:
        return None
    try:
        raw = pa.Codec(_CODEC).decompress(packed, raw_size, asbytes=True) if unpack else b""
    except (OSError, MemoryError, OverflowError):
        return None
    return _HEADER.size + packed_size, raw


def _left(file: IO[bytes]) -> int:
    """How many bytes of a file are behind the place where it is read."""
    at = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(at)
    return size - at


def _no_journal(path: Path) -> NoteError:
    return NoteError(f"{path}: not the journal of a run; use --force to start over")

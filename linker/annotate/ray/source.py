"""Files of notes as read tasks: each reads a group of files and cuts it into batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
from ray.data.block import BlockMetadata
from ray.data.datasource import Datasource, ReadTask

from linker.annotate.batch import batches
from linker.annotate.ray.rows import of_read, of_stop, table
from linker.annotate.read import NoteStream
from linker.annotate.settle import DoneNotes, Sighting
from linker.schema import Note

Digest = Callable[[Note], bytes]
"""What tells a note from another of its id."""

GROUP_BYTES = 32 << 20
"""Files are read together up to so many bytes: what is read again where a result is lost."""


class NoteSource(Datasource):  # type: ignore[misc]
    """Files of notes as read tasks: rows of one batch each, or of what stops the run.

    Args:
        stream: the files.
        done: a reference to the `DoneNotes`: those that are not to be done again.
        folder: where relative paths begin.
    """

    def __init__(self, stream: NoteStream, done: Any, digest: Digest, folder: Path) -> None:
        self.groups = list(_groups(stream))
        self.total_bytes = stream.total_bytes
        self._stream = stream
        self._done = done
        self._digest = digest
        self._folder = folder

    def get_read_tasks(
        self,
        parallelism: int,  # noqa: ARG002
        per_task_row_limit: int | None = None,
        data_context: Any = None,  # noqa: ARG002
    ) -> list[ReadTask]:
        return [
            ReadTask(
                partial(
                    _read, self._stream.part(first, end), self._done, self._digest, self._folder
                ),
                BlockMetadata(None, size, None, None),
                per_task_row_limit=per_task_row_limit,
            )
            for first, end, size in self.groups
        ]

    def estimate_inmemory_data_size(self) -> int:
        return self.total_bytes


def _groups(stream: NoteStream) -> Iterator[tuple[int, int, int]]:
    """Files that are read by one task, as [first, end), and their bytes."""
    first = size = 0
    for end, file in enumerate(stream.files, 1):
        size += file.size
        if size >= GROUP_BYTES or end == len(stream.files):
            yield first, end, size
            first, size = end, 0


def _read(stream: NoteStream, done: Any, digest: Digest, folder: Path) -> Iterator[pa.Table]:
    """A read task. Ray joins the tables into blocks."""
    try:
        stand_in(folder)
        look_for_folders(stream, folder)
        yield from read_batches(stream, ray.get(done), digest)
    except Exception as error:
        yield table([of_stop(error)])


def stand_in(folder: Path) -> None:
    """Go where relative paths begin, if this machine has it: absolute ones need no such folder."""
    if folder.is_dir():
        os.chdir(folder)


def look_for_folders(stream: NoteStream, folder: Path) -> None:
    """Have a machine that does not see the notes stop the run: else each file is an error.

    Args:
        folder: where relative paths begin.

    Raises:
        OSError: a folder of the files is not there.
    """
    for parent in {folder / file.path.parent for file in stream.files if file.path is not None}:
        parent.stat()


def read_batches(stream: NoteStream, done: DoneNotes, digest: Digest) -> Iterator[pa.Table]:
    """The batches of a stream as tables of one row: see `rows.of_read`."""
    sightings = _sightings(stream, done, digest)
    for batch in batches(sightings, lambda sighting: sighting.n_characters):
        yield table([of_read(batch, stream.bytes_read)])


def _sightings(stream: NoteStream, done: DoneNotes, digest: Digest) -> Iterator[Sighting]:
    for file, line, item in stream.placed():
        if not isinstance(item, Note):
            yield Sighting(item, b"", file.name, line)
            continue
        text = digest(item)
        if done.has(item.id, text):
            yield Sighting(Note(item.id, ""), text, file.name, line, is_done=True)
        else:
            yield Sighting(item, text, file.name, line)

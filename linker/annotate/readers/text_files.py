"""Text files, a note each; those of BRAT, whose annotations are left aside."""

from __future__ import annotations

from typing import IO

from linker.annotate.readers.base import Columns, Lines, NoteFile
from linker.formats.lines import BOM, not_utf8
from linker.schema import Note


def read_text(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:  # noqa: ARG001
    """Read the whole file as one note; line ends are characters that offsets count."""
    try:
        yield None, Note(file.id, opened.read().removeprefix(BOM).decode())
    except UnicodeDecodeError as error:
        yield None, file.bad(file.id, None, not_utf8(error))

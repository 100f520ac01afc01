"""Text files, a note each; those of BRAT, whose annotations are left aside."""

from __future__ import annotations

from typing import IO

from linker.annotate.readers.base import Columns, Lines, NoteFile
from linker.formats.lines import BOM, FROM_UTF_16, is_utf_16, not_utf8
from linker.schema import Note


def read_text(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:  # noqa: ARG001
    """Read the whole file as one note; line ends are characters that offsets count."""
    data = opened.read()
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        yield None, file.bad(file.id, None, not_utf8(error))
        return
    if is_utf_16(data):
        yield None, file.bad(file.id, None, f"UTF-16; {FROM_UTF_16}")
    else:
        yield None, Note(file.id, text)

"""JSON lines: `{"id", "text"}`, or the columns of OMOP's NOTE, a note a line."""

from __future__ import annotations

import json
from typing import IO

from linker.annotate.readers.base import Columns, Lines, NoteFile, note_of
from linker.formats.lines import BOM, not_utf8
from linker.schema import Note


def read_json_lines(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a note a line; blank lines are passed over."""
    id_key = "id" if columns.id is None else columns.id
    text_key = "text" if columns.text is None else columns.text
    for number, line in enumerate(opened, start=1):
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.strip():
            continue
        note = parsed(line)
        if isinstance(note, dict):
            note = note_of(note, id_key, text_key)
        elif not isinstance(note, tuple):
            found = type(note).__name__
            reason = f"a JSON {found}, expected an object with the keys {id_key} and {text_key}"
            note = (None, reason)
        yield number, note if isinstance(note, Note) else file.bad(note[0], number, note[1])


def parsed(line: bytes) -> object:
    """The value of a line of JSON, or, as a tuple, no id and why there is none."""
    try:
        return json.loads(line.decode())
    except UnicodeDecodeError as error:
        return None, not_utf8(error)
    except ValueError as error:
        # A JSONDecodeError's message has the position, and none of the text.
        return None, f"not JSON ({error}); was the line cut short?"
    except RecursionError:
        return None, "not a note: JSON nested too deeply"

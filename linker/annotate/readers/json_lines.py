"""JSON lines: `{"id", "text"}`, or the columns of OMOP's NOTE, a note a line."""

from __future__ import annotations

import json
from typing import IO

from linker.annotate.readers.base import (
    ID_COLUMNS,
    TEXT_COLUMNS,
    Columns,
    Lines,
    NoteFile,
    both_are,
    column_of,
    known_column,
    note_of,
)
from linker.formats.lines import BOM, not_utf8
from linker.schema import Note


def read_json_lines(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a note a line; blank lines are passed over."""
    for number, line in enumerate(opened, start=1):
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.strip():
            continue
        value = parsed(line)
        note = value if isinstance(value, tuple) else note_of_value(value, columns)
        yield number, file.item(number, note)


def note_of_value(value: object, columns: Columns) -> Note | tuple[str | None, str]:
    """The note of a value of JSON, or its id, as far as known, and what is wrong with it."""
    if not isinstance(value, dict):
        keys = f"{columns.id or 'id'} and {columns.text or 'text'}"
        return None, f"a JSON {type(value).__name__}, expected an object with the keys {keys}"
    if columns == Columns() and "id" in value and "text" in value:
        return note_of(value, "id", "text")
    # What is ours goes before what others call it.
    id_key = column_of(value, columns.id, ("id", *ID_COLUMNS)) or columns.id or "id"
    text_key = column_of(value, columns.text, ("text", *TEXT_COLUMNS)) or columns.text or "text"
    if id_key == text_key:
        return None, both_are(id_key)
    own = {id_key, text_key}
    named = {key if key in own else known_column(key) or key: value[key] for key in value}
    return note_of(named, id_key, text_key)


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

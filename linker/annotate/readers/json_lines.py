"""JSON lines: `{"id", "text"}`, or the columns of OMOP's NOTE, a note a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO

from linker.annotate.readers.base import (
    ID_COLUMNS,
    TEXT_COLUMNS,
    BadNote,
    Columns,
    Lines,
    NoteFile,
    both_are,
    column_of,
    known_column,
    note_of,
)
from linker.formats.lines import BOM, not_utf8, other_than_text
from linker.schema import Note

_LIST = "a JSON list, expected an object a line; --input-format json reads a list of notes"
_MORE = "expected one note a line, and nothing after it"
_SEVERAL = (
    "JSON over several lines, expected a value a line; --input-format json reads a list of notes "
    "or one FHIR resource, and jq -c . FILE puts each value on a line of its own"
)


def read_json_lines(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """Read a note a line; blank lines are passed over."""
    for number, value in lines_of(file, opened):
        if isinstance(value, BadNote):
            yield number, value
        elif isinstance(value, list):
            yield number, file.bad(None, number, _LIST)
        else:
            yield number, file.item(number, note_of_value(value, columns))


def lines_of(file: NoteFile, opened: Iterable[bytes]) -> Iterator[tuple[int, object]]:
    """The values of the lines of JSON, with their numbers, from 1; blank lines are passed over.

    A line that is none is a `BadNote`; so is, alone, a file that has no lines of JSON at all: one
    in UTF-16, or with values over several lines.
    """
    is_first = True
    for number, line in enumerate(opened, start=1):
        if number == 1:
            line = line.removeprefix(BOM)
        if not line.strip():
            continue
        if is_first:
            is_first = False
            reason = _other_than_lines(line)
            if reason is not None:
                yield number, file.bad(None, number, reason)
                return
        value, reason = _parsed(line)
        yield number, value if reason is None else file.bad(None, number, reason)


def _parsed(line: bytes) -> tuple[object, str | None]:
    """The value of a line of JSON, or None and why there is none."""
    try:
        return json.loads(line.decode()), None
    except UnicodeDecodeError as error:
        return None, not_utf8(error)
    except ValueError as error:
        # A JSONDecodeError's message has the position, and none of the text.
        is_more = isinstance(error, json.JSONDecodeError) and error.msg == "Extra data"
        return None, f"not JSON ({error}); {_MORE if is_more else 'was the line cut short?'}"
    except RecursionError:
        return None, "not a note: JSON nested too deeply"


def _other_than_lines(first: bytes) -> str | None:
    """What a file is whose first line cannot be a value of JSON; None if it may be one."""
    other = other_than_text(first)
    if other is not None:
        return "; ".join(other)
    return _SEVERAL if first.strip() in (b"{", b"[") else None


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

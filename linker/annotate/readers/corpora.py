"""Notes out of PubTator and BioC files: the texts of their documents; what is marked is left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import IO

from linker.annotate.readers.base import BadNote, Columns, Lines, NoteFile
from linker.annotate.readers.fhir import read_resource
from linker.annotate.readers.json_lines import lines_of, note_of_value
from linker.formats import Document, Item, read_bioc_json, read_bioc_xml, read_pubtator
from linker.formats.lines import BOM, FROM_UTF_16, is_utf_16, not_utf8
from linker.schema import Note

_BLOCK = 1 << 16
"""Bytes of XML that are read together."""


def read_pubtator_notes(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:  # noqa: ARG001
    """Title, a line feed, and abstract."""
    yield from _texts(file, read_pubtator(opened, file.name))


def read_bioc_xml_notes(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:  # noqa: ARG001
    """The passages of each document, each at its offset."""
    # Not by lines: many a file has none.
    blocks = iter(lambda: opened.read(_BLOCK), b"")
    yield from _texts(file, read_bioc_xml(blocks, file.name))


def read_json_notes(file: NoteFile, opened: IO[bytes], columns: Columns) -> Lines:
    """BioC JSON, one FHIR resource, or a list of notes, whichever the file holds.

    It is held in memory whole; the lines of a list are its elements, from 1. But of a file with an
    object a line, as Spark and DuckDB write `.json`, a line is a resource or a note.
    """
    blank, first = _first_line(opened)
    after, second = _first_line(opened)
    if second and _is_resource_or_note(first):
        for number, value in lines_of(file, chain((*blank, first, *after, second), opened)):
            if isinstance(value, BadNote):
                yield number, value
            elif isinstance(value, dict) and "resourceType" in value:
                yield from read_resource(file, number, value)
            else:
                yield number, file.item(number, note_of_value(value, columns))
        return
    data = b"".join([*blank, first, *after, second, opened.read()]).removeprefix(BOM)
    try:
        value = json.loads(data.decode())
    except UnicodeDecodeError as error:
        yield None, file.bad(None, None, not_utf8(error))
    except (ValueError, RecursionError) as error:
        if is_utf_16(data):
            yield None, file.bad(None, None, f"UTF-16; {FROM_UTF_16}")
            return
        # A JSONDecodeError's message has the position, and none of the text.
        reason = (
            f"not JSON ({error}); was the file cut short? --input-format jsonl reads a note a line"
        )
        yield None, file.bad(None, None, reason)
    else:
        if isinstance(value, dict) and "resourceType" in value:
            yield from read_resource(file, None, value)
        elif any(map(_is_bioc, value if isinstance(value, list) else [value])):
            yield from _texts(file, read_bioc_json([data], file.name))
        else:
            for number, item in enumerate(value if isinstance(value, list) else [value], start=1):
                yield number, file.item(number, note_of_value(item, columns))


def _first_line(opened: IO[bytes]) -> tuple[list[bytes], bytes]:
    """The blank lines that come next, and the line after them; empty at the end."""
    blank = []
    while (line := opened.readline()) and not line.removeprefix(BOM).strip():
        blank.append(line)
    return blank, line


def _is_resource_or_note(line: bytes) -> bool:
    try:
        value = json.loads(line.removeprefix(BOM))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and not _is_bioc(value)


def _is_bioc(value: object) -> bool:
    """Whether this is a collection or a document of BioC."""
    return isinstance(value, dict) and not {"documents", "passages"}.isdisjoint(value)


def _texts(file: NoteFile, items: Iterable[Item]) -> Lines:
    for item in items:
        if isinstance(item, Document):
            yield item.line, Note(item.id, item.text)
        elif item.kind == "document":
            # What is wrong with an annotation does not concern us.
            yield item.line, file.bad(item.document, item.line, item.message)

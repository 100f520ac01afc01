"""Formats of notes, one module each. A new one is a module and a line of `NOTE_READERS`."""

from __future__ import annotations

from linker.annotate.readers.base import (
    NO_TEXT,
    WITHDRAWN,
    BadNote,
    Columns,
    Lines,
    NoteFile,
    Reader,
    known_column,
)
from linker.annotate.readers.corpora import (
    read_bioc_xml_notes,
    read_json_notes,
    read_pubtator_notes,
)
from linker.annotate.readers.database import Database, is_database, read_database
from linker.annotate.readers.fhir import read_fhir_lines
from linker.annotate.readers.json_lines import read_json_lines
from linker.annotate.readers.parquet import read_parquet
from linker.annotate.readers.separated import read_csv, read_tsv
from linker.annotate.readers.text_files import read_text

__all__ = [
    "ENDINGS",
    "NOTE_READERS",
    "NO_TEXT",
    "WITHDRAWN",
    "BadNote",
    "Columns",
    "Database",
    "Lines",
    "NoteFile",
    "Reader",
    "is_database",
    "known_column",
    "read_database",
]

NOTE_READERS: dict[str, Reader] = {
    "jsonl": read_json_lines,
    "text": read_text,
    "csv": read_csv,
    "tsv": read_tsv,
    "parquet": read_parquet,
    "brat": read_text,
    "pubtator": read_pubtator_notes,
    "bioc": read_bioc_xml_notes,
    "json": read_json_notes,
    "fhir": read_fhir_lines,
}
"""By the name that `--input-format` takes."""

ENDINGS = {
    ".jsonl": "jsonl",
    ".txt": "text",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pubtator": "pubtator",
    ".xml": "bioc",
    ".json": "json",
    ".ndjson": "fhir",
}
"""The format that an ending stands for, less ".gz" and ".zst"."""

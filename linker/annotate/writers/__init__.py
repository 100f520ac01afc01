"""Formats of output, one module each. A new one is a module and a line of `WRITERS`."""

from __future__ import annotations

from pathlib import Path

from linker.annotate.writers.base import Format, RunInfo, Unwritable, Write, ending
from linker.annotate.writers.bioc import BIOC_JSON, BIOC_XML
from linker.annotate.writers.brat import BRAT
from linker.annotate.writers.docbin import DOCBIN
from linker.annotate.writers.fhir import FHIR
from linker.annotate.writers.json_lines import JSONL
from linker.annotate.writers.omop import NOTE_NLP_CSV, NOTE_NLP_PARQUET
from linker.annotate.writers.pubtator import PUBTATOR
from linker.annotate.writers.table import CSV, PARQUET
from linker.errors import NoteError

__all__ = ["WRITERS", "Format", "RunInfo", "Unwritable", "Write", "choose_format", "format_of"]

WRITERS: dict[str, dict[str, Format]] = {
    "jsonl": {"": JSONL},
    "parquet": {"": PARQUET},
    "csv": {"": CSV},
    "brat": {"": BRAT},
    "pubtator": {"": PUBTATOR},
    "bioc": {"": BIOC_XML, ".json": BIOC_JSON},
    "omop": {"": NOTE_NLP_CSV, ".parquet": NOTE_NLP_PARQUET},
    "fhir": {"": FHIR},
    "docbin": {"": DOCBIN},
}
"""By the name that `--format` takes; then by the ending of the output, "" for all others."""

_BY_ENDING = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".pubtator": "pubtator",
    ".xml": "bioc",
    ".ndjson": "fhir",
    ".spacy": "docbin",
}


_NO_FORMAT = {".json", ".tsv", ".txt", ".ann", ".html", ".xlsx"}
"""Endings that say something else than JSON lines, and no one format of ours."""

_PACKED = {".gz", ".zst", ".zip", ".bz2", ".xz"}


def choose_format(out: Path) -> str:
    """The name of the format that an output's ending stands for; "jsonl" for all others.

    Raises:
        NoteError: the ending promises what is not written by default.
    """
    if ending(out) in _NO_FORMAT:
        raise NoteError(
            f"{out}: {ending(out)} does not say which format is to be written; say it with "
            f"--format ({', '.join(WRITERS)}), or name the output .jsonl"
        )
    return _BY_ENDING.get(ending(out), "jsonl")


def format_of(name: str, out: Path) -> Format:
    """The format of an output.

    Raises:
        NoteError: there is none of that name, or the output would be one that is packed.
    """
    if ending(out) in _PACKED:
        raise NoteError(
            f"{out}: outputs are not packed; name it without {ending(out)}, and pack it afterwards"
        )
    if name not in WRITERS:
        raise NoteError(f"format {name!r} is not known; known: {', '.join(WRITERS)}")
    by_ending = WRITERS[name]
    return by_ending.get(ending(out), by_ending[""])

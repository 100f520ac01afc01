"""BRAT standoff (https://brat.nlplab.org/standoff.html): a folder, `ID.txt` and `ID.ann` a note.

    T1<TAB>Disease 18 26<TAB>asystole
    N1<TAB>Reference T1 HPO:HP:0001695<TAB>Cardiac arrest
    A1<TAB>negated T1

The text is the note to the byte. A NIL link has a T line only. A mention over a line break is in
pieces, as the format asks. An id becomes a path: "2021/n1" lies in a subfolder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from linker.annotate.journal import Record
from linker.annotate.writers.base import (
    BREAKS,
    Format,
    RunInfo,
    Unwritable,
    Write,
    check_utf8,
    type_of,
)
from linker.schema import ASSERTIONS, Link, Note

_MAX_NAME, _MAX_PATH = 200, 2000
"""Bytes of a name, and of all of an id; most systems have 255, and 4096 for a path."""
_BREAKS = re.compile(f"[{BREAKS}]+")
_PIECE = re.compile(f"[^{BREAKS}]+")


def _keep(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_utf8(note.id, note.text)
    parts = note.id.split("/")
    if len(note.id.encode()) > _MAX_PATH or any(
        part in ("", ".", "..") or "\x00" in part or len(part.encode()) > _MAX_NAME
        for part in parts
    ):
        raise Unwritable(
            "its id cannot be the name of a file, which BRAT makes of it: empty, '..', NUL, or "
            f"more than {_MAX_NAME} bytes, {_MAX_PATH} with its folders; --format jsonl can hold it"
        )
    if any(part.lower().endswith((".txt", ".ann")) for part in parts[:-1]):
        raise Unwritable(
            "its id makes a folder of a name in .txt or .ann, as the files of another note may "
            "have; --format jsonl can hold it"
        )
    if note.text.startswith("\ufeff"):
        raise Unwritable("it begins with a byte-order mark, which readers of BRAT take away")
    return {"text": note.text}


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    path.mkdir()
    resource = re.sub(r"\W+", "_", run.terminology).strip("_") or "index"

    def write(record: Record) -> None:
        # In UTF-8 whatever the locale, as what is in the files.
        stem = path / PurePosixPath(os.fsdecode(str(record.note_id).encode()))
        stem.parent.mkdir(parents=True, exist_ok=True)
        text = str(record.kept["text"])
        stem.with_name(f"{stem.name}.txt").write_bytes(text.encode())
        lines = "".join(_lines(record, resource))
        stem.with_name(f"{stem.name}.ann").write_bytes(lines.encode())

    yield write


def _lines(record: Record, resource: str) -> Iterator[str]:
    n_concepts = n_attributes = 0
    for number, link in enumerate(record.links(), start=1):
        pieces = [
            (link["start"] + piece.start(), link["start"] + piece.end(), piece.group())
            for piece in _PIECE.finditer(link["text"])
        ]
        spans = ";".join(f"{start} {end}" for start, end, _ in pieces)
        words = " ".join(text for _, _, text in pieces)
        yield f"T{number}\t{type_of(link)} {spans}\t{words}\n"
        if link["concept_id"] is not None:
            n_concepts += 1
            # Fields are parted by blanks: an id with one would be cut.
            concept_id = re.sub(r"\s", "_", link["concept_id"])
            name = _BREAKS.sub(" ", link["preferred_name"])
            yield f"N{n_concepts}\tReference T{number} {resource}:{concept_id}\t{name}\n"
        for assertion in ASSERTIONS:
            if link["assertion"][assertion]:
                n_attributes += 1
                yield f"A{n_attributes}\t{assertion} T{number}\n"


BRAT = Format(_keep, _open, is_folder=lambda _: True)

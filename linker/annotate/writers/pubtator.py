"""PubTator (Wei et al. 2013): `ID|t|first line`, `ID|a|the rest`, then a line a mention.

Offsets run over the first line, one character, and the rest, and so are those of the note. The
format has one line for each of the two: further line ends, and tabs, are written as blanks, which
moves no offset; how many notes this concerns is counted in the run manifest. Blanks at the end of
the first line go to the rest, where no reader strips them, as BioC's library does. NIL is "-".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
from linker.formats.pubtator import BETWEEN
from linker.schema import Link, Note

_BLANKS = str.maketrans(dict.fromkeys(BREAKS, " "))
_BAD_ID = re.compile(r"[\s|\x00]")


def _keep(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_utf8(note.id, note.text)
    if not note.id or _BAD_ID.search(note.id):
        raise Unwritable("its id is empty or holds a blank or '|', which part PubTator's fields")
    written = _in_two_lines(note.text)
    return {"text": written, **({"changed": True} if written != note.text else {})}


def _in_two_lines(text: str) -> str:
    """A text of as many characters, whose first line ends in no blank."""
    title, line_end, _ = text.partition("\n")
    if not line_end:
        return text.translate(_BLANKS)
    # One of its blanks, as the "\r" of "\r\n", is then the one character between the two.
    title = title.rstrip()
    rest = text[len(title) + len(BETWEEN) :]
    return f"{title.translate(_BLANKS)}{BETWEEN}{rest.translate(_BLANKS)}"


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(record: Record) -> None:
            file.writelines(_lines(record))

        yield write


def _lines(record: Record) -> Iterator[str]:
    title, line_end, rest = record.kept["text"].partition(BETWEEN)
    yield f"{record.note_id}|t|{title}\n"
    if line_end:
        yield f"{record.note_id}|a|{rest}\n"
    for link in record.links():
        text = link["text"].translate(_BLANKS)
        concept_id = "-" if link["concept_id"] is None else link["concept_id"]
        fields = (record.note_id, link["start"], link["end"], text, type_of(link), concept_id)
        yield "\t".join(map(str, fields)) + "\n"
    yield "\n"


PUBTATOR = Format(_keep, _open)

"""BioC (Comeau et al. 2013): XML, or JSON if the output's name ends in .json.

One passage a note, at offset 0; offsets count code points. Infons of an annotation: "type",
"identifier" (not for NIL), "preferred_name", "probability", and "true" for each assertion that
holds. XML 1.0 has no control characters but tab and line ends: a note with one is an error record,
and JSON holds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from linker.annotate.journal import Record
from linker.annotate.writers.base import (
    Format,
    RunInfo,
    Unwritable,
    Write,
    check_utf8,
    ending,
    type_of,
)
from linker.schema import ASSERTIONS, Link, Note

# https://www.w3.org/TR/xml/#charsets
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# A bare carriage return would be read as a line feed.
_ESCAPES = {"\r": "&#13;"}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _keep(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_utf8(note.id, note.text)
    if not note.id or note.id != note.id.strip():
        raise Unwritable("its id is empty, or has a blank at an end, which BioC does not keep")
    return {"text": note.text}


def _keep_xml(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:
    for what, value in (("id", note.id), ("text", note.text)):
        found = _FORBIDDEN.search(value)
        if found is not None:
            raise Unwritable(
                f"U+{ord(found.group()):04X} at position {found.start()} of its {what}, which XML "
                "cannot hold; --format bioc with an --out that ends in .json can"
            )
    return _keep(note, links, run)


def _date(run: RunInfo) -> str:
    return run.started[:10]


def _infons(link: dict[str, Any]) -> dict[str, str]:
    infons = {"type": type_of(link)}
    if link["concept_id"] is not None:
        infons["identifier"] = link["concept_id"]
        infons["preferred_name"] = link["preferred_name"]
    infons["probability"] = f"{link['probability']:.6g}"
    return infons | {name: "true" for name in ASSERTIONS if link["assertion"][name]}


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:
        yield from (_json if ending(final) == ".json" else _xml)(file, run)


def _xml(file: IO[str], run: RunInfo) -> Iterator[Write]:
    file.write(
        f"{_DECLARATION}<collection><source>{_escaped(run.terminology)}</source>"
        f"<date>{_date(run)}</date><key>{_escaped(run.system)}</key>\n"
    )

    def write(record: Record) -> None:
        file.writelines(_document(record))

    yield write
    file.write("</collection>\n")


def _document(record: Record) -> Iterator[str]:
    text = _escaped(record.kept["text"])
    yield f"<document><id>{_escaped(str(record.note_id))}</id>"
    yield f"<passage><offset>0</offset><text>{text}</text>"
    for number, link in enumerate(record.links(), start=1):
        yield f'<annotation id="{number}">'
        for key, value in _infons(link).items():
            yield f"<infon key={quoteattr(key)}>{_escaped(value)}</infon>"
        length = link["end"] - link["start"]
        yield f'<location offset="{link["start"]}" length="{length}"/>'
        yield f"<text>{_escaped(link['text'])}</text></annotation>"
    yield "</passage></document>\n"


def _escaped(text: str) -> str:
    return escape(text, _ESCAPES)


def _json(file: IO[str], run: RunInfo) -> Iterator[Write]:
    head = {"source": run.terminology, "date": _date(run), "key": run.system, "infons": {}}
    file.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "documents": [')
    n_written = 0

    def write(record: Record) -> None:
        nonlocal n_written
        annotations = [
            {
                "id": str(number),
                "infons": _infons(link),
                "text": link["text"],
                "locations": [{"offset": link["start"], "length": link["end"] - link["start"]}],
            }
            for number, link in enumerate(record.links(), start=1)
        ]
        passage = {
            "offset": 0,
            "infons": {},
            "text": record.kept["text"],
            "sentences": [],
            "annotations": annotations,
            "relations": [],
        }
        document: dict[str, Any] = {
            "id": record.note_id,
            "infons": {},
            "passages": [passage],
            "relations": [],
        }
        file.write(",\n" if n_written else "\n")
        file.write(json.dumps(document, ensure_ascii=False))
        n_written += 1

    yield write
    file.write("\n]}\n")


BIOC_XML = Format(_keep_xml, _open)
BIOC_JSON = Format(_keep, _open)

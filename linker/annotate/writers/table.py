"""A row a link: Parquet, and the same flattened as CSV.

NIL links are rows whose `concept_id` is null (CSV: empty). A note without mentions has no row; the
run manifest counts it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from linker.annotate.journal import Record
from linker.annotate.writers.base import Format, RunInfo, Unwritable, Write, check_utf8
from linker.formats.rows import csv_rows, parquet_rows
from linker.schema import ASSERTIONS, Link, Note

SCHEMA = pa.schema(
    [
        pa.field("note_id", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),
        pa.field("end", pa.int64(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("long_form", pa.string()),
        pa.field("concept_id", pa.string()),
        pa.field("preferred_name", pa.string()),
        pa.field("matched_name", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("probability", pa.float64(), nullable=False),
        pa.field("semantic_types", pa.list_(pa.string()), nullable=False),
        pa.field("codes", pa.map_(pa.string(), pa.list_(pa.string())), nullable=False),
        *(pa.field(name, pa.bool_(), nullable=False) for name in ASSERTIONS),
        pa.field(
            "candidates",
            pa.list_(
                pa.struct(
                    [
                        ("concept_id", pa.string()),
                        ("name", pa.string()),
                        ("matched_name", pa.string()),
                        ("score", pa.float64()),
                        ("probability", pa.float64()),
                    ]
                )
            ),
            nullable=False,
        ),
    ]
)
"""Offsets are half-open, in code points of the note's text. `matched_name`, `score` and
`probability` of a NIL are those of the best candidate, which was turned down."""


def rows(record: Record) -> Iterator[dict[str, Any]]:
    """The rows of a note, in reading order."""
    for link in record.links():
        candidates = link["candidates"]
        yield {
            "note_id": record.note_id,
            **{key: link[key] for key in ("start", "end", "text", "long_form", "concept_id")},
            "preferred_name": link["preferred_name"],
            "matched_name": candidates[0]["matched_name"] if candidates else None,
            **{key: link[key] for key in ("score", "probability", "semantic_types", "codes")},
            **link["assertion"],
            "candidates": candidates,
        }


def _keep_parquet(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_utf8(note.id, *(link.mention.text for link in links))
    return {}


@contextmanager
def _open_parquet(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    with parquet_rows(path, SCHEMA) as write_row:

        def write(record: Record) -> None:
            for row in rows(record):
                write_row({**row, "codes": list(row["codes"].items())})

        yield write


def _keep_csv(note: Note, links: Sequence[Link], run: RunInfo) -> dict[str, Any]:  # noqa: ARG001
    check_csv(note.id, *(link.mention.text for link in links))
    return {}


def check_csv(*values: str) -> None:
    """Refuse what no reader of CSV agrees on.

    Raises:
        Unwritable: there is a lone surrogate or NUL.
    """
    check_utf8(*values)
    if any("\x00" in value for value in values):
        raise Unwritable("NUL in a mention or id, which CSV cannot hold; --format jsonl can")


@contextmanager
def _open_csv(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    with csv_rows(path, SCHEMA.names) as write_row:

        def write(record: Record) -> None:
            for row in rows(record):
                codes = (f"{key}:{code}" for key, all_ in row["codes"].items() for code in all_)
                flat = {
                    "semantic_types": "|".join(row["semantic_types"]),
                    "codes": "|".join(codes),
                    "candidates": json.dumps(row["candidates"], ensure_ascii=False),
                    **{name: str(row[name]).lower() for name in ASSERTIONS},
                }
                write_row({**row, **flat})

        yield write


PARQUET = Format(_keep_parquet, _open_parquet)
CSV = Format(_keep_csv, _open_csv)

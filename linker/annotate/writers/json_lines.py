"""JSON lines: a note a line, as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linker.annotate.journal import Record
from linker.annotate.writers.base import Format, RunInfo, Write, nothing


@contextmanager
def _open(path: Path, run: RunInfo, final: Path) -> Iterator[Write]:  # noqa: ARG001
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(record: Record) -> None:
            file.write(record.line)

        yield write


JSONL = Format(nothing, _open)

"""What tables of notes share, OMOP's NOTE among them: which columns are read, and rows of Arrow.

OMOP CDM v5.4, table NOTE: https://ohdsi.github.io/CommonDataModel/cdm54.html#note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from linker.annotate.readers.base import (
    ID_COLUMNS,
    TEXT_COLUMNS,
    Columns,
    NoteFile,
    both_are,
    column_of,
    known_column,
)
from linker.errors import NoteError
from linker.formats.arrow import values_of


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch, by `values_of`: a note with an impossible date is read all the same."""
    names = batch.schema.names
    for row in zip(*map(values_of, batch.columns), strict=True):
        yield dict(zip(names, row, strict=True))


def kept_columns(names: Sequence[str], id_column: str, text_column: str) -> dict[int, str]:
    """Which columns are read, by their places, and what each is to us.

    Of those carried along that stand twice, as in the answer of a join, the first.
    """
    kept = {names.index(id_column): id_column, names.index(text_column): text_column}
    for i, name in enumerate(names):
        carried = known_column(name)
        if i not in kept and carried is not None and carried not in kept.values():
            kept[i] = carried
    return kept


def note_columns(
    file: NoteFile, names: Sequence[str], columns: Columns, *, has: str | None = None
) -> tuple[str, str]:
    """The columns of id and text, as the table writes them.

    Args:
        has: what a message says of the columns that there are; by default it lists them.

    Raises:
        NoteError: it has none, or two of one name, or one column is to be both.
    """
    if has is None:
        has = f"it has {', '.join(names[:20])}"
    chosen = []
    for what, asked, usual in (
        ("id", columns.id, ID_COLUMNS),
        ("text", columns.text, TEXT_COLUMNS),
    ):
        found = column_of(names, asked, usual)
        if found is None:
            expected = " or ".join(usual) if asked is None else repr(asked)
            raise NoteError(
                f"{file.name}: no column {expected} for the notes' {what}; {has}; say which with "
                f"--{what}-column, or leave the file out if it holds no notes"
            )
        if list(names).count(found) > 1:
            raise NoteError(
                f"{file.name}: column {found!r} occurs twice, and which of the two is meant for "
                f"the notes' {what} cannot be told; rename one, or give another --{what}-column"
            )
        chosen.append(found)
    if chosen[0] == chosen[1]:
        raise NoteError(f"{file.name}: {both_are(chosen[0])}")
    return chosen[0], chosen[1]

"""Which rows of a table are read: those that hold one of some values in a column of the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from linker.errors import TerminologyError
from linker.terminology.table.columns import refuse_twice
from linker.terminology.table.values import values_in

_SHOWN = 20
"""Values of a column that a message lists."""


class Only:
    """Which rows are read.

    Args:
        wanted: of columns of the file, the values that a row may have; "" is a blank cell.
        header: the names of the file's columns.
        where: the file, for messages.

    Raises:
        TerminologyError: a column is not there, or occurs twice.
    """

    def __init__(
        self, wanted: Mapping[str, Sequence[str]], header: Sequence[str], where: str
    ) -> None:
        for column in wanted:
            if column not in header:
                raise TerminologyError(
                    f"{where}: no column {column!r}; found: {', '.join(map(repr, header))}; "
                    f"correct only.{column}"
                )
            refuse_twice(column, header, where)
        self._wanted = {column: frozenset(values) for column, values in wanted.items()}
        self._at = {column: header.index(column) for column in wanted}
        self._met: defaultdict[str, set[str]] = defaultdict(set)
        self._where = where

    def other(self, row: Sequence[object], where: str) -> str | None:
        """The first column that holds another value in a row that is to be left out, or None.

        Raises:
            TerminologyError: a cell cannot be read.
        """
        others = []
        for column, wanted in self._wanted.items():
            value = " ".join(values_in(row[self._at[column]], None, where))
            if len(self._met[column]) < _SHOWN or value in wanted:
                self._met[column].add(value)
            if value not in wanted:
                others.append(column)
        return others[0] if others else None

    def refuse_absent(self) -> None:
        """See that each value that is wanted was in some row: others are slips of the pen.

        Raises:
            TerminologyError: one was not.
        """
        for column, wanted in self._wanted.items():
            met = self._met[column]
            if absent := sorted(wanted - met):
                raise TerminologyError(
                    f"{self._where}: no row has {absent[0]!r} in the column {column!r}; found: "
                    f"{', '.join(map(repr, sorted(met)[:_SHOWN]))}; correct only.{column}"
                )

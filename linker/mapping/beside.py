"""What stands beside a term in the table, for who reviews it: its code, unit or specimen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from linker.formats.cells import as_text
from linker.mapping.terms import TermRow, TermTable

_MOST = 20
"""Values of a column that are kept for a term: more than a page shows, and no whole column."""


class Beside:
    """Keeps the distinct values of some columns, by term.

    Args:
        table: of the rows.
        columns: to be kept.

    Raises:
        ConfigError: there is no such column.
    """

    def __init__(self, table: TermTable, columns: Sequence[str]) -> None:
        self._places = [table.column(name) for name in columns]
        self._found: defaultdict[str, list[dict[str, None]]] = defaultdict(
            lambda: [{} for _ in self._places]
        )

    def take(self, row: TermRow) -> None:
        """Keep what a row has beside its term; blank cells say nothing."""
        if not self._places:
            return
        for values, place in zip(self._found[row.term], self._places, strict=True):
            value = as_text(row.cells[place]).strip()
            if value and len(values) < _MOST:
                values[value] = None

    def of(self, term: str) -> tuple[tuple[str, ...], ...]:
        """The values beside a term: of each column, in the order of the table."""
        return tuple(map(tuple, self._found[term])) if self._places else ()

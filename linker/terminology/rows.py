"""Rows that are broken: how many may be, and how many were."""

from __future__ import annotations

from linker.errors import TerminologyError


class BadRows:
    """Counts broken rows, and stops the reading at one too many.

    Args:
        limit: how many rows may be broken; 0 stops at the first.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0

    def skip(self, error: TerminologyError) -> None:
        """Leave a row out.

        Raises:
            TerminologyError: `error`, if this row is one too many.
        """
        self.count += 1
        if self.count > self._limit:
            if self._limit:
                message = f"{error} (broken row {self.count}; max_bad_rows is {self._limit})"
                raise TerminologyError(message) from error
            raise error

    def counted(self) -> dict[str, int]:
        """For `Release.skipped`: nothing where no row was broken."""
        return {"broken rows": self.count} if self.count else {}

"""Rows that are broken: how many may be, and how many were."""

from __future__ import annotations

from collections import Counter

from linker.errors import TerminologyError

NO_PARENT = "parents that are not there"
"""What `Release.skipped` calls parents that are no concept of what was read."""
OTHERS_CODE = "xrefs of other concepts"
"""What `Release.skipped` calls xrefs that are said to be of a related concept."""
BROKEN = "broken rows"
"""What `Release.skipped` calls the rows that were broken."""


class BadRows:
    """Counts broken rows, and stops the reading at one too many.

    Args:
        limit: how many rows may be broken; 0 stops at the first. None does too, where no option
            lets more through.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self.count = 0
        self.noted = Counter[str]()
        """What else was left out, by reason, and breaks no row."""

    @property
    def left(self) -> int:
        """How many more rows may be broken."""
        return max((self._limit or 0) - self.count, 0)

    def skip(self, error: TerminologyError) -> None:
        """Leave a row out.

        Raises:
            TerminologyError: `error`, if this row is one too many.
        """
        self.count += 1
        if self._limit is None:
            raise error
        if self.count > self._limit:
            said = "--max-bad-rows, in a recipe max_bad_rows, leaves such rows out, and counts them"
            if self._limit:
                said = f"broken row {self.count}; --max-bad-rows is {self._limit}"
            raise TerminologyError(f"{error} ({said})") from error

    def counted(self) -> dict[str, int]:
        """For `Release.skipped`: nothing where no row was broken, and nothing noted."""
        return {**self.noted, **({BROKEN: self.count} if self.count else {})}

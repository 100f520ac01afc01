"""How a build tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a build is; the command line draws it."""

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        """A step begins; it has `total` units of work ("names"), if that is known."""

    def advance(self, n: int) -> None:
        """`n` more units of the step are done."""


class Silent:
    """A progress that nobody watches."""

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        """Do nothing."""

    def advance(self, n: int) -> None:
        """Do nothing."""

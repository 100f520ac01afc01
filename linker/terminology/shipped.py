"""The tables that come with this package: tab-separated, with a header and lines of comment."""

from __future__ import annotations

from importlib.resources import files


def shipped_rows(name: str) -> list[list[str]]:
    """The rows of a table in `data/`, without its comments and its header."""
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]

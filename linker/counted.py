"""Counts in what is said to people."""

from __future__ import annotations


def counted(n: int, noun: str, rest: str = "") -> str:
    """A number with what it is of: "1 note", "2,000 notes", "1 name added".

    Args:
        noun: of one, with an "s" for several ("distinct name").
        rest: what follows, the same of one and of several ("added").
    """
    return f"{n:,} {noun}{'s' * (n != 1)} {rest}".rstrip()

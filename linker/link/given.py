"""What callers hand over: checked as it comes, so that an error says what it is and where.

Types and positions only: a note's text never enters a message.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index


def at_least_one(value: int, name: str, advice: str) -> int:
    """A number of things, as a plain integer.

    Args:
        name: the argument's.
        advice: what to give instead of less than 1.

    Raises:
        TypeError: it is no integer.
        ValueError: it is below 1.
    """
    try:
        number = index(value)
    except TypeError as error:
        raise TypeError(f"{name} is {type(value).__name__}, expected int") from error
    if number < 1:
        raise ValueError(f"{name} is {number}; {advice}")
    return number


def n_candidates(k: int) -> int:
    """How many candidates are to be kept: see `at_least_one`."""
    return at_least_one(k, "k", "ask for at least 1 candidate")


def refuse_one(values: object, name: str, advice: str) -> None:
    """Refuse a single string where several are expected: it would be taken letter by letter.

    Raises:
        TypeError: it is a string, or bytes.
    """
    if isinstance(values, (str, bytes)):
        raise TypeError(f"{name} is {type(values).__name__}; {advice}")


def check(value: object, expected: type, name: str) -> None:
    """Check the type of what was handed over.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(value, expected):
        raise TypeError(f"{name} is {type(value).__name__}, expected {expected.__name__}")


def check_each(values: Iterable[object], expected: type, name: str, *, first: int = 0) -> None:
    """Check the types of what was handed over.

    Args:
        name: the argument's.
        first: the position of the first one, where others went before.

    Raises:
        TypeError: one is of another type; it is said which one.
    """
    for place, value in enumerate(values, start=first):
        if not isinstance(value, expected):
            check(value, expected, f"{name}[{place}]")

"""What callers hand over: checked as it comes, so that an error says what it is and where.

Types and positions only: a note's text never enters a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from operator import index
from types import NoneType
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")
_MISSING = ("NoneType", "float", "NAType")
"""What stands for a missing string in a list or a column of pandas."""


def keywords_told(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Have a function say of a keyword that it does not know which one may be meant.

    Python says only that it is unexpected, and names one that is near from 3.13 on.
    """
    known = [name for name in signature(function).parameters if name not in ("self", "cls")]

    @wraps(function)
    def called(*args: _P.args, **options: _P.kwargs) -> _R:
        for name in options:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                has = f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}"
                raise TypeError(f"{function.__qualname__}() has no argument {name!r}; {has}")
        return function(*args, **options)

    return called


def at_least_one(value: int, name: str, advice: str) -> int:
    """A number of things, as a plain integer.

    Args:
        name: the argument's.
        advice: what to give instead of less than 1.

    Raises:
        TypeError: it is no integer; true and false, which would count as 1 and 0, are none.
        ValueError: it is below 1.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {type(value).__name__}, expected int")
    number = index(value)
    if number < 1:
        raise ValueError(f"{name} is {number}; {advice}")
    return number


def n_candidates(k: int) -> int:
    """How many candidates are to be kept: see `at_least_one`."""
    return at_least_one(k, "k", "ask for at least 1 candidate")


def refuse_one(values: object, name: str, advice: str) -> None:
    """Refuse one thing where several are expected; a string would be taken letter by letter.

    A table too: pandas goes through the names of its columns.

    Raises:
        TypeError: it is a string, or bytes, or a table, or cannot be gone through.
    """
    if hasattr(values, "columns"):
        raise TypeError(f"{name} is {type(values).__name__}; give one of its columns")
    # What has no more than `__getitem__` can be gone through too.
    are_several = isinstance(values, Iterable) or hasattr(values, "__getitem__")
    if isinstance(values, (str, bytes)) or not are_several:
        raise TypeError(f"{name} is {type(values).__name__}; {advice}")


def check(value: object, expected: type | tuple[type, ...], name: str) -> None:
    """Check the type of what was handed over.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(value, expected):
        types = expected if isinstance(expected, tuple) else (expected,)
        known = " or ".join("None" if one is NoneType else one.__name__ for one in types)
        raise TypeError(f"{name} is {type(value).__name__}, expected {known}")


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
            found = type(value).__name__
            advice = '; give "" for a missing one' if expected is str and found in _MISSING else ""
            raise TypeError(f"{name}[{place}] is {found}, expected {expected.__name__}{advice}")

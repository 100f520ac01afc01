"""The command line of scripts without options: their words in order, or what the docstring says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import signature


def run(main: Callable[..., None], text: str | None) -> None:
    """Call a script's `main` with the words of the command line.

    Args:
        text: the script's docstring: shown instead, if it is asked for (--help) or if the words are
            fewer or more than `main` takes.
    """
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        print(text)
        return
    try:
        signature(main).bind(*words)
    except TypeError as error:
        raise SystemExit(f"{text}\n{error}") from None
    main(*words)

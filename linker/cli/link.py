"""`linker link`: mention strings to JSON lines."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, TextIO

import typer

from linker.cli.console import err_console, open_linker
from linker.cli.options import EncoderOption, IndexOption, KOption, ThresholdOption
from linker.config import DEFAULT_THRESHOLD
from linker.records import json_line, mention_json

WhyOption = Annotated[
    bool, typer.Option("--why", help="Add what decided, in words, as a list under the key why.")
]
LINK_BATCH = 256
"""Mention strings that are linked together."""


def link(
    mentions: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MENTIONS",
            help="Mention strings; if there are none, they are read from stdin, one per line.",
            show_default=False,
        ),
    ] = None,
    *,
    index: IndexOption,
    k: KOption = 5,
    threshold: ThresholdOption = DEFAULT_THRESHOLD,
    encoder: EncoderOption = None,
    why: WhyOption = False,
) -> None:
    """Link mention strings, given or one per line on stdin, and write JSON lines to stdout."""
    linker = open_linker(index, threshold=threshold, encoder=encoder)
    lines = map(_as_utf8, mentions) if mentions else _lines(sys.stdin)
    size = LINK_BATCH
    if not mentions and sys.stdin is not None and sys.stdin.isatty():
        err_console.print("Mention strings, one a line; Ctrl-D ends.")
        size = 1  # A person at a terminal sees each answer at once.
    while batch := list(islice(lines, size)):
        answer = "".join(
            json_line(mention_json(found) | ({"why": list(found.why)} if why else {}))
            for found in linker.link(batch, k=k)
        )
        # Bytes: JSON is UTF-8, whatever the locale.
        sys.stdout.buffer.write(answer.encode())
        sys.stdout.buffer.flush()


def _as_utf8(argument: str) -> str:
    """An argument as UTF-8, whatever the locale; a byte that is none becomes U+FFFD."""
    return os.fsencode(argument).decode(errors="replace")


def _lines(stdin: TextIO | None) -> Iterator[str]:
    """Lines as UTF-8, whatever the locale; a byte that is none becomes U+FFFD."""
    if stdin is None:  # Closed, as a service may have it.
        return
    if isinstance(stdin, io.TextIOWrapper):
        stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline="\n")
    for line in stdin:
        yield line.rstrip("\r\n")

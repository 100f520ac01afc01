"""Bytes to text, line by line, with what is wrong said without quoting it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

BOM = b"\xef\xbb\xbf"


def numbered(stream: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1, without byte-order mark or line end.

    Only a line feed, perhaps after a carriage return, ends a line: U+2028 may stand in a text.
    """
    for number, line in enumerate(stream, start=1):
        if number == 1:
            line = line.removeprefix(BOM)
        yield number, line.removesuffix(b"\n").removesuffix(b"\r")


_SAVE = "save the file as UTF-8 (from {0}: iconv -f {0} -t UTF-8)"
FROM_WINDOWS = _SAVE.format("CP1252")
"""Spreadsheets on Windows write it. As Latin-1, its quotes would be control characters."""


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for a byte of a file that cannot stand in UTF-8, and what to do."""
    is_utf_16 = error.object.startswith((b"\xff\xfe", b"\xfe\xff"))
    return f"{bad_byte(error)}; {_SAVE.format('UTF-16') if is_utf_16 else FROM_WINDOWS}"


def bad_byte(error: UnicodeDecodeError) -> str:
    """The reason for a byte that cannot stand in UTF-8."""
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start}"

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


FROM_UTF_16 = _SAVE.format("UTF-16")
"""Spreadsheets and SQL Server write it on Windows."""

_HEAD = 64


def is_utf_16(data: bytes) -> bool:
    """Whether a file that begins so is UTF-16: by its mark, or as every other byte is 0."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = data[:_HEAD]
    return len(head) > 3 and any(head) and not (any(head[::2]) and any(head[1::2]))


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for a byte of a file that cannot stand in UTF-8, and what to do."""
    return f"{bad_byte(error)}; {FROM_UTF_16 if is_utf_16(error.object) else FROM_WINDOWS}"


def bad_byte(error: UnicodeDecodeError) -> str:
    """The reason for a byte that cannot stand in UTF-8."""
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start}"

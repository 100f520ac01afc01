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

_NAME_IT = "unpack it, or give the file by a name that ends in {0}"
_NO_TEXT = {
    b"\x1f\x8b": ("packed with gzip", _NAME_IT.format(".gz")),
    b"\x28\xb5\x2f\xfd": ("packed with zstd", _NAME_IT.format(".zst")),
    b"PK\x03\x04": ("a zip archive", "unpack it; save a spreadsheet as CSV UTF-8"),
    b"PAR1\x15": ("Parquet", "give it as a file with a name that ends in .parquet"),
}
"""What a file is that begins so, and what to do."""


def other_than_text(data: bytes) -> tuple[str, str] | None:
    """What a file is that begins so, and what to do, if it is no text in UTF-8."""
    if is_utf_16(data):
        return "UTF-16", FROM_UTF_16
    return next((found for start, found in _NO_TEXT.items() if data.startswith(start)), None)


def is_utf_16(data: bytes) -> bool:
    """Whether a file that begins so is UTF-16: by its mark, or as every other byte is 0."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    head = data[:_HEAD]
    return len(head) > 3 and any(head) and not (any(head[::2]) and any(head[1::2]))


def not_utf8(error: UnicodeDecodeError) -> str:
    """The reason for a byte of a file that cannot stand in UTF-8, and what to do."""
    other = other_than_text(error.object)
    return f"{bad_byte(error)}; {FROM_WINDOWS if other is None else other[1]}"


def bad_byte(error: UnicodeDecodeError) -> str:
    """The reason for a byte that cannot stand in UTF-8."""
    return f"not UTF-8: byte 0x{error.object[error.start]:02x} at position {error.start}"

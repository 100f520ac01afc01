"""Rows of the Rich Release Format: whether each is whole. See `release`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from linker.counted import counted
from linker.errors import TerminologyError
from linker.formats.lines import BOM
from linker.terminology.bad_rows import BadRows
from linker.terminology.files import not_utf8
from linker.terminology.rrf.files import Member

_BLOCK = 1 << 23


def blocks_of(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines, some megabytes of them at a time, and the number of the first, from 1."""
    number = 1
    rest = b""
    while data := stream.read(_BLOCK):
        data = rest + data
        end = data.rfind(b"\n") + 1
        block, rest = data[:end], data[end:]
        if block:
            yield number, block
            number += block.count(b"\n")
    if rest:
        yield number, rest


def lines_of(block: bytes) -> list[bytes]:
    """The lines of a block without their endings and byte-order mark."""
    lines = block.removeprefix(BOM).replace(b"\r\n", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return lines


def whole_rows(
    stream: IO[bytes], member: Member, n_fields: int, bad: BadRows
) -> Iterator[tuple[bytes, bool]]:
    """The rows of a file that are whole, block by block, and if a block was changed."""
    for first, block in blocks_of(stream):
        lines = lines_of(block)
        wrong = {
            row
            for row, line in enumerate(lines)
            if line.count(b"|") != n_fields or line[-1:] != b"|"
        }
        if not _is_utf8(block):
            wrong |= {row for row, line in enumerate(lines) if not _is_utf8(line)}
        for row in sorted(wrong):
            if lines[row].strip():
                bad.skip(_broken(lines[row], f"{member.where}:{first + row}", n_fields))
        odd = b"\r" in block or b"\0" in block or block.startswith(BOM)
        if not wrong and not odd:
            yield block, False
            continue
        kept = (line for row, line in enumerate(lines) if row not in wrong)
        text = b"".join(line + b"\n" for line in kept)
        # Within a row they are noise, and would end it for some readers.
        yield text.replace(b"\r", b" ").replace(b"\0", b" "), True


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _broken(line: bytes, where: str, n_fields: int) -> TerminologyError:
    ended = line.endswith(b"|")
    found = line.count(b"|") + (not ended)
    if found != n_fields:
        question = "was the file cut short?" if found < n_fields else "is there a '|' in a field?"
        return TerminologyError(
            f"{where}: {counted(found, 'field')}, expected {n_fields}; {question}"
        )
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return not_utf8(where, line[error.start])
    return TerminologyError(
        f"{where}: no '|' after the last of {found} fields; was the file cut short?"
    )

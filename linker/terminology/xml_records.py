"""Large XML files, record by record, in the memory of one record."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from linker.errors import TerminologyError
from linker.terminology.xml_text import EntityGuard, not_xml

_LINES = 1 << 20  # bytes of a line that are read at once: a file may be one line


@dataclass(frozen=True, slots=True)
class Record:
    """An element of a file.

    Attributes:
        line: where it begins, from 1, or where the record before it ends, if on the same line.
    """

    element: ElementTree.Element
    line: int


def xml_records(stream: IO[bytes], tag: str, root: str, where: str) -> Iterator[Record]:
    """The elements named `tag` directly below the root, each forgotten when the next one is taken.

    A document type is read, and what it declares is checked; what it refers to is not fetched.

    Args:
        root: the name of the root element.
        where: the file, for messages.

    Raises:
        TerminologyError: the root is another, or the file is not well-formed, is cut short, is not
            UTF-8, or declares entities that unfold into others or stand in other files.
    """
    # Typed loosely, for other events than these two bring no elements.
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    guard = EntityGuard(where)
    path: list[ElementTree.Element] = []
    line = begins = 1
    block = b""
    try:
        for block in _blocks(stream, f"</{tag}>".encode()):
            guard.feed(block)
            parser.feed(block)
            for event, element in parser.read_events():
                if event == "start":
                    if not path and element.tag != root:
                        raise TerminologyError(
                            f"{where}: XML with the root <{element.tag}>, expected <{root}>"
                        )
                    path.append(element)
                    if len(path) == 2 and element.tag == tag:
                        begins = line + _lines_before(block, tag)
                    continue
                path.pop()
                if len(path) == 1:
                    if element.tag == tag:
                        yield Record(element, begins)
                    path[0].clear()
            line += block.count(b"\n")
            block = b""
        parser.close()
    except ElementTree.ParseError as error:
        raise not_xml(error, block, where, first=line) from error


def _lines_before(block: bytes, tag: str) -> int:
    match = re.search(rb"<%s[\s>]" % tag.encode(), block)
    return block.count(b"\n", 0, match.start()) if match else 0


def _blocks(stream: IO[bytes], end: bytes) -> Iterator[bytes]:
    """Whole lines, up to one that ends a record."""
    held: list[bytes] = []
    size = 0
    while line := stream.readline(_LINES):
        held.append(line)
        size += len(line)
        if end in line or size >= _LINES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)

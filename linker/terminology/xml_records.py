"""Large XML files, record by record, in the memory of one record."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Collection, Iterator
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


def xml_records(
    stream: IO[bytes], tags: Collection[str], above: str, where: str
) -> Iterator[Record]:
    """The elements of these names directly below another, each forgotten when the next is taken.

    A document type is read, and what it declares is checked; what it refers to is not fetched.

    Args:
        above: the name of the root element, and of those below it that lead to the records, with
            slashes between them.
        where: the file, for messages.

    Raises:
        TerminologyError: the root is another, or the file is not well-formed, is cut short, is not
            UTF-8, or declares entities that unfold into others or stand in other files.
    """
    # Typed loosely, for other events than these two bring no elements.
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    guard = EntityGuard(where)
    names = b"|".join(re.escape(tag.encode()) for tag in tags)
    starts, ends = re.compile(rb"<(?:%s)[\s/>]" % names), re.compile(rb"</(?:%s)>" % names)
    way = above.split("/")
    path: list[ElementTree.Element] = []
    line = begins = 1
    block = b""
    try:
        for block in _blocks(stream, ends):
            guard.feed(block)
            parser.feed(block)
            for event, element in parser.read_events():
                if event == "start":
                    if not path and element.tag != way[0]:
                        raise TerminologyError(
                            f"{where}: XML with the root <{element.tag}>, expected <{way[0]}>"
                        )
                    path.append(element)
                    if len(path) == len(way) + 1 and element.tag in tags:
                        begins = line + _lines_before(block, starts)
                    continue
                path.pop()
                if len(path) == len(way):
                    if element.tag in tags and [upper.tag for upper in path] == way:
                        yield Record(element, begins)
                    path[-1].clear()
            line += block.count(b"\n")
            block = b""
        parser.close()
    except ElementTree.ParseError as error:
        raise not_xml(error, block, where, first=line) from error


def _lines_before(block: bytes, starts: re.Pattern[bytes]) -> int:
    match = starts.search(block)
    return block.count(b"\n", 0, match.start()) if match else 0


def _blocks(stream: IO[bytes], ends: re.Pattern[bytes]) -> Iterator[bytes]:
    """Whole lines, up to one that ends a record."""
    held: list[bytes] = []
    size = 0
    while line := stream.readline(_LINES):
        held.append(line)
        size += len(line)
        if size >= _LINES or ends.search(line):
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)

"""XML of untrusted files: parsed without entities that unfold, with errors that name the line."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from xml.parsers import expat

from linker.errors import TerminologyError
from linker.terminology.files import not_utf8

# A document type may abbreviate an IRI (Protégé does); nothing honest is longer.
_MAX_ENTITY = 1000


def parse_xml(data: bytes, where: str) -> ElementTree.Element:
    """XML to its root element.

    Raises:
        TerminologyError: not well-formed, cut short, in an encoding that cannot be read, or with
            entities that unfold into others ("billion laughs") or stand in other files.
    """
    EntityGuard(where).feed(data)
    try:
        return ElementTree.fromstring(data)  # noqa: S314  # entities are checked above
    except ElementTree.ParseError as error:
        raise not_xml(error, data, where) from error


def text_of(element: ElementTree.Element | None) -> str:
    """All text of an element with single spaces; "" where there is none."""
    return " ".join("".join(element.itertext()).split()) if element is not None else ""


_DECLARED = re.compile(rb"""\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.-]+)""")


def not_xml(
    error: ElementTree.ParseError, data: bytes, where: str, *, first: int = 1
) -> TerminologyError:
    """The error for XML that is not well-formed, or is not in UTF-8 although it says so.

    Args:
        data: the whole file, or the lines of it that were parsed last; `first` is their number.
    """
    declared = _DECLARED.match(data)
    if first > 1 or declared is None or declared[1].lower() in (b"utf-8", b"utf8"):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as undecoded:
            # What was cut off within a character, or a block that ends within one, is no other
            # encoding.
            if undecoded.reason != "unexpected end of data":
                number = first + data.count(b"\n", 0, undecoded.start)
                return not_utf8(f"{where}:{number}", data[undecoded.start])
    line, column = error.position
    reason = re.sub(r": line \d+, column \d+$", "", str(error))
    return TerminologyError(
        f"{where}:{line}: not XML: {reason} (column {column}); was the file cut short?"
    )


class _RootReached(Exception):  # noqa: N818  # a signal, not an error
    pass


class EntityGuard:
    """Reads the document type, which ends where the root element starts, and checks its entities.

    Args:
        where: the file, for messages.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._past_the_root = False
        self._parser = expat.ParserCreate()
        self._parser.EntityDeclHandler = self._declared
        self._parser.StartElementHandler = self._root_reached

    def feed(self, data: bytes) -> None:
        """Read on; what is not well-formed, the reader of the whole says.

        Raises:
            TerminologyError: an entity is declared that is not short and plain, or an encoding that
                cannot be read.
        """
        if not self._past_the_root:
            try:
                self._parser.Parse(data, False)
            except (_RootReached, expat.ExpatError):
                self._past_the_root = True
            except TerminologyError:
                raise
            except (LookupError, ValueError) as error:
                # Of an encoding that Python has not, or of several bytes a character.
                raise TerminologyError(
                    f"{self._where}:1: the encoding that it declares cannot be read: {error}; "
                    "convert it to UTF-8 (iconv -t UTF-8), and say so in its first line"
                ) from error

    def _declared(self, name: str, _is_parameter: bool, value: str | None, *_: object) -> None:
        if value is None or "&" in value or "%" in value or len(value) > _MAX_ENTITY:
            raise TerminologyError(
                f"{self._where}:{self._parser.CurrentLineNumber}: entity {name!r} unfolds into "
                "other entities, another file, or a long text; only short plain ones are read"
            )

    def _root_reached(self, *_: object) -> None:
        raise _RootReached

"""BioC as XML: collection, document, passage, annotation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.parsers import expat

from linker.formats.bioc import RawAnnotation, RawDocument, items_of, whole_number
from linker.formats.document import Item, Problem
from linker.formats.lines import not_utf8


def read_bioc_xml(stream: Iterable[bytes], file: str) -> Iterator[Item]:
    """Read BioC XML, a document at a time.

    Entities are refused, and no document type is fetched. Where the XML breaks, the documents
    before that point are read, and the rest is a problem.
    """
    reader = _XmlReader()
    chunk = b""
    try:
        for chunk in stream:
            reader.feed(chunk)
            for raw in reader.finished():
                yield from items_of(raw, file)
        reader.close()
    except (expat.ExpatError, LookupError, ValueError) as error:
        for raw in reader.finished():
            yield from items_of(raw, file)
        reason = f"not BioC XML ({_why(error, chunk)}); documents after this point are not read"
        yield Problem("document", file, reader.line, None, reason)


_CONTINUED = bytes(range(0x80, 0xC0))
"""Bytes of UTF-8 that begin no character."""


def _why(error: Exception, chunk: bytes) -> str:
    """What is wrong with XML: other bytes than it says go before what expat makes of them."""
    if isinstance(error, expat.ExpatError):
        try:
            # Its first character may have begun in the chunk before it.
            chunk.lstrip(_CONTINUED).decode()
        except UnicodeDecodeError as undecoded:
            if undecoded.reason != "unexpected end of data":
                return f"{not_utf8(undecoded)}, or have its first line say the encoding"
    return str(error)


class _XmlReader:
    """Builds documents from expat's events, so that each has its line and none waits for all."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._entity
        self._path: list[str] = []
        self._text: list[str] = []
        self._key = ""
        self._document = RawDocument()
        self._annotation: RawAnnotation | None = None
        self._offset = 0
        self._passage_text = False
        self._done: list[RawDocument] = []

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return self._parser.CurrentLineNumber

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def finished(self) -> list[RawDocument]:
        """The documents that ended since the last call."""
        done, self._done = self._done, []
        return done

    def _entity(self, name: str, *_: object) -> None:
        raise ValueError(f"it declares the entity {name!r}; entities are not read")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path and tag != "collection":
            raise ValueError(f"the root is {tag}, expected collection")
        self._path.append(tag)
        self._text = []
        if tag == "document":
            self._document = RawDocument(line=self.line)
        elif tag == "passage":
            self._passage_text = False
        elif tag == "annotation":
            self._annotation = RawAnnotation(line=self.line)
        elif tag == "infon":
            self._key = attributes.get("key", "")
        elif tag == "location" and self._annotation is not None:
            self._annotation.locate(attributes.get("offset", ""), attributes.get("length", ""))

    def _characters(self, data: str) -> None:
        self._text.append(data)

    def _end(self, tag: str) -> None:
        self._path.pop()
        parent = self._path[-1] if self._path else ""
        text = "".join(self._text)
        self._text = []
        if tag == "id" and parent == "document":
            self._document.id = text.strip()
        elif tag == "offset" and parent in ("passage", "sentence"):
            try:
                self._offset = whole_number(text)
            except ValueError as error:
                self._document.wrong = str(error)
        elif tag == "text" and parent in ("passage", "sentence") and text:
            # A passage may repeat its sentences' text: its own, which comes first, will do.
            if parent == "passage" or not self._passage_text:
                self._document.pieces.append((self._offset, text))
            self._passage_text = self._passage_text or parent == "passage"
        elif self._annotation is not None and parent == "annotation":
            if tag == "text":
                self._annotation.text = text
            elif tag == "infon":
                self._annotation.infons[self._key] = text
        elif tag == "annotation" and self._annotation is not None:
            self._document.annotations.append(self._annotation)
            self._annotation = None
        elif tag == "document":
            self._done.append(self._document)

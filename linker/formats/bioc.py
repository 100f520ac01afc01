"""BioC (Comeau et al. 2013), as XML and as JSON: collection, document, passage, annotation.

Offsets of passages and annotations are of the document. The text is put together from the passages
(or their sentences) at their offsets; what no passage covers becomes white space. The DTD says that
offsets count bytes, most files count code points: a document whose annotations fit as code points
is read so, else in bytes if they fit then.

BC5CDR (Li et al. 2016) gives a composite mention and then its parts, each as an annotation of its
own with a CompositeRole. They are one mention with parts, as its PubTator files have it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from xml.parsers import expat

from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    checked_spans,
    misfit,
    split_ids,
)
from linker.formats.lines import BOM, not_utf8

_MAX_GAP = 1 << 24
"""Characters without text between two passages; more is a broken offset, and would fill memory."""

_ID_KEYS = ("identifier", "identifiers", "concept_id", "cui", "id", "normalized_id", "code")
_VOCABULARIES = {"mesh": "MESH", "omim": "OMIM", "chebi": "CHEBI", "umls": "UMLS", "hpo": "HP"}
"""Infons that hold an id without its vocabulary ("MESH": "D006323"), and its usual prefix."""


@dataclass(slots=True)
class _Raw:
    """An annotation as the file has it."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    infons: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    line: int | None = None
    wrong: str | None = None

    def locate(self, offset: Any, length: Any) -> None:
        """Add a piece, or note why there is none."""
        try:
            start = _whole(offset)
            self.spans.append((start, start + _whole(length)))
        except ValueError as error:
            self.wrong = str(error)


@dataclass(slots=True)
class _RawDocument:
    """A document as the file has it: its pieces of text with their offsets, its annotations.

    `wrong` is why it cannot be read, if that was seen on the way.
    """

    id: str = ""
    pieces: list[tuple[int, str]] = field(default_factory=list)
    annotations: list[_Raw] = field(default_factory=list)
    line: int | None = None
    wrong: str | None = None


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
                yield from _document(raw, file)
        reader.close()
    except (expat.ExpatError, ValueError) as error:
        for raw in reader.finished():
            yield from _document(raw, file)
        reason = f"not BioC XML ({_why(error, chunk)}); documents after this point are not read"
        yield Problem("document", file, reader.line, None, reason)


def _why(error: Exception, chunk: bytes) -> str:
    """What is wrong with XML: other bytes than it says go before what expat makes of them."""
    if isinstance(error, expat.ExpatError):
        try:
            chunk.decode()
        except UnicodeDecodeError as undecoded:
            if undecoded.reason != "unexpected end of data":
                return f"{not_utf8(undecoded)}, or have its first line say the encoding"
    return str(error)


def read_bioc_json(stream: Iterable[bytes], file: str) -> Iterator[Item]:
    """Read BioC JSON: a collection, a list of collections, or one document."""
    try:
        data = json.loads(b"".join(stream).removeprefix(BOM).decode())
    except UnicodeDecodeError as error:
        yield Problem("document", file, None, None, not_utf8(error))
        return
    except (ValueError, RecursionError) as error:
        yield Problem("document", file, None, None, f"not JSON ({error}); was it cut short?")
        return
    for at, document in enumerate(_json_documents(data)):
        try:
            raw = _from_json(document)
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            reason = f"document {at} is not as BioC has it: {type(error).__name__} {error}"
            known = str(document["id"]) if isinstance(document, dict) and "id" in document else None
            yield Problem("document", file, None, known, reason)
            continue
        yield from _document(raw, file)


# From either form to our values


def _document(raw: _RawDocument, file: str) -> Iterator[Item]:
    try:
        found, problems = _fitted(raw, file, in_bytes=False)
    except ValueError as error:
        found, problems = None, [Problem("document", file, raw.line, raw.id or None, str(error))]
    if problems:
        try:
            in_bytes, left = _fitted(raw, file, in_bytes=True)
        except ValueError:
            pass  # What is wrong in code points is said.
        else:
            if not left:
                found, problems = in_bytes, []
    yield from problems
    if found is not None:
        yield found


def _fitted(raw: _RawDocument, file: str, *, in_bytes: bool) -> tuple[Document, list[Problem]]:
    """The document, with offsets read in one unit, and the annotations that do not fit.

    Raises:
        ValueError: the passages overlap or lie far apart, or the document has no id.
    """
    if raw.wrong is not None:
        raise ValueError(raw.wrong)
    if not raw.id:
        raise ValueError("a document without an id")
    text, code_points = _put_together(raw.pieces, in_bytes=in_bytes)
    read: list[tuple[Annotation, str]] = []
    problems = []
    for at, given in enumerate(raw.annotations):
        try:
            if given.wrong is not None:
                raise ValueError(given.wrong)
            spans = checked_spans(given.spans)
        except ValueError as error:
            problems.append(
                Problem("annotation", file, given.line, raw.id, f"annotation {at}: {error}")
            )
            continue
        wrong = None
        if code_points is not None:
            if spans[-1][1] >= len(code_points):
                wrong = f"ends at byte {spans[-1][1]} of {len(code_points) - 1}"
            else:
                spans = tuple((code_points[start], code_points[end]) for start, end in spans)
                if any(end <= start for start, end in spans):
                    wrong = "starts and ends within one character"
        wrong = wrong or misfit(text, spans, given.text)
        if wrong is not None:
            problems.append(
                Problem("offsets", file, given.line, raw.id, f"annotation {at}: {wrong}")
            )
            continue
        kind = given.infons.get("type", "")
        annotation = Annotation(spans, _ids(given.infons), kind, (), given.line)
        read.append((annotation, given.infons.get("CompositeRole", "")))
    return Document(raw.id, text, _composed(read, text), file, raw.line), problems


def _composed(read: list[tuple[Annotation, str]], text: str) -> tuple[Annotation, ...]:
    """Annotations, each with its role, to mentions: parts go to the composite that they lie in."""
    found: list[Annotation] = []
    parts: dict[int, list[str]] = {}
    for annotation, role in read:
        if role == "IndividualMention":
            wholes = (
                at
                for at in reversed(parts)
                if found[at].start <= annotation.start and annotation.end <= found[at].end
            )
            whole = next(wholes, None)
            if whole is not None:
                parts[whole].append(annotation.words(text))
                continue
        elif role == "CompositeMention":
            parts[len(found)] = []
        found.append(annotation)
    return tuple(
        replace(one, parts=tuple(parts[at])) if len(parts.get(at, ())) > 1 else one
        for at, one in enumerate(found)
    )


def _put_together(pieces: list[tuple[int, str]], *, in_bytes: bool) -> tuple[str, list[int] | None]:
    """The text of a document; for offsets in bytes also the code point of each byte.

    Raises:
        ValueError: a piece starts before the one before it has ended, or far beyond its end.
    """
    text: list[str] = []
    at = 0
    for offset, piece in sorted(pieces, key=lambda piece: piece[0]):
        if offset - at > _MAX_GAP:
            raise ValueError(
                f"a passage starts at {offset}, {offset - at:,} after the end of the one before it"
            )
        if offset < at:
            raise ValueError(
                f"a passage starts at {offset}, before the end of the one before it at {at}"
            )
        # Passages are sentences apart: a break, as between title and abstract.
        text.append(" " * (offset - at - 1) + "\n" if offset > at else "")
        text.append(piece)
        at = offset + (len(piece.encode()) if in_bytes else len(piece))
    whole = "".join(text)
    if not in_bytes:
        return whole, None
    code_points = [i for i, c in enumerate(whole) for _ in range(len(c.encode()))]
    return whole, [*code_points, len(whole)]


def _ids(infons: dict[str, str]) -> tuple[str, ...]:
    """The concept ids of an annotation's infons, whose keys differ from corpus to corpus."""
    found: list[str] = []
    for key, value in infons.items():
        name = key.casefold()
        if name in _ID_KEYS:
            found += split_ids(value)
        elif name in _VOCABULARIES:
            prefix = _VOCABULARIES[name]
            found += [i if ":" in i else f"{prefix}:{i}" for i in split_ids(value)]
    return tuple(dict.fromkeys(found))


def _whole(value: Any) -> int:
    """A whole number; what else stands there may be a note's text, and is not repeated."""
    try:
        return int(value)
    except ValueError:
        raise ValueError("an offset or length that is no whole number") from None


# JSON


def _json_documents(data: Any) -> Iterator[Any]:
    for collection in data if isinstance(data, list) else [data]:
        if isinstance(collection, dict) and "passages" in collection:
            yield collection
        elif isinstance(collection, dict):
            # PubTator 3 calls its collection after itself.
            key = "PubTator3" if "PubTator3" in collection else "documents"
            yield from collection[key] if isinstance(collection.get(key), list) else [collection]
        else:
            yield collection


def _from_json(data: Any) -> _RawDocument:
    raw = _RawDocument(id="" if data["id"] is None else str(data["id"]))
    for annotation in data.get("annotations") or []:
        raw.annotations.append(_annotation_from_json(annotation))
    for passage in data["passages"]:
        for part in (passage, *(passage.get("sentences") or [])):
            if part.get("text"):
                raw.pieces.append((_whole(part["offset"]), str(part["text"])))
            for annotation in part.get("annotations") or []:
                raw.annotations.append(_annotation_from_json(annotation))
        if passage.get("text") and passage.get("sentences"):
            # The text is given twice: the passage's own will do.
            sentences = {(_whole(s["offset"]), s.get("text")) for s in passage["sentences"]}
            own = (_whole(passage["offset"]), passage["text"])
            raw.pieces = [p for p in raw.pieces if p == own or p not in sentences]
    return raw


def _annotation_from_json(data: Any) -> _Raw:
    raw = _Raw(
        infons={str(k): str(v) for k, v in (data.get("infons") or {}).items() if v is not None},
        text=data.get("text"),
    )
    for place in data["locations"]:
        raw.locate(place["offset"], place["length"])
    return raw


# XML


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
        self._document = _RawDocument()
        self._annotation: _Raw | None = None
        self._offset = 0
        self._passage_text = False
        self._done: list[_RawDocument] = []

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return self._parser.CurrentLineNumber

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def close(self) -> None:
        self._parser.Parse(b"", True)

    def finished(self) -> list[_RawDocument]:
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
            self._document = _RawDocument(line=self.line)
        elif tag == "passage":
            self._passage_text = False
        elif tag == "annotation":
            self._annotation = _Raw(line=self.line)
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
                self._offset = _whole(text)
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

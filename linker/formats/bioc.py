"""BioC (Comeau et al. 2013): what its XML and its JSON have in common.

Offsets of passages and annotations are of the document. The text is put together from the passages
(or their sentences) at their offsets; what no passage covers becomes white space. The DTD says that
offsets count bytes, most files count code points: a document whose annotations fit as code points
is read so, else in bytes if they fit then.

BC5CDR (Li et al. 2016) gives a composite mention and then its parts, each as an annotation of its
own with a CompositeRole. They are one mention with parts, as its PubTator files have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    Span,
    checked_spans,
    misfit,
    split_ids,
)

_MAX_GAP = 1 << 24
"""Characters without text between two passages; more is a broken offset, and would fill memory."""

_ID_KEYS = ("identifier", "identifiers", "concept_id", "cui", "id", "normalized_id", "code")
_VOCABULARIES = {"mesh": "MESH", "omim": "OMIM", "chebi": "CHEBI", "umls": "UMLS", "hpo": "HP"}
"""Infons that hold an id without its vocabulary ("MESH": "D006323"), and its usual prefix."""


@dataclass(slots=True)
class RawAnnotation:
    """An annotation as the file has it."""

    spans: list[tuple[int, int]] = field(default_factory=list)
    infons: dict[str, str] = field(default_factory=dict)
    text: str | None = None
    line: int | None = None
    wrong: str | None = None

    def locate(self, offset: Any, length: Any) -> None:
        """Add a piece, or note why there is none."""
        try:
            start = whole_number(offset)
            self.spans.append((start, start + whole_number(length)))
        except ValueError as error:
            self.wrong = str(error)


@dataclass(slots=True)
class RawDocument:
    """A document as the file has it: its pieces of text with their offsets, its annotations.

    `wrong` is why it cannot be read, if that was seen on the way.
    """

    id: str = ""
    pieces: list[tuple[int, str]] = field(default_factory=list)
    annotations: list[RawAnnotation] = field(default_factory=list)
    line: int | None = None
    wrong: str | None = None


def items_of(raw: RawDocument, file: str) -> Iterator[Item]:
    """The document, and what is wrong with it or with its annotations."""
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


def _fitted(raw: RawDocument, file: str, *, in_bytes: bool) -> tuple[Document, list[Problem]]:
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
            spans, wrong = _placed(given, text, code_points)
        except ValueError as error:
            problems.append(
                Problem("annotation", file, given.line, raw.id, f"annotation {at}: {error}")
            )
            continue
        if wrong is not None:
            problems.append(
                Problem("offsets", file, given.line, raw.id, f"annotation {at}: {wrong}")
            )
            continue
        kind = given.infons.get("type", "")
        annotation = Annotation(spans, _ids(given.infons), kind, (), given.line)
        read.append((annotation, given.infons.get("CompositeRole", "")))
    return Document(raw.id, text, _composed(read, text), file, raw.line), problems


def _placed(
    given: RawAnnotation, text: str, code_points: list[int] | None
) -> tuple[tuple[Span, ...], str | None]:
    """The pieces of an annotation in code points, and what is wrong with where they are, if any.

    Args:
        code_points: of each byte of the text, if offsets are in bytes.

    Raises:
        ValueError: it has no pieces, or they are none.
    """
    if given.wrong is not None:
        raise ValueError(given.wrong)
    spans = checked_spans(given.spans)
    if code_points is not None:
        if spans[-1][1] >= len(code_points):
            return spans, f"ends at byte {spans[-1][1]} of {len(code_points) - 1}"
        spans = tuple((code_points[start], code_points[end]) for start, end in spans)
        if any(end <= start for start, end in spans):
            return spans, "starts and ends within one character"
    return spans, misfit(text, spans, given.text)


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


def whole_number(value: Any) -> int:
    """A whole number; what else stands there may be a note's text, and is not repeated."""
    try:
        return int(value)
    except ValueError:
        raise ValueError("an offset or length that is no whole number") from None

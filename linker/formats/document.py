"""The values that readers of annotated text give: documents, their annotations, and problems.

A reader never drops anything in silence: what it cannot use is a `Problem` in its stream, with the
place and the reason, and none of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from linker.counted import counted

Span = tuple[int, int]
"""A stretch of a text: half-open, in code points."""

_SEPARATORS = re.compile(r"[|+;,]")
_NO_IDS = frozenset({"", "-", "-1", "nil", "null", "none", "cui-less", "cuiless", "concept_less"})


@dataclass(frozen=True, slots=True)
class Annotation:
    """A marked stretch of a document, or several pieces of one ("discontinuous").

    Attributes:
        spans: its pieces, ascending and apart; at least one, none empty.
        ids: the concepts that it names, as the file writes them; none where the annotators found
            no concept (NIL). Several for a composite mention ("breast or ovarian cancer"), for one
            that only a combination of concepts describes, and for alternatives.
        type: what the file calls it ("Disease"), or "".
        parts: the mentions that a composite stands for ("breast cancer", "ovarian cancer"), where
            the file says so.
        line: its line in the file, from 1, where the format has lines.
    """

    spans: tuple[Span, ...]
    ids: tuple[str, ...] = ()
    type: str = ""
    parts: tuple[str, ...] = ()
    line: int | None = None

    def __post_init__(self) -> None:
        at = 0
        for start, end in self.spans:
            if start < at or end <= start:
                raise ValueError(
                    f"spans {self.spans}: expected pieces that ascend and are not empty"
                )
            at = end
        if not self.spans:
            raise ValueError("an annotation without a span")

    @property
    def start(self) -> int:
        """Where its first piece starts."""
        return self.spans[0][0]

    @property
    def end(self) -> int:
        """Where its last piece ends."""
        return self.spans[-1][1]

    def words(self, text: str) -> str:
        """Its text: the pieces, joined by spaces."""
        return " ".join(text[start:end] for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its annotations, in the order of the file; they may nest and overlap."""

    id: str
    text: str
    annotations: tuple[Annotation, ...] = ()
    file: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        for annotation in self.annotations:
            if annotation.end > len(self.text):
                raise ValueError(
                    f"document {self.id!r}: an annotation ends at {annotation.end}, the text "
                    f"at {len(self.text)}"
                )


@dataclass(frozen=True, slots=True)
class Problem:
    """What a file holds that could not be used, or not as it stands. It never holds any text.

    Attributes:
        kind: one of `KINDS`.
        file: the file.
        line: the line, from 1, where the format has lines.
        document: the id of the document, as far as known.
        message: what was found, what was expected.
    """

    kind: str
    file: str
    line: int | None
    document: str | None
    message: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of problem; known: {', '.join(KINDS)}")

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        of = "" if self.document is None else f" document {self.document}:"
        return f"{place}:{of} {self.message}"


KINDS = {
    "document": ("document", "that cannot be read"),
    "annotation": ("annotation", "that cannot be read"),
    "offsets": ("annotation", "whose offsets do not fit the text"),
    "no mentions": ("document", 'without the key "mentions"'),
    "repeated annotation": ("annotation", "given twice"),
    "repeated id": ("document", "whose id was given before"),
    "empty file": ("file", "without a document"),
}
"""The kinds of problems, each with what it counts, for `counted`."""

Item = Document | Problem


def split_ids(field: str) -> tuple[str, ...]:
    """The ids of a field: `|` parts those of a composite, `+` those that hold together.

    PubTator (Wei et al. 2013) and the NCBI Disease corpus (Doğan et al. 2014) write them so;
    PubTator 3 also writes ";" and ",".
    """
    return concepts_among(part.strip() for part in _SEPARATORS.split(field))


def concepts_among(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids, each once, without those that say that there is no concept.

    "-1", "-", "CUI-less" and nothing are no id, nor is one of them after a prefix: "UMLS:CUI-less".
    """
    named = (i for i in ids if i.rpartition(":")[2].casefold() not in _NO_IDS)
    return tuple(dict.fromkeys(named))


def checked_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in ascending order, pieces that touch or overlap joined.

    Raises:
        ValueError: a span is empty, or starts before the text; the message says where.
    """
    for start, end in spans:
        if start < 0 or end <= start:
            raise ValueError(f"[{start}, {end}) is not a span")
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    if not joined:
        raise ValueError("no span")
    return tuple(joined)


def misfit(text: str, spans: Sequence[Span], stated: str | None) -> str | None:
    """Why spans do not fit a text, or None if they do.

    Args:
        text: the document's text.
        spans: as of `checked_spans`.
        stated: what the file says stands there: the pieces joined, or all from the first to the
            last; white space counts alike, since line breaks are often written as spaces. None
            or "" where the file does not say.
    """
    start, end = spans[0][0], spans[-1][1]
    if end > len(text):
        return f"[{start}, {end}) in a text of {counted(len(text), 'character')}"
    if stated is None or not stated.strip():
        return None
    joined = " ".join(text[s:e] for s, e in spans)
    if "".join(stated.split()) in ("".join(joined.split()), "".join(text[start:end].split())):
        return None
    return (
        f"what stands at [{start}, {end}) is not the annotation's text of {len(stated)} "
        "characters; offsets are counted in code points"
    )

"""Annotated text in JSON lines: `{"id", "text", "mentions": [{"start", "end", "ids", ...}]}`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from linker.formats.document import (
    Annotation,
    Document,
    Item,
    Problem,
    checked_spans,
    concepts_among,
    misfit,
    split_ids,
)
from linker.formats.lines import not_utf8, numbered


def read_jsonl(stream: Iterable[bytes], file: str) -> Iterator[Item]:
    """Read one document a line.

    A mention has `start` and `end`, in code points, and may have `text` (compared with the
    document's), `ids`, `type`, `spans` (the pieces of a discontinuous mention) and `parts` (the
    mentions that a composite stands for). Keys that are not known are left alone.
    """
    for number, line in numbered(stream):
        if not line.strip():
            continue
        try:
            data = json.loads(line.decode())
        except UnicodeDecodeError as error:
            yield Problem("document", file, number, None, not_utf8(error))
            continue
        except (ValueError, RecursionError) as error:
            # A JSONDecodeError's message has the position, and none of the text.
            reason = f"not JSON ({error}); was the line cut short?"
            yield Problem("document", file, number, None, reason)
            continue
        yield from _document(data, file, number)


def _document(data: object, file: str, line: int) -> Iterator[Item]:
    if not isinstance(data, dict):
        reason = f"a JSON {type(data).__name__}, expected an object with id, text and mentions"
        yield Problem("document", file, line, None, reason)
        return
    doc_id, text, mentions = data.get("id"), data.get("text"), data.get("mentions", [])
    if isinstance(doc_id, bool) or not isinstance(doc_id, str | int):
        reason = "id is missing, or neither a string nor a whole number"
        yield Problem("document", file, line, None, reason)
        return
    if not isinstance(text, str) or not isinstance(mentions, list):
        reason = "expected text as a string and mentions as a list"
        yield Problem("document", file, line, str(doc_id), reason)
        return
    if "mentions" not in data:
        reason = 'counted as one in which nothing is marked; of such say "mentions": []'
        yield Problem("no mentions", file, line, str(doc_id), reason)
    annotations = []
    for at, mention in enumerate(mentions):
        try:
            annotation, stated = _annotation(mention, line)
        except ValueError as error:
            reason = f"mention {at}: {error}"
            yield Problem("annotation", file, line, str(doc_id), reason)
            continue
        wrong = misfit(text, annotation.spans, stated)
        if wrong is None:
            annotations.append(annotation)
        else:
            yield Problem("offsets", file, line, str(doc_id), f"mention {at}: {wrong}")
    yield Document(str(doc_id), text, tuple(annotations), file, line)


def _annotation(data: Any, line: int) -> tuple[Annotation, str | None]:
    """The annotation and its stated text.

    Raises:
        ValueError: it is none; the message says why.
    """
    if not isinstance(data, dict):
        raise ValueError(f"a JSON {type(data).__name__}, expected an object with start and end")
    pairs = data.get("spans") or [[data.get("start"), data.get("end")]]
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(type(n) is int for n in pair)
        for pair in pairs
    ):
        raise ValueError("start and end, or each of the spans, are not two whole numbers")
    ids = data.get("ids") or []
    parts = data.get("parts") or []
    stated = data.get("text")
    if isinstance(ids, str):
        ids = split_ids(ids)
    if not all(isinstance(value, list | tuple) for value in (ids, parts)) or not all(
        isinstance(value, str) for value in (*ids, *parts)
    ):
        raise ValueError("ids and parts are not lists of strings")
    if stated is not None and not isinstance(stated, str):
        raise ValueError("text is not a string")
    annotation = Annotation(
        spans=checked_spans([(start, end) for start, end in pairs]),
        ids=concepts_among(ids),
        type=str(data.get("type") or ""),
        parts=tuple(parts),
        line=line,
    )
    return annotation, stated

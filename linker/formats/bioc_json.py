"""BioC as JSON: a collection, a list of collections, or one document; PubTator 3's among them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from linker.formats.bioc import RawAnnotation, RawDocument, items_of, whole_number
from linker.formats.document import Item, Problem
from linker.formats.lines import BOM, not_utf8


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
        yield from items_of(raw, file)


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


def _from_json(data: Any) -> RawDocument:
    raw = RawDocument(id="" if data["id"] is None else str(data["id"]))
    for annotation in data.get("annotations") or []:
        raw.annotations.append(_annotation_from_json(annotation))
    for passage in data["passages"]:
        for part in (passage, *(passage.get("sentences") or [])):
            if part.get("text"):
                raw.pieces.append((whole_number(part["offset"]), str(part["text"])))
            for annotation in part.get("annotations") or []:
                raw.annotations.append(_annotation_from_json(annotation))
        if passage.get("text") and passage.get("sentences"):
            # The text is given twice: the passage's own will do.
            sentences = {(whole_number(s["offset"]), s.get("text")) for s in passage["sentences"]}
            own = (whole_number(passage["offset"]), passage["text"])
            raw.pieces = [p for p in raw.pieces if p == own or p not in sentences]
    return raw


def _annotation_from_json(data: Any) -> RawAnnotation:
    raw = RawAnnotation(
        infons={str(k): str(v) for k, v in (data.get("infons") or {}).items() if v is not None},
        text=data.get("text"),
    )
    for place in data["locations"]:
        raw.locate(place["offset"], place["length"])
    return raw

"""Links to lines: the shapes that other programs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from linker.records import candidate_record, json_text, rounded
from linker.schema import Link


def note_json(note_id: str, links: Sequence[Link]) -> dict[str, Any]:
    """A note's links as `annotate --format jsonl` writes them.

    For NIL, `concept_id` and `preferred_name` are null, and `score` and `probability` are the best
    candidate's, which was turned down.
    """
    return {"id": note_id, "links": [link.to_dict() for link in links]}


def mention_json(link: Link) -> dict[str, Any]:
    """A mention string's link as `linker link` writes it."""
    return {
        "text": link.mention.text,
        "concept_id": link.concept_id,
        "probability": rounded(link.probability),
        "candidates": [candidate_record(candidate) for candidate in link.candidates],
    }


def json_line(value: dict[str, Any]) -> str:
    """One line of JSON, readable where UTF-8 can hold it: a lone surrogate stays an escape."""
    return f"{json_text(value)}\n"

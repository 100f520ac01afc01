"""Links to lines: the shapes that other programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from linker.schema import Candidate, Link


def note_json(note_id: str, links: Sequence[Link]) -> dict[str, Any]:
    """A note's links as `annotate --format jsonl` writes them.

    For NIL, `concept_id` and `preferred_name` are null, and `score` and `probability` are the best
    candidate's, which was turned down.
    """
    return {"id": note_id, "links": [_link(link) for link in links]}


def _link(link: Link) -> dict[str, Any]:
    best, linked = link.best, link.concept_id is not None
    return {
        "start": link.mention.start,
        "end": link.mention.end,
        "text": link.mention.text,
        "long_form": link.mention.long_form,
        "concept_id": link.concept_id,
        "preferred_name": best.preferred_name if best and linked else None,
        "score": _rounded(best.score) if best else None,
        "probability": _rounded(link.probability),
        "semantic_types": list(best.semantic_types) if best and linked else [],
        "codes": {key: list(codes) for key, codes in best.codes.items()} if best and linked else {},
        "assertion": dict(link.assertion),
        "candidates": [_candidate(candidate) for candidate in link.candidates],
    }


def mention_json(link: Link) -> dict[str, Any]:
    """A mention string's link as `linker link` writes it."""
    return {
        "text": link.mention.text,
        "concept_id": link.concept_id,
        "probability": _rounded(link.probability),
        "candidates": [_candidate(candidate) for candidate in link.candidates],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "concept_id": candidate.concept_id,
        "name": candidate.preferred_name,
        "matched_name": candidate.matched_name,
        "score": _rounded(candidate.score),
        "probability": _rounded(candidate.probability),
    }


def _rounded(value: float) -> float:
    # Fine enough that rounding cannot part two runs by the 1e-5 that their scores may differ by.
    return round(value, 6)


def json_line(value: dict[str, Any]) -> str:
    """One line of JSON, readable where UTF-8 can hold it: a lone surrogate stays an escape."""
    line = json.dumps(value, ensure_ascii=False)
    try:
        line.encode()
    except UnicodeEncodeError:
        line = json.dumps(value)
    return f"{line}\n"

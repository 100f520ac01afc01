"""Links as plain dictionaries and lines of JSON: the shapes that other programs read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linker.schema import Candidate, Link


def link_record(link: Link) -> dict[str, Any]:
    """A link of a note as `annotate --format jsonl` writes it; see `Link.to_dict`."""
    best, linked = link.best, link.concept_id is not None
    return {
        "start": link.mention.start,
        "end": link.mention.end,
        "text": link.mention.text,
        "long_form": link.mention.long_form,
        "concept_id": link.concept_id,
        "preferred_name": best.preferred_name if best and linked else None,
        "score": rounded(best.score) if best else None,
        "probability": rounded(link.probability),
        "semantic_types": list(best.semantic_types) if best and linked else [],
        "codes": {key: list(codes) for key, codes in best.codes.items()} if best and linked else {},
        "assertion": dict(link.assertion),
        "candidates": [candidate_record(candidate) for candidate in link.candidates],
    }


def note_json(note_id: str, links: Sequence[Link]) -> dict[str, Any]:
    """A note's links as `annotate --format jsonl` writes them.

    For NIL, `concept_id` and `preferred_name` are null, and `score` and `probability` are the best
    candidate's, which was turned down.
    """
    return {"id": note_id, "links": [link_record(link) for link in links]}


def mention_json(link: Link) -> dict[str, Any]:
    """A mention string's link as `linker link` writes it."""
    return {
        "text": link.mention.text,
        "concept_id": link.concept_id,
        "probability": rounded(link.probability),
        "candidates": [candidate_record(candidate) for candidate in link.candidates],
    }


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """A candidate as `annotate` and `link` write it."""
    return {
        "concept_id": candidate.concept_id,
        "name": candidate.preferred_name,
        "matched_name": candidate.matched_name,
        "score": rounded(candidate.score),
        "probability": rounded(candidate.probability),
    }


def rounded(value: float) -> float:
    """A score or probability as it is written."""
    # Fine enough that rounding cannot part two runs by the 1e-5 that their scores may differ by.
    return round(value, 6)


def json_text(value: object, *, indent: int | None = None) -> str:
    """A value as JSON, readable where UTF-8 can hold it: else all but ASCII stays an escape.

    Names of files, and so ids, need not be UTF-8; what is not comes as lone surrogates.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def json_line(value: dict[str, Any]) -> str:
    """One line of JSON, readable where UTF-8 can hold it: a lone surrogate stays an escape."""
    return f"{json_text(value)}\n"

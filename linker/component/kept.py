"""Where the links of spans are kept: in `doc.user_data`, as plain values, behind `span._.`."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any

from spacy.tokens import Span

from linker.errors import ConfigError
from linker.schema import Candidate, Link, Mention

_MENTION = tuple(field.name for field in fields(Mention))
_CANDIDATE = tuple(field.name for field in fields(Candidate))


def register(attribute: str) -> None:
    """Add the extensions of an attribute to `Span`, once a process.

    Raises:
        ConfigError: another component has them.
    """
    # "link" comes with "kb_ents", as scispaCy's users know it; "other" with "other_kb_ents".
    kb_ents = "kb_ents" if attribute == "link" else f"{attribute}_kb_ents"
    # No lambdas: under spawn, spaCy sends its extensions to the other processes.
    ours: dict[str, tuple[partial[Any], partial[None] | None]] = {
        attribute: (
            partial(_get_link, attribute=attribute),
            partial(_set_link, attribute=attribute),
        ),
        kb_ents: (partial(_get_kb_ents, attribute=attribute), None),
    }
    for name, (getter, setter) in ours.items():
        if not Span.has_extension(name):
            Span.set_extension(name, getter=getter, setter=setter)
        elif getattr(Span.get_extension(name)[2], "func", None) is not getter.func:
            raise ConfigError(
                f"another component has the extension span._.{name}; "
                "give concept_linker another `attribute`"
            )


def key_of(span: Span, attribute: str) -> tuple[str, str, int, int]:
    """Where `doc.user_data` holds a value of `span._`: spaCy's own layout.

    So `Doc.from_docs` and slices shift it.
    """
    return ("._.", attribute, span.start_char, span.end_char)


def _data(span: Span, attribute: str) -> dict[str, Any] | None:
    user_data: dict[Any, Any] = span.doc.user_data
    return user_data.get(key_of(span, attribute))


def _set_link(span: Span, link: Link, *, attribute: str) -> None:
    user_data: dict[Any, Any] = span.doc.user_data
    # Plain values, which msgpack can hold. `dataclasses.asdict` would copy deeply, and take longer
    # than finding and linking the mentions.
    user_data[key_of(span, attribute)] = {
        "mention": {name: getattr(link.mention, name) for name in _MENTION},
        "concept_id": link.concept_id,
        "candidates": [
            {**{name: getattr(c, name) for name in _CANDIDATE}, "features": dict(c.features)}
            for c in link.candidates
        ],
        "assertion": dict(link.assertion),
    }


def _get_kb_ents(span: Span, *, attribute: str) -> list[tuple[str, float]]:
    data = _data(span, attribute)
    if data is None or data["concept_id"] is None:
        return []
    return [(c["concept_id"], c["probability"]) for c in data["candidates"]]


def _get_link(span: Span, *, attribute: str) -> Link | None:
    data = _data(span, attribute)
    if data is None:
        return None
    candidates = tuple(
        Candidate(
            **{
                **candidate,
                "semantic_types": tuple(candidate["semantic_types"]),
                "codes": {key: tuple(codes) for key, codes in candidate["codes"].items()},
            }
        )
        for candidate in data["candidates"]
    )
    return Link(Mention(**data["mention"]), data["concept_id"], candidates, data["assertion"])

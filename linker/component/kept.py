"""Where the links of spans are kept: in `doc.user_data`, as plain values, behind `span._.`."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from operator import attrgetter
from typing import Any

from spacy.tokens import Span

from linker.errors import ConfigError
from linker.schema import Candidate, Link, Mention

_MENTION = tuple(field.name for field in fields(Mention))
_CANDIDATE = tuple(field.name for field in fields(Candidate))
_values_of = attrgetter(*_CANDIDATE)


def set_extensions(attribute: str = "link") -> None:
    """Add `._.link` and `._.kb_ents` to `Span`, as the component does when it is created.

    For a process that reads linked docs, for example from a `DocBin`, and has no component; no
    index is needed. Calling it again changes nothing.

    Args:
        attribute: as the component's: "icd" for `._.icd` and `._.icd_kb_ents`.

    Raises:
        ConfigError: another component has them.
    """
    # "link" comes with "kb_ents", as scispaCy's users know it; "other" with "other_kb_ents".
    kb_ents = "kb_ents" if attribute == "link" else f"{attribute}_kb_ents"
    # No lambdas: under spawn, spaCy sends its extensions to the other processes.
    ours: dict[str, tuple[partial[Any], partial[None]]] = {
        attribute: (
            partial(_get_link, attribute=attribute),
            partial(_set_link, attribute=attribute),
        ),
        kb_ents: (
            partial(_get_kb_ents, attribute=attribute),
            partial(_refuse_kb_ents, name=kb_ents, attribute=attribute),
        ),
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
    """What is kept of a span: of its own label, or else of the label that came last."""
    user_data: dict[Any, Any] = span.doc.user_data
    of_labels: dict[str, dict[str, Any] | None] = user_data.get(key_of(span, attribute)) or {}
    if span.label_ in of_labels:
        return of_labels[span.label_]
    return next((data for data in reversed(of_labels.values()) if data is not None), None)


def _set_link(span: Span, link: Link | dict[str, Any] | None, *, attribute: str) -> None:
    user_data: dict[Any, Any] = span.doc.user_data
    key, label = key_of(span, attribute), span.label_
    if isinstance(link, dict):
        # What `Doc.to_json` took from here, and `Doc.from_json` sets.
        user_data[key] = link
        return
    if link is not None and not isinstance(link, Link):
        raise TypeError(
            f"span._.{attribute} is set to {type(link).__name__}, expected a Link or None"
        )
    # Two spans may be the same text under two labels. A new dictionary: copies of a doc share it.
    others = {of: kept for of, kept in user_data.get(key, {}).items() if of != label}
    # None too is kept: what another label has is no link of this one.
    user_data[key] = {**others, label: None if link is None else _plain(link, span)}


def _plain(link: Link, span: Span) -> dict[str, Any]:
    """A link as values that msgpack can hold.

    `dataclasses.asdict` would copy deeply, and take longer than finding and linking the mentions.
    """
    mention = link.mention
    return {
        # From the span on: docs are joined and cut, and spaCy shifts no more than the key.
        "mention": {
            **{name: getattr(mention, name) for name in _MENTION},
            "start": mention.start - span.start_char,
            "end": mention.end - span.start_char,
        },
        "concept_id": link.concept_id,
        "candidates": [
            {
                **dict(zip(_CANDIDATE, _values_of(c), strict=True)),
                "features": dict(c.features.items()),
            }
            for c in link.candidates
        ],
        "assertion": dict(link.assertion),
    }


def _get_kb_ents(span: Span, *, attribute: str) -> list[tuple[str, float]]:
    data = _data(span, attribute)
    if data is None or data["concept_id"] is None:
        return []
    return [(c["concept_id"], c["probability"]) for c in data["candidates"]]


def _refuse_kb_ents(_: Span, value: object, *, name: str, attribute: str) -> None:  # noqa: ARG001
    # Without a setter, spaCy keeps what is set where no getter looks.
    raise AttributeError(f"span._.{name} is read from span._.{attribute}; set that, to a Link")


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
    mention: dict[str, Any] = data["mention"]
    start, end = mention["start"] + span.start_char, mention["end"] + span.start_char
    return Link(
        Mention(**{**mention, "start": start, "end": end}),
        data["concept_id"],
        candidates,
        data["assertion"],
    )

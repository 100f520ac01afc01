"""The spans of a doc and the mentions of its text: the one to the other, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from linker.component.said import said_of
from linker.errors import ConfigError
from linker.schema import Link, Mention

# A slash between words alone: in "120/80" and "1/2/2024" it stands in a number.
_JOINED = r"(?<=\w)[&|+>;\\_](?=\w)|(?<=[^\W\d])/(?=[^\W\d])"


def split_at_signs(nlp: Language) -> None:
    """Make a pipeline's tokenizer split words at signs between findings: "HTN&CKD", "fever|cough".

    spaCy's own rules keep them as one token, and a token can belong to one entity only; scispaCy's
    keep "SOB/HTN" too. The tokenizer's other rules are unchanged. Use it for pipelines without a
    trained model, or before training one: models expect the tokens that they were trained on.

    Raises:
        ConfigError: the tokenizer is not spaCy's own, or does not split words by a pattern.
    """
    tokenizer: Any = nlp.tokenizer
    # None where it has no rules yet.
    find = getattr(tokenizer, "infix_finditer", False)
    rules = getattr(find, "__self__", None)
    if not (find is None or isinstance(rules, re.Pattern)):
        raise ConfigError(
            f"the tokenizer is a {type(tokenizer).__name__} without a pattern to add to; "
            f"have it split words at {_JOINED}"
        )
    pattern, flags = (f"{rules.pattern}|{_JOINED}", rules.flags) if rules else (_JOINED, 0)
    tokenizer.infix_finditer = re.compile(pattern, flags).finditer


def mentions_of(spans: list[Span]) -> list[Mention]:
    """The mentions that spans are."""
    return [Mention(s.start_char, s.end_char, s.text, s.label_) for s in spans]


def asserted(
    spans: list[Span], links: list[Link], before: frozenset[str]
) -> list[tuple[Span, Link]]:
    """Spans that are there with their links, and what other components assert of them.

    Args:
        links: one a span, with what our rules say of it.
        before: as `set_before` gives it.
    """
    return [
        (
            span,
            Link(
                link.mention,
                link.concept_id,
                link.candidates,
                {**link.assertion, **said_of(span, before)},
            ),
        )
        for span, link in zip(spans, links, strict=True)
    ]


def spans_of(doc: Doc, links: list[Link]) -> list[tuple[Span, Link]]:
    """Links of mentions that were found, each with the tokens that it touches.

    Entities do not overlap: of mentions that touch one token one is kept, of two that touch no
    other the first. See `split_at_signs`.
    """
    pairs: dict[tuple[int, int], tuple[Span, Link]] = {}
    for link in links:
        span = doc.char_span(
            link.mention.start,
            link.mention.end,
            label=link.mention.label or "CONCEPT",
            alignment_mode="expand",
        )
        if span is not None:
            # Two mentions may touch one token: the first has it.
            pairs.setdefault((span.start, span.end), (span, link))
    kept = filter_spans([span for span, _ in pairs.values()])
    return [pairs[span.start, span.end] for span in kept]


def spans_given(doc: Doc, given: object, *, name: str) -> list[Span]:
    """What a `span_getter` gave for a doc, by their starts, of equal starts the longer first.

    Args:
        name: the component's.

    Raises:
        TypeError: it is something else than spans of the doc.
    """
    spans: list[Span] = []
    for span in given if isinstance(given, Iterable) else [given]:
        if not isinstance(span, Span) or span.doc is not doc:
            found = "a span of another doc" if isinstance(span, Span) else type(span).__name__
            raise TypeError(
                f"{name}: span_getter gave {found}; expected spans of the doc, as in [doc[2:4]]"
            )
        spans.append(span)
    return sorted(spans, key=lambda span: (span.start, -span.end))

"""What other components say of entities: negspacy and medspaCy judge negation as we do.

Their attributes are the process's, and have a default, so that one is there says nothing of a doc.
It is believed of a span for which a value was set, as they do for what they judge true, and of all
entities where a component that sets it stands before the linker: then the default says "not so".
"""

from __future__ import annotations

from typing import Any

from spacy.language import Language
from spacy.tokens import Span

from linker.component.kept import key_of

_CONTEXT = ("is_negated", "is_historical", "is_hypothetical", "is_family", "is_uncertain")
_SET_BY = {"negex": ("negex",), "medspacy_context": _CONTEXT}
"""What factories set that do not declare it: negspacy's, and medspaCy's ConText."""
_ASSERTED = {
    "negated": ("negex", "is_negated"),
    "historical": ("is_historical",),
    "hypothetical": ("is_hypothetical",),
    "family": ("is_family",),
    "uncertain": ("is_uncertain",),
}
"""Our attributes, and theirs."""


def set_before(nlp: Language, component: object, spans_key: str | None) -> frozenset[str]:
    """The attributes of spans that the components before one of a pipeline set.

    Args:
        component: the linker; one that is not in the pipeline has nothing before it.
        spans_key: that of the spans that it links, which few components look at; None for entities.
    """
    found: set[str] = set()
    for name, pipe in nlp.pipeline:
        if pipe is component:
            return frozenset(found)
        meta = nlp.get_pipe_meta(name)
        keys = nlp.get_pipe_config(name).get("span_keys") or ()
        if spans_key is None or spans_key in keys:
            found.update(_SET_BY.get(meta.factory, ()))
        found.update(attribute.removeprefix("span._.") for attribute in meta.assigns)
    return frozenset()


def said_of(span: Span, before: frozenset[str]) -> dict[str, bool]:
    """What negspacy or medspaCy says of a span, to go before our rules.

    Args:
        before: as `set_before` gives it.
    """
    said = {
        ours: [span._.get(name) for name in theirs if _speaks(name, span, before)]
        for ours, theirs in _ASSERTED.items()
    }
    return {ours: any(values) for ours, values in said.items() if values}


def _speaks(name: str, span: Span, before: frozenset[str]) -> bool:
    user_data: dict[Any, Any] = span.doc.user_data
    return Span.has_extension(name) and (name in before or key_of(span, name) in user_data)

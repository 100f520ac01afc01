"""What other components say of entities: negspacy and medspaCy judge negation as we do."""

from __future__ import annotations

from spacy.tokens import Span

_ASSERTED = {
    "negated": ("negex", "is_negated"),
    "historical": ("is_historical",),
    "hypothetical": ("is_hypothetical",),
    "family": ("is_family",),
    "uncertain": ("is_uncertain",),
}
"""Our attributes, and those of negspacy (`negex`) and of medspaCy's ConText."""


def said_of(span: Span) -> dict[str, bool]:
    """What negspacy or medspaCy says of an entity, if this process uses it, instead of our rules.

    spaCy's attributes are of the process: a doc does not say which pipeline set them.
    """
    known = {
        ours: [e for e in theirs if Span.has_extension(e)] for ours, theirs in _ASSERTED.items()
    }
    return {
        ours: any(span._.get(extension) for extension in theirs)
        for ours, theirs in known.items()
        if theirs
    }

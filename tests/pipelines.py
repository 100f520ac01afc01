"""Pipelines with the component, over an index of names that need no encoder."""

from __future__ import annotations

from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from linker.index import Index

# Names of the index alone: no encoder is loaded for them, and the fake one cannot be found by name.
TEXT = "Known heart failure (HF). Denies chest pain; father had HF. Fever, SOB.\n"
NOTES = [TEXT, "", " \n\t ", "Nothing to see.", "Fever.", "No hypertension. Nausea, nausea.", TEXT]


def pipeline(index: Index, **config: Any) -> Language:
    """A blank English pipeline that links by an index."""
    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": str(index.path), **config})
    return nlp


def ruled(index: Index, patterns: list[dict[str, Any]], **config: Any) -> Language:
    nlp = pipeline(index, **config)
    nlp.add_pipe("entity_ruler", before="concept_linker").add_patterns(patterns)
    return nlp


def seen(doc: Doc) -> list[tuple[Any, ...]]:
    return [
        (ent.text, ent.label_, ent.kb_id_, ent.id_, ent._.kb_ents, ent._.link) for ent in doc.ents
    ]

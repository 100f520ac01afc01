"""The spaCy component `concept_linker`: links the entities of a doc, under spaCy's own rules.

    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": "indexes/hpo"})
    doc = nlp("Known heart failure.")
    doc.ents[0].kb_id_, doc.ents[0]._.kb_ents, doc.ents[0]._.link

Sets on each span: `kb_id_` (the concept id, or "NIL"), `._.kb_ents` (pairs of concept id and
probability, best first; empty for NIL) and `._.link` (the `linker.Link`, turned-down candidates and
assertion included; None for a span that was not linked). They are kept as plain values in
`doc.user_data`, so they survive `to_bytes`, `DocBin(store_user_data=True)` and `n_process`. A
process that reads such docs and makes no component calls `set_extensions` first.

`nlp.to_disk` keeps the settings, in the pipeline's own `config.cfg`. The index stays where it is,
since its licence may not let it travel; where it lies elsewhere, say so when loading:

    spacy.load("pipeline", config={"components.concept_linker.index": "/data/hpo"})
"""

from linker.component.factory import create_concept_linker
from linker.component.kept import set_extensions
from linker.component.pipe import ConceptLinker
from linker.component.spans import split_at_signs

__all__ = ["ConceptLinker", "create_concept_linker", "set_extensions", "split_at_signs"]

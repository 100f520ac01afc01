"""The factory `concept_linker`: its settings, their defaults, and what they mean."""

# No `from __future__ import annotations`: confection before 1.0, as it comes with spaCy 3.7, cannot
# read types that are strings.
from collections.abc import Callable, Iterable
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc, Span

from linker.component.pipe import NO_CONCEPTS, ConceptLinker
from linker.config import DEFAULT_THRESHOLD
from linker.errors import ConfigError


@Language.factory(
    "concept_linker",
    default_config={
        "index": "",
        "encoder": None,
        "detector": "dictionary",
        "spans_key": None,
        "span_getter": None,
        "threshold": DEFAULT_THRESHOLD,
        "k": 5,
        "attribute": "link",
        "type_filter": True,
        "labels_discard": list(NO_CONCEPTS),
        "assertion_rules": None,
        "device": None,
        "backend": None,
        "scorer": {"@scorers": "spacy.entity_linker_scorer.v1"},
    },
    assigns=["doc.ents", "doc.spans", "token.ent_kb_id", "span._.kb_ents", "span._.link"],
    default_score_weights={"nel_micro_f": 1.0, "nel_micro_r": None, "nel_micro_p": None},
    retokenizes=False,
)
def create_concept_linker(
    nlp: Language,
    name: str,
    index: str | None,
    encoder: str | None,
    detector: str,
    spans_key: str | None,
    span_getter: Callable[[Doc], Iterable[Span]] | None,
    threshold: float | str,
    k: int,
    attribute: str,
    type_filter: bool,
    labels_discard: list[str],
    assertion_rules: str | None,
    device: str | None,
    backend: str | None,
    scorer: Callable[..., dict[str, Any]] | None,
) -> ConceptLinker:
    """Create the component; spaCy calls this for `nlp.add_pipe("concept_linker", config=...)`.

    Args:
        index: the index folder; required.
        encoder: where the index's encoder is now, if it has moved since the build.
        detector: finds the entities if no earlier component of the pipeline has looked for any:
            "dictionary", or an installed spaCy pipeline. Otherwise the existing entities are
            linked, and none are added: with a general "ner", add the linker `before="ner"`.
        spans_key: link `doc.spans[spans_key]`, which may overlap, instead of `doc.ents`.
        span_getter: gives the spans of a doc to link, which may overlap: `{"@misc": "my_spans.v1"}`
            names a registered function that returns the function of a doc. The linked spans are put
            into `doc.spans[spans_key]`, or under the component's name if there is no `spans_key`.
        threshold: links below this probability are NIL; or a name: "high_precision", "balanced",
            "high_recall".
        k: candidates to keep.
        attribute: the name of the `._.` attribute that holds the link. Another name allows a second
            linker in the same pipeline: "icd" gives `._.icd` and `._.icd_kb_ents`, and `kb_id_` is
            set by the last linker.
        type_filter: let an entity's label ("DISEASE", "CHEMICAL") count against concepts whose
            semantic types are of another kind.
        labels_discard: entities with one of these labels are NIL and are not looked up, as in
            spaCy's own `entity_linker`. By default, what general models call persons, places, dates
            and numbers: "Mr. Parkinson" as a PERSON is not a disease.
        assertion_rules: a TOML file with your own rules for what is negated, historical and so on:
            see docs/assertion.md.
        device: where the encoder runs.
        backend: what runs it, and in what precision ("onnx-int8"): see `Linker.load`.
        scorer: scores the links in `nlp.evaluate`. By default spaCy's scorer for entity linkers,
            which scores the `kb_id_` of entities (`nel_micro_p`, `nel_micro_r`, `nel_micro_f`)
            without NIL. It ignores `doc.spans`: with `spans_key`, give another scorer, or null.

    Raises:
        ConfigError: no index is given, a setting is invalid (`k` below 1, a threshold outside
            [0, 1], a detector that is not installed), or another component has the attribute.
        IndexFolderError: the folder does not exist, is not an index, or is damaged.
    """
    if not index:
        raise ConfigError(
            f"{name}: no index given; "
            "say nlp.add_pipe('concept_linker', config={'index': 'indexes/hpo'})"
        )
    for other, pipe in nlp.components:
        if other != name and isinstance(pipe, ConceptLinker) and pipe.attribute == attribute:
            raise ConfigError(
                f"{name}: {other} has span._.{attribute} in this pipeline already; "
                "give one of them another `attribute`"
            )
    return ConceptLinker(
        index,
        nlp=nlp,
        name=name,
        encoder=encoder,
        detector=detector,
        spans_key=spans_key,
        span_getter=span_getter,
        threshold=threshold,
        k=k,
        attribute=attribute,
        type_filter=type_filter,
        labels_discard=labels_discard,
        assertion_rules=assertion_rules,
        device=device,
        backend=backend,
        scorer=scorer,
    )

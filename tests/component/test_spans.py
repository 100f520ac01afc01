"""Which spans are linked, and which tokens they are of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import spacy
from pipelines import pipeline, ruled
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup

from linker.component import split_at_signs
from linker.component.spans import spans_of
from linker.errors import ConfigError
from linker.index import Index
from linker.schema import Link, Mention


def test_a_token_that_joins_two_words_leaves_the_mention_as_it_is(nlp: Language) -> None:
    with pytest.warns(
        UserWarning, match=r"share a token .* linker\.component\.split_at_signs"
    ) as caught:
        doc = nlp("Has chest pain_fever now.")
    assert "fever" not in str(caught[0].message)
    assert [(ent.text, ent._.link.mention.text, ent.kb_id_) for ent in doc.ents] == [
        ("chest pain_fever", "chest pain", "X:0012")
    ]
    # It has been said.
    assert len(nlp("Has chest pain_fever now.").ents) == 1


@pytest.mark.filterwarnings("ignore:.*share a token")
def test_of_two_mentions_in_one_token_the_first_has_it(nlp: Language) -> None:
    (ent,) = nlp("Has fever_nausea now.").ents
    assert (ent.text, ent._.link.mention.text, ent.kb_id_) == ("fever_nausea", "fever", "X:0006")


def test_entities_that_are_found_have_the_label_of_their_mention_in_reading_order() -> None:
    doc = spacy.blank("en")("Has fever and nausea now.")
    fever, nausea = Mention(4, 9, "fever", "DISEASE"), Mention(14, 20, "nausea")
    pairs = spans_of(doc, [Link(nausea, None), Link(fever, None)])
    assert [(span.text, span.label_, link.mention) for span, link in pairs] == [
        ("fever", "DISEASE", fever),
        ("nausea", "CONCEPT", nausea),
    ]


def test_words_joined_by_signs_can_be_split(nlp: Language, tmp_path: Path) -> None:
    split_at_signs(nlp)
    nlp.to_disk(tmp_path / "pipeline")
    text = r"Fever|nausea, SOB&HTN, fever+nausea>SOB; chest pain_fever; HTN\SOB, T38+, x-ray"
    for each in (nlp, spacy.load(tmp_path / "pipeline")):
        doc = each(text)
        assert [ent.text for ent in doc.ents] == [
            *("Fever", "nausea", "SOB", "HTN", "fever", "nausea", "SOB", "chest pain", "fever"),
            *("HTN", "SOB"),
        ]
        assert "x-ray" not in {token.text for token in doc}


def test_splitting_at_signs_leaves_the_tokenizers_other_rules() -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer.infix_finditer = re.compile("(?<=[a-z])%(?=[a-z])", re.IGNORECASE).finditer
    text = "Has HTN%CKD, beta-blocker, 5mg/24h; fever|cough"
    before = [token.text for token in nlp(text)]
    split_at_signs(nlp)
    after = [token.text for token in nlp(text)]
    assert {"beta-blocker", "5mg/24h"} < set(before)
    assert after == [*before[:-1], "fever", "|", "cough"]
    nlp.tokenizer.infix_finditer = None
    split_at_signs(nlp)
    assert [token.text for token in nlp("fever|cough")] == ["fever", "|", "cough"]


def test_a_slash_between_words_is_split_where_the_tokenizer_leaves_it() -> None:
    # As scispaCy's own tokenizer does, and with it its models.
    nlp = spacy.blank("en")
    nlp.tokenizer.infix_finditer = None
    split_at_signs(nlp)
    assert [token.text for token in nlp("fever/cough, 120/80 on 1/2/2024, 5mg/24h")] == [
        *("fever", "/", "cough", ",", "120/80", "on", "1/2/2024", ",", "5mg/24h")
    ]


def test_a_tokenizer_that_cannot_be_told_to_split_is_refused() -> None:
    nlp = spacy.blank("en")
    nlp.tokenizer.infix_finditer = lambda _: iter(())
    with pytest.raises(ConfigError, match="tokenizer is a Tokenizer without a pattern"):
        split_at_signs(nlp)
    nlp.tokenizer = lambda text: Doc(nlp.vocab, words=text.split())
    with pytest.raises(ConfigError, match="tokenizer is a function without a pattern"):
        split_at_signs(nlp)


def test_entities_of_a_ruler_are_kept_and_linked(index: Index) -> None:
    nlp = ruled(index, [{"label": "DISEASE", "pattern": "heart failure", "id": "rule-7"}])
    doc = nlp("Known heart failure, fever.")
    assert [(ent.text, ent.label_, ent.id_, ent.ent_id_, ent.kb_id_) for ent in doc.ents] == [
        ("heart failure", "DISEASE", "rule-7", "rule-7", "X:0001")
    ]
    assert doc.ents[0]._.link.mention.label == "DISEASE"


def test_entities_take_the_long_form_that_the_note_defines(index: Index) -> None:
    nlp = ruled(index, [{"label": "X", "pattern": "HF"}])
    doc = nlp("Known heart failure (HF).")
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("HF", "X:0001")]


def test_a_recogniser_that_found_nothing_is_believed(index: Index) -> None:
    nlp = ruled(index, [{"label": "X", "pattern": "no such thing"}])
    assert nlp("Known heart failure.").ents == ()


def test_detector_that_is_not_needed_is_not_loaded(index: Index) -> None:
    # A folder that is there, of no pipeline.
    nlp = ruled(index, [{"label": "X", "pattern": "fever"}], detector=str(index.path))
    assert [doc.ents[0].kb_id_ for doc in nlp.pipe(["A fever.", "The fever."])] == ["X:0006"] * 2


def test_what_is_known_of_other_tokens_stays(nlp: Language) -> None:
    component = nlp.get_pipe("concept_linker")
    doc = nlp.make_doc("Known heart failure.")
    doc.set_ents([], blocked=[doc[0:1]], missing=[doc[3:4]], default="outside")
    before = [token.ent_iob_ for token in doc]
    assert [token.ent_iob_ for token in component(doc)] == before
    assert component(doc).ents == ()


def test_spans_of_a_key_may_overlap(index: Index) -> None:
    nlp = pipeline(index, spans_key="sc")
    doc = nlp.make_doc("Known heart failure, fever.")
    group = SpanGroup(
        doc, name="sc", attrs={"scores": [0.5, 0.7, 0.9]}, spans=[doc[1:3], doc[4:5], doc[1:3]]
    )
    doc.spans["sc"] = group
    doc.ents = [Span(doc, 0, 1, label="KEPT")]
    doc = nlp.get_pipe("concept_linker")(doc)
    assert [(span.text, span.kb_id_) for span in doc.spans["sc"]] == [
        ("heart failure", "X:0001"),
        ("fever", "X:0006"),
        ("heart failure", "X:0001"),
    ]
    assert [span._.link.concept_id for span in doc.spans["sc"]] == ["X:0001", "X:0006", "X:0001"]
    assert doc.spans["sc"].attrs == {"scores": [0.5, 0.7, 0.9]}
    assert [(ent.label_, ent.kb_id_) for ent in doc.ents] == [("KEPT", "")]


def test_spans_of_a_key_keep_their_labels_and_ids(index: Index) -> None:
    nlp = pipeline(index, spans_key="sc")
    doc = nlp.make_doc("Known heart failure.")
    doc.spans["sc"] = [Span(doc, 1, 3, label="FINDING", span_id="rule-7")]
    (span,) = nlp.get_pipe("concept_linker")(doc).spans["sc"]
    assert (span.label_, span.id_, span.kb_id_) == ("FINDING", "rule-7", "X:0001")


def test_overlapping_spans_are_linked_each_by_its_text(index: Index) -> None:
    nlp = pipeline(index, spans_key="sc")
    doc = nlp.make_doc("Denies cold sensation.")
    doc.spans["sc"] = [doc[1:3], doc[1:2], doc[3:3]]
    doc = nlp.get_pipe("concept_linker")(doc)
    assert [
        (span._.link.mention.text, [c.matched_name for c in span._.link.candidates[:1]])
        for span in doc.spans["sc"]
    ] == [("cold sensation", ["Cold sensation"]), ("cold", ["Cold"]), ("", [])]
    assert doc.spans["sc"][2].kb_id_ == "NIL"


def test_doc_without_the_key_is_left_alone(index: Index) -> None:
    doc = pipeline(index, spans_key="sc")("Known heart failure.")
    assert "sc" not in doc.spans
    assert doc.ents == ()


@spacy.registry.misc("concept_linker_test.first_two.v1")
def _first_two() -> Any:
    return _two_spans


def _two_spans(doc: Doc) -> list[Span]:
    return [doc[1:2], doc[1:3]]  # They come in the order of their starts, the longer first.


@pytest.mark.parametrize("key", [None, "sc"])
def test_spans_of_a_getter_are_linked_beside_the_entities(index: Index, key: str | None) -> None:
    getter = {"@misc": "concept_linker_test.first_two.v1"}
    nlp = pipeline(index, span_getter=getter, spans_key=key)
    [doc] = nlp.pipe(["Known cold sensation."])
    spans = doc.spans[key or "concept_linker"]
    assert [(span.text, span.kb_id_) for span in spans] == [
        ("cold sensation", "X:0008"),
        ("cold", spans[1]._.link.concept_id or "NIL"),
    ]
    assert doc.ents == ()
    again = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    [back] = DocBin().from_bytes(again).get_docs(nlp.vocab)
    assert [span._.link for span in back.spans[key or "concept_linker"]] == [
        span._.link for span in spans
    ]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (lambda _: None, "NoneType"),
        (lambda doc: doc, "Token"),
        (lambda _: ["fever"], "str"),
        (lambda doc: [doc.copy()[0:1]], "a span of another doc"),
    ],
)
def test_what_is_no_span_of_the_doc_is_told_of(index: Index, given: Any, found: str) -> None:
    spacy.registry.misc("concept_linker_test.given.v1", func=lambda: given)
    nlp = pipeline(index, span_getter={"@misc": "concept_linker_test.given.v1"})
    told = f"^concept_linker: span_getter gave {found}; expected spans of the doc, "
    with pytest.raises(TypeError, match=told) as error:
        nlp("Fever and cough.")
    assert "ever" not in str(error.value)

"""What the labels of entities say for and against concepts."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from cases import build, concept
from pipelines import pipeline, ruled
from spacy.tokens import Doc, Span

from linker.index import Index


def test_an_entitys_label_speaks_for_concepts_of_its_kind(tmp_path: Path) -> None:
    concepts = [
        concept("T:1", "Lead", types=["substance"]),
        concept("T:2", "Lead poisoning", "Lead", types=["disorder"]),
    ]
    built = build(tmp_path / "index", concepts)
    found = {}
    for label, type_filter in (("DISEASE", True), ("CHEMICAL", True), ("DISEASE", False)):
        nlp = pipeline(built, type_filter=type_filter)
        ruler = nlp.add_pipe("entity_ruler", first=True)
        ruler.add_patterns([{"label": label, "pattern": "lead"}])
        ent = nlp("Found lead today.").ents[0]
        found[label, type_filter] = ent._.link.candidates[0].concept_id
    assert found == {("DISEASE", True): "T:2", ("CHEMICAL", True): "T:1", ("DISEASE", False): "T:1"}


_PERSON = {"label": "PERSON", "pattern": "HTN"}


def test_persons_places_and_dates_of_a_general_model_are_no_concepts(index: Index) -> None:
    nlp = ruled(index, [_PERSON, {"label": "X", "pattern": "Fever"}])
    doc = nlp("Dr. HTN. No HTN. Fever.")
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [
        ("HTN", "NIL"),
        ("HTN", "NIL"),
        ("Fever", "X:0006"),
    ]
    assert [(ent._.link.candidates, ent._.kb_ents) for ent in doc.ents[:2]] == [((), [])] * 2
    assert [ent._.link.assertion["negated"] for ent in doc.ents] == [False, True, False]
    # The encoder is not asked of them either.
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "DATE", "pattern": "unheard of"}])
    assert nlp("This is unheard of.").ents[0].kb_id_ == "NIL"


def test_labels_to_discard_can_be_chosen(index: Index, tmp_path: Path) -> None:
    nlp = ruled(index, [_PERSON, {"label": "X", "pattern": "Fever"}], labels_discard=["X"])
    nlp.to_disk(tmp_path / "pipeline")
    for each in (nlp, spacy.load(tmp_path / "pipeline")):
        assert [ent.kb_id_ for ent in each("HTN. Fever.").ents] == ["X:0013", "NIL"]


def test_labels_of_a_detector_are_discarded_too(index: Index) -> None:
    nlp = pipeline(index, detector="clinical", labels_discard=["DISEASE"])
    (ent,) = nlp("Denies heart failure.").ents
    assert (ent.text, ent.kb_id_, ent._.link.candidates) == ("heart failure", "NIL", ())
    assert ent._.link.assertion["negated"]


@pytest.mark.parametrize("labels", [["DISEASE", "CHEMICAL"], ["CHEMICAL", "DISEASE"]])
def test_one_text_under_two_labels_is_two_things(tmp_path: Path, labels: list[str]) -> None:
    concepts = [
        concept("T:1", "Lead", types=["substance"]),
        concept("T:2", "Lead poisoning", "Lead", types=["disorder"]),
    ]
    nlp = pipeline(build(tmp_path / "index", concepts), spans_key="sc", threshold=0)
    doc = nlp.make_doc("Found lead today.")
    doc.spans["sc"] = [Span(doc, 1, 2, label=label) for label in labels]
    doc = nlp.get_pipe("concept_linker")(doc)
    expected = {"DISEASE": "T:2", "CHEMICAL": "T:1"}
    for each in (doc, Doc(nlp.vocab).from_bytes(doc.to_bytes())):
        found = [
            (s.label_, s.kb_id_, s._.link.concept_id, s._.link.mention.label, s._.kb_ents[0][0])
            for s in each.spans["sc"]
        ]
        assert found == [(of, expected[of], expected[of], of, expected[of]) for of in labels]
        # A span of one's own, without either label, has what was linked last.
        assert each[1:2]._.link.concept_id == expected[labels[1]]
        # The link of one is taken away, and the other's stays.
        first, second = each.spans["sc"]
        second._.link = None
        assert (second._.link, second._.kb_ents) == (None, [])
        assert first._.link.concept_id == each[1:2]._.link.concept_id == expected[labels[0]]

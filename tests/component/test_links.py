"""What the component sets: spans, ids, links."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import spacy
from cases import CONCEPTS, FakeEncoder, build, concept, recipe, write_jsonl
from pipelines import NOTES, TEXT, pipeline, ruled
from spacy import displacy
from spacy.language import Language

from linker import Link, Linker, build_index
from linker.errors import ConfigError, EncoderError
from linker.index import Index
from linker.offline import overlay_index


def test_blank_pipeline_finds_its_own_mentions(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert [(ent.text, ent.label_, ent.kb_id_) for ent in doc.ents] == [
        ("heart failure", "CONCEPT", "X:0001"),
        ("HF", "CONCEPT", "X:0001"),
        ("chest pain", "CONCEPT", "X:0012"),
        ("HF", "CONCEPT", "X:0001"),
        ("Fever", "CONCEPT", "X:0006"),
        ("SOB", "CONCEPT", "X:0014"),
    ]


def test_links_are_those_of_annotate(nlp: Language, linker: Linker) -> None:
    for text in NOTES:
        assert [ent._.link for ent in nlp(text).ents] == linker.annotate(text)


def test_letters_of_the_house_are_what_it_says_whoever_found_them(tmp_path: Path) -> None:
    folder, local = build(tmp_path / "mini").path, tmp_path / "local.csv"
    local.write_text("concept_id,name\nX:0015,SOB\n")
    overlay_index(folder, [local], encoder=FakeEncoder())
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "FINDING", "pattern": word} for word in ("SOB", "HTN")])
    nlp.add_pipe("concept_linker", config={"index": str(folder)})
    linker = nlp.get_pipe("concept_linker").linker
    linker._encoder = FakeEncoder()
    assert [ent.kb_id_ for ent in nlp("SOB and HTN.").ents] == ["X:0015", "X:0013"]


def test_kb_ents_are_pairs_best_first(nlp: Language) -> None:
    ent = nlp("Known heart failure.").ents[0]
    pairs = ent._.kb_ents
    assert pairs[0][0] == "X:0001"
    assert pairs == [(c.concept_id, c.probability) for c in ent._.link.candidates]
    assert pairs == sorted(pairs, key=lambda pair: -pair[1])
    assert all(type(pair) is tuple and type(pair[1]) is float for pair in pairs)


def test_link_is_a_link_with_offsets_and_assertion(nlp: Language) -> None:
    doc = nlp(TEXT)
    link = doc.ents[2]._.link
    assert isinstance(link, Link)
    assert (link.mention.start, link.mention.end) == (doc.ents[2].start_char, doc.ents[2].end_char)
    assert link.assertion["negated"]
    assert doc.ents[3]._.link.assertion["family"]
    assert link.candidates[0].matched_name == "Chest pain"
    assert doc.ents[0]._.link.candidates[0].codes == {"OTHER": ("42", "43"), "THIRD": ("H1",)}


def test_tokens_know_the_concept(nlp: Language) -> None:
    doc = nlp("Known heart failure.")
    assert [token.ent_kb_id_ for token in doc] == ["", "X:0001", "X:0001", ""]


def test_nil_keeps_what_was_turned_down(index: Index) -> None:
    ent = pipeline(index, threshold=1.0)("Known heart failure.").ents[0]
    assert ent.kb_id_ == "NIL"
    assert ent._.kb_ents == []
    assert ent._.link.concept_id is None
    assert ent._.link.candidates[0].concept_id == "X:0001"


def test_a_span_that_was_not_linked_has_no_link(nlp: Language) -> None:
    span = nlp("Known heart failure.")[0:1]
    assert span._.link is None
    assert span._.kb_ents == []


def test_k_bounds_the_candidates(index: Index) -> None:
    ent = pipeline(index, k=2)("Known heart failure.").ents[0]
    assert len(ent._.link.candidates) == len(ent._.kb_ents) == 2


def test_threshold_may_be_set_at_any_time(nlp: Language) -> None:
    component = nlp.get_pipe("concept_linker")
    assert component.threshold == 0.35
    component.threshold = "high_precision"
    assert component.threshold == component.linker.threshold == 0.7
    component.threshold = 1
    assert [ent.kb_id_ for ent in nlp("Fever.").ents] == ["NIL"]
    assert pickle.loads(pickle.dumps(component)).threshold == 1
    with pytest.raises(ConfigError, match=r"^concept_linker: threshold is 1\.5; give a probab"):
        component.threshold = 1.5
    assert component.threshold == 1


def test_k_bounds_the_candidates_of_entities_that_are_there(index: Index) -> None:
    ent = ruled(index, [{"label": "X", "pattern": "Fever"}], k=1)("Fever.").ents[0]
    assert len(ent._.link.candidates) == 1


def test_display_shows_the_concept(nlp: Language) -> None:
    html = displacy.render(
        nlp("Known heart failure."),
        style="ent",
        jupyter=False,
        options={"kb_url_template": "https://example.org/{}"},
    )
    assert "X:0001" in html
    assert "https://example.org/X:0001" in html


@pytest.mark.parametrize("text", ["", " ", "\n\n \t", "No such thing."])
def test_docs_without_mentions(nlp: Language, text: str) -> None:
    doc = nlp(text)
    assert doc.text == text
    assert doc.ents == ()


def test_two_linkers_in_one_pipeline(index: Index, tmp_path: Path) -> None:
    other = build(tmp_path / "other", [concept("Y:1", "Heart failure"), concept("Y:2", "Flu")])
    nlp = pipeline(index)
    nlp.add_pipe(
        "concept_linker", name="second", config={"index": str(other.path), "attribute": "icd"}
    )
    ent = nlp("Known heart failure.").ents[0]
    assert ent._.link.concept_id == "X:0001"
    assert ent._.kb_ents[0][0] == "X:0001"
    assert ent._.icd.concept_id == "Y:1"
    assert ent._.icd_kb_ents[0][0] == "Y:1"
    assert ent.kb_id_ == "Y:1"


@pytest.mark.parametrize("detector", ["clinical", "dictionary+clinical"])
def test_detectors_by_name_give_what_annotate_gives(index: Index, detector: str) -> None:
    # Texts of which the dictionary has every mention: the fake encoder cannot be found by name.
    texts = ["Known heart failure.", "", "Denies fever or nausea."]
    linker = Linker.load(index.path, detector=detector)
    expected = [[(k.mention.start, k.concept_id) for k in linker.annotate(t)] for t in texts]
    nlp = pipeline(index, detector=detector)
    for batch_size in (1, 3):
        docs = nlp.pipe(texts, batch_size=batch_size)
        seen = [[(e.start_char, e._.link.concept_id) for e in doc.ents] for doc in docs]
        assert seen == expected
    assert expected[0] == [(6, "X:0001")]


def test_knowledge_base_as_scispacys_users_write_it(nlp: Language) -> None:
    linker: Any = nlp.get_pipe("concept_linker")
    [(concept_id, _), *_] = nlp("Known heart attack.").ents[0]._.kb_ents
    entity = linker.kb.cui_to_entity[concept_id]
    assert (entity.concept_id, entity.canonical_name) == ("X:0002", "Myocardial infarction")
    assert entity.aliases == ["Heart attack"]


@pytest.mark.model
def test_words_that_no_name_has_are_linked_by_the_encoder(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "source.jsonl", CONCEPTS)
    index = build_index(
        recipe(terminology={"source": "jsonl", "path": str(source)}), tmp_path / "index"
    )
    patterns = [{"label": "X", "pattern": [{"LOWER": "failing"}, {"LOWER": "heart"}]}]
    nlp = ruled(index, patterns)
    texts = ["Failing heart.", "Known failing heart."]
    assert [doc.ents[0].kb_id_ for doc in nlp.pipe(texts)] == ["X:0001", "X:0001"]
    with pytest.raises(EncoderError, match="device 'nowhere' cannot be used"):
        ruled(index, patterns, device="nowhere")(texts[0])

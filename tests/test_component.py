from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from cases import CONCEPTS, PATIENCE, FakeEncoder, build, concept, recipe, write_jsonl
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, SpanGroup
from spacy.tokens.underscore import Underscore
from spacy.training import Example
from spacy.util import raise_error

from linker import Link, Linker, build_index
from linker.component import set_extensions, split_at_signs
from linker.errors import ConfigError, EncoderError, IndexFolderError
from linker.index import Index
from linker.offline import overlay_index

# Names of the index alone: no encoder is loaded for them, and the fake one cannot be found by name.
TEXT = "Known heart failure (HF). Denies chest pain; father had HF. Fever, SOB.\n"
NOTES = [TEXT, "", " \n\t ", "Nothing to see.", "Fever.", "No hypertension. Nausea, nausea.", TEXT]


@pytest.fixture
def nlp(index: Index) -> Language:
    return _pipeline(index)


@pytest.fixture(autouse=True)
def extensions() -> Iterator[None]:
    """Leave spaCy's extensions, which are the process's, as they were."""
    before = Underscore.span_extensions
    Underscore.span_extensions = before.copy()
    yield
    Underscore.span_extensions = before


def _pipeline(index: Index, **config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": str(index.path), **config})
    return nlp


def _seen(doc: Doc) -> list[tuple[Any, ...]]:
    return [
        (ent.text, ent.label_, ent.kb_id_, ent.id_, ent._.kb_ents, ent._.link) for ent in doc.ents
    ]


# What it sets


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
    linker._given_encoder = FakeEncoder()
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
    ent = _pipeline(index, threshold=1.0)("Known heart failure.").ents[0]
    assert ent.kb_id_ == "NIL"
    assert ent._.kb_ents == []
    assert ent._.link.concept_id is None
    assert ent._.link.candidates[0].concept_id == "X:0001"


def test_a_span_that_was_not_linked_has_no_link(nlp: Language) -> None:
    span = nlp("Known heart failure.")[0:1]
    assert span._.link is None
    assert span._.kb_ents == []


def test_k_bounds_the_candidates(index: Index) -> None:
    ent = _pipeline(index, k=2)("Known heart failure.").ents[0]
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
    ent = _ruled(index, [{"label": "X", "pattern": "Fever"}], k=1)("Fever.").ents[0]
    assert len(ent._.link.candidates) == 1


def test_a_batch_of_no_docs_is_refused(nlp: Language) -> None:
    docs = nlp.get_pipe("concept_linker").pipe([nlp.make_doc("Fever.")], batch_size=0)
    with pytest.raises(ValueError, match="batch_size is 0; take at least 1 doc at a time"):
        next(docs)


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


def test_display_shows_the_concept(nlp: Language) -> None:
    html = displacy.render(
        nlp("Known heart failure."),
        style="ent",
        jupyter=False,
        options={"kb_url_template": "https://example.org/{}"},
    )
    assert "X:0001" in html
    assert "https://example.org/X:0001" in html


# Whose entities


def _ruled(index: Index, patterns: list[dict[str, Any]], **config: Any) -> Language:
    nlp = _pipeline(index, **config)
    nlp.add_pipe("entity_ruler", before="concept_linker").add_patterns(patterns)
    return nlp


def test_entities_of_a_ruler_are_kept_and_linked(index: Index) -> None:
    nlp = _ruled(index, [{"label": "DISEASE", "pattern": "heart failure", "id": "rule-7"}])
    doc = nlp("Known heart failure, fever.")
    assert [(ent.text, ent.label_, ent.id_, ent.ent_id_, ent.kb_id_) for ent in doc.ents] == [
        ("heart failure", "DISEASE", "rule-7", "rule-7", "X:0001")
    ]
    assert doc.ents[0]._.link.mention.label == "DISEASE"


def test_entities_take_the_long_form_that_the_note_defines(index: Index) -> None:
    nlp = _ruled(index, [{"label": "X", "pattern": "HF"}])
    doc = nlp("Known heart failure (HF).")
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("HF", "X:0001")]


def test_a_recogniser_that_found_nothing_is_believed(index: Index) -> None:
    nlp = _ruled(index, [{"label": "X", "pattern": "no such thing"}])
    assert nlp("Known heart failure.").ents == ()


def test_detector_that_is_not_needed_is_not_loaded(index: Index) -> None:
    # A folder that is there, of no pipeline.
    nlp = _ruled(index, [{"label": "X", "pattern": "fever"}], detector=str(index.path))
    assert [doc.ents[0].kb_id_ for doc in nlp.pipe(["A fever.", "The fever."])] == ["X:0006"] * 2


def test_what_is_known_of_other_tokens_stays(nlp: Language) -> None:
    component = nlp.get_pipe("concept_linker")
    doc = nlp.make_doc("Known heart failure.")
    doc.set_ents([], blocked=[doc[0:1]], missing=[doc[3:4]], default="outside")
    before = [token.ent_iob_ for token in doc]
    assert [token.ent_iob_ for token in component(doc)] == before
    assert component(doc).ents == ()


def test_spans_of_a_key_may_overlap(index: Index) -> None:
    nlp = _pipeline(index, spans_key="sc")
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
    nlp = _pipeline(index, spans_key="sc")
    doc = nlp.make_doc("Known heart failure.")
    doc.spans["sc"] = [Span(doc, 1, 3, label="FINDING", span_id="rule-7")]
    (span,) = nlp.get_pipe("concept_linker")(doc).spans["sc"]
    assert (span.label_, span.id_, span.kb_id_) == ("FINDING", "rule-7", "X:0001")


def test_overlapping_spans_are_linked_each_by_its_text(index: Index) -> None:
    nlp = _pipeline(index, spans_key="sc")
    doc = nlp.make_doc("Denies cold sensation.")
    doc.spans["sc"] = [doc[1:3], doc[1:2], doc[3:3]]
    doc = nlp.get_pipe("concept_linker")(doc)
    assert [
        (span._.link.mention.text, [c.matched_name for c in span._.link.candidates[:1]])
        for span in doc.spans["sc"]
    ] == [("cold sensation", ["Cold sensation"]), ("cold", ["Cold"]), ("", [])]
    assert doc.spans["sc"][2].kb_id_ == "NIL"


def test_doc_without_the_key_is_left_alone(index: Index) -> None:
    doc = _pipeline(index, spans_key="sc")("Known heart failure.")
    assert "sc" not in doc.spans
    assert doc.ents == ()


@pytest.mark.parametrize("text", ["", " ", "\n\n \t", "No such thing."])
def test_docs_without_mentions(nlp: Language, text: str) -> None:
    doc = nlp(text)
    assert doc.text == text
    assert doc.ents == ()


def test_two_linkers_in_one_pipeline(index: Index, tmp_path: Path) -> None:
    other = build(tmp_path / "other", [concept("Y:1", "Heart failure"), concept("Y:2", "Flu")])
    nlp = _pipeline(index)
    nlp.add_pipe(
        "concept_linker", name="second", config={"index": str(other.path), "attribute": "icd"}
    )
    ent = nlp("Known heart failure.").ents[0]
    assert ent._.link.concept_id == "X:0001"
    assert ent._.kb_ents[0][0] == "X:0001"
    assert ent._.icd.concept_id == "Y:1"
    assert ent._.icd_kb_ents[0][0] == "Y:1"
    assert ent.kb_id_ == "Y:1"


@spacy.registry.misc("concept_linker_test.first_two.v1")
def _first_two() -> Any:
    return _two_spans


def _two_spans(doc: Doc) -> list[Span]:
    return [doc[1:2], doc[1:3]]  # They come in the order of their starts, the longer first.


@pytest.mark.parametrize("key", [None, "sc"])
def test_spans_of_a_getter_are_linked_beside_the_entities(index: Index, key: str | None) -> None:
    getter = {"@misc": "concept_linker_test.first_two.v1"}
    nlp = _pipeline(index, span_getter=getter, spans_key=key)
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
    nlp = _pipeline(index, span_getter={"@misc": "concept_linker_test.given.v1"})
    told = f"^concept_linker: span_getter gave {found}; expected spans of the doc, "
    with pytest.raises(TypeError, match=told) as error:
        nlp("Fever and cough.")
    assert "ever" not in str(error.value)


@pytest.mark.parametrize("detector", ["clinical", "dictionary+clinical"])
def test_detectors_by_name_give_what_annotate_gives(index: Index, detector: str) -> None:
    # Texts of which the dictionary has every mention: the fake encoder cannot be found by name.
    texts = ["Known heart failure.", "", "Denies fever or nausea."]
    linker = Linker.load(index.path, detector=detector)
    expected = [[(k.mention.start, k.concept_id) for k in linker.annotate(t)] for t in texts]
    nlp = _pipeline(index, detector=detector)
    for batch_size in (1, 3):
        docs = nlp.pipe(texts, batch_size=batch_size)
        seen = [[(e.start_char, e._.link.concept_id) for e in doc.ents] for doc in docs]
        assert seen == expected
    assert expected[0] == [(6, "X:0001")]


# What spaCy asks of a component


def test_knowledge_base_as_scispacys_users_write_it(nlp: Language) -> None:
    linker: Any = nlp.get_pipe("concept_linker")
    [(concept_id, _), *_] = nlp("Known heart attack.").ents[0]._.kb_ents
    entity = linker.kb.cui_to_entity[concept_id]
    assert (entity.concept_id, entity.canonical_name) == ("X:0002", "Myocardial infarction")
    assert entity.aliases == ["Heart attack"]


def _example(nlp: Language, text: str, gold: list[tuple[int, int, str]]) -> Example:
    predicted, reference = nlp.make_doc(text), nlp.make_doc(text)
    reference.ents = [
        reference.char_span(start, end, label="CONCEPT", kb_id=kb_id) for start, end, kb_id in gold
    ]
    return Example(predicted, reference)


def test_evaluate_scores_the_links(nlp: Language) -> None:
    text = "Known heart failure. Denies fever. Nausea."
    right = _example(nlp, text, [(6, 19, "X:0001"), (28, 33, "X:0006"), (35, 41, "X:0015")])
    assert nlp.evaluate([right])["nel_micro_f"] == 1.0
    # One id is another's, one span is not in the gold annotation.
    wrong = _example(nlp, text, [(6, 19, "X:0001"), (28, 33, "X:0015")])
    scores = nlp.evaluate([wrong])
    assert scores["nel_micro_p"] == pytest.approx(1 / 2)
    assert scores["nel_micro_r"] == pytest.approx(1 / 2)


def test_scorer_can_be_left_out(index: Index) -> None:
    nlp = _pipeline(index, scorer=None)
    assert "nel_micro_f" not in nlp.evaluate([_example(nlp, "Fever.", [])])


def test_pipes_can_be_analysed(nlp: Language) -> None:
    analysis = nlp.analyze_pipes(keys=["assigns", "requires", "retokenizes", "scores"])
    assert analysis["summary"]["concept_linker"] == {
        "assigns": ["doc.ents", "doc.spans", "token.ent_kb_id", "span._.kb_ents", "span._.link"],
        "requires": [],
        "retokenizes": False,
        "scores": ["nel_micro_f", "nel_micro_r", "nel_micro_p"],
    }
    assert analysis["problems"]["concept_linker"] == []


# What is refused


def test_unknown_setting_is_named(index: Index) -> None:
    with pytest.raises(ValueError, match="treshold"):
        _pipeline(index, treshold=0.9)


def test_an_entitys_label_speaks_for_concepts_of_its_kind(tmp_path: Path) -> None:
    concepts = [
        concept("T:1", "Lead", types=["substance"]),
        concept("T:2", "Lead poisoning", "Lead", types=["disorder"]),
    ]
    built = build(tmp_path / "index", concepts)
    found = {}
    for label, type_filter in (("DISEASE", True), ("CHEMICAL", True), ("DISEASE", False)):
        nlp = _pipeline(built, type_filter=type_filter)
        ruler = nlp.add_pipe("entity_ruler", first=True)
        ruler.add_patterns([{"label": label, "pattern": "lead"}])
        ent = nlp("Found lead today.").ents[0]
        found[label, type_filter] = ent._.link.candidates[0].concept_id
    assert found == {("DISEASE", True): "T:2", ("CHEMICAL", True): "T:1", ("DISEASE", False): "T:1"}


@pytest.mark.parametrize("found_before", [False, True])
def test_rules_of_the_house(index: Index, tmp_path: Path, found_before: bool) -> None:
    rules = tmp_path / "house.toml"
    rules.write_text(
        '[[trigger]]\nattribute = "negated"\ndirection = "backward"\nphrases = ["went by"]\n'
    )
    nlp = _pipeline(index, assertion_rules=str(rules))
    if found_before:
        ruler = nlp.add_pipe("entity_ruler", first=True)
        ruler.add_patterns([{"label": "X", "pattern": "Fever"}])
    ents = nlp("Fever went by. Known fever.").ents
    assert [ent._.link.assertion["negated"] for ent in ents[:1]] == [True]
    nlp.to_disk(tmp_path / "nlp")
    (ent,) = spacy.load(tmp_path / "nlp")("Fever went by.").ents
    assert ent._.link.assertion["negated"]


_PERSON = {"label": "PERSON", "pattern": "HTN"}


def test_persons_places_and_dates_of_a_general_model_are_no_concepts(index: Index) -> None:
    nlp = _ruled(index, [_PERSON, {"label": "X", "pattern": "Fever"}])
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
    nlp = _ruled(index, [_PERSON, {"label": "X", "pattern": "Fever"}], labels_discard=["X"])
    nlp.to_disk(tmp_path / "pipeline")
    for each in (nlp, spacy.load(tmp_path / "pipeline")):
        assert [ent.kb_id_ for ent in each("HTN. Fever.").ents] == ["X:0013", "NIL"]


def test_labels_of_a_detector_are_discarded_too(index: Index) -> None:
    nlp = _pipeline(index, detector="clinical", labels_discard=["DISEASE"])
    (ent,) = nlp("Denies heart failure.").ents
    assert (ent.text, ent.kb_id_, ent._.link.candidates) == ("heart failure", "NIL", ())
    assert ent._.link.assertion["negated"]


class _Negation:
    """As negspacy and medspaCy do: registers an extension with a default, sets what is true."""

    def __init__(self, extension: str, true_of: str) -> None:
        self.extension, self.true_of = extension, true_of
        if not Span.has_extension(extension):
            Span.set_extension(extension, default=False)

    def __call__(self, doc: Doc) -> Doc:
        for ent in doc.ents:
            if ent.text == self.true_of:
                ent._.set(self.extension, True)
        return doc


@Language.factory("negex")
@Language.factory("medspacy_context")
@Language.factory("concept_linker_test_negation", assigns=["span._.negex"])
def _negation(
    nlp: Language,
    name: str,
    extension: str,
    true_of: str = "",
    span_keys: list[str] | None = None,
) -> _Negation:
    return _Negation(extension, true_of)


def _with_negation(index: Index, extension: str, words: list[str], true_of: str) -> Language:
    """A pipeline in which a component judges the entities before they are linked."""
    nlp = _ruled(index, [{"label": "X", "pattern": word} for word in words])
    nlp.add_pipe(
        "negex" if extension == "negex" else "medspacy_context",
        name="negation",
        before="concept_linker",
        config={"extension": extension, "true_of": true_of},
    )
    return nlp


@pytest.mark.parametrize("labels", [["DISEASE", "CHEMICAL"], ["CHEMICAL", "DISEASE"]])
def test_one_text_under_two_labels_is_two_things(tmp_path: Path, labels: list[str]) -> None:
    concepts = [
        concept("T:1", "Lead", types=["substance"]),
        concept("T:2", "Lead poisoning", "Lead", types=["disorder"]),
    ]
    nlp = _pipeline(build(tmp_path / "index", concepts), spans_key="sc", threshold=0)
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


@pytest.mark.parametrize(
    ("extension", "attribute"),
    [
        ("negex", "negated"),
        ("is_negated", "negated"),
        ("is_historical", "historical"),
        ("is_hypothetical", "hypothetical"),
        ("is_family", "family"),
        ("is_uncertain", "uncertain"),
    ],
)
def test_what_negspacy_or_medspacy_says_of_an_entity_counts(
    index: Index, extension: str, attribute: str
) -> None:
    nlp = _with_negation(index, extension, ["heart failure", "Fever"], true_of="Fever")
    found = [ent._.link.assertion[attribute] for ent in nlp("No heart failure. Fever.").ents]
    # Our own rules would have called the first one negated, and the second nothing.
    assert found == [False, True]
    # What they do not speak of is for our rules.
    ent = nlp("No heart failure.").ents[0]
    assert ent._.link.assertion["negated"] is (attribute != "negated")


def test_what_they_say_goes_along_to_another_process(index: Index) -> None:
    nlp = _with_negation(index, "negex", ["heart failure", "Fever"], true_of="Fever")
    component = pickle.loads(pickle.dumps(nlp.get_pipe("concept_linker")))
    doc = nlp.make_doc("No heart failure. Fever.")
    for name in ("entity_ruler", "negation"):
        doc = nlp.get_pipe(name)(doc)
    assert [ent._.link.assertion["negated"] for ent in component(doc).ents] == [False, True]


def test_what_comes_after_the_linker_or_is_of_another_pipeline_is_not_believed(
    index: Index,
) -> None:
    before = _with_negation(index, "negex", ["heart failure"], true_of="Fever")
    after = _ruled(index, [{"label": "X", "pattern": "heart failure"}])
    after.add_pipe("concept_linker_test_negation", config={"extension": "negex"})
    without = _ruled(index, [{"label": "X", "pattern": "heart failure"}])
    off = _with_negation(index, "negex", ["heart failure"], true_of="Fever")
    off.disable_pipe("negation")
    found = [
        nlp("No heart failure.").ents[0]._.link.assertion["negated"]
        for nlp in (before, after, without, off)
    ]
    assert found == [False, True, True, True]


def test_a_value_that_a_doc_brings_along_is_believed(index: Index) -> None:
    Span.set_extension("is_family", default=False)
    nlp = _ruled(index, [{"label": "X", "pattern": word} for word in ("Fever", "heart failure")])
    doc = nlp.get_pipe("entity_ruler")(nlp.make_doc("Mother: heart failure. Fever."))
    doc.ents[1]._.is_family = True
    doc = nlp.get_pipe("concept_linker")(doc)
    assert [ent._.link.assertion["family"] for ent in doc.ents] == [True, True]
    doc.ents[0]._.is_family = False
    doc = nlp.get_pipe("concept_linker")(doc)
    assert [ent._.link.assertion["family"] for ent in doc.ents] == [False, True]


@pytest.mark.parametrize(("keys", "negated"), [(None, True), (["sc"], False)])
def test_spans_of_a_key_are_judged_by_what_looks_at_them(
    index: Index, keys: list[str] | None, negated: bool
) -> None:
    nlp = _pipeline(index, spans_key="sc")
    nlp.add_pipe(
        "negex", first=True, config={"extension": "negex", "true_of": "", "span_keys": keys}
    )
    doc = nlp.make_doc("No heart failure.")
    doc.spans["sc"] = [doc[1:3]]
    for _, pipe in nlp.pipeline:
        doc = pipe(doc)
    assert doc.spans["sc"][0]._.link.assertion["negated"] is negated


def test_one_of_two_that_speak_of_negation_is_enough(index: Index) -> None:
    for extension in ("negex", "is_negated"):
        Span.set_extension(extension, default=False)
    nlp = _ruled(index, [{"label": "X", "pattern": "Fever"}])
    doc = nlp.get_pipe("entity_ruler")(nlp.make_doc("Fever."))
    doc.ents[0]._.negex = True
    assert nlp.get_pipe("concept_linker")(doc).ents[0]._.link.assertion["negated"] is True


def test_mentions_that_we_found_ourselves_have_our_assertions(index: Index) -> None:
    Span.set_extension("is_negated", default=False)
    ent = _pipeline(index)("No heart failure.").ents[0]
    assert ent._.link.assertion["negated"] is True


def test_index_must_be_given() -> None:
    with pytest.raises(ConfigError, match="no index given"):
        spacy.blank("en").add_pipe("concept_linker")


def test_index_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match="nowhere: does not exist"):
        spacy.blank("en").add_pipe("concept_linker", config={"index": str(tmp_path / "nowhere")})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": "5"}, "k is str, expected int"),
        ({"threshold": 2.0}, "threshold is 2.0"),
        ({"threshold": "sure"}, "threshold is sure"),
        ({"detector": "no_such_model"}, "no_such_model: no such spaCy pipeline"),
        ({"detector": "dictionary+"}, "'dictionary.': a detector without a name"),
        ({"assertion_rules": "none.toml"}, "none.toml: cannot be read"),
        ({"backend": "tourch"}, "backend 'tourch' is not known; known: auto"),
        ({"attribute": ""}, "attribute is ''"),
        ({"spans_key": ""}, "spans_key is ''"),
        ({"attribute": "has-dash"}, "attribute is 'has-dash'"),
        ({"attribute": "class"}, "attribute is 'class'"),
    ],
)
def test_settings_that_cannot_be(index: Index, setting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^concept_linker: {message}"):
        _pipeline(index, **setting)


def test_two_linkers_of_one_attribute_are_refused(index: Index) -> None:
    nlp = _pipeline(index)
    with pytest.raises(ConfigError, match=r"^second: concept_linker has span\._\.link in this"):
        nlp.add_pipe("concept_linker", name="second", config={"index": str(index.path)})
    nlp.replace_pipe("concept_linker", "concept_linker", config={"index": str(index.path), "k": 1})
    assert len(nlp("Fever.").ents[0]._.link.candidates) == 1


@pytest.mark.parametrize("name", ["link", "kb_ents"])
def test_attribute_of_another_component_is_not_taken(index: Index, name: str) -> None:
    Span.set_extension(name, default=None, force=True)
    with pytest.raises(ConfigError, match=rf"span\._\.{name}"):
        _pipeline(index)
    ent = _pipeline(index, attribute="concept")("Known heart failure.").ents[0]
    assert ent._.concept.concept_id == ent._.concept_kb_ents[0][0] == "X:0001"


def test_missing_encoder_is_an_error_of_the_doc_that_needs_it(index: Index) -> None:
    nlp = _ruled(index, [{"label": "X", "pattern": "unheard of"}])
    with pytest.raises(EncoderError, match="fake"):
        nlp("This is unheard of.")


def test_the_encoder_that_is_given_is_looked_for(index: Index) -> None:
    nlp = _ruled(index, [{"label": "X", "pattern": "unheard of"}], encoder="/nowhere/model")
    with pytest.raises(EncoderError, match=r"^/nowhere/model: no such encoder"):
        nlp("This is unheard of.")


def test_error_handler_of_the_pipeline_is_asked(index: Index) -> None:
    nlp = _ruled(index, [{"label": "X", "pattern": "unheard of"}, {"label": "X", "pattern": "SOB"}])
    failed: list[tuple[str, list[str]]] = []
    nlp.set_error_handler(
        lambda name, proc, docs, error: failed.append((name, [doc.text for doc in docs]))
    )
    docs = list(nlp.pipe(["SOB.", "This is unheard of.", "No SOB."], batch_size=1))
    assert [doc.text for doc in docs] == ["SOB.", "No SOB."]
    assert failed == [("concept_linker", ["This is unheard of."])]


def test_only_docs_that_fail_are_the_error_handlers(index: Index) -> None:
    @spacy.registry.misc("concept_linker_test.failing.v1")
    def make() -> Any:
        def get(doc: Doc) -> list[Span]:
            if "bad" in doc.text:
                raise RuntimeError("not this one")
            return [doc[0:1]]

        return get

    nlp = _pipeline(index, span_getter={"@misc": "concept_linker_test.failing.v1"})
    failed: list[tuple[list[str], str]] = []
    nlp.set_error_handler(
        lambda name, proc, docs, error: failed.append(([doc.text for doc in docs], str(error)))
    )
    texts = ["SOB 1", "bad 2", "SOB 3", "bad 4", "SOB 5", "SOB 6"]
    docs = list(nlp.pipe(texts, batch_size=5))
    assert [doc.text for doc in docs] == ["SOB 1", "SOB 3", "SOB 5", "SOB 6"]
    assert [doc.spans["concept_linker"][0].kb_id_ for doc in docs] == ["X:0014"] * 4
    assert failed == [(["bad 2"], "not this one"), (["bad 4"], "not this one")]
    nlp.set_error_handler(raise_error)
    with pytest.raises(RuntimeError, match="not this one"):
        list(nlp.pipe(texts))


def test_docs_beside_one_that_fails_come_out_as_ever(index: Index) -> None:
    nlp = _pipeline(index)
    expected = [_seen(nlp(text)) for text in NOTES]
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "X", "pattern": "unheard"}])
    bad = nlp.get_pipe("entity_ruler")(nlp.make_doc("This is unheard of."))
    nlp.remove_pipe("entity_ruler")
    nlp.set_error_handler(lambda *_: None)
    docs = nlp.pipe([*map(nlp.make_doc, NOTES[:2]), bad, *map(nlp.make_doc, NOTES[2:])])
    assert [_seen(doc) for doc in docs] == expected


# Whole streams


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_batches_change_nothing(nlp: Language, batch_size: int) -> None:
    alone = [_seen(nlp(text)) for text in NOTES]
    docs = list(nlp.pipe(NOTES, batch_size=batch_size))
    assert [doc.text for doc in docs] == NOTES
    assert [_seen(doc) for doc in docs] == alone


def test_stream_is_taken_as_it_is_needed(nlp: Language) -> None:
    taken = []

    def texts() -> Iterator[str]:
        for text in NOTES * 4:
            taken.append(text)
            yield text

    next(iter(nlp.pipe(texts(), batch_size=2)))
    assert len(taken) < len(NOTES)


# Nothing of ours is imported: the factory is an entry point.
_SCRIPT = """
import multiprocessing, pickle, sys
import spacy

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": sys.argv[2]})
    texts = pickle.load(sys.stdin.buffer)
    docs = list(nlp.pipe(texts, n_process=2, batch_size=2))
    rows = [
        [(e.text, e.label_, e.kb_id_, e.id_, e._.kb_ents, e._.link) for e in doc.ents]
        for doc in docs
    ]
    sys.stdout.buffer.write(pickle.dumps(rows))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_works_in_processes_without_any_import(
    nlp: Language, index: Index, tmp_path: Path, method: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", script, method, index.path],
        input=pickle.dumps(NOTES),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    assert pickle.loads(done.stdout) == [_seen(nlp(text)) for text in NOTES]


def test_a_long_note_takes_time_by_its_length(nlp: Language) -> None:
    took = []
    for n in (1_000, 4_000):
        text = "Known heart failure. Denies chest pain and SOB; fever, T 38.2.\n" * n
        began = time.process_time()  # The machine may have other work.
        doc = nlp(text)
        took.append(time.process_time() - began)
        assert len(doc.ents) == 4 * n
        assert doc.ents[-1]._.link.concept_id == "X:0006"
    assert took[1] < 12 * took[0] + 0.5


# What is kept


def test_doc_keeps_its_links_as_bytes(nlp: Language) -> None:
    doc = nlp(TEXT)
    again = Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes())
    assert _seen(again) == _seen(doc)


def test_doc_keeps_its_links_in_a_bin(nlp: Language) -> None:
    docs = list(nlp.pipe(NOTES))
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = DocBin(store_user_data=True).from_bytes(data).get_docs(spacy.blank("en").vocab)
    assert [_seen(doc) for doc in again] == [_seen(doc) for doc in docs]


def test_links_of_a_bin_are_read_without_an_index(nlp: Language) -> None:
    doc = nlp(TEXT)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    Underscore.span_extensions = {}
    (again,) = DocBin().from_bytes(stored).get_docs(spacy.blank("en").vocab)
    with pytest.raises(AttributeError, match="link"):
        again.ents[0]._.link  # noqa: B018
    set_extensions()
    set_extensions()
    assert _seen(again) == _seen(doc)


def test_doc_keeps_its_links_when_pickled_and_copied(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert _seen(pickle.loads(pickle.dumps(doc))) == _seen(doc)
    assert _seen(doc.copy()) == _seen(doc)


def test_doc_keeps_its_links_as_json(nlp: Language) -> None:
    doc = nlp(TEXT)
    data = json.loads(json.dumps(doc.to_json(underscore=["link"])))
    again = Doc(nlp.vocab).from_json(data)
    assert [ent._.link for ent in again.ents] == [ent._.link for ent in doc.ents]
    assert [ent._.kb_ents for ent in again.ents] == [ent._.kb_ents for ent in doc.ents]


def test_a_link_can_be_set_and_taken_away(nlp: Language, linker: Linker) -> None:
    doc = nlp("Fever.")
    (other,) = linker.link(["heart failure"])
    doc.ents[0]._.link = other
    assert doc.ents[0]._.link.concept_id == "X:0001"
    doc.ents[0]._.link = None
    assert (doc.ents[0]._.link, doc.ents[0]._.kb_ents) == (None, [])
    with pytest.raises(TypeError, match=r"span._.link is set to str, expected a Link or None"):
        doc.ents[0]._.link = "X:0001"


def test_docs_joined_and_cut_keep_their_links(nlp: Language) -> None:
    first, second = nlp("No fever."), nlp("Known heart failure.")
    joined = Doc.from_docs([first, second])
    assert [ent._.kb_ents for ent in joined.ents] == [
        ent._.kb_ents for doc in (first, second) for ent in doc.ents
    ]
    cut = joined[4:].as_doc(copy_user_data=True)
    assert [(ent.text, ent._.link.candidates) for ent in cut.ents] == [
        ("heart failure", second.ents[0]._.link.candidates)
    ]
    assert len(joined.ents) == 2
    for doc in (joined, cut, joined[1:].as_doc(copy_user_data=True)):
        for ent in doc.ents:
            mention = ent._.link.mention
            assert (mention.start, mention.end) == (ent.start_char, ent.end_char)
            assert doc.text[mention.start : mention.end] == mention.text


def test_offsets_in_a_token_follow_the_doc(nlp: Language) -> None:
    joined = Doc.from_docs([nlp("No fever."), nlp("Has x_chest pain.")])
    mention = joined.ents[1]._.link.mention
    assert (joined.ents[1].text, mention.text) == ("x_chest pain", "chest pain")
    assert joined.text[mention.start : mention.end] == "chest pain"


def test_a_copy_of_a_doc_that_is_linked_anew_leaves_the_first_alone(nlp: Language) -> None:
    doc = nlp("Known heart failure.")
    before, copied = _seen(doc), doc.copy()
    copied.ents[0]._.link = Link(copied.ents[0]._.link.mention, None)
    assert _seen(doc) == before
    assert copied.ents[0]._.link.concept_id is None


def test_pipeline_is_saved_and_loaded(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert _seen(again(TEXT)) == _seen(nlp(TEXT))


def test_settings_are_saved_and_loaded(index: Index, tmp_path: Path) -> None:
    _pipeline(index, threshold=1.0, k=1).to_disk(tmp_path / "pipeline")
    ent = spacy.load(tmp_path / "pipeline")("Known heart failure.").ents[0]
    assert ent.kb_id_ == "NIL"
    assert len(ent._.link.candidates) == 1


def test_index_elsewhere_is_told_when_loading(index: Index, tmp_path: Path) -> None:
    there = build(tmp_path / "there")
    _pipeline(there).to_disk(tmp_path / "pipeline")
    there.path.rename(tmp_path / "elsewhere")
    with pytest.raises(IndexFolderError, match="does not exist") as caught:
        spacy.load(tmp_path / "pipeline")
    elsewhere = {"components.concept_linker.index": str(tmp_path / "elsewhere")}
    # As the error says it.
    assert all(repr(key).replace("'", '"') in str(caught.value) for key in elsewhere)
    nlp = spacy.load(tmp_path / "pipeline", config=elsewhere)
    assert nlp.get_pipe("concept_linker").linker.path == tmp_path / "elsewhere"
    assert nlp("Known heart failure.").ents[0].kb_id_ == "X:0001"


def test_relative_path_of_an_index_is_warned_of_when_saving(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(index.path.parent)
    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": index.path.name})
    with pytest.warns(UserWarning, match="will look for its index at mini, from the") as caught:
        nlp.to_disk(tmp_path / "pipeline")
    assert caught[0].filename == __file__
    assert 'config={"components.concept_linker.index": ' in str(caught[0].message)
    assert _seen(spacy.load(tmp_path / "pipeline")(TEXT)) == _seen(nlp(TEXT))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IndexFolderError, match=r"does not exist.*\(relative to ") as error:
        spacy.load(tmp_path / "pipeline")
    assert str(tmp_path) in str(error.value)


def test_pipeline_as_bytes(nlp: Language) -> None:
    again = type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert _seen(again(TEXT)) == _seen(nlp(TEXT))


def test_component_is_pickled_with_its_name_and_settings(index: Index) -> None:
    component = _pipeline(index, k=2).get_pipe("concept_linker")
    again = pickle.loads(pickle.dumps(component))
    assert again.name == "concept_linker"
    doc = again(spacy.blank("en")("Known heart failure."))
    assert len(doc.ents[0]._.link.candidates) == 2


@pytest.mark.model
def test_words_that_no_name_has_are_linked_by_the_encoder(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "source.jsonl", CONCEPTS)
    index = build_index(
        recipe(terminology={"source": "jsonl", "path": str(source)}), tmp_path / "index"
    )
    patterns = [{"label": "X", "pattern": [{"LOWER": "failing"}, {"LOWER": "heart"}]}]
    nlp = _ruled(index, patterns)
    texts = ["Failing heart.", "Known failing heart."]
    assert [doc.ents[0].kb_id_ for doc in nlp.pipe(texts)] == ["X:0001", "X:0001"]
    with pytest.raises(EncoderError, match="device 'nowhere' cannot be used"):
        _ruled(index, patterns, device="nowhere")(texts[0])

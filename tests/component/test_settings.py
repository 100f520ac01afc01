"""Settings, and what spaCy asks of a component: scores, analysis."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import spacy
from pipelines import pipeline
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

from linker.errors import ConfigError, IndexFolderError
from linker.index import Index


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
    nlp = pipeline(index, scorer=None)
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


def test_unknown_setting_is_named(index: Index) -> None:
    with pytest.raises(ValueError, match="treshold"):
        pipeline(index, treshold=0.9)


def test_index_must_be_given() -> None:
    for config in ({}, {"index": ""}, {"index": None}):  # As in a config file: `index = null`.
        with pytest.raises(ConfigError, match="no index given"):
            spacy.blank("en").add_pipe("concept_linker", config=config)


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
        ({"attribute": "get"}, "attribute is 'get'"),  # spaCy's own: `span._.get("name")`.
        (
            {"span_getter": {"@misc": "concept_linker_test.spans.v1"}},
            "span_getter is list, expected a function of a doc; the registered function returns it",
        ),
    ],
)
def test_settings_that_cannot_be(index: Index, setting: dict[str, Any], message: str) -> None:
    spacy.registry.misc("concept_linker_test.spans.v1", func=lambda: [])
    with pytest.raises(ConfigError, match=f"^concept_linker: {message}"):
        pipeline(index, **setting)


def test_two_linkers_of_one_attribute_are_refused(index: Index) -> None:
    nlp = pipeline(index)
    with pytest.raises(ConfigError, match=r"^second: concept_linker has span\._\.link in this"):
        nlp.add_pipe("concept_linker", name="second", config={"index": str(index.path)})
    nlp.replace_pipe("concept_linker", "concept_linker", config={"index": str(index.path), "k": 1})
    assert len(nlp("Fever.").ents[0]._.link.candidates) == 1


@pytest.mark.parametrize("name", ["link", "kb_ents"])
def test_attribute_of_another_component_is_not_taken(index: Index, name: str) -> None:
    Span.set_extension(name, default=None, force=True)
    with pytest.raises(ConfigError, match=rf"span\._\.{name}"):
        pipeline(index)
    ent = pipeline(index, attribute="concept")("Known heart failure.").ents[0]
    assert ent._.concept.concept_id == ent._.concept_kb_ents[0][0] == "X:0001"


def test_a_getter_of_another_component_is_not_taken_for_ours(index: Index) -> None:
    Span.set_extension("link", getter=partial(getattr, "label_"), force=True)
    with pytest.raises(ConfigError, match=r"another component has the extension span\._\.link;"):
        pipeline(index)

"""What is asserted of a span: by our rules, by the house's, by other components."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import spacy
from pipelines import pipeline, ruled
from spacy.language import Language
from spacy.tokens import Doc, Span

from linker.index import Index


@pytest.mark.parametrize("found_before", [False, True])
def test_rules_of_the_house(index: Index, tmp_path: Path, found_before: bool) -> None:
    rules = tmp_path / "house.toml"
    rules.write_text(
        '[[trigger]]\nattribute = "negated"\ndirection = "backward"\nphrases = ["went by"]\n'
    )
    nlp = pipeline(index, assertion_rules=str(rules))
    if found_before:
        ruler = nlp.add_pipe("entity_ruler", first=True)
        ruler.add_patterns([{"label": "X", "pattern": "Fever"}])
    ents = nlp("Fever went by. Known fever.").ents
    assert [ent._.link.assertion["negated"] for ent in ents[:1]] == [True]
    nlp.to_disk(tmp_path / "nlp")
    (ent,) = spacy.load(tmp_path / "nlp")("Fever went by.").ents
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
    nlp = ruled(index, [{"label": "X", "pattern": word} for word in words])
    nlp.add_pipe(
        "negex" if extension == "negex" else "medspacy_context",
        name="negation",
        before="concept_linker",
        config={"extension": extension, "true_of": true_of},
    )
    return nlp


@pytest.mark.parametrize(
    ("extension", "attribute", "text"),
    [
        ("negex", "negated", "No heart failure"),
        ("is_negated", "negated", "No heart failure"),
        ("is_historical", "historical", "History of heart failure"),
        ("is_hypothetical", "hypothetical", "Return if heart failure"),
        ("is_family", "family", "Mother: heart failure"),
        ("is_uncertain", "uncertain", "Possible heart failure"),
    ],
)
def test_what_negspacy_or_medspacy_says_of_an_entity_counts(
    index: Index, extension: str, attribute: str, text: str
) -> None:
    nlp = _with_negation(index, extension, ["heart failure", "Fever"], true_of="Fever")
    alone = ruled(index, [{"label": "X", "pattern": word} for word in ("heart failure", "Fever")])
    found = [
        [ent._.link.assertion[attribute] for ent in each(f"{text}. Fever.").ents]
        for each in (alone, nlp)
    ]
    # Our own rules would have called the first one so, and the second not.
    assert found == [[True, False], [False, True]]
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
    after = ruled(index, [{"label": "X", "pattern": "heart failure"}])
    after.add_pipe("concept_linker_test_negation", config={"extension": "negex"})
    without = ruled(index, [{"label": "X", "pattern": "heart failure"}])
    off = _with_negation(index, "negex", ["heart failure"], true_of="Fever")
    off.disable_pipe("negation")
    # Of our own factory it is known from what it declares.
    declared = ruled(index, [{"label": "X", "pattern": "heart failure"}])
    declared.add_pipe(
        "concept_linker_test_negation", before="concept_linker", config={"extension": "negex"}
    )
    found = [
        nlp("No heart failure.").ents[0]._.link.assertion["negated"]
        for nlp in (before, after, without, off, declared)
    ]
    assert found == [False, True, True, True, False]
    # A linker that does not run with the pipeline has nothing before it.
    component = before.get_pipe("concept_linker")
    before.disable_pipe("concept_linker")
    (ent,) = component(before("No heart failure.")).ents
    assert ent._.link.assertion["negated"] is True


def test_a_value_that_a_doc_brings_along_is_believed(index: Index) -> None:
    Span.set_extension("is_family", default=False)
    nlp = ruled(index, [{"label": "X", "pattern": word} for word in ("Fever", "heart failure")])
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
    nlp = pipeline(index, spans_key="sc")
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
    nlp = ruled(index, [{"label": "X", "pattern": "Fever"}])
    doc = nlp.get_pipe("entity_ruler")(nlp.make_doc("Fever."))
    doc.ents[0]._.negex = True
    assert nlp.get_pipe("concept_linker")(doc).ents[0]._.link.assertion["negated"] is True


def test_mentions_that_we_found_ourselves_have_our_assertions(index: Index) -> None:
    Span.set_extension("is_negated", default=False)
    ent = pipeline(index)("No heart failure.").ents[0]
    assert ent._.link.assertion["negated"] is True

"""Links that go along with docs, and pipelines that are saved."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import spacy
from cases import build
from pipelines import NOTES, TEXT, pipeline, seen
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.tokens.underscore import Underscore

from linker import Link, Linker
from linker.component import set_extensions
from linker.errors import IndexFolderError
from linker.index import Index


def test_doc_keeps_its_links_as_bytes(nlp: Language) -> None:
    doc = nlp(TEXT)
    again = Doc(spacy.blank("en").vocab).from_bytes(doc.to_bytes())
    assert seen(again) == seen(doc)


def test_doc_keeps_its_links_in_a_bin(nlp: Language) -> None:
    docs = list(nlp.pipe(NOTES))
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    again = DocBin(store_user_data=True).from_bytes(data).get_docs(spacy.blank("en").vocab)
    assert [seen(doc) for doc in again] == [seen(doc) for doc in docs]


def test_links_of_a_bin_are_read_without_an_index(nlp: Language) -> None:
    doc = nlp(TEXT)
    stored = DocBin(docs=[doc], store_user_data=True).to_bytes()
    Underscore.span_extensions = {}
    (again,) = DocBin().from_bytes(stored).get_docs(spacy.blank("en").vocab)
    with pytest.raises(AttributeError, match="link"):
        again.ents[0]._.link  # noqa: B018
    set_extensions()
    set_extensions()
    assert seen(again) == seen(doc)


def test_doc_keeps_its_links_when_pickled_and_copied(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert seen(pickle.loads(pickle.dumps(doc))) == seen(doc)
    assert seen(doc.copy()) == seen(doc)


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
    # It would be kept beside the link, and never be read.
    with pytest.raises(AttributeError, match=r"span._.kb_ents is read from span._.link; set that"):
        doc.ents[0]._.kb_ents = []


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
    before, copied = seen(doc), doc.copy()
    copied.ents[0]._.link = Link(copied.ents[0]._.link.mention, None)
    assert seen(doc) == before
    assert copied.ents[0]._.link.concept_id is None


def test_pipeline_is_saved_and_loaded(nlp: Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert seen(again(TEXT)) == seen(nlp(TEXT))


def test_settings_are_saved_and_loaded(index: Index, tmp_path: Path) -> None:
    pipeline(index, threshold=1.0, k=1).to_disk(tmp_path / "pipeline")
    ent = spacy.load(tmp_path / "pipeline")("Known heart failure.").ents[0]
    assert ent.kb_id_ == "NIL"
    assert len(ent._.link.candidates) == 1


def test_index_elsewhere_is_told_when_loading(index: Index, tmp_path: Path) -> None:
    there = build(tmp_path / "there")
    pipeline(there).to_disk(tmp_path / "pipeline")
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
    assert seen(spacy.load(tmp_path / "pipeline")(TEXT)) == seen(nlp(TEXT))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(IndexFolderError, match=r"does not exist.*\(relative to ") as error:
        spacy.load(tmp_path / "pipeline")
    assert str(tmp_path) in str(error.value)


def test_pipeline_as_bytes(nlp: Language) -> None:
    again = type(nlp).from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert seen(again(TEXT)) == seen(nlp(TEXT))


def test_component_is_pickled_with_its_name_and_settings(index: Index) -> None:
    component = pipeline(index, k=2).get_pipe("concept_linker")
    again = pickle.loads(pickle.dumps(component))
    assert again.name == "concept_linker"
    doc = again(spacy.blank("en")("Known heart failure."))
    assert len(doc.ents[0]._.link.candidates) == 2

"""Paths in the home, where no shell has seen to them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
import spacy

from linker import Linker
from linker.annotate import annotate_files
from linker.home import at_home
from linker.index import Index


@pytest.fixture
def home(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that holds an index and notes."""
    (tmp_path / "mini").symlink_to(index.path)
    note = json.dumps({"id": "n1", "text": "Known heart failure."})
    (tmp_path / "notes.jsonl").write_text(note)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_only_what_is_a_home_is_one(home: Path) -> None:
    assert at_home("~/mini") == home / "mini"
    assert at_home(Path("~")) == home
    for same in ("mini", "~no such user/mini", "-", "a~b", "/~/mini"):
        assert at_home(same) == Path(same)


def test_an_index_and_notes_at_home(home: Path) -> None:
    linker = Linker.load("~/mini")
    assert linker.path == home / "mini"
    assert annotate_files(linker, [Path("~/notes.jsonl")], "~/links.jsonl").links == 1
    assert json.loads((home / "links.jsonl").read_text())["id"] == "n1"


def test_a_component_whose_index_is_at_home(home: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("concept_linker", config={"index": "~/mini"})
    assert nlp("Known heart failure.").ents[0].kb_id_ == "X:0001"
    with warnings.catch_warnings():
        # That it is relative to where one is.
        warnings.simplefilter("error")
        nlp.to_disk(home / "pipeline")
    assert spacy.load(home / "pipeline").get_pipe("concept_linker").linker.path == home / "mini"

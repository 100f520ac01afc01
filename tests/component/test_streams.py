"""Docs in streams: batches, processes, and those that cannot be linked."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import spacy
from cases import PATIENCE
from pipelines import NOTES, pipeline, ruled, seen
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import raise_error

from linker.errors import EncoderError
from linker.index import Index
from linker.schema import Link


def test_missing_encoder_is_an_error_of_the_doc_that_needs_it(index: Index) -> None:
    nlp = ruled(index, [{"label": "X", "pattern": "unheard of"}])
    with pytest.raises(EncoderError, match="fake"):
        nlp("This is unheard of.")


def test_the_encoder_that_is_given_is_looked_for(index: Index) -> None:
    nlp = ruled(index, [{"label": "X", "pattern": "unheard of"}], encoder="/nowhere/model")
    with pytest.raises(EncoderError, match=r"^/nowhere/model: no such encoder"):
        nlp("This is unheard of.")


def test_error_handler_of_the_pipeline_is_asked(index: Index) -> None:
    nlp = ruled(index, [{"label": "X", "pattern": "unheard of"}, {"label": "X", "pattern": "SOB"}])
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

    nlp = pipeline(index, span_getter={"@misc": "concept_linker_test.failing.v1"})
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


def test_nothing_is_set_where_a_warning_is_an_error(nlp: Language) -> None:
    (alone,) = nlp("Has SOB.").ents
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doc, other = nlp.pipe(["Has SOB.", "Has chest pain_fever now."])
    # Looked at twice, and found by us each time.
    assert [ent._.link for ent in doc.ents] == [alone._.link]
    assert [ent._.link.mention.text for ent in other.ents] == ["chest pain"]


def test_docs_beside_one_that_fails_come_out_as_ever(index: Index) -> None:
    nlp = pipeline(index)
    expected = [seen(nlp(text)) for text in NOTES]
    nlp.add_pipe("entity_ruler", first=True).add_patterns([{"label": "X", "pattern": "unheard"}])
    bad = nlp.get_pipe("entity_ruler")(nlp.make_doc("This is unheard of."))
    nlp.remove_pipe("entity_ruler")
    nlp.set_error_handler(lambda *_: None)
    docs = nlp.pipe([*map(nlp.make_doc, NOTES[:2]), bad, *map(nlp.make_doc, NOTES[2:])])
    assert [seen(doc) for doc in docs] == expected


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_batches_change_nothing(nlp: Language, batch_size: int) -> None:
    alone = [seen(nlp(text)) for text in NOTES]
    docs = list(nlp.pipe(NOTES, batch_size=batch_size))
    assert [doc.text for doc in docs] == NOTES
    assert [seen(doc) for doc in docs] == alone


def test_a_batch_of_no_docs_is_refused(nlp: Language) -> None:
    docs = nlp.get_pipe("concept_linker").pipe([nlp.make_doc("Fever.")], batch_size=0)
    with pytest.raises(ValueError, match="batch_size is 0; take at least 1 doc at a time"):
        next(docs)


def test_stream_is_taken_as_it_is_needed(nlp: Language) -> None:
    taken = []

    def texts() -> Iterator[str]:
        for text in NOTES * 4:
            taken.append(text)
            yield text

    next(iter(nlp.pipe(texts(), batch_size=2)))
    assert len(taken) < len(NOTES)


def test_docs_one_by_one_do_not_wait_for_each_other(nlp: Language) -> None:
    taken = []

    def texts() -> Iterator[str]:
        for text in NOTES:
            taken.append(text)
            yield text

    docs = nlp.pipe(texts(), batch_size=1)
    for i, doc in enumerate(docs, start=1):
        assert [doc.text, *taken] == [NOTES[i - 1], *NOTES[:i]]


def test_docs_before_a_source_that_breaks_come_out(nlp: Language) -> None:
    def docs() -> Iterator[Doc]:
        yield from map(nlp.make_doc, NOTES[:2])
        raise OSError("the source is gone")

    linked = nlp.get_pipe("concept_linker").pipe(docs(), batch_size=2)
    assert [seen(next(linked)), seen(next(linked))] == [seen(nlp(text)) for text in NOTES[:2]]
    with pytest.raises(OSError, match="the source is gone"):
        next(linked)


def test_a_batch_is_looked_up_while_the_next_is_made(nlp: Language) -> None:
    component = nlp.get_pipe("concept_linker")
    of, is_made = component.linker.link_mentions, Event()

    def docs() -> Iterator[Doc]:
        yield from map(nlp.make_doc, NOTES[:2])
        is_made.set()
        yield from map(nlp.make_doc, NOTES[2:4])

    waited = []

    def link_mentions(*args: Any) -> list[Link]:
        # In vain, for ten seconds, if the next batch is made after it.
        waited.append(is_made.wait(10))
        return of(*args)

    expected = [seen(nlp(text)) for text in NOTES[:4]]
    component.linker.link_mentions = link_mentions
    assert [seen(doc) for doc in component.pipe(docs(), batch_size=2)] == expected
    assert all(waited)


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
    assert pickle.loads(done.stdout) == [seen(nlp(text)) for text in NOTES]


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

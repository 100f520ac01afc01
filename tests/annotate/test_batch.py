from __future__ import annotations

import gc
from pathlib import Path

import pytest

from linker.annotate.batch import (
    BATCH_CHARACTERS,
    BATCH_NOTES,
    Done,
    Item,
    annotate_batch,
    batches,
    characters,
    collecting_seldom,
    described,
)
from linker.annotate.journal import unpack
from linker.annotate.lines import NoteLines
from linker.annotate.readers import BadNote
from linker.annotate.writers import RunInfo
from linker.errors import IndexFolderError
from linker.index import Manifest
from linker.index.manifest import FileInfo
from linker.link import Linker
from linker.records import json_line, note_json
from linker.schema import Note

INFO = RunInfo("linker", "2026-01-01T00:00:00+00:00", "invented", "1", "")


@pytest.fixture(autouse=True)
def threshold() -> object:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("before", "meanwhile"),
    [((700, 10, 10), (50_000, 10, 10)), ((0, 10, 10), (0, 10, 10)), ((90_000, 5, 5),) * 2],
)
def test_cycles_are_looked_for_seldom_and_then_as_before(
    before: tuple[int, int, int], meanwhile: tuple[int, int, int]
) -> None:
    gc.set_threshold(*before)
    seen = []

    def fail() -> None:
        with collecting_seldom():
            seen.append(gc.get_threshold())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen == [meanwhile]
    assert gc.get_threshold() == before


def test_a_batch_ends_with_its_last_note_or_the_one_that_takes_it_past_its_characters() -> None:
    assert list(batches([], int)) == []
    notes = [*batches(range(2 * BATCH_NOTES + 3), lambda _: 1)]
    assert [len(batch) for batch in notes] == [BATCH_NOTES, BATCH_NOTES, 3]
    assert [i for batch in notes for i in batch] == list(range(2 * BATCH_NOTES + 3))
    most = BATCH_CHARACTERS
    assert list(batches([1, most - 1, 2, most - 3, most, 5], int)) == [
        [1, most - 1],
        [2, most - 3, most],
        [5],
    ]
    assert characters((Note("n", "four"), b"")) == 4
    assert characters((BadNote("n", "a.jsonl", 1, "not JSON"), b"")) == 0


def test_a_batch_is_described_by_its_ids_and_its_longest_note() -> None:
    short, long = (Note("a", "One."), b""), (Note("b", "x" * 12_345), b"")
    broken = (BadNote(None, "a.jsonl", 1, "not JSON"), b"")
    assert described([broken, short]) == "the note 'a' of 4 characters"
    assert described([short, broken, long, (Note("c" * 99, "No."), b"")]) == (
        f"the notes 'a' to '{'c' * 60}...', of which 'b' is the longest, of 12,345 characters"
    )
    assert described([broken]) == "notes that cannot be read"


def _annotate(linker: Linker, batch: list[Item], index: Manifest) -> Done:
    return annotate_batch(
        linker,
        batch,
        k=2,
        name="jsonl",
        out=Path("out.jsonl"),
        info=INFO,
        index=index,
        lines=NoteLines(),
    )


def test_a_worker_that_opened_another_index_than_its_run_is_refused(linker: Linker) -> None:
    """The one at the path may be replaced before a worker opens it."""
    files = dict(linker.manifest.files)
    files["vectors.faiss"] = FileInfo(bytes=7, sha256="")
    other = linker.manifest.model_copy(update={"files": files})
    with pytest.raises(IndexFolderError, match="the index was replaced during the run"):
        _annotate(linker, [(Note("a", "Fever."), b"digest")], other)


def test_a_batch_holds_the_lines_of_its_notes(linker: Linker) -> None:
    texts = {"a": "Known heart failure, no fever.", "b": "", "c": "Fever; heart failure."}
    batch = [(Note(note_id, text), b"digest") for note_id, text in texts.items()]
    gc.set_threshold(700, 10, 10)
    done = _annotate(linker, batch, linker.manifest)
    assert gc.get_threshold() == (700, 10, 10)
    links = list(linker.pipe(texts.values(), k=2))
    assert [record.line for record in unpack(done.frame)] == [
        json_line(note_json(note_id, found)) for note_id, found in zip(texts, links, strict=True)
    ]
    assert done.n_links == sum(link.concept_id is not None for found in links for link in found)
    assert done.n_links > 0

"""Threads share a linker, and get what each would get alone."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from cases import CONCEPTS, PATIENCE, FakeEncoder

from linker import Link, Linker, Mention
from linker.index import Index
from linker.link import answers as module

NAMES = [name for concept in CONCEPTS for name in (concept["name"], *concept["synonyms"])]
# New words in each note: a vocabulary is filled by all threads at once.
NOTES = [
    ". ".join(f"Has {NAMES[(i + j) % len(NAMES)]} and word{i}x{j}" for j in range(8))
    for i in range(150)
]


@pytest.fixture
def many_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("many_switches")
def test_threads_that_share_a_linker_get_what_each_would_get_alone(index: Index) -> None:
    expected = [Linker(index, encoder=FakeEncoder()).annotate(text) for text in NOTES]
    assert sum(map(len, expected)) > 1000
    shared = Linker(index, encoder=FakeEncoder())
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(shared.annotate, NOTES)) == expected
    # And nothing wrong was kept.
    assert list(shared.pipe(NOTES)) == expected


@pytest.mark.usefixtures("many_switches")
def test_threads_that_share_a_full_cache_get_their_answers(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CACHED_QUERIES", 2)
    asked = [[f"{name} {i}" for name in NAMES[i : i + 4]] for i in range(20)] * 8
    alone = Linker(index, encoder=FakeEncoder())
    expected = [alone.link(names) for names in asked]
    shared = Linker(index, encoder=FakeEncoder())
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(shared.link, asked)) == expected


@dataclass
class _Slow:
    """A detector that says how many threads were in it at once at most."""

    pause: float = 0.02
    inside: int = 0
    most: int = 0
    reached: threading.Event = field(default_factory=threading.Event)

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.reached.set()
        time.sleep(self.pause)
        self.inside -= 1
        return [[Mention(0, 5, text[:5])] for text in texts]


def test_one_thread_at_a_time_is_in_the_detector(index: Index) -> None:
    detector = _Slow()
    linker = Linker(index, encoder=FakeEncoder(), detector=detector)

    def ids(links: list[Link]) -> list[str | None]:
        return [link.concept_id for link in links]

    with ThreadPoolExecutor(4) as threads:
        assert [*map(ids, threads.map(linker.annotate, ["fever"] * 8))] == [["X:0006"]] * 8
        found = threads.map(linker.detect, [["fever"]] * 4)
        assert list(found) == [[[Mention(0, 5, "fever")]]] * 4
    assert detector.most == 1


def test_a_stream_that_waits_to_be_read_holds_up_nobody(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    stream = linker.pipe(["Fever."] * 3, batch_size=2)
    next(stream)
    with ThreadPoolExecutor(1) as threads:
        links = threads.submit(linker.annotate, "Nausea.").result(timeout=PATIENCE)
    assert [link.concept_id for link in links] == ["X:0015"]
    assert len(list(stream)) == 2


def test_an_error_lets_the_next_thread_in(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder(fail_after=0))
    with pytest.raises(KeyboardInterrupt):
        linker.link(["hart attack"])
    with ThreadPoolExecutor(1) as threads:
        links = threads.submit(linker.annotate, "Nausea.").result(timeout=PATIENCE)
    assert [link.concept_id for link in links] == ["X:0015"]


def _annotate(linker: Linker, found: multiprocessing.SimpleQueue[list[str | None]]) -> None:
    found.put([link.concept_id for link in linker.annotate("Fever.")])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_process_that_is_forked_amid_a_batch_can_link(index: Index) -> None:
    slow = _Slow(pause=0.5)
    linker = Linker(index, encoder=FakeEncoder(), detector=slow)
    context = multiprocessing.get_context("fork")
    found = context.SimpleQueue()
    busy = threading.Thread(target=linker.annotate, args=["Fever."])
    busy.start()
    assert slow.reached.wait(PATIENCE)
    child = context.Process(target=_annotate, args=(linker, found))
    child.start()
    child.join(PATIENCE)
    hangs = child.is_alive()
    child.kill()
    busy.join()
    assert not hangs
    assert found.get() == ["X:0006"]

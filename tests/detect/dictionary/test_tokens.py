"""The words of texts as columns."""

from __future__ import annotations

import sys
import time
from itertools import count
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.detect.dictionary import tokens as module
from linker.detect.dictionary.tokens import Vocabulary, together
from linker.text import word_hash, words

TEXTS = ["Pain in the left leg and/or hand.\n- Fever, chills", "", "😀 α-thalassemia", "\n\n  ."]


def test_columns_say_of_each_word_what_it_is() -> None:
    vocabulary = Vocabulary(lambda word: word == "hand")
    found = vocabulary.tokens(TEXTS)
    written = [TEXTS[t][s:e] for t, s, e in zip(found.text, found.start, found.end, strict=True)]
    assert written == [
        *("Pain", "in", "the", "left", "leg", "and", "or", "hand", "Fever", "chills"),
        *("α", "thalassemia"),
    ]
    assert found.position.tolist() == list(range(12))
    # A new line with a bullet ends a run, and so does the end of a text.
    assert found.run.tolist() == [1] * 8 + [2] * 2 + [3] * 2
    assert [written[i] for i in found.side.nonzero()[0]] == ["left"]
    assert [written[i] for i in found.joint.nonzero()[0]] == ["and", "or"]
    assert [written[i] for i in found.slash.nonzero()[0]] == ["or"]
    assert [written[i] for i in found.marked.nonzero()[0]] == ["hand"]
    assert vocabulary.stems(found.term) == [
        *("pain", "", "", "left", "leg", "and", "or", "hand", "fever", "chill"),
        *("alpha", "thalassemia"),
    ]
    assert found.hash.tolist() == [word_hash(stem) for stem in vocabulary.stems(found.term)]
    content = found.content()
    assert [TEXTS[0][s:e] for s, e in zip(content.start[:3], content.end[:3], strict=True)] == [
        *("Pain", "left", "leg")
    ]


@given(st.lists(st.text(alphabet="aB1 .,/-'’\n\t()ßάé😀\x00", max_size=40), max_size=4))
def test_tokens_are_the_words_of_each_text(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    found = vocabulary.tokens(texts)
    for i, text in enumerate(texts):
        own = found[found.text == i]
        assert vocabulary.words(own) == words(text)
        assert set(own.run.tolist()).isdisjoint(found.run[found.text != i].tolist())


def test_a_vocabulary_that_is_full_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_WORDS", 3)
    vocabulary = Vocabulary()
    for text in ("one two", "three four", "five one", "one two three four five six"):
        assert vocabulary.words(vocabulary.tokens([text])) == words(text)
    assert len(vocabulary) <= 8


def test_more_distinct_words_than_there_is_room_for_at_first() -> None:
    text = " ".join(f"word{i}" for i in range(5000))
    vocabulary = Vocabulary()
    assert vocabulary.words(vocabulary.tokens([text, text])) == [*words(text), *words(text)]


class _Stop(BaseException):
    """As Ctrl-C: it comes between any two lines."""


def _tokens_stopped_at(vocabulary: Vocabulary, text: str, line: int) -> bool:
    """Whether `tokens` was stopped before it ran that line, counted from 0, of our module."""
    lines = count()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code.co_filename != module.__file__:
            return None
        if event == "line" and next(lines) == line:
            raise _Stop
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        vocabulary.tokens([text])
    except _Stop:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("kept", [2, 100])
def test_what_stops_it_anywhere_leaves_it_right(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(module, "_KEPT_WORDS", kept)
    before, text = "zero, one", "one two/three four"
    for line in count():
        vocabulary = Vocabulary(lambda word: word == "three")
        vocabulary.tokens([before])
        vocabulary._terms = vocabulary._terms[:3]  # It has to grow on the way.
        if not _tokens_stopped_at(vocabulary, text, line):
            break
        found = vocabulary.tokens([text])
        assert vocabulary.words(found) == words(text), line
        assert found.hash.tolist() == [word_hash(w) for w in ("one", "two", "three", "four")]
        assert found.marked.tolist() == [False, False, True, False]
    assert line > 20


@given(st.lists(st.text(max_size=9)), st.integers(1, 30))
def test_groups_of_texts_are_the_texts(texts: list[str], size: int) -> None:
    groups = [list(group) for group in together(texts, size)]
    assert [text for group in groups for text in group] == texts
    assert all(sum(map(len, group)) >= size for group in groups[:-1])
    assert all(sum(map(len, group[:-1])) < size for group in groups)


def test_a_wide_gap_between_words_takes_no_time() -> None:
    begin = time.process_time()
    found = Vocabulary().tokens([f"one{' ' * 50_000}(two{' ' * 50_000}- three"])
    assert time.process_time() - begin < 5  # Some ms; where two may share the blanks, 30 s.
    assert found.run.tolist() == [1, 2, 2]

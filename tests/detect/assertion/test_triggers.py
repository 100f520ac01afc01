"""Trigger phrases: what is seen of a sentence before they are looked for in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from linker.detect.assertion.rules import shipped_rules
from linker.detect.assertion.triggers import TOKEN, PhraseBook, fold

GOLD = Path(__file__).with_name("assertions.tsv")


@pytest.fixture(scope="module")
def book() -> PhraseBook:
    return PhraseBook(("shipped", shipped_rules()))


def tokens_of(text: str) -> list[str]:
    return [*map(fold, TOKEN.findall(text))]


def has_scope(book: PhraseBook, tokens: list[str]) -> bool:
    effects = (effect for _, effects in book.find(tokens).values() for effect in effects)
    return any(effect.forward or effect.backward for effect in effects)


def test_no_sentence_with_a_scope_is_passed_over(book: PhraseBook) -> None:
    sentences = [tokens_of(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]
    scoped = [tokens for tokens in sentences if has_scope(book, tokens)]
    assert len(scoped) > 200
    assert all(map(book.may_scope, scoped))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Denies fever", True),
        ("She did not actually have fever", True),
        ("There was no fever", True),
        ("She may also have fever", True),
        ("She was seen and has a fever", False),
        ("", False),
    ],
)
def test_a_scope_is_seen_by_the_first_words_of_its_phrase(
    book: PhraseBook, text: str, expected: bool
) -> None:
    assert book.may_scope(tokens_of(text)) is expected


@pytest.mark.parametrize(
    ("piece", "folded"),
    [
        ("120d", "d"),
        ("3Wks", "wks"),
        ("1200d", "1200d"),
        ("2019", "YYYY"),
        ("1819", "0"),
        ("20191", "0"),
        ("1990s", "0s"),
        ("80s", "80s"),
        ("twelve", "0"),
        ("one", "one"),
        ("Dont", "don't"),
        ("mother’s", "mother"),
        ("didn´t", "didn't"),
        *((dash, "-") for dash in "–—−‐‑"),
    ],
)
def test_words_are_compared_in_one_form(piece: str, folded: str) -> None:
    assert fold(piece) == folded

"""Nouns of adjectives that name disorders."""

from __future__ import annotations

import pytest

from linker.detect.dictionary.adjectives import noun_of


@pytest.mark.parametrize(
    ("word", "noun"),
    [
        ("hypertensive", "hypertension"),
        ("Hypotensive", "hypotension"),
        ("thrombotic", "thrombosis"),
        ("arthritic", "arthritis"),
        ("epileptic", "epilepsy"),
        ("anaemic", "anaemia"),
        ("schizophrenic", "schizophrenia"),
        ("asthmatic", "asthma"),
        ("comatose", "coma"),
        ("diabetics", "diabetes mellitus"),
        ("nephrotic", "nephrotic syndrome"),
        ("polydactylous", "polydactyly"),
        ("painful", "pain"),
    ],
)
def test_the_noun_of_an_adjective(word: str, noun: str) -> None:
    assert noun_of(word) == noun


@pytest.mark.parametrize(
    "word", ["hemolytic", "narcotic", "hydrophobic", "neuritic", "diabetes", "patient", "", "epic"]
)
def test_other_words_have_none(word: str) -> None:
    assert noun_of(word) is None

"""Schwartz and Hearst's algorithm, held to scispaCy's."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scispacy.abbreviation import find_abbreviation
from spacy.tokens import Doc
from spacy.vocab import Vocab

from linker.detect.short_forms.hearst import long_form_start


def of_scispacy(words: list[str], short: str) -> int | None:
    """Where scispaCy's function lets the long form begin, over a real doc."""
    doc = Doc(Vocab(), words=[*words, short])
    _, long = find_abbreviation(doc[:-1], doc[-1:])
    return None if long is None or len(long) == 0 else long.start


@pytest.mark.parametrize(
    ("words", "short", "expected"),
    [
        ("history of congestive heart failure", "CHF", 2),
        ("heat shock transcription factor 1", "HSF1", 0),
        ("obstructive - sleep apnea", "OSA", 0),
        ("no such letters", "XYZ", None),
        # The first letter begins a part of a word, the others stand anywhere.
        ("the beta-blocker trial", "BT", 1),
        ("Sjögren syndrome", "SS", 0),
    ],
)
def test_where_the_long_form_begins(words: str, short: str, expected: int | None) -> None:
    assert long_form_start(words.split(), short) == expected
    assert of_scispacy(words.split(), short) == expected


LETTERS = st.text(alphabet="aAbBcC12-'/éİ", min_size=1, max_size=5)


@given(st.lists(LETTERS, min_size=1, max_size=7), LETTERS)
@example(["a"], "-")
@example(["İa", "b"], "İB")
@settings(max_examples=400, deadline=None)
def test_equals_scispacys(words: list[str], short: str) -> None:
    assert long_form_start(words, short) == of_scispacy(words, short)


def test_short_forms_need_no_spacy() -> None:
    # Importing it takes longer than annotating a hundred notes.
    code = (
        "import sys; from linker.detect import expand, default_rules;"
        "assert [m.long_form for m in expand('heart failure (HF)', [])] == ['heart failure'];"
        "default_rules().assert_mentions('No HF.', expand('No HF.', []));"
        "sys.exit('spacy' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

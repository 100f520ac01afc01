"""What stands around a name that is no mention there."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import build, concept

from linker.detect import DictionaryMatcher
from linker.detect.dictionary.not_mentions import is_among_capitals, is_header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Allergies: none", True),
        ("Allergies", True),
        ("Seen.\n  Allergies \r\nnone", True),
        ("Has Allergies: pollen", False),
        ("Allergies are seasonal", False),
    ],
)
def test_a_header_is_a_line_or_stands_before_a_colon(text: str, expected: bool) -> None:
    start = text.index("Allergies")
    assert is_header(text, start, start + len("Allergies")) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHE WAS", True),
        ("IT\nWAS", True),
        ("WAS AN", True),
        ("A WAS A", False),
        ("mSHE WAS", False),
        ("SHE in WAS", False),
        ("SHE, WAS", False),
        ("WAS SHe", False),
        ("WAS", False),
    ],
)
def test_a_word_is_among_capitals_if_the_next_one_is(text: str, expected: bool) -> None:
    start = text.index("WAS")
    assert is_among_capitals(text, start, start + 3) is expected


def test_a_name_by_which_notes_mean_another_concept_is_no_mention(tmp_path: Path) -> None:
    """MONDO's rows have "seizures" for visual epilepsy alone, and "scar" for an acronym."""
    concepts = [
        concept("A:1", "Visual epilepsy", "Seizures", "Convulsion"),
        concept("A:2", "Severe cutaneous adverse reaction", "SCAR", "Scarring"),
        concept("A:3", "Hyperreflexia", "Hyporeflexia"),
        concept("A:4", "Anuria"),
    ]
    note = "Seizures, a convulsion, an old scar with scarring, hyporeflexia, anuria, hyperreflexia."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [mention.text for mention in found] == ["anuria", "hyperreflexia"]
    own = [concept("B:1", "Visual epilepsy", "Seizures"), concept("B:2", "Seizures")]
    (found,) = DictionaryMatcher(build(tmp_path / "b", own)).detect([note])
    assert [mention.text for mention in found] == ["Seizures"]


def test_a_vaccine_is_no_disease(tmp_path: Path) -> None:
    concepts = [concept("A:1", "Tetanus"), concept("A:2", "Influenza")]
    note = "Due for a tetanus booster and influenza shots. Had tetanus, influenza."
    (found,) = DictionaryMatcher(build(tmp_path / "a", concepts)).detect([note])
    assert [(m.start, m.text) for m in found] == [(51, "tetanus"), (60, "influenza")]

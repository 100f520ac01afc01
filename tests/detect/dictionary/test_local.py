"""What the house says of a string, the dictionary matcher heeds whatever else would find it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker.detect import DictionaryMatcher
from linker.index import Index
from linker.offline import overlay_index

FINDINGS = [
    concept("H:1", "Gastrointestinal bleeding", types=["disease"]),
    concept("H:2", "Nausea", types=["disease"]),
    concept("H:3", "Vomiting", types=["disease"]),
    concept("H:4", "Absent toe", types=["human_phenotype"]),
    concept("H:5", "Morphine", types=["drug"]),
    concept("H:6", "Shortness of breath", types=["disease"]),
    concept("H:7", "Hypokalemia", types=["disease"]),
    concept("H:8", "Palpitations", types=["disease"]),
    concept("H:9", "Short stature", types=["disease"]),
    concept("H:10", "Atrial fibrillation", types=["disease"]),
]
SAID = [
    ("a GI bleed", "GI bleed"),
    ("had n/v today", "n/v"),
    ("the toes were absent", "toes were absent"),
    ("SOB", "SOB"),
    ("potassium was low", "potassium was low"),
    ("heart racing", "heart racing"),
    ("height was below the 3rd centile", "height was below the 3rd centile"),
    ("known a fib", "a fib"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("local") / "index", FINDINGS)


@pytest.mark.parametrize(("text", "string"), SAID)
def test_a_string_that_means_nothing_here_is_not_found(
    index: Index, text: str, string: str, tmp_path: Path
) -> None:
    assert DictionaryMatcher(index).detect([text]) != [[]]
    removed, given = tmp_path / "removed.csv", tmp_path / "given.csv"
    removed.write_text(f"concept_id,name,kind\n,{string},remove\n")
    overlay_index(index.path, [removed], out=tmp_path / "none", encoder=FakeEncoder())
    assert DictionaryMatcher(Index.open(tmp_path / "none")).detect([text]) == [[]]
    given.write_text(f"concept_id,name\nH:5,{string}\n")
    overlay_index(index.path, [given], out=tmp_path / "own", encoder=FakeEncoder())
    (mention,) = DictionaryMatcher(Index.open(tmp_path / "own")).detect([text])[0]
    assert (mention.text, mention.long_form) == (string, None)


def test_a_name_that_means_nothing_here_does_so_in_any_number_and_order(
    index: Index, tmp_path: Path
) -> None:
    text = "Palpitations; one palpitation. The stature is short, short statures. Nausea."
    assert [m.text for m in DictionaryMatcher(index).detect([text])[0]] == [
        "Palpitations",
        "palpitation",
        "stature is short",
        "short statures",
        "Nausea",
    ]
    removed = tmp_path / "removed.csv"
    removed.write_text("concept_id,name,kind\n,palpitations,remove\n,Short stature,remove\n")
    overlay_index(index.path, [removed], out=tmp_path / "none", encoder=FakeEncoder())
    (found,) = DictionaryMatcher(Index.open(tmp_path / "none")).detect([text])
    assert [m.text for m in found] == ["Nausea"]

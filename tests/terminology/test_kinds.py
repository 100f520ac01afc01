"""What kind of thing concepts of a semantic type are."""

from __future__ import annotations

from importlib import resources

import pytest

from linker.config import read_toml
from linker.terminology import kinds_of_type


@pytest.mark.parametrize(
    ("semantic_type", "kinds"),
    [
        ("T047", {"disorder"}),
        ("T121", {"chemical", "gene", "procedure"}),
        ("Disease", {"disorder"}),
        ("Blood disease", {"disorder"}),
        ("Signs and Symptoms", {"disorder"}),
        ("finding", {"disorder"}),
        ("human_phenotype", {"disorder"}),
        ("body structure", {"anatomy"}),
        ("Anatomy", {"anatomy"}),
        ("Supplementary", set()),
        (" ", set()),
        ("", set()),
    ],
)
def test_kinds_of_type(semantic_type: str, kinds: set[str]) -> None:
    assert kinds_of_type(semantic_type) == kinds


def test_detectors_labels_are_of_the_same_kinds() -> None:
    kinds = read_toml(resources.files("linker.terminology") / "data/kinds.toml")
    assert set(read_toml(resources.files("linker.link") / "data/labels.toml")) <= set(kinds)

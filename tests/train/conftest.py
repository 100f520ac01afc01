"""A tiny model and a small index, for trainings of a second."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import CONCEPTS, build, concept
from encoder.conftest import Save, save_model

from linker.index import Index
from linker.train import TrainSettings

__all__ = ["save_model"]

PARTS = ("heart", "kidney", "liver", "lung", "chest", "aortic", "cardiac", "renal")
TROUBLES = ("pain", "failure", "infection", "disease")

DISEASES = [
    concept(
        f"D:{i:04}",
        f"{part} {trouble}",
        f"{trouble} of {part}",
        f"severe {part} {trouble}",
        f"{part} {trouble} type {i}",
        definition=f"A {trouble} that begins in the {part}.",
        types=["disease"],
        parents=["X:0009"],
    )
    for i, (part, trouble) in enumerate((p, t) for p in PARTS for t in TROUBLES)
]


@pytest.fixture(scope="session")
def diseases(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of 47 invented concepts."""
    return build(tmp_path_factory.mktemp("train") / "diseases", [*CONCEPTS, *DISEASES])


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, save_model: Save) -> Path:
    """A BERT of two layers and 32 dimensions, at random."""
    return save_model(tmp_path_factory.mktemp("base") / "tiny")


@pytest.fixture(scope="session")
def quick() -> TrainSettings:
    """Settings for a training of a second."""
    return TrainSettings(
        rank=2, batch=8, pool=64, rate=5e-3, steps=6, distil_steps=4, held_out=5, max_tokens=24
    )

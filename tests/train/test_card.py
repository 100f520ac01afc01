"""The card of a training: its curves can be read whatever the size of the losses."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from cases import FakeEncoder

from linker.index import Index
from linker.offline import overlay_index
from linker.train import TrainSettings
from linker.train.card import PhaseReport, TrainReport, curve_points


def test_small_losses_are_shown(diseases: Index) -> None:
    loss = curve_points([0.00041234567, 0.0000123])
    assert loss == pytest.approx((0.00041235, 0.0000123), rel=1e-9)
    phase = PhaseReport("run 1 distillation", 2, 1.0, loss, ())
    manifest = diseases.manifest
    report = TrainReport(TrainSettings(), manifest.encoder, manifest, 0, (phase,))
    assert "- run 1 distillation: 2 steps, 1 s; loss 0.000412 1.23e-05\n" in report.card("averaged")


def test_one_held_out_name_is_one(diseases: Index) -> None:
    manifest = diseases.manifest
    card = TrainReport(TrainSettings(), manifest.encoder, manifest, 1).card("averaged")
    assert "\n1 name held out of the training, " in card


def test_says_what_each_model_was_made_of(diseases: Index) -> None:
    manifest = diseases.manifest
    one = TrainReport(TrainSettings(), manifest.encoder, manifest, 0)
    assert ", 1 run averaged, 25% of it the base.\n" in one.card("averaged")
    assert ", after the contrastive phase (C).\n" in one.card("contrastive")
    settings = TrainSettings(runs=3, base_share=0)
    several = TrainReport(settings, manifest.encoder, manifest, 0)
    assert ", 3 runs averaged, 0% of it the base.\n" in several.card("averaged")
    assert "self-distillation phase (S), run 1 of 3.\n" in several.card("distilled")


def test_names_the_version_that_trained_not_that_which_built_the_index(diseases: Index) -> None:
    manifest = diseases.manifest.model_copy(update={"tool_version": "0.0.1"})
    report = TrainReport(TrainSettings(), manifest.encoder, manifest, 0)
    assert report.as_json()["tool_version"] == version("concept-linker")


def test_names_of_the_house_are_on_the_card(diseases: Index, tmp_path: Path) -> None:
    (tmp_path / "local.csv").write_text("concept_id,name\nD:0000,sore heart\n")
    overlay_index(
        diseases.path, [tmp_path / "local.csv"], out=tmp_path / "overlaid", encoder=FakeEncoder()
    )
    manifest = Index.open(tmp_path / "overlaid").manifest
    report = TrainReport(TrainSettings(), manifest.encoder, manifest, 0)
    assert ", and of the overlays local.csv.\n" in report.card("averaged")
    assert report.as_json()["overlays"] == {"local.csv": manifest.overlays[0].sha256}
    assert "overlays local" not in TrainReport(
        TrainSettings(), manifest.encoder, diseases.manifest, 0
    ).card("averaged")

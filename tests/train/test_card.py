"""The card of a training: its curves can be read whatever the size of the losses."""

from __future__ import annotations

import pytest

from linker.index import Index
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

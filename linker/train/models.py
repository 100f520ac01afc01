"""Trained weights to models: averaged, written with their cards, measured as they lie on disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from linker.atomic import write_atomically
from linker.encoder import Encoder, EncoderIdentity, load_encoder
from linker.encoder.adapter import Adapter
from linker.encoder.folder import ModelFolder
from linker.encoder.transformer import TransformerEncoder
from linker.train.average import average_adapters, average_weights
from linker.train.card import Measure, TrainReport
from linker.train.dev import DevSet
from linker.train.folder import REPORT, TrainFolder
from linker.train.loop import TrainProgress
from linker.train.save import adapter_names, write_adapter, write_model
from linker.train.settings import TrainSettings
from linker.train.similarity import general_similarity
from linker.train.trainee import Trainee

if TYPE_CHECKING:
    import torch

    Weights = dict[str, torch.Tensor]

VARIANTS = "variants"
_MAIN = "averaged"
"""The model that `out` itself is."""


@dataclass(slots=True)
class Models:
    """The models of a training, by name.

    Attributes:
        folder, base: the model that was trained, and its identity.
    """

    place: TrainFolder
    folder: ModelFolder
    base: EncoderIdentity
    settings: TrainSettings
    progress: TrainProgress
    device: str | None
    weights: dict[str, Weights] = field(default_factory=dict)

    def take(self, name: str, weights: Weights) -> None:
        """Make a model of the weights of one run."""
        self.weights[name] = weights if self.settings.full else adapter_names(weights)

    def average(self, runs: Sequence[Weights]) -> None:
        """Make the averaged model: the runs, and the base's share."""
        share = self.settings.base_share
        if self.settings.full:
            still = Trainee(self.folder, self.settings, seed=0, device="cpu")
            averaged = average_weights(runs, still.weights(), base_share=share)
        else:
            averaged = average_adapters([adapter_names(run) for run in runs], base_share=share)
        self.weights[_MAIN] = averaged

    def write(self, report: TrainReport) -> None:
        """Write all of them, each with its card, and the report."""
        final = self.place.final
        shutil.rmtree(final, ignore_errors=True)
        shutil.rmtree(self.place.partial / "adapters", ignore_errors=True)
        self.progress.step("writing the models", total=len(self.weights), unit="models")
        for name, weights in self.weights.items():
            card, whole = report.card(name), final / VARIANTS / name
            if self.settings.full:
                write_model(self._at(name), self.folder, card, weights)
            else:
                at = final if name == _MAIN else self.place.partial / "adapters" / name
                write_adapter(at, weights, self.base, card, final=self.place.out)
                write_model(whole, self.folder.adapted(at, Adapter.read(at)), card)
            self.progress.advance(1)
        write_atomically(final / REPORT, json.dumps(report.as_json(), indent=2) + "\n")

    def measure(self, dev: DevSet) -> dict[str, Measure]:
        """The base and each model, as it was written, on the dev names and everyday sentences."""
        self.progress.step("measuring", total=1 + len(self.weights), unit="models")
        base = TransformerEncoder(self.folder, identity=self.base, device=self.device)
        measures = {"base": self._measured(base, dev)}
        for name in self.weights:
            # As the base is. ONNX Runtime would leave an export of each beside the base, for good.
            encoder = load_encoder(self._at(name), device=self.device, backend="torch")
            measures[name] = self._measured(encoder, dev)
        return measures

    def _at(self, name: str) -> Path:
        final = self.place.final
        return final if name == _MAIN else final / VARIANTS / name

    def _measured(self, encoder: Encoder, dev: DevSet) -> Measure:
        hits = dev.measure(encoder.encode) if dev.queries else None
        everyday = general_similarity(encoder.encode)
        self.progress.advance(1)
        first, fifth = (None, None) if hits is None else (round(hit, 2) for hit in hits)
        return Measure(first, fifth, round(everyday, 2))

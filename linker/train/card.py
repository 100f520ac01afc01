"""The training card: what a model was made from, how, and under which terms it may be used.

README.md in the form of the hub's model cards (its front matter is where an encoder's licence is
read from, so that an index built with the model states it), and the same and more in training.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from linker.counted import counted
from linker.encoder import EncoderIdentity
from linker.index import Manifest
from linker.train.settings import TrainSettings

Curve = tuple[int, float, float]


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """A phase of a run: its loss in at most 100 means, its dev curve, and its time in seconds."""

    name: str
    steps: int
    seconds: float
    loss: tuple[float, ...]
    dev: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """A model on the held-out names (percent) and the everyday sentences (correlation, x 100).

    Attributes:
        hit_at_1, hit_at_5: None where no name is held out.
    """

    hit_at_1: float | None
    hit_at_5: float | None
    similarity: float

    def columns(self) -> tuple[str, str, str]:
        """The three as they are shown."""
        first, fifth = (
            "–" if hit is None else f"{hit:.1f}" for hit in (self.hit_at_1, self.hit_at_5)
        )
        return first, fifth, f"{self.similarity:.1f}"


@dataclass(frozen=True, slots=True)
class TrainReport:
    """What a training did.

    Attributes:
        measures: by model: "base", "contrastive", "distilled", "averaged".
        dev_names: how many names the dev figures are of.
    """

    settings: TrainSettings
    base: EncoderIdentity
    index: Manifest
    dev_names: int
    phases: tuple[PhaseReport, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)

    def licence(self) -> str:
        """The terms of the trained weights: those of the names they learnt, and of the base."""
        terms = self.index.terminology
        release = f"{terms.terminology} {terms.version}".strip()
        return (
            f"trained on {release} (licence: {terms.licence or 'not stated'}); "
            f"base {self.base_name}: {self.base.licence}"
        )

    @property
    def base_name(self) -> str:
        """The base's name; of a folder the last part alone, as a card may be published."""
        name = self.base.name
        return Path(name).name if Path(name).is_absolute() else name

    def as_json(self) -> dict[str, Any]:
        """The content of training.json."""
        return {
            "licence": self.licence(),
            "terminology": asdict(self.index.terminology),
            "names": self.index.counts.names,
            "index_files": {
                name: info.sha256
                for name, info in self.index.files.items()
                if name in ("concepts.arrow", "names.arrow")
            },
            "base": {**asdict(self.base), "name": self.base_name},
            "settings": self.settings.model_dump(),
            "dev_names": self.dev_names,
            "measures": {name: asdict(measure) for name, measure in self.measures.items()},
            "phases": [asdict(phase) for phase in self.phases],
            "overlays": {overlay.name: overlay.sha256 for overlay in self.index.overlays},
            "tool_version": version("concept-linker"),
        }

    def card(self, variant: str) -> str:
        """README.md of one of the models: "contrastive", "distilled" or "averaged"."""
        terms, settings = self.index.terminology, self.settings
        how = (
            "all weights" if settings.full else f"low-rank adapters of rank {settings.rank} (LoRA)"
        )
        options = "\n".join(f"| {key} | {value} |" for key, value in settings.model_dump().items())
        measures = "\n".join(
            f"| {' | '.join((name, *measure.columns()))} |"
            for name, measure in self.measures.items()
        )
        curves = "\n".join(_curve(phase) for phase in self.phases)
        return f"""---
license: other
license_name: {_one_line(self.licence())}
library_name: sentence-transformers
pipeline_tag: sentence-similarity
---

# {terms.terminology}: {self.base_name}, {variant}

A sentence encoder for linking mentions to {terms.terminology}, made by `linker train` from
{self.base_name}: {how}, {self._made(variant)}.

- Names: {self.index.counts.names:,} of {terms.terminology}, release
  {terms.version or "not stated"}{self._local()}.
- Licence of the terminology: {terms.licence or "not stated"}. It holds for these weights too.
- Base: {self.base_name} ({self.base.fingerprint}), licence: {self.base.licence}.

## Measured

{counted(self.dev_names, "name")} held out of the training, looked up among their neighbours
(percent), and everyday sentences of graded likeness (Spearman, x 100).

| model | hit@1 | hit@5 | sentences |
|---|---|---|---|
{measures}

## Curves

{curves}

## Settings

| | |
|---|---|
{options}

Phases after BioLORD-2023 (Remy et al., JAMIA 2024); training.json holds the same and more.
"""

    def _made(self, variant: str) -> str:
        """By which phases a model was made."""
        runs, share = self.settings.runs, self.settings.base_share
        if variant == "averaged":
            return f"{counted(runs, 'run')} averaged, {share:.0%} of it the base"
        return _PHASES[variant] + (f", run 1 of {runs}" if runs > 1 else "")

    def _local(self) -> str:
        """What else the names are of: overlays hold names of the house."""
        names = ", ".join(overlay.name for overlay in self.index.overlays)
        return f", and of the overlays {names}" if names else ""


_PHASES = {
    "contrastive": "after the contrastive phase (C)",
    "distilled": "after the contrastive and the self-distillation phase (S)",
}


def curve_points(losses: Sequence[float], n: int = 100) -> tuple[float, ...]:
    """A curve of losses in at most `n` means of equal stretches."""
    n = min(n, len(losses))
    ends = [i * len(losses) // n for i in range(n + 1)] if n else []
    # Significant digits: the losses of a distillation are small.
    return tuple(float(f"{sum(losses[a:b]) / (b - a):.5g}") for a, b in pairwise(ends))


def _curve(phase: PhaseReport) -> str:
    points = curve_points(phase.loss, 10)
    lines = [
        f"- {phase.name}: {counted(phase.steps, 'step')}, {phase.seconds:.0f} s; loss "
        + " ".join(f"{point:.3g}" for point in points)
    ]
    if phase.dev:
        dev = ", ".join(f"{step}: {first:.1f} / {fifth:.1f}" for step, first, fifth in phase.dev)
        lines.append(f"  dev hit@1 / hit@5 by step: {dev}")
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return f'"{" ".join(text.split()).replace(chr(34), chr(39))}"'

"""The job, whole: an index and a base encoder to a trained encoder's folder. It can be killed.

A checkpoint a phase, then the models, then their cards. On one machine's CPU a training that was
killed ends with the same weights, bit for bit, as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

from linker.atomic import stopped_clearly
from linker.encoder import EncoderIdentity, load_encoder
from linker.encoder.folder import ModelFolder
from linker.encoder.gpu import usable_device
from linker.encoder.transformer import TransformerEncoder
from linker.errors import TrainingError
from linker.index import Index
from linker.steps import Silent
from linker.train.card import PhaseReport, TrainReport, curve_points
from linker.train.checkpoint import Checkpoint
from linker.train.dev import DevSet, hold_out
from linker.train.folder import TrainFolder
from linker.train.loop import (
    CHECKPOINT_EVERY,
    Batch,
    Place,
    Run,
    TrainProgress,
    optimiser,
    run_phase,
    set_state,
    state_of,
)
from linker.train.models import Models
from linker.train.pairs import PAIRS_VERSION, PairSource
from linker.train.phases import (
    contrastive_batches,
    contrastive_steps,
    distil_batches,
    distil_steps,
)
from linker.train.settings import TrainSettings
from linker.train.trainee import Trainee, enough_memory, refuse_untrainable

if TYPE_CHECKING:
    import torch

_DEV_POINTS = 5


class SilentTraining(Silent):
    """A training that nobody watches."""

    def say(self, what: str) -> None:
        """Do nothing."""


def train_encoder(
    index: str | Path,
    base: str | Path,
    out: str | Path,
    settings: TrainSettings | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    device: str | None = None,
    pooling: str | None = None,
    progress: TrainProgress | None = None,
    checkpoint_every: float = CHECKPOINT_EVERY,
) -> TrainReport:
    """Train an encoder on the names of an index.

    `out` becomes a folder that `load_encoder` reads: an adapter, or with `settings.full` a whole
    model; and `out/variants/` holds the contrastive, the distilled and the averaged model whole, in
    the layout of sentence-transformers.

    Args:
        index: the index folder; its terminology's licence passes on to the weights.
        base: a known encoder, a folder or a hub name (fetched if it is not on this machine).
        resume: go on with a training that was stopped.
        force: replace what is at `out`, and throw away an unfinished training.
        device: as torch names it; None for a GPU if there is one.
        pooling: "mean", "cls" or "max", for a base folder that does not say it.
        progress: told of each phase, its steps and its loss.
        checkpoint_every: seconds of work that a kill can lose.

    Raises:
        TrainingError: there is nothing to learn from, or `out` cannot be used.
        LinkerError: the index or the base cannot be used.
    """
    # A link to a folder elsewhere stays a link.
    place = TrainFolder(Path(out).resolve())
    with place.locked():
        job = _Job.open(
            Index.open(index),
            base,
            place,
            TrainSettings() if settings is None else settings,
            device,
            pooling,
            SilentTraining() if progress is None else progress,
            checkpoint_every,
        )
        place.enter(job.identity(), resume=resume, force=force)
        with stopped_clearly(place.out, "training", TrainingError):
            return job.run()


@dataclass(slots=True)
class _Job:
    index: Index
    base: EncoderIdentity
    folder: ModelFolder
    place: TrainFolder
    settings: TrainSettings
    device: str | None
    progress: TrainProgress
    dev: DevSet
    source: PairSource
    checkpoint_every: float

    @classmethod
    def open(
        cls,
        index: Index,
        base: str | Path,
        place: TrainFolder,
        settings: TrainSettings,
        device: str | None,
        pooling: str | None,
        progress: TrainProgress,
        checkpoint_every: float,
    ) -> _Job:
        progress.step("reading the index and the base")
        encoder = load_encoder(
            base, allow_download=True, device=device, backend="torch", pooling=pooling
        )
        if not isinstance(encoder, TransformerEncoder):
            raise TrainingError(f"{base}: runs without torch, so it cannot be trained")
        refuse_untrainable(encoder.folder, settings)
        usable_device(device)  # Said now, before anything is written.
        dev = hold_out(index, settings.held_out, seed=settings.seed)
        source = PairSource(
            index.store,
            held_out=dev.rows,
            definitions=settings.definitions,
            descriptions=settings.descriptions,
            names_per_concept=settings.names_per_concept,
        )
        if next(source.pairs(seed=settings.seed, epoch=0), None) is None:
            raise TrainingError(
                f"{index.path}: no concept has two names, a definition or a parent: "
                "there is nothing to learn from"
            )
        return cls(
            index=index,
            base=encoder.identity,
            folder=encoder.folder,
            place=place,
            settings=settings,
            device=device,
            progress=progress,
            dev=dev,
            source=source,
            checkpoint_every=checkpoint_every,
        )

    def identity(self) -> dict[str, object]:
        """What decides the weights: a training goes on only with the same."""
        files = self.index.manifest.files
        return {
            "settings": self.settings.model_dump(),
            "base": self.base.fingerprint,
            "index": {name: files[name].sha256 for name in ("concepts.arrow", "names.arrow")},
            "overlays": [overlay.sha256 for overlay in self.index.manifest.overlays],
            # The dev names' neighbours are found with the index's own vectors.
            "vectors": files["vectors.faiss"].sha256,
            "pairs": PAIRS_VERSION,
        }

    def run(self) -> TrainReport:
        """All phases that are left, the averaging, the models and their cards."""
        settings = self.settings
        phases: list[PhaseReport] = []
        contrastive: list[dict[str, torch.Tensor]] = []
        distilled: list[dict[str, torch.Tensor]] = []
        for number in range(settings.runs):
            weights, phase = self._contrastive(number)
            contrastive.append(weights)
            phases.append(phase)
            if settings.distil:
                weights, phase = self._distilled(number, weights)
                distilled.append(weights)
                phases.append(phase)
        report = TrainReport(
            settings, self.base, self.index.manifest, len(self.dev.queries), tuple(phases)
        )
        runs = distilled if settings.distil else contrastive
        models = Models(self.place, self.folder, self.base, settings, self.progress, self.device)
        models.take("contrastive", contrastive[0])
        if settings.distil:
            models.take("distilled", distilled[0])
        models.average(runs)
        models.write(report)
        final = replace(report, measures=models.measure(self.dev))
        models.write(final)
        self.place.move_into_place()
        return final

    def _contrastive(self, number: int) -> tuple[dict[str, torch.Tensor], PhaseReport]:
        seed = self.settings.seed + number
        trainee = Trainee(self.folder, self.settings, seed=seed, device=self.device)
        total = contrastive_steps(self.source, self.settings, seed=seed)

        def batches(place: Place) -> Iterable[Batch]:
            return contrastive_batches(self.source, trainee, self.settings, seed=seed, place=place)

        return self._phase(f"run {number + 1} contrastive", trainee, batches, total, dev=True)

    def _distilled(
        self, number: int, teacher: dict[str, torch.Tensor]
    ) -> tuple[dict[str, torch.Tensor], PhaseReport]:
        seed = self.settings.seed + number
        taught = Trainee(self.folder, self.settings, seed=seed, device=self.device)
        taught.set_weights(teacher)
        trainee = Trainee(self.folder, self.settings, seed=seed + 1, device=self.device)
        total = distil_steps(self.source, self.settings, seed=seed)

        def batches(place: Place) -> Iterable[Batch]:
            return distil_batches(self.source, taught.encode, self.settings, seed=seed, place=place)

        return self._phase(f"run {number + 1} distillation", trainee, batches, total, dev=False)

    def _phase(
        self,
        name: str,
        trainee: Trainee,
        batches: Callable[[Place], Iterable[Batch]],
        total: int,
        *,
        dev: bool,
    ) -> tuple[dict[str, torch.Tensor], PhaseReport]:
        path = self.place.partial / f"{name.replace(' ', '-')}.safetensors"
        adam = optimiser(trainee, self.settings)
        run = Run()
        saved = Checkpoint.read(path)
        if saved is not None:
            run = saved.run
            trainee.set_weights(saved.weights)
            set_state(adam, trainee, saved.adam)
        if saved is None or not saved.done:
            self.progress.step(name, total=total - run.step, unit="steps")

            def save(now: Run) -> None:
                done = now.step >= total
                adam_state = {} if done else state_of(adam, trainee)
                Checkpoint(now, done, trainee.weights(), adam_state).write(path)

            with enough_memory(trainee.device, self.settings):
                if dev and not run.dev and self.dev.queries:
                    run.dev.append((0, *self.dev.measure(trainee.encode)))
                run_phase(
                    trainee,
                    batches(run.place),
                    run,
                    adam,
                    total=total,
                    settings=self.settings,
                    progress=self.progress,
                    save=save,
                    measure=(lambda: self.dev.measure(trainee.encode)) if dev else None,
                    measure_every=ceil(total / _DEV_POINTS) if self.dev.queries else 0,
                    checkpoint_every=self.checkpoint_every,
                )
        report = PhaseReport(
            name, run.step, round(run.seconds, 1), curve_points(run.losses), tuple(run.dev)
        )
        return trainee.weights(), report

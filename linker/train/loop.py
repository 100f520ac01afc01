"""One phase: batches in, steps of AdamW, checkpoints on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from linker.errors import TrainingError
from linker.steps import Progress
from linker.train.settings import TrainSettings
from linker.train.trainee import Trainee

if TYPE_CHECKING:
    import torch

CHECKPOINT_EVERY = 60.0
"""Seconds between two checkpoints: the most that a kill can lose."""
WEIGHT_DECAY = 0.01
CLIP = 1.0


class TrainProgress(Progress, Protocol):
    """Told how far a training is; `linker.cli.progress.Bars` draws it."""

    def say(self, what: str) -> None:
        """What is to be seen beside the step: the loss, the dev recall."""


@dataclass(slots=True)
class Place:
    """Where in its stream of batches a phase is: what the next batch is.

    Attributes:
        epoch, pool, batch: counted from 0; `pool` within the epoch, `batch` within the pool.
        plan: the order of the pool's pairs, as mined when the pool began; empty before that.
    """

    epoch: int = 0
    pool: int = 0
    batch: int = 0
    plan: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts, the loss of their vectors, and the place that follows."""

    texts: Sequence[str]
    loss: Callable[[torch.Tensor], torch.Tensor]
    then: Place


@dataclass(slots=True)
class Run:
    """What a phase has done so far: all that a checkpoint holds beside the weights.

    Attributes:
        step: steps done.
        losses: one a step.
        dev: (step, hit@1, hit@5) as measured on the way, in percent.
        seconds: of work, over all the times that it was begun again.
    """

    step: int = 0
    place: Place = field(default_factory=Place)
    losses: list[float] = field(default_factory=list)
    dev: list[tuple[int, float, float]] = field(default_factory=list)
    seconds: float = 0.0


def optimiser(trainee: Trainee, settings: TrainSettings) -> torch.optim.AdamW:
    """AdamW over the weights in motion; adapters are not decayed, as they begin at nothing."""
    import torch

    return torch.optim.AdamW(
        trainee.moving.values(),
        lr=settings.rate,
        weight_decay=WEIGHT_DECAY if settings.full else 0.0,
    )


def rate_at(step: int, total: int, settings: TrainSettings) -> float:
    """The learning rate of a step, counted from 0: up over the warm-up, then down in a line."""
    warm = max(1, round(total * settings.warmup))
    if step < warm:
        return settings.rate * (step + 1) / warm
    return settings.rate * (total - step) / max(1, total - warm)


def run_phase(
    trainee: Trainee,
    batches: Iterable[Batch],
    run: Run,
    adam: torch.optim.AdamW,
    *,
    total: int,
    settings: TrainSettings,
    progress: TrainProgress,
    save: Callable[[Run], None],
    measure: Callable[[], tuple[float, float]] | None = None,
    measure_every: int = 0,
    checkpoint_every: float = CHECKPOINT_EVERY,
) -> None:
    """Take the steps that are left; `run` says which are done, and is changed.

    Args:
        batches: from `run.place` on.
        total: steps of the phase.
        save: called now and then, and at the end.
        measure: the dev curve's next point, hit@1 and hit@5 in percent, after each
            `measure_every` steps.
        checkpoint_every: seconds between two calls of `save`.

    Raises:
        TrainingError: the loss or its gradient is not finite; the step is not taken.
    """
    import torch

    saved = begun = time.monotonic()
    # Not one more: the next may be the first of a pool, which is mined before it is given.
    for batch in islice(batches, total - run.step):
        for group in adam.param_groups:
            group["lr"] = rate_at(run.step, total, settings)
        adam.zero_grad(set_to_none=True)
        loss = backward(trainee, batch, settings.chunk)
        norm = float(torch.nn.utils.clip_grad_norm_(trainee.moving.values(), CLIP))
        for what, value in (("loss", loss), ("gradient", norm)):
            if not math.isfinite(value):
                raise TrainingError(
                    f"step {run.step + 1}: the {what} is {value}, not finite, at a learning rate "
                    f"of {rate_at(run.step, total, settings):.0e}: the training has diverged; "
                    "start over (--force) with a lower --rate, or a longer --warmup"
                )
        adam.step()
        run.step += 1
        run.losses.append(loss)
        run.place = batch.then
        progress.advance(1)
        if measure is not None and measure_every and run.step % measure_every == 0:
            run.dev.append((run.step, *measure()))
        progress.say(_note(run))
        now = time.monotonic()
        run.seconds += now - begun
        begun = now
        if now - saved >= checkpoint_every:
            save(run)
            saved = time.monotonic()
    save(run)


def backward(trainee: Trainee, batch: Batch, chunk: int) -> float:
    """Add the gradient of a batch's loss to the weights in motion, and give the loss.

    A batch of more than `chunk` texts goes through the gradient cache: vectors without activations,
    the loss's gradient at the vectors, then chunk by chunk through the network again (Gao et al.,
    "Scaling deep contrastive learning batch size under memory limited setup", RepL4NLP 2021).
    """
    import torch

    if len(batch.texts) <= chunk:
        loss = batch.loss(trainee.embed(batch.texts))
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())
    starts = range(0, len(batch.texts), chunk)
    with torch.no_grad():
        vectors = torch.cat([trainee.embed(batch.texts[start : start + chunk]) for start in starts])
    leaf = vectors.detach().requires_grad_()
    loss = batch.loss(leaf)
    (gradient,) = torch.autograd.grad(loss, leaf)
    for start in starts:
        part = trainee.embed(batch.texts[start : start + chunk])
        (part * gradient[start : start + chunk]).sum().backward()  # type: ignore[no-untyped-call]
    return float(loss.detach())


def _note(run: Run) -> str:
    recent = run.losses[-20:]
    text = f"loss {sum(recent) / len(recent):.4f}"
    if run.dev:
        step, first, fifth = run.dev[-1]
        text += f", dev hit@1 {first:.1f} @5 {fifth:.1f} at step {step}"
    return text


def state_of(adam: torch.optim.AdamW, trainee: Trainee) -> dict[str, torch.Tensor]:
    """The optimiser's tensors, by weight and kind ("name|exp_avg"), on the CPU."""
    states: dict[str, torch.Tensor] = {}
    for name, parameter in trainee.moving.items():
        for kind, value in adam.state[parameter].items():
            states[f"{name}|{kind}"] = value.detach().cpu().clone().contiguous()
    return states


def set_state(adam: torch.optim.AdamW, trainee: Trainee, states: dict[str, torch.Tensor]) -> None:
    """Put back what `state_of` gave; steps are counted on the CPU, as AdamW keeps them."""
    moving = trainee.moving
    for key, value in states.items():
        name, _, kind = key.rpartition("|")
        at: Any = "cpu" if kind == "step" else moving[name].device
        adam.state[moving[name]][kind] = value.to(at)

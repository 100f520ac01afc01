"""What a training does: every choice that changes the weights, checked when made."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from linker.checked import Checked

Loss = Literal["infonce", "ms"]
Precision = Literal["fp32", "bf16"]


class TrainSettings(Checked):
    """The hyper-parameters. Two trainings with equal settings and inputs make equal weights.

    Attributes:
        full: train the whole network; else low-rank adapters (LoRA, Hu et al. 2022).
        rank: of the adapters; their `alpha` is twice that.
        loss: "infonce" (van den Oord et al. 2018) or "ms", multi-similarity (Wang et al. 2019).
        temperature: of the InfoNCE loss.
        rate: the highest learning rate; it rises over `warmup` of the steps, then falls to 0.
        epochs: times over the pairs of the index, in the contrastive phase.
        steps: stop the contrastive phase after so many steps; 0 for as many as `epochs` asks.
        batch: pairs a step: twice as many texts are each other's negatives.
        chunk: texts whose activations are held at once. A batch of more goes through the gradient
            cache, which takes a third longer and gives the same gradient.
        pool: pairs that are mined together for hard negatives; mined anew for each pool.
        group: near pairs of a pool that are put into one batch as each other's hard negatives; 1
            turns mining off.
        definitions, descriptions: whether a concept's definition, and a sentence made of its place
            in the hierarchy, are paired with its names.
        names_per_concept: name pairs a concept gives in an epoch, at most.
        max_tokens: longer texts are cut off here, in training only.
        distil: whether the self-distillation phase runs.
        distil_steps: its steps; 0 for as many as it takes to see each name once.
        runs: how many times the phases are run, each with a seed of its own, for the averaging.
        base_share: the weight of the base model in the averaged one, in [0, 1).
        held_out: names kept out of the training for the dev curve.
        seed: of everything drawn at random.
        precision: "bf16" computes in bfloat16 (autocast) and keeps weights in float32.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    full: bool = False
    rank: int = Field(default=16, ge=1)
    loss: Loss = "infonce"
    temperature: float = Field(default=0.05, gt=0)
    rate: float = Field(default=2e-4, gt=0)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    epochs: int = Field(default=1, ge=1)
    steps: int = Field(default=0, ge=0)
    batch: int = Field(default=192, ge=2)
    chunk: int = Field(default=512, ge=1)
    pool: int = Field(default=16384, ge=2)
    group: int = Field(default=4, ge=1)
    definitions: bool = True
    descriptions: bool = True
    names_per_concept: int = Field(default=8, ge=1)
    max_tokens: int = Field(default=64, ge=4)
    distil: bool = True
    distil_steps: int = Field(default=0, ge=0)
    runs: int = Field(default=1, ge=1)
    base_share: float = Field(default=0.25, ge=0, lt=1)
    held_out: int = Field(default=200, ge=0)
    seed: int = Field(default=0, ge=0)
    precision: Precision = "fp32"

"""The batches of the two phases that move weights: contrastive, and self-distillation.

BioLORD-2023 (Remy et al., JAMIA 2024, "Methods"): first names, definitions and descriptions of one
concept are drawn together (-C); then the base model learns to give the vectors of that model, for
all names and definitions, which keeps more of what the base knew of language (-S).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from linker.encoder import Vectors
from linker.train.loop import Batch, Place
from linker.train.losses import info_nce, multi_similarity, shared
from linker.train.mining import mine
from linker.train.pairs import Pair, PairSource
from linker.train.settings import TrainSettings
from linker.train.trainee import Trainee

if TYPE_CHECKING:
    import torch


def contrastive_steps(source: PairSource, settings: TrainSettings, *, seed: int) -> int:
    """How many steps the contrastive phase takes."""
    asked = 0
    for epoch in range(settings.epochs):
        for pool in source.pools(settings.pool, seed=seed, epoch=epoch):
            asked += _n_batches(len(pool), settings.batch)
            if settings.steps and asked >= settings.steps:
                return settings.steps
    return asked


def contrastive_batches(
    source: PairSource, trainee: Trainee, settings: TrainSettings, *, seed: int, place: Place
) -> Iterator[Batch]:
    """The batches from a place on; each pool is mined with the encoder as it is when it begins."""
    for epoch in range(place.epoch, settings.epochs):
        pools = source.pools(settings.pool, seed=seed, epoch=epoch)
        first = place.pool if epoch == place.epoch else 0
        for number, pool in enumerate(islice(pools, first, None), start=first):
            begin, plan = 0, np.empty(0, dtype=np.int64)
            if (epoch, number) == (place.epoch, place.pool):
                begin, plan = place.batch, place.plan
            n_batches = _n_batches(len(pool), settings.batch)
            if begin >= n_batches:
                continue
            if not len(plan):
                vectors = (
                    trainee.encode([pair.left for pair in pool])
                    if settings.group > 1
                    else np.zeros((len(pool), 1), dtype=np.float32)
                )
                rng = np.random.default_rng([seed, epoch, number])
                plan = mine(pool, vectors, group=settings.group, rng=rng)
            for i in range(begin, n_batches):
                chosen = plan[i * len(plan) // n_batches : (i + 1) * len(plan) // n_batches]
                then = Place(epoch, number, i + 1, plan)
                yield _pair_batch([pool[j] for j in chosen.tolist()], settings, then)


def _pair_batch(pairs: list[Pair], settings: TrainSettings, then: Place) -> Batch:
    """The texts of pairs, left ones first, and their contrastive loss."""
    same = shared([p.left_labels for p in pairs] + [p.right_labels for p in pairs])

    def loss(vectors: torch.Tensor) -> torch.Tensor:
        if settings.loss == "ms":
            return multi_similarity(vectors, same)
        return info_nce(vectors, same, temperature=settings.temperature)

    return Batch([p.left for p in pairs] + [p.right for p in pairs], loss, then)


def distil_steps(source: PairSource, settings: TrainSettings, *, seed: int) -> int:
    """How many steps the self-distillation takes."""
    if settings.distil_steps:
        return settings.distil_steps
    texts = sum(1 for _ in source.texts(seed=seed, epoch=0))
    return max(1, texts // (2 * settings.batch))


def distil_batches(
    source: PairSource,
    teach: Callable[[list[str]], Vectors],
    settings: TrainSettings,
    *,
    seed: int,
    place: Place,
) -> Iterator[Batch]:
    """Names and definitions with the vectors that the contrastive model gives them, for ever.

    Args:
        teach: texts to the teacher's vectors.
    """
    size, epoch = 2 * settings.batch, place.epoch
    while True:
        texts = source.texts(seed=seed, epoch=epoch)
        begin = place.batch if epoch == place.epoch else 0
        stream = islice(texts, begin * size, None)
        number = begin
        while part := list(islice(stream, size)):
            number += 1
            yield _taught(part, teach(part), Place(epoch, 0, number))
        epoch += 1


def _taught(texts: list[str], target: Vectors, then: Place) -> Batch:
    def loss(vectors: torch.Tensor) -> torch.Tensor:
        import torch

        wanted = torch.from_numpy(target).to(vectors.device)
        # Of unit vectors, half the squared distance: 1 less the cosine.
        return (1 - (vectors * wanted).sum(1)).mean()

    return Batch(texts, loss, then)


def _n_batches(n_pairs: int, batch: int) -> int:
    """Batches of nearly one size: a small remainder has too few negatives to learn from."""
    return max(1, round(n_pairs / batch))

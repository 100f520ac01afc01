"""The averaging phase: the weights of several runs, and of the base, as one model.

Models that were fine-tuned from one base average well ("model soups", Wortsman et al., ICML 2022;
the last phase of BioLORD-2023), and a share of the base keeps what it knew (WiSE-FT, Wortsman et
al., CVPR 2022).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Weights = Mapping[str, "torch.Tensor"]


def average_adapters(runs: Sequence[Weights], *, base_share: float) -> dict[str, torch.Tensor]:
    """The mean of the changes B A that adapters make, times 1 - `base_share`, as one adapter.

    The mean of products is no product of means: the factors are put side by side, so that the rank
    is the sum of the ranks, and the change is exact.

    Args:
        runs: of names that end in "lora_A.weight", of shape (rank, n_in), and "lora_B.weight", of
            shape (n_out, rank).
    """
    import torch

    share = (1 - base_share) / len(runs)
    return {
        name: torch.cat([run[name] for run in runs], dim=0)
        if name.endswith("lora_A.weight")
        else torch.cat([run[name] * share for run in runs], dim=1)
        for name in runs[0]
    }


def average_weights(
    runs: Sequence[Weights], base: Weights, *, base_share: float
) -> dict[str, torch.Tensor]:
    """The mean of whole weights: `base_share` of the base, the rest of the runs in equal parts."""
    import torch

    share = (1 - base_share) / len(runs)
    averaged = {}
    for name in runs[0]:
        total = base[name].double() * base_share
        for run in runs:
            total = total + run[name].double() * share
        averaged[name] = total.to(torch.float32)
    return averaged

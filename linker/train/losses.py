"""Two contrastive losses over the vectors of a batch. A vector may have many positives.

Rows are the texts of a batch, pairs one after the other: text i and text i + n stand for one
concept. Two texts that share a concept are never each other's negatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

MS_ALPHA, MS_BETA, MS_BASE, MS_MARGIN = 2.0, 50.0, 0.5, 0.1
"""Wang et al. (CVPR 2019, section 5.1): alpha, beta, lambda (their code's thresh), epsilon."""


def shared(labels: Sequence[frozenset[int]]) -> npt.NDArray[np.bool_]:
    """Which texts share a label: shape (n, n), symmetric; each with itself."""
    places: dict[int, list[int]] = {}
    for row, own in enumerate(labels):
        for label in own:
            places.setdefault(label, []).append(row)
    same = np.eye(len(labels), dtype=np.bool_)
    for rows in places.values():
        same[np.ix_(rows, rows)] = True
    return same


def info_nce(
    vectors: torch.Tensor, same: npt.NDArray[np.bool_], *, temperature: float
) -> torch.Tensor:
    """InfoNCE, both ways: each text is to find its partner among all texts of other concepts.

    -log(exp(s_ip / t) / (exp(s_ip / t) + sum over negatives j of exp(s_ij / t))), the mean over i
    (van den Oord et al. 2018, equation 4; BioLORD, section 3.3).

    Args:
        vectors: shape (2 n, dim), unit rows; row i's partner is row (i + n) mod 2 n.
        same: shape (2 n, 2 n), of `shared`.
    """
    import torch

    n = len(vectors) // 2
    partner = torch.arange(2 * n, device=vectors.device).roll(n)
    hidden = torch.from_numpy(same.copy())
    hidden[torch.arange(2 * n), partner.cpu()] = False
    logits = (vectors @ vectors.T) / temperature
    logits = logits.masked_fill(hidden.to(vectors.device), float("-inf"))
    return torch.nn.functional.cross_entropy(logits, partner)


def multi_similarity(vectors: torch.Tensor, same: npt.NDArray[np.bool_]) -> torch.Tensor:
    """The multi-similarity loss on hard pairs (Wang et al., CVPR 2019, equations 11 to 14).

    A negative counts if it is nearer than the furthest positive, less a margin; a positive, if it
    is further than the nearest negative, plus the margin.

    Args:
        vectors: shape (n, dim), unit rows.
        same: shape (n, n), of `shared`.
    """
    import torch

    cosines = vectors @ vectors.T
    alike = torch.from_numpy(same).to(vectors.device)
    positive = alike & ~torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    with torch.no_grad():
        furthest = cosines.masked_fill(~positive, float("inf")).amin(1, keepdim=True)
        nearest = cosines.masked_fill(alike, float("-inf")).amax(1, keepdim=True)
        hard_positive = positive & (cosines - MS_MARGIN < nearest)
        hard_negative = ~alike & (cosines + MS_MARGIN > furthest)
    pulled = torch.exp(-MS_ALPHA * (cosines - MS_BASE)) * hard_positive
    pushed = torch.exp(MS_BETA * (cosines - MS_BASE)) * hard_negative
    pull = torch.log1p(pulled.sum(1)) / MS_ALPHA
    push = torch.log1p(pushed.sum(1)) / MS_BETA
    return (pull + push).mean()

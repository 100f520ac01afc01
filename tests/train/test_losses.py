from __future__ import annotations

import numpy as np
import torch

from linker.train.losses import MS_ALPHA, MS_BASE, MS_BETA, info_nce, multi_similarity, shared


def unit(n: int, dim: int = 8, seed: int = 0) -> torch.Tensor:
    made = torch.from_numpy(np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32))
    return torch.nn.functional.normalize(made, dim=-1)


def test_texts_that_share_any_label_are_the_same() -> None:
    labels = [frozenset([1]), frozenset([1, 2]), frozenset([2]), frozenset([3])]
    assert shared(labels).tolist() == [
        [True, True, False, False],
        [True, True, True, False],
        [False, True, True, False],
        [False, False, False, True],
    ]


def test_info_nce_is_its_formula() -> None:
    vectors = unit(6)
    labels = [frozenset([i % 3]) for i in range(6)]
    cosines = (vectors @ vectors.T).numpy().astype(np.float64) / 0.1
    terms = []
    for i in range(6):
        partner = (i + 3) % 6
        negatives = [j for j in range(6) if j % 3 != i % 3]
        denominator = np.exp(cosines[i, [partner, *negatives]]).sum()
        terms.append(-np.log(np.exp(cosines[i, partner]) / denominator))
    found = float(info_nce(vectors, shared(labels), temperature=0.1))
    np.testing.assert_allclose(found, np.mean(terms), rtol=1e-5)


def test_a_text_of_the_same_concept_is_no_negative() -> None:
    # Texts 0 and 1 are of two pairs, and share a concept: moving 1 onto 0 costs nothing.
    labels = [frozenset([1]), frozenset([1, 2]), frozenset([1]), frozenset([2])]
    vectors = unit(4).requires_grad_()
    loss = info_nce(vectors, shared(labels), temperature=0.1)
    (gradient,) = torch.autograd.grad(loss, vectors)
    alone = unit(4)
    moved = alone.clone()
    moved[1] = moved[0]
    row0 = info_nce(alone, shared(labels), temperature=0.1)
    assert torch.isfinite(row0)
    assert torch.isfinite(gradient).all()
    # Row 0's negatives are text 3 alone: text 1 shares concept 1 with it.
    logits = (alone @ alone.T / 0.1)[0]
    expected = -torch.log_softmax(logits[[2, 3]], dim=0)[0]
    same = shared(labels)
    picked = torch.nn.functional.cross_entropy(
        logits.masked_fill(torch.tensor([True, bool(same[0, 1]), False, False]), -torch.inf)[None],
        torch.tensor([2]),
    )
    torch.testing.assert_close(picked, expected)


def test_multi_similarity_is_its_formula() -> None:
    vectors = unit(8, seed=3)
    labels = [frozenset([i % 4]) for i in range(8)]
    cosines = (vectors @ vectors.T).numpy().astype(np.float64)
    terms = []
    for i in range(8):
        positives = [j for j in range(8) if j != i and j % 4 == i % 4]
        negatives = [j for j in range(8) if j % 4 != i % 4]
        furthest, nearest = cosines[i, positives].min(), cosines[i, negatives].max()
        hard_p = [cosines[i, j] for j in positives if cosines[i, j] - 0.1 < nearest]
        hard_n = [cosines[i, j] for j in negatives if cosines[i, j] + 0.1 > furthest]
        pull = np.log1p(np.exp(-MS_ALPHA * (np.array(hard_p) - MS_BASE)).sum()) / MS_ALPHA
        push = np.log1p(np.exp(MS_BETA * (np.array(hard_n) - MS_BASE)).sum()) / MS_BETA
        terms.append(pull + push)
    found = float(multi_similarity(vectors, shared(labels)))
    np.testing.assert_allclose(found, np.mean(terms), rtol=1e-4)


def test_easy_pairs_cost_nothing_in_multi_similarity() -> None:
    vectors = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    labels = [frozenset([0]), frozenset([1])] * 2
    assert float(multi_similarity(vectors, shared(labels))) == 0.0

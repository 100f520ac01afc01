from __future__ import annotations

import re

import pytest

from linker.errors import ConfigError
from linker.index.vectors.kinds import choose_kind, complete, n_lists

GB = 10**9


@pytest.mark.parametrize(
    ("n_names", "dim", "memory", "kind"),
    [
        (1, 384, GB, "Flat"),
        (40_453, 384, 1.5 * GB, "Flat"),
        (100_000, 768, 1.5 * GB, "Flat"),
        (100_000, 384, 0.1536 * GB, "Flat"),
        (100_000, 384, 0.1535 * GB, "HNSW32,SQfp16"),
        (100_001, 384, 1.5 * GB, "HNSW32,SQfp16"),
        # 1,816 bytes a name.
        (440_000, 768, 0.7991 * GB, "HNSW32,SQfp16"),
        (440_000, 768, 0.799 * GB, "IVF1024,RaBitQ"),
        (440_000, 768, 0.9 * GB, "HNSW32,SQfp16"),
        (440_000, 768, 0.7 * GB, "IVF1024,RaBitQ"),
        (500_001, 384, 1.5 * GB, "IVF1024,RaBitQ"),
        (1_200_000, 384, 1.5 * GB, "IVF2048,RaBitQ"),
        (9_000_000, 384, 1.5 * GB, "IVF4096,RaBitQ"),
        (9_000_000, 768, 1.5 * GB, "IVF4096,RaBitQ"),
        (9_000_000, 768, 0.8 * GB, "IVF4096,PQ96x4fsr"),
        (40_453, 384, 0.01 * GB, "IVF256,RaBitQ"),
    ],
)
def test_kind_by_names_and_memory(n_names: int, dim: int, memory: float, kind: str) -> None:
    assert choose_kind(n_names, dim, int(memory)) == kind


def test_budget_that_nothing_fits_says_what_does() -> None:
    message = "9,000,000 names of 384 dimensions need at least 294 MB, the budget is 100 MB; raise"
    with pytest.raises(ConfigError, match=re.escape(message)):
        choose_kind(9_000_000, 384, 10**8)
    assert choose_kind(9_000_000, 384, 295 * 10**6) == "IVF4096,PQ48x4fsr"


def test_parts_of_eight_are_not_chosen_for_dimensions_that_these_do_not_go_into() -> None:
    message = "9,000,000 names of 100 dimensions need at least 258 MB, the budget is 200 MB; raise"
    with pytest.raises(ConfigError, match=re.escape(message)):
        choose_kind(9_000_000, 100, 2 * 10**8)
    assert choose_kind(9_000_000, 100, 26 * 10**7) == "IVF4096,RaBitQ"
    assert choose_kind(9_000_000, 104, 2 * 10**8) == "IVF4096,PQ13x4fsr"


@pytest.mark.parametrize(
    ("n_names", "lists"), [(1, 2), (100, 16), (10_000, 128), (1_000_000, 1024), (9_000_000, 4096)]
)
def test_lists_grow_with_the_root_of_the_names(n_names: int, lists: int) -> None:
    assert n_lists(n_names) == lists


@pytest.mark.parametrize(
    ("kind", "completed"),
    [
        ("IVF,RaBitQ", "IVF1024,RaBitQ"),
        ("OPQ16,IVF,PQ16", "OPQ16,IVF1024,PQ16"),
        ("IVF_HNSW32,SQ8", "IVF1024_HNSW32,SQ8"),
        ("IVF256,SQ8", "IVF256,SQ8"),
        ("HNSW32", "HNSW32"),
        ("Flat", "Flat"),
    ],
)
def test_number_of_lists_may_be_left_out(kind: str, completed: str) -> None:
    assert complete(kind, 1_000_000) == completed

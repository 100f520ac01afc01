"""Which kind of search a number of names and a budget of memory ask for: FAISS factory strings.

Measured on MiniLM's vectors of real names (benchmarks/kinds.py): RaBitQ keeps one bit a dimension
and, with the best 50 to 100 of its candidates compared exactly, finds what eight bits a dimension
(SQ8) find, in a sixth of the memory and less time. So SQ8 is there for who asks for it, not chosen.

RaBitQ: Gao and Long, SIGMOD 2024. HNSW: Malkov and Yashunin, 2018. PQ: Jégou et al., 2011.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from linker.errors import ConfigError

AUTO = "auto"
FLAT_NAMES = 100_000
"""Up to here exact search takes some 3 ms a query, eight times what a graph does, and nothing needs
tuning."""
GRAPH_NAMES = 500_000
"""Up to here a graph is built in minutes."""
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way to search.

    Attributes:
        factory: a FAISS factory string, "{lists}" and "{eighth}" standing for the number of lists
            and an eighth of the dimensions.
        most_names: chosen for no more names than this, if given.
        name_bytes: the memory of one name, by the dimensions of its vector; infinite where the kind
            cannot have so many.
    """

    factory: str
    most_names: int | None
    name_bytes: Callable[[int], float]


KINDS = (
    _Kind("Flat", FLAT_NAMES, lambda dim: 4 * dim),
    # Numbers of two bytes; 32 links a name, and 64 on the ground floor, four bytes each.
    _Kind("HNSW32,SQfp16", GRAPH_NAMES, lambda dim: 2 * dim + 4 * (64 + 2) + 16),
    # One bit a dimension, and two factors.
    _Kind("IVF{lists},RaBitQ", None, lambda dim: dim / 8 + 8 + _ID_BYTES),
    # Four bits for eight dimensions, if these go into it: parts must have the same length.
    _Kind(
        "IVF{lists},PQ{eighth}x4fsr",
        None,
        lambda dim: float("inf") if dim % 8 else dim / 16 + _ID_BYTES,
    ),
)
"""The best first; the first that fits is chosen."""


def n_lists(n_names: int) -> int:
    """How many lists an inverted file of so many names has: a power of two near 2 sqrt(n)."""
    return 1 << (int(2 * n_names**0.5).bit_length() - 1)


def complete(kind: str, n_names: int) -> str:
    """A kind whose inverted file says no number of lists ("IVF,RaBitQ") gets one."""
    return re.sub(r"(^|,)IVF(?=[,_])", rf"\g<1>IVF{n_lists(n_names)}", kind)


def choose_kind(n_names: int, dim: int, memory: int) -> str:
    """The kind for so many names that is held in so much memory.

    Args:
        n_names: distinct names.
        dim: the length of a vector.
        memory: bytes for what the search keeps in memory: the vectors or their codes, and the graph
            or the lists. The encoder, the lexicon and the names come on top.

    Returns:
        A FAISS factory string.

    Raises:
        ConfigError: none fits.
    """
    least = float("inf")
    for kind in KINDS:
        lists = n_lists(n_names) if "IVF" in kind.factory else 0
        needed = n_names * kind.name_bytes(dim) + 4 * dim * lists
        least = min(least, needed)
        if needed <= memory and (kind.most_names is None or n_names <= kind.most_names):
            return kind.factory.format(lists=lists, eighth=dim // 8)
    raise ConfigError(
        f"{n_names:,} names of {dim} dimensions need at least {least / 1e6:,.0f} MB, "
        f"the budget is {memory / 1e6:,.0f} MB; raise --memory"
    )

"""Concepts that share the very name that was asked for: whose name it is before all.

Terminologies made of others have "nephropathy" as a name of kidney disease, of IgA nephropathy and
of diabetic nephropathy, and "pain" as one of headache. All of them match word for word. It is the
name of the concept whose preferred name means the same: the nearer, by the vectors of the two.
Between a concept and one below it that says little: ICD-10-CM has "osteoarthritis" as a name of
M19.9 and of M19.90, and which of these is meant its features tell better.

SNOMED CT has "Fracture" as a disorder and as a morphologic abnormality, "Infection" as a disorder
and as a qualifier value, all of them preferred names. Who has a fracture has the disorder: the
other goes behind it, and is no rival of it.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from functools import lru_cache
from itertools import groupby

import numpy as np

from linker.index import Index, kind_rank
from linker.link.rank import Pairs
from linker.link.retrieve import Bools, Floats, Ints
from linker.terminology import DISORDER, MORPHOLOGY, QUALITY, NameKind, kinds_of

WORTH = 10.0
"""What a concept loses in log-odds for each unit of cosine by which another's preferred name is
nearer."""
LESSER = 3.0
"""What a concept loses in log-odds where another that it goes behind has the name."""

_CACHED = 100_000
_PREFERRED = kind_rank(NameKind.PREFERRED)


class SharedNames:
    """Tells apart the concepts that share a name.

    Args:
        index: whose concepts.
        above: gives the rows of a concept's parents and grandparents.
    """

    def __init__(self, index: Index, above: Callable[[int], Set[int]]) -> None:
        self._store = index.store
        self._vectors = index.vectors
        self._above = above
        self._preferred = lru_cache(maxsize=_CACHED)(self._read_preferred)
        self._kinds = lru_cache(maxsize=_CACHED)(self._read_kinds)

    def losses(self, best: Pairs, other: Bools) -> Floats:
        """What each concept loses in log-odds: 0 for one that shares no name, or is the nearest.

        Args:
            best: the concepts of some queries, each by its best name, query by query.
            other: which of them are of another kind than their mention's label says: these are
                nobody's rivals.

        Returns:
            Shape (len(best),), from 0 to 2 * WORTH + LESSER.
        """
        losses = np.zeros(len(best))
        at = np.flatnonzero(_is_shared(best.query, best.exact & ~other))
        if not len(at):
            return losses
        names, concepts = best.row[at], best.concept[at].tolist()
        preferred = np.array([*map(self._preferred, concepts)])
        near = self._cosines(names, np.where(preferred < 0, names, preferred))
        is_own = (preferred == names).tolist()
        for _, group in groupby(range(len(at)), key=best.query[at].tolist().__getitem__):
            sharers = [*group]
            kinds = {one: self._kinds(concepts[one]) for one in sharers}
            for one in sharers:
                # Itself among them, which is no farther than it is.
                farther = (
                    near[other] - near[one]
                    for other in sharers
                    if not _yields(kinds[other], kinds[one])
                    and (is_own[other] or not self._are_related(concepts[one], concepts[other]))
                )
                lesser = any(_yields(kinds[one], kinds[other]) for other in sharers)
                losses[at[one]] = WORTH * max(farther) + LESSER * lesser
        return losses

    def _cosines(self, rows: Ints, others: Ints) -> Floats:
        """The cosine of each name with another, by their rows: shape (len(rows),)."""
        name, other = (self._vectors.take(of).astype(np.float64) for of in (rows, others))
        cosines: Floats = np.einsum("nd,nd->n", name, other)
        return cosines

    def _are_related(self, concept: int, other: int) -> bool:
        """Whether one of two is a parent or grandparent of the other."""
        return other in self._above(concept) or concept in self._above(other)

    def _read_kinds(self, concept: int) -> frozenset[str]:
        return kinds_of(self._store.semantic_types(concept))

    def _read_preferred(self, concept: int) -> int:
        """The row of a concept's preferred name; -1 if it has none."""
        rows = np.array(self._store.name_rows(concept), dtype=np.int64)
        pairs = self._store.pair_rows(rows)
        is_it = (pairs.concept == concept) & (pairs.kind == _PREFERRED) & ~pairs.derived
        return int(rows[pairs.name[is_it][0]]) if is_it.any() else -1


def _yields(kinds: Set[str], others: Set[str]) -> bool:
    """Whether a concept of some kinds goes behind one of others that shares its name.

    What tissue looks like does behind what somebody has, and what says how much behind all else.
    """
    if kinds == {QUALITY}:
        return others != kinds
    return MORPHOLOGY in kinds and DISORDER in others and MORPHOLOGY not in others


def _is_shared(query: Ints, exact: Bools) -> Bools:
    """Which of the concepts have the very name that was asked for, and are not alone with it."""
    shared: Bools = exact & (np.bincount(query, exact, minlength=1)[query] > 1)
    return shared

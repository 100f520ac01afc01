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

from collections.abc import Callable, Container, Set
from functools import lru_cache, partial
from itertools import groupby
from typing import NamedTuple

import numpy as np

from linker.index import Index, Store, kind_rank
from linker.link.arrays import Bools, Floats, Ints
from linker.link.ranking.rank import Pairs
from linker.terminology import DISORDER, MORPHOLOGY, QUALITY, NameKind, kinds_of
from linker.text import normalise

WORTH = 10.0
"""What a concept loses in log-odds for each unit of cosine by which another's preferred name is
nearer."""
LESSER = 3.0
"""What a concept loses in log-odds where another that it goes behind has the name."""

_CACHED = 100_000
_PREFERRED = kind_rank(NameKind.PREFERRED)


class Losses(NamedTuple):
    """What the concepts of some queries lose to others that share their name.

    Attributes:
        farther: by how much nearer to the shared name, in cosine, another's preferred name is; 0
            for one that shares no name, or is the nearest. float64, shape (concepts,), in [0, 2].
        lesser: it goes behind another of the name, whatever the vectors say; shape (concepts,).
    """

    farther: Floats
    lesser: Bools

    @property
    def log_odds(self) -> Floats:
        """Shape (concepts,), from 0 to 2 * WORTH + LESSER."""
        return WORTH * self.farther + LESSER * self.lesser


class SharedNames:
    """Tells apart the concepts that share a name.

    Args:
        index: whose concepts.
        above: gives the rows of a concept's parents and grandparents.
    """

    def __init__(self, index: Index, above: Callable[[int], Container[int]]) -> None:
        self._store = index.store
        self._vectors = index.vectors
        self._above = above
        self._preferred = lru_cache(maxsize=_CACHED)(partial(preferred_row, index.store))
        self._kinds = lru_cache(maxsize=_CACHED)(self._read_kinds)

    def losses(self, best: Pairs, other: Bools) -> Losses:
        """What each concept loses to those that share its name.

        Args:
            best: the concepts of some queries, each by its best name, query by query.
            other: which of them are of another kind than their mention's label says: these are
                nobody's rivals.
        """
        losses = Losses(np.zeros(len(best)), np.zeros(len(best), dtype=np.bool_))
        at = np.flatnonzero(_is_shared(best.query, best.exact & ~other))
        if not len(at):
            return losses
        names, concepts = best.row[at], best.concept[at].tolist()
        preferred = np.array([*map(self._preferred, concepts)])
        others = np.where(preferred < 0, names, preferred)
        near = self._vectors.cosines(self._vectors.take(names), others)
        is_own = (preferred == names).tolist()
        for _, group in groupby(range(len(at)), key=best.query[at].tolist().__getitem__):
            sharers = [*group]
            kinds = {one: self._kinds(concepts[one]) for one in sharers}
            for one in sharers:
                # Itself among them, which is no farther than it is.
                losses.farther[at[one]] = max(
                    near[other] - near[one]
                    for other in sharers
                    if not _yields(kinds[other], kinds[one])
                    and (is_own[other] or not self._are_related(concepts[one], concepts[other]))
                )
                losses.lesser[at[one]] = any(_yields(kinds[one], kinds[o]) for o in sharers)
        return losses

    def _are_related(self, concept: int, other: int) -> bool:
        """Whether one of two is a parent or grandparent of the other."""
        return other in self._above(concept) or concept in self._above(other)

    def _read_kinds(self, concept: int) -> frozenset[str]:
        return kinds_of(self._store.semantic_types(concept))


def preferred_row(store: Store, concept: int) -> int:
    """The row of a concept's preferred name; -1 if it has none."""
    rows = np.array(store.name_rows(concept), dtype=np.int64)
    pairs = store.pair_rows(rows)
    is_it = (pairs.concept == concept) & (pairs.kind == _PREFERRED) & ~pairs.derived
    found: list[int] = rows[pairs.name[is_it]].tolist()
    if len(found) < 2:
        return found[0] if found else -1
    # Readers may hold everyday names as good as the preferred one, as that of ICD-10-CM does.
    preferred = normalise(store.preferred_name(concept))
    return next((row for row in found if store.normal(row) == preferred), found[0])


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

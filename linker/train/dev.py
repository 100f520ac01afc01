"""The dev curve: names of the index that no pair holds, looked up among the others.

Of the same kind as `link.calibrate`'s held-out names, but small enough to be embedded anew again
and again: each name is looked up among its nearest names in the index, those of the other held-out
names, and all other names of its concept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from linker.encoder import Vectors
from linker.index import Index, Store
from linker.terminology import NameKind

NEIGHBOURS = 30
SHARE = 20
"""At most one name in so many is held out."""


@dataclass(frozen=True, slots=True)
class DevSet:
    """Held-out names and what they are looked up among.

    Attributes:
        rows: of the held-out names.
        queries: their normal forms; answers: the row of the concept of each.
        names: normal forms of the names that may be found; concepts: the rows of each one's.
    """

    rows: frozenset[int]
    queries: tuple[str, ...]
    answers: tuple[int, ...]
    names: tuple[str, ...]
    concepts: tuple[tuple[int, ...], ...]

    def measure(self, encode: Callable[[Sequence[str]], Vectors]) -> tuple[float, float]:
        """hit@1 and hit@5, in percent: is the concept the first, one of the first five?

        There must be a held-out name.
        """
        cosines = encode(self.queries) @ encode(self.names).T
        first = fifth = 0
        for answer, row in zip(self.answers, cosines, strict=True):
            best: list[int] = []
            for name in np.argsort(-row, kind="stable"):
                best.extend(c for c in self.concepts[name] if c not in best)
                if len(best) >= 5:
                    break
            first += answer in best[:1]
            fifth += answer in best[:5]
        return 100 * first / len(self.queries), 100 * fifth / len(self.queries)


def hold_out(index: Index, n: int, *, seed: int) -> DevSet:
    """Choose names to hold out: further names of concepts that keep two others.

    Args:
        n: how many, at most; never more than one name of the index in `SHARE`.
    """
    store = index.store
    rng = np.random.default_rng(seed)
    rows: list[int] = []
    taken: set[int] = set()
    for row in rng.permutation(store.n_names).tolist():
        if len(rows) >= min(n, store.n_names // SHARE):
            break
        # Of several concepts, or of none: an overlay has taken it away.
        if len(pairs := store.pairs(row)) != 1:
            continue
        concept = pairs[0].concept
        if (
            pairs[0].kind is NameKind.EXACT
            and concept not in taken
            and len(store.name_rows(concept)) > 2
        ):
            rows.append(row)
            taken.add(concept)
    rows.sort()
    found: set[int] = set()
    if rows:
        _, near = index.vectors.search(index.vectors.take(np.array(rows)), NEIGHBOURS + 1)
        found.update(near[near >= 0].tolist())
        for row in rows:
            found.update(store.name_rows(store.pairs(row)[0].concept))
    names = sorted(found - set(rows))
    return DevSet(
        rows=frozenset(rows),
        queries=tuple(store.normal(row) for row in rows),
        answers=tuple(store.pairs(row)[0].concept for row in rows),
        names=tuple(store.normal(row) for row in names),
        concepts=tuple(_concepts(store, row) for row in names),
    )


def _concepts(store: Store, row: int) -> tuple[int, ...]:
    return tuple(pair.concept for pair in store.pairs(row))

"""Queries to name rows: the lexicon and the vectors propose, and every proposal has a cosine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from linker.encoder import Encoder
from linker.index import Index, ranges
from linker.link.arrays import Bools, Floats, Ints
from linker.link.queries.reworded import reworded
from linker.link.queries.wording import named, singular
from linker.text import normalise, stems, typed

_KEPT = 8192
"""Normal forms of which is kept what names have their words: a query is asked for several times."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Names proposed for some queries: equally long arrays, query by query.

    Attributes:
        query: which query, from 0, ascending.
        row: the name's row in the index.
        score: the cosine of the query and the name, in [-1, 1]; best first, ties by row.
        exact: the query's normal form is the name.
        same_words: the query has the name's words, in any order and inflection.
        reworded: the query is read as the name, which it has in other words: see
            `linker.link.queries.reworded`.
    """

    query: Ints
    row: Ints
    score: Floats
    exact: Bools
    same_words: Bools
    reworded: Bools

    def taken(self, at: Ints | slice, query: Ints) -> Hits:
        """Some of the hits, under other numbers of their queries."""
        return Hits(query, *(getattr(self, field.name)[at] for field in fields(self)[1:]))


class Retrieved(NamedTuple):
    """What was found for some queries, and by which vectors.

    Attributes:
        hits: the names.
        vectors: of the queries: shape (queries, dim), of unit length; zeros for a query without any
            character that the encoder reads.
    """

    hits: Hits
    vectors: npt.NDArray[np.float32]


class Spelling(NamedTuple):
    """What of a query decides its candidates.

    Attributes:
        normal: its normal form.
        written: the query as by `typed`, if a source writes the name that it is in this way.
    """

    normal: str
    written: str | None


class _SameWords(NamedTuple):
    """The names with the words of a normal form, in any order and inflection.

    Attributes:
        rows: of them all.
        exact: of the one that is the normal form itself; None if there is none.
    """

    rows: Sequence[int]
    exact: int | None


class Retriever:
    """Proposes names for queries.

    Args:
        index: the index to search.
        encoder: gives the encoder; called at the first query that is no name of the index.
    """

    def __init__(self, index: Index, encoder: Callable[[], Encoder]) -> None:
        self._index = index
        self._encoder = encoder
        self._same_words = lru_cache(maxsize=_KEPT)(self._find)

    def retrieve(self, queries: Sequence[str], *, n: int) -> Retrieved:
        """The names nearest to each query.

        A query that is a name, if in another wording (`linker.link.queries.reworded`), takes that
        name's stored vector: no encoder runs for it.

        Args:
            queries: any strings.
            n: how many neighbours to look for; names with the same words come on top of these.

        Returns:
            The hits of each query; none for one without any character that the encoder reads.
        """
        normals = [normalise(query) for query in queries]
        distinct = sorted({normal for normal in normals if normal})
        found = [*map(self._same_words, distinct)]
        same, exact = [own.rows for own in found], [own.exact for own in found]
        named = [
            reworded(self._index, normal, own.rows) if own.exact is None else own.exact
            for normal, own in zip(distinct, found, strict=True)
        ]
        vectors = self._vectors(distinct, named)
        place = {normal: i for i, normal in enumerate(distinct)}
        places = [place.get(normal, -1) for normal in normals]
        hits = _spread(self._search(vectors, exact, named, same, n), places)
        # Behind the last one stands that of a query without any character: zeros.
        return Retrieved(hits, np.pad(vectors, ((0, 1), (0, 0)))[places])

    def as_names(self, queries: Iterable[str]) -> list[str]:
        """The queries as they are looked up: the plural of a name is that name ("rashes").

        Not the reverse: MeSH's "Alcohols" are a class, and "alcohol" is one of them.
        """
        return [*map(self._as_name, queries)]

    def _as_name(self, query: str) -> str:
        normal = normalise(query)
        rows, exact = self._same_words(normal)
        return query if exact is not None else singular(self._index, query, normal, rows)

    def spellings(self, queries: Sequence[str]) -> list[Spelling]:
        """All of some queries that links depend on: two that agree in it have the same candidates.

        A note's "CHEST PAIN" and "Chest Pain" are looked up once, if no source writes them so, and
        so is the plural of a name, which is looked up as that name: see `as_names`.
        """
        found = []
        for query in self.as_names(queries):
            normal = normalise(query)
            row = self._same_words(normal).exact
            spelled = typed(query)
            pairs = () if row is None else self._index.store.pairs(row)
            written = (typed(pair.written) for pair in pairs)
            found.append(Spelling(normal, spelled if spelled in written else None))
        return found

    def _find(self, normal: str) -> _SameWords:
        rows = named(self._index, stems(normal))
        normal_of = self._index.store.normal
        return _SameWords(rows, next((row for row in rows if normal_of(row) == normal), None))

    def _vectors(
        self, normals: Sequence[str], names: Sequence[int | None]
    ) -> npt.NDArray[np.float32]:
        """The vectors of normal forms: those of the names that they are, else the encoder's."""
        vectors = np.empty((len(normals), self._index.manifest.encoder.dim), dtype=np.float32)
        known = [i for i, row in enumerate(names) if row is not None]
        if known:
            vectors[known] = self._index.vectors.take(np.array([names[i] for i in known]))
        unknown = [i for i, row in enumerate(names) if row is None]
        if unknown:
            vectors[unknown] = self._encoder().encode([normals[i] for i in unknown])
        return vectors

    def _search(
        self,
        vectors: npt.NDArray[np.float32],
        exact: Sequence[int | None],
        named: Sequence[int | None],
        same: Sequence[Sequence[int]],
        n: int,
    ) -> Hits:
        """The neighbours of each vector, the names with the words of its query, and the name that
        it is in another wording: a graph's walk may miss the very name that it starts from.
        """
        if not len(vectors):
            nothing = np.zeros(0, dtype=np.int64)
            return Hits(nothing, nothing, np.zeros(0), *[nothing > 0] * 3)
        cosines, neighbours = self._index.vectors.search(vectors, n)
        near = neighbours >= 0
        query, row, score = np.nonzero(near)[0], neighbours[near], cosines[near].astype(float)
        known = [
            [*rows, *([] if row is None or row in rows else [row])]
            for rows, row in zip(same, named, strict=True)
        ]
        lexical, worded = _pairs(known)
        # A pair of a query and a name as one number.
        size = self._index.store.n_names
        missing = ~np.isin(lexical * size + worded, query * size + row)
        if missing.any():
            query = np.concatenate([query, lexical[missing]])
            row = np.concatenate([row, worded[missing]])
            asked = vectors[lexical[missing]]
            score = np.concatenate([score, self._index.vectors.cosines(asked, worded[missing])])
        is_exact, is_named = (
            row == np.array([-1 if own is None else own for own in rows])[query]
            for rows in (exact, named)
        )
        score[is_exact] = 1.0
        lexical, worded = _pairs(same)
        same_words = np.isin(query * size + row, lexical * size + worded)
        hits = Hits(query, row, score, is_exact, same_words, is_named & ~is_exact & ~same_words)
        order = np.lexsort((row, -score, query))
        return hits.taken(order, query[order])


def _pairs(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Rows of names, query by query, as two columns: which query, and which row."""
    query = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
    return query, np.array([row for own in rows for row in own], dtype=np.int64)


def _spread(hits: Hits, places: Sequence[int]) -> Hits:
    """The hits of distinct normal forms, handed to the queries that have them; none for -1."""
    n = max(places, default=-1) + 1
    bounds = np.searchsorted(hits.query, np.arange(n + 2))
    # Behind the last one there is nothing, which is what -1 gets.
    asked = np.array([n if place < 0 else place for place in places], dtype=np.int64)
    lengths = np.diff(bounds)[asked]
    return hits.taken(
        ranges(bounds[asked], lengths), query=np.repeat(np.arange(len(asked)), lengths)
    )

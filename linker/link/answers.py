"""The candidates of mentions: each distinct string is looked up once, and the latest are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import NamedTuple

from linker.errors import IndexFolderError
from linker.index import Index
from linker.link.calibrate import NEIGHBOURS
from linker.link.choose import Decided
from linker.link.queries.no_disorders import has_no_name, is_no_disorder
from linker.link.queries.organs import Organs
from linker.link.queries.short_forms import by_other_name, spelled_out
from linker.link.queries.symbols import Symbols
from linker.link.ranking.broader import Broader
from linker.link.ranking.contests import decide
from linker.link.ranking.labels import NO_DISORDER, TypeFilter, kind_of
from linker.link.ranking.rank import Weights
from linker.link.ranking.rerank import Reranker, candidates
from linker.link.retrieve import Retriever, Spelling
from linker.schema import Candidate, Mention
from linker.terminology import DISORDER
from linker.text import normalise

CACHED_QUERIES = 20_000
"""Queries whose candidates are kept: about 4 kB each with 5 candidates."""


class _Asked(NamedTuple):
    """A string, and what kind of thing the detector takes it for."""

    query: str
    kind: str | None


class _Question(NamedTuple):
    """What candidates depend on."""

    spelling: Spelling
    kind: str | None
    k: int


class Answers:
    """Finds the candidates of mentions.

    Args:
        index: whose concepts.
        retriever: of this index.
        types: lets the mentions' labels speak against concepts of another kind; None for not.

    Attributes:
        weights, reranker, broader: what decides among the concepts of a mention.

    Raises:
        IndexFolderError: the index has no usable weights.
    """

    def __init__(self, index: Index, retriever: Retriever, types: TypeFilter | None) -> None:
        self._store = index.store
        self._retriever = retriever
        self._types = types
        self._symbols = Symbols(index.store)
        self._organs = Organs(index.store)
        self._in_full = partial(spelled_out, index)
        self._by_other_name = partial(by_other_name, index)
        self._name_of = lru_cache(CACHED_QUERIES)(self._find_name)
        self._is_no_disorder = lru_cache(CACHED_QUERIES)(partial(is_no_disorder, index.store))
        self._has_no_name = lru_cache(CACHED_QUERIES)(partial(has_no_name, index))
        try:
            self.weights = Weights.from_json(index.calibration["weights"])
        except (KeyError, TypeError, ValueError) as error:
            raise IndexFolderError(
                f"{index.path}: calibration.json has no usable weights ({error!r}); "
                "rebuild the index"
            ) from error
        self.reranker = Reranker(index, self.weights.slope)
        self.broader = Broader(index, self.reranker.above)
        self._spellings: OrderedDict[str, Spelling] = OrderedDict()
        self._answers: OrderedDict[_Question, tuple[Candidate, ...]] = OrderedDict()

    def of(
        self, mentions: Sequence[Mention], k: int
    ) -> Iterator[tuple[Mention, tuple[Candidate, ...]]]:
        """The candidates of each mention, in the same order.

        Args:
            k: candidates to keep, at least 1.

        Yields:
            The mention, with what a symbol or a short form in it stands for, and its candidates.
        """
        in_full = [self._spelled_out(mention) for mention in mentions]
        asked = [
            _Asked(own.query, self._kind_as_asked(own.query, self._kind(mention)))
            for mention, own in zip(mentions, in_full, strict=True)
        ]
        found = self._candidates(asked, k)
        for mention, question in zip(in_full, asked, strict=True):
            yield mention, found[question]

    def decided(self, mentions: Sequence[Mention], k: int, *, threshold: float) -> list[Decided]:
        """What each mention is linked to, or NIL if nothing is as probable as the threshold."""
        return [
            Decided(
                mention,
                found[0].concept_id if found and found[0].probability >= threshold else None,
                found,
            )
            for mention, found in self.of(mentions, k)
        ]

    def _kind(self, mention: Mention) -> str | None:
        return kind_of(mention.label) if mention.label and self._types is not None else None

    def _kind_as_asked(self, query: str, kind: str | None) -> str | None:
        """What a query says itself of its kind, where no detector's label says better.

        Detectors take "Neck:" and "extremities" for diseases, and a disease terminology has one
        of every body part. They take a cough for one, too, where it has whooping cough alone.
        """
        if self._types is None or kind not in (None, DISORDER):
            return kind
        no_disorder = self._is_no_disorder(query) or (kind == DISORDER and self._has_no_name(query))
        return NO_DISORDER if no_disorder else kind

    def _spelled_out(self, mention: Mention) -> Mention:
        """The mention, with what a symbol, an adjective, or short forms in a phrase, stand for."""
        query = mention.query
        name = self._name_of(query, self._kind(mention), mention.long_form is None)
        return mention if name == query else replace(mention, long_form=name)

    def _find_name(self, query: str, kind: str | None, as_written: bool) -> str:
        """What a query stands for; itself if for nothing, or if the house says what it means.

        Args:
            as_written: it is the note's own words, and may have short forms in it.
        """
        local = self._store.local_names
        if local and normalise(query) in local:
            return query
        name = self._symbols.name_of(query, kind)
        if name == query:
            name = self._organs.name_of(query, kind)
        if name != query:
            return name
        return self._in_full(query) if as_written else self._by_other_name(query)

    def _candidates(self, asked: Sequence[_Asked], k: int) -> dict[_Asked, tuple[Candidate, ...]]:
        """The candidates of each distinct question; the latest ones are kept."""
        distinct = list(dict.fromkeys(asked))
        new = list(dict.fromkeys(of.query for of in distinct if of.query not in self._spellings))
        self._spellings.update(zip(new, self._retriever.spellings(new), strict=True))
        questions = {of: _Question(self._spellings[of.query], of.kind, k) for of in distinct}
        missing = {
            question: of.query
            for of, question in questions.items()
            if question not in self._answers
        }
        if missing:
            self._answers.update(zip(missing, self._answered(missing), strict=True))
        for of, question in questions.items():
            self._spellings.move_to_end(of.query)
            self._answers.move_to_end(question)
        found = {of: self._answers[question] for of, question in questions.items()}
        for kept in (self._spellings, self._answers):
            while len(kept) > CACHED_QUERIES:
                kept.popitem(last=False)
        return found

    def _answered(self, missing: Mapping[_Question, str]) -> Iterator[tuple[Candidate, ...]]:
        """The candidates of some questions, each with one of the strings that ask it."""
        queries, store = self._retriever.as_names(missing.values()), self._store
        ranking = decide(
            queries,
            self._retriever.retrieve(queries, n=NEIGHBOURS),
            store,
            self.weights,
            self.reranker,
            self.broader,
            kinds=[question.kind for question in missing],
            types=self._types,
        )
        for place, question in enumerate(missing):
            yield candidates(ranking, place, store, k=question.k)

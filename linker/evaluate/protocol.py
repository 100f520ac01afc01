"""From gold mentions to what is looked up, and from candidates to what was right.

- Z: gold mentions, dictionary as released.
- A: the same with the mentions of a train split as names of the house (`linker.evaluate.names`),
  and composites split by the parts that the gold gives: as BioSyn (Sung et al. 2020) and SapBERT
  (Liu et al. 2021) report, which add them to the dictionary.

In both, short forms are looked up by the long form that their note defines, and a discontinuous
mention by its pieces.

Right is as in BioSyn's own evaluation: a mention is right at k if one of its gold ids is among its
first k candidates; one that was split is right at k if each of its parts is, where any of the
mention's gold ids will do for a part. An alternative or retired id counts as its concept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from linker.detect import expand
from linker.formats import Annotation, Document
from linker.schema import Candidate, Concept, Link, Mention
from linker.text import normalise

NOT_FOUND = 0
"""The rank of a concept that is not among the candidates."""

OWN_NAME = "a name of its concept"
OTHER_NAME = "a name of another concept only"
NO_NAME = "no name in the dictionary"
NOT_OWN_NAME = "no name of its concept"
"""Of what is not looked up: whether another concept has the name is not known."""


class Linking(Protocol):
    """What an evaluation asks of a linker; `linker.Linker` is one."""

    threshold: float

    @property
    def local_names(self) -> Collection[str]:
        """The names of which overlays say what they mean, in their normal form."""
        ...

    def link_mentions(self, mentions: Sequence[Mention], k: int = 5) -> list[Link]:
        """One link a mention."""
        ...

    def pipe(self, texts: Iterable[str], batch_size: int = 64, k: int = 5) -> Iterator[list[Link]]:
        """The links of each text."""
        ...

    def concept(self, concept_id: str) -> Concept:
        """The concept of an id, or KeyError."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """A gold mention and what is looked up for it: itself, or the parts of a composite.

    Attributes:
        document: the document's position, from 0.
        by: "text", "long form", "pieces" or "parts".
    """

    document: int
    annotation: Annotation
    mentions: tuple[Mention, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a gold mention.

    Attributes:
        document: the document's position, from 0.
        gold: its ids as the index has them, or as they are where it has not.
        known: the index holds one of them.
        rank: where the first gold id stands among the candidates, from 1; `NOT_FOUND` where it does
            not. Of a split composite: the rank of its worst part.
        linked: not NIL. A split composite is linked if each of its parts is.
        concept_id: the best candidate's id, linked or turned down; None where there is none. Of a
            split composite: of its worst part.
        probability: the best candidate's, in [0, 1]; 0 where there is none. Of a split composite:
            the least of its parts.
        name: `OWN_NAME`, `OTHER_NAME` or `NO_NAME`, of what was looked up; `OWN_NAME` or
            `NOT_OWN_NAME` end to end.
        in_train: the same string is a mention of the train documents; None without any.
        by, words: how it was looked up, and how many words that string has.
    """

    document: int
    annotation: Annotation
    gold: tuple[str, ...]
    known: bool
    rank: int
    linked: bool
    concept_id: str | None
    probability: float
    name: str
    in_train: bool | None
    by: str
    words: int


def queries_of(
    position: int,
    document: Document,
    *,
    abbreviations: bool,
    composites: bool,
    types: bool = False,
    local: Collection[str] = (),
) -> list[Query]:
    """What is looked up for each annotation of a document, in the order of the file.

    Args:
        position: the document's, from 0.
        abbreviations: look short forms up by their long form.
        composites: look a composite up part by part, where the gold gives its parts.
        types: give mentions the types of the gold as their labels.
        local: the linker's `local_names`.
    """
    text = document.text
    spans = sorted({(a.start, a.end) for a in document.annotations})
    mentions = [Mention(start, end, text[start:end]) for start, end in spans]
    if abbreviations:
        mentions = expand(text, mentions, local=local)
    at = {(mention.start, mention.end): mention for mention in mentions}
    queries = []
    for annotation in document.annotations:
        mention = at[annotation.start, annotation.end]
        by = "text" if mention.long_form is None else "long form"
        if types:
            mention = replace(mention, label=annotation.type)
        looked_up: tuple[Mention, ...] = (mention,)
        if composites and len(annotation.parts) > 1:
            looked_up, by = tuple(replace(mention, long_form=p) for p in annotation.parts), "parts"
        elif len(annotation.spans) > 1:
            looked_up, by = (replace(mention, long_form=annotation.words(text)),), "pieces"
        queries.append(Query(position, annotation, looked_up, by))
    return queries


class Concepts:
    """The concepts of gold ids, each looked up once; counts the ids that the index has not."""

    def __init__(self, linker: Linking) -> None:
        self._linker = linker
        self._found: dict[str, Concept | None] = {}
        self._names: dict[str, frozenset[str]] = {}
        self.unknown: dict[str, int] = {}

    def get(self, concept_id: str) -> Concept | None:
        """The concept of an id, or None where the index has none."""
        if concept_id not in self._found:
            try:
                self._found[concept_id] = self._linker.concept(concept_id)
            except KeyError:
                self._found[concept_id] = None
        return self._found[concept_id]

    def names(self, concept_id: str) -> frozenset[str]:
        """The normal forms of a concept's names; none where the index has no such id."""
        if concept_id not in self._names:
            concept = self.get(concept_id)
            names = () if concept is None else concept.names
            self._names[concept_id] = frozenset(map(normalise, names))
        return self._names[concept_id]

    def resolve(self, ids: Iterable[str]) -> tuple[tuple[str, ...], bool]:
        """The ids as the index has them, or as they are, and whether it holds one of them.

        Counts those that it does not hold.
        """
        resolved = []
        known = False
        for concept_id in ids:
            concept = self.get(concept_id)
            if concept is None:
                self.unknown[concept_id] = self.unknown.get(concept_id, 0) + 1
            known = known or concept is not None
            resolved.append(concept_id if concept is None else concept.concept_id)
        return tuple(dict.fromkeys(resolved)), known


def judge(
    query: Query,
    links: Sequence[Link],
    concepts: Concepts,
    *,
    train_names: frozenset[str] | None = None,
) -> Outcome:
    """What became of a gold mention, given the link of each string that was looked up for it."""
    gold, known = concepts.resolve(query.annotation.ids)
    ranks = [_rank_of(gold, link.candidates) for link in links]
    worst = max(range(len(ranks)), key=lambda i: (ranks[i] == NOT_FOUND, ranks[i]))
    best = links[worst].best
    strings = [normalise(mention.query) for mention in query.mentions]
    return Outcome(
        document=query.document,
        annotation=query.annotation,
        gold=gold,
        known=known,
        rank=ranks[worst],
        linked=all(link.concept_id is not None for link in links),
        concept_id=None if best is None else best.concept_id,
        probability=min(link.probability for link in links),
        name=_name(strings[worst], gold, links[worst].candidates, concepts),
        in_train=None if train_names is None else all(s in train_names for s in strings),
        by=query.by,
        words=max(len(string.split()) for string in strings),
    )


def _rank_of(gold: Sequence[str], candidates: Sequence[Candidate]) -> int:
    """Where the first gold id stands, from 1, or `NOT_FOUND`."""
    for rank, candidate in enumerate(candidates, start=1):
        if candidate.concept_id in gold:
            return rank
    return NOT_FOUND


def _name(
    string: str, gold: Sequence[str], candidates: Sequence[Candidate], concepts: Concepts
) -> str:
    if any(string in concepts.names(concept_id) for concept_id in gold):
        return OWN_NAME
    if any(normalise(candidate.matched_name) == string for candidate in candidates):
        return OTHER_NAME
    return NO_NAME


def mention_names(documents: Sequence[Document]) -> Mapping[str, frozenset[str]]:
    """What train documents call their concepts: the strings that are looked up, and their ids.

    Composites are split where the gold gives as many parts as ids; else each id has the string.
    """
    names: dict[str, set[str]] = {}
    for position, document in enumerate(documents):
        for query in queries_of(position, document, abbreviations=True, composites=True):
            ids = query.annotation.ids
            paired = len(query.mentions) == len(ids)
            for at, mention in enumerate(query.mentions):
                names.setdefault(mention.query, set()).update([ids[at]] if paired else ids)
    return {name: frozenset(ids) for name, ids in names.items()}

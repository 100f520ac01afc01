"""Mentions found and linked in the text, held against the gold ones: end to end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from linker.evaluate.bootstrap import Statistic
from linker.evaluate.errors import (
    Confused,
    confusions,
    dimensions,
    groups,
    place,
    standing_for,
    worst_concepts,
)
from linker.evaluate.measured import BATCH_DOCUMENTS, Measured
from linker.evaluate.mentions import (
    MentionTable,
    mention_statistic,
    operating_points,
    reliability,
)
from linker.evaluate.protocol import (
    NOT_FOUND,
    NOT_OWN_NAME,
    OWN_NAME,
    Concepts,
    Linking,
    Outcome,
    Query,
    judge,
    queries_of,
)
from linker.evaluate.report import Group, MentionResult, Place
from linker.evaluate.spans import (
    FoundSpan,
    GoldSpan,
    Matches,
    character_statistic,
    match,
    span_statistic,
)
from linker.formats import Document
from linker.schema import Link
from linker.steps import Progress

NO_TYPE = "none stated"
"""The group of links to concepts without a semantic type."""


def measure_end_to_end(
    linker: Linking,
    documents: Sequence[Document],
    concepts: Concepts,
    names: frozenset[str] | None,
    progress: Progress,
) -> Measured:
    """Annotate the texts of some documents, and hold the links against the gold.

    Args:
        names: the normal forms of what is looked up for train mentions, or None without any.
    """
    predicted = _annotated(linker, documents, progress)
    compared = _Compared.of(_gold_outcomes(documents, concepts, names), predicted)
    outcomes, matches = compared.outcomes, compared.matches
    strict, overlap, spans, best = map(
        compared.of_gold, ("stands_strict", "stands_overlap", "gold_span", "gold_strict")
    )

    def figures(members: Sequence[int]) -> dict[str, float]:
        return {
            "strict_recall": float(strict[members].mean()),
            "overlap_recall": float(overlap[members].mean()),
            "spans_recall": float(spans[members].mean()),
        }

    table = _table(predicted, matches)
    n_gold = sum(bool(outcome.gold) for outcome in outcomes)
    confused, missed = _errors(compared, overlap, concepts)
    parts = {
        "groups": groups(outcomes, dimensions(concepts, documents), figures),
        "link_groups": _link_groups(compared, concepts),
        "reliability": reliability(table),
        "operating_points": operating_points(
            table.probability, table.right, best[best >= 0], n_gold
        ),
        "concepts": worst_concepts(outcomes, strict.tolist(), overlap.tolist(), concepts),
        "confusions": confusions(confused, concepts),
        "missed": confusions(missed, concepts),
        "invented": confusions(_invented(compared), concepts),
        "results": _results(documents, compared, strict.tolist()),
    }
    statistics: list[Statistic] = [
        span_statistic(compared.gold, predicted, matches),
        character_statistic(compared.gold, predicted),
        _only(mention_statistic(table, len(documents), k=1), {"ece", "brier"}),
    ]
    return Measured(outcomes, statistics, parts)


@dataclass(frozen=True, slots=True)
class _Compared:
    """The gold and the predicted mentions, document by document, and how they meet.

    Attributes:
        outcomes: what the gold mentions are, those of all documents.
        nearest: for each of them the link that shares most characters with it; None if none does.
    """

    outcomes: list[Outcome]
    gold: list[list[GoldSpan]]
    predicted: list[list[FoundSpan]]
    matches: list[Matches]
    nearest: list[FoundSpan | None]

    @classmethod
    def of(cls, outcomes: list[list[Outcome]], predicted: list[list[FoundSpan]]) -> _Compared:
        gold = [[GoldSpan(o.annotation.spans, o.gold) for o in own] for own in outcomes]
        matches = [match(*pair) for pair in zip(gold, predicted, strict=True)]
        return cls(
            outcomes=[*chain.from_iterable(outcomes)],
            gold=gold,
            predicted=predicted,
            matches=matches,
            nearest=[
                None if at < 0 else found[at]
                for found, own in zip(predicted, matches, strict=True)
                for at in own.nearest.tolist()
            ],
        )

    def of_gold(self, column: str) -> Any:
        """A column of `Matches`, of the gold mentions of all documents."""
        return _joined([getattr(own, column) for own in self.matches])


def _annotated(
    linker: Linking, documents: Sequence[Document], progress: Progress
) -> list[list[FoundSpan]]:
    """The links of each document's text."""
    progress.step("annotating", total=len(documents), unit="documents")
    predicted: list[list[FoundSpan]] = []
    texts = (document.text for document in documents)
    for links in linker.pipe(texts, batch_size=BATCH_DOCUMENTS, k=1):
        predicted.append([_found(link) for link in links])
        progress.advance(1)
    return predicted


def _gold_outcomes(
    documents: Sequence[Document], concepts: Concepts, names: frozenset[str] | None
) -> list[list[Outcome]]:
    """What each document's gold mentions are, whoever finds them: no linking happens here."""
    return [
        [
            _gold_of(query, concepts, names)
            for query in queries_of(position, document, abbreviations=True, composites=False)
        ]
        for position, document in enumerate(documents)
    ]


def _table(predicted: Sequence[Sequence[FoundSpan]], matches: Sequence[Matches]) -> MentionTable:
    """The predicted mentions that have a candidate, as if each were linked."""
    held = [
        (document, is_right, found.probability)
        for document, (of, own) in enumerate(zip(predicted, matches, strict=True))
        for found, is_right in zip(of, own.strict.tolist(), strict=True)
        if found.concept_id is not None
    ]
    document, right, probability = zip(*held, strict=True) if held else ((), (), ())
    every = np.ones(len(held), dtype=np.bool_)
    return MentionTable(
        document=np.array(document, dtype=np.int64),
        rank=np.array(right, dtype=np.int64),
        has_ids=every,
        known=every,
        linked=every,
        probability=np.array(probability, dtype=np.float64),
    )


def _errors(
    compared: _Compared, found: Sequence[bool], concepts: Concepts
) -> tuple[list[Confused], list[Confused]]:
    """The gold mentions that no right link overlaps: taken for another, and not found at all."""
    confused: list[Confused] = []
    missed: list[Confused] = []
    for outcome, link, is_found in zip(compared.outcomes, compared.nearest, found, strict=True):
        if not outcome.gold or is_found:
            continue
        gold, where = standing_for(outcome, concepts), place(outcome)
        if link is None:
            missed.append(((gold, ""), False, NOT_FOUND, where))
        else:
            confused.append(((gold, link.concept_id or ""), link.linked, NOT_FOUND, where))
    return confused, missed


def _invented(compared: _Compared) -> list[Confused]:
    """The links that stand where the gold has no mention."""
    return [
        (("", link.concept_id or ""), True, NOT_FOUND, Place(position, link.start, link.end))
        for position, (found, own) in enumerate(
            zip(compared.predicted, compared.matches, strict=True)
        )
        for link, is_stray in zip(found, own.stray.tolist(), strict=True)
        if link.linked and is_stray
    ]


def _link_groups(compared: _Compared, concepts: Concepts) -> tuple[Group, ...]:
    """The links that stand by the semantic types of their concepts, the largest group first."""
    members: dict[str, list[tuple[bool, bool, bool]]] = defaultdict(list)
    for found, own in zip(compared.predicted, compared.matches, strict=True):
        for at, link in enumerate(found):
            concept = concepts.get(link.concept_id) if link.linked and link.concept_id else None
            if concept is not None:
                for label in concept.semantic_types or (NO_TYPE,):
                    members[label].append((own.strict[at], own.overlap[at], own.stray[at]))
    names = ("strict_precision", "overlap_precision", "stray")
    return tuple(
        Group(
            "semantic type",
            label,
            len(its),
            dict(zip(names, np.mean(its, axis=0).tolist(), strict=True)),
        )
        for label, its in sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _results(
    documents: Sequence[Document], compared: _Compared, right: Sequence[bool]
) -> tuple[MentionResult, ...]:
    return tuple(
        MentionResult(
            documents[o.document].id,
            o.annotation.start,
            o.annotation.end,
            o.gold,
            None if link is None else link.concept_id,
            link is not None and link.linked,
            0.0 if link is None else link.probability,
            None,
            is_right,
        )
        for o, link, is_right in zip(compared.outcomes, compared.nearest, right, strict=True)
    )


def _gold_of(query: Query, concepts: Concepts, names: frozenset[str] | None) -> Outcome:
    """What a gold mention is, without any candidate."""
    outcome = judge(query, [Link(query.mentions[0], None)], concepts, train_names=names)
    return outcome if outcome.name == OWN_NAME else replace(outcome, name=NOT_OWN_NAME)


def _found(link: Link) -> FoundSpan:
    best = link.best
    return FoundSpan(
        link.mention.start,
        link.mention.end,
        None if best is None else best.concept_id,
        link.concept_id is not None,
        link.probability,
    )


def _joined(parts: Sequence[Any]) -> Any:
    return np.concatenate([np.zeros(0, dtype=np.bool_), *parts])


def _only(statistic: Statistic, names: Collection[str]) -> Statistic:
    return lambda weights: {n: v for n, v in statistic(weights).items() if n in names}

"""Mentions found and linked in the text, held against the gold ones: end to end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
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
    NOT_OWN_NAME,
    OWN_NAME,
    Concepts,
    Linking,
    Outcome,
    Query,
    judge,
    queries_of,
)
from linker.evaluate.report import MentionResult, Place
from linker.evaluate.spans import (
    FoundSpan,
    GoldSpan,
    character_statistic,
    match,
    span_statistic,
)
from linker.formats import Document
from linker.index import Progress
from linker.schema import Link


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
    progress.step("annotating", total=len(documents), unit="documents")
    predicted: list[list[FoundSpan]] = []
    texts = (document.text for document in documents)
    for links in linker.pipe(texts, batch_size=BATCH_DOCUMENTS, k=1):
        predicted.append([_found(link) for link in links])
        progress.advance(1)
    # What a gold mention is, whoever finds it: no linking happens here.
    outcomes: list[Outcome] = []
    gold: list[list[GoldSpan]] = []
    for position, document in enumerate(documents):
        of_document = [
            _gold_of(query, concepts, names)
            for query in queries_of(position, document, abbreviations=True, composites=False)
        ]
        outcomes += of_document
        gold.append([GoldSpan(o.annotation.spans, o.gold) for o in of_document])
    matches = [match(*pair) for pair in zip(gold, predicted, strict=True)]
    found_by = _links_by_gold(gold, predicted)
    strict = _joined([m.stands_strict for m in matches])
    overlap = _joined([m.stands_overlap for m in matches])
    spans = _joined([m.gold_span for m in matches])
    probability = np.array([f.probability for of in predicted for f in of], dtype=np.float64)
    right = _joined([m.strict for m in matches])
    has_concept = np.array([f.concept_id is not None for of in predicted for f in of], np.bool_)
    best = np.concatenate([np.zeros(0), *(m.gold_strict for m in matches)])
    has_ids = np.array([bool(o.gold) for o in outcomes], dtype=np.bool_)

    def figures(members: Sequence[int]) -> dict[str, float]:
        return {
            "strict_recall": float(strict[members].mean()),
            "overlap_recall": float(overlap[members].mean()),
            "spans_recall": float(spans[members].mean()),
        }

    table = MentionTable(
        document=np.repeat(np.arange(len(documents)), [len(of) for of in predicted])[has_concept],
        rank=right[has_concept].astype(np.int64),
        has_ids=np.ones(int(has_concept.sum()), dtype=np.bool_),
        known=np.ones(int(has_concept.sum()), dtype=np.bool_),
        linked=np.ones(int(has_concept.sum()), dtype=np.bool_),
        probability=probability[has_concept],
    )
    missed: list[Confused] = []
    confused: list[Confused] = []
    for at, outcome in enumerate(outcomes):
        if not outcome.gold or overlap[at]:
            continue
        link = found_by[at]
        item = (
            (standing_for(outcome, concepts), "" if link is None else link.concept_id or ""),
            link is not None and link.linked,
            0,
            place(outcome),
        )
        (missed if link is None else confused).append(item)
    invented = [
        (("", link.concept_id or ""), True, 0, Place(position, link.start, link.end))
        for position, (of, m) in enumerate(zip(predicted, matches, strict=True))
        for link, good in zip(of, m.overlap, strict=True)
        if link.linked and not good and not _meets_any(link, gold[position])
    ]
    parts = {
        "groups": groups(outcomes, dimensions(concepts, documents), figures),
        "reliability": reliability(table),
        "operating_points": operating_points(
            table.probability, table.right, best[best >= 0], int(has_ids.sum())
        ),
        "concepts": worst_concepts(outcomes, strict.tolist(), overlap.tolist(), concepts),
        "confusions": confusions(confused, concepts),
        "missed": confusions(missed, concepts),
        "invented": confusions(invented, concepts),
        "results": tuple(
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
            for o, link, is_right in zip(outcomes, found_by, strict.tolist(), strict=True)
        ),
    }
    statistics: list[Statistic] = [
        span_statistic(gold, predicted, matches),
        character_statistic(gold, predicted),
        _only(mention_statistic(table, len(documents), k=1), {"ece", "brier"}),
    ]
    return Measured(outcomes, statistics, parts)


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


def _meets_any(link: FoundSpan, gold: Sequence[GoldSpan]) -> bool:
    return any(_shared(mention, link) for mention in gold)


def _links_by_gold(
    gold: Sequence[Sequence[GoldSpan]], predicted: Sequence[Sequence[FoundSpan]]
) -> list[FoundSpan | None]:
    """For each gold mention the link that shares most characters with it, the first of equals."""
    found: list[FoundSpan | None] = []
    for of_gold, of_predicted in zip(gold, predicted, strict=True):
        for mention in of_gold:
            shared = [(_shared(mention, link), -link.start, link) for link in of_predicted]
            near = [item for item in shared if item[0]]
            found.append(max(near, key=lambda item: item[:2])[2] if near else None)
    return found


def _shared(mention: GoldSpan, link: FoundSpan) -> int:
    """How many characters both have."""
    return sum(max(0, min(end, link.end) - max(start, link.start)) for start, end in mention.spans)

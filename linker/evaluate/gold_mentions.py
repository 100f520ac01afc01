"""Gold mentions linked and judged: protocols Z and A."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

from linker.evaluate.errors import (
    confusions,
    dimensions,
    groups,
    place,
    retrieval_figures,
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
from linker.evaluate.protocol import Concepts, Linking, Outcome, judge, queries_of
from linker.evaluate.report import MentionResult
from linker.formats import Document
from linker.steps import Progress


def measure_gold_mentions(
    linker: Linking,
    documents: Sequence[Document],
    concepts: Concepts,
    names: frozenset[str] | None,
    *,
    k: int,
    abbreviations: bool,
    composites: bool,
    types: bool,
    progress: Progress,
) -> Measured:
    """Link the gold mentions of some documents, in batches, and judge each.

    Args:
        names: the normal forms of what is looked up for train mentions, or None without any.
        k, abbreviations, composites, types: as of `evaluate`.
    """
    options = {"abbreviations": abbreviations, "composites": composites, "types": types}
    outcomes = _judged(linker, documents, concepts, names, k, options, progress)
    table = MentionTable.of(outcomes)
    # A mention without a candidate cannot be a link, whatever the threshold.
    has_candidate = np.array([o.concept_id is not None for o in outcomes], dtype=np.bool_)
    right, near = table.right.tolist(), table.found(5).tolist()
    confused = [
        ((standing_for(o, concepts), o.concept_id or ""), o.linked, o.rank, place(o))
        for o, is_right in zip(outcomes, right, strict=True)
        # What is not in the index, and was rightly turned down, is no error.
        if not is_right and (o.known or o.linked)
    ]
    return Measured(
        outcomes,
        [mention_statistic(table, len(documents), k=k)],
        {
            "groups": groups(
                outcomes,
                dimensions(concepts, documents),
                retrieval_figures(outcomes, k=k),
            ),
            "reliability": reliability(table),
            "operating_points": operating_points(
                table.probability[has_candidate],
                table.right[has_candidate],
                table.probability[table.right],
                int(table.has_ids.sum()),
            ),
            "concepts": worst_concepts(outcomes, right, near, concepts),
            "confusions": confusions(confused, concepts),
            "results": tuple(
                MentionResult(
                    documents[o.document].id,
                    o.annotation.start,
                    o.annotation.end,
                    o.gold,
                    o.concept_id,
                    o.linked,
                    o.probability,
                    o.rank,
                    is_right,
                )
                for o, is_right in zip(outcomes, right, strict=True)
            ),
        },
    )


def _judged(
    linker: Linking,
    documents: Sequence[Document],
    concepts: Concepts,
    names: frozenset[str] | None,
    k: int,
    options: Mapping[str, bool],
    progress: Progress,
) -> list[Outcome]:
    """What became of each gold mention, with what is looked up by the options of `queries_of`."""
    progress.step("linking gold mentions", total=len(documents), unit="documents")
    outcomes: list[Outcome] = []
    for begun in range(0, len(documents), BATCH_DOCUMENTS):
        batch = documents[begun : begun + BATCH_DOCUMENTS]
        queries = [
            query
            for position, document in enumerate(batch, start=begun)
            for query in queries_of(position, document, local=linker.local_names, **options)
        ]
        links = iter(linker.link_mentions([m for q in queries for m in q.mentions], k=k))
        for query in queries:
            its = list(islice(links, len(query.mentions)))
            outcomes.append(judge(query, its, concepts, train_names=names))
        progress.advance(len(batch))
    return outcomes

"""Outcomes sorted into what helps to find the next class of error: groups, concepts, confusions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from linker.evaluate.mentions import CUTOFFS
from linker.evaluate.protocol import Concepts, Outcome
from linker.evaluate.report import ConceptErrors, Confusion, Group, Place
from linker.formats import Document

EXAMPLES = 5
"""Places kept of each concept and confusion."""

NOT_IN_INDEX = "not in the index"


def place(outcome: Outcome) -> Place:
    """Where a gold mention stands."""
    return Place(outcome.document, outcome.annotation.start, outcome.annotation.end)


def dimensions(
    concepts: Concepts, documents: Sequence[Document]
) -> dict[str, Callable[[Outcome], Iterable[str]]]:
    """The properties by which mentions are grouped, each giving the labels of a mention.

    Args:
        concepts: for the semantic types of the gold concepts.
        documents: for their files.
    """
    files = [document.file or "" for document in documents]

    def semantic_types(outcome: Outcome) -> Iterable[str]:
        found = [c for i in outcome.gold if (c := concepts.get(i)) is not None]
        labels = {label for concept in found for label in concept.semantic_types}
        return sorted(labels) if found else [NOT_IN_INDEX]

    def words(outcome: Outcome) -> Iterable[str]:
        n = outcome.words
        return ["5 words or more" if n >= 5 else f"{n} word{'' if n == 1 else 's'}"]

    return {
        "type": lambda outcome: [outcome.annotation.type] if outcome.annotation.type else [],
        "name": lambda outcome: [outcome.name],
        "train": lambda outcome: (
            []
            if outcome.in_train is None
            else ["seen in train" if outcome.in_train else "not seen in train"]
        ),
        "words": words,
        "looked up by": lambda outcome: [outcome.by],
        "ids": lambda outcome: ["several ids" if len(outcome.gold) > 1 else "one id"],
        "semantic type": semantic_types,
        "file": lambda outcome: [files[outcome.document]] if len(set(files)) > 1 else [],
    }


def groups(
    outcomes: Sequence[Outcome],
    by: dict[str, Callable[[Outcome], Iterable[str]]],
    figures: Callable[[Sequence[int]], dict[str, float]],
) -> tuple[Group, ...]:
    """The mentions with a gold id, by each property; the largest group first, ties by label.

    Args:
        figures: from positions in `outcomes` to figures.
    """
    found = []
    for dimension, labels_of in by.items():
        members: dict[str, list[int]] = defaultdict(list)
        for at, outcome in enumerate(outcomes):
            if outcome.gold:
                for label in labels_of(outcome):
                    members[label].append(at)
        for label in sorted(members, key=lambda label: (-len(members[label]), label)):
            its = members[label]
            found.append(Group(dimension, label, len(its), figures(its)))
    return tuple(found)


def retrieval_figures(
    outcomes: Sequence[Outcome], *, k: int
) -> Callable[[Sequence[int]], dict[str, float]]:
    """The figures of a group of gold mentions."""
    ranks = np.array([outcome.rank for outcome in outcomes], dtype=np.int64)
    linked = np.array([outcome.linked for outcome in outcomes], dtype=np.bool_)

    def figures(members: Sequence[int]) -> dict[str, float]:
        its, stands = ranks[members], linked[members]
        right = int((stands & (its == 1)).sum())
        return {
            **{
                f"acc@{cutoff}": float(((its > 0) & (its <= cutoff)).mean())
                for cutoff in CUTOFFS
                if cutoff <= k
            },
            "mrr": float(np.where(its > 0, 1 / np.maximum(its, 1), 0.0).mean()),
            # Where no link stands, there is none.
            **({"precision": right / int(stands.sum())} if stands.any() else {}),
            "recall": right / len(its),
        }

    return figures


def standing_for(outcome: Outcome, concepts: Concepts) -> str:
    """The gold id that stands for a mention: the first that the index holds; "" for NIL."""
    held = [concept_id for concept_id in outcome.gold if concepts.get(concept_id) is not None]
    return next(iter(held or outcome.gold), "")


def name_of(concept_id: str | None, concepts: Concepts) -> str:
    """A concept's preferred name; "" where the index has none."""
    concept = concepts.get(concept_id) if concept_id else None
    return "" if concept is None else concept.preferred_name


def worst_concepts(
    outcomes: Sequence[Outcome], right: Sequence[bool], found: Sequence[bool], concepts: Concepts
) -> tuple[ConceptErrors, ...]:
    """The gold concepts with errors, most errors first, ties by id.

    Args:
        right: for each outcome, whether it is right.
        found: for each outcome, whether it is nearly so (among the first five; overlapping).
    """
    members: dict[str, list[int]] = defaultdict(list)
    for at, outcome in enumerate(outcomes):
        for concept_id in outcome.gold:
            members[concept_id].append(at)
    rows = [
        ConceptErrors(
            concept_id,
            name_of(concept_id, concepts),
            len(its),
            sum(right[at] for at in its),
            sum(found[at] for at in its),
            tuple(place(outcomes[at]) for at in its if not right[at])[:EXAMPLES],
        )
        for concept_id, its in members.items()
    ]
    return tuple(sorted((r for r in rows if r.wrong), key=lambda r: (-r.wrong, r.concept_id)))


Pair = tuple[str, str]
Confused = tuple[Pair, bool, int, Place]
"""A gold and a predicted id ("" for none), whether the link stands, the gold's rank, the place."""


def confusions(items: Iterable[Confused], concepts: Concepts) -> tuple[Confusion, ...]:
    """Pairs of a gold and a predicted concept, most frequent first, ties by id.

    Args:
        items: one a mention that went wrong.
    """
    members: dict[Pair, list[tuple[bool, int, Place]]] = defaultdict(list)
    for pair, linked, rank, where in items:
        members[pair].append((linked, rank, where))
    return tuple(
        Confusion(
            gold,
            name_of(gold, concepts),
            predicted,
            name_of(predicted, concepts),
            len(its),
            sum(linked for linked, _, _ in its),
            tuple(sorted({rank for _, rank, _ in its})),
            tuple(where for _, _, where in its[:EXAMPLES]),
        )
        for (gold, predicted), its in sorted(
            members.items(), key=lambda item: (-len(item[1]), item[0])
        )
    )

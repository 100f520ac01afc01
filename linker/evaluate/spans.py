"""Figures of end-to-end linking: spans found, and spans found with the right concept.

A predicted link is right if one gold mention with its concept stands there, a gold mention is found
if one link with one of its concepts does:

- strict: at the very same span; a discontinuous gold mention has no such span;
- overlapping: with at least one character in common.

Precision counts links, recall gold mentions, so no pairing has to be chosen where several overlap.
A composite, or a mention with alternative ids, is found by any of its ids. Gold mentions without an
id are no concept to find: a link there is wrong. `spans` counts spans alone, NIL among them.

Macro figures are means over documents, without those that have neither gold nor links.

char_iou is the metric of the SNOMED CT Entity Linking Challenge (Hardman et al. 2023): for each
concept that the gold or the links have, the characters that both give it over those that either
does, all documents together; then the mean over concepts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from linker.evaluate.bootstrap import Array, Bools, Ints, Statistic, Sums, f1, ratio
from linker.formats.document import Span

RECENTRED = frozenset({"char_iou"})
"""Figures whose intervals are moved: a draw lacks concepts, the rare ones first, and its mean over
the others lies to one side."""


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A gold mention: its pieces, half-open in code points, and its ids as the index has them."""

    spans: tuple[Span, ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundSpan:
    """A predicted mention.

    Attributes:
        concept_id: the best candidate, linked or turned down; None where there is none.
        linked: the link stands: not NIL.
        probability: the best candidate's, in [0, 1].
    """

    start: int
    end: int
    concept_id: str | None
    linked: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Matches:
    """How the gold and the predicted mentions of one document meet.

    Attributes:
        strict, overlap: bool, shape (predicted,): the best candidate is right.
        gold_strict: float64, shape (gold,): the highest probability of a strictly right link,
            linked or turned down; -1 where there is none.
        stands_strict, stands_overlap: bool, shape (gold,): found by a link that stands.
        span, gold_span: bool: the same span is in the gold; was predicted; whatever the concept.
        nearest: int64, shape (gold,): the position of the predicted mention that shares most
            characters with it, the first of equals; -1 where none shares any.
        stray: bool, shape (predicted,): it shares no character with the gold.
    """

    strict: Bools
    overlap: Bools
    gold_strict: Array
    stands_strict: Bools
    stands_overlap: Bools
    span: Bools
    gold_span: Bools
    nearest: Ints
    stray: Bools


def match(gold: Sequence[GoldSpan], found: Sequence[FoundSpan]) -> Matches:
    """Compare the gold and the predicted mentions of a document."""
    n_gold, n_found = len(gold), len(found)
    strict, overlap, span = (np.zeros(n_found, dtype=np.bool_) for _ in range(3))
    stands_strict, stands_overlap, gold_span = (np.zeros(n_gold, dtype=np.bool_) for _ in range(3))
    gold_strict, nearest = np.full(n_gold, -1.0), np.full(n_gold, -1, dtype=np.int64)
    stray = np.ones(n_found, dtype=np.bool_)
    most: dict[int, tuple[int, int]] = {}
    for (g, f), shared in _shared(gold, found).items():
        predicted = found[f]
        stray[f] = False
        if (near := (shared, -predicted.start)) > most.get(g, (0, 0)):
            most[g], nearest[g] = near, f
        same = gold[g].spans == ((predicted.start, predicted.end),)
        if same:
            span[f] = gold_span[g] = True
        if predicted.concept_id not in gold[g].ids:
            continue
        overlap[f] = True
        stands_overlap[g] |= predicted.linked
        if same:
            strict[f] = True
            gold_strict[g] = max(gold_strict[g], predicted.probability)
            stands_strict[g] |= predicted.linked
    return Matches(
        strict,
        overlap,
        gold_strict,
        stands_strict,
        stands_overlap,
        span,
        gold_span,
        nearest,
        stray,
    )


def _shared(gold: Sequence[GoldSpan], found: Sequence[FoundSpan]) -> dict[tuple[int, int], int]:
    """How many characters a gold and a predicted mention share, of the pairs that share some."""
    pieces = [(start, end, g) for g, mention in enumerate(gold) for start, end in mention.spans]
    starts, ends, owners = np.array(pieces, dtype=np.int64).reshape(-1, 3).T
    found_starts = np.array([f.start for f in found], dtype=np.int64)
    found_ends = np.array([f.end for f in found], dtype=np.int64)
    at, f = np.nonzero((starts[:, None] < found_ends) & (found_starts < ends[:, None]))
    n = np.minimum(ends[at], found_ends[f]) - np.maximum(starts[at], found_starts[f])
    shared: dict[tuple[int, int], int] = {}
    for pair, more in zip(
        zip(owners[at].tolist(), f.tolist(), strict=True), n.tolist(), strict=True
    ):
        shared[pair] = shared.get(pair, 0) + more
    return shared


def span_statistic(
    gold: Sequence[Sequence[GoldSpan]],
    found: Sequence[Sequence[FoundSpan]],
    matches: Sequence[Matches],
) -> Statistic:
    """The figures of end-to-end linking, for `draw`; one entry a document."""
    n = len(gold)
    documents = np.arange(n)
    sums = Sums(n)

    def count(name: str, values: Sequence[float]) -> None:
        sums.add(name, documents, np.array(values, dtype=np.float64))

    linked = [np.array([f.linked for f in of], dtype=np.bool_) for of in found]
    has_ids = [np.array([bool(g.ids) for g in of], dtype=np.bool_) for of in gold]
    count("gold", [h.sum() for h in has_ids])
    count("links", [flags.sum() for flags in linked])
    count("gold spans", [len(of) for of in gold])
    count("found spans", [len(of) for of in found])
    count("right spans", [m.span.sum() for m in matches])
    count("spans found", [m.gold_span.sum() for m in matches])
    counted = (sums.column("gold") > 0) | (sums.column("links") > 0)
    count("counted", counted.tolist())
    kinds = ("strict", "overlap")
    for kind in kinds:
        right = [(getattr(m, kind) & flags).sum() for m, flags in zip(matches, linked, strict=True)]
        hit = [getattr(m, f"stands_{kind}").sum() for m in matches]
        count(f"{kind} right", right)
        count(f"{kind} hit", hit)
        precision = ratio(sums.column(f"{kind} right"), sums.column("links"))
        recall = ratio(sums.column(f"{kind} hit"), sums.column("gold"))
        # Where a document has gold and no links, or links and no gold, the other share is 0.
        precision, recall = (np.nan_to_num(value) for value in (precision, recall))
        for name, value in (("p", precision), ("r", recall), ("f", f1(precision, recall))):
            count(f"{kind} macro {name}", (value * counted).tolist())

    def statistic(weights: Array) -> Mapping[str, Array]:
        s = sums.of(weights)
        figures: dict[str, Array] = {}
        for kind in kinds:
            precision = ratio(s[f"{kind} right"], s["links"])
            recall = ratio(s[f"{kind} hit"], s["gold"])
            figures[f"{kind}_precision"] = precision
            figures[f"{kind}_recall"] = recall
            figures[f"{kind}_f1"] = f1(precision, recall)
        for kind in kinds:
            for letter, name in (("p", "precision"), ("r", "recall"), ("f", "f1")):
                figures[f"{kind}_{name} macro"] = ratio(s[f"{kind} macro {letter}"], s["counted"])
        precision = ratio(s["right spans"], s["found spans"])
        recall = ratio(s["spans found"], s["gold spans"])
        figures.update(
            spans_precision=precision, spans_recall=recall, spans_f1=f1(precision, recall)
        )
        return figures

    return statistic


def character_statistic(
    gold: Sequence[Sequence[GoldSpan]], found: Sequence[Sequence[FoundSpan]]
) -> Statistic:
    """Macro character IoU, for `draw`; one entry a document."""
    columns: dict[str, int] = {}
    rows: list[tuple[int, int, int, int]] = []
    for document, (of_gold, of_found) in enumerate(zip(gold, found, strict=True)):
        theirs: dict[str, set[int]] = {}
        ours: dict[str, set[int]] = {}
        for mention in of_gold:
            for concept_id in mention.ids:
                for start, end in mention.spans:
                    theirs.setdefault(concept_id, set()).update(range(start, end))
        for link in of_found:
            if link.linked and link.concept_id is not None:
                ours.setdefault(link.concept_id, set()).update(range(link.start, link.end))
        for concept_id in sorted(theirs.keys() | ours.keys()):
            a, b = theirs.get(concept_id, set()), ours.get(concept_id, set())
            column = columns.setdefault(concept_id, len(columns))
            rows.append((document, column, len(a & b), len(a | b)))
    shape = (len(gold), max(len(columns), 1))
    at = np.array(rows, dtype=np.int64).reshape(-1, 4)
    both, either = (
        sparse.csr_array((at[:, value].astype(np.float64), (at[:, 0], at[:, 1])), shape=shape)
        for value in (2, 3)
    )

    def statistic(weights: Array) -> Mapping[str, Array]:
        union = np.asarray(weights @ either)
        present = (union > 0).sum(axis=1).astype(np.float64)
        shares = np.nan_to_num(ratio(np.asarray(weights @ both), union))
        return {"char_iou": ratio(shares.sum(axis=1), present)}

    return statistic

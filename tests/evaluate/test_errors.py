"""What the report says of errors: confusions, what was missed or invented, the worst concepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest

from linker.evaluate import END_TO_END, evaluate
from linker.evaluate.report import Confusion
from linker.formats import Annotation, Document
from linker.schema import Candidate, Concept, Link, Mention

HELD = ("A", "B", "C", "D", "E")


class Told:
    """A linker that answers as it is told: candidates and whether the first one is linked."""

    threshold = 0.5
    local_names: frozenset[str] = frozenset()

    def __init__(self, answers: Mapping[str, tuple[Sequence[tuple[str, float]], bool]]) -> None:
        self._answers = answers

    def link_mentions(self, mentions: Sequence[Mention], k: int = 5) -> list[Link]:
        return [self._link(mention, k) for mention in mentions]

    def pipe(self, texts: Iterable[str], batch_size: int = 64, k: int = 5) -> Iterator[list[Link]]:
        for text in texts:
            found = ((text.find(said), said) for said in self._answers)
            yield [
                self._link(Mention(start, start + len(said), said), k)
                for start, said in sorted(found)
                if start >= 0
            ]

    def concept(self, concept_id: str) -> Concept:
        if concept_id not in HELD:
            raise KeyError(concept_id)
        return Concept(concept_id, f"name of {concept_id}")

    def _link(self, mention: Mention, k: int) -> Link:
        given, stands = self._answers[mention.query]
        candidates = tuple(Candidate(i, f"name of {i}", i, p, p) for i, p in given)[:k]
        return Link(mention, candidates[0].concept_id if stands else None, candidates)


def gold(text: str, *mentions: tuple[str, tuple[str, ...]], parts: Sequence[str] = ()) -> Document:
    """A document with the first stretch of each string marked with ids."""
    spans = [(text.index(said), text.index(said) + len(said), ids) for said, ids in mentions]
    return Document(
        "1", text, tuple(Annotation(((s, e),), ids, "", tuple(parts)) for s, e, ids in spans)
    )


def pairs(confusions: Sequence[Confusion]) -> list[tuple[str, str, int, int]]:
    return [(c.gold, c.predicted, c.mentions, c.linked) for c in confusions]


def test_end_to_end_each_link_and_gold_mention_is_in_its_place() -> None:
    text = "aa bb cc dd ee ff gg hh ii jj"
    linker = Told(
        {
            "aa": ([("A", 0.9)], True),  # Right.
            "bb": ([("B", 0.8)], True),  # Within the gold mention "bb cc".
            "dd": ([("D", 0.7)], True),  # Another concept; as much of "dd ee" as the next one.
            "ee": ([("E", 0.6)], True),
            "gg": ([("A", 0.95)], True),  # No gold mention at all.
            "ii": ([("D", 0.3)], False),  # Nor here, which is not linked.
            "jj": ([("B", 0.4)], False),  # Right, but turned down.
        }
    )
    document = gold(
        text,
        ("aa", ("A",)),
        ("bb cc", ("B",)),
        ("dd ee", ("C",)),
        ("ff", ()),
        ("hh", ("E",)),
        ("jj", ("B",)),
    )
    report = evaluate(linker, [document], protocol=END_TO_END, draws=2)
    assert pairs(report.confusions) == [("B", "B", 1, 0), ("C", "D", 1, 1)]
    assert pairs(report.missed) == [("E", "", 1, 0)]
    assert pairs(report.invented) == [("", "A", 1, 1)]
    assert [(p.start, p.end) for p in report.invented[0].examples] == [(18, 20)]
    assert [(r.concept_id, r.linked, r.right) for r in report.results] == [
        ("A", True, True),
        ("B", True, False),
        ("D", True, False),
        (None, False, False),
        (None, False, False),
        ("B", False, False),
    ]
    points = {point.threshold: point for point in report.operating_points}
    assert (points[0].links, points[0].precision, points[0].recall) == (7, 2 / 7, 2 / 5)
    assert (points[0.5].links, points[0.5].precision, points[0.5].recall) == (5, 1 / 5, 1 / 5)
    assert (report["strict_precision"], report["strict_recall"]) == (1 / 5, 1 / 5)
    assert (report["overlap_precision"], report["overlap_recall"]) == (2 / 5, 2 / 5)


def test_what_the_index_does_not_hold_is_an_error_only_where_it_is_linked() -> None:
    linker = Told(
        {
            "aa": ([("D", 0.9)], True),
            "bb": ([("D", 0.2)], False),
            "cc": ([("D", 0.9)], True),
            "dd": ([("D", 0.2)], False),
        }
    )
    document = gold(
        "aa bb cc dd", ("aa", ("Z",)), ("bb", ("Z",)), ("cc", ("Z", "A")), ("dd", ("B",))
    )
    report = evaluate(linker, [document], k=2, draws=2)
    # Of several gold ids the first that the index holds stands for the mention.
    assert pairs(report.confusions) == [("A", "D", 1, 1), ("B", "D", 1, 0), ("Z", "D", 1, 1)]
    # No accuracy is given beyond the candidates, for groups as for the whole.
    assert set(report.groups[0].figures) == {"acc@1", "mrr", "precision", "recall"}


def test_the_worst_concept_is_that_with_most_errors() -> None:
    linker = Told({said: ([(said[0].upper(), 0.9)], True) for said in ("a1", "a2", "a3", "d1")})
    document = gold(
        "a1 a2 a3 d1", ("a1", ("A",)), ("a2", ("A",)), ("a3", ("B",)), ("d1", ("B", "A"))
    )
    report = evaluate(linker, [document], draws=2)
    assert [(c.concept_id, c.mentions, c.right, c.wrong) for c in report.concepts] == [
        ("B", 2, 0, 2),
        ("A", 3, 2, 1),
    ]


def test_a_split_composite_is_as_sure_as_its_least_part_and_linked_with_all() -> None:
    linker = Told({"left": ([("A", 0.4)], False), "right": ([("D", 0.8), ("B", 0.1)], True)})
    document = gold("left and right", ("left and right", ("A", "B")), parts=("left", "right"))
    (result,) = evaluate(linker, [document], composites=True, draws=2).results
    assert (result.rank, result.concept_id, result.linked) == (2, "D", False)
    assert result.probability == pytest.approx(0.4)

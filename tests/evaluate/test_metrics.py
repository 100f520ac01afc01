"""The metrics, held to cases worked by hand and to a second, plain implementation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from time import process_time

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linker.evaluate.bootstrap import (
    Array,
    Figure,
    Statistic,
    difference,
    draw,
    intervals,
    ratio,
)
from linker.evaluate.mentions import (
    MentionTable,
    mention_statistic,
    operating_points,
    reliability,
)
from linker.evaluate.spans import (
    RECENTRED,
    FoundSpan,
    GoldSpan,
    character_statistic,
    match,
    span_statistic,
)


def figures_with_intervals(
    statistics: Sequence[Statistic],
    n_documents: int,
    *,
    draws: int = 1000,
    seed: int = 0,
    recentred: Collection[str] = (),
) -> tuple[Figure, ...]:
    found = draw(statistics, n_documents, draws=draws, seed=seed)
    return intervals(found, recentred=recentred)


Row = tuple[int, int, bool, bool, bool, float]
"""Document, rank, has ids, known, linked, probability."""


def table(rows: Sequence[Row]) -> MentionTable:
    columns = list(zip(*rows, strict=True)) or [()] * 6
    kinds = (np.int64, np.int64, np.bool_, np.bool_, np.bool_, np.float64)
    return MentionTable(*(np.array(c, dtype=k) for c, k in zip(columns, kinds, strict=True)))


def figures(rows: Sequence[Row], n_documents: int, *, k: int = 25) -> dict[str, float]:
    statistic = mention_statistic(table(rows), n_documents, k=k)
    return {f.name: f.value for f in figures_with_intervals([statistic], n_documents, draws=2)}


# Gold mentions


def test_figures_of_gold_mentions_by_hand() -> None:
    rows: list[Row] = [
        (0, 1, True, True, True, 0.9),  # right
        (0, 3, True, True, True, 0.6),  # third, and linked: wrong
        (0, 1, True, True, False, 0.3),  # right, but turned down
        (1, 0, True, False, False, 0.2),  # not in the index: NIL is right
        (1, 0, False, False, True, 0.5),  # the annotators found none: the link is wrong
    ]
    found = figures(rows, 2)
    assert found["acc@1"] == pytest.approx(2 / 4)
    assert found["acc@5"] == pytest.approx(3 / 4)
    assert found["mrr"] == pytest.approx((1 + 1 / 3 + 1 + 0) / 4)
    assert found["acc@1 known"] == pytest.approx(2 / 3)
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / 4)
    assert found["f1"] == pytest.approx(2 / 7)
    assert found["nil_precision"] == pytest.approx(1 / 2)
    assert found["nil_recall"] == pytest.approx(1 / 2)
    assert found["decision"] == pytest.approx(2 / 5)
    squares = 0.1**2 + 0.6**2 + 0.7**2 + 0.2**2 + 0.5**2
    assert found["brier"] == pytest.approx(squares / 5)
    # Each probability has a bin of its own.
    assert found["ece"] == pytest.approx((0.1 + 0.6 + 0.7 + 0.2 + 0.5) / 5)


def test_no_accuracy_is_given_beyond_the_candidates() -> None:
    assert {n for n in figures([(0, 1, True, True, True, 1.0)], 1, k=5) if n.startswith("acc")} == {
        "acc@1",
        "acc@5",
        "acc@1 known",
        "acc@5 known",
    }


def test_what_has_nothing_to_measure_is_left_out() -> None:
    found = figures([(0, 0, False, False, False, 0.0)], 1)
    assert "acc@1" not in found
    assert "precision" not in found
    assert (found["nil_f1"], found["decision"]) == (1, 1)


def test_nothing_linked_where_there_was_something_has_an_f1_of_0() -> None:
    found = figures([(0, 1, True, True, False, 0.9), (1, 0, True, True, False, 0.2)], 2)
    assert "precision" not in found
    assert (found["recall"], found["f1"]) == (0, 0)
    # NIL was right nowhere, and was said twice.
    assert (found["nil_precision"], found["nil_f1"]) == (0, 0)


def plain(rows: Sequence[Row], k: int) -> dict[str, float]:
    """The same figures, one mention at a time."""
    found: dict[str, float] = {}

    def mean(name: str, values: list[float]) -> None:
        if values:
            found[name] = sum(values) / len(values)

    def harmonic(name: str, p: str, r: str) -> None:
        if p in found or r in found:
            total = found.get(p, 0) + found.get(r, 0)
            found[name] = 2 * found.get(p, 0) * found.get(r, 0) / total if total else 0.0

    for which, its in (("", [r for r in rows if r[2]]), (" known", [r for r in rows if r[3]])):
        for cutoff in (c for c in (1, 5, 25) if c <= k):
            mean(f"acc@{cutoff}{which}", [1.0 if 1 <= r[1] <= cutoff else 0.0 for r in its])
        mean(f"mrr{which}", [1 / r[1] if r[1] else 0.0 for r in its])
    mean("precision", [float(r[1] == 1) for r in rows if r[4]])
    mean("recall", [float(r[4] and r[1] == 1) for r in rows if r[2]])
    harmonic("f1", "precision", "recall")
    mean("nil_precision", [float(not r[3]) for r in rows if not r[4]])
    mean("nil_recall", [float(not r[4]) for r in rows if not r[3]])
    harmonic("nil_f1", "nil_precision", "nil_recall")
    mean("decision", [float(r[1] == 1 if r[4] else not r[3]) for r in rows])
    mean("brier", [(r[5] - (r[1] == 1)) ** 2 for r in rows])
    if rows:
        found["ece"] = 0.0
        for low in range(10):
            its = [r for r in rows if low <= 10 * r[5] < low + 1 or (low == 9 and r[5] == 1)]
            if its:
                stated, right = sum(r[5] for r in its), sum(r[1] == 1 for r in its)
                found["ece"] += abs(stated - right) / len(rows)
    return found


@st.composite
def mention_rows(draw: st.DrawFn) -> Row:
    has_ids = draw(st.booleans())
    known = has_ids and draw(st.booleans())
    rank = draw(st.integers(0, 30)) if known else 0
    probability = draw(st.integers(0, 64)) / 64  # Exact in binary: bins have clear edges.
    return draw(st.integers(0, 3)), rank, has_ids, known, draw(st.booleans()), probability


@given(st.lists(mention_rows(), min_size=1, max_size=40), st.sampled_from([1, 5, 30]))
def test_figures_agree_with_a_plain_implementation(rows: list[Row], k: int) -> None:
    assert figures(rows, 4, k=k) == pytest.approx(plain(rows, k))


@given(st.lists(mention_rows(), min_size=1, max_size=40))
def test_the_reliability_table_holds_every_mention(rows: list[Row]) -> None:
    bins = reliability(table(rows))
    assert sum(b.mentions for b in bins) == len(rows)
    for b in bins:
        its = [r for r in rows if b.low <= r[5] < b.high or (b.high == 1 and r[5] == 1)]
        assert b.mentions == len(its)
        if its:
            assert b.stated == pytest.approx(sum(r[5] for r in its) / len(its))
            assert b.right == pytest.approx(sum(r[1] == 1 for r in its) / len(its))
    gaps = sum(b.mentions * abs(b.stated - b.right) for b in bins) / len(rows)
    assert gaps == pytest.approx(figures(rows, 4)["ece"])


def test_a_link_at_the_threshold_stands() -> None:
    (point,) = operating_points(
        np.array([0.5, 0.5, 0.4]), np.array([True, False, True]), np.array([0.5, 0.4]), 4, (0.5,)
    )
    assert (point.links, point.precision, point.recall) == (2, 0.5, 0.25)


@given(st.lists(mention_rows(), min_size=1, max_size=40), st.floats(0, 1))
def test_operating_points_count_the_links_that_would_stand(
    rows: list[Row], threshold: float
) -> None:
    t = table(rows)
    n_gold = int(t.has_ids.sum())
    (point,) = operating_points(t.probability, t.right, t.probability[t.right], n_gold, [threshold])
    stand = [r for r in rows if r[5] >= threshold]
    right = sum(r[1] == 1 for r in stand)
    assert point.links == len(stand)
    assert point.precision == pytest.approx(right / len(stand) if stand else 1)
    assert point.recall == pytest.approx(right / n_gold if n_gold else 0)


# End to end


def span_figures(
    gold: Sequence[Sequence[GoldSpan]], found: Sequence[Sequence[FoundSpan]]
) -> dict[str, float]:
    matches = [match(*pair) for pair in zip(gold, found, strict=True)]
    statistics = [span_statistic(gold, found, matches), character_statistic(gold, found)]
    return {f.name: f.value for f in figures_with_intervals(statistics, len(gold), draws=2)}


def test_figures_of_spans_by_hand() -> None:
    gold = [
        [
            GoldSpan(((0, 5),), ("A",)),
            GoldSpan(((10, 20),), ("B",)),
            GoldSpan(((30, 32), (36, 40)), ("C", "D")),
            GoldSpan(((50, 55),), ()),
        ],
        [GoldSpan(((0, 4),), ("A",))],
        [],
    ]
    found = [
        [
            FoundSpan(0, 5, "A", True, 0.9),  # strictly right
            FoundSpan(12, 20, "B", True, 0.8),  # overlapping
            FoundSpan(36, 40, "D", True, 0.7),  # one piece, one of its ids: overlapping
            FoundSpan(50, 55, "E", True, 0.6),  # the gold says NIL: wrong
        ],
        [FoundSpan(0, 4, "A", False, 0.2)],  # turned down
        [],
    ]
    f = span_figures(gold, found)
    assert (f["strict_precision"], f["strict_recall"]) == (1 / 4, 1 / 4)
    assert (f["overlap_precision"], f["overlap_recall"]) == (3 / 4, 3 / 4)
    # The second document has gold and no link: all 0; the third has neither and does not count.
    assert f["strict_precision macro"] == pytest.approx((1 / 4 + 0) / 2)
    assert f["overlap_recall macro"] == pytest.approx((3 / 3 + 0) / 2)
    assert (f["spans_precision"], f["spans_recall"]) == (3 / 5, 3 / 5)
    # A: 5 characters of 9; B: 8 of 10; C: 0 of 6; D: 4 of 6; E: 0 of 5.
    assert f["char_iou"] == pytest.approx((5 / 9 + 8 / 10 + 0 + 4 / 6 + 0) / 5)


def test_a_gold_mention_keeps_the_best_probability_of_a_right_link() -> None:
    m = match(
        [GoldSpan(((0, 9),), ("A",))],
        [FoundSpan(0, 3, "A", True, 0.5), FoundSpan(4, 9, "A", False, 0.6)],
    )
    assert m.gold_strict.tolist() == [-1]
    assert m.stands_overlap.tolist() == [True]
    # Two at the very span, as of two detectors.
    same = [FoundSpan(0, 9, "A", True, 0.6), FoundSpan(0, 9, "A", False, 0.5)]
    for found in (same, same[::-1]):
        m = match([GoldSpan(((0, 9),), ("A",))], found)
        assert (m.gold_strict.tolist(), m.stands_strict.tolist()) == ([0.6], [True])


@st.composite
def span_documents(draw: st.DrawFn) -> tuple[list[GoldSpan], list[FoundSpan]]:
    concept = st.sampled_from("ABC")
    gold = []
    for _ in range(draw(st.integers(0, 4))):
        at, spans = draw(st.integers(0, 12)), []
        for _ in range(draw(st.integers(1, 2))):
            end = at + draw(st.integers(1, 5))
            spans.append((at, end))
            at = end + draw(st.integers(1, 4))
        gold.append(GoldSpan(tuple(spans), tuple(draw(st.lists(concept, max_size=2, unique=True)))))
    found = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 20))
        end = start + draw(st.integers(1, 6))
        chosen = draw(st.one_of(st.none(), concept))
        linked = chosen is not None and draw(st.booleans())
        found.append(FoundSpan(start, end, chosen, linked, draw(st.floats(0, 1))))
    return gold, found


def characters(spans: Sequence[tuple[int, int]]) -> set[int]:
    return {i for start, end in spans for i in range(start, end)}


def plain_spans(
    documents: Sequence[tuple[list[GoldSpan], list[FoundSpan]]],
) -> dict[str, float]:
    """The same figures, by comparing every pair of every document."""
    out: dict[str, float] = {}

    def put(name: str, right: int, made: int, hit: int, wanted: int) -> None:
        p = right / made if made else None
        r = hit / wanted if wanted else None
        if p is not None:
            out[f"{name}_precision"] = p
        if r is not None:
            out[f"{name}_recall"] = r
        if made or wanted:
            out[f"{name}_f1"] = 2 * p * r / (p + r) if p and r else 0.0

    for kind in ("strict", "overlap"):
        totals, shares = [0, 0, 0, 0], []
        for gold, found in documents:

            def good(g: GoldSpan, f: FoundSpan, kind: str = kind) -> bool:
                if not f.linked or f.concept_id not in g.ids:
                    return False
                ours = characters([(f.start, f.end)])
                if kind == "overlap":
                    return bool(characters(g.spans) & ours)
                return g.spans == ((f.start, f.end),)

            made = [f for f in found if f.linked]
            wanted = [g for g in gold if g.ids]
            right = sum(any(good(g, f) for g in gold) for f in made)
            hit = sum(any(good(g, f) for f in found) for g in wanted)
            for i, n in enumerate((right, len(made), hit, len(wanted))):
                totals[i] += n
            if made or wanted:
                p = right / len(made) if made else 0.0
                r = hit / len(wanted) if wanted else 0.0
                shares.append((p, r, 2 * p * r / (p + r) if p + r else 0.0))
        put(kind, *totals)
        if shares:
            for i, name in enumerate(("precision", "recall", "f1")):
                out[f"{kind}_{name} macro"] = sum(s[i] for s in shares) / len(shares)
    same = [
        (
            sum(any(g.spans == ((f.start, f.end),) for g in gold) for f in found),
            len(found),
            sum(any(g.spans == ((f.start, f.end),) for f in found) for g in gold),
            len(gold),
        )
        for gold, found in documents
    ]
    put("spans", *(sum(column) for column in zip(*same, strict=True)))
    shares = []
    for concept in "ABC":
        theirs = {
            (d, i)
            for d, (gold, _) in enumerate(documents)
            for g in gold
            if concept in g.ids
            for i in characters(g.spans)
        }
        ours = {
            (d, i)
            for d, (_, found) in enumerate(documents)
            for f in found
            if f.linked and f.concept_id == concept
            for i in range(f.start, f.end)
        }
        if theirs | ours:
            shares.append(len(theirs & ours) / len(theirs | ours))
    if shares:
        out["char_iou"] = sum(shares) / len(shares)
    return out


@given(st.lists(span_documents(), min_size=1, max_size=4))
def test_span_figures_agree_with_a_plain_implementation(
    documents: list[tuple[list[GoldSpan], list[FoundSpan]]],
) -> None:
    gold, found = [g for g, _ in documents], [f for _, f in documents]
    assert span_figures(gold, found) == pytest.approx(plain_spans(documents))


@given(span_documents())
# Of two pieces that a link shares, all characters count.
@example(
    (
        [GoldSpan(((0, 3), (6, 9)), ("A",))],
        [FoundSpan(7, 9, "A", True, 0.5), FoundSpan(0, 7, "B", True, 0.5)],
    )
)
def test_the_nearest_link_shares_most_characters(
    document: tuple[list[GoldSpan], list[FoundSpan]],
) -> None:
    gold, found = document
    shared = [
        [len(characters(g.spans) & characters([(f.start, f.end)])) for f in found] for g in gold
    ]
    m = match(gold, found)
    assert m.stray.tolist() == [not any(row[f] for row in shared) for f in range(len(found))]
    assert m.nearest.tolist() == [
        max(range(len(found)), key=lambda f: (row[f], -found[f].start, -f)) if any(row) else -1
        for row in shared
    ]


def test_thousands_of_mentions_in_one_document_are_matched_in_a_second() -> None:
    gold = [GoldSpan(((20 * i, 20 * i + 8),), ("A",)) for i in range(4000)]
    found = [FoundSpan(20 * i + 2, 20 * i + 10, "A", True, 0.9) for i in range(4000)]
    begun = process_time()
    assert match(gold, found).nearest.tolist() == [*range(4000)]
    assert process_time() - begun < 2


# Intervals


def test_intervals_are_those_of_documents_drawn_again() -> None:
    rng = np.random.default_rng(5)
    rows: list[Row] = [
        (d, int(rank), True, True, True, 0.5)
        for d in range(60)
        for rank in (rng.random(3) < 0.4).astype(int)
    ]
    statistic = mention_statistic(table(rows), 60, k=1)
    (figure,) = [f for f in figures_with_intervals([statistic], 60, seed=1) if f.name == "acc@1"]
    # The same by hand: draw documents, pool their mentions.
    by_document = [[r[1] == 1 for r in rows if r[0] == d] for d in range(60)]
    draws = []
    for _ in range(2000):
        drawn = rng.integers(0, 60, 60)
        draws.append(np.mean([right for d in drawn for right in by_document[d]]))
    low, high = np.percentile(draws, [2.5, 97.5])
    assert figure.low == pytest.approx(low, abs=0.012)
    assert figure.high == pytest.approx(high, abs=0.012)
    assert figure.low < figure.value < figure.high


def test_the_interval_leaves_out_a_fortieth_of_the_draws_at_either_end() -> None:
    seen: list[Array] = []

    def first(weights: Array) -> dict[str, Array]:
        seen.append(weights)
        return {"first": weights[:, 0]}

    (figure,) = figures_with_intervals([first], 90, draws=120)
    drawn = np.concatenate(seen[1:])
    assert seen[0].tolist() == [[1.0] * 90]
    assert drawn.shape == (120, 90)
    assert set(drawn.sum(axis=1)) == {90}
    assert (figure.low, figure.high) == tuple(np.percentile(drawn[:, 0], [2.5, 97.5]))


def test_a_draw_without_a_link_counts_in_the_interval_of_f1() -> None:
    # The only link is in one of five documents: a draw leaves it out in (4/5)^5 of the cases.
    rows: list[Row] = [(d, 1, True, True, d == 0, 0.5) for d in range(5)]
    found = figures_with_intervals([mention_statistic(table(rows), 5, k=1)], 5)
    (f1,) = [f for f in found if f.name == "f1"]
    assert f1.value == pytest.approx(1 / 3)
    assert f1.low == 0


def test_intervals_are_the_same_at_each_run_and_change_with_the_seed() -> None:
    rows: list[Row] = [(d, d % 3, True, True, True, 0.5) for d in range(30)]
    statistic = mention_statistic(table(rows), 30, k=5)
    runs = [figures_with_intervals([statistic], 30, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_mean_over_what_a_draw_holds_has_its_interval_about_it() -> None:
    # Most links are of concepts that one document alone has, and wrong: a draw without them is
    # better than the whole, so that the figure would lie at the lower end of its own interval.
    gold: list[list[GoldSpan]] = []
    found: list[list[FoundSpan]] = []
    for d in range(80):
        gold.append([GoldSpan(((0, 9),), (f"G{d % 8}",))])
        found.append([FoundSpan(0, 9, f"G{(d % 8) if d % 3 else 99}", True, 0.9)])
        found[-1] += [FoundSpan(10 * i, 10 * i + 9, f"{d}-{i}", True, 0.9) for i in range(1, 4)]
    statistic = character_statistic(gold, found)
    (plain,) = figures_with_intervals([statistic], 80)
    (moved,) = figures_with_intervals([statistic], 80, recentred=RECENTRED)
    assert plain.value == moved.value
    assert plain.low > plain.value
    assert moved.low < moved.value < moved.high
    assert moved.high - moved.low == pytest.approx(plain.high - plain.low)


def test_a_recentred_interval_stays_a_share() -> None:
    def rare(weights: Array) -> dict[str, Array]:
        return {"rare": (weights[:, 0] == 1) * 0.01 + (weights[:, 0] > 1) * 0.9}

    (figure,) = figures_with_intervals([rare], 5, recentred={"rare"})
    assert (figure.value, figure.low) == (0.01, 0)


def test_a_difference_is_of_the_same_draws() -> None:
    # Documents are easy or hard for both; the second is better by one mention of ten.
    hard = np.random.default_rng(3).random(40)
    ours, theirs = (
        draw(
            [lambda weights, right=right: {"acc": ratio(weights @ right, weights.sum(axis=1))}],
            40,
        )
        for right in (np.minimum(hard + 0.1, 1), hard)
    )
    (one,), (other,) = intervals(ours), intervals(theirs)
    assert one.low < other.high
    (more,) = intervals(difference(ours, theirs), least=-1)
    # By hand: the same documents for both.
    rng = np.random.default_rng(1)
    drawn = [
        float(np.mean(np.minimum(hard[d] + 0.1, 1) - hard[d]))
        for d in rng.integers(0, 40, (2000, 40))
    ]
    assert more.value == pytest.approx(one.value - other.value)
    assert (more.low, more.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.003)
    (less,) = intervals(difference(theirs, ours), least=-1)
    assert (less.value, less.low, less.high) == pytest.approx((-more.value, -more.high, -more.low))


def test_what_was_drawn_otherwise_is_not_compared() -> None:
    def one(weights: Array) -> dict[str, Array]:
        return {"one": weights.mean(axis=1)}

    base = draw([one], 5, draws=4)
    for other, told in (
        (draw([one], 6, draws=4), "5 documents by seed 0, and 6 documents by seed 0"),
        (draw([one], 5, draws=4, seed=2), "and 5 documents by seed 2"),
        (draw([one], 5, draws=3), "another number of times"),
    ):
        with pytest.raises(ValueError, match=told):
            difference(base, other)


def test_one_document_has_no_width() -> None:
    rows: list[Row] = [(0, 1, True, True, True, 0.5), (0, 0, True, True, True, 0.5)]
    (acc, *_) = figures_with_intervals([mention_statistic(table(rows), 1, k=1)], 1, draws=10)
    assert (acc.value, acc.low, acc.high) == (0.5, 0.5, 0.5)


def test_draws_with_nothing_to_measure_are_left_out_of_the_interval() -> None:
    def share(weights: Array) -> dict[str, Array]:
        # Of two documents one alone has something: a quarter of the draws has nothing.
        return {"share": ratio(0.5 * weights[:, 0], weights[:, 0])}

    (figure,) = figures_with_intervals([share], 2, draws=40)
    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)


def test_the_bootstrap_refuses_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="0 documents"):
        figures_with_intervals([], 0)


def test_a_ratio_of_nothing_is_not_a_number() -> None:
    found = ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    assert found[0] == 0.5
    assert np.isnan(found[1])


def test_ten_thousand_documents_take_seconds() -> None:
    """Vectorised enough: half a million mentions, a thousand draws."""
    n = 10_000
    rng = np.random.default_rng(0)
    size = 20 * n
    t = MentionTable(
        document=np.repeat(np.arange(n), 20),
        rank=rng.integers(0, 6, size),
        has_ids=np.ones(size, dtype=np.bool_),
        known=np.ones(size, dtype=np.bool_),
        linked=rng.random(size) < 0.8,
        probability=rng.random(size),
    )
    found = figures_with_intervals([mention_statistic(t, n, k=25)], n, draws=100)
    acc = next(f for f in found if f.name == "acc@1")
    assert acc.value == pytest.approx((t.rank == 1).mean())
    assert acc.high - acc.low < 0.01

"""Concepts above those that were found: who is offered, how likely, and what stays as it was."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases import PLAIN, FakeEncoder, build, concept, hits

from linker import Linker
from linker.index import Index
from linker.link.ranking.broader import BEHIND, SHARE, SHIPPED, Broader, Chances
from linker.link.ranking.features import REASONS, FeatureReader
from linker.link.ranking.labels import TypeFilter
from linker.link.ranking.rank import Ranking, rank

CONCEPTS = [
    *(
        concept(f"D:{n}", f"Factor {n} deficiency", parents=["G:1"], types=["disorder"])
        for n in (1, 2, 3, 4)
    ),
    concept("D:5", "Anemia", "Blood lack", parents=["G:2"], types=["disorder"]),
    concept("D:6", "Rash", types=["disorder"]),
    concept("G:1", "Immune disorder", "Weak defence", parents=["G:2", "G:4"], types=["disorder"]),
    concept("G:2", "Blood disorder", parents=["G:3"], types=["disorder"]),
    concept("G:3", "Disorder", parents=["G:5"], types=["disorder"]),
    concept("G:4", "Substance", parents=["D:1"], types=["substance"]),
    concept("G:5", "All"),
]
SURELY = Chances(offset=3.0, doubt=0.0, above=1.0)
"""All that is above is likely: for what bounds it."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("broader") / "index", CONCEPTS)


def broader(index: Index, chances: Chances = SHIPPED) -> Broader:
    return Broader(index, FeatureReader(index.store, 10.0).above, chances)


def ranked(index: Index, **given: float) -> Ranking:
    """A query's ranking: "D5" is the concept D:5, with its probability."""
    ids = [f"{name[0]}:{name[1:]}" for name in given]
    names = {c["id"]: c["name"].lower() for c in CONCEPTS}
    found = hits(index, *((names[i], 0.9 - 0.01 * n) for n, i in enumerate(ids)))
    ranking = rank(["q"], found, index.store, PLAIN)
    assert ids_of(index, ranking) == ids
    probability = np.array([*given.values()])
    reasons = np.zeros((len(ids), len(REASONS)))
    return ranking.reordered(probability, index.store, reasons=reasons)


def ids_of(index: Index, ranking: Ranking) -> list[str]:
    return [*map(index.store.concept_id, ranking.concepts(0))]


def offered(
    index: Index, ranking: Ranking, chances: Chances = SHIPPED, kind: str | None = None
) -> dict[str, float]:
    types = TypeFilter(index.store) if kind else None
    vectors = FakeEncoder().encode(["q"])
    after = broader(index, chances).offer(ranking, vectors, [kind], types)
    probabilities = after.probability.tolist()
    assert probabilities == sorted(probabilities, reverse=True)
    return dict(zip(ids_of(index, after), probabilities, strict=True))


def test_what_is_above_several_is_offered_by_how_many_it_is_above(index: Index) -> None:
    # G:1 is the parent of three, G:2 and G:4 the grandparent; of two alike the first by its id.
    odds = [-5.88 + 1.5 * math.log(0.7) + 2.85 * math.log(1 + n) for n in (3, 3 / 3)]
    parent, grandparent = (1 / (1 + math.exp(-o)) for o in odds)
    assert 0.07 < parent < 0.08
    assert 0.011 < grandparent < 0.012
    after = offered(index, ranked(index, D1=0.3, D2=0.2, D3=0.005))
    expected = {"D:1": 0.3, "D:2": 0.2, "G:1": parent, "G:2": grandparent, "D:3": 0.005}
    factor = (0.7 - parent - grandparent) / 0.7
    for other in ("D:2", "D:3"):
        expected[other] *= factor
    assert after == pytest.approx(expected)
    assert [*after] == [*expected]


def test_a_parent_counts_more_than_a_grandparent_and_none_is_above_itself(index: Index) -> None:
    store = index.store
    below = broader(index).below([store.row(i) for i in ("D:1", "D:5", "D:6", "G:4")])
    named = {store.concept_id(row): count for row, count in below.items()}
    third = pytest.approx(1 / 3)
    # G:4 is a kind of D:1, the first: what it is below does not count.
    assert named == {"G:1": 1.0, "G:2": pytest.approx(1 + 1 / 3), "G:4": third, "G:3": third}


def test_kinds_of_the_first_do_not_count(index: Index) -> None:
    store = index.store
    rows = [store.row(i) for i in ("G:1", "D:1", "D:2", "D:5")]
    below = broader(index).below(rows)
    named = {store.concept_id(row): count for row, count in below.items()}
    third = pytest.approx(1 / 3)
    # G:2 is the parent of G:1 and of D:5, and no grandparent of D:1 and D:2 here.
    assert named == {"G:2": 2.0, "G:3": pytest.approx(2 / 3), "G:4": 1.0, "D:1": third}


def test_the_first_stays_first_and_the_others_keep_their_shares(index: Index) -> None:
    after = offered(index, ranked(index, D1=0.3, D2=0.2, D5=0.1), SURELY)
    # Two gain .233 each, which NIL (.4) and two others give: .7 shrinks to .233.
    gained = SHARE * 0.7
    assert gained < BEHIND * 0.3
    factor = (0.7 - 2 * gained) / 0.7
    expected = {"D:1": 0.3, "G:1": gained, "G:2": gained, "D:2": 0.2 * factor, "D:5": 0.1 * factor}
    assert after == pytest.approx(expected)
    assert after["D:1"] == 0.3
    assert 1 - sum(after.values()) == pytest.approx(0.4 * factor)


def test_none_comes_too_near_to_the_first(index: Index) -> None:
    after = offered(index, ranked(index, D1=0.1, D2=0.05), SURELY)
    assert after["G:1"] == after["G:2"] == pytest.approx(BEHIND * 0.1)


def test_what_others_have_is_given_where_nil_has_nothing(index: Index) -> None:
    after = offered(index, ranked(index, D1=0.5, D2=0.3, D3=0.2))
    odds = -5.88 + 1.5 * math.log(0.5) + 2.85 * math.log(1 + 3)
    parent = 1 / (1 + math.exp(-odds))
    assert after["G:1"] == pytest.approx(parent)
    assert sum(after.values()) == pytest.approx(1.0)
    assert after["D:2"] / after["D:3"] == pytest.approx(1.5)


def test_nothing_is_offered_to_one_that_has_the_very_name(index: Index) -> None:
    names = [("anemia", 1.0), ("rash", 0.5)]
    for exact in (True, False):
        found = replace(hits(index, *names), exact=np.array([exact, False]))
        ranking = rank(["anemia"], found, index.store, PLAIN)
        ranking = ranking.reordered(np.array([0.5, 0.2]), index.store)
        after = broader(index, SURELY).offer(
            ranking, FakeEncoder().encode(["anemia"]), [None], None
        )
        assert (after is ranking) is exact


def test_nothing_is_offered_to_one_that_is_sure(index: Index) -> None:
    assert offered(index, ranked(index, D1=0.9, D2=0.01), SURELY) == {"D:1": 0.9, "D:2": 0.01}
    assert "G:1" in offered(index, ranked(index, D1=0.89, D2=0.01), SURELY)


def test_nor_where_there_is_no_hierarchy_or_no_concept(index: Index) -> None:
    alone = ranked(index, D6=0.4)
    assert broader(index).offer(alone, FakeEncoder().encode(["q"]), [None], None) is alone
    nothing = rank(["q"], hits(index), index.store, PLAIN)
    assert broader(index).offer(nothing, FakeEncoder().encode(["q"]), [None], None) is nothing


def test_one_that_was_found_is_raised_and_keeps_its_name(index: Index) -> None:
    names = ("factor 1 deficiency", 0.9), ("factor 2 deficiency", 0.8), ("weak defence", 0.5)
    ranking = rank(["q"], hits(index, *names), index.store, PLAIN)
    ranking = ranking.reordered(np.array([0.3, 0.2, 0.001]), index.store)
    after = broader(index, SURELY).offer(ranking, FakeEncoder().encode(["q"]), [None], None)
    assert ids_of(index, after) == ["D:1", "G:1", "G:2", "D:2"]
    assert after.best.score[1] == 0.5
    assert index.store.normal(int(after.best.row[1])) == "weak defence"
    assert after.probability[1] == pytest.approx(SHARE * 0.7)
    # And is not lowered where it had more than its chance.
    less = broader(index, Chances(-9.0, 0.0, 0.0))
    after = less.offer(ranking, FakeEncoder().encode(["q"]), [None], None)
    assert after.probability[2] == pytest.approx(0.001, rel=1e-3)


def test_what_is_of_another_kind_than_the_label_is_not_offered(index: Index) -> None:
    found = ranked(index, G1=0.3, D6=0.2)
    assert {*offered(index, found, SURELY)} == {"G:1", "D:6", "G:2", "G:4"}
    assert {*offered(index, found, SURELY, kind="disorder")} == {"G:1", "D:6", "G:2"}
    assert {*offered(index, found, SURELY, kind="chemical")} == {"G:1", "D:6", "G:4"}


def test_what_is_new_has_the_cosine_of_its_preferred_name(index: Index) -> None:
    asked = "immune trouble"
    vectors = FakeEncoder().encode([asked, "immune disorder"])
    after = broader(index).offer(ranked(index, D1=0.3, D2=0.2), vectors[:1], [None], None)
    at = ids_of(index, after).index("G:1")
    best = after.best[np.array([at])]
    assert best.score[0] == pytest.approx(float(vectors[0] @ vectors[1]), abs=1e-6)
    pair = index.store.pairs(int(best.row[0]))[int(best.place[0])]
    assert (pair.surface, index.store.concept_id(pair.concept)) == ("Immune disorder", "G:1")
    assert np.isnan(after.reasons[at]).all()


def test_of_several_queries_each_gets_its_own(index: Index) -> None:
    one, two = ranked(index, D1=0.3, D2=0.2), ranked(index, D5=0.4)
    later = replace(two.best, query=np.array([2]))
    both = Ranking(
        bounds=np.array([0, 2, 2, 3]),
        best=one.best + later,
        support=np.concatenate([one.support, two.support]),
        probability=np.concatenate([one.probability, two.probability]),
        reasons=np.concatenate([one.reasons, two.reasons]),
    )
    vectors = FakeEncoder().encode(["q", "r", "s"])
    after = broader(index).offer(both, vectors, [None] * 3, None)
    store = index.store
    found = [[*map(store.concept_id, after.concepts(query))] for query in range(3)]
    assert found == [["D:1", "D:2", "G:1", "G:2"], [], ["D:5", "G:2", "G:3"]]


def test_a_linker_offers_it_and_links_as_before(tmp_path: Path) -> None:
    # More names than a query is offered, so that the hierarchy alone leads to the concept above.
    many = [concept(f"E:{n}", f"Factor {n} deficiency") for n in range(100)]
    index = build(tmp_path / "index", [*CONCEPTS, *many])
    queries = ["factor lack", "blood lacking", "rash", "", "immune disorder"]
    after, before = (Linker(index, encoder=FakeEncoder()) for _ in range(2))
    before._answers.broader = broader(index, Chances(-100.0, 0.0, 0.0))
    gained: set[str] = set()
    for own, other in zip(after.link(queries), before.link(queries), strict=True):
        assert (own.concept_id, own.probability) == (other.concept_id, other.probability)
        assert sum(candidate.probability for candidate in own.candidates) <= 1
        found = {c.concept_id: c.probability for c in other.candidates}
        gained |= {
            c.concept_id for c in own.candidates if c.probability > found.get(c.concept_id, 0)
        }
    assert gained == {"G:1", "G:2", "G:3"}

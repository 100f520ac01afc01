"""Concepts of several terminologies: each is judged among its own, and all are listed together."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import FakeEncoder, build, concept, write_jsonl

from linker import Linker, Mention
from linker.index import Index, write_index
from linker.link.calibrate import SHIPPED, held_out_queries
from linker.link.ranking.features import COLUMNS, REASONS
from linker.link.ranking.labels import OTHER
from linker.link.ranking.local import BELOW, KEPT, local_first
from linker.link.ranking.rank import Ranking, rank
from linker.link.retrieve import Retriever
from linker.offline import overlay_index
from linker.schema import Candidate
from linker.terminology import merge, read_terminology

ONE = [
    concept("A:1", "Myocardial infarction", "Heart attack"),
    concept("A:2", "Heart failure", "Cardiac failure"),
    concept("A:3", "Fever", "Pyrexia"),
]
TWO = [
    concept("B:1", "Heart attack", "Infarction of the heart"),
    concept("B:2", "Panic attack"),
    concept("B:3", "Feverish cold"),
]
QUERIES = ["heart attack", "fever", "heart attacks", "cardiac failing", "panic", "xyz", ""]


def made(folder: Path, *parts: list[dict[str, Any]]) -> Index:
    """An index of several terminologies, with the weights that ship."""
    folder.mkdir()
    sources = [write_jsonl(folder / f"{n}.jsonl", part) for n, part in enumerate(parts)]
    return write_index(
        merge([(read_terminology("jsonl", source), "") for source in sources]),
        FakeEncoder(),
        folder / "index",
        kind="Flat",
        min_recall=0.0,
        calibrate=lambda _: {"weights": asdict(SHIPPED)},
    )


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return made(tmp_path_factory.mktemp("contests") / "joined", ONE, TWO)


def test_a_store_knows_the_terminology_of_each_concept(joined: Index) -> None:
    store = joined.store
    ids = ["B:3", "A:1", "B:1", "A:3"]
    rows = np.array([store.row(i) for i in ids], dtype=np.int32)
    assert store.parts_of(rows).tolist() == [1, 0, 1, 0]
    assert store.n_parts == 2


def test_an_index_of_one_terminology_has_one_part(tmp_path: Path) -> None:
    store = build(tmp_path / "index", ONE).store
    assert store.n_parts == 1
    assert store.parts_of(np.array([2, 0], dtype=np.int32)).tolist() == [0, 0]


def test_each_is_as_probable_as_in_an_index_of_its_own(joined: Index, tmp_path: Path) -> None:
    together = Linker(joined, encoder=FakeEncoder())
    found = [link.candidates for link in together.link(QUERIES, k=9)]
    for prefix, concepts in (("A", ONE), ("B", TWO)):
        alone = made(tmp_path / prefix, concepts)
        own = Linker(alone, encoder=FakeEncoder()).link(QUERIES, k=9)
        for link, all_of_them in zip(own, found, strict=True):
            among = [c for c in all_of_them if c.concept_id.startswith(prefix)]
            assert list(map(shape, among)) == list(map(shape, link.candidates))


def shape(candidate: Candidate) -> tuple[str, str, float, float]:
    return (
        candidate.concept_id,
        candidate.matched_name,
        pytest.approx(candidate.score, abs=1e-6),
        pytest.approx(candidate.probability, abs=1e-6),
    )


def test_equals_of_two_terminologies_are_both_probable(joined: Index) -> None:
    (link,) = Linker(joined, encoder=FakeEncoder()).link(["heart attack"])
    assert [c.concept_id for c in link.candidates[:2]] == ["B:1", "A:1"]
    assert all(c.probability > 0.6 for c in link.candidates[:2])
    assert link.concept_id == "B:1"


def test_all_stand_in_one_order(joined: Index) -> None:
    for link in Linker(joined, encoder=FakeEncoder()).link(QUERIES, k=9):
        order = [(-c.probability, c.concept_id) for c in link.candidates]
        assert order == sorted(order)


def test_a_label_speaks_in_each_contest(tmp_path: Path) -> None:
    substance, disorder = (
        [concept(f"T:{n}", "Lead", types=[kind])]
        for n, kind in enumerate(("substance", "disorder"))
    )
    linker = Linker(made(tmp_path / "lead", substance, disorder), encoder=FakeEncoder())
    (plain,) = linker.link(["lead"])
    (link,) = linker.link_mentions([Mention(0, 4, "lead", label="CHEMICAL")])
    assert [c.concept_id for c in link.candidates] == ["T:0", "T:1"]
    p = plain.candidates[0].probability
    # The substance has no rival in its own terminology, so the label takes nothing from it.
    assert link.candidates[0].probability == pytest.approx(p)
    assert link.candidates[1].probability == pytest.approx(p * OTHER / (1 - p + p * OTHER))


def test_concepts_of_an_overlay_have_a_contest_of_their_own(joined: Index, tmp_path: Path) -> None:
    local = tmp_path / "local.csv"
    local.write_text("concept_id,name,preferred_name\nL:1,,Heart attack\n")
    out = tmp_path / "over"
    overlay_index(joined.path, [local], out=out, encoder=FakeEncoder())
    index = Index.open(out)
    store = index.store
    rows_of = np.array([store.row(i) for i in ("L:1", "B:1", "A:1")], dtype=np.int32)
    assert store.parts_of(rows_of).tolist() == [2, 1, 0]
    assert store.n_parts == 3
    (link,) = Linker(index, encoder=FakeEncoder()).link(["heart attack"])
    # The house's own first; what others call so may well be the same, and stays as probable.
    assert link.concept_id == "L:1"
    assert {c.concept_id for c in link.candidates[:3]} == {"A:1", "B:1", "L:1"}
    assert all(c.probability > 0.6 for c in link.candidates[:3])


def test_a_name_of_the_house_decides_among_several_terminologies(
    joined: Index, tmp_path: Path
) -> None:
    local = tmp_path / "local.csv"
    local.write_text("concept_id,name\nB:3,heart attack\n")
    overlay_index(joined.path, [local], out=tmp_path / "over", encoder=FakeEncoder())
    (link,) = Linker.load(tmp_path / "over", encoder=FakeEncoder()).link(["heart attack"])
    (before,) = Linker(joined, encoder=FakeEncoder()).link(["heart attack"])
    probability = {c.concept_id: c.probability for c in link.candidates}
    was = {c.concept_id: c.probability for c in before.candidates}
    assert link.concept_id == "B:3"
    # In its own terminology the other keeps a tenth; that of another one stands just behind.
    assert probability["B:1"] < 0.1 * was["B:1"]
    assert probability["A:1"] == pytest.approx(min(was["A:1"], 0.95 * probability["B:3"]))


def test_what_the_others_lose_is_the_houses_and_nothing_else_moves(
    joined: Index, tmp_path: Path
) -> None:
    local = tmp_path / "local.csv"
    rows = ("B:2,fever,", "B:3,fever,", ",heart attack,remove")
    local.write_text("\n".join(("concept_id,name,kind", *rows)))
    overlay_index(joined.path, [local], out=tmp_path / "over", encoder=FakeEncoder())
    index = Index.open(tmp_path / "over")
    store = index.store
    queries = ["panic", "Fever ", "heart attack", "feverish"]
    ranking = rank(
        queries, Retriever(index, FakeEncoder).retrieve(queries, n=9).hits, store, SHIPPED
    )
    ranking = replace(ranking, reasons=np.zeros((len(ranking.best), len(REASONS))))
    after = local_first(queries, ranking, store)

    def of(ranking: Ranking, query: int) -> dict[str, float]:
        ids = map(store.concept_id, ranking.concepts(query))
        return dict(zip(ids, ranking.probability[ranking.of(query)].tolist(), strict=True))

    def why(query: int, name: str) -> list[float]:
        return after.reasons[after.of(query), COLUMNS[name]].tolist()

    was, now = of(ranking, 1), of(after, 1)
    meant = sum(was[c] for c in ("B:1", "B:2", "B:3"))
    local_share = (meant - KEPT * was["B:1"]) / (was["B:2"] + was["B:3"])
    behind = BELOW * local_share * max(was["B:2"], was["B:3"])
    expected = {
        "B:1": KEPT * was["B:1"],
        "B:2": local_share * was["B:2"],
        "B:3": local_share * was["B:3"],
        # The best of the other terminology comes down behind them, the others with it.
        **{c: was[c] * min(1.0, behind / was["A:3"]) for c in ("A:1", "A:2", "A:3")},
    }
    assert was["A:3"] > behind
    assert now == pytest.approx(expected)
    assert list(now) == sorted(expected, key=lambda c: (-expected[c], c))
    assert why(1, "local") == [float(c in ("B:2", "B:3")) for c in now]
    assert of(after, 2) == pytest.approx({c: KEPT * p for c, p in of(ranking, 2).items()})
    assert why(2, "no_mention") == [1.0] * len(of(after, 2))
    for other in (0, 3):
        assert of(after, other) == of(ranking, other)
        assert {*why(other, "local"), *why(other, "no_mention")} == {0.0}
    assert not ranking.reasons.any()


def test_held_out_names_are_asked_of_their_own_terminology(joined: Index) -> None:
    held_out = held_out_queries(joined)
    store = joined.store
    for i, answers in enumerate(held_out.answers):
        offered = held_out.pairs.concept[held_out.pairs.query == i]
        parts = {store.concept_id(row)[0] for row in [*answers, *offered.tolist()]}
        assert answers
        assert len(offered)
        assert len(parts) == 1
    # "Heart attack" is a name of both, so it is asked of each.
    asked = [frozenset(map(store.concept_id, answers)) for answers in held_out.answers]
    assert frozenset({"A:1"}) in asked
    assert frozenset({"B:1"}) in asked

"""The fit: it finds weights that made the data, and what an index's own names say."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from cases import FakeEncoder, build, concept, linker_of

from linker.index import Index, write_index
from linker.link.calibrate import (
    FITTED,
    NEIGHBOURS,
    SHIPPED,
    Answered,
    calibrate,
    fit,
    held_out_queries,
)
from linker.link.ranking.rank import Pairs, Weights
from linker.terminology import NameKind, Release, TableBuilder, add_forms, read_terminology

TRUE = replace(SHIPPED, slope=12.0, any=1.5, pooled=0.8)


def simulated(n: int, weights: Weights) -> Answered:
    """Queries of which the answer was drawn with the probabilities that the weights give."""
    rng = np.random.default_rng(7)
    size = 4 * n
    neither = np.zeros(size, dtype=bool)
    pairs = Pairs(
        query=np.repeat(np.arange(n), 4),
        concept=np.tile(np.arange(4, dtype=np.int32), n),
        row=np.zeros(size, dtype=np.int64),
        place=np.zeros(size, dtype=np.int64),
        score=rng.uniform(0.4, 1.0, size=size),
        exact=neither,
        same_words=neither,
        reworded=neither,
        derived=neither,
        case=neither,
        preferred=rng.integers(2, size=size).astype(bool),
        loose=neither,
    )
    answers = []
    for utilities in pairs.utility(weights).reshape(n, 4).tolist():
        total = math.log(sum(map(math.exp, utilities)))
        some = 1 / (1 + math.exp(-(weights.any + weights.pooled * total)))
        chances = [some * math.exp(u - total) for u in utilities]
        answers.append(frozenset({int(rng.choice(5, p=[*chances, 1 - sum(chances)]))}))
    return Answered(pairs, answers)


def test_the_fit_finds_the_weights_that_made_the_data() -> None:
    found = fit(simulated(8000, TRUE), replace(TRUE, slope=5.0, any=0.0), ("slope", "any"))
    assert found.slope == pytest.approx(TRUE.slope, rel=0.1)
    assert found.any == pytest.approx(TRUE.any, abs=0.25)
    # What is not free stays.
    assert (found.pooled, found.exact) == (TRUE.pooled, TRUE.exact)


def test_how_far_good_candidates_speak_for_any_counts() -> None:
    weights = replace(TRUE, pooled=0.2)
    found = fit(simulated(8000, weights), replace(weights, any=0.0), ("any",))
    assert found.any == pytest.approx(weights.any, abs=0.1)


def test_the_fit_looks_at_the_best_name_of_each_concept_alone() -> None:
    answered = simulated(200, TRUE)
    pairs = answered.pairs
    order = np.argsort(np.tile(pairs.query, 2), kind="stable")
    weaker = replace(pairs, score=pairs.score - 0.1)
    both = Answered((weaker + pairs)[order], answered.answers)
    assert fit(both, SHIPPED, FITTED) == fit(answered, SHIPPED, FITTED)


def test_answered_queries_of_two_corpora_are_numbered_on() -> None:
    one, other = simulated(2, TRUE), simulated(3, TRUE)
    both = one + other
    assert both.pairs.query.tolist() == np.repeat(np.arange(5), 4).tolist()
    assert both.pairs.score.tolist() == [*one.pairs.score.tolist(), *other.pairs.score.tolist()]
    assert both.answers == [*one.answers, *other.answers]


def test_a_held_out_name_is_never_its_own_neighbour(index: Index) -> None:
    held_out = held_out_queries(index)
    assert len(held_out.answers) == index.store.n_names
    assert not held_out.pairs.exact.any()
    # Queries are the names, row by row.
    assert not (held_out.pairs.row == held_out.pairs.query).any()


def test_of_many_names_the_same_few_are_asked_each_time(index: Index) -> None:
    first, again = (held_out_queries(index, size=5) for _ in range(2))
    assert len(first.answers) == 5
    assert first.answers == again.answers
    assert first.pairs.row.tolist() == again.pairs.row.tolist()


def test_a_name_is_offered_as_many_others_as_there_are_neighbours(tmp_path: Path) -> None:
    concepts = [concept(f"C:{n}", f"Spot {n}", f"Mark {n}") for n in range(NEIGHBOURS)]
    pairs = held_out_queries(build(tmp_path / "i", concepts)).pairs
    assert np.unique(np.bincount(pairs.query)).tolist() == [NEIGHBOURS]


def test_every_concept_of_a_name_is_right(tmp_path: Path) -> None:
    concepts = [concept("C:1", "Cold", "Catarrh"), concept("C:2", "Cold", "Chill")]
    store = build(tmp_path / "i", concepts).store
    answers = held_out_queries(Index.open(tmp_path / "i")).answers
    one, other = store.row("C:1"), store.row("C:2")
    assert answers == [frozenset({one}), frozenset({other}), frozenset({one, other})]


def test_what_is_an_abbreviation_here_may_be_a_name_there(tmp_path: Path) -> None:
    builder = TableBuilder("test")
    builder.add("C:1", "Chronic obstruction", names=[("Cold", NameKind.ABBREVIATION)])
    builder.add("C:2", "Cold", names=[("Catarrh", NameKind.EXACT)])
    builder.add("C:3", "Walk, stiff")
    builder.add("C:4", "Walk")
    linker_of(add_forms(builder.finish(Release("T", "1", "", "test"))), tmp_path / "i")
    index = Index.open(tmp_path / "i")
    answers = held_out_queries(index).answers
    # Beside the two names of C:2 one is asked of those that are their concepts' only ones.
    assert sum(index.store.row("C:2") in found for found in answers) == 2
    assert len(answers) == 3


def test_the_only_name_of_a_concept_stands_for_nil(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    concepts = [concept("C:1", "Alone"), concept("C:2", "One", "Two")]
    index = build(tmp_path_factory.mktemp("nil") / "i", concepts)
    held_out = held_out_queries(index)
    pairs = held_out.pairs
    by_name = {
        index.store.normal(row): answers & set(pairs.concept[pairs.query == row].tolist())
        for row, answers in enumerate(held_out.answers)
    }
    assert by_name["alone"] == frozenset()
    assert by_name["one"] == by_name["two"] == {index.store.find("C:2")}


def test_a_list_with_one_title_a_code_is_calibrated_as_shipped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """It was taken to say that nothing is ever in it: all of ICD-10-CM was NIL."""
    concepts = [concept(f"C:{n}", f"Disorder of organ {n}") for n in range(40)]
    index = build(tmp_path_factory.mktemp("titles") / "i", concepts)
    assert len(held_out_queries(index).answers) == 0
    found = calibrate(index)
    assert found["weights"] == pytest.approx(asdict(SHIPPED))
    assert found["fitted"] == []


def test_a_list_with_next_to_no_synonyms_is_calibrated_nearly_as_shipped(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    alone = [concept(f"C:{n}", f"Disorder of organ {n}") for n in range(40)]
    concepts = [concept("C:X", "Sickness of the sea", "Kinetosis"), *alone]
    index = build(tmp_path_factory.mktemp("nearly") / "i", concepts)
    found = calibrate(index)
    assert found["held_out_names"] == 3
    assert found["weights"]["any"] == pytest.approx(SHIPPED.any, abs=0.3)
    assert found["weights"]["slope"] == pytest.approx(SHIPPED.slope, abs=0.3)


def test_of_the_only_names_of_concepts_no_more_are_asked_than_nil_is_likely(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pairs = [
        concept(f"P:{n}", f"Disorder of organ {n}", f"Sickness of part {n}") for n in range(10)
    ]
    alone = [concept(f"A:{n}", f"Poisoning by drug {n}") for n in range(40)]
    index = build(tmp_path_factory.mktemp("few") / "i", [*pairs, *alone])
    answers = held_out_queries(index).answers
    concepts = [index.store.concept_id(next(iter(found))) for found in answers]
    # Five of the twenty-five are a fifth of all.
    assert [name[0] for name in concepts].count("P") == 20
    assert [name[0] for name in concepts].count("A") == 5


def test_abbreviations_are_neither_asked_nor_offered_for_their_own_concept(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    titles = [
        ("I51", "Dis of hrt", "Disorder of heart"),
        ("K76", "Dis of liv", "Disorder of liver"),
    ]
    source = tmp_path_factory.mktemp("short") / "icd10cm-order-2025.txt"
    source.write_text(
        "".join(
            f"{n:05} {code:7} 1 {short:60} {long}\n" for n, (code, short, long) in enumerate(titles)
        )
    )
    index = write_index(
        read_terminology("icd10cm", source),
        FakeEncoder(),
        source.with_name("i"),
        kind="Flat",
        min_recall=0.0,
        calibrate=calibrate,
    )
    assert index.store.n_names == 4
    assert len(held_out_queries(index).answers) == 0


def test_a_name_is_not_offered_its_own_forms_and_abbreviations(tmp_path: Path) -> None:
    builder = TableBuilder("test")
    names = [("Stiff gait", NameKind.EXACT), ("SpAx", NameKind.ABBREVIATION)]
    builder.add("F:1", "Ataxia, spastic", names=names)
    builder.add("F:2", "Ataxia", names=[("Gait, stiff and broad", NameKind.EXACT)])
    linker_of(add_forms(builder.finish(Release("T", "1", "", "test"))), tmp_path / "i")
    store = Index.open(tmp_path / "i").store
    pairs = held_out_queries(Index.open(tmp_path / "i")).pairs
    asked = ["ataxia", "ataxia, spastic", "gait, stiff and broad", "stiff gait"]
    offered = {
        name: {store.normal(row) for row in pairs.row[pairs.query == i].tolist()}
        for i, name in enumerate(asked)
    }
    every = {*store.normals(0, store.n_names)}
    assert every - {*asked} == {"spastic ataxia", "spax"}
    assert offered == {
        # Of another concept the form and the abbreviation are names like others.
        "ataxia": every - {"ataxia"},
        "ataxia, spastic": every - {"ataxia, spastic", "spastic ataxia", "spax"},
        "gait, stiff and broad": every - {"gait, stiff and broad"},
        "stiff gait": every - {"stiff gait", "spax"},
    }


def test_a_name_with_the_words_of_the_one_asked_is_marked(tmp_path: Path) -> None:
    index = build(tmp_path / "i", [concept("C:1", "Stiff gait", "Gait stiff", "Rigid walk")])
    pairs = held_out_queries(index).pairs
    names = ["gait stiff", "rigid walk", "stiff gait"]
    marked = {
        (names[query], index.store.normal(row))
        for query, row, same in zip(
            pairs.query.tolist(), pairs.row.tolist(), pairs.same_words.tolist(), strict=True
        )
        if same
    }
    assert marked == {("gait stiff", "stiff gait"), ("stiff gait", "gait stiff")}


def test_calibration_is_repeatable_and_says_what_it_fitted(index: Index) -> None:
    first, second = calibrate(index), calibrate(index)
    assert first == second
    assert first["fitted"] == list(FITTED)
    assert first["held_out_names"] == index.store.n_names
    assert first["weights"]["exact"] == SHIPPED.exact


def test_an_index_of_one_name_keeps_the_shipped_weights(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    index = build(tmp_path_factory.mktemp("one") / "i", [concept("O:1", "Only")])
    found = calibrate(index)
    assert found["fitted"] == []
    assert found["weights"]["slope"] == SHIPPED.slope

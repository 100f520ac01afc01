"""Terms that say two things are for a person to look at."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker
from linker.mapping import Review, TermTable, map_terms
from linker.mapping.several import say_several
from linker.schema import Candidate, Link, Mention

CONCEPTS = [
    concept("X:1", "Chest pain", "Thoracic pain"),
    concept("X:2", "Dyspnea", "Shortness of breath"),
    concept("X:3", "Knee", "Knee joint", types=["anatomy"]),
    concept("X:4", "Nausea and vomiting", "Vomiting with nausea"),
    concept("X:5", "Nausea", "Feeling sick"),
    concept("X:6", "Gout", "Gouty arthritis"),
]


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Linker:
    folder = tmp_path_factory.mktemp("several") / "index"
    return Linker(build(folder, CONCEPTS), encoder=FakeEncoder())


def link(term: str, concept_id: str, name: str, probability: float = 0.9) -> Link:
    found = Candidate(concept_id, name, name, 0.9, probability)
    return Link(Mention(0, len(term), term), concept_id, (found,))


@pytest.mark.parametrize(
    ("term", "concept_id", "name", "several"),
    [
        ("chest pain, dyspnea", "X:1", "Chest pain", True),
        ("Chest pain / shortness of breath", "X:1", "Chest pain", True),
        ("dyspnea & chest pain", "X:2", "Dyspnea", True),
        ("gout and nausea", "X:6", "Gout", True),
        ("chest pain, and dyspnea", "X:1", "Chest pain", True),
        ("gout with nausea; mild", "X:6", "Gout", True),
        # How it is and where, the same concept again, a name of the whole, words of no concept.
        ("chest pain, stable", "X:1", "Chest pain", False),
        ("gout, knee", "X:6", "Gout", False),
        ("dyspnea, shortness of breath", "X:2", "Dyspnea", False),
        ("nausea and vomiting", "X:4", "Nausea and vomiting", False),
        ("nasuea and vomitting", "X:4", "Nausea and vomiting", False),
        ("nausea and vomiting, severe", "X:4", "Nausea and vomiting", False),
        ("gout, and", "X:6", "Gout", False),
        ("gout, seen by Smith", "X:6", "Gout", False),
        ("gout", "X:6", "Gout", False),
    ],
)
def test_a_part_that_is_another_concept_is_told(
    linker: Linker, term: str, concept_id: str, name: str, several: bool
) -> None:
    links = [link("gout", "X:6", "Gout"), link(term, concept_id, name)]
    assert say_several(linker, links, Review()) == [False, several]


def test_what_is_not_accepted_is_looked_at_anyway(linker: Linker) -> None:
    unsure = link("chest pain, dyspnea", "X:1", "Chest pain", 0.5)
    nothing = Link(Mention(0, 9, "pain, pot"), None, ())
    assert say_several(linker, [unsure, nothing], Review()) == [False, False]


def test_a_table_comes_with_such_terms_to_look_at(linker: Linker, tmp_path: Path) -> None:
    table, out = tmp_path / "a.csv", tmp_path / "out.csv"
    table.write_text('problem\n"gout, nausea"\n"gout, stable"\n')
    links = linker.link(["gout, nausea", "gout, stable"])
    accept = min(one.probability for one in links)
    done = map_terms(linker, TermTable(table, "problem"), out, review=Review(accept, 0))
    assert done.review == {"accept": 1, "look": 1, "reject": 0}
    with out.open(newline="") as file:
        doubts = [(row["review"], row["doubt"]) for row in csv.DictReader(file)]
    assert doubts == [("look", "names another concept too"), ("accept", "")]

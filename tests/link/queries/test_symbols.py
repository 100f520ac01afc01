"""Symbols of elements and formulae as queries."""

from __future__ import annotations

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker, Mention
from linker.index import Index
from linker.link.queries.symbols import Symbols


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """Some chemicals, a disease that its terminology calls by a symbol, and a single letter."""
    concepts = [
        concept("T:1", "Calcium"),
        concept("T:2", "Potassium"),
        concept("T:3", "Lysine", "K"),
        concept("T:4", "Carbon tetrachloride"),
        concept("T:5", "CCL4 protein", "CCL4"),
        concept("T:6", "Mercury"),
        concept("T:7", "Hunger", "Hg"),
        concept("T:8", "Nitric oxide"),
        concept("T:9", "Lithium"),
        concept("T:10", "Magnesium"),
        concept("T:11", "Magnesium ion", "Mg(2+)"),
        concept("T:12", "Chlorine"),
        concept("T:13", "Sodium bicarbonate"),
    ]
    return build(tmp_path_factory.mktemp("symbols") / "index", concepts)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Ca", "calcium"),
        (" Ca ", "calcium"),
        ("Ca2+", "calcium"),
        ("Ca 2+", "calcium"),
        ("Ca(2+)", "calcium"),
        ("Ca++", "calcium"),
        ("Ca²⁺", "calcium"),
        ("Li+", "lithium"),
        ("Cl-", "chlorine"),
        ("Cl⁻", "chlorine"),
        ("Cl\N{MINUS SIGN}", "chlorine"),
        ("NaHCO(3)", "sodium bicarbonate"),  # as long as one may be
        ("Ca(2+", "Ca(2+"),
        ("Mg", "magnesium"),
        ("Mg2+", "Mg2+"),  # the terminology has the ion
        ("Mg++", "Mg++"),
        ("K", "potassium"),  # a single letter is no name
        ("CCl4", "carbon tetrachloride"),  # the gene is written in capitals
        ("CCl(4)", "carbon tetrachloride"),
        ("CA", "CA"),
        ("ca", "ca"),
        ("CCL4", "CCL4"),
        ("Hg", "Hg"),  # what the terminology itself calls so
        ("Na", "Na"),  # the index has no sodium
        ("Ca channel", "Ca channel"),
        ("CCl4+", "CCl4+"),
        ("NO", "NO"),
        ("", ""),
    ],
)
def test_a_symbol_stands_for_a_name_of_the_index(index: Index, query: str, name: str) -> None:
    assert Symbols(index.store).name_of(query) == name


@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("Ca", "chemical", "calcium"),
        ("Ca", "disorder", "Ca"),
        ("NO", "chemical", "nitric oxide"),
        ("NO", "disorder", "NO"),
    ],
)
def test_a_label_says_whether_letters_are_a_symbol(
    index: Index, query: str, kind: str, name: str
) -> None:
    assert Symbols(index.store).name_of(query, kind) == name


def test_without_the_filter_of_types_a_label_says_nothing_of_a_symbol(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder(), type_filter=False)
    (link,) = linker.link_mentions([Mention(0, 2, "Ca", label="DISEASE")])
    assert link.concept_id == "T:1"


def test_the_linker_looks_symbols_up_by_their_names(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    [calcium, potassium, gene] = linker.link(["Ca2+", "K", "CCL4"])
    assert [link.concept_id for link in (calcium, potassium, gene)] == ["T:1", "T:2", "T:5"]
    assert calcium.mention == Mention(0, 4, "Ca2+", long_form="calcium")
    assert calcium.why[0] == "looked up as 'calcium'"
    assert gene.mention == Mention(0, 4, "CCL4")
    assert (calcium.candidates[0].matched_name, calcium.candidates[0].score) == ("Calcium", 1.0)


def test_the_long_form_that_a_note_gives_stands(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    [link] = linker.link_mentions([Mention(0, 2, "Ca", long_form="hunger")])
    assert link.concept_id == "T:7"

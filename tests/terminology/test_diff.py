from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.terminology import NameKind, Release, TableBuilder, Terminology, diff


def terminology(*concepts: dict[str, Any], **retired: str | None) -> Terminology:
    builder = TableBuilder("test")
    for concept in concepts:
        names = [(name, NameKind.EXACT) for name in concept.get("names", ())]
        builder.add(
            concept["id"],
            concept["name"],
            names=names,
            parents=concept.get("parents", ()),
            semantic_types=concept.get("types", ()),
            definition=concept.get("definition"),
            codes=concept.get("codes", ()),
        )
    for old, successor in retired.items():
        builder.retire(old, replaced_by=successor)
    return builder.finish(Release("T", "1", "", "test"))


OLD = terminology(
    {"id": "A", "name": "Fever", "names": ["Pyrexia", "Hot"], "types": ["x", "y"]},
    {
        "id": "B",
        "name": "Chill",
        "parents": ["A"],
        "definition": "Feels cold.",
        "codes": [("V", "1"), ("V", "2"), ("W", "2")],
    },
    {"id": "C", "name": "Rigor", "names": ["Shakes"]},
    {"id": "D", "name": "Ague", "names": ["Swamp fever"]},
    {"id": "E", "name": "Itch", "codes": [("V", "9")]},
    {"id": "F", "name": "Fit", "definition": "A fit."},
    {"id": "G", "name": "Gout"},
    Z="A",
)
NEW = terminology(
    {"id": "A", "name": "Pyrexia", "names": ["Fever", "Temp"], "types": ["y", "x"]},
    {
        "id": "B",
        "name": "Chill",
        "names": ["Hot", "Shakes"],
        "types": ["z"],
        "definition": "Being cold.",
        "codes": [("W", "2"), ("V", "3"), ("V", "1")],
    },
    {"id": "F", "name": "Fit"},
    {"id": "G", "name": "Gout", "definition": "Crystals."},
    {"id": "N", "name": "Newness", "definition": "New.", "codes": [("V", "8")]},
    C="B",
    D=None,
    Z="A",
)


def rows(table: Any) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


def test_every_change_is_found() -> None:
    changes = diff(OLD, NEW)
    assert rows(changes.concepts_added) == [("N", "Newness")]
    assert rows(changes.concepts_retired) == [("D", "Ague"), ("E", "Itch")]
    assert rows(changes.concepts_merged) == [("C", "Rigor", "B", "Chill")]
    assert rows(changes.preferred_names_changed) == [("A", "Fever", "Pyrexia")]
    assert rows(changes.semantic_types_changed) == [("B", "Chill", "", "z")]
    assert rows(changes.parents_changed) == [("B", "Chill", "A", "")]
    assert rows(changes.definitions_changed) == [
        ("B", "Chill", "Feels cold.", "Being cold."), ("F", "Fit", "A fit.", ""),
        ("G", "Gout", "", "Crystals."),
    ]  # fmt: skip
    assert rows(changes.codes_added) == [("B", "Chill", "V", "3")]
    assert rows(changes.codes_retired) == [("B", "Chill", "V", "2")]
    assert rows(changes.names_added) == [("A", "Temp"), ("N", "Newness")]
    assert rows(changes.names_retired) == [
        ("C", "Rigor"), ("D", "Ague"), ("D", "Swamp fever"), ("E", "Itch"),
    ]  # fmt: skip
    assert rows(changes.names_moved) == [("Hot", "A", "B"), ("Shakes", "C", "B")]
    assert changes.counts["names_moved"] == 2


def test_an_id_that_was_retired_and_is_a_concept_again_is_added() -> None:
    changes = diff(NEW, OLD)
    assert ("C", "Rigor") in rows(changes.concepts_added)


names = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, min_size=1, max_size=3)
release = st.dictionaries(st.sampled_from("PQRS"), names, min_size=1)


@given(old=release, new=release)
def test_names_are_those_of_sets(old: dict[str, list[str]], new: dict[str, list[str]]) -> None:
    one, other = (
        terminology(*({"id": k, "name": v[0], "names": v[1:]} for k, v in side.items()))
        for side in (old, new)
    )
    changes = diff(one, other)
    before, after = ({(k, n) for k, v in side.items() for n in v} for side in (old, new))
    gone, come = before - after, after - before
    moved = {(n, k, j) for k, n in gone for j, m in come if n == m}
    assert set(rows(changes.names_moved)) == moved
    assert set(rows(changes.names_added)) == {p for p in come if p[1] not in {m[0] for m in moved}}
    assert set(rows(changes.names_retired)) == {
        p for p in gone if p[1] not in {m[0] for m in moved}
    }
    assert {row[0] for row in rows(changes.concepts_added)} == new.keys() - old.keys()
    assert {row[0] for row in rows(changes.concepts_retired)} == old.keys() - new.keys()


@pytest.mark.parametrize("side", [OLD, NEW])
def test_nothing_changes_against_itself(side: Terminology) -> None:
    assert set(diff(side, side).counts.values()) == {0}

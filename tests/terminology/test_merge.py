from __future__ import annotations

from dataclasses import replace

import pytest

from linker.checked import validated
from linker.config import Recipe
from linker.errors import ConfigError, TerminologyError
from linker.terminology import NameKind, Release, TableBuilder, Terminology, add_forms, merge


def terminology(name: str, *concepts: tuple[str, ...], **retired: str) -> Terminology:
    """Concepts of (id, preferred name, parent, semantic type), and retired ids."""
    builder = TableBuilder("test")
    for concept_id, preferred, parent, semantic_type in concepts:
        builder.add(
            concept_id,
            preferred,
            names=[(f"{preferred} NOS", NameKind.EXACT)],
            parents=[parent] if parent else [],
            semantic_types=[semantic_type] if semantic_type else [],
        )
    for old, successor in retired.items():
        builder.retire(old, replaced_by=successor)
    return builder.finish(
        Release(name, f"{name} 1", f"{name} licence", name.lower(), skipped={"odd rows": 1})
    )


ONE = terminology("One", ("A1", "Fever", "", "finding"), ("A2", "Cough", "A1", ""), OLD1="A1")
TWO = terminology("Two", ("B1", "Fever", "", ""), ("B2", "Rash", "B1", "skin"), OLD2="B2")


def by_id(merged: Terminology) -> dict[str, dict[str, object]]:
    return {row["concept_id"]: row for row in merged.concepts.to_pylist()}


def test_concepts_of_both_stay_apart_and_share_their_names() -> None:
    merged = merge([(ONE, ""), (TWO, "")])
    found = by_id(merged)
    assert list(found) == ["A1", "A2", "OLD1", "B1", "B2", "OLD2"]
    assert found["A2"]["parents"] == ["A1"]
    assert found["OLD2"]["replaced_by"] == "B2"
    fever = [n["concept_id"] for n in merged.names.to_pylist() if n["name"] == "Fever"]
    assert fever == ["A1", "B1"]


def test_concepts_without_a_type_have_that_of_their_terminology() -> None:
    found = by_id(merge([(ONE, ""), (TWO, "")]))
    types = {key: row["semantic_types"] for key, row in found.items()}
    assert types == {
        "A1": ["finding"], "A2": ["One"], "B1": ["Two"], "B2": ["skin"], "OLD1": [], "OLD2": [],
    }  # fmt: skip


def test_the_release_tells_of_each_part() -> None:
    release = merge([(ONE, ""), (TWO, "T:")]).release
    assert (release.terminology, release.version) == ("One + Two", "One 1 + Two 1")
    assert release.licence == "One licence; Two licence"
    assert [
        (p.terminology, p.version, p.prefix, p.concepts, p.retired, p.names, dict(p.skipped))
        for p in release.parts
    ] == [
        ("One", "One 1", "", 2, 1, 4, {"odd rows": 1}),
        ("Two", "Two 1", "T:", 2, 1, 4, {"odd rows": 1}),
    ]


def test_a_prefix_is_put_before_every_id() -> None:
    merged = merge([(add_forms(ONE), "ONE:")])
    found = by_id(merged)
    assert list(found) == ["ONE:A1", "ONE:A2", "ONE:OLD1"]
    assert found["ONE:A2"]["parents"] == ["ONE:A1"]
    assert found["ONE:A1"]["parents"] == []
    assert found["ONE:OLD1"]["replaced_by"] == "ONE:A1"
    assert found["ONE:A1"]["replaced_by"] is None
    assert {n["concept_id"] for n in merged.names.to_pylist()} == {"ONE:A1", "ONE:A2"}
    assert {n["concept_id"] for n in merged.forms.to_pylist()} <= {"ONE:A1", "ONE:A2"}


def test_a_prefix_is_put_before_the_parents_of_a_part_of_a_table() -> None:
    rest = replace(ONE, concepts=ONE.concepts.slice(1), names=ONE.names.slice(2))
    three = terminology("Three", ("C1", "A", "", ""), ("C2", "B", "C1", ""), ("C3", "C", "C2", ""))
    later = replace(three, concepts=three.concepts.slice(2))
    assert by_id(merge([(rest, "ONE:")]))["ONE:A2"]["parents"] == ["ONE:A1"]
    assert by_id(merge([(later, "T:")]))["T:C3"]["parents"] == ["T:C2"]


def test_one_terminology_with_a_prefix_keeps_its_types() -> None:
    found = by_id(merge([(ONE, "ONE:")]))
    assert [found[key]["semantic_types"] for key in ("ONE:A1", "ONE:A2")] == [["finding"], []]


def test_what_two_releases_say_alike_or_not_at_all_is_said_once() -> None:
    said = ("Public domain", "", "Public domain", "CC0")
    parts = [
        (replace(ONE, release=Release(f"T{i}", "", licence, "obo")), f"{i}:")
        for i, licence in enumerate(said)
    ]
    release = merge(parts).release
    assert (release.licence, release.version, release.source) == ("Public domain; CC0", "", "obo")
    assert [part.licence for part in release.parts] == [*said]


def test_one_terminology_stays_as_it_is() -> None:
    assert merge([(ONE, "")]) is ONE


def test_ids_that_clash_name_both_and_say_what_to_do() -> None:
    clashing = terminology("Three", ("A2", "Itch", "", ""), ("C1", "Pain", "", ""))
    with pytest.raises(TerminologyError) as caught:
        merge([(ONE, ""), (TWO, ""), (clashing, "")])
    said = str(caught.value)
    assert said.startswith("1 id of concepts of both One and Three, such as 'A2' ('Cough',")
    assert 'prefix = "THREE:"' in said
    assert "THREE:A2" in by_id(merge([(ONE, ""), (clashing, "THREE:")]))


def test_a_retired_id_gives_way_to_a_concept_and_is_counted() -> None:
    other = terminology("Three", ("OLD1", "Itch", "", ""))
    merged = merge([(ONE, ""), (other, "")])
    assert by_id(merged)["OLD1"]["preferred_name"] == "Itch"
    assert merged.release.parts[0].skipped["retired ids that another terminology has"] == 1
    assert merged.release.parts[0].retired == 0


def test_a_retired_id_of_two_leads_nowhere() -> None:
    other = terminology("Three", ("C1", "Itch", "", ""), OLD1="C1")
    assert "OLD1" not in by_id(merge([(ONE, ""), (other, "")]))


# --- recipes ---------------------------------------------------------------------------------


def test_a_recipe_has_one_terminology_or_several() -> None:
    one = {"source": "obo", "path": "x"}
    assert len(validated(Recipe, {"terminology": one}, where="r").terminologies) == 1
    two = validated(Recipe, {"terminology": [one, {**one, "prefix": "X:"}]}, where="r")
    assert [section.prefix for section in two.terminologies] == ["", "X:"]
    assert two.terminologies[1].options.model_dump().keys() & {"prefix", "source"} == set()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"source": "obo", "path": "x"}, {"source": "obo", "paht": "x"}],
         "unknown key 'terminology[1].paht'; known here: columns, default_type, delimiter"),
        ([{"source": "obo"}], "'terminology[0].path': Field required"),
        ([], "'terminology': Tuple should have at least 1 item"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_of_several_says_which_part(data: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        validated(Recipe, {"terminology": data}, where="r")
    assert message in str(caught.value)

from __future__ import annotations

import pytest

from linker.errors import TerminologyError
from linker.terminology import NameKind, Release, TableBuilder

RELEASE = Release(terminology="Invented", version="1", licence="", source="test")


def test_first_kind_of_a_repeated_name_is_kept(concepts):
    builder = TableBuilder("x")
    builder.add(
        "X:1",
        "green  spots",
        names=[
            ("spots", NameKind.BROAD),
            ("green spots", NameKind.RELATED),
            ("spots", NameKind.EXACT),
        ],
    )
    found = concepts(builder.finish(RELEASE))["X:1"]
    assert found["names"] == [("green spots", "preferred"), ("spots", "broad")]


def test_repeated_id_names_both_lines():
    builder = TableBuilder("x.csv")
    builder.add("X:1", "a", at="3")
    with pytest.raises(
        TerminologyError, match=r"x\.csv:7: concept 'X:1' occurs twice, first at line 3"
    ):
        builder.add("X:1", "b", at="7")


def test_replacements_are_followed_and_never_lead_nowhere(concepts):
    builder = TableBuilder("x")
    builder.add("X:1", "a")
    builder.retire("X:2", replaced_by="X:3")
    builder.retire("X:3", replaced_by="X:1")
    builder.retire("X:4", replaced_by="X:5")
    builder.retire("X:5", replaced_by="X:4")
    builder.retire("X:6", replaced_by="Y:1")
    found = concepts(builder.finish(RELEASE))
    assert {key: row["replaced_by"] for key, row in found.items()} == {
        "X:1": None,
        "X:2": "X:1",
        "X:3": "X:1",
        "X:4": None,
        "X:5": None,
        "X:6": None,
    }


def test_active_concept_outranks_an_alternative_id(concepts):
    builder = TableBuilder("x")
    builder.add("X:1", "a")
    builder.add("X:2", "b")
    builder.retire("X:2", replaced_by="X:1")
    assert concepts(builder.finish(RELEASE))["X:2"]["status"] == "active"


def test_no_concept_is_its_own_parent(concepts):
    builder = TableBuilder("x")
    builder.add("X:1", "a", parents=["X:1"])
    builder.add("X:2", "b", parents=["X:1", "X:2", "X:1"])
    terminology = builder.finish(RELEASE)
    assert [row["parents"] for row in concepts(terminology).values()] == [[], ["X:1"]]
    assert terminology.release.skipped == {}


def test_no_concept_is_an_error():
    with pytest.raises(TerminologyError, match=r"x\.obo: no concept found"):
        TableBuilder("x.obo").finish(RELEASE)

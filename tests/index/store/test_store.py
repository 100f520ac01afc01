from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from cases import build, check_bulk_reads, concept
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from linker.errors import IndexFolderError, TerminologyError
from linker.index import NamePair, Store
from linker.index.store.make import write_store
from linker.schema import Concept
from linker.terminology import NameKind, Release, TableBuilder, Terminology, add_forms, merge
from linker.terminology.tables import CONCEPTS, FORMS, NAMES
from linker.text import normalise

RELEASE = Release(terminology="Invented", version="1", licence="", source="test")
EXACT, BROAD, PREFERRED = NameKind.EXACT, NameKind.BROAD, NameKind.PREFERRED


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[TableBuilder], Store]:
    """The store of what a builder holds, written and opened."""

    def store(builder: TableBuilder) -> Store:
        write_store(builder.finish(RELEASE), tmp_path)
        return Store.open(tmp_path)

    return store


def of(*concepts: tuple[str, ...]) -> TableBuilder:
    """A builder of concepts: (id, preferred name, further exact names...)."""
    builder = TableBuilder("test")
    for concept_id, preferred, *names in concepts:
        builder.add(concept_id, preferred, names=[(name, EXACT) for name in names])
    return builder


def names(store: Store) -> dict[str, tuple[NamePair, ...]]:
    return {store.normal(row): store.pairs(row) for row in range(store.n_names)}


# --- what was read is what is stored ---------------------------------------------------------

# Few letters, so that concepts share names; some names that no encoder can read.
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
name = (
    st.lists(st.sampled_from(["a", "A", "β", "é", "b-", "\u200b", "  "]), min_size=1, max_size=3)
    .map("".join)
    .filter(str.strip)
) | text.filter(str.strip)
concept_ids = st.lists(
    text.map(str.strip).filter(bool) | st.from_regex(r"\AX:[0-9]{2}\Z"), unique=True, max_size=8
)


@st.composite
def concepts(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        {
            "concept_id": concept_id,
            "preferred_name": draw(name),
            "names": draw(st.lists(st.tuples(name, st.sampled_from(NameKind)), max_size=4)),
            "definition": draw(st.none() | text),
            "semantic_types": draw(st.lists(text, max_size=2)),
            "parents": draw(st.lists(text, max_size=2)),
            "codes": draw(st.lists(st.tuples(st.sampled_from("AB"), text), max_size=4)),
        }
        for concept_id in draw(concept_ids)
    ]


@settings(deadline=None)
@given(rows=concepts())
def test_every_concept_comes_back_as_it_was_added(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assume(any(normalise(row["preferred_name"]) for row in rows))
    folder = tmp_path_factory.mktemp("store")
    builder = TableBuilder("test")
    for row in rows:
        builder.add(**row)
    write_store(builder.finish(RELEASE), folder)
    store = Store.open(folder)
    assert store.count("active") == len(rows)
    for row in rows:
        at = store.find(row["concept_id"])
        assert at is not None
        found = store.concept(at)
        preferred = " ".join(row["preferred_name"].split())
        spelled = {" ".join(name.split()) for name, _ in row["names"]}
        codes: dict[str, tuple[str, ...]] = {}
        for vocabulary, code in dict.fromkeys(row["codes"]):
            codes[vocabulary] = (*codes.get(vocabulary, ()), code)
        assert found == Concept(
            concept_id=row["concept_id"],
            preferred_name=preferred,
            names=found.names,
            definition=(row["definition"] or "").strip() or None,
            semantic_types=tuple(dict.fromkeys(row["semantic_types"])),
            # No concept is its own parent.
            parents=tuple(p for p in dict.fromkeys(row["parents"]) if p != row["concept_id"]),
            codes=codes,
        )
        assert found.names[0] == preferred
        assert len(set(found.names)) == len(found.names)
        assert set(found.names) == {preferred} | {name for name in spelled if normalise(name)}


@settings(deadline=None)
@given(rows=concepts())
def test_every_pair_of_a_name_and_a_concept_is_stored_once_under_its_normal_form(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assume(any(normalise(row["preferred_name"]) for row in rows))
    folder = tmp_path_factory.mktemp("store")
    builder = TableBuilder("test")
    for row in rows:
        builder.add(**row)
    terminology = builder.finish(RELEASE)
    write_store(terminology, folder)
    store = Store.open(folder)
    expected = sorted(
        (normalise(row["name"]), row["concept_id"], row["kind"], row["name"])
        for row in terminology.names.to_pylist()
        if normalise(row["name"])
    )
    found = sorted(
        (normal, store.concept_id(pair.concept), pair.kind.value, pair.surface)
        for normal, pairs in names(store).items()
        for pair in pairs
    )
    assert found == expected
    assert store.n_pairs == len(expected)
    assert list(names(store)) == sorted({normal for normal, *_ in expected})


# --- names -----------------------------------------------------------------------------------


def test_name_of_several_concepts_lists_the_nearest_kind_first_then_by_id(stored) -> None:
    builder = of(("X:3", "cold"), ("X:2", "chill", "Cold"), ("X:1", "rhinitis", "COLD"))
    builder.add("X:0", "weather", names=[("cold", BROAD)])
    store = stored(builder)
    assert names(store)["cold"] == (
        NamePair(3, PREFERRED, "cold"),
        NamePair(1, EXACT, "COLD"),
        NamePair(2, EXACT, "Cold"),
        NamePair(0, BROAD, "cold"),
    )


def test_preferred_name_of_two_concepts_is_one_name(stored) -> None:
    store = stored(of(("X:1", "Cold"), ("X:2", "cold")))
    assert names(store) == {
        "cold": (NamePair(0, PREFERRED, "Cold"), NamePair(1, PREFERRED, "cold"))
    }
    assert [store.concept(row).names for row in (0, 1)] == [("Cold",), ("cold",)]


def test_spellings_of_one_name_are_all_kept_the_preferred_one_first(stored) -> None:
    store = stored(of(("X:1", "cold", "Cold", "COLD", "ague")))
    assert store.n_names == 2
    assert store.concept(0).names == ("cold", "ague", "COLD", "Cold")


def test_spellings_of_one_name_count_as_one(stored) -> None:
    store = stored(of(("X:1", "cold", "Cold", "COLD", "ague"), ("X:2", "Ague", "cold")))
    assert store.name_counts(np.array([1, 0], dtype=np.int32)).tolist() == [2, 2]


def test_names_that_cannot_be_read_are_left_out(stored) -> None:
    store = stored(of(("X:1", "fever", "\u200b", "\ufeff\u200b"), ("X:2", "\u200b", "cold")))
    assert list(names(store)) == ["cold", "fever"]
    assert store.concept(0).names == ("fever",)
    # What the source calls it is shown even so.
    assert store.concept(1).names == ("\u200b", "cold")


def test_range_of_normal_forms_is_in_the_order_of_rows(stored) -> None:
    store = stored(of(("X:1", "C", "a", "D", "b")))
    assert store.normals(1, 3) == ["b", "c"]
    assert store.normals(0, store.n_names) == ["a", "b", "c", "d"]
    assert store.normals(2, 2) == []


@pytest.mark.parametrize("piece", [1, 2, 3, 4, 5])
def test_all_normal_forms_are_given_in_the_order_of_rows(
    piece: int, stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.index.store.store._PIECE", piece)
    assert list(stored(of(("X:1", "C", "a", "D", "b"))).each_normal()) == ["a", "b", "c", "d"]


def test_a_name_is_found_by_its_normal_form(stored) -> None:
    store = stored(of(("X:1", "C", "a", "B")))
    rows = [store.name_row(normal) for normal in ("", "a", "b", "bb", "c", "d", "A")]
    assert rows == [None, 0, 1, None, 2, None, None]


def test_a_pair_of_a_derived_form_is_written_as_the_form_is(tmp_path: Path) -> None:
    terminology = add_forms(of(("X:1", "Ataxia, Spastic"), ("X:2", "Ataxia")).finish(RELEASE))
    write_store(terminology, tmp_path)
    written = {
        normal: [(pair.surface, pair.written) for pair in pairs]
        for normal, pairs in names(Store.open(tmp_path)).items()
    }
    assert written == {
        "ataxia": [("Ataxia", "Ataxia")],
        "ataxia, spastic": [("Ataxia, Spastic", "Ataxia, Spastic")],
        "spastic ataxia": [("Ataxia, Spastic", "Spastic Ataxia")],
    }


def test_what_is_a_name_itself_or_cannot_be_read_is_no_form(tmp_path: Path) -> None:
    terminology = of(("X:1", "Rubella NOS"), ("X:2", "Rubella")).finish(RELEASE)
    forms = [
        {"concept_id": "X:1", "name": "Rubella NOS", "kind": "preferred", "form": form}
        for form in ("rubella", "\u200b", "NOS rubella")
    ]
    forms_table = pa.Table.from_pylist(forms, schema=FORMS)
    write_store(replace(terminology, forms=forms_table), tmp_path)
    assert names(Store.open(tmp_path)) == {
        "nos rubella": (NamePair(0, PREFERRED, "Rubella NOS", "NOS rubella"),),
        "rubella": (NamePair(1, PREFERRED, "Rubella"),),
        "rubella nos": (NamePair(0, PREFERRED, "Rubella NOS"),),
    }


def test_names_as_their_sources_write_them_have_no_derived_form(tmp_path: Path) -> None:
    terminology = add_forms(of(("X:1", "Ataxia, Spastic", "ataxia")).finish(RELEASE))
    write_store(terminology, tmp_path)
    assert Store.open(tmp_path).name_table().to_pylist() == [
        {"concept_id": "X:1", "name": "ataxia", "kind": "exact"},
        {"concept_id": "X:1", "name": "Ataxia, Spastic", "kind": "preferred"},
    ]


# --- ids -------------------------------------------------------------------------------------


def test_names_are_found_wherever_they_stand(tmp_path: Path) -> None:
    store = build(tmp_path / "many", [concept(f"X:{i}", f"name {i:03}") for i in range(99)]).store
    asked = ["a", "name 000", "name 0005", "name 041", "name 042", "name 098", "zz"]
    assert store.find_names(asked).tolist() == [-1, 0, -1, 41, 42, 98, -1]
    assert store.find_names(["name 007"]).tolist() == [7]
    assert store.find_names(["zz", "zzz"]).tolist() == [-1, -1]
    assert store.find_names([]).tolist() == []


def test_names_of_a_concept_are_found_by_its_row(stored) -> None:
    store = stored(of(("X:1", "Cold", "Common cold"), ("X:2", "Cold", "A chill")))
    assert store.n_concepts == 2
    names = [[store.normal(name) for name in store.name_rows(row)] for row in range(2)]
    assert names == [["cold", "common cold"], ["a chill", "cold"]]


def test_many_rows_are_read_as_each_is(tmp_path: Path) -> None:
    built = of(
        ("X:1", "Ataxia", "Ataxia, Spastic", "Shared"),
        ("X:2", "Rubella NOS", "Shared", "German measles"),
        ("X:3", "Rubella"),
    )
    write_store(add_forms(built.finish(RELEASE)), tmp_path)
    store = Store.open(tmp_path)
    assert {"spastic ataxia"} < set(names(store))
    check_bulk_reads(store)
    # "Spastic ataxia" is derived, and counts for nothing; neither does "rubella" for X:2.
    rows = np.array([store.row(concept_id) for concept_id in ("X:1", "X:2", "X:3")], dtype=np.int32)
    assert store.name_counts(rows).tolist() == [3, 3, 1]


def test_relations_are_of_rows_and_unknown_parents_are_left_out(tmp_path: Path) -> None:
    index = build(
        tmp_path / "relations",
        [
            concept("X:1", "Heart disease", parents=["X:3", "Y:9"]),
            concept("X:2", "Infarction", parents=["X:1", "X:3"]),
            concept("X:3", "Disease"),
        ],
    )
    concepts, parents = index.store.parent_rows()
    assert concepts.tolist() == [0, 1, 1]
    assert parents.tolist() == [2, 0, 2]
    assert [index.store.parents(row) for row in range(3)] == [(2,), (0, 2), ()]
    rows = np.array([2, 1, 0, 2], dtype=np.int32)
    assert index.store.child_counts(rows).tolist() == [2, 0, 1, 2]


def test_ids_are_found_whatever_their_letters(stored) -> None:
    ids = ["Ä1", "a", "B", "é", "e\u0301", "Ω", "\uffff", "😀", "0", "a b", "\x00"]
    store = stored(of(*((concept_id, f"name {concept_id}") for concept_id in ids)))
    rows = [store.find(concept_id) for concept_id in ids]
    assert [store.concept_id(row) for row in rows] == ids
    assert sorted(rows) == list(range(len(ids)))


@pytest.mark.parametrize(
    "concept_id", ["", " ", "X:0", "X:2", "X:10", "x:1", "Ω", "\ud800", None, 1, b"X:1"]
)
def test_unknown_id_is_not_found(concept_id: object, stored) -> None:
    assert stored(of(("X:1", "fever"), ("X:11", "cold"))).find(concept_id) is None


def test_terminology_of_one_concept(stored) -> None:
    store = stored(of(("X:1", "fever")))
    assert store.find("X:1") == 0
    assert store.concept(0) == Concept("X:1", "fever", ("fever",))
    assert names(store) == {"fever": (NamePair(0, PREFERRED, "fever"),)}
    assert (store.n_names, store.n_pairs, store.count("active"), store.count("retired")) == (
        1, 1, 1, 0,
    )  # fmt: skip


def test_summary_is_what_a_candidate_shows(stored) -> None:
    builder = TableBuilder("test")
    builder.add(
        "X:1",
        "fever",
        names=[("pyrexia", EXACT)],
        definition="Hot.",
        semantic_types=["finding"],
        codes=[("B", "2"), ("A", "1"), ("B", "1")],
    )
    assert stored(builder).summary(0) == {
        "concept_id": "X:1",
        "preferred_name": "fever",
        "semantic_types": ("finding",),
        "codes": {"B": ("2", "1"), "A": ("1",)},
    }


# --- retired ids -----------------------------------------------------------------------------


def test_retired_id_leads_to_what_replaced_it(stored) -> None:
    builder = of(("X:1", "fever"))
    builder.retire("X:0", replaced_by="X:1")
    builder.retire("X:2", replaced_by="X:0")
    builder.retire("X:3", name="old fever", replaced_by=None)
    store = stored(builder)
    assert [store.find(f"X:{n}") for n in range(4)] == [1, 1, 1, 3]
    assert (store.count("active"), store.count("retired")) == (1, 3)
    assert store.concept(3) == Concept("X:3", "old fever")


def test_retired_id_that_leads_nowhere_or_in_a_circle_gives_its_own_row(tmp_path: Path) -> None:
    # `TableBuilder` clears these; readers that join large files hand over tables as they are.
    def row(concept_id: str, replaced_by: str | None, status: str = "retired") -> dict[str, Any]:
        lists: dict[str, Any] = {"semantic_types": [], "parents": [], "codes": []}
        return {
            "concept_id": concept_id,
            "preferred_name": concept_id,
            "status": status,
            "replaced_by": replaced_by,
            **lists,
        }

    rows = [
        row("a", None, "active"),
        row("b", "missing"),
        row("c", "d"),
        row("d", "c"),
        row("e", "e"),
        row("f", "c"),
        row("g", "b"),
        row("h", "i"),
        row("i", "a"),
    ]
    terminology = Terminology(
        RELEASE,
        pa.Table.from_pylist(rows, schema=CONCEPTS),
        pa.table({"concept_id": ["a"], "name": ["fever"], "kind": ["preferred"]}, schema=NAMES),
    )
    write_store(terminology, tmp_path)
    store = Store.open(tmp_path)
    assert {c: store.find(c) for c in "abcdefghi"} == {
        "a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5, "g": 6, "h": 0, "i": 0,
    }  # fmt: skip


# --- several terminologies -------------------------------------------------------------------


@pytest.mark.parametrize("n_parts", [1, 2, 3])
def test_each_concept_and_retired_id_is_of_the_terminology_it_came_from(
    n_parts: int, tmp_path: Path
) -> None:
    parts = []
    for prefix in "QPR"[:n_parts]:
        builder = of((f"{prefix}:2", f"fever {prefix}"), (f"{prefix}:4", f"cold {prefix}"))
        builder.retire(f"{prefix}:1", replaced_by=f"{prefix}:2")
        builder.retire(f"{prefix}:3", replaced_by=None)
        parts.append((builder.finish(RELEASE), ""))
    write_store(merge(parts), tmp_path)
    store = Store.open(tmp_path)
    rows = np.arange(store.n_concepts, dtype=np.int32)
    of_part = dict(zip("QPR", range(3), strict=True))
    ids = [store.concept_id(row) for row in rows.tolist()]
    assert len(ids) == 4 * n_parts
    assert store.parts_of(rows).tolist() == [of_part[concept_id[0]] for concept_id in ids]
    assert store.n_parts == n_parts


# --- what cannot be stored -------------------------------------------------------------------


def test_terminology_without_a_readable_name_is_refused(tmp_path: Path) -> None:
    terminology = of(("X:1", "\u200b", "\ufeff")).finish(RELEASE)
    with pytest.raises(TerminologyError, match="2 names, none with a character that can be read"):
        write_store(terminology, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_name_of_a_concept_that_is_not_there_is_refused(tmp_path: Path) -> None:
    terminology = of(("X:1", "fever")).finish(RELEASE)
    stray = pa.table({"concept_id": ["X:7"], "name": ["ague"], "kind": ["exact"]}, schema=NAMES)
    terminology = Terminology(
        RELEASE, terminology.concepts, pa.concat_tables([terminology.names, stray])
    )
    with pytest.raises(TerminologyError, match="the name 'ague' is of 'X:7', which is not among"):
        write_store(terminology, tmp_path)


# --- the files -------------------------------------------------------------------------------


def test_order_and_chunks_of_the_input_rows_change_no_byte(tmp_path: Path) -> None:
    terminology = of(
        ("X:3", "cold", "Cold"), ("X:1", "fever", "cold"), ("X:2", "ague", "fever", "chill")
    ).finish(RELEASE)
    concepts, names = terminology.concepts, terminology.names
    turned = Terminology(
        RELEASE,
        concepts.take([2, 0, 1]),
        pa.concat_tables([names.slice(k, 1) for k in reversed(range(len(names)))]),
    )
    content = []
    for number, one in enumerate((terminology, turned)):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_store(one, folder)
        content.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert content[0] == content[1]


@pytest.mark.parametrize("file", ["concepts.arrow", "names.arrow"])
@pytest.mark.parametrize("content", [b"", b"not an Arrow file", b"ARROW1\0\0" + b"\xff" * 64])
def test_file_that_is_no_table_is_refused(file: str, content: bytes, tmp_path: Path) -> None:
    write_store(of(("X:1", "fever")).finish(RELEASE), tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(IndexFolderError, match=f"{file}: not a readable Arrow file"):
        Store.open(tmp_path)

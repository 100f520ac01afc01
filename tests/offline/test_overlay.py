from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from cases import (
    CONCEPTS,
    FakeEncoder,
    build,
    check_bulk_reads,
    concept,
    files_of_at_most,
    linker_of,
)

from linker import Linker
from linker.encoder import Vectors
from linker.errors import (
    ConfigError,
    EncoderMismatchError,
    IndexFolderError,
    LinkerError,
    TerminologyError,
)
from linker.index import Index, Manifest, locked
from linker.link.calibrate import SHIPPED
from linker.link.ranking.rank import rank
from linker.link.ranking.rerank import candidates
from linker.link.retrieve import Retriever
from linker.offline import overlay_index
from linker.terminology import NameKind, Release, TableBuilder, add_forms

HEADER = "concept_id,name,kind,preferred_name,semantic_types,definition,codes.LOCAL\n"
Write = Callable[..., Path]


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    return build(tmp_path / "mini").path


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    """Write rows, short ones filled up, under the header of all columns."""

    def write(*rows: str, name: str = "local.csv", header: str = HEADER) -> Path:
        path = tmp_path / name
        wide = header.count(",")
        path.write_text(header + "".join(f"{row}{',' * (wide - row.count(','))}\n" for row in rows))
        return path

    return write


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def best(index: Path, *mentions: str) -> list[str | None]:
    found = Linker.load(index, encoder=FakeEncoder(), threshold=0).link(list(mentions))
    return [link.concept_id for link in found]


def lay(index: Path, *files: Path, **options: object):
    return overlay_index(index, files, encoder=FakeEncoder(), **options)


# --- what an overlay does --------------------------------------------------------------------


def test_a_local_name_is_linked_and_shown_as_it_is_written(mini: Path, csv: Write) -> None:
    manifest = lay(mini, csv("X:0001,Pump trouble", "X:0006,Running a temp"))
    linker = Linker.load(mini, encoder=FakeEncoder())
    (link,) = linker.link(["pump TROUBLE"])
    assert link.concept_id == "X:0001"
    assert link.candidates[0].matched_name == "Pump trouble"
    assert link.candidates[0].score == 1.0
    assert linker.concept("X:0001").names == (
        "Heart failure",
        "Cardiac failure",
        "Weak heart",
        "Pump trouble",
    )
    assert linker.annotate("Seen for pump trouble today.")[0].concept_id == "X:0001"
    assert (manifest.counts.names, manifest.counts.name_concept_pairs) == (30, 31)
    assert manifest.overlays[0].summary == "2 rows: 2 names added"


def test_only_new_names_are_embedded(mini: Path, csv: Write) -> None:
    encoder = FakeEncoder()
    overlay_index(mini, [csv("X:0001,Pump trouble", "X:0002,Chest pain")], encoder=encoder)
    assert encoder.encoded == ["pump trouble"]
    candidates = Linker.load(mini, encoder=encoder).link(["chest pain"])[0].candidates
    assert {c.concept_id for c in candidates[:2]} == {"X:0012", "X:0002"}


# --- what the house calls a concept, it means by that name ------------------------------------


def found(index: Path, text: str, **options: object) -> list[tuple[str, str | None]]:
    linker = Linker.load(index, encoder=FakeEncoder(), **options)
    return [(link.mention.text, link.concept_id) for link in linker.annotate(text)]


def test_a_name_of_the_house_goes_before_the_terminologys(mini: Path, csv: Write) -> None:
    assert best(mini, "chest pain", "cold") == ["X:0012", "X:0007"]
    lay(mini, csv("X:0002,Chest pain", "X:0008,cold"))
    # "Chest pain" and "Cold" are preferred names of other concepts.
    assert best(mini, "chest pain", "cold") == ["X:0002", "X:0008"]
    link = Linker.load(mini, encoder=FakeEncoder()).link(["CHEST PAIN"])[0]
    assert [c.concept_id for c in link.candidates[:2]] == ["X:0002", "X:0012"]
    assert link.probability > 5 * link.candidates[1].probability
    assert sum(c.probability for c in link.candidates) <= 1


def test_letters_of_the_house_go_before_clinical_usage(mini: Path, csv: Write) -> None:
    assert best(mini, "SOB", "HTN") == ["X:0014", "X:0013"]
    lay(mini, csv("X:0015,SOB"))
    assert best(mini, "SOB", "HTN") == ["X:0015", "X:0013"]
    assert found(mini, "Has SOB and HTN.") == [("SOB", "X:0015"), ("HTN", "X:0013")]
    # The note's own definition goes before both.
    said = "Shortness of breath (SOB). SOB again."
    assert [concept_id for _, concept_id in found(mini, said)] == ["X:0014"] * 3


@pytest.mark.parametrize(
    "name", ["ZQ", "LOB", "DOEx", "well", "VSD-m", "stress", "Dr", "falling out spells"]
)
def test_a_name_of_the_house_is_found_in_notes_whatever_it_is(
    mini: Path, csv: Write, name: str
) -> None:
    lay(mini, csv(f"X:0001,{name}"))
    assert found(mini, f"Pt has {name} today.") == [(name, "X:0001")]
    assert found(mini, f"{name}: worse.") == [(name, "X:0001")]


def test_letters_of_the_house_keep_their_case(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,LOB"))
    assert found(mini, "A lob in tennis. LOBs twice.") == [("LOBs", "X:0001")]


def test_letters_that_stand_for_disorders_are_found_if_the_house_says_so(
    tmp_path: Path, csv: Write
) -> None:
    disorder = ["T047"]
    index = build(
        tmp_path / "d",
        [
            concept("D:1", "Retinoblastoma", "RB", types=disorder),
            concept("D:2", "Gout", types=disorder),
        ],
    ).path
    assert found(index, "RB was seen; CA, USA.") == []
    lay(index, csv("D:1,RB", "D:2,CA"))
    assert found(index, "RB was seen.") == [("RB", "D:1")]
    assert found(index, "From Santa Cruz, CA, USA.") == [("CA", "D:2")]


def test_the_later_overlay_says_what_a_name_means(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0002,LOB", name="a.csv"))
    lay(mini, csv("X:0015,LOB", name="b.csv"))
    assert best(mini, "LOB") == ["X:0015"]
    lay(mini, remove=["b.csv"])
    assert best(mini, "LOB") == ["X:0002"]
    lay(mini, csv("X:0002,LOB", "X:0015,LOB", name="b.csv"))
    assert Index.open(mini).store.local_names == {
        "lob": {Index.open(mini).store.row("X:0002"), Index.open(mini).store.row("X:0015")}
    }


@pytest.mark.parametrize(
    ("kind", "decides"), [("abbreviation", True), ("preferred", True), ("related", False)]
)
def test_what_is_near_to_a_concept_decides_nothing(
    mini: Path, csv: Write, kind: str, decides: bool
) -> None:
    lay(mini, csv(f"X:0001,Pyrexia,{kind}"))
    assert ("pyrexia" in Index.open(mini).store.local_names) == decides


def test_a_row_that_is_left_out_leaves_what_was_decided(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0002,LOB", name="a.csv"))
    lay(mini, csv("X:0404,LOB", name="b.csv"), skip_unknown=True)
    assert best(mini, "LOB") == ["X:0002"]


def test_a_name_that_is_taken_away_from_one_of_two_means_the_other(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0002,LOB", "X:0015,LOB", name="a.csv"))
    lay(mini, csv("X:0002,lob,remove", name="b.csv"))
    store = Index.open(mini).store
    assert store.local_names == {"lob": {store.row("X:0015")}}
    assert best(mini, "LOB") == ["X:0015"]


def test_a_name_that_is_taken_away_decides_nothing(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0002,Chest pain", name="a.csv"), csv("X:0002,Chest pain,remove", name="b.csv"))
    assert Index.open(mini).store.local_names == {}
    assert best(mini, "chest pain") == ["X:0012"]


@pytest.mark.parametrize("name", ["Chest pain", "HTN", "cold", "MAP"])
def test_what_the_house_calls_nothing_is_no_mention(mini: Path, csv: Write, name: str) -> None:
    text = f"Has fever, {name} and nausea."
    assert [said for said, _ in found(mini, text)] == ["fever", name, "nausea"]
    manifest = lay(mini, csv(f",{name},remove"))
    assert manifest.overlays[0].names_removed == 1
    assert [said for said, _ in found(mini, text)] == ["fever", "nausea"]
    (link,) = Linker.load(mini, encoder=FakeEncoder()).link([name])
    assert link.concept_id is None
    assert 0 < link.probability < 0.1
    # Other names of what it was are as they were.
    assert best(mini, "chest pains today", "high blood pressure") == ["X:0012", "X:0013"]


def test_nothing_goes_with_a_later_name_and_a_note_that_defines_it(mini: Path, csv: Write) -> None:
    lay(mini, csv(",SOB,remove", ",fever,remove", name="a.csv"))
    assert found(mini, "SOB, fever.") == []
    said = "Shortness of breath (SOB), then SOB."
    assert [concept_id for _, concept_id in found(mini, said)] == ["X:0014"] * 3
    lay(mini, csv("X:0006,fever", name="b.csv"))
    assert found(mini, "SOB, fever.") == [("fever", "X:0006")]


def test_a_layer_of_before_names_decided_is_laid_anew(
    mini: Path, csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = csv("X:0002,Chest pain")
    with monkeypatch.context() as before:
        before.setattr("linker.index.overlays.lay._FORMAT", "")
        manifest = lay(mini, local)
    (written,) = mini.glob("overlay-*.local.arrow")
    written.unlink()
    files = {name: info for name, info in manifest.files.items() if name != written.name}
    manifest.model_copy(update={"files": files}).write(mini)
    assert Index.open(mini).store.local_names == {}
    assert best(mini, "chest pain") == ["X:0012"]
    lay(mini, local)
    assert best(mini, "chest pain") == ["X:0002"]


def test_nothing_new_to_embed_needs_no_encoder(mini: Path, csv: Write) -> None:
    overlay_index(mini, [csv("X:0002,Chest pain")], encoder=None)
    assert Index.open(mini, verify=True).manifest.overlays[0].names_added == 1


def test_a_new_concept_is_whole(mini: Path, csv: Write) -> None:
    manifest = lay(
        mini,
        csv("LOCAL:7,Ward bug,,Ward 7 outbreak,infection|local,Since May.,W7|W7b", "LOCAL:7,W7B"),
    )
    found = Linker.load(mini, encoder=FakeEncoder()).concept("LOCAL:7")
    assert found.preferred_name == "Ward 7 outbreak"
    assert found.names == ("Ward 7 outbreak", "W7B", "Ward bug")
    assert found.semantic_types == ("infection", "local")
    assert found.definition == "Since May."
    assert found.codes == {"LOCAL": ("W7", "W7b")}
    assert best(mini, "ward 7 outbreak", "ward bug") == ["LOCAL:7", "LOCAL:7"]
    assert manifest.counts.concepts == len(CONCEPTS) + 1
    assert manifest.overlays[0].summary == "2 rows: 3 names added, 1 new concept"


def test_codes_types_and_definition_are_added_to_those_of_the_concept(
    mini: Path, csv: Write
) -> None:
    manifest = lay(mini, csv("X:0001,,,,local,Ours.,HF1"))
    found = Linker.load(mini).concept("X:0001")
    assert found.codes == {"OTHER": ("42", "43"), "THIRD": ("H1",), "LOCAL": ("HF1",)}
    assert found.semantic_types == ("finding", "local")
    assert found.definition == "Ours."
    assert found.names == ("Heart failure", "Cardiac failure", "Weak heart")
    assert manifest.overlays[0].summary == "1 row: 1 concept changed"


@pytest.mark.parametrize(
    ("row", "change"),
    [
        # What the concept has already.
        ("X:0001,,,,finding,The heart pumps too little.,", "nothing changed"),
        ("X:0001,,,,local,,", "1 concept changed"),
        ("X:0001,,,,,Ours.,", "1 concept changed"),
        ("X:0001,,,,,,HF1|HF1", "1 concept changed"),
    ],
)
def test_a_concept_is_changed_by_what_it_has_not(
    row: str, change: str, mini: Path, csv: Write
) -> None:
    before = Linker.load(mini).concept("X:0001")
    assert lay(mini, csv(row)).overlays[0].summary == f"1 row: {change}"
    after = Linker.load(mini).concept("X:0001")
    assert (after == before) == (change == "nothing changed")
    assert len(set(after.semantic_types)) == len(after.semantic_types)
    assert after.codes.get("LOCAL", ()) in ((), ("HF1",))


def test_a_preferred_name_takes_the_place_of_the_former_one(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,,,Pump failure", "X:0002,Coronary,preferred"))
    linker = Linker.load(mini, encoder=FakeEncoder())
    assert linker.concept("X:0001").preferred_name == "Pump failure"
    assert linker.concept("X:0001").names[1:] == ("Cardiac failure", "Heart failure", "Weak heart")
    assert linker.concept("X:0002").preferred_name == "Coronary"
    assert linker.link(["heart failure"])[0].candidates[0].preferred_name == "Pump failure"


def test_what_is_a_name_already_is_not_added_again(mini: Path, csv: Write) -> None:
    manifest = lay(mini, csv("X:0001,Heart failure", "X:0002,Heart attack,related"))
    store = Index.open(mini).store
    kinds = {
        name: [pair.kind for pair in store.pairs(store.name_row(name))]
        for name in ("heart failure", "heart attack")
    }
    # Where nothing is said, what it is stays; a kind that is said is its new one.
    assert kinds == {"heart failure": [NameKind.PREFERRED], "heart attack": [NameKind.RELATED]}
    assert manifest.overlays[0].names_added == 0


def test_concepts_of_a_name_are_the_nearest_kind_first_then_by_id(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0002,COLD", "A:1,,,Cold", "X:0001,cold,related"))
    store = Index.open(mini).store
    pairs = store.pairs(store.name_row("cold"))
    assert [(store.concept_id(p.concept), p.kind.value, p.surface) for p in pairs] == [
        ("A:1", "preferred", "Cold"),
        ("X:0007", "preferred", "Cold"),
        ("X:0002", "exact", "COLD"),
        ("X:0008", "exact", "Cold"),
        ("X:0001", "related", "cold"),
    ]


def test_a_name_is_taken_away_once_another_is_preferred_wherever_the_rows_stand(
    tmp_path: Path, csv: Write
) -> None:
    index = build(tmp_path / "i", [concept("P:1", "Cold"), concept("P:2", "Cold")]).path
    lay(index, csv("P:1,Cold,remove", "P:1,,,Low temperature"))
    store = Index.open(index).store
    assert store.concept(store.row("P:1")).names == ("Low temperature",)
    # The other concept's name is its preferred one still.
    pairs = store.pairs(store.name_row("cold"))
    assert [(store.concept_id(p.concept), p.kind) for p in pairs] == [("P:2", NameKind.PREFERRED)]


def test_a_name_is_taken_away_from_one_concept_alone(mini: Path, csv: Write) -> None:
    assert best(mini, "cold") == ["X:0007"]
    manifest = lay(mini, csv("X:0008,COLD,remove", "X:0001,weak heart,remove"))
    linker = Linker.load(mini, encoder=FakeEncoder())
    assert linker.concept("X:0008").names == ("Cold sensation",)
    assert linker.concept("X:0001").names == ("Heart failure", "Cardiac failure")
    assert [c.concept_id for c in linker.link(["cold"])[0].candidates].count("X:0008") == 1
    assert linker.link(["weak heart"])[0].best.matched_name != "Weak heart"
    assert linker.annotate("A weak heart.") == []
    assert manifest.overlays[0].names_removed == 2


def test_a_retired_id_is_followed(mini: Path, csv: Write) -> None:
    manifest = lay(mini, csv("X:9001,Pump trouble"))
    assert best(mini, "pump trouble") == ["X:0001"]
    assert manifest.overlays[0].followed == {"X:9001": "X:0001"}


PARENTS = "concept_id,name,preferred_name,parents\n"


def test_a_parent_that_is_retired_is_followed(mini: Path, csv: Write) -> None:
    lay(mini, csv("L:1,,Ward heart,X:9001|L:2", "L:2,,Ward disease,", header=PARENTS))
    store = Index.open(mini).store
    row = store.row("L:1")
    assert row is not None
    assert store.concept(row).parents == ("X:0001", "L:2")
    assert [store.concept_id(parent) for parent in store.parents(row)] == ["X:0001", "L:2"]


def test_a_parent_is_named_once_and_none_is_its_own(mini: Path, csv: Write) -> None:
    # X:9001 is an old id of X:0001, which would be counted twice as a parent, or as its own.
    rows = "L:1,,Ward heart,X:9001|X:0001|L:1", "X:0001,,,X:9001|X:0001"
    (info,) = lay(mini, csv(*rows, header=PARENTS)).overlays
    linker = Linker.load(mini, encoder=FakeEncoder())
    assert linker.concept("L:1").parents == ("X:0001",)
    assert linker.concept("X:0001").parents == ("X:0009",)
    store = Index.open(mini).store
    assert store.child_counts(np.array([store.row("X:0001")], dtype=np.int32)).tolist() == [1]
    assert info.concepts_changed == 0


def test_a_parent_that_is_no_concept_is_told_of(mini: Path, csv: Write) -> None:
    file = csv("L:1,,Ward heart,X:0404|X:0009", "X:0006,Hot,,", header=PARENTS)
    before = content(mini)
    with pytest.raises(TerminologyError, match=r"local\.csv:2: its parent 'X:0404' is not a conc"):
        lay(mini, file)
    assert content(mini) == before
    (info,) = lay(mini, file, skip_unknown=True).overlays
    # The rest of the row is the house's word.
    assert (info.concepts_added, [row.line for row in info.left_out]) == (1, [2])
    assert Linker.load(mini, encoder=FakeEncoder()).concept("L:1").parents == ("X:0009",)


def test_a_row_about_an_id_that_is_retired_for_good_says_so(tmp_path: Path, csv: Write) -> None:
    builder = TableBuilder("invented")
    builder.add("X:1", "Heart failure")
    builder.retire("X:2", name="Rash and fever", replaced_by=None)
    builder.retire("X:3", replaced_by=None)
    release = Release(terminology="Invented", version="", licence="", source="jsonl")
    linker_of(builder.finish(release), tmp_path / "index")
    manifest = overlay_index(
        tmp_path / "index",
        [csv("X:2,Hot spots", "X:3,Spots", "X:4,Dots")],
        skip_unknown=True,
        encoder=FakeEncoder(),
    )
    assert [row.reason.partition(";")[0] for row in manifest.overlays[0].left_out] == [
        "'X:2' is retired ('Rash and fever'), and not replaced by one concept of the index",
        "'X:3' is retired, and not replaced by one concept of the index",
        "'X:4' is not a concept of the index",
    ]


def test_an_id_that_is_retired_for_good_may_be_a_new_concept(tmp_path: Path, csv: Write) -> None:
    builder = TableBuilder("invented")
    builder.add("X:1", "Heart failure")
    builder.retire("X:2", name="Rash and fever", replaced_by=None)
    builder.add("X:3", "Cough")
    release = Release(terminology="Invented", version="", licence="", source="jsonl")
    linker_of(builder.finish(release), tmp_path / "index")
    manifest = lay(tmp_path / "index", csv("X:2,Hot spots,,Hot rash", "X:25,,,Chill"))
    assert (manifest.counts.concepts, manifest.counts.retired) == (4, 0)
    assert manifest.overlays[0].summary == "2 rows: 3 names added, 2 new concepts"
    linker = Linker.load(tmp_path / "index", encoder=FakeEncoder())
    assert linker.concept("X:2").names == ("Hot rash", "Hot spots")
    assert best(tmp_path / "index", "hot spots", "chill", "cough") == ["X:2", "X:25", "X:3"]
    check_bulk_reads(Index.open(tmp_path / "index").store)


def test_a_name_that_is_not_there_and_is_taken_away_is_no_new_name(mini: Path, csv: Write) -> None:
    before = Index.open(mini).manifest.counts
    encoder = FakeEncoder()
    manifest = overlay_index(
        mini, [csv("X:0001,Nonsense,remove")], skip_unknown=True, encoder=encoder
    )
    assert (manifest.counts, encoder.encoded) == (before, [])
    assert manifest.overlays[0].summary == "1 row: 1 row left out"


def test_ties_go_by_concept_id_with_new_concepts_among_the_old(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0000,Strange thing,preferred", "X:0005,Strange thing", "X:00055,,,Aab thing"))
    store = Index.open(mini).store
    rows = [store.find(i) for i in ("X:0015", "X:00055", "X:0000", "X:0001", "X:0006", "X:0005")]
    known = np.array([row for row in rows if row is not None])
    ordered = known[np.argsort(store.order(known))].tolist()
    assert [store.concept_id(row) for row in ordered] == [
        "X:0000", "X:0001", "X:0005", "X:00055", "X:0006", "X:0015",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["Flat", "HNSW32", "HNSW32,SQfp16"])
def test_links_are_those_of_an_index_built_with_the_names(
    kind: str, tmp_path: Path, csv: Write
) -> None:
    laid = build(tmp_path / "laid", kind=kind).path
    lay(laid, csv("X:0001,Pump trouble", "X:0006,Running a temp", "A:1,,,Odd gait"))
    more = [
        {**c, "synonyms": [*c["synonyms"], *extra]}
        for c in CONCEPTS
        for extra in [{"X:0001": ["Pump trouble"], "X:0006": ["Running a temp"]}.get(c["id"], [])]
    ]
    built = build(tmp_path / "built", [*more, concept("A:1", "Odd gait")], kind=kind).path
    queries = ["pump trouble", "troubled pump", "odd gaits", "a temperature", "heart", "cold"]
    found = []
    # The weights of an index are fitted to its own names: here both have the same.
    for index in (Index.open(laid), Index.open(built)):
        hits = Retriever(index, FakeEncoder).retrieve(queries, n=40).hits
        ranking = rank(queries, hits, index.store, SHIPPED)
        found.append([candidates(ranking, i, index.store, k=10) for i in range(len(queries))])
    for a, b in zip(*found, strict=True):
        assert [(c.concept_id, c.matched_name) for c in a] == [
            (c.concept_id, c.matched_name) for c in b
        ]
        assert [c.score for c in a] == pytest.approx([c.score for c in b])
    a, b = Index.open(laid), Index.open(built)
    by_name = [("concept_id", "ascending"), ("name", "ascending")]
    assert a.store.name_table().sort_by(by_name) == b.store.name_table().sort_by(by_name)
    by_id = "concept_id"
    assert a.store.concept_table().sort_by(by_id) == b.store.concept_table().sort_by(by_id)
    assert a.manifest.counts == b.manifest.counts


def test_vectors_of_a_layer_are_searched_with_the_others(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble", "X:0006,Running a temp"))
    index = Index.open(mini)
    names = index.store.normals(0, index.store.n_names)
    queries = FakeEncoder().encode(["trouble with a pump", "temp", "cold"])
    truth: Vectors = queries.astype(float) @ FakeEncoder().encode(names).astype(float).T
    scores, rows = index.vectors.search(queries, 5)
    assert scores == pytest.approx(np.sort(truth, axis=1)[:, ::-1][:, :5], abs=1e-6)
    assert np.take_along_axis(truth, rows, axis=1) == pytest.approx(scores, abs=1e-6)
    assert index.vectors.search(queries, 500)[1].shape == (3, len(names))


# --- again, instead, and off -----------------------------------------------------------------


def test_many_rows_are_read_as_each_is(mini: Path, csv: Write) -> None:
    check_bulk_reads(Index.open(mini).store)
    lay(
        mini,
        csv("X:0001,Pump trouble", "X:0002,Chest pain", "A:1,,,Odd gait", "Z:1,Odd gait,,Limp"),
    )
    check_bulk_reads(Index.open(mini).store)


def test_rows_of_the_layer_stand_among_those_of_the_index(mini: Path, csv: Write) -> None:
    ids = ("A:1", "X:00055", "X:00056", "X:00061", "Z:1")
    lay(mini, csv(*(f"{concept_id},,,Ward bug {i}" for i, concept_id in enumerate(ids))))
    store = Index.open(mini).store
    for concept_id in ids:
        assert store.concept_id(store.row(concept_id)) == concept_id
    assert [store.row(other) for other in ("A", "A:2", "X:000555", "Z:2")] == [None] * 4
    rows = np.arange(store.n_concepts, dtype=np.int32)
    by_id = sorted(rows.tolist(), key=store.concept_id)
    assert rows[np.argsort(store.order(rows))].tolist() == by_id
    assert len(set(store.order(rows).tolist())) == len(rows)
    every = [store.normal(row) for row in range(store.n_names)]
    ends = range(len(every) + 2)
    for start, stop in ((start, stop) for start in ends for stop in ends if start <= stop):
        assert store.normals(start, stop) == every[start:stop]


def test_forms_of_the_layer_and_of_what_it_leaves_are_counted(tmp_path: Path, csv: Write) -> None:
    builder = TableBuilder("test")
    builder.add("F:1", "Ataxia", names=[("Ataxia, spastic", NameKind.EXACT)])
    builder.add("F:2", "Spastic gait", names=[("Gait, stiff", NameKind.EXACT)])
    builder.add("F:3", "Gait")
    linker_of(add_forms(builder.finish(Release("T", "1", "", "test"))), tmp_path / "i")
    check_bulk_reads(Index.open(tmp_path / "i").store)
    assert Index.open(tmp_path / "i").store.n_derived == 2
    rows = ('F:1,"Ataxia, spastic",remove', "F:3,Stiff gait,exact", "F:3,Way to walk,exact")
    lay(tmp_path / "i", csv(*rows, header="concept_id,name,kind\n"))
    store = Index.open(tmp_path / "i").store
    check_bulk_reads(store)
    # The form of the name that was taken away went with it; that of the other is a name as well.
    assert store.n_derived == 1
    row = store.name_row("stiff gait")
    assert [(p.form is None, store.concept_id(p.concept)) for p in store.pairs(row)] == [
        (False, "F:2"),
        (True, "F:3"),
    ]


def test_relations_are_those_of_the_layer_and_of_what_it_leaves(mini: Path, csv: Write) -> None:
    """Training on an index under an overlay took the layer's rows for the index's."""
    lay(mini, csv("X:0006,Ague", "NEW:1,,,Sweats"))  # Neither has a parent.
    store = Index.open(mini).store

    def related() -> set[tuple[str, str]]:
        return {
            (store.concept_id(child), store.concept_id(parent))
            for child, parent in zip(*(rows.tolist() for rows in store.parent_rows()), strict=True)
        }

    theirs = {("X:0001", "X:0009"), ("X:0002", "X:0009")}
    assert related() == theirs
    parents = "concept_id,name,preferred_name,parents\n"
    given = csv("X:0006,,,X:0009", "NEW:2,,Flutter,X:0009|NEW:1", header=parents, name="more.csv")
    lay(mini, given)
    store = Index.open(mini).store
    assert related() == theirs | {("X:0006", "X:0009"), ("NEW:2", "X:0009"), ("NEW:2", "NEW:1")}
    rows = np.array([store.row(i) for i in ("NEW:1", "X:0001", "X:0009")], dtype=np.int32)
    assert store.child_counts(rows).tolist() == [1, 0, 4]
    assert store.parents(store.row("NEW:2")) == (rows[2], rows[0])
    assert store.parents(rows[1]) == (rows[2],)


def test_names_of_the_layer_are_not_embedded_again(mini: Path, csv: Write, tmp_path: Path) -> None:
    """`--reuse` of an index under an overlay ended in an IndexError: its names are in two runs."""
    lay(mini, csv("X:0001,Pump trouble", "X:0006,Aaa ague", "LOCAL:1,,,Zz top"))
    store = Index.open(mini).store
    n = store.n_names
    assert store.normals(n - 3, n + 5) == ["aaa ague", "pump trouble", "zz top"]
    assert store.normals(n - 1, n) == ["zz top"]
    asked = ["aaa ague", "aab", "chest pain", "pump trouble", "zz top", "zzz"]
    rows = store.find_names(asked)
    assert [None if row < 0 else store.normal(row) for row in rows.tolist()] == [
        "aaa ague", None, "chest pain", "pump trouble", "zz top", None
    ]  # fmt: skip

    # A new release that has two of the house's names, and one that neither had.
    more = [*CONCEPTS, concept("X:0020", "Pump trouble", "Zz top", "Aab")]
    encoder = FakeEncoder()
    new = build(tmp_path / "new", more, encoder=encoder, reuse=mini)
    assert encoder.encoded == ["aab"]
    names = new.store.normals(0, new.store.n_names)
    found = new.vectors.take(np.arange(len(names)))
    np.testing.assert_array_equal(found, FakeEncoder().encode(names))


def test_the_same_overlay_again_changes_no_byte(mini: Path, csv: Write) -> None:
    path = csv("X:0001,Pump trouble")
    lay(mini, path)
    before = content(mini)
    encoder = FakeEncoder()
    overlay_index(mini, [path], encoder=encoder)
    assert content(mini) == before
    assert encoder.calls == 0


def test_a_changed_overlay_takes_the_place_of_the_former(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble", "X:0008,Cold,remove"))
    lay(mini, csv("X:0001,Pumping badly"))
    names = Linker.load(mini).concept("X:0001").names
    assert names == ("Heart failure", "Cardiac failure", "Weak heart", "Pumping badly")
    assert "Cold" in Linker.load(mini).concept("X:0008").names
    assert len(list(mini.glob("overlay-*"))) == 6  # five of the layer, and the CSV


def test_overlays_of_other_names_stay(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    manifest = lay(mini, csv("X:0002,Coronary", name="cardiology.csv"))
    assert [info.name for info in manifest.overlays] == ["local.csv", "cardiology.csv"]
    assert best(mini, "pump trouble", "coronary") == ["X:0001", "X:0002"]


def test_a_file_that_is_called_otherwise_is_another_overlay(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble", name="old.csv"))
    manifest = lay(mini, csv("X:0001,Pump trouble", name="new.csv"), remove=["old.csv"])
    assert [info.name for info in manifest.overlays] == ["new.csv"]
    assert [info.name for info in Index.open(mini, verify=True).manifest.overlays] == ["new.csv"]


def test_an_overlay_comes_off_without_a_trace(mini: Path, csv: Write) -> None:
    before = content(mini)
    lay(mini, csv("X:0001,Pump trouble", "LOCAL:1,,,Odd", "X:0008,Cold,remove"))
    overlay_index(mini, [], remove=["local.csv"])
    assert content(mini) == before


def test_taking_off_what_is_not_there_is_refused(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    with pytest.raises(ConfigError, match=r"no overlay 'locl.csv' .* there: local.csv"):
        overlay_index(mini, [], remove=["locl.csv"])
    before = sorted(mini.parent.iterdir())
    with pytest.raises(ConfigError, match=r"no overlay 'locl\.csv'"):
        overlay_index(mini, [], remove=["locl.csv"], out=mini.parent / "new")
    assert sorted(mini.parent.iterdir()) == before


def test_a_new_index_beside_the_old_one(mini: Path, csv: Write, tmp_path: Path) -> None:
    before = content(mini)
    # What was left by one that was killed as it made a new index there.
    (tmp_path / ".new.overlaying").mkdir()
    (tmp_path / ".new.overlaying" / "names.arrow").write_text("cut short")
    lay(mini, csv("X:0001,Pump trouble"), out=tmp_path / "new")
    assert content(mini) == before
    shared = [name for name in before if (mini / name).samefile(tmp_path / "new" / name)]
    assert sorted(shared) == sorted({*before} - {"manifest.json"})
    assert not (tmp_path / ".new.overlaying").exists()
    assert best(tmp_path / "new", "pump trouble") == ["X:0001"]
    Index.open(tmp_path / "new", verify=True)
    with pytest.raises(IndexFolderError, match="exists; choose another --out"):
        lay(mini, csv("X:0001,Pump trouble"), out=tmp_path / "new")


def test_a_linker_that_has_the_index_open_goes_on(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    linker = Linker.load(mini, encoder=FakeEncoder())
    lay(mini, csv("X:0001,Pumping badly"))
    (link,) = linker.link(["pump trouble"])  # its vectors are read only now
    assert (link.concept_id, link.candidates[0].score) == ("X:0001", 1.0)
    assert linker.concept("X:0001").names[-1] == "Pump trouble"


def test_an_overlay_that_is_replaced_while_an_index_is_opened_is_opened_as_it_is_now(
    mini: Path, csv: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    read, before = Manifest.read, Manifest.read(mini)
    lay(mini, csv("X:0001,Pumping badly"))
    manifests = iter([before])
    # The manifest that is read first is of files that are gone by now.
    monkeypatch.setattr(Manifest, "read", lambda folder: next(manifests, None) or read(folder))
    assert best(mini, "pumping badly") == ["X:0001"]
    assert next(manifests, None) is None


# --- what cannot be --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["X:0404,Foo"], "local.csv:2: 'X:0404' is not a concept of the index; correct the id, or"),
        (
            ["X:0404,Foo"],
            "as a new concept (--skip-unknown, in Python skip_unknown, leaves such rows out, and",
        ),
        (
            ["X:0001,Pump trouble", "X:0404,Foo,remove", "X:0404,Bar", "X:0405,Bar"],
            "a new concept (2 further rows cannot be laid; --skip-unknown, in Python skip_unknown",
        ),
        (["X:0001,Nonsense,remove"], "local.csv:2: 'X:0001' has no name 'Nonsense' to take away"),
        (["X:0001,heart  failure,remove"], "is the preferred name of 'X:0001'"),
        (
            ["X:9001,Weak heart,remove", "X:0001,Weak Heart,abbreviation"],
            "local.csv:2: the name 'Weak heart' is both given to 'X:0001' and taken away (line 3)",
        ),
        (
            ["X:0001,,,Pump failure", "X:9001,Pump trouble,preferred"],
            "local.csv:3: 'X:0001' is to be called 'Pump trouble', but 'Pump failure' on line 2",
        ),
    ],
)
def test_a_row_that_cannot_be_applied_leaves_the_index_as_it_was(
    rows: Sequence[str], message: str, mini: Path, csv: Write
) -> None:
    before = content(mini)
    with pytest.raises(TerminologyError) as caught:
        lay(mini, csv(*rows))
    assert message in str(caught.value)
    assert content(mini) == before


def test_rows_that_are_left_out_already_stay_so(mini: Path, csv: Write) -> None:
    first = csv("X:0404,LOB", "X:0006,the hots", name="first.csv")
    lay(mini, first, skip_unknown=True)
    manifest = lay(mini, csv("X:0006,hot one", name="second.csv"))
    assert [[row.line for row in info.left_out] for info in manifest.overlays] == [[2], []]
    assert best(mini, "the hots", "hot one") == ["X:0006", "X:0006"]
    with pytest.raises(TerminologyError, match=r"first\.csv:2: 'X:0404' is not a concept"):
        lay(mini, first)
    # A row that was laid, and cannot be any more, is an error still.
    lay(mini, csv("L:1,,,Ward bug", name="third.csv"))
    lay(mini, csv("L:1,wb", name="fourth.csv"))
    with pytest.raises(TerminologyError, match=r"fourth\.csv:2: 'L:1' is not a concept"):
        overlay_index(mini, [], remove=["third.csv"], encoder=FakeEncoder())


def test_unknown_concepts_are_left_out_and_reported_if_asked(mini: Path, csv: Write) -> None:
    path = csv("X:0404,Foo", "X:0001,Pump trouble")
    manifest = lay(mini, path, skip_unknown=True)
    (row,) = manifest.overlays[0].left_out
    assert (row.line, row.concept_id) == (2, "X:0404")
    assert best(mini, "pump trouble") == ["X:0001"]
    with pytest.raises(TerminologyError, match="X:0404"):
        lay(mini, path)


def test_a_row_that_contradicts_another_by_a_retired_id_is_left_out_if_asked(
    mini: Path, csv: Write
) -> None:
    path = csv("X:9001,,,Pump failure", "X:0001,Pump trouble,preferred", "X:0001,Tired heart")
    (info,) = lay(mini, path, skip_unknown=True).overlays
    assert [row.line for row in info.left_out] == [3]
    assert (info.names_added, info.concepts_changed) == (2, 1)
    linker = Linker.load(mini, encoder=FakeEncoder())
    assert linker.concept("X:0001").preferred_name == "Pump failure"
    assert best(mini, "tired heart", "pump trouble")[0] == "X:0001"


def test_another_encoder_is_refused(mini: Path, csv: Write) -> None:
    before = content(mini)
    with pytest.raises(EncoderMismatchError, match="built with encoder fake"):
        overlay_index(mini, [csv("X:0001,Pump trouble")], encoder=FakeEncoder("other"))
    lay(mini, csv("X:0001,Pump trouble"))
    assert set(before) - {"manifest.json"} < set(content(mini))


def test_two_files_of_one_name_are_refused(mini: Path, csv: Write, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    other = csv("X:0002,Coronary", name="x/local.csv")
    with pytest.raises(ConfigError, match=r"two overlays are called 'local.csv'"):
        lay(mini, csv("X:0001,Pump trouble"), other)


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path, csv: Write) -> None:
    with pytest.raises(IndexFolderError, match="does not exist"):
        lay(tmp_path / "none", csv("X:0001,Pump trouble"))


def test_a_mount_point_is_no_place_for_a_new_index(mini: Path, csv: Write) -> None:
    with pytest.raises(IndexFolderError, match=r"^/: the mount point .* as in --out /index$"):
        lay(mini, csv("X:0001,Pump trouble"), out=Path("/"))


def test_an_index_in_the_making_elsewhere_is_left_alone(mini: Path, csv: Write) -> None:
    link = mini.parent / "elsewhere" / "link"
    link.parent.mkdir()
    link.symlink_to(mini)
    for path in (mini, link):
        with locked(mini), pytest.raises(IndexFolderError, match="another process"):
            lay(path, csv("X:0001,Pump trouble"))
    lay(link, csv("X:0001,Pump trouble"))
    assert link.is_symlink()
    assert best(mini, "pump trouble") == ["X:0001"]


@pytest.mark.parametrize("beside", [False, True])
def test_a_full_disk_leaves_the_index_as_it_was(beside: bool, mini: Path, csv: Write) -> None:
    before, path = content(mini), csv("X:0001,Pump trouble")
    out = mini.parent / "new" if beside else None
    with (
        files_of_at_most(1_000),
        pytest.raises(
            IndexFolderError, match=r"the overlay could not be written: .*; the index is"
        ),
    ):
        lay(mini, path, out=out)
    after = content(mini)
    assert {name: after[name] for name in before} == before
    assert not (mini.parent / "new").exists()
    lay(mini, path, out=out)
    assert best(mini if out is None else out, "pump trouble") == ["X:0001"]


def test_a_damaged_layer_is_found(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    next(mini.glob("overlay-*.names.arrow")).write_bytes(b"")
    with pytest.raises(IndexFolderError, match=r"names\.arrow: 0 bytes"):
        Index.open(mini)


class Killed(FakeEncoder):
    """Dies in the middle of the work, as a process that is killed."""

    def encode(self, texts: Sequence[str], *, progress: object = None) -> Vectors:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def test_a_kill_in_the_middle_leaves_the_index_as_it_was(mini: Path, csv: Write) -> None:
    lay(mini, csv("X:0001,Pump trouble"))
    before = content(mini)
    path = csv("X:0001,Pumping badly", "LOCAL:1,,,Odd")
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    code = (
        f"import sys; sys.path[:0] = {folders}\n"
        "from test_overlay import Killed, overlay_index\n"
        f"overlay_index({str(mini)!r}, [{str(path)!r}], encoder=Killed())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    after = content(mini)
    assert {name: after[name] for name in before} == before
    assert best(mini, "pump trouble") == ["X:0001"]
    # What the dead left behind is cleared by the next who does it.
    lay(mini, path)
    assert best(mini, "pumping badly", "odd") == ["X:0001", "LOCAL:1"]
    assert set(content(mini)) == {*Index.open(mini, verify=True).manifest.files, "manifest.json"}


def test_a_broken_file_is_said(mini: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b'concept_id,name\nX:0001,"never closed\n')
    with pytest.raises(LinkerError, match=r"bad\.csv:2: a quotation mark opens"):
        lay(mini, bad)

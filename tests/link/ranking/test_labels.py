"""What a detector's label says of a concept's semantic types."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import FakeEncoder, build, concept

from linker import Linker, Mention
from linker.index import Index
from linker.link.ranking.labels import OTHER, kind_of


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """A disease and a chemical of one name, and a concept of which no type is known."""
    concepts = [
        concept("T:1", "Lead", types=["substance"]),
        concept("T:2", "Lead poisoning", "Lead", types=["disorder"]),
        concept("T:3", "Leadership"),
    ]
    return build(tmp_path_factory.mktemp("labels") / "index", concepts)


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("DISEASE", "disorder"),
        ("Chemical", "chemical"),
        ("TAXON", "organism"),
        ("X", None),
        ("", None),
    ],
)
def test_kind_of(label: str, kind: str | None) -> None:
    assert kind_of(label) == kind


def probabilities(linker: Linker, label: str) -> dict[str, float]:
    link = linker.link_mentions([Mention(0, 4, "lead", label=label)])[0]
    return {c.concept_id: c.probability for c in link.candidates}


def test_a_label_speaks_for_concepts_of_its_kind(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a label the two share a name, which is for `shared_names` to tell.
    monkeypatch.setattr("linker.link.ranking.shared_names.WORTH", 0.0)
    linker = Linker(index, encoder=FakeEncoder())
    plain = probabilities(linker, "")
    for label, other in (("DISEASE", "T:1"), ("CHEMICAL", "T:2")):
        seen = probabilities(linker, label)
        # By hand: the others' odds against NIL stay, those of the other kind fall by OTHER.
        nil = 1 - sum(plain.values())
        weighed = {c: p * (OTHER if c == other else 1) for c, p in plain.items()}
        total = nil + sum(weighed.values())
        assert seen == pytest.approx({c: p / total for c, p in weighed.items()})
        assert next(iter(seen)) != other


def test_a_label_ends_a_contest_for_a_name(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    assert [next(iter(probabilities(linker, label))) for label in ("", "CHEMICAL", "DISEASE")] == [
        "T:1", "T:1", "T:2"
    ]  # fmt: skip


def test_each_mention_of_a_batch_has_its_own_label(index: Index) -> None:
    labels = ["", "DISEASE", "ENTITY", "CHEMICAL"]
    alone = [probabilities(Linker(index, encoder=FakeEncoder()), label) for label in labels]
    mentions = [Mention(0, 4, "lead", label=label) for label in labels]
    together = Linker(index, encoder=FakeEncoder()).link_mentions(mentions)
    found = [{c.concept_id: c.probability for c in link.candidates} for link in together]
    assert found == alone
    assert found[0] == found[2] != found[1]


@pytest.mark.parametrize("label", ["", "ENTITY"])
def test_a_label_that_is_not_known_says_nothing(index: Index, label: str) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    assert probabilities(linker, label) == probabilities(linker, "")


def test_the_filter_can_be_left_out(index: Index, tmp_path: Path) -> None:
    linker = Linker(index, encoder=FakeEncoder(), type_filter=False)
    assert probabilities(linker, "DISEASE") == probabilities(linker, "")
    assert linker.settings["type_filter"] is False
    assert "type_filter" not in Linker(index, encoder=FakeEncoder()).settings


def test_a_test_is_no_finding_of_what_it_shows(tmp_path: Path) -> None:
    concepts = [
        concept("F:1", "Abnormal electrocardiogram", "Electrocardiogram", types=["finding"]),
        concept("F:2", "Hypertension", "Blood pressure", types=["Phenotype"]),
        concept("F:3", "Serum calcium", "Calcium", types=["procedure"]),
        concept("F:4", "Reduced ejection fraction", "Ejection fraction", types=["finding"]),
    ]
    linker = Linker(build(tmp_path / "index", concepts), encoder=FakeEncoder())
    asked = ["EKG", "BP", "BP 180/110", "EF 25%", "Calcium", "reduced EF"]
    found = [link.concept_id for link in linker.link(asked)]
    assert found == [None, None, None, None, "F:3", "F:4"]
    # By hand: the odds against NIL of what is a finding fall.
    free = Linker(build(tmp_path / "free", concepts), encoder=FakeEncoder(), type_filter=False)
    (plain,), (seen,) = (one.link(["blood pressure"]) for one in (free, linker))
    assert plain.concept_id == "F:2"
    before = {c.concept_id: c.probability for c in plain.candidates}
    weighed = {c: p * (1 if c == "F:3" else 0.005) for c, p in before.items()}
    total = 1 - sum(before.values()) + sum(weighed.values())
    assert seen.probability == pytest.approx(weighed["F:2"] / total)
    assert any("F:2" in said and said.endswith("looked up names none") for said in seen.why)

"""Findings at their sites: a longer name takes the place of a shorter one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from cases import FakeEncoder, build, concept, marked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker import Linker, Mention
from linker.detect import Site
from linker.index import Index
from linker.link.choose import Decided
from linker.link.sites import SiteNames

CONCEPTS = [
    concept("P:1", "Pain"),
    concept("P:2", "Knee pain"),
    concept("P:3", "Low back pain"),
    concept("P:4", "Back pain"),
    concept("P:5", "Pain in left elbow"),
    concept("P:6", "Elbow pain"),
    concept("N:1", "Neoplasms", "tumor", "cancer"),
    concept("N:2", "Ovarian Neoplasms", "Neoplasm of ovary"),
    concept("N:3", "Lung cancer"),
    concept("N:4", "Carcinoma"),
    concept("F:1", "Bone fracture"),
    concept("F:2", "Fractured elbow"),
    concept("O:1", "Osteoarthritis", "Degenerative joint disease"),
    concept("O:2", "Osteoarthritis of the knee"),
    concept("E:1", "Edema", "Ankle edema"),
    concept("I:1", "Other injury", "Wound", "Abrasion"),
    concept("I:2", "Abrasion of the thigh"),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build(tmp_path_factory.mktemp("sites") / "index", CONCEPTS)


def linker_of(index: Index, **options: bool) -> Linker:
    return Linker(index, encoder=FakeEncoder(), **options)


def test_body_parts_that_are_concepts_themselves_give_way(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    parts = [
        concept(f"B:{i}", name)
        for i, name in enumerate(("Knee", "Elbow", "Lower back", "Head", "Femur head"))
    ]
    index = build(tmp_path_factory.mktemp("parts") / "index", [*CONCEPTS, *parts])
    text, gold = marked(
        "[pain in his left knee|P:2], [carcinoma|N:4] of the [elbow|B:1], "
        "[pain in her lower back|P:3], the left [femoral head|B:4]"
    )
    links = linker_of(index).annotate(text)
    assert [(link.mention.start, link.concept_id) for link in links] == gold
    nested = {link.concept_id for link in linker_of(index, nested=True).annotate(text)}
    assert nested == {"P:1", "P:2", "P:3", "N:4", "B:0", "B:1", "B:2", "B:3", "B:4"}


@pytest.mark.parametrize(
    ("note", "concepts"),
    [
        ("[pain in his left knee|X], no other [pain|X]", ["P:2", "P:1"]),
        ("[pain in her lower back|X]", ["P:3"]),
        ("[pain in her upper back|X]", ["P:4"]),
        ("[pain in the left elbow|X], [pain in the right elbow|X]", ["P:5", "P:6"]),
        # The finding by another of its names, the site by its noun.
        ("an [ovarian tumor|X], [tumor of the left ovary|X]", ["N:2", "N:2"]),
        ("[carcinoma of the lung|X], [carcinoma of the elbow|X]", ["N:3", "N:4"]),
        ("left [elbow fracture|X]", ["F:2"]),
        # What it spreads to is not where it is.
        ("[cancer|X] to lung, [cancer of the lung|X]", ["N:1", "N:3"]),
        ("bilateral [knee DJD|X]", ["O:2"]),
        # No concept of its own: the mention stays as it is.
        ("[ankle edema|X]; [edema|X] of his knee", ["E:1", "E:1"]),
        # What a classification puts together is not one thing.
        ("a [wound|X] of his thigh, an [abrasion of his thigh|X]", ["I:1", "I:2"]),
        ("[pain|X] in his knee-high boot", ["P:1"]),
    ],
)
def test_the_longer_name_is_the_mention(index: Index, note: str, concepts: list[str]) -> None:
    text, gold = marked(note)
    links = linker_of(index).annotate(text)
    expected = [(start, of) for (start, _), of in zip(gold, concepts, strict=True)]
    assert [(link.mention.start, link.concept_id) for link in links] == expected
    assert all(text[m.start : m.end] == m.text for m in (link.mention for link in links))


def test_it_says_what_was_looked_up(index: Index) -> None:
    (link,) = linker_of(index).annotate("Denies pain in his left knee.")
    assert (link.mention.text, link.mention.long_form) == ("pain in his left knee", "Knee pain")
    assert link.candidates[0].matched_name == "Knee pain"
    assert link.assertion["negated"]
    assert "looked up as 'Knee pain'" in link.why


def test_two_findings_share_no_site(index: Index) -> None:
    links = linker_of(index).annotate("pain in knee fracture")
    assert [(link.mention.text, link.concept_id) for link in links] == [
        ("pain in knee", "P:2"),
        ("fracture", "F:1"),
    ]


def test_nested_links_keep_the_finding_alone(index: Index) -> None:
    links = linker_of(index, nested=True).annotate("an ovarian tumor")
    assert [(link.mention.text, link.concept_id) for link in links] == [
        ("ovarian tumor", "N:2"),
        ("tumor", "N:1"),
    ]


def test_a_long_mention_costs_no_more_ways_than_are_tried(index: Index) -> None:
    mention = Mention(0, 400, ("cancer " * 58)[:400])
    text = f"{mention.text} of the lung"
    site = Site(0, len(text), ("lung",))
    assert SiteNames(index).mention_of(text, Decided(mention, None, ()), [site]) is None


def test_the_two_together_may_be_a_synonym_or_of_a_long_form(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    concepts = [
        concept("S:1", "Tinea", "Ringworm"),
        concept("S:2", "Athletes' condition", "Ringworm of the foot"),
        concept("S:3", "Edema", "Edema of the ankle"),
        concept("S:4", "Rubor of the foot"),
        concept("S:5", "Foot"),
    ]
    index = build(tmp_path_factory.mktemp("synonyms") / "index", concepts)

    def name_of(said: str, concept_id: str | None, part: str, long_form: str | None) -> str | None:
        text = f"{said} of the {part}"
        own = Decided(Mention(0, len(said), said, long_form=long_form), concept_id, ())
        found = SiteNames(index).mention_of(text, own, [Site(0, len(text), (part,))])
        return None if found is None else found.long_form

    assert name_of("tinea", "S:1", "foot", None) == "Ringworm of the foot"
    assert name_of("RB", None, "foot", "rubor") == "Rubor of the foot"
    # A longer name of the same concept; a mention without a word, which would be the foot itself.
    assert name_of("edema", "S:3", "ankle", None) is None
    assert name_of("***", None, "foot", None) is None


_PIECES = ("pain", "tumor", "left", "ovarian", "knee", "in", "the", "of", ".", "fracture", "DJD")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=9).map(" ".join), max_size=5))
def test_links_do_not_overlap_and_depend_on_no_batch(index: Index, texts: list[str]) -> None:
    linker = linker_of(index)
    together = [*linker.pipe(texts, batch_size=8)]
    assert together == [linker.annotate(text) for text in texts]
    for links in together:
        spans = [(link.mention.start, link.mention.end) for link in links]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))

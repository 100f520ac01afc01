"""The body part beside a mention."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.detect.sites import in_words_of_finding, in_words_of_site, sites_of
from linker.schema import Mention


def mentions_in(text: str, *findings: str) -> list[Mention]:
    found, at = [], 0
    for finding in findings:
        at = text.index(finding, at)
        found.append(Mention(at, at + len(finding), finding))
        at += len(finding)
    return found


def stretches(text: str, *findings: str) -> list[list[str]]:
    sites = sites_of(text, mentions_in(text, *findings))
    return [[text[site.start : site.end] for site in of] for of in sites]


@pytest.mark.parametrize(
    ("text", "finding", "sites"),
    [
        ("an ovarian tumor", "tumor", ["ovarian tumor"]),
        ("pain in his left knee.", "pain", ["pain in his left knee"] * 2),
        ("pain in knees", "pain", ["pain in knees"]),
        ("left lower leg wound", "wound", ["left lower leg wound", "lower leg wound", "leg wound"]),
        ("lower left leg wound", "wound", ["lower left leg wound"] * 2 + ["leg wound"]),
        ("fracture of the cervical spine", "fracture", ["fracture of the cervical spine"]),
        ("swelling over both ankles", "swelling", ["swelling over both ankles"] * 2),
        ("urinary bladder\ncarcinoma was found there,", "carcinoma", []),  # Another line.
        ("She was then found to have a large ovarian\ntumor.", "tumor", ["ovarian\ntumor"]),
        ("OVARIAN TUMOR", "TUMOR", []),  # Five capitals are letters.
        ("OVARIAN CARCINOMA", "CARCINOMA", ["OVARIAN CARCINOMA"]),
        ("OVARIAN TUMORS", "TUMORS", []),
        ("OVARIAN FIBROMA", "FIBROMA", ["OVARIAN FIBROMA"]),
        ("Pain In Left Knee", "Pain", ["Pain In Left Knee"] * 2),
        # At the beginning of a long text.
        ("knee pain since the day before the day on which she fell", "pain", ["knee pain"]),
        ("the knee had pain", "pain", []),
        # Four words of a site at most.
        (
            "her left lower anterior cervical spine pain",
            "pain",
            ["lower anterior cervical spine pain", "cervical spine pain"],
        ),
        ("breast-ovarian cancer", "cancer", []),  # "ovarian" is half a word.
        ("tibia-fracture", "fracture", ["tibia-fracture"]),
        ("pain in the back of her neck", "pain", []),
        ("pain in the morning", "pain", []),
        ("pain, left knee", "pain", []),
        ("pain in knee-high water", "pain", []),
        ("the knee. Pain", "Pain", []),
        ("pain", "pain", []),
        ("😀 knee pain", "pain", ["knee pain"]),
    ],
)
def test_sites_of_a_finding(text: str, finding: str, sites: list[str]) -> None:
    assert stretches(text, finding) == [sites]


def test_a_site_that_another_mention_holds_is_not_taken() -> None:
    text = "knee effusion pain in chest discomfort"
    assert stretches(text, "knee effusion", "pain", "chest discomfort") == [[], [], []]


def test_a_mention_that_is_a_body_part_leaves_it_to_the_finding() -> None:
    assert stretches("pain in left knee", "pain", "left knee")[0] == ["pain in left knee"] * 2
    assert stretches("knee pain", "knee", "pain")[1] == ["knee pain"]
    # A finding with it keeps it, from the first character on.
    whole, part = Mention(0, 12, "hip fracture"), Mention(4, 12, "fracture")
    assert sites_of("hip fracture", [whole, part])[1] == ()


def test_letters_have_a_site_where_they_say_what_they_stand_for() -> None:
    text = "knee DJD, knee XYZ"
    letters = mentions_in(text, "DJD", "XYZ")
    known = Mention(5, 8, "DJD", long_form="degenerative joint disease")
    assert sites_of(text, letters) == [(), ()]
    (site,), nothing = sites_of(text, [known, letters[1]])
    assert (site.start, site.end, site.words, nothing) == (0, 8, ("knee",), ())


def test_a_mere_proposal_has_no_site() -> None:
    assert sites_of("knee pain", [Mention(5, 9, "pain", proposed=True)]) == [()]


def test_a_site_is_named_by_noun_and_adjective() -> None:
    (site,) = sites_of("tumor of the ovary", [Mention(0, 5, "tumor")])[0]
    assert [*in_words_of_site(site)] == [("ovary",), ("ovarian",)]
    widest, _ = sites_of("lower spine pain", [Mention(12, 16, "pain")])[0]
    assert {("lower", "vertebral"), ("low", "spinal")} < {*in_words_of_site(widest)}
    (neck_or_uterus,) = sites_of("cervical cancer", [Mention(9, 15, "cancer")])[0]
    assert {("neck",), ("cervix",)} < {*in_words_of_site(neck_or_uterus)}


def test_a_finding_is_said_in_the_words_that_stand_for_it_beside_a_site() -> None:
    assert next(iter(in_words_of_finding(("lung", "carcinoma")))) == ("lung", "carcinoma")
    assert ("lung", "cancer") in {*in_words_of_finding(("lung", "carcinoma"))}
    assert [*in_words_of_finding(("edema",))] == [("edema",)]


_PIECES = ("pain", "left", "lower", "knee", "cervical", "in", "of", "the", ".", "\n", "😀", "-")


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map(" ".join))
def test_a_site_holds_its_mention_and_no_other(text: str) -> None:
    mentions = [
        Mention(at, at + 4, "pain") for at in range(len(text)) if text.startswith("pain", at)
    ]
    for mention, sites in zip(mentions, sites_of(text, mentions), strict=True):
        for site in sites:
            assert 0 <= site.start <= mention.start < mention.end <= site.end <= len(text)
            stretch = text[site.start : site.end].lower()
            assert stretch.count("pain") == 1
            assert "." not in stretch
            assert all(word in stretch for word in site.words)


def test_it_takes_time_by_the_length_of_a_note() -> None:
    took = []
    for n in (2_000, 8_000):
        text = "pain in the\nleft knee, ovarian tumor. " * n
        found = [m for at in range(n) for m in (Mention(38 * at, 38 * at + 4, "pain"),)]
        times = []
        for _ in range(3):
            begin = time.process_time()
            assert all(sites_of(text, found))
            times.append(time.process_time() - begin)
        # The garbage of other tests may be collected meanwhile.
        took.append(min(times))
    assert took[1] < 12 * took[0] + 0.2

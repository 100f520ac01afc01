"""The linker over the invented terminology of `cases`, with the fake encoder."""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import spacy
from cases import CONCEPTS, FakeEncoder, build, concept, marked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linker import Concept, Linker, Mention
from linker.detect.spacy_model import SpacyDetector
from linker.errors import (
    ConfigError,
    DetectorError,
    EncoderError,
    EncoderMismatchError,
    IndexFolderError,
)
from linker.index import Index
from linker.records import note_json
from linker.schema import Link


def test_links_each_marked_mention(linker: Linker) -> None:
    text, gold = marked(
        "Known [heart failure|X:0001]; denies [fever|X:0006]. "
        "Hx of [heart attack|X:0002], [SOB|X:0014]."
    )
    links = linker.annotate(text)
    assert [(link.mention.start, link.concept_id) for link in links] == gold
    assert [link.assertion["negated"] for link in links] == [False, True, False, False]


@pytest.mark.parametrize("end", ["\n", "\r", "\f", "\u2028"])
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f"])
def test_a_note_means_the_same_whatever_it_writes_for_blanks_and_line_ends(
    linker: Linker, end: str, blank: str
) -> None:
    text, gold = marked(
        "FAMILY HISTORY\n[Heart failure|X:0001] ([HF|X:0001]) secondary to [fever|X:0006]\n\n"
        "PLAN\nShe has no [chest\npain|X:0012] in HF; chest\n\npain"
    )
    links = linker.annotate(text.replace(" ", blank).replace("\n", end))
    said = [[a for a, is_so in link.assertion.items() if is_so] for link in links]
    assert [(link.mention.start, link.concept_id) for link in links] == [*gold, (84, "X:0001")]
    assert said == [["family"]] * 3 + [["negated"]] * 2


def test_link_keeps_the_order_and_covers_each_string(linker: Linker) -> None:
    links = linker.link(["Pyrexia", "", "heart attack", "Pyrexia"])
    assert [link.concept_id for link in links] == ["X:0006", None, "X:0002", "X:0006"]
    assert links[0].mention == Mention(0, 7, "Pyrexia")
    assert links[1] == Link(Mention(0, 0, ""), None)


def test_a_candidate_tells_what_matched(linker: Linker) -> None:
    best = linker.link(["cardiac failure"])[0].candidates[0]
    assert (best.concept_id, best.preferred_name, best.matched_name, best.score) == (
        "X:0001",
        "Heart failure",
        "Cardiac failure",
        1.0,
    )
    assert best.semantic_types == ("finding",)
    assert best.codes == {"OTHER": ("42", "43"), "THIRD": ("H1",)}


def test_a_process_that_links_loads_no_library_of_builds(index: Index) -> None:
    # Each worker would pay for it: half a second and 60 MB for these.
    code = (
        "import sys; from linker import Linker; "
        f"links = Linker.load({str(index.path)!r}).annotate('Known heart failure.'); "
        "print(links[0].concept_id, {'pandas', 'scipy', 'torch', 'spacy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("X:0001 set()\n", "")


@pytest.mark.parametrize(
    ("mention", "concept_id"),
    [
        ("acute lymphoblastic leukemia", "X:0005"),  # there as "leukaemia"
        ("Beta Thalassaemia", "X:0011"),  # there as "Beta thalassemia"
        ("dyspnoea", "X:0014"),
    ],
)
def test_the_other_spelling_of_english_is_the_name(
    index: Index, mention: str, concept_id: str
) -> None:
    # "Haematuria" was NIL where the terminology writes "hematuria".
    encoder = FakeEncoder()
    (link,) = Linker(index, encoder=encoder).link([mention])
    assert link.concept_id == concept_id
    assert link.candidates[0].score == pytest.approx(1)
    assert encoder.encoded == []


def test_a_name_is_linked_without_the_encoder(index: Index) -> None:
    encoder = FakeEncoder()
    linker = Linker(index, encoder=encoder)
    assert linker.link(["heart attack", "FEVER"])[0].concept_id == "X:0002"
    assert encoder.encoded == []
    linker.link(["hart attack", "hart attack", "Hart  Attack"])
    assert encoder.encoded == ["hart attack"]


def test_what_was_looked_up_is_not_looked_up_again(index: Index) -> None:
    encoder = FakeEncoder()
    linker = Linker(index, encoder=encoder)
    first = linker.link(["hart attack"])
    assert linker.link(["hart attack"]) == first
    assert encoder.calls == 1


def test_what_was_asked_last_is_kept_and_no_more(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.link.answers.CACHED_QUERIES", 2)
    encoder = FakeEncoder()
    linker = Linker(index, encoder=encoder)
    for asked, anew in (
        (["qa", "qb"], ["qa", "qb"]),
        (["qa"], []),
        (["qc"], ["qc"]),
        (["qa"], []),
        (["qb"], ["qb"]),  # It was asked longest ago.
        (["qc"], ["qc"]),
        # More at once than are kept: each is looked up once.
        (["qa", "qb", "qd", "qa"], ["qa", "qd"]),
    ):
        encoder.encoded.clear()
        assert [len(link.candidates) for link in linker.link(asked)] == [5] * len(asked)
        assert encoder.encoded == anew


def test_case_is_looked_up_once_but_as_a_source_writes_it(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder())
    spellings = ["Heart attack", "HEART ATTACK", "heart  Attack", "hart attack", "HART ATTACK"]
    found = [link.candidates for link in linker.link(spellings)]
    assert [c[0].features["case"] for c in found[:3]] == [1, 0, 0]
    assert found[1] is found[2]
    assert found[3] is found[4]
    for spelling, candidates in zip(spellings, found, strict=True):
        alone = Linker(index, encoder=FakeEncoder()).link([spelling])[0]
        assert alone.candidates == candidates


def test_typeset_marks_are_those_that_a_source_writes(tmp_path: Path) -> None:
    names = ["Non-Hodgkin's lymphoma", "Sjögren’s syndrome"]
    index = build(tmp_path / "i", [concept(f"L:{i}", name) for i, name in enumerate(names)])
    linker = Linker(index, encoder=FakeEncoder())
    for name, typeset in zip(
        names, ["Non\u2011Hodgkin\u2019s  lymphoma", "Sjögren's syndrome"], strict=True
    ):
        (as_written,), (found,) = linker.link([name]), linker.link([typeset])
        assert found.candidates == as_written.candidates
        assert found.best.features["case"] == 1
        # Whichever was asked first.
        assert Linker(index, encoder=FakeEncoder()).link([typeset])[0] == found


def test_plurals_are_looked_up_as_the_name_in_their_own_case(index: Index) -> None:
    spellings = ["heart attacks", "Heart attacks", "HEART ATTACKS\t", "Heart attack"]
    alone = [Linker(index, encoder=FakeEncoder()).link([s])[0].candidates for s in spellings]
    assert [c[0].features["exact"] for c in alone] == [1, 1, 1, 1]
    assert [c[0].features["case"] for c in alone] == [0, 1, 0, 1]
    for ordered in (spellings, spellings[::-1]):
        linker = Linker(index, encoder=FakeEncoder())
        found = dict(zip(ordered, linker.link(ordered), strict=True))
        assert [found[s].candidates for s in spellings] == alone


def test_a_misspelt_name_is_found_by_its_vector(linker: Linker) -> None:
    link = linker.link(["hart attack"])[0]
    assert link.candidates[0].concept_id == "X:0002"
    assert 0 < link.candidates[0].score < 1


def test_a_string_like_nothing_is_nil_but_keeps_its_candidates(linker: Linker) -> None:
    link = linker.link(["qqqq zzzz"])[0]
    assert link.concept_id is None
    assert len(link.candidates) == 5
    assert link.probability == link.candidates[0].probability < linker.threshold


def test_zero_threshold_is_kept(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder(), threshold=0)
    assert linker.threshold == 0
    assert linker.link(["qqqq zzzz"])[0].concept_id is not None


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), "sure", [1], True])
def test_a_threshold_is_a_probability(index: Index, threshold: Any) -> None:
    for error in (ConfigError, ValueError):
        with pytest.raises(error, match="give a probability in"):
            Linker(index, threshold=threshold)
    linker = Linker(index, threshold=0.5)
    with pytest.raises(ConfigError, match="give a probability in"):
        linker.threshold = threshold
    assert linker.threshold == 0.5


def test_a_threshold_may_be_set_by_its_name(linker: Linker) -> None:
    linker.threshold = "high_precision"
    assert linker.threshold == linker.settings["threshold"] == 0.7
    link = linker.link(["heart attack"])[0]
    linker.threshold = 1
    assert (link.concept_id, linker.link(["heart attack"])[0].concept_id) == ("X:0002", None)


def test_an_unknown_backend_is_refused_at_once(index: Index) -> None:
    with pytest.raises(EncoderError, match=r"backend 'tourch' is not known; known: auto, torch"):
        Linker.load(index.path, backend="tourch")


def test_an_unknown_detector_is_refused_at_once(index: Index) -> None:
    with pytest.raises(DetectorError, match=r"no_such_model: no such spaCy pipeline"):
        Linker.load(index.path, detector="no_such_model")
    for detector in (None, 3, index.path):
        with pytest.raises(TypeError, match=r"detector is \w+, expected a name or a Detector$"):
            Linker.load(index.path, detector=detector)  # type: ignore[arg-type]
    nlp = spacy.blank("en")
    with pytest.raises(
        TypeError, match=r"detector is English, .*spacy_model\.SpacyDetector\(nlp\)"
    ):
        Linker.load(index.path, detector=nlp)  # type: ignore[arg-type]
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "fever"}])  # type: ignore[attr-defined]
    [link] = Linker.load(index.path, detector=SpacyDetector(nlp)).annotate("Known fever.")
    assert (link.mention.label, link.concept_id) == ("X", "X:0006")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("nested", "no", "nested is str, expected bool"),
        ("whole_composites", 1, "whole_composites is int, expected bool"),
        ("type_filter", None, "type_filter is NoneType, expected bool"),
        ("verify", "no", "verify is str, expected bool"),
        ("device", 0, "device is int, expected str or None"),
        ("encoder", 5, "encoder is int, expected a name, a folder or an Encoder"),
        ("assertion_rules", 5, "assertion_rules is int, expected a file or AssertionRules"),
        ("treshold", 0.5, "Linker.load() has no argument 'treshold'; did you mean threshold?"),
        ("k", 3, "Linker.load() has no argument 'k'; it has path, encoder, detector, threshold, "),
    ],
)
def test_options_of_a_wrong_kind_are_refused_at_once(
    index: Index, option: str, value: object, message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        Linker.load(index.path, **{option: value})  # type: ignore[arg-type]


def test_an_index_is_opened_by_a_path_of_either_kind(index: Index) -> None:
    assert Linker.load(str(index.path)).path == Linker.load(index.path).path == index.path
    for path in (None, 5, str(index.path).encode()):
        with pytest.raises(TypeError, match=r"^path is \w+, expected str or PathLike$"):
            Linker.load(path)  # type: ignore[arg-type]


def test_the_path_of_an_index_is_for_load(index: Index) -> None:
    with pytest.raises(TypeError, match=r"index is str, expected an open Index; Linker\.load"):
        Linker(str(index.path))  # type: ignore[arg-type]


def test_a_linker_shows_its_index(linker: Linker) -> None:
    release = f"{linker.manifest.terminology.terminology} {linker.manifest.terminology.version}"
    assert repr(linker) == f"<Linker {linker.path}: {release.strip()}, {len(CONCEPTS)} concepts>"


@pytest.mark.parametrize("k", [1, 3, 100])
def test_k_candidates_are_the_first_k(linker: Linker, k: int) -> None:
    every = linker.link(["cold"], k=100)[0].candidates
    assert linker.link(["cold"], k=k)[0].candidates == every[:k]
    assert len({candidate.concept_id for candidate in every}) == len(every)


def test_equal_candidates_are_ordered_by_id(tmp_path: Path) -> None:
    concepts = [concept("Z:2", "Zero"), concept("Z:1", "Zero"), concept("Z:3", "Zero")]
    index = build(tmp_path / "ties", concepts)
    found = Linker(index, encoder=FakeEncoder()).link(["zero"])[0].candidates
    assert [candidate.concept_id for candidate in found] == ["Z:1", "Z:2", "Z:3"]


def test_k_below_one_and_a_single_string_are_refused(linker: Linker) -> None:
    with pytest.raises(ValueError, match="k is 0"):
        linker.link(["x"], k=0)
    with pytest.raises(TypeError, match=r"^mentions is str; link takes a list of strings"):
        linker.link("heart attack")
    with pytest.raises(TypeError, match=r"^mentions is bytes; link takes a list of strings"):
        linker.link(b"heart attack")  # type: ignore[arg-type]
    # Letter by letter they were notes.
    with pytest.raises(TypeError, match=r"^texts is str; pipe takes several"):
        linker.pipe("heart attack")
    with pytest.raises(TypeError, match=r"^texts is str; detect takes a list"):
        linker.detect("heart attack")


class FrameOfPandas:
    """Goes through the names of its columns, which would be linked."""

    columns = ("text",)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda it: it.link(["SOB", float("nan")]),
            'mentions[1] is float, expected str; give "" for a missing one',
        ),
        (
            lambda it: it.link([None]),
            'mentions[0] is NoneType, expected str; give "" for a missing',
        ),
        (
            lambda it: it.link(pa.table({"a": ["SOB"]})),
            "mentions is Table; give one of its columns",
        ),
        (lambda it: it.pipe(FrameOfPandas()), "texts is FrameOfPandas; give one of its columns"),
        (lambda it: it.link_mentions(["SOB"]), "mentions[0] is str, expected Mention"),
        (lambda it: it.annotate(None), "text is NoneType, expected str"),
        (lambda it: it.annotate(["SOB"]), "text is list, expected str"),
        (lambda it: it.detect(["SOB", 3]), "texts[1] is int, expected str"),
        (lambda it: [*it.pipe(["a", "b", None], batch_size=2)], "texts[2] is NoneType, expected"),
        (lambda it: it.link(["SOB"], k="5"), "k is str, expected int"),
        (lambda it: it.link([], k=2.5), "k is float, expected int"),
        (lambda it: it.pipe([], k=None), "k is NoneType, expected int"),
        (lambda it: it.pipe([], batch_size="3"), "batch_size is str, expected int"),
        (lambda it: it.link(["SOB"], k=True), "k is bool, expected int"),
        (lambda it: it.link(None), "mentions is NoneType; link takes a list of strings"),
        (lambda it: it.pipe(7), "texts is int; pipe takes several"),
        (lambda it: it.detect(None), "texts is NoneType; detect takes a list"),
        (lambda it: it.link_mentions(Mention(0, 3, "SOB")), "mentions is Mention; link_mentions"),
        (lambda it: it.assert_mentions(b"SOB", []), "text is bytes, expected str"),
        (lambda it: it.assert_mentions("SOB", ["SOB"]), "mentions[0] is str, expected Mention"),
        (lambda it: it.assert_mentions("SOB", None), "mentions is NoneType; assert_mentions takes"),
        (
            lambda it: it.assert_mentions("SOB", Mention(0, 3, "SOB")),
            "mentions is Mention; assert_mentions takes a list",
        ),
    ],
)
def test_what_is_no_string_is_said_with_its_place(
    linker: Linker, ask: Callable[[Linker], object], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        ask(linker)


def test_numbers_are_looked_at_before_a_note_is(linker: Linker) -> None:
    for numbers in ({"k": 0}, {"batch_size": 0}, {"k": -1}):
        with pytest.raises(ValueError, match=r"(k|batch_size) is (0|-1); "):
            linker.pipe([], **numbers)
    with pytest.raises(ValueError, match="k is 0"):
        linker.link([], k=0)


def test_strings_and_numbers_of_numpy_and_generators_will_do(linker: Linker) -> None:
    three = linker.link(["heart attack", "SOB"], k=3)
    assert linker.link(np.array(["heart attack", "SOB"]), k=np.int64(3)) == three  # type: ignore[arg-type]
    assert linker.link((name for name in ["heart attack", "SOB"]), k=3) == three  # type: ignore[arg-type]
    [links] = linker.pipe([np.str_("SOB")], batch_size=np.int64(1))  # type: ignore[arg-type]
    assert [link.concept_id for link in links] == ["X:0014"]
    mentions = (link.mention for link in linker.annotate("Denies fever."))
    [said] = linker.assert_mentions("Denies fever.", mentions)  # type: ignore[arg-type]
    assert said["negated"]


def test_the_notes_own_definition_is_used(linker: Linker) -> None:
    text = "Acute lymphoblastic leukaemia (AL) was found. AL recurred."
    links = [link for link in linker.annotate(text) if link.mention.text == "AL"]
    assert [(link.concept_id, link.mention.long_form) for link in links] == [
        ("X:0005", "Acute lymphoblastic leukaemia")
    ] * 2


def test_concept_by_id_and_by_alternative_id(linker: Linker) -> None:
    expected = Concept(
        "X:0001",
        "Heart failure",
        ("Heart failure", "Cardiac failure", "Weak heart"),
        "The heart pumps too little.",
        ("finding",),
        ("X:0009",),
        {"OTHER": ("42", "43"), "THIRD": ("H1",)},
    )
    assert linker.concept("X:0001") == expected
    assert linker.concept("X:9001") == expected
    with pytest.raises(KeyError, match=r"'X:7777' is not in the index .*mini"):
        linker.concept("X:7777")


def test_the_encoder_of_another_index_is_refused_at_once(index: Index) -> None:
    with pytest.raises(EncoderMismatchError, match=r"built with encoder fake .*asked for other"):
        Linker(index, encoder=FakeEncoder("other"))


def test_a_known_name_of_another_encoder_is_refused_at_once(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = replace(index.manifest.encoder, name="minilm-bio")
    manifest = index.manifest.model_copy(update={"encoder": built})
    monkeypatch.setattr(index, "manifest", manifest)
    with pytest.raises(
        EncoderMismatchError, match=r"encoder minilm-bio .*asked for minilm; rebuil"
    ):
        Linker(index, encoder="minilm")
    # Its own name, and what may be the same in another place, are loaded when they are needed.
    for own in ("minilm-bio", "some/folder", Path("minilm")):
        Linker(index, encoder=own)


def test_a_link_is_written_as_json(linker: Linker) -> None:
    # Whatever there is: of a string that is no name the ranker keeps its features packed.
    for link in linker.link(["SOB", "hart attack", "qqqq zzzz", ""]):
        record = link.to_dict()
        assert json.loads(json.dumps(record)) == record
        assert record == note_json("", [link])["links"][0]
        whole = json.loads(json.dumps(asdict(link)))
        assert whole["mention"]["text"] == record["text"]
        assert [c["features"] for c in whole["candidates"]] == [
            dict(c.features) for c in link.candidates
        ]
        assert deepcopy(link) == pickle.loads(pickle.dumps(link)) == link
        assert len({link, deepcopy(link)}) == 1


def test_the_codes_that_links_share_cannot_be_changed(linker: Linker) -> None:
    codes = linker.link(["cardiac failure"])[0].candidates[0].codes
    assert isinstance(codes, dict)
    before = {"OTHER": ("42", "43"), "THIRD": ("H1",)}
    changes: list[Callable[[dict[str, tuple[str, ...]]], object]] = [
        lambda codes: codes.__setitem__("LOCAL", ("1",)),
        lambda codes: codes.__delitem__("OTHER"),
        lambda codes: codes.__ior__({"LOCAL": ("1",)}),
        lambda codes: codes.update(LOCAL=("1",)),
        lambda codes: codes.setdefault("LOCAL", ()),
        lambda codes: codes.pop("OTHER"),
        lambda codes: codes.popitem(),
        lambda codes: codes.clear(),
    ]
    for change in changes:
        with pytest.raises(TypeError, match=r"change a copy: dict\(candidate\.codes\)"):
            change(codes)
        assert linker.annotate("Cardiac failure.")[0].candidates[0].codes == before
    # A copy is the caller's own.
    copies = (dict(codes), codes.copy(), copy(codes), deepcopy(codes), codes | {})
    for own in (*copies, pickle.loads(pickle.dumps(codes))):
        assert own == before
        own["LOCAL"] = ("1",)
    assert codes == before
    assert json.dumps(codes) == json.dumps(before)


def test_a_linker_survives_pickling(index: Index) -> None:
    linker = Linker(index, encoder=FakeEncoder(), threshold=0.2)
    again = pickle.loads(pickle.dumps(linker))
    assert again.threshold == 0.2
    assert again.link(["hart attack"]) == linker.link(["hart attack"])


def test_a_linker_of_a_relative_path_is_copied_whatever_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path / "there" / "mini")
    monkeypatch.chdir(tmp_path / "there")
    linker = Linker.load("mini")
    assert linker.path == Path("mini")
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(pickle.dumps(linker))
    assert again.path == tmp_path / "there" / "mini"
    assert [link.concept_id for link in again.annotate("Fever.")] == ["X:0006"]


def test_a_copy_of_a_linker_is_of_the_same_index_or_refused(tmp_path: Path) -> None:
    """As on a machine with last year's release, or out of a cache that outlived a rebuild."""
    build(tmp_path / "mini")
    linker = Linker.load(tmp_path / "mini")
    before = pickle.dumps(linker)
    assert before == pickle.dumps(Linker.load(tmp_path / "mini"))
    rmtree(tmp_path / "mini")
    with pytest.raises(IndexFolderError, match="mini: does not exist"):
        pickle.loads(before)
    build(tmp_path / "mini", CONCEPTS[:-1])
    assert pickle.dumps(Linker.load(tmp_path / "mini")) != before
    with pytest.raises(IndexFolderError, match="mini: another index than the one that this Linker"):
        pickle.loads(before)


def test_a_damaged_calibration_is_said(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    path = index.path / "calibration.json"
    path.write_text("{}" + " " * (path.stat().st_size - 2))
    with pytest.raises(IndexFolderError, match=r"calibration\.json has no usable weights"):
        Linker.load(index.path)


def test_pipe_takes_notes_as_they_are_needed(linker: Linker) -> None:
    taken = []

    def notes() -> Iterator[str]:
        for i in range(100):
            taken.append(i)
            yield "fever"

    stream = linker.pipe(notes(), batch_size=4)
    next(stream)
    assert len(taken) == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\t ",
        "\0\0fever\0",
        "\ud800 fever \udfff",
        "😀 fever",
        "chest\r\npain\r\n",
        "e\u0301 fever",
        "\ufefffever",
    ],
)
def test_odd_notes_keep_their_offsets(linker: Linker, text: str) -> None:
    for link in linker.annotate(text):
        mention = link.mention
        assert text[mention.start : mention.end] == mention.text
        assert link.concept_id in ("X:0006", "X:0012")


def test_a_long_note_is_annotated(linker: Linker) -> None:
    text = "Denies chest pain (CP). No fever; known heart failure, stable.\n" * 4_000
    links = linker.annotate(text)
    assert {link.concept_id for link in links} == {"X:0012", "X:0006", "X:0001"}
    assert sum(link.concept_id == "X:0001" for link in links) == 4_000


NOTES = st.lists(
    st.lists(
        st.sampled_from(
            [
                "heart failure",
                "hart failure",
                "no",
                "fever",
                "SOB",
                "(SOB)",
                ".",
                "\n",
                "cold",
                "MAP",
            ]
        ),
        max_size=8,
    ).map(" ".join),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(NOTES, st.integers(1, 4))
def test_batch_size_changes_no_link_and_no_score(
    linker: Linker, notes: list[str], batch_size: int
) -> None:
    one_by_one = [linker.annotate(note) for note in notes]
    batched = list(linker.pipe(notes, batch_size=batch_size))
    assert [[(x.mention, x.concept_id, x.assertion) for x in note] for note in batched] == [
        [(x.mention, x.concept_id, x.assertion) for x in note] for note in one_by_one
    ]
    scores = [c.score for note in batched for x in note for c in x.candidates]
    assert scores == pytest.approx(
        [c.score for note in one_by_one for x in note for c in x.candidates], abs=1e-5
    )


def test_a_rebuilt_index_gives_the_same_links(index: Index, tmp_path: Path) -> None:
    again = build(tmp_path / "again", list(reversed(CONCEPTS)))
    queries = ["hart failure", "cold", "presure", "diabetes", "zzz"]
    assert Linker(again, encoder=FakeEncoder()).link(queries) == Linker(
        index, encoder=FakeEncoder()
    ).link(queries)


class Found:
    """A detector of given stretches, which may overlap."""

    def __init__(self, *stretches: str, proposed: tuple[str, ...] = ()) -> None:
        self._stretches = stretches
        self._proposed = proposed

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        raise AssertionError("the linker decides among mentions that overlap")

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        return [
            sorted(
                (
                    Mention(at, at + len(s), s, proposed=s in self._proposed)
                    for s in (*self._stretches, *self._proposed)
                    for at in [text.index(s)]
                ),
                key=lambda m: (m.start, -m.end),
            )
            for text in texts
        ]

    detect_nested = detect_all


def texts_of(links: list[Link]) -> list[tuple[str, str | None]]:
    return [(link.mention.text, link.concept_id) for link in links]


def test_a_long_mention_that_is_nil_gives_way_to_what_it_holds(index: Index) -> None:
    text = "qzx qzx heart attack, chest pain"
    detector = Found("qzx qzx heart attack, chest", "heart attack", "chest pain", "pain")
    linker = Linker(index, encoder=FakeEncoder(), detector=detector, threshold=0.95)
    links = linker.annotate(text)
    assert texts_of(links) == [("heart attack", "X:0002"), ("chest pain", "X:0012")]


def test_a_proposal_must_be_likely(index: Index) -> None:
    text = "qzx qzx wv, heart attack, fever"
    detector = Found("fever", proposed=("qzx qzx wv", "heart attack", "attack, fever"))
    linker = Linker(index, encoder=FakeEncoder(), detector=detector)
    assert texts_of(linker.annotate(text)) == [("heart attack", "X:0002"), ("fever", "X:0006")]


def test_composites_are_whole_on_request(tmp_path: Path) -> None:
    concepts = [concept("C:1", "Breast cancer"), concept("C:2", "Ovarian cancer")]
    index = build(tmp_path / "i", concepts)
    text = "No breast or ovarian cancer."
    apart = Linker(index, encoder=FakeEncoder()).annotate(text)
    linker = Linker(index, encoder=FakeEncoder(), whole_composites=True)
    whole = linker.annotate(text)
    assert texts_of(apart) == [("breast", "C:1"), ("ovarian cancer", "C:2")]
    assert texts_of(whole) == [("breast or ovarian cancer", "C:1"), ("ovarian cancer", "C:2")]
    assert [link.assertion for link in whole] == [link.assertion for link in apart]
    assert texts_of(pickle.loads(pickle.dumps(linker)).annotate(text)) == texts_of(whole)
    assert linker.settings["whole_composites"]


def test_rules_of_the_house_say_what_is_asserted(index: Index, tmp_path: Path) -> None:
    rules = tmp_path / "house.toml"
    rules.write_text(
        '[[trigger]]\nattribute = "negated"\ndirection = "backward"\nphrases = ["went by"]\n'
    )
    own = Linker(index, encoder=FakeEncoder(), assertion_rules=rules)
    rules.unlink()
    text = "Fever went by."
    plain = Linker(index, encoder=FakeEncoder())
    assert [link.assertion["negated"] for link in plain.annotate(text)] == [False]
    for linker in (own, pickle.loads(pickle.dumps(own))):
        assert [link.assertion["negated"] for link in linker.annotate(text)] == [True]
    assert own.settings["assertion_rules"].startswith("sha256:")
    assert "assertion_rules" not in plain.settings
    with pytest.raises(ConfigError, match=r"house\.toml: cannot be read"):
        Linker(index, encoder=FakeEncoder(), assertion_rules=rules)


def test_nested_mentions_that_link_are_kept_on_request(index: Index) -> None:
    text = "Known cold sensation."
    plain = Linker(index, encoder=FakeEncoder())
    nested = Linker(index, encoder=FakeEncoder(), nested=True)
    assert texts_of(plain.annotate(text)) == [("cold sensation", "X:0008")]
    assert texts_of(nested.annotate(text)) == [("cold sensation", "X:0008"), ("cold", "X:0007")]
    again = pickle.loads(pickle.dumps(nested))
    assert texts_of(again.annotate(text)) == texts_of(nested.annotate(text))

"""Any spaCy pipeline as a detector; the pipelines here are built with rules."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from threadpoolctl import threadpool_info

from linker.detect.base import Detector
from linker.detect.long_words import bear_long_words
from linker.detect.spacy_model import SpacyDetector
from linker.errors import DetectorError

PATTERNS = [
    {"label": "SYMPTOM", "pattern": [{"LOWER": "chest"}, {"LOWER": "pain"}]},
    {"label": "SYMPTOM", "pattern": [{"LOWER": "fever"}]},
]


@Language.component("test_ents_with_space")
def _with_space(doc: Doc) -> Doc:
    doc.set_ents([Span(doc, 0, len(doc), label="ALL")] if len(doc) else [])
    return doc


@Language.component("test_spans")
def _overlapping(doc: Doc) -> Doc:
    edges = [(0, 2), (1, 4), (3, 4), (4, 5)]
    spans = [Span(doc, a, b, label="S") for a, b in edges if b <= len(doc)]
    doc.spans["sc"] = SpanGroup(doc, spans=spans)
    return doc


def ruler() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)
    return nlp


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipeline") / "rules"
    ruler().to_disk(path)
    return path


def triples(detector: SpacyDetector, *texts: str) -> list[list[tuple[int, str, str]]]:
    found = detector.detect(texts)
    for text, mentions in zip(texts, found, strict=True):
        assert all(text[m.start : m.end] == m.text for m in mentions)
    return [[(m.start, m.text, m.label) for m in mentions] for mentions in found]


def test_a_pipeline_from_its_folder(folder: Path) -> None:
    detector = SpacyDetector(folder, batch_size=1)
    assert isinstance(detector, Detector)
    assert triples(detector, "No fever, chest pain.", "", "Chest pain") == [
        [(3, "fever", "SYMPTOM"), (10, "chest pain", "SYMPTOM")],
        [],
        [(0, "Chest pain", "SYMPTOM")],
    ]
    assert triples(SpacyDetector(str(folder)), "fever") == [[(0, "fever", "SYMPTOM")]]


def test_nul_and_surrogates_move_nothing() -> None:
    assert triples(SpacyDetector(ruler()), "\x00\ud800🙂 fever\x00\r\nchest\npain") == [
        [(4, "fever", "SYMPTOM")]
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\f", "\u2028"])
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2009"])
def test_whatever_a_note_writes_for_blanks_and_line_ends(end: str, blank: str) -> None:
    """Models were trained on texts with spaces and line feeds."""
    nlp = ruler()
    nlp.get_pipe("entity_ruler").add_patterns(
        [
            {"label": "ITEM", "pattern": [{"ORTH": "\n\n"}, {"LOWER": "cough"}]},
            {"label": "ITEM", "pattern": [{"LOWER": "neck"}, {"ORTH": "\n"}, {"LOWER": "pain"}]},
        ]
    )
    text = f"No{blank}fever.{end}{end}Cough, neck{end}pain,{blank}chest{blank}pain{end}fever{end}"
    said = ["fever", "Cough", f"neck{end}pain", f"chest{blank}pain", "fever"]
    (whole,) = triples(SpacyDetector(nlp), text)
    assert [mention for _, mention, _ in whole] == said
    # Pieces end where lines do.
    (pieces,) = triples(SpacyDetector(nlp, longest=24), text)
    assert pieces == [one for one in whole if one[1] != f"neck{end}pain"]


def test_long_texts_are_cut_where_no_mention_is() -> None:
    nlp = ruler()
    nlp.max_length = 24
    text = "No fever at all.\n\nHas chest pain since Monday, and fever too, chest pain."
    whole = triples(SpacyDetector(ruler()), text)
    assert triples(SpacyDetector(nlp), text) == whole
    assert [start for start, _, _ in whole[0]] == [3, 22, 51, 62]
    assert triples(SpacyDetector(nlp), "x" * 100) == [[]]


def test_white_space_is_trimmed_and_what_is_empty_dropped() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_ents_with_space")
    assert triples(SpacyDetector(nlp), " \n fever \x00\n", " \n\x00") == [
        [(3, "fever", "ALL")],
        [],
    ]


def test_the_longest_of_overlapping_spans_is_kept() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_spans")
    detector = SpacyDetector(nlp, spans="sc")
    assert triples(detector, "one two three four five", "one two") == [
        [(4, "two three four", "S"), (19, "five", "S")],
        [(0, "one two", "S")],
    ]
    assert triples(SpacyDetector(nlp, spans="other"), "one two") == [[]]


def test_an_unknown_pipeline_says_what_is_installed() -> None:
    with pytest.raises(DetectorError, match=r"no such spaCy pipeline; installed: .*spacy download"):
        SpacyDetector("en_none_such")


def test_a_folder_without_a_pipeline(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="is not a spaCy pipeline that can be loaded"):
        SpacyDetector(tmp_path)


def test_a_pipeline_that_sets_nothing() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    with pytest.raises(DetectorError, match=r"holds sentencizer, and nothing that sets doc\.ents"):
        SpacyDetector(nlp)
    with pytest.raises(DetectorError, match="noun chunks need a parser"):
        SpacyDetector(nlp, spans="noun_chunks")
    with pytest.raises(DetectorError, match="holds nothing, and nothing"):
        SpacyDetector(spacy.blank("en"))


def test_a_batch_holds_at_least_one_text() -> None:
    with pytest.raises(DetectorError, match="batch_size is 0"):
        SpacyDetector(ruler(), batch_size=0)


def words(first: int) -> str:
    return " ".join(f"word{n}" for n in range(first, first + 100))


def test_words_are_not_kept_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.detect.spacy_model.WORDS_KEPT", 300)
    detector = SpacyDetector(folder)
    strings = detector._nlp.vocab.strings
    before = len(strings)
    for first in range(0, 2000, 100):
        text = f"{words(first)} fever {words(first)} chest pain"
        assert [[text for _, text, _ in found] for found in triples(detector, text, text)] == [
            ["fever", "chest pain"]
        ] * 2
    assert 300 <= len(strings) - before < 500
    # What was forgotten is read again.
    assert triples(detector, f"{words(1900)} Fever") == [[(900, "Fever", "SYMPTOM")]]


def test_words_of_a_pipeline_that_others_use_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.detect.spacy_model.WORDS_KEPT", 0)
    nlp = ruler()
    doc = nlp("Sneezing")
    detector = SpacyDetector(nlp)
    detector.detect(["Sneezing and wheezing"])
    assert (doc.text, "wheezing" in nlp.vocab) == ("Sneezing", True)


def test_threads_share_a_pipeline_that_forgets(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.detect.spacy_model.WORDS_KEPT", 0)
    detector = SpacyDetector(folder)
    texts = [f"{words(100 * i)} fever {words(100 * i)}" for i in range(40)]
    expected = [triples(detector, text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: triples(detector, text), texts)) == expected
    again = pickle.loads(pickle.dumps(detector))
    assert triples(again, texts[0]) == expected[0]


_DETECTOR = SpacyDetector(ruler())
_SHORT = ruler()
_SHORT.max_length = 7
_SMALL = SpacyDetector(_SHORT, batch_size=2)


@given(st.lists(st.text(max_size=30).map(lambda t: f"{t} fever {t}"), max_size=4))
@settings(max_examples=100, deadline=None)
def test_offsets_slice_back_whatever_the_text(texts: list[str]) -> None:
    for detector in (_DETECTOR, _SMALL):
        for text, mentions in zip(texts, detector.detect(texts), strict=True):
            ends = [0]
            for mention in mentions:
                assert text[mention.start : mention.end] == mention.text
                assert mention.text.strip() == mention.text != ""
                assert mention.start >= ends[-1]
                ends.append(mention.end)


@Language.component("test_blas_threads")
def _blas_threads(doc: Doc) -> Doc:
    _THREADS.extend(lib["num_threads"] for lib in threadpool_info() if "numpy" in lib["filepath"])
    return doc


_THREADS: list[int] = []


def statistical() -> Language:
    nlp = spacy.blank("en")
    ner = nlp.add_pipe("ner")
    ner.add_label("SYMPTOM")  # type: ignore[attr-defined]
    nlp.add_pipe("test_blas_threads")
    nlp.initialize()
    return nlp


def uses_blis(nlp: Language) -> set[bool]:
    model = nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    return {node.ops.use_blis for node in model.walk()}


def test_matrices_of_a_pipeline_loaded_here_are_multiplied_by_numpy(tmp_path: Path) -> None:
    given = statistical()
    given.to_disk(tmp_path)
    loaded = SpacyDetector(tmp_path)
    assert uses_blis(loaded._nlp) == {False}
    SpacyDetector(given)  # Another's pipeline stays as it is.
    assert uses_blis(given) == {True}


def test_each_text_is_multiplied_alone_by_one_thread(tmp_path: Path) -> None:
    statistical().to_disk(tmp_path)
    loaded = SpacyDetector(tmp_path)
    sizes: list[int] = []
    model = loaded._nlp.get_pipe("ner").model  # type: ignore[attr-defined]
    forward = model._func
    model._func = lambda m, docs, is_train: (sizes.append(len(docs)), forward(m, docs, is_train))[1]
    _THREADS.clear()
    loaded.detect(["No fever.", "Chest pain since Monday.", "Well."])
    assert sizes == [1, 1, 1]
    assert set(_THREADS) == {1}


def test_a_long_row_of_marks_takes_no_time(folder: Path) -> None:
    row = "(" * 20_000
    begin = time.process_time()
    assert triples(SpacyDetector(folder), f"{row} fever") == [[(20_001, "fever", "SYMPTOM")]]
    assert time.process_time() - begin < 15  # A second; where each looks at all the rest, minutes.


def test_a_web_address_stays_a_token_and_a_pipeline_can_be_saved(tmp_path: Path) -> None:
    nlp = bear_long_words(spacy.blank("en"))
    text = f"See http://a.example/{'b' * 400}?c=d"
    assert [token.text for token in nlp(text)] == text.split()
    nlp.to_disk(tmp_path / "saved")
    assert [token.text for token in spacy.load(tmp_path / "saved")(text)] == text.split()
    assert [token.text for token in pickle.loads(pickle.dumps(nlp))(text)] == text.split()

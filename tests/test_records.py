from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker import Candidate, Link, Linker, Mention
from linker.records import json_line, mention_json, note_json
from linker.schema import ASSERTIONS

GOLDEN = Path(__file__).parent / "golden" / "annotate.jsonl"

# Invented. Between them: abbreviations, of the note and of clinical usage; assertions; a mention
# over a line break; an ambiguous name; characters outside the first plane; a note without any.
NOTES = {
    "admission": "CC: chest pain, SOB\nKnown heart failure (HF), no fever. HF since 2019.",
    "family": "Father had a heart attack. Mother: type 2 diabetes mellitus.",
    "wrapped": "Fell at home 🙂; fracture of the\nfemur? Femoral fracture\nconfirmed.",
    "ambiguous": "Has a cold. MAP 60. Nausea if hungry.",
    "greek": "β-thalassaemia, not Β-THALASSEMIA",
    "empty": "",
    "none": "Seen today, all well.",
}

CANDIDATES = (
    Candidate(
        "X:1",
        "Heart failure",
        "cardiac failure",
        0.87654321,
        0.91234567,
        ("T047",),
        {"ICD10": ("I50", "I51"), "SCT": ("84114007",)},
    ),
    Candidate("X:2", "Heart disease", "Heart disease", -0.5, 1e-9),
)


def _link(concept_id: str | None = "X:1", candidates: tuple[Candidate, ...] = CANDIDATES) -> Link:
    return Link(Mention(6, 8, "HF", "DISEASE", "heart failure"), concept_id, candidates)


def test_note_line_has_the_shape_of_the_contract() -> None:
    assertion = dict.fromkeys(ASSERTIONS, False)
    assert note_json("n1", [_link()]) == {
        "id": "n1",
        "links": [
            {
                "start": 6,
                "end": 8,
                "text": "HF",
                "long_form": "heart failure",
                "concept_id": "X:1",
                "preferred_name": "Heart failure",
                "score": 0.876543,
                "probability": 0.912346,
                "semantic_types": ["T047"],
                "codes": {"ICD10": ["I50", "I51"], "SCT": ["84114007"]},
                "assertion": assertion,
                "candidates": [
                    {
                        "concept_id": "X:1",
                        "name": "Heart failure",
                        "matched_name": "cardiac failure",
                        "score": 0.876543,
                        "probability": 0.912346,
                    },
                    {
                        "concept_id": "X:2",
                        "name": "Heart disease",
                        "matched_name": "Heart disease",
                        "score": -0.5,
                        "probability": 0.0,
                    },
                ],
            }
        ],
    }


def test_mention_line_has_the_shape_of_the_contract() -> None:
    line = mention_json(_link())
    assert list(line) == ["text", "concept_id", "probability", "candidates"]
    assert (line["text"], line["concept_id"], line["probability"]) == ("HF", "X:1", 0.912346)
    assert list(line["candidates"][0]) == [
        "concept_id",
        "name",
        "matched_name",
        "score",
        "probability",
    ]


def test_nil_names_no_concept_and_keeps_what_was_turned_down() -> None:
    (link,) = note_json("n1", [_link(None)])["links"]
    assert link["concept_id"] is None
    assert link["preferred_name"] is None
    assert (link["semantic_types"], link["codes"]) == ([], {})
    assert (link["score"], link["probability"]) == (0.876543, 0.912346)
    assert link["candidates"][0]["concept_id"] == "X:1"


def test_nil_without_candidates() -> None:
    (link,) = note_json("n1", [_link(None, ())])["links"]
    assert (link["score"], link["probability"], link["candidates"]) == (None, 0.0, [])
    assert mention_json(_link(None, ())) == {
        "text": "HF",
        "concept_id": None,
        "probability": 0.0,
        "candidates": [],
    }


def test_note_without_links() -> None:
    assert json_line(note_json("n1", [])) == '{"id": "n1", "links": []}\n'


def test_lines_are_readable_where_utf8_can_hold_them() -> None:
    assert json_line({"id": "ß🙂"}) == '{"id": "ß🙂"}\n'
    assert json_line({"id": "ß\ud83d"}) == '{"id": "\\u00df\\ud83d"}\n'


@given(
    st.text(alphabet=st.characters(exclude_categories=())),
    st.text(alphabet=st.characters(exclude_categories=()), min_size=1),
    st.floats(-1, 1),
)
def test_lines_are_one_line_of_json_in_utf8(note_id: str, text: str, score: float) -> None:
    link = Link(
        Mention(0, len(text), text),
        text,
        (Candidate(text, text, text, score, abs(score), (text,), {text: (text,)}),),
    )
    for value in (note_json(note_id, [link]), mention_json(link)):
        line = json_line(value).encode()
        assert line.count(b"\n") == 1
        assert json.loads(line) == value


@given(st.floats(-1, 1), st.floats(-1e-5, 1e-5))
def test_rounding_parts_no_two_scores_further(score: float, noise: float) -> None:
    candidates = [Candidate("X:1", "x", "x", s, 0.5) for s in (score, score + noise)]
    first, second = (mention_json(_link(None, (c,)))["candidates"][0]["score"] for c in candidates)
    assert abs(first - second) <= abs(noise) + 1.01e-6


def test_golden_notes(linker: Linker, request: pytest.FixtureRequest) -> None:
    lines = [
        json_line(note_json(note_id, links))
        for note_id, links in zip(NOTES, linker.pipe(NOTES.values(), k=2), strict=True)
    ]
    if request.config.getoption("--update-golden"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text("".join(lines), encoding="utf-8")
    golden = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    assert len(golden) == len(lines)
    for line, expected in zip(lines, golden, strict=True):
        assert json.loads(line) == _approximately(expected)


def _approximately(note: dict) -> dict:
    for link in note["links"]:
        for scored in (link, *link["candidates"]):
            if scored["score"] is not None:
                scored["score"] = pytest.approx(scored["score"], abs=1e-5)
            scored["probability"] = pytest.approx(scored["probability"], abs=1e-5)
    return note

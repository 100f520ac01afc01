"""The report, read back as a browser reads it: through an HTML parser, never by its source."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.annotate.report import render_report, write_report
from linker.schema import ASSERTIONS, Candidate, Link, Mention, Note

DYSPNEA = Candidate(
    "X:2",
    "Dyspnea",
    "Shortness of breath",
    0.98765,
    0.9,
    ("T184",),
    {"SNOMEDCT_US": ("267036007",)},
)
FEVER = Candidate("X:7", "Fever", "fever", 1.0, 0.97)
CHILLS = Candidate("X:8", "Chills", "chills", 0.61, 0.02)
DEMO_NOTES = Path(__file__).parents[2] / "linker" / "demo" / "notes"


@dataclass
class Mark:
    attrs: dict[str, str | None]
    text: str = ""

    @property
    def kinds(self) -> set[str]:
        return set((self.attrs["class"] or "").split()) - {"m"}


@dataclass
class Row:
    concept_id: str | None
    cells: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """What the tests look at: the text of notes, their marks, the table, scripts, addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.marks: list[Mark] = []
        self.rows: list[Row] = []
        self.scripts: list[str] = []
        self.data: Any = None
        self.style = self.policy = self.text = ""
        self.addresses: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.attributes |= named.keys()
        self.addresses += [named[name] or "" for name in ("src", "href", "action") if name in named]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        if tag in ("meta", "input", "link", "img", "br"):
            return
        self._open.append((tag, named))
        if tag == "div" and "text" in (named.get("class") or "").split():
            self.notes.append("")
        elif tag == "mark":
            self.marks.append(Mark(named))
        elif tag == "tr" and "data-concept" in named:
            self.rows.append(Row(named["data-concept"]))
        elif tag == "td":
            self.rows[-1].cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if "script" in tags:
            if self._open[-1][1].get("id") == "data":
                self.data = json.loads(data)
            else:
                self.scripts.append(data)
        elif "style" in tags:
            self.style = data
        else:
            self.text += data
        if any(
            "text" in (attrs.get("class") or "").split()
            for tag, attrs in self._open
            if tag == "div"
        ):
            self.notes[-1] += data
        if "mark" in tags:
            self.marks[-1].text += data
        if "td" in tags:
            self.rows[-1].cells[-1] += data


def link(
    note: Note,
    text: str,
    *candidates: Candidate,
    long_form: str | None = None,
    nil: bool = False,
    at: int = 0,
    **assertion: bool,
) -> Link:
    """A link for the first `text` of the note at or after `at`."""
    start = note.text.index(text, at)
    return Link(
        Mention(start, start + len(text), text, long_form=long_form),
        None if nil else candidates[0].concept_id,
        candidates,
        {**dict.fromkeys(ASSERTIONS, False), **assertion},
    )


def one(text: str, *mentions: str, note_id: str = "n1") -> Page:
    """The page of one note in which each of `mentions` is linked to fever."""
    note = Note(note_id, text)
    return Page(render_report([(note, [link(note, mention, FEVER) for mention in mentions])]))


def test_marks_hold_the_text_of_their_mentions() -> None:
    note = Note("a", "CC: SOB,\n  fever  x3d.\n\n- no chills\t(denies)\n")
    links = [
        link(note, "chills", CHILLS, negated=True),
        link(note, "SOB", DYSPNEA),
        link(note, "fever", FEVER),
    ]
    page = Page(render_report([(note, links)]))
    assert page.notes == [note.text]
    assert [mark.text for mark in page.marks] == ["SOB", "fever", "chills"]
    assert [mark.attrs["data-m"] for mark in page.marks] == ["0", "1", "2"]
    assert [note.text[m["start"] : m["end"]] for m in page.data["mentions"]] == [
        "SOB",
        "fever",
        "chills",
    ]


def test_offsets_are_code_points_behind_an_emoji() -> None:
    page = one("🙏👩\u200d⚕️ T 39 °C: fever 😊 + 12 µg", "fever", "😊 + 12 µg")
    assert [mark.text for mark in page.marks] == ["fever", "😊 + 12 µg"]
    assert page.data["mentions"][0]["start"] == 15


@pytest.mark.parametrize(
    ("assertion", "kinds"),
    [
        ({}, {"asserted"}),
        ({"negated": True}, {"negated"}),
        ({"negated": True, "family": True}, {"negated", "family"}),
        ({"historical": True}, {"historical"}),
        ({"hypothetical": True}, {"hypothetical"}),
        ({"uncertain": True}, {"uncertain"}),
    ],
)
def test_a_mention_is_drawn_as_it_is_meant(assertion: dict[str, bool], kinds: set[str]) -> None:
    note = Note("a", "fever")
    page = Page(render_report([(note, [link(note, "fever", FEVER, **assertion)])]))
    assert page.marks[0].kinds == kinds
    assert set(page.data["mentions"][0]["kinds"]) == kinds


def test_a_mark_says_aloud_what_it_names_and_can_be_reached() -> None:
    note = Note("a", "no fever")
    mark = Page(render_report([(note, [link(note, "fever", FEVER, negated=True)])])).marks[0]
    assert mark.attrs["aria-label"] == "fever, Fever, X:7, negated"
    assert (mark.attrs["tabindex"], mark.attrs["role"]) == ("0", "button")


def test_nil_keeps_what_was_turned_down_and_stays_out_of_the_concepts() -> None:
    note = Note("a", "Zorp and zorp, then fever")
    links = [
        link(note, "Zorp", CHILLS, nil=True),
        link(note, "zorp", nil=True, negated=True),
        link(note, "fever", FEVER),
    ]
    page = Page(render_report([(note, links)]))
    assert [mark.kinds for mark in page.marks] == [{"nil"}, {"negated", "nil"}, {"asserted"}]
    assert page.marks[0].attrs["aria-label"] == "Zorp, no concept"
    assert [m["concept_id"] for m in page.data["mentions"]] == [None, None, "X:7"]
    assert page.data["mentions"][0]["candidates"][0]["concept_id"] == "X:8"
    assert page.data["names"] == {"X:7": "Fever", "X:8": "Chills"}
    assert [row.concept_id for row in page.rows] == ["X:7"]
    assert "Zorp\xa0×2" in page.text


def test_data_for_the_panel_is_what_the_links_hold() -> None:
    note = Note("a", "c/o SOB")
    sob = link(note, "SOB", DYSPNEA, CHILLS, long_form="shortness of breath", uncertain=True)
    data = Page(render_report([(note, [sob])])).data
    assert data["mentions"] == [
        {
            "note": 0,
            "start": 4,
            "end": 7,
            "text": "SOB",
            "long_form": "shortness of breath",
            "concept_id": "X:2",
            "kinds": ["uncertain"],
            "candidates": [
                {
                    "concept_id": "X:2",
                    "matched_name": "Shortness of breath",
                    "score": 0.9877,
                    "probability": 0.9,
                },
                {"concept_id": "X:8", "matched_name": "chills", "score": 0.61, "probability": 0.02},
            ],
        }
    ]
    assert data["names"] == {"X:2": "Dyspnea", "X:8": "Chills"}
    assert data["concepts"] == {
        "X:2": {"semantic_types": ["T184"], "codes": {"SNOMEDCT_US": ["267036007"]}}
    }


def test_the_table_adds_up_over_notes() -> None:
    first, second = Note("one", "Fever, FEVER\nand SOB"), Note("two", "no fever; brother: fever")
    in_first = [
        link(first, "Fever", FEVER),
        link(first, "FEVER", FEVER),
        link(first, "SOB", DYSPNEA),
    ]
    in_second = [
        link(second, "fever", FEVER, negated=True),
        link(second, "fever", FEVER, at=9, negated=True, family=True),
    ]
    page = Page(render_report([(first, in_first), (second, in_second)]))
    # Name, id, mentions, asserted, negated, family, notes, wording, where.
    assert [row.cells for row in page.rows] == [
        ["Fever", "X:7", "4", "2", "2", "1", "2", "Fever\xa0×4", "one, two"],
        ["Dyspnea", "X:2", "1", "1", "0", "0", "1", "SOB", "one"],
    ]


HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "]]>&lt;&amp;\u2028\u2029",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_any_string_is_text(text: str) -> None:
    clean = one("a", "a")
    bad = Candidate(text, text, text, 0.5, 0.5, (text,), {text: (text,)})
    note = Note(text, f"{text} {text}")
    links = [link(note, text, bad, bad, long_form=text), link(note, text, bad, at=1, nil=True)]
    page = Page(render_report([(note, links)], title=text, subtitle=text, index_info={text: text}))
    assert page.notes == [note.text]
    assert [mark.text for mark in page.marks] == [text, text]
    assert page.data["mentions"][0]["long_form"] == text
    assert page.data["concepts"] == {text: {"semantic_types": [text], "codes": {text: [text]}}}
    assert page.scripts == clean.scripts
    assert page.tags - {"p", "dl", "dt", "dd", "details"} <= clean.tags
    assert page.attributes <= clean.attributes


def test_no_request_can_be_made() -> None:
    page = one("see https://example.org/x.js", "https://example.org/x.js")
    assert all(address.startswith("#") for address in page.addresses)
    assert not re.search(r"url\(|@import|https?:|//\w+\.\w", page.style)
    assert not re.search(
        r"https?:|fetch\(|XMLHttpRequest|sendBeacon|import\(|innerHTML|\beval\b",
        "".join(page.scripts),
    )
    hashed = [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (page.style, *page.scripts)
    ]
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{hashed[0]}'; script-src 'sha256-{hashed[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    # The policy would drop them.
    assert not page.attributes & {"style", "onclick", "onload"}


def test_what_utf8_cannot_hold_is_shown_as_a_replacement() -> None:
    page = one("a\ud800b \x00fever\x0b 😊", "b \x00fever", note_id="n\udfff")
    assert page.notes == ["a\ufffdb \ufffdfever\ufffd 😊"]
    assert page.marks[0].text == "b \ufffdfever"
    assert page.data["mentions"][0]["text"] == "b \ufffdfever"
    assert (page.data["mentions"][0]["start"], page.data["mentions"][0]["end"]) == (2, 10)


@given(st.text(max_size=60), st.integers(0, 60), st.integers(1, 10))
def test_any_text_comes_back(text: str, start: int, n: int) -> None:
    # Line ends are the parser's to change; hypothesis gives no surrogates here.
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", text)
    note = Note("a", text)
    cut = text[start : start + n]
    links = [Link(Mention(start, start + len(cut), cut), "X:7", (FEVER,))] if cut else []
    page = Page(render_report([(note, links)]))
    assert "".join(page.notes) == text
    assert [mark.text for mark in page.marks] == ([cut] if cut else [])


def test_nothing_at_all_is_a_page() -> None:
    page = Page(render_report([]))
    assert (page.notes, page.marks, page.rows) == ([], [], [])
    assert "0 notes, 0 mentions, 0 concepts." in page.text
    assert "No mention was linked to a concept." in page.text


def test_an_empty_note_and_a_note_without_links_are_shown() -> None:
    page = Page(render_report([(Note("void", ""), []), (Note("plain", "Well."), [])]))
    assert page.notes == ["Well."]
    assert "This note is empty." in page.text
    assert "void" in page.text
    assert page.marks == []


def test_two_notes_with_one_id_keep_their_places() -> None:
    page = Page(render_report([(Note("a", "x"), []), (Note("a", "y"), [])]))
    assert [address for address in page.addresses if "note" in address] == ["#note-0", "#note-1"]


def test_same_input_same_page() -> None:
    note = Note("a", "SOB and fever")
    links = [link(note, "SOB", DYSPNEA, CHILLS), link(note, "fever", FEVER)]
    info = {"Terminology": "HPO", "Encoder": "E"}
    page = render_report([(note, links)], index_info=info)
    assert page == render_report(iter([(note, links[::-1])]), index_info=info)


def test_says_what_the_index_is_and_that_nothing_left() -> None:
    page = Page(
        render_report(
            [], title="T", subtitle="S", index_info={"Terminology": "HPO", "Licence": "free"}
        )
    )
    assert (
        page.text.index("Terminology")
        < page.text.index("HPO")
        < page.text.index("Licence")
        < page.text.index("free")
    )
    assert "Nothing left this machine." in page.text


def test_a_table_made_of_spaces_keeps_its_columns() -> None:
    assert 'class="text fixed"' in render_report(
        [(Note("a", "VA     6/24    6/12\nIOP    15      16"), [])]
    )
    assert 'class="text"' in render_report([(Note("a", "VA 6/24.  IOP 15.\nDone."), [])])


def test_links_that_do_not_fit_are_refused_without_the_text() -> None:
    note = Note("n9", "secret fever")
    with pytest.raises(
        ValueError, match=r"note 'n9': mention \[0, 5\) is not what the text holds"
    ) as refused:
        render_report([(note, [Link(Mention(0, 5, "fever"), "X:7", (FEVER,))])])
    assert "secret" not in str(refused.value)
    overlapping = [link(note, "secret fe", FEVER), link(note, "fever", FEVER)]
    with pytest.raises(
        ValueError, match=r"note 'n9': mention \[7, 12\) overlaps the one before it"
    ):
        render_report([(note, overlapping)])


def test_write_report_leaves_the_page_or_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    note = Note("a", "fever \ud800 😊")
    links = [link(note, "fever", FEVER)]
    assert write_report(path, [(note, links)], title="One") == path
    assert path.read_bytes() == render_report([(note, links)], title="One").encode()
    with pytest.raises(ValueError, match="overlaps"):
        write_report(path, [(note, links * 2)], title="Two")
    assert "One" in path.read_text("utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_demo_notes_are_fit_to_print() -> None:
    paths = sorted(DEMO_NOTES.glob("*.txt"))
    assert [path.name[:3] for path in paths] == [f"{n:02}-" for n in range(1, 13)]
    notes = [Note(path.stem, path.read_text("utf-8")) for path in paths]
    assert Page(render_report([(note, []) for note in notes])).notes == [
        note.text for note in notes
    ]
    assert {note.id: n for note in notes if not 120 <= (n := len(note.text.split())) <= 350} == {}

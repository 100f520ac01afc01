"""The page of an evaluation, read back through an HTML parser."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from linker import Linker
from linker.evaluate import END_TO_END, evaluate, render_page, write_page
from linker.formats import Annotation, Document, Problem

TEXT = "No cough. Known <b>fever</b> & nausea,\nseen twice. Then rest."
VOID = {"meta", "path", "rect", "circle", "polyline", "br"}


class Page(HTMLParser):
    """Text by the tag that it stands in, the tables' cells, and all that could load something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = self.style = self.policy = ""
        self.marks: list[str] = []
        self.items: list[str] = []
        self.rows: list[list[str]] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.loads: list[str] = []
        self.circles = 0
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        self.loads += [named[name] or "" for name in ("src", "action", "data") if name in named]
        if "href" in named:
            self.targets.add(named["href"] or "")
        if named.get("id"):
            self.ids.add(named["id"] or "")
        self.circles += tag == "circle"
        if tag == "circle" or tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "mark":
            self.marks.append("")
        elif tag == "li":
            self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "circle" or tag not in VOID:
            assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.style += data
            return
        self.text += data
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data
        if "mark" in self._open:
            self.marks[-1] += data
        if "li" in self._open:
            self.items[-1] += data


def document(*mentions: tuple[str, str], text: str = TEXT) -> Document:
    annotations = []
    for wanted, concept_id in mentions:
        start = text.index(wanted)
        annotations.append(Annotation(((start, start + len(wanted)),), (concept_id,), "Finding"))
    return Document("n1", text, tuple(annotations), "gold.jsonl")


@pytest.fixture
def gold() -> list[Document]:
    return [document(("fever", "X:0013"), ("nausea", "X:0015"))]


def test_the_page_shows_the_figures_with_their_intervals(
    linker: Linker, gold: list[Document]
) -> None:
    gold.append(document(("Fever", "X:0006"), text="Fever."))
    report = evaluate(linker, gold, draws=200)
    page = Page(render_page(report, gold))
    rows = {row[0]: row[1:3] for row in page.rows if row}
    assert rows["acc@1"] == ["66.7", "50.0 – 100.0"]
    assert rows["Brier score"][0] == f"{100 * report['brier']:.1f}"
    assert page.circles == sum(b.mentions > 0 for b in report.reliability)


def test_of_one_document_there_is_no_interval(linker: Linker, gold: list[Document]) -> None:
    page = Page(render_page(evaluate(linker, gold, draws=5), gold))
    assert ["50.0", "–"] in [row[1:3] for row in page.rows if row and row[0] == "acc@1"]
    assert "With one document there are no intervals" in page.text
    assert "50.0 to 50.0" not in page.text


def test_a_confusion_has_both_names_and_its_sentence(linker: Linker, gold: list[Document]) -> None:
    page = Page(render_page(evaluate(linker, gold, draws=5), gold))
    row = next(row for row in page.rows if any("Hypertension" in cell for cell in row))
    assert "X:0013" in row[1]
    assert "Fever X:0006" in row[2]
    (shown,) = {item for item in page.items if "fever" in item}
    # The sentence and no more, as text and not as markup.
    assert shown == "Known <b>fever</b> & nausea, seen twice. n1"
    assert set(page.marks) == {"fever"}


def test_a_long_sentence_is_cut_at_words(linker: Linker) -> None:
    gold = [document(("fever", "X:0013"), text="word " * 90 + "fever" + " after" * 90)]
    page = Page(render_page(evaluate(linker, gold, draws=2), gold))
    shown = next(item for item in page.items if "fever" in item)
    words = shown.removesuffix("n1").split()
    assert (words[0], words[-1]) == ("…", "…")
    assert words.count("…") == 2
    assert set(words) == {"…", "word", "fever", "after"}


def test_end_to_end_shows_what_was_missed_and_invented(linker: Linker) -> None:
    gold = [document(("cough", "X:0001"), ("nausea", "X:0015"))]
    report = evaluate(linker, gold, protocol=END_TO_END, draws=5)
    page = Page(render_page(report, gold))
    assert {"missed", "invented", "confusions"} <= page.ids
    assert {"cough", "fever"} <= set(page.marks)
    assert ["", "links", "strict P", "overlap P", "no gold there"] in page.rows
    assert ["none stated", "2", "50.0", "50.0", "50.0"] in page.rows
    assert "Strict F1 (span and id)" in page.text


def test_the_page_loads_nothing_and_admits_its_own_style(
    linker: Linker, gold: list[Document]
) -> None:
    html = render_page(evaluate(linker, gold, draws=5), gold)
    page = Page(html)
    assert page.loads == []
    assert all(target.startswith("#") for target in page.targets)
    assert {target[1:] for target in page.targets} <= page.ids
    assert "<script" not in html
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.policy
    assert "default-src 'none'" in page.policy
    assert not re.search(r"url\(|@import", page.style)
    assert "style=" not in html
    assert "prefers-color-scheme: dark" in page.style


def test_tables_are_named_and_their_heads_say_of_what(linker: Linker, gold: list[Document]) -> None:
    """A screen reader announces the table, and with each cell the head of its column."""
    for protocol in ("Z", END_TO_END):
        html = render_page(evaluate(linker, gold, protocol=protocol, draws=2), gold)
        heads = re.findall(r"<th(?!ead)([^>]*)>(.*?)</th>", html)
        assert heads
        assert all('scope="col"' in how and what for how, what in heads)
        tables = re.findall(r"<table([^>]*)>", html)
        assert tables
        assert all("aria-label" in how for how in tables)


def test_problems_are_on_the_page(linker: Linker, gold: list[Document]) -> None:
    problems = [Problem("offsets", "gold.jsonl", n, "n1", "what was found") for n in range(1, 31)]
    page = Page(render_page(evaluate(linker, gold, problems=problems, draws=2), gold))
    assert "30 annotations whose offsets do not fit the text" in page.text
    assert "gold.jsonl:1: document n1: what was found" in page.items
    assert "and 10 more" in page.items


def test_one_unknown_id_of_several_loses_no_mention(linker: Linker) -> None:
    start = TEXT.index("fever")
    both = Annotation(((start, start + 5),), ("X:0006", "OLD:1"), "Finding")
    gold = [Document("n1", TEXT, (both,))]
    page = Page(render_page(evaluate(linker, gold, draws=2), gold))
    assert "OLD:1" in page.text
    assert "count as not found" not in page.text


def test_ids_that_are_not_shown_are_counted(linker: Linker) -> None:
    start = TEXT.index("fever")
    ids = tuple(f"OLD:{i:02}" for i in range(23))
    gold = [Document("n1", TEXT, (Annotation(((start, start + 5),), ids, "Finding"),))]
    report = evaluate(linker, gold, draws=2)
    assert report.unknown_ids == tuple((concept_id, 1) for concept_id in ids)
    text = Page(render_page(report, gold)).text
    assert "OLD:19" in text
    assert "and 3 more (--json lists all)" in text


def test_any_text_can_be_shown_and_written(linker: Linker, tmp_path: Path) -> None:
    text = "\x00fever\ud800 </style><script>\u2028"
    gold = [document(("fever", "X:0013"), text=text)]
    path = write_page(tmp_path / "r.html", evaluate(linker, gold, draws=2), gold)
    page = Page(path.read_text(encoding="utf-8"))
    assert page.marks == ["fever", "fever"]
    assert "<script>" in page.text


def test_the_same_report_gives_the_same_page(linker: Linker, gold: list[Document]) -> None:
    report = evaluate(linker, gold, draws=5)
    assert render_page(report, gold) == render_page(report, gold)

"""The page to review mapped terms on, read back as a browser reads it: through an HTML parser."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker import Linker
from linker.errors import ConfigError
from linker.mapping import Columns, Review, TermTable, map_terms, write_overlay
from linker.mapping.page import Reviewed, as_one_name, render_page
from linker.schema import Candidate

FAILURE = Candidate("X:1", "Heart failure", "Cardiac failure", 1.0, 0.93, codes={"B": ("2", "3")})
ATTACK = Candidate("X:2", "Heart attack", "Heart attack", 0.5, 0.1, codes={"A": ("1",)})


class Page(HTMLParser):
    """The elements, the text outside of them, style, scripts and data of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str | None] = []
        self.text = self.policy = self.style = self.script = self.json = ""
        self._in = ""
        self.feed(html)
        self.close()

    @property
    def data(self) -> Any:
        return json.loads(self.json)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action")]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        if tag in ("style", "script"):
            self._in = "json" if named.get("type") == "application/json" else tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        name = self._in or "text"
        setattr(self, name, getattr(self, name) + data)


def drawn(*terms: Reviewed, **options: Any) -> Page:
    return Page(render_page(terms, column="problem", download="out.csv", **options))


def test_terms_stand_with_what_was_found_and_what_is_proposed() -> None:
    page = drawn(
        Reviewed("CHF", 12, "accept", (FAILURE, ATTACK), beside=(("A1", "B"),), also=("chf",)),
        Reviewed("a bad day", 1, "reject", (ATTACK,), "reject", beside=((),)),
        Reviewed("", 3, "reject", (), beside=((),)),
        Reviewed("qwx", 2, "look", (), doubt="has several senses", beside=((),)),
        prefix="our_",
        beside=("ward",),
    )
    assert page.data == {
        "download": "out.csv",
        "header": ["problem", "our_concept_id", "our_preferred_name", "our_decision"],
        "concepts": {
            "X:1": ["Heart failure", [["B", "2", "3"]], ""],
            "X:2": ["Heart attack", [["A", "1"]], ""],
        },
        "beside": ["ward"],
        "terms": [
            [
                *("CHF", 12, "accept", "X:1"),
                [["X:1", "Cardiac failure", 0.93], ["X:2", "Heart attack", 0.1]],
                *(None, "", [["A1", "B"]], ["chf"]),
            ],
            [
                *("a bad day", 1, "reject", "", [["X:2", "Heart attack", 0.1]]),
                *("reject", "", [[]], []),
            ],
            ["qwx", 2, "look", "", [], None, "has several senses", [[]], []],
        ],
    }
    assert "3 terms: 1 to look at, 1 to accept, 1 without a concept" in " ".join(page.text.split())


def test_spellings_of_one_name_are_decided_as_one() -> None:
    """An overlay has one name of them: decided otherwise each, they would contradict each other."""
    one = Reviewed("CHF", 5, "accept", (FAILURE,), beside=(("A", "B"), ()))
    other = replace(one, term="chf", uses=7, beside=(("B", "C"), ("x",)))
    cold = Reviewed("cold", 1, "look", (ATTACK,), doubt="has several senses", beside=((), ()))
    assert as_one_name([one, cold, other]) == [
        replace(one, uses=12, also=("chf",), beside=(("A", "B", "C"), ("x",))),
        cold,
    ]
    unsure = replace(other, verdict="look")
    (found,) = as_one_name([one, unsure])
    assert (found.verdict, found.doubt) == ("look", "")
    # Why one of them is to be looked at is said, though not the first one.
    (found,) = as_one_name([replace(one, term="chf"), replace(unsure, doubt="is an abbreviation")])
    assert (found.verdict, found.doubt) == ("look", "is an abbreviation")
    (found,) = as_one_name([one, replace(unsure, candidates=(ATTACK,))])
    assert (found.verdict, found.doubt) == ("look", "is found otherwise in another spelling")


def test_codes_are_those_that_were_asked_for() -> None:
    page = drawn(Reviewed("CHF", 1, "accept", (FAILURE, ATTACK)), vocabularies=("A", "C"))
    assert page.data["concepts"]["X:1"] == ["Heart failure", [], ""]
    assert page.data["concepts"]["X:2"] == ["Heart attack", [["A", "1"]], ""]


def test_types_are_shown_where_they_tell_concepts_apart() -> None:
    break_, shape = (
        Candidate(concept, "Fracture", "Fracture", 1.0, 0.5, semantic_types=types)
        for concept, types in (("X:3", ("disorder", "injury")), ("X:4", ("morphology",)))
    )
    concepts = drawn(Reviewed("fx", 1, "look", (break_, shape))).data["concepts"]
    assert [concepts[one][2] for one in ("X:3", "X:4")] == ["disorder, injury", "morphology"]
    assert drawn(Reviewed("fx", 1, "look", (break_,))).data["concepts"]["X:3"][2] == ""


def test_the_page_asks_for_nothing_and_runs_its_own_script_alone() -> None:
    page = drawn(Reviewed("CHF", 1, "accept", (FAILURE,)))
    digests = [
        base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        for part in (page.style, page.script)
    ]
    assert page.policy == (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert page.addresses == ["#terms"]


HOSTILE = '</script><img src=x onerror="alert(1)"><!-- {{ 7 * 7 }} \u2028'


@given(
    st.sampled_from([HOSTILE, "<!--<script>", "\x00\x1f'\"&"])
    | st.text(st.characters(codec="utf-8"))
)
def test_no_term_or_name_becomes_markup_and_terms_stay_as_they_are(text: str) -> None:
    candidate = Candidate(f"X:{text}", f"a {text}", f"b {text}", 1.0, 0.5, codes={"A": (text,)})
    term = f"{text}."
    page = drawn(Reviewed(term, 1, "look", (candidate,)), title=text)
    clean = drawn(Reviewed("CHF", 1, "look", (FAILURE,)))
    assert page.tags == clean.tags
    assert page.script == clean.script
    # To the character: the download is to name the term as the table has it.
    assert page.data["terms"][0][0] == term


def test_a_run_writes_each_term_once_the_most_used_first(linker: Linker, tmp_path: Path) -> None:
    table = tmp_path / "problems.csv"
    table.write_text("problem,uses\nfever,3\nheart attack,7\nfever,9\n,100\n")
    page = tmp_path / "review.html"
    map_terms(
        linker,
        TermTable(table, "problem"),
        tmp_path / "mapped.csv",
        columns=Columns(2),
        review=Review(0.0, 0.0),
        count="uses",
        page=page,
    )
    data = Page(page.read_text(encoding="utf-8")).data
    assert data["download"] == "mapped.decisions.csv"
    assert [(t[0], t[1], t[2], t[3]) for t in data["terms"]] == [
        ("fever", 12, "accept", "X:0006"),
        ("heart attack", 7, "accept", "X:0002"),
    ]
    assert [len(t[4]) for t in data["terms"]] == [2, 2]
    map_terms(linker, TermTable(table, "problem"), tmp_path / "mapped.csv", page=page)
    assert [t[:2] for t in Page(page.read_text(encoding="utf-8")).data["terms"]] == [
        ["fever", 2],
        ["heart attack", 1],
    ]
    with pytest.raises(ConfigError, match="is a folder; give the file to write"):
        map_terms(linker, TermTable(table, "problem"), tmp_path / "new.csv", page=tmp_path)
    assert not (tmp_path / "new.csv").exists()


def test_the_name_of_the_table_need_not_be_utf_8() -> None:
    page = render_page([Reviewed("MI", 1, "accept", (ATTACK,))], column="a", download="M\udcfc.csv")
    assert Page(page).data["download"] == "M\ufffd.csv"
    page.encode()


def test_what_the_page_saves_is_read_as_decisions(linker: Linker, tmp_path: Path) -> None:
    # As the page's script writes it: every field in inverted commas, a term once.
    table = tmp_path / "problems.csv"
    table.write_text('problem\nfever\n"a ""bad"" day, really"\nheart attack\n')
    page = tmp_path / "review.html"
    map_terms(linker, TermTable(table, "problem"), tmp_path / "out.csv", page=page)
    data = Page(page.read_text(encoding="utf-8")).data
    decisions = ["X:0001", "reject", ""]
    saved = tmp_path / data["download"]
    with saved.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(data["header"])
        for (term, _, _, proposed, *_), decision in zip(data["terms"], decisions, strict=True):
            writer.writerow([term, proposed, data["concepts"].get(proposed, [""])[0], decision])
    decided = write_overlay(linker, TermTable(saved, "problem"), tmp_path / "local.csv")
    assert (decided.named, decided.rejected, decided.undecided) == (1, 1, 1)
    assert "X:0001,fever,exact,2" in (tmp_path / "local.csv").read_text().splitlines()


_BROWSER = """
const fs = require("fs");
const [script, data, saved] = JSON.parse(fs.readFileSync(0, "utf-8"));
const listeners = {};
// Whatever is asked of an element, there is one; its children are none.
const element = (id) => new Proxy(function () {}, {
  get: (_, key) =>
    key === Symbol.toPrimitive ? () => 0
    : key === "textContent" ? data
    : key === "replaceChildren" && id === "said" ? (said) => { process.stderr.write(`${said}\n`); }
    : key === "value" ? (id === "order" ? "table" : "")
    : key === "addEventListener" ? (what, listener) => { listeners[`${id} ${what}`] = listener; }
    : element(id),
  set: () => true,
  apply: () => element(id),
});
globalThis.document = new Proxy({}, {
  get: (_, key) => (key === "querySelectorAll" ? () => [] : (id) => element(id)),
});
globalThis.addEventListener = () => {};
globalThis.Blob = class { constructor(parts) { process.stdout.write(parts.join("")); } };
URL.createObjectURL = () => "";
eval(script);
const file = { name: "saved.csv", text: async () => saved };
listeners["load change"]({ target: { files: [file] } }).then(() => listeners["save click"]());
"""
"""What of a browser the page's script needs to take a saved file and to save again."""


def _taken(page: Page, saved: str) -> tuple[list[list[str]], str]:
    """What the page saves once it has taken a saved file, less the header; and what it says."""
    given = json.dumps([page.script, page.json, saved])
    done = subprocess.run(
        ["node", "-e", _BROWSER],
        input=given,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(csv.reader(done.stdout.splitlines()))[1:], done.stderr.splitlines()[0]


def _saved_again(page: Page, saved: str) -> list[list[str]]:
    return _taken(page, saved)[0]


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_what_was_accepted_stays_what_it_was_where_another_concept_is_proposed_now() -> None:
    """A saved file is gone on with after an upgrade of the index."""
    accept, look, reject = (
        Reviewed(term, 1, verdict, (ATTACK, FAILURE))
        for term, verdict in (("MI", "accept"), ("heart", "look"), ("light", "reject"))
    )
    page = drawn(accept, look, reject)
    saved = (
        "problem,concept_id,preferred_name,decision\r\n"
        "MI,X:2,Heart attack,accept\r\nheart,X:1,Heart failure,Accept\r\n"
        "light,X:1,Heart failure,accept\r\n"
    )
    assert _saved_again(page, saved) == [
        ["MI", "X:2", "Heart attack", "accept"],
        ["heart", "X:2", "Heart attack", "X:1"],
        ["light", "", "", "X:1"],
    ]
    before = drawn(replace(accept, decided="accept"), look, replace(reject, decided="reject"))
    assert [row[3] for row in _saved_again(before, "")] == ["accept", "", "reject"]
    saved = (
        "problem,concept_id,decision\nMI,X:1,REJECT\nheart,,X:2\nlight,,accept\nother,X:1,accept\n"
    )
    assert [row[3] for row in _saved_again(page, saved)] == ["reject", "accept", ""]


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the page's script")
def test_a_file_that_differs_is_told_and_every_spelling_is_saved() -> None:
    """Two reviewers' files are laid over each other, and nothing of either is lost in silence."""
    page = drawn(
        Reviewed("MI", 9, "accept", (ATTACK, FAILURE), "accept", also=("mi",)),
        Reviewed("heart; failing", 1, "look", (FAILURE,)),
    )
    # As a spreadsheet of half of Europe saves it, and cut short.
    saved = (
        "problem;concept_id;preferred_name;decision\r\nmi;X:1;;accept\r\n"
        '"heart; failing";X:1;;Accept\r\nold term;X:1;;accept\r\nopen;X:1;;\r\n"torn'
    )
    rows, said = _taken(page, saved)
    assert rows == [
        ["MI", "X:2", "Heart attack", "X:1"],
        ["mi", "X:2", "Heart attack", "X:1"],
        ["heart; failing", "X:1", "Heart failure", "accept"],
    ]
    assert said == (
        "2 decisions taken from saved.csv; 1 differs from what was decided before: see Differing; "
        "1 row of terms that this page does not have; 1 broken row."
    )
    rows, said = _taken(page, "term,decision\nMI,reject\n")
    assert [row[3] for row in rows] == ["accept", "accept", ""]
    assert said == (
        "saved.csv has no columns problem, concept_id and decision; nothing was taken from it."
    )


def test_the_page_has_what_stands_beside_a_term(linker: Linker, tmp_path: Path) -> None:
    table, page = tmp_path / "labs.csv", tmp_path / "review.html"
    rows = ["problem,unit,code", "fever,C,1", "Fever,,2", "FEVER,F,3", "weak heart,,", ",C,9"]
    table.write_text("\n".join(rows) + "\n")
    source, out = TermTable(table, "problem"), tmp_path / "mapped.csv"
    map_terms(linker, source, out, page=page, show=["code", "unit"])
    data = Page(page.read_text(encoding="utf-8")).data
    assert data["beside"] == ["code", "unit"]
    assert [(t[0], t[1], t[7], t[8]) for t in data["terms"]] == [
        ("fever", 3, [["1", "2", "3"], ["C", "F"]], ["Fever", "FEVER"]),
        ("weak heart", 1, [[], []], []),
    ]
    with pytest.raises(ConfigError, match="no column 'ward'; it has 'problem', 'unit', 'code'"):
        map_terms(linker, source, out, page=page, show=["ward"])

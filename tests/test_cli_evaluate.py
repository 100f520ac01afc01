"""`linker evaluate` from the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from cases import CONCEPTS, build, write_jsonl
from typer.testing import CliRunner, Result

from linker.cli import app
from linker.index import Index

TEXT = "Known heart failure. Fever, nausea."
GOLD = {
    "id": "1",
    "text": TEXT,
    "mentions": [
        # Names of the index alone: the fake encoder cannot be loaded by its name.
        {"start": 6, "end": 19, "text": "heart failure", "ids": ["X:0001"], "type": "Disease"},
        {"start": 21, "end": 26, "text": "Fever", "ids": ["X:0013"], "type": "Sign"},
        {"start": 28, "end": 99, "text": "nausea", "ids": ["X:0015"], "type": "Sign"},
    ],
}


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "gold.jsonl", [GOLD])


def test_gold_mentions_to_a_table_json_and_a_page(gold: Path, index: Index, tmp_path: Path) -> None:
    as_json, report = tmp_path / "out.json", tmp_path / "out.html"
    result = run(
        gold, "--index", index.path, "--gold-mentions", "--json", as_json, "--report", report
    )
    assert result.exit_code == 0, result.stderr
    assert "protocol Z: 1 document, 2 mentions, 2 with a gold id" in result.stdout
    rows = {line.split("  ")[0].strip(): line.split() for line in result.stdout.splitlines()}
    # Of one document the same one is drawn each time: there is no interval.
    assert rows["acc@1"][1:] == ["50.0", "–"]
    assert "1 annotation whose offsets do not fit the text" in result.stderr
    assert f"{gold}:1: document 1: mention 2: [28, 99) in a text of 35" in result.stderr
    assert "linking gold mentions: done" in result.stderr
    data = json.loads(as_json.read_text())
    assert data["figures"]["acc@1"]["value"] == 0.5
    assert [r["right"] for r in data["results"]] == [True, False]
    assert "Hypertension" in report.read_text()
    assert TEXT not in result.stderr


def test_neither_gold_nor_a_result_is_written_over(
    gold: Path, index: Index, tmp_path: Path
) -> None:
    before, link = gold.read_bytes(), tmp_path / "folder"
    link.symlink_to(tmp_path, target_is_directory=True)
    train = write_jsonl(tmp_path / "train.jsonl", [GOLD | {"id": "2"}])
    for options, message in (
        (["--json", gold], "gold.jsonl: is read; give another file to write"),
        (["--report", link / "gold.jsonl"], "gold.jsonl: is read; give another"),
        (["--train", train, "--json", train], "train.jsonl: is read; give another"),
        (["--json", tmp_path / "x", "--report", link / "x"], "x: is to be written twice; give"),
    ):
        result = run(gold, "--index", index.path, *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert message in result.stderr
    assert gold.read_bytes() == before
    assert not (tmp_path / "x").exists()


def test_end_to_end_is_what_is_measured_without_gold_mentions(gold: Path, index: Index) -> None:
    result = run(gold, "--index", index.path, "--draws", 3)
    assert result.exit_code == 0, result.stderr
    assert "protocol end to end" in result.stdout
    assert "Strict F1 (span and id)" in result.stdout
    assert "Macro character IoU" in result.stdout


def test_two_indexes_are_compared(gold: Path, index: Index, tmp_path: Path) -> None:
    # Of the other, heart failure has no name that the gold's mention is.
    other = [c for c in CONCEPTS if c["id"] != "X:0001"]
    build(tmp_path / "other", other)
    write_jsonl(gold, [GOLD, {**GOLD, "id": "2", "mentions": GOLD["mentions"][1:2]}])
    as_json = tmp_path / "out.json"
    options = [gold, "--index", index.path, "--draws", 200, "--json", as_json]
    result = run(*options, "--against", tmp_path / "other")
    assert result.exit_code == 0, result.stderr
    assert f"{index.path} less {tmp_path / 'other'}, the same documents drawn" in result.stdout
    # The other cannot be right there, whatever it links.
    lost = f"{tmp_path / 'other'}: mentions without an id that the index holds: 1 of 3; they count"
    assert result.stderr.count("mentions without an id") == 1
    assert lost in result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["Overlapping", "recall", "33.3", "0.0", "+33.3", "+0.0", "–", "+50.0"] in rows
    data = json.loads(as_json.read_text())
    assert data["against"]["figures"]["overlap_recall"]["value"] == 0
    assert data["against"]["differences"]["overlap_recall"] == {
        "value": pytest.approx(1 / 3),
        "low": 0,
        "high": 0.5,
    }
    assert data["against"]["index"] == str(tmp_path / "other")
    assert "draws" not in data


def test_options_of_gold_mentions_are_said_to_do_nothing_end_to_end(
    gold: Path, index: Index
) -> None:
    options = [gold, "--index", index.path, "--draws", 2]
    idle = ["--gold-types", "--no-split-abbreviations"]
    told = "without effect end to end: --gold-types, --no-split-abbreviations; give --gold-mentions"
    assert told in run(*options, *idle).stderr
    assert "without effect" not in run(*options, *idle, "--gold-mentions").stderr
    assert "without effect" not in run(*options).stderr
    spans = ["--nested", "--whole-composites"]
    told = (
        "without effect on gold mentions: --nested, --whole-composites; leave out --gold-mentions"
    )
    assert told in run(*options, *spans, "--gold-mentions").stderr
    assert "without effect" not in run(*options, *spans).stderr


def test_ids_that_the_index_writes_otherwise_are_mapped(index: Index, tmp_path: Path) -> None:
    mention = {"start": 0, "end": 5, "ids": ["THEIRS:0006"]}
    gold = write_jsonl(tmp_path / "g.jsonl", [{"id": "1", "text": "Fever", "mentions": [mention]}])
    lost = run(gold, "--index", index.path, "--gold-mentions", "--draws", 2)
    assert (
        "mentions without an id that the index holds: 1 of 1; they count as not found"
        in lost.stderr
    )
    assert "THEIRS:0006 (1)" in lost.stderr
    assert "writes these ids differently, as X:0006, map them with --map-prefix" in lost.stderr
    found = run(
        gold, "--index", index.path, "--gold-mentions", "--draws", 2, "--map-prefix", "THEIRS:=X:"
    )
    assert "no id that the index holds" not in found.stderr
    assert "acc@1" in found.stdout
    assert "100.0" in found.stdout


def test_gold_without_an_id_is_said(index: Index, tmp_path: Path) -> None:
    # Under a key that the format has not: each mention would be NIL in silence.
    mention = {"start": 0, "end": 5, "cui": "X:0006"}
    note = {"id": "1", "text": "Fever", "mentions": [mention]}
    report = tmp_path / "r.html"
    options = ["--index", index.path, "--gold-mentions", "--draws", 2, "--report", report]
    found = run(write_jsonl(tmp_path / "g.jsonl", [note]), *options)
    assert found.exit_code == 0, found.stderr
    told = "1 mention, none with a concept id: all count as NIL."
    assert told in found.stderr
    assert told in report.read_text()
    assert "every mention is right" not in report.read_text()
    bare = run(write_jsonl(tmp_path / "b.jsonl", [{**note, "mentions": []}]), *options)
    assert "No document has a mention." in bare.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "A", "--gold-mentions"], "--train"),
        (["--protocol", "A"], "--gold-mentions"),
        (["--protocol", "B", "--gold-mentions"], "known: Z, A"),
        (["--map-prefix", "UMLS:"], "GOLD=INDEX"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    gold: Path, index: Index, arguments: list[str], message: str
) -> None:
    result = run(gold, "--index", index.path, *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_gold_that_cannot_be_read_is_one_line(index: Index, tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    result = run(empty, "--index", index.path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error: no gold document to evaluate: {empty}: holds no document" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux")
def test_a_file_whose_name_is_not_utf_8_is_in_the_json_and_on_the_page(
    index: Index, tmp_path: Path
) -> None:
    odd = write_jsonl(Path(os.fsdecode(bytes(tmp_path) + b"/M\xfcller.jsonl")), [GOLD])
    as_json, report = tmp_path / "out.json", tmp_path / "out.html"
    result = run(odd, "--index", index.path, "--draws", 2, "--json", as_json, "--report", report)
    assert result.exit_code == 0, result.stderr
    assert json.loads(as_json.read_text())["settings"]["files"] == [str(odd)]
    assert "M\ufffdller.jsonl" in report.read_text()


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    gold: Path, index: Index, tmp_path: Path, option: str
) -> None:
    result = run(gold, "--index", index.path, option, tmp_path / "none" / "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {tmp_path}/none/out: there is no folder")


@pytest.mark.model
def test_protocol_a_on_a_real_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train mentions become names: what they call a concept is then found."""
    from linker.config import Recipe, TerminologySection
    from linker.offline import build_index

    source = write_jsonl(tmp_path / "c.jsonl", CONCEPTS)
    recipe = Recipe(terminology=TerminologySection(source="jsonl", path=str(source)))
    build_index(recipe, tmp_path / "mini")

    def gold(name: str, text: str) -> Path:
        mention = {"start": 0, "end": len(text), "ids": ["X:0003"]}
        return write_jsonl(tmp_path / name, [{"id": name, "text": text, "mentions": [mention]}])

    dev, train = gold("dev.jsonl", "Zorp of Zurp"), gold("train.jsonl", "Zorp of zurp")
    options = [dev, "--index", tmp_path / "mini", "--gold-mentions", "--draws", 2]
    result = run(*options, "--train", train, "--protocol", "A")
    assert result.exit_code == 0, result.stderr
    assert "1 name of train mentions added, for this evaluation only" in result.stderr
    assert "protocol A" in result.stdout
    row = next(line for line in result.stdout.splitlines() if line.strip().startswith("acc@1 "))
    assert row.split()[1] == "100.0"
    monkeypatch.chdir(tmp_path / "mini")
    here = run(dev, "--index", ".", *options[3:], "--train", train, "--protocol", "A")
    assert here.exit_code == 0, here.stderr
    assert here.stdout.splitlines()[1:] == result.stdout.splitlines()[1:]

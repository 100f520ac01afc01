from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cases import concept, recipe, write_jsonl
from typer.testing import CliRunner

from linker import Linker, build_index
from linker.cli import app
from linker.config import Recipe
from linker.demo import RECIPE, run_demo, sample_notes
from linker.errors import ConfigError, IndexFolderError
from linker.index import Index

FINDINGS = ("Fever", "Nausea", "Epistaxis", "Orthopnea", "Delirium")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of some findings of the sample notes, with the encoder of the demonstration."""
    folder = tmp_path_factory.mktemp("demo")
    concepts = [concept(f"T:{i}", name) for i, name in enumerate(FINDINGS)]
    source = write_jsonl(folder / "findings.jsonl", concepts)
    section = {"source": "jsonl", "path": str(source)}
    return build_index(recipe(terminology=section), folder / "tiny")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class Steps:
    """A progress that remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[list[object]] = []

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.told.append([name, total, unit, 0])

    def advance(self, n: int) -> None:
        self.told[-1][3] += n


def test_sample_notes_are_a_dozen_with_ids_of_their_own() -> None:
    notes = sample_notes()
    assert len(notes) == len({note.id for note in notes}) == 12
    assert [note.id for note in notes] == sorted(note.id for note in notes)
    assert all(note.text.strip() for note in notes)


def test_a_file_in_the_place_of_the_folder_is_told_before_the_build(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    out.write_text("mine")
    progress = Steps()
    with pytest.raises(ConfigError, match="demo: is a file; give a folder for the links and"):
        run_demo(tmp_path / "index", out, progress=progress)
    assert (progress.told, list(tmp_path.iterdir()), out.read_text()) == ([], [out], "mine")


@pytest.mark.model
def test_writes_links_and_report(tiny: Index, tmp_path: Path) -> None:
    progress = Steps()
    found = run_demo(tiny.path, tmp_path / "a" / "demo", progress=progress)
    linker = Linker.load(tiny.path)
    expected = [(note.id, linker.annotate(note.text)) for note in sample_notes()]
    assert [
        (line["id"], [(link["start"], link["end"], link["concept_id"]) for link in line["links"]])
        for line in _lines(found.jsonl)
    ] == [
        (id_, [(link.mention.start, link.mention.end, link.concept_id) for link in links])
        for id_, links in expected
    ]
    page = found.report.read_text(encoding="utf-8")
    assert "Epistaxis" in page
    linked = [[link for link in links if link.concept_id is not None] for _, links in expected]
    assert found.notes == 12
    assert found.links == sum(map(len, linked)) > 4
    assert found.concepts == len({link.concept_id for links in linked for link in links})
    first = found.most_common[0]
    assert first.notes == max(
        sum(any(link.concept_id == f"T:{i}" for link in links) for links in linked)
        for i in range(len(FINDINGS))
    )
    assert progress.told == [
        ["annotating notes", 12, "notes", 12],
        ["writing the report", None, "", 0],
    ]


@pytest.mark.model
def test_again_writes_the_same(tiny: Index, tmp_path: Path) -> None:
    first = run_demo(tiny.path, tmp_path)
    before = first.jsonl.read_bytes(), first.report.read_bytes()
    assert run_demo(tiny.path, tmp_path) == first
    assert (first.jsonl.read_bytes(), first.report.read_bytes()) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["links.jsonl", "report.html"]


@pytest.mark.model
def test_forced_builds_the_index_anew(
    tiny: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_jsonl(
        tmp_path / "fever.jsonl", [concept("T:9", "Fever"), concept("T:8", "Chills")]
    )
    section = {"source": "jsonl", "path": str(source)}
    monkeypatch.setattr("linker.demo.run.RECIPE", recipe(terminology=section))
    index = tmp_path / "index"
    shutil.copytree(tiny.path, index)
    # As another version of the program would have left it.
    (tmp_path / "index.partial").mkdir()
    (tmp_path / "index.partial" / "job.json").write_text("{")
    assert run_demo(index, tmp_path / "demo").most_common[0].concept_id.startswith("T:")
    assert Index.open(index).manifest.counts.concepts == len(FINDINGS)
    found = run_demo(index, tmp_path / "demo", force=True)
    assert {row.concept_id for row in found.most_common} == {"T:9"}
    assert Index.open(index).manifest.counts.concepts == 2
    assert not (tmp_path / "index.partial").exists()


def test_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "mine").touch()
    with pytest.raises(IndexFolderError, match="not a finished index"):
        run_demo(tmp_path / "index", tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_recipe_is_that_of_the_file() -> None:
    file = Path(__file__).parents[1] / "indexes" / "hpo.toml"
    ours, theirs = RECIPE.terminology, Recipe.load(file).terminology
    assert (ours.source, ours.path, ours.roots) == (theirs.source, theirs.path, theirs.roots)
    assert (RECIPE.encoder, RECIPE.index) == (Recipe.load(file).encoder, Recipe.load(file).index)


@pytest.mark.model
def test_command_says_what_was_found(
    tiny: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # The command sets it, and the test puts it back.
    out = tmp_path / "demo"
    result = CliRunner().invoke(app, ["demo", "--index", str(tiny.path), "--out", str(out)])
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "Found most often" in lines[0]
    assert any(line.split()[:2] == ["T:0", "Fever"] for line in lines)
    assert lines[-1].endswith(f"{out / 'report.html'}  (open it in a browser)")
    assert "notes/s" in result.stderr
    assert len(_lines(out / "links.jsonl")) == 12

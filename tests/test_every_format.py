"""Each format from the command line to an index that links, with what `linker info` says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from releases import ALSO, BLUE, FORMS, GREEN, Form
from typer.testing import CliRunner, Result

from linker.cli import app

pytestmark = pytest.mark.model

# What these leave out unless they are told otherwise.
FILTERS = {
    "umls": ("filter languages", "ENG"),
    "rxnorm": ("filter sources", "RXNORM"),
    "snomed": ("filter language_refsets", "900000000000509007"),
    "omop": ("filter standard_only", "True"),
}


def run(*arguments: object, stdin: bytes = b"") -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert result.exit_code == 0, result.stderr
    return result


def shown(out: Path) -> dict[str, str]:
    """What `linker info` prints, by its first column, each value in one line."""
    rows: dict[str, str] = {}
    key = ""
    width = None
    for line in run("info", out).stdout.splitlines()[1:]:
        if width is None:
            width = line.index(line.split("terminology", 1)[1].lstrip())
        key = line[:width].strip() or key
        rows[key] = f"{rows.get(key, '')} {line[width:].strip()}".strip()
    return rows


@pytest.mark.parametrize("name", sorted(FORMS))
def test_built_shown_and_linked(tmp_path: Path, name: str) -> None:
    form: Form = FORMS[name]
    path, out = form.place(tmp_path / "release", broken=True), tmp_path / "index"
    run("build", form.source, path, "--out", out, "--max-bad-rows", "1")
    rows = shown(out)
    assert rows["read by"] == form.source
    assert rows["release"] == (form.version or "not stated")
    assert rows["licence"].startswith(form.licence or "not stated")
    assert rows["concepts"].startswith("3")
    assert rows["names"].startswith("4 distinct")
    assert rows.get("left out, broken rows") == (None if form.broken is None else "1")
    if form.source in FILTERS:
        key, value = FILTERS[form.source]
        assert rows[key] == value
    lines = run("link", "--index", out, "--k", "1", stdin=f"{ALSO}\nblue spot\n".encode()).stdout
    found = [json.loads(line)["candidates"][0] for line in lines.splitlines()]
    assert [(best["concept_id"], best["name"]) for best in found] == [
        (form.ids[GREEN], GREEN),
        (form.ids[BLUE], BLUE),
    ]

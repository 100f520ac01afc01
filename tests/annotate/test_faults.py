"""Damaged, odd and duplicate notes in one run: each good note once, each bad one told, no text."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import damage_column

from linker import Linker
from linker.annotate import annotate_files

SECRET = "zebrafish"
FEVER = f"No fever, said the {SECRET}."


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _odd(folder: Path) -> Path:
    """Notes as JSON lines: with NUL, of 5 MB, with an id that was there."""
    big = f"{FEVER}\n" + " " * 5_000_000 + "\nFever."
    notes = {"a": FEVER, "nul": f"{FEVER}\x00\x00Fever.", "big": big}
    lines = [json.dumps({"id": note_id, "text": text}) for note_id, text in notes.items()]
    lines.append(json.dumps({"id": "a", "text": f"Fever, another {SECRET}."}))
    path = folder / "a.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _damaged(path: Path) -> None:
    """A table of notes whose second of three row groups cannot be read."""
    ids = [f"p{i}" for i in range(60)]
    table = pa.table({"note_id": ids, "note_text": [f"{FEVER} {i}" for i in ids]})
    pq.write_table(table, path, row_group_size=20)
    damage_column(path, row_group=1, column=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_odd_notes_are_annotated_once_and_bad_ones_told_without_their_text(
    linker: Linker,
    tmp_path: Path,
    workers: int,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    _odd(folder)
    _damaged(folder / "b.parquet")
    out = tmp_path / "links.jsonl"
    with caplog.at_level(logging.DEBUG):
        counts = annotate_files(linker, [folder], out, workers=workers)
    assert (counts.notes, counts.errors) == (43, 2)
    good = [*(f"p{i}" for i in range(20)), *(f"p{i}" for i in range(40, 60))]
    found = {line["id"]: line["links"] for line in _lines(out)}
    assert [line["id"] for line in _lines(out)] == ["a", "nul", "big", *good]
    assert [(x["start"], x["text"]) for x in found["nul"]] == [
        (3, "fever"),
        (len(FEVER) + 2, "Fever"),
    ]
    assert [(x["start"], x["text"]) for x in found["big"]] == [
        (3, "fever"),
        (len(FEVER) + 5_000_002, "Fever"),
    ]
    assert all([x["concept_id"] for x in links] == ["X:0006"] for links in map(found.get, good))
    errors = _lines(out.with_name("links.jsonl.errors.jsonl"))
    assert [(e["id"], Path(e["file"]).name, e["line"]) for e in errors] == [
        ("a", "a.jsonl", 4),
        (None, "b.parquet", 21),
    ]
    assert errors[0]["reason"].startswith("another note has this id")
    assert errors[1]["reason"].startswith("row group 1 of 3, rows 21 to 40, is damaged (")
    said = capfd.readouterr()
    assert SECRET not in caplog.text + said.out + said.err + json.dumps(errors)

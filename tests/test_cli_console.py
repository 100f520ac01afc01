"""What commands print: tables on a terminal, in a pipe, and as wide as asked."""

from __future__ import annotations

import pytest
from rich.table import Table
from rich.text import Text

from linker.cli.console import show

LONG = " ".join(f"word{n}" for n in range(300))


def _table() -> Table:
    table = Table(show_header=False, box=None, title="/a/folder" * 20, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("key", Text(LONG))
    table.add_row(Text("[other]"), Text("short"))
    return table


@pytest.mark.parametrize("columns", [None, "", "0", "wide"])
def test_a_piped_row_is_one_line_however_long(
    columns: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    show(_table())
    title, first, second = capsys.readouterr().out.splitlines()
    assert title == "/a/folder" * 20
    assert first.split(maxsplit=1) == ["key", LONG]
    assert second.split() == ["[other]", "short"]


def test_a_piped_line_ends_with_its_last_letter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    show(_table())
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == lines


def test_a_width_that_is_asked_for_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    show(_table())
    lines = capsys.readouterr().out.splitlines()
    assert 50 < max(map(len, lines)) <= 60
    assert len(lines) > 10
    assert [line.rstrip() for line in lines] == lines

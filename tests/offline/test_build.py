"""What a build refuses before it begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import recipe

from linker import build_index
from linker.errors import LinkerError
from linker.steps import Silent


class Steps(Silent):
    """The names of the steps that were begun."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        self.names.append(name)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"source": "obo", "path": "gone.obo"}, "gone.obo: no such file or folder; check the path"),
        ({"source": "ob0", "path": "a.jsonl"}, "unknown source 'ob0'; known: "),
        ({"source": "jsonl", "path": "a.jsonl", "domains": ["Drug"]}, "jsonl has no option domain"),
    ],
)
def test_a_terminology_that_is_not_there_is_told_before_another_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_text('{"id": "X:1", "name": "Fever"}\n', encoding="utf-8")
    steps = Steps()
    first = {"source": "jsonl", "path": "a.jsonl"}
    with pytest.raises(LinkerError) as caught:
        build_index(recipe(terminology=[first, second]), tmp_path / "out", progress=steps)
    assert str(caught.value).startswith(message)
    assert steps.names == []

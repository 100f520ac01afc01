"""What a build refuses before it begins, and what of a recipe goes where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import FakeEncoder, concept, recipe, write_jsonl

from linker import build_index
from linker.errors import LinkerError
from linker.index import Index, write_index
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


def test_what_a_recipe_says_of_encoder_and_index_is_what_these_are_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}
    encoder, steps = FakeEncoder(), Steps()

    def load(name: str, **options: Any) -> FakeEncoder:
        told["encoder"] = {"name": name, **options}
        return encoder

    def write(*given: Any, **options: Any) -> Index:
        told["index"] = {key: options[key] for key in ("kind", "memory", "recall", "min_recall")}
        told["build"] = {key: options[key] for key in ("resume", "force", "reuse")}
        # What cannot run says so before anything is read.
        told["first"] = encoder.encoded[0], steps.names[:2]
        return write_index(*given, **options)

    monkeypatch.setattr("linker.offline.build.load_encoder", load)
    monkeypatch.setattr("linker.offline.build.write_index", write)
    path = write_jsonl(tmp_path / "a.jsonl", [concept("X:1", "Fever")])
    of_encoder = {
        "name": "some/model", "revision": "v1", "device": "cpu", "backend": "onnx", "pooling": "cls"
    }  # fmt: skip
    of_index = {"kind": "HNSW32", "memory": 10**8, "recall": 0.6, "min_recall": 0.4}
    terminology = {"source": "jsonl", "path": str(path)}
    given = recipe(terminology=terminology, encoder=of_encoder, index=of_index)
    built = build_index(given, tmp_path / "a", progress=steps)
    assert told["encoder"] == {**of_encoder, "allow_download": True}
    assert told["index"] == of_index
    assert told["build"] == {"resume": False, "force": False, "reuse": None}
    assert told["first"] == ("a", ["loading encoder some/model", "reading jsonl"])
    assert built.manifest.vectors.recall_asked == 0.6
    for options in ({"resume": True}, {"force": True}):
        build_index(given, tmp_path / f"{options}", reuse=built.path, **options)
        assert told["build"] == {"resume": False, "force": False, "reuse": built.path, **options}

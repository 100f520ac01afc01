"""The backend from the recipe and the command line to the manifest, and back into the linker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cases import CONCEPTS, recipe, write_jsonl
from typer.testing import CliRunner

from linker import Linker, build_index
from linker.cli import app
from linker.encoder import load_encoder
from linker.errors import ConfigError, EncoderError

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_jsonl(tmp_path_factory.mktemp("source") / "terms.jsonl", CONCEPTS)


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    """An index whose names were embedded in int8, by the command line."""
    out = tmp_path_factory.mktemp("int8") / "mini"
    flags = ["--backend", "onnx-int8", "--out", str(out)]
    result = CliRunner().invoke(app, ["build", "jsonl", str(source), *flags])
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Path:
    section = {"source": "jsonl", "path": str(source)}
    return build_index(recipe(terminology=section), tmp_path_factory.mktemp("fp32") / "mini").path


def test_precision_is_in_the_manifest(int8: Path, exact: Path) -> None:
    built = [Linker.load(path).manifest.encoder for path in (int8, exact)]
    assert [encoder.precision for encoder in built] == ["int8", "fp32"]
    assert built[0].model == built[1].model == built[1].fingerprint
    shown = CliRunner().invoke(app, ["info", str(int8)]).output
    assert "mean pooling, int8" in shown


def test_queries_have_the_precision_of_the_names(int8: Path) -> None:
    linker = Linker.load(int8)
    # Not a name, so that the encoder runs; near one.
    (link,) = linker.link(["hart attack"])
    assert link.candidates[0].concept_id == "X:0002"
    name, query = load_encoder(linker.manifest.encoder.name, backend="onnx-int8").encode(
        ["heart attack", "hart attack"]
    )
    score = next(c.score for c in link.candidates if c.matched_name == "Heart attack")
    assert score == pytest.approx(float(name @ query), abs=1e-6)
    (other,) = Linker.load(int8, backend="onnx").link(["hart attack"])
    assert other.candidates[0].concept_id == "X:0002"
    assert other.candidates != link.candidates


def test_batch_changes_no_score_in_int8(int8: Path) -> None:
    queries = ["hart attack", "type 2 diabetes of the adult", "chest pains at night", "x"]
    together = Linker.load(int8).link(queries)
    alone = [Linker.load(int8).link([query])[0] for query in queries]
    for one, other in zip(alone, together, strict=True):
        ids = [candidate.concept_id for candidate in one.candidates]
        assert ids == [candidate.concept_id for candidate in other.candidates]
        scores = [candidate.score for candidate in one.candidates]
        assert scores == pytest.approx([c.score for c in other.candidates], abs=1e-5)


def test_index_in_another_precision_must_be_asked_for_by_backend(exact: Path, int8: Path) -> None:
    links = [
        Linker.load(path, backend="onnx-int8").link(["hart attack"])[0] for path in (exact, int8)
    ]
    assert [link.candidates[0].concept_id for link in links] == ["X:0002", "X:0002"]
    with pytest.raises(EncoderError, match="'fast' is not known"):
        Linker.load(exact, backend="fast").link(["hart attack"])


def test_old_index_of_another_precision_is_not_reused(
    int8: Path, source: Path, tmp_path: Path
) -> None:
    flags = ["--out", str(tmp_path / "new"), "--reuse", str(int8)]
    result = CliRunner().invoke(app, ["build", "jsonl", str(source), *flags])
    assert result.exit_code == 1
    assert "int8), this build has minilm" in " ".join(result.output.split())
    result = CliRunner().invoke(
        app, ["build", "jsonl", str(source), *flags, "--backend", "onnx-int8"]
    )
    assert result.exit_code == 0, result.output
    files = ["vectors.faiss", "names.arrow", "calibration.json"]
    for file in files:
        assert (tmp_path / "new" / file).read_bytes() == (int8 / file).read_bytes()


def test_unknown_backend_of_a_recipe_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'encoder.backend': Input should be 'auto', 'torch'"):
        recipe(terminology={"source": "jsonl", "path": "x"}, encoder={"backend": "fast"})


def test_encoder_that_cannot_run_is_said_before_the_terminology_is_read(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "broken.jsonl").write_text("no JSON")
    sections = {
        "terminology": {"source": "jsonl", "path": str(tmp_path / "broken.jsonl")},
        "encoder": {"name": str(tmp_path / "broken")},
    }
    with pytest.raises(EncoderError, match="broken"):
        build_index(recipe(**sections), tmp_path / "out")


AUDIT = """
import os, sys
from linker import Linker
folder = os.path.realpath(sys.argv[1])
written = []
def hook(event, args):
    if event == "open":
        inside = isinstance(args[0], str) and os.path.realpath(args[0]).startswith(folder)
        if inside and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(args[0])
    elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"):
        if any(isinstance(a, str) and os.path.realpath(a).startswith(folder) for a in args):
            written.append(event)
sys.addaudithook(hook)
linker = Linker.load(sys.argv[1], verify=True)
found = linker.link(["hart attack"])[0].candidates[0].concept_id
print(found, linker.annotate("Fever.")[0].concept_id, written)
"""


def test_index_on_a_read_only_mount_is_enough(exact: Path) -> None:
    """Nothing in the folder is opened for writing, made, renamed or removed."""
    before = {path: path.stat().st_mtime_ns for path in [exact, *exact.iterdir()]}
    run = subprocess.run([sys.executable, "-c", AUDIT, str(exact)], capture_output=True, text=True)
    assert (run.stdout, run.returncode) == ("X:0002 X:0006 []\n", 0), run.stderr
    assert {path: path.stat().st_mtime_ns for path in [exact, *exact.iterdir()]} == before


def test_manifest_before_precisions_is_of_float32(exact: Path, tmp_path: Path) -> None:
    from linker.index import Manifest

    data = json.loads((exact / "manifest.json").read_text())
    del data["encoder"]["precision"]
    (tmp_path / "manifest.json").write_text(json.dumps(data))
    assert Manifest.parse(tmp_path).encoder.precision == "fp32"

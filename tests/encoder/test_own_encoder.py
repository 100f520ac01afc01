"""The encoder of an index, wherever it is now and in whatever precision, and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from encoder.conftest import COMMIT, Save, put

from linker.encoder import Encoder, EncoderIdentity, load_encoder, own_encoder, refuse_other
from linker.encoder.backend import backend_of
from linker.errors import EncoderMismatchError

BUILT = EncoderIdentity("minilm-bio", "", f"sha256:{'a' * 64}", 384, "mean", 256, "invented")


class Made:
    """An encoder with an identity, and no more."""

    def __init__(self, identity: EncoderIdentity) -> None:
        self.identity = identity

    encode = Encoder.encode


@pytest.mark.parametrize(
    "given",
    [
        None,
        "minilm-bio",
        "some/model",  # a copy of it, perhaps
        Path("minilm"),
        Made(BUILT),
        Made(replace(BUILT, name="elsewhere", fingerprint=f"{BUILT.fingerprint}+int8-1")),
    ],
)
def test_what_may_be_the_encoder_is_not_refused(given: Encoder | str | Path | None) -> None:
    refuse_other(BUILT, given, index=Path("i"))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("minilm", r"minilm; rebuild"),
        ("sapbert", r"sapbert; rebuild"),
        (Made(replace(BUILT, fingerprint="sha256:b")), r"minilm-bio \(sha256:b\.\.\.\); rebuild"),
    ],
)
def test_another_encoder_is_refused_before_its_weights_are_read(
    given: Encoder | str, asked: str
) -> None:
    said = rf"^i: built with encoder minilm-bio \(sha256:a{{12}}\.\.\.\), asked for {asked}"
    with pytest.raises(EncoderMismatchError, match=said):
        refuse_other(BUILT, given, index=Path("i"))


def test_queries_are_made_in_the_precision_of_the_names_or_in_full(shared_bert: Path) -> None:
    assert [backend_of(precision) for precision in ("fp32", "bf16", "int8")] == [
        "auto", "auto", "onnx-int8",
    ]  # fmt: skip
    built = load_encoder(shared_bert, backend="onnx-int8").identity
    assert own_encoder(built, index=Path("i")).identity == built
    exact = own_encoder(built, shared_bert, index=Path("i"), backend="onnx").identity
    assert (exact.precision, exact.model) == ("fp32", built.model)


def test_a_folder_that_holds_another_model_by_now_is_refused(
    tmp_path: Path, save_model: Save
) -> None:
    folder = save_model(tmp_path / "m")
    built = load_encoder(folder).identity
    save_model(folder, pooling="mean", max_seq_length=20)
    with pytest.raises(EncoderMismatchError, match=rf"^i: built with encoder {folder} "):
        own_encoder(built, index=Path("i"))
    with pytest.raises(EncoderMismatchError, match=r"; rebuild the index, or load "):
        own_encoder(built, str(folder), index=Path("i"))


def test_the_pooling_that_a_build_was_told_need_not_be_told_again(
    tmp_path: Path, save_model: Save
) -> None:
    plain = save_model(tmp_path / "m", pooling=None)
    built = load_encoder(plain, pooling="cls").identity
    assert own_encoder(built, index=Path("i")).identity == built
    moved = plain.rename(tmp_path / "n")
    found = own_encoder(built, moved, index=Path("i")).identity
    assert (found.pooling, found.fingerprint) == ("cls", built.fingerprint)


def test_a_revision_that_is_not_the_newest_any_more_is_found(
    hub_cache: Path, no_network: None, tmp_path: Path, save_model: Save
) -> None:
    put(hub_cache, "some/model", save_model(tmp_path / "old"))
    built = load_encoder("some/model").identity
    assert built.revision == COMMIT
    put(
        hub_cache,
        "some/model",
        save_model(tmp_path / "new", max_seq_length=20),
        commit=COMMIT[::-1],
    )
    assert load_encoder("some/model").identity.revision == COMMIT[::-1]
    assert own_encoder(built, index=Path("i")).identity == built

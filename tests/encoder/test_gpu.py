"""What is done where there is a GPU, and where it is full; there is none here, so it is played."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from linker.encoder import Vectors, load_encoder
from linker.encoder.backend import has_gpu
from linker.encoder.loaded import LoadedModel
from linker.encoder.tokens import Tokens
from linker.encoder.transformer import TransformerEncoder, forward
from linker.errors import EncoderError

CLOSE = {"rtol": 0, "atol": 1e-5}
TEXTS = ["fever", "chest pain", "acute renal failure of the left kidney", "heart", "lung disease"]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch says that there is a GPU, and that asking does not start it."""

    def is_available() -> bool:
        assert os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] == "1"
        return True

    monkeypatch.setattr("torch.cuda.is_available", is_available)
    monkeypatch.delenv("PYTORCH_NVML_BASED_CUDA_CHECK", raising=False)


def on_gpu_before_a_fork(folder: Path, device: str | None) -> TransformerEncoder:
    """An encoder as it is in a child whose parent ran it on the GPU."""
    encoder = load_encoder(folder, backend="torch", device="cpu")
    assert isinstance(encoder, TransformerEncoder)
    encoder.encode(TEXTS)
    (model,) = encoder._models
    encoder._device = device
    encoder._models = (replace(model, device=torch.device("cuda"), process=-1),)
    return encoder


@pytest.mark.usefixtures("gpu")
def test_a_gpu_is_looked_for_without_starting_it() -> None:
    assert has_gpu()


@pytest.mark.usefixtures("gpu")
def test_a_gpu_whose_driver_is_too_old_is_left_alone(
    shared_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 10010).")

    expected = load_encoder(shared_bert, backend="torch", device="cpu").encode(TEXTS)
    monkeypatch.setattr("torch.cuda.init", init)
    found = load_encoder(shared_bert, backend="torch").encode(TEXTS)
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("is_full", [False, True])
def test_a_gpu_that_cannot_calculate_is_left_alone_and_a_full_one_is_not(
    shared_bert: Path, monkeypatch: pytest.MonkeyPatch, is_full: bool
) -> None:
    expected = load_encoder(shared_bert, backend="torch", device="cpu").encode(TEXTS)
    zeros = torch.zeros

    def on_gpu(*shape: int, **options: object) -> torch.Tensor:
        if str(options.get("device")).startswith("cuda"):
            if is_full:
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 MiB.")
            # What torch says of a card that is older than those that it was built for.
            raise RuntimeError(
                "CUDA error: no kernel image is available for execution on the device"
            )
        return zeros(*shape, **options)

    monkeypatch.setattr("torch.cuda.init", lambda: None)
    monkeypatch.setattr("torch.zeros", on_gpu)
    encoder = load_encoder(shared_bert, backend="torch")
    if is_full:
        with pytest.raises(EncoderError, match="device 'cuda' cannot be used: CUDA out of memory"):
            encoder.encode(TEXTS)
    else:
        np.testing.assert_allclose(encoder.encode(TEXTS), expected, **CLOSE)


@pytest.mark.parametrize("device", ["cuda:9", "xpu:9", "banana", "cpu,cuda:9"])
def test_a_device_that_is_not_here_is_no_fault_of_the_model(device: str, shared_bert: Path) -> None:
    encoder = load_encoder(shared_bert, backend="torch", device=device)
    asked = device.rpartition(",")[2]
    with pytest.raises(EncoderError, match=rf"^device '{asked}' cannot be used: .*has here: cpu"):
        encoder.encode(TEXTS)


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Play a child that was forked from a process that used its GPU."""
    n_threads = torch.get_num_threads()
    monkeypatch.setattr("torch.cuda._is_in_bad_fork", lambda: True)
    yield
    # Such a child takes one thread; this process has further tests to run.
    torch.set_num_threads(n_threads)


@pytest.mark.usefixtures("gpu")
def test_a_child_that_cannot_use_the_gpu_takes_the_cpu(
    shared_bert: Path, request: pytest.FixtureRequest
) -> None:
    expected = load_encoder(shared_bert, backend="torch", device="cpu").encode(TEXTS)
    request.getfixturevalue("forked")
    found = load_encoder(shared_bert, backend="torch").encode(TEXTS)
    np.testing.assert_allclose(found, expected, **CLOSE)


@pytest.mark.usefixtures("gpu")
def test_an_encoder_of_the_gpu_is_loaded_anew_on_the_cpu_after_a_fork(
    shared_bert: Path, request: pytest.FixtureRequest
) -> None:
    expected = load_encoder(shared_bert, backend="torch", device="cpu").encode(TEXTS)
    encoder = on_gpu_before_a_fork(shared_bert, None)
    request.getfixturevalue("forked")
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, **CLOSE)


@pytest.mark.usefixtures("gpu")
def test_a_gpu_that_was_asked_for_is_not_given_up_in_silence(shared_bert: Path) -> None:
    encoder = on_gpu_before_a_fork(shared_bert, "cuda")
    with pytest.raises(EncoderError, match='start the processes with "spawn"'):
        encoder.encode(TEXTS)


def full_beyond(n_tokens: int, asked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a GPU whose memory holds a batch of so many tokens; `asked` gets the size of each."""

    def run(model: LoadedModel, tokens: Tokens, pooling: str) -> Vectors:
        asked.append(len(tokens) * max(map(len, tokens)))
        if asked[-1] > n_tokens:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 96.00 MiB.")
        return forward(model, tokens, pooling)

    monkeypatch.setattr("linker.encoder.transformer.forward", run)


def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    shared_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(shared_bert, backend="torch", device="cpu")
    texts = [f"{text} {i}" for i in range(100) for text in TEXTS]
    expected = encoder.encode(texts)
    asked: list[int] = []
    full_beyond(100, asked, monkeypatch)
    seen: list[int] = []
    np.testing.assert_allclose(encoder.encode(texts, progress=seen.append), expected, **CLOSE)
    assert sum(seen) == len(texts)
    # What did not fit once is not tried again and again.
    assert sum(size > 100 for size in asked) < 6


def test_a_string_that_does_not_fit_is_a_clear_error(
    shared_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(shared_bert, backend="torch", device="cpu")
    full_beyond(3, [], monkeypatch)
    with pytest.raises(EncoderError, match=r"cpu: out of memory with one string of \d+ tokens"):
        encoder.encode(TEXTS)

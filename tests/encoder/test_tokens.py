"""Strings to tokens: one by one or together, and beside what a GPU does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from linker.encoder import HungryEncoder, Vectors, load_encoder
from linker.encoder.batching import embed
from linker.encoder.loaded import load
from linker.encoder.tokens import Tokens, one_by_one, together
from linker.encoder.transformer import TransformerEncoder

CLOSE = {"rtol": 0, "atol": 1e-5}


def torch_encoder(folder: Path) -> TransformerEncoder:
    encoder = load_encoder(folder, backend="torch", device="cpu")
    assert isinstance(encoder, TransformerEncoder)
    return encoder


@pytest.mark.parametrize("prompt", ["", "query: "])
def test_tokens_are_the_same_one_by_one_and_together(
    prompt: str, shared_bert: Path, names: list[str]
) -> None:
    model = load(torch_encoder(shared_bert).folder, "cpu")
    of_model = model.tokenizer, prompt, model.pad_id
    expected = one_by_one(*of_model)(names)
    assert together(*of_model)(names) == expected
    assert max(map(len, expected)) == torch_encoder(shared_bert).identity.max_tokens


def test_a_string_without_tokens_is_one_of_padding() -> None:
    class Tokenizer:
        def encode(self, text: str) -> SimpleNamespace:
            assert text == ""
            return SimpleNamespace(ids=[])

        def encode_batch(self, texts: Sequence[str]) -> list[SimpleNamespace]:
            return [self.encode(text) for text in texts]

    assert one_by_one(Tokenizer(), "", 7)(["", ""]) == [[7], [7]]
    assert together(Tokenizer(), "", 7)(["", ""]) == [[7], [7]]


def test_the_next_strings_are_tokenised_while_some_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.encoder.batching._WINDOW_AHEAD", 2)
    second = threading.Event()
    tokenised: list[list[str]] = []

    def tokenise(texts: Sequence[str]) -> Tokens:
        tokenised.append([*texts])
        if len(tokenised) == 2:
            second.set()
        return [[len(text)] for text in texts]

    def run(tokens: Tokens) -> Vectors:
        # The first strings are not done before the next ones have their tokens.
        assert second.wait(60)
        return np.array(tokens, dtype=np.float32)

    done: list[int] = []
    vectors = embed(
        ["a", "bb", "ccc", "bb", "dddd", "eeeee"],
        dim=1, tokenise=tokenise, runs=[run], budget=100, padding=True, progress=done.append,
        ahead=True,
    )  # fmt: skip
    assert tokenised == [["a", "bb"], ["ccc", "dddd"], ["eeeee"]]
    assert vectors.ravel().tolist() == [1, 2, 3, 2, 4, 5]
    assert sum(done) == 6


def test_a_tokenizer_that_fails_ahead_says_so() -> None:
    def tokenise(texts: Sequence[str]) -> Tokens:
        raise ValueError(f"{len(texts)} strings")

    with pytest.raises(ValueError, match=r"^2 strings$"):
        embed(
            ["a", "b"], dim=1, tokenise=tokenise, runs=[lambda _: np.zeros((1, 1))],
            budget=9, padding=True, progress=None, ahead=True,
        )  # fmt: skip


def test_a_gpu_gives_what_the_cpu_gives_and_asks_for_more(
    shared_bert: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = torch_encoder(shared_bert)
    expected = encoder.encode(names)
    assert isinstance(encoder, HungryEncoder)
    assert encoder.at_once == 1
    # There is none here: the CPU is taken for one.
    monkeypatch.setattr("linker.encoder.transformer._on_gpu", lambda models: bool(models))
    monkeypatch.setattr("linker.encoder.transformer._MANY", 1)
    monkeypatch.setattr("linker.encoder.batching._WINDOW_AHEAD", 3)
    threads: set[str] = set()

    def seen(*of_model: object) -> object:
        threads.add(threading.current_thread().name)
        return together(*of_model)  # type: ignore[arg-type]

    monkeypatch.setattr("linker.encoder.transformer.together", seen)
    np.testing.assert_allclose(encoder.encode(names), expected, **CLOSE)
    assert threads == {threading.current_thread().name}
    assert encoder.at_once == 131_072
    assert encoder.encode([]).shape == (0, encoder.identity.dim)

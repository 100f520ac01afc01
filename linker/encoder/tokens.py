"""Strings to token ids, by the Rust tokenizer of a model: in a call each, or many in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Tokens = list[list[int]]


def one_by_one(tokenizer: Any, prompt: str, pad_id: int) -> Callable[[Sequence[str]], Tokens]:
    """For a CPU, where the network takes thirty times as long as the tokens.

    The tokenizer's call for many starts a pool of threads that a later fork breaks (it says so on
    stderr).

    Returns:
        What makes the token ids of some strings, special tokens included, none empty. Without
        special tokens the empty string has no token at all: one of padding stands for it.
    """
    encode = tokenizer.encode

    def tokenise(texts: Sequence[str]) -> Tokens:
        return [encode(f"{prompt}{text}").ids or [pad_id] for text in texts]

    return tokenise


def together(tokenizer: Any, prompt: str, pad_id: int) -> Callable[[Sequence[str]], Tokens]:
    """For a GPU, which would wait for the 20 microseconds that a name takes one by one.

    The tokenizer uses all cores, and lets other Python threads run meanwhile. A child that is
    forked later could not use the GPU either.

    Returns:
        What makes the same token ids as `one_by_one`.
    """
    encode = tokenizer.encode_batch

    def tokenise(texts: Sequence[str]) -> Tokens:
        return [found.ids or [pad_id] for found in encode([f"{prompt}{text}" for text in texts])]

    return tokenise

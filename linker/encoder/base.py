"""What every encoder does: strings to unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""Shape (n, dim), float32, each row of unit length."""

Precision = Literal["fp32", "bf16", "int8"]


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """Which encoder made an index's vectors: it travels into the manifest.

    Attributes:
        name: what it was asked for by: a known name, a hub name or a folder.
        revision: the hub revision it was pinned to, or "".
        fingerprint: "sha256:..." over everything that decides its vectors: configuration,
            tokenizer, weights, pooling, longest input. Two encoders with one fingerprint are one.
            That of a lower precision has the scheme added: "sha256:...+int8-1".
        dim: the length of its vectors.
        pooling: "mean", "cls" or "max".
        max_tokens: longer strings are cut off here.
        licence: the terms of its weights, as far as known.
        precision: "fp32", "bf16" or "int8": in what its dense layers calculate.
    """

    name: str
    revision: str
    fingerprint: str
    dim: int
    pooling: str
    max_tokens: int
    licence: str
    precision: Precision = "fp32"

    @property
    def model(self) -> str:
        """The fingerprint of the model alone, whatever precision it runs in."""
        return self.fingerprint.partition("+")[0]


@runtime_checkable
class Encoder(Protocol):
    """Strings to unit vectors. Callers pass strings through `linker.text.normalise` first."""

    @property
    def identity(self) -> EncoderIdentity: ...

    def encode(
        self, texts: Sequence[str], *, progress: Callable[[int], None] | None = None
    ) -> Vectors:
        """Embed strings, in any number, in the order given.

        Args:
            texts: may be empty; the vectors do not depend on how they are batched, to 1e-5; of bf16
                see `linker.encoder.backend`.
            progress: called with the number of strings just done, now and then.

        Returns:
            Shape (len(texts), dim), float32, rows of unit length.
        """
        ...


@runtime_checkable
class HungryEncoder(Encoder, Protocol):
    """One that wants many strings a call, as a GPU does: fewer leave most of it idle."""

    @property
    def at_once(self) -> int:
        """How many, at the least; what a build may lose to a kill grows with them."""
        ...

"""A dense layer in integers: what becomes of its weights, and over how many inputs it is spread.

A layer's weights have one scale for each output (symmetric, 8 bits). Its input has one scale for
each token, found when it runs (as in Dettmers et al. 2022, LLM.int8(), section 2): a token's
numbers depend on no other string of the batch.

A few channels are many times as large as all others, in every token, and take the scale for
themselves: 10 against 2 in MiniLM. Such a channel is spread over several inputs, each a fraction of
it with the same weights, which changes no product (Zhao et al. 2019, outlier channel splitting).

Integers are multiplied exactly: where signed weights would saturate (`linker.encoder.processor`),
the same numbers are written as unsigned ones with their zero at 128. Vectors are the same on all
CPUs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from linker.encoder.network import Floats

_SPREAD = 24
"""One input more for so many channels: 16 for 384 of them, 4% of the work."""


def copies_of(largest: Floats) -> npt.NDArray[np.int64]:
    """Over how many inputs each channel is spread: one more, again and again, for the largest."""
    copies = np.ones(len(largest), dtype=np.int64)
    for _ in range(max(1, len(largest) // _SPREAD)):
        copies[np.argmax(largest / copies)] += 1
    return copies


def quantised(weight: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Integers in [-127, 127] and a scale for each output."""
    scales = np.abs(weight).max(axis=0) / 127
    divisor = np.where(scales == 0, 1, scales)
    return np.round(weight / divisor).astype(np.int8), scales.astype(np.float32)


def unsigned(integers: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """The same integers with their zero at 128."""
    return (integers.astype(np.int16) + 128).astype(np.uint8)

"""A dense layer in integers: which channels are spread, and what becomes of weights."""

from __future__ import annotations

import numpy as np
import pytest

from linker.encoder.integers import copies_of, quantised, unsigned


@pytest.mark.parametrize(
    ("first", "n", "copies"),
    [
        # An input more for each 24 channels, at the least one.
        ([9, 4], 2, [2, 1]),
        ([9, 4], 47, [2, 1]),
        # What is left of the first, 4.5, is still the largest; or it is not any more.
        ([9, 4], 48, [3, 1]),
        ([9, 5], 48, [2, 2]),
        ([9, 5], 72, [3, 2]),
    ],
)
def test_the_largest_channels_are_spread_over_more_inputs(
    first: list[float], n: int, copies: list[int]
) -> None:
    largest = np.array(first + [1] * (n - 2), dtype=np.float32)
    assert copies_of(largest).tolist() == copies + [1] * (n - 2)


def test_weights_have_a_scale_for_each_output() -> None:
    weight = np.array([[1.27, -12.7, 0], [-0.64, 0.1, 0], [0.004, 5.04, 0]], dtype=np.float32)
    integers, scales = quantised(weight)
    assert integers.tolist() == [[127, -127, 0], [-64, 1, 0], [0, 50, 0]]
    np.testing.assert_allclose(scales, [0.01, 0.1, 0], rtol=1e-6)
    assert (integers.dtype, scales.dtype) == (np.int8, np.float32)


def test_unsigned_integers_have_their_zero_at_128() -> None:
    found = unsigned(np.array([-127, -1, 0, 127], dtype=np.int8))
    assert (found.tolist(), found.dtype) == ([1, 127, 128, 255], np.uint8)

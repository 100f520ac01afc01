from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linker.errors import IndexFolderError
from linker.index.vectors.half import HalfVectors

DIM = 24


def unit(n: int) -> np.ndarray:
    vectors = np.random.default_rng(0).standard_normal((n, DIM))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> HalfVectors:
    path = tmp_path_factory.mktemp("half") / "vectors.f16"
    return HalfVectors.write(path, DIM, [unit(50)[:7], unit(50)[7:8], unit(50)[8:]])


RUNS = st.tuples(st.integers(0, 40), st.integers(0, 9)).map(
    lambda run: list(range(run[0], sum(run)))
)


@given(rows=st.one_of(st.lists(st.integers(0, 49)), RUNS))
def test_rows_are_those_written_to_half_precision_and_of_length_1(
    half: HalfVectors, rows: list[int]
) -> None:
    taken = half.take(np.array(rows, dtype=np.int64))
    assert taken.dtype == np.float32
    np.testing.assert_allclose(taken, unit(50)[rows], rtol=0, atol=5e-4)
    np.testing.assert_allclose(np.linalg.norm(taken, axis=1), 1, rtol=0, atol=1e-6)
    alone = [half.take(np.array([row]))[0].tolist() for row in rows]
    assert taken.tolist() == alone


def test_rows_are_the_same_where_the_system_takes_no_advice(
    half: HalfVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not Linux.
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    other = HalfVectors.write(tmp_path / "x", DIM, [unit(50)])
    for rows in ([9, 3, 40], [5, 6, 7], []):
        asked = np.array(rows, dtype=np.int64)
        assert other.take(asked).tolist() == half.take(asked).tolist()


def test_file_is_plain_half_precision(tmp_path: Path) -> None:
    HalfVectors.write(tmp_path / "x", DIM, [unit(5)])
    found = np.fromfile(tmp_path / "x", dtype="<f2").reshape(5, DIM)
    assert found.tolist() == unit(5).astype(np.float16).tolist()


def test_blocks_are_all_rows_in_order(half: HalfVectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linker.index.vectors.half.BLOCK", 16)
    blocks = list(half.blocks())
    assert [(start, len(rows)) for start, rows in blocks] == [(0, 16), (16, 16), (32, 16), (48, 2)]
    together = np.concatenate([rows for _, rows in blocks])
    assert together.tolist() == half.take(np.arange(50)).tolist()


@pytest.mark.parametrize("row", [-1, 50])
def test_row_that_is_not_there_is_refused(row: int, half: HalfVectors) -> None:
    with pytest.raises(IndexError, match="of 50"):
        half.take(np.array([0, row]))


def test_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.f16"
    HalfVectors.write(path, DIM, [unit(5)])
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(IndexFolderError, match=re.escape(f"{path}: 238 bytes are no whole number")):
        HalfVectors(path, DIM)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexFolderError, match=r"vectors\.f16: cannot be read \(No such file"):
        HalfVectors(tmp_path / "vectors.f16", DIM)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_is_closed_with_what_reads_it(half: HalfVectors, tmp_path: Path) -> None:
    HalfVectors.write(tmp_path / "x", DIM, [unit(2)])
    names = {path.resolve().name for path in Path("/proc/self/fd").iterdir()}
    assert "vectors.f16" in names
    assert "x" not in names


def test_vector_of_zeros_stays_one(tmp_path: Path) -> None:
    half = HalfVectors.write(tmp_path / "x", DIM, [np.zeros((2, DIM), dtype=np.float32)])
    assert half.take(np.arange(2)).tolist() == [[0.0] * DIM] * 2

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from linker.index.shards import Shards


def rows_of(start: int, stop: int) -> np.ndarray:
    return np.arange(start, stop, dtype=np.float32)[:, None] * np.ones(3, dtype=np.float32)


def fill(shards: Shards) -> None:
    for rows in shards.missing():
        shards.write(rows, rows_of(*rows))


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_shards_of_a_new_folder_are_missing(tmp_path: Path) -> None:
    assert Shards(tmp_path / "new", 10, size=4).missing() == [(0, 4), (4, 8), (8, 10)]
    assert Shards(tmp_path / "new", 8, size=4).missing() == [(0, 4), (4, 8)]
    assert Shards(tmp_path / "new", 0, size=4).missing() == []


def test_what_is_written_is_read_in_the_order_of_rows(tmp_path: Path) -> None:
    shards = Shards(tmp_path, 10, size=4)
    for rows in reversed(shards.missing()):
        shards.write(rows, rows_of(*rows))
    assert shards.missing() == []
    assert np.vstack(list(shards.read_all())).tolist() == rows_of(0, 10).tolist()


def test_written_shards_are_taken_up_again(tmp_path: Path) -> None:
    Shards(tmp_path, 10, size=4).write((4, 8), rows_of(4, 8))
    shards = Shards(tmp_path, 10, size=4)
    assert shards.missing() == [(0, 4), (8, 10)]
    fill(shards)
    again = Shards(tmp_path, 10, size=4)
    assert np.vstack(list(again.read_all())).tolist() == rows_of(0, 10).tolist()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content + b"\0",
    ],
    ids=["cut short", "empty", "a flipped bit", "a byte too many"],
)
def test_damaged_shard_is_missing_and_replaced(damage, tmp_path: Path) -> None:
    fill(Shards(tmp_path, 10, size=4))
    whole = content(tmp_path)
    path = sorted(tmp_path.iterdir())[1]
    path.write_bytes(damage(path.read_bytes()))
    shards = Shards(tmp_path, 10, size=4)
    assert shards.missing() == [(4, 8)]
    fill(shards)
    assert content(tmp_path) == whole


def test_shard_made_anew_by_another_machine_leaves_no_second_file(tmp_path: Path) -> None:
    # Another machine's vectors differ in the last digit, and with them the name of the file.
    fill(Shards(tmp_path, 4, size=4))
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"damaged")
    Shards(tmp_path, 4, size=4).write((0, 4), rows_of(0, 4) + np.float32(1e-6))
    assert len(list(tmp_path.iterdir())) == 1
    assert Shards(tmp_path, 4, size=4).missing() == []


def test_shards_of_another_size_are_not_taken_up(tmp_path: Path) -> None:
    fill(Shards(tmp_path, 15, size=10))
    # Rows 10 to 15 are the same shard in both; the other one has other rows.
    assert Shards(tmp_path, 15, size=5).missing() == [(0, 5), (5, 10)]


def test_shard_that_was_being_written_is_missing(tmp_path: Path) -> None:
    fill(Shards(tmp_path, 4, size=4))
    (path,) = tmp_path.iterdir()
    path.rename(path.with_name(f"{path.name}.partial"))
    assert Shards(tmp_path, 4, size=4).missing() == [(0, 4)]

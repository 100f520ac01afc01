"""Single values of Arrow columns: those that Arrow itself gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linker.index.arrow import open_table, write_table
from linker.index.columns import numbers_of, reader, validity_of

TEXT = st.text(max_size=6)
PAIR = pa.struct([("a", pa.string()), ("b", pa.int32()), ("c", pa.int8())])
TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "string": (pa.string(), TEXT),
    "string or null": (pa.string(), st.none() | TEXT),
    "int32": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int8 or null": (pa.int8(), st.none() | st.integers(-128, 127)),
    "double": (pa.float64(), st.floats(allow_nan=False)),
    "strings": (pa.list_(pa.string()), st.lists(st.none() | TEXT, max_size=4)),
    "lists or null": (pa.list_(pa.string()), st.none() | st.lists(TEXT, max_size=4)),
    "numbers": (pa.list_(pa.int32()), st.lists(st.integers(0, 9), max_size=4)),
    "structs": (
        pa.list_(PAIR),
        st.lists(
            st.fixed_dictionaries(
                {"a": st.none() | TEXT, "b": st.integers(0, 9), "c": st.integers(0, 9)}
            ),
            max_size=3,
        ),
    ),
}


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_values_are_arrows(name: str, data: st.DataObject) -> None:
    kind, values = TYPES[name]
    column = pa.array(data.draw(st.lists(values, max_size=20)), kind)
    # A slice shares the buffers of the whole.
    start = data.draw(st.integers(0, len(column)))
    column = column.slice(start, data.draw(st.integers(0, len(column) - start)))
    read = reader(column)
    assert [read(row) for row in range(len(column))] == column.to_pylist()
    with pytest.raises(IndexError):
        read(len(column))


def test_values_of_a_mapped_file(tmp_path: Path) -> None:
    table = pa.table({"x": ["a", None, "äöü", ""], "y": [[1], [], [2, 3], [4]]})
    write_table(tmp_path / "t.arrow", table)
    batch = open_table(tmp_path / "t.arrow")
    for name in ("x", "y"):
        read = reader(batch.column(name))
        assert [read(row) for row in range(4)] == table.column(name).to_pylist()


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.uint64()])
@given(data=st.data())
def test_numbers_are_arrows(kind: pa.DataType, data: st.DataObject) -> None:
    column = pa.array(data.draw(st.lists(st.integers(0, 127), max_size=20)), kind)
    start = data.draw(st.integers(0, len(column)))
    column = column.slice(start, data.draw(st.integers(0, len(column) - start)))
    numbers = numbers_of(column)
    assert (numbers.dtype.name, numbers.tolist()) == (str(kind), column.to_pylist())


@given(data=st.data())
def test_rows_that_hold_a_value_are_arrows(data: st.DataObject) -> None:
    column = pa.array(data.draw(st.lists(st.none() | TEXT, max_size=20)), pa.string())
    start = data.draw(st.integers(0, len(column)))
    column = column.slice(start, data.draw(st.integers(0, len(column) - start)))
    rows = data.draw(st.permutations(range(len(column))))
    expected = [column[row].is_valid for row in rows]
    assert validity_of(column)(np.array(rows, dtype=np.int64)).tolist() == expected

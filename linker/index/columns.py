"""Single values of Arrow columns, read from the mapped bytes.

`array[row].as_py()` makes three objects for one string and takes microseconds; ranking reads
hundreds of values a query. A reader keeps views of a column's buffers (Arrow columnar format,
"variable-size binary layout", "validity bitmaps") and makes only the value. What it returns is what
`as_py` returns. The pages stay mapped: nothing is copied when a column is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")
Read = Callable[[int], Any]
"""The value of a row, from 0; IndexError beyond the last one."""


def reader(column: pa.Array) -> Read:
    """How to read single values of a column.

    Args:
        column: strings, 32- or 8-bit integers, structs, or lists of these; other types are read by
            Arrow itself.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return _strings(column)
    if column.null_count:
        return lambda row: column[row].as_py()
    if pa.types.is_list(kind):
        return _lists(column)
    if pa.types.is_struct(kind):
        return _structs(column)
    if kind in (pa.int32(), pa.int8()):
        values: memoryview = numbers_of(column).data
        return values.__getitem__
    return lambda row: column[row].as_py()


def ranges(
    starts: npt.NDArray[np.integer[Any]], lengths: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.int64]:
    """The numbers of some ranges, one after the other: start, start + 1, ... of each.

    Args:
        starts, lengths: equally long.
    """
    before = np.cumsum(lengths) - lengths
    numbers: npt.NDArray[np.int64] = np.repeat(starts - before, lengths)
    return numbers + np.arange(len(numbers))


def offsets_of(column: pa.Array) -> npt.NDArray[np.int32]:
    """The n + 1 offsets of a column of strings or lists: where each value begins, and the end."""
    # Without a value a column may have no buffer, or an empty one.
    if not len(column):
        return np.zeros(1, dtype=np.int32)
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    return offsets[column.offset : column.offset + len(column) + 1]


def numbers_of(column: pa.Array) -> npt.NDArray[Any]:
    """The values of a column of integers without nulls, not copied, in the column's own width.

    `to_numpy` gives the same, and imports pandas wherever it is installed: a quarter of a second
    and 25 MB for each process.
    """
    dtype = np.dtype(str(column.type))  # Arrow's integers have numpy's names.
    if not len(column):
        return np.zeros(0, dtype=dtype)
    return np.frombuffer(
        column.buffers()[1], dtype=dtype, count=len(column), offset=column.offset * dtype.itemsize
    )


def validity_of(
    column: pa.Array,
) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]:
    """How to see of many rows of a column at once whether each holds a value."""
    if not column.null_count:
        return lambda rows: np.ones(len(rows), dtype=bool)
    bits, first = np.frombuffer(column.buffers()[0], dtype=np.uint8), column.offset
    return lambda rows: (bits[(first + rows) >> 3] >> ((first + rows) & 7) & 1).astype(bool)


def rows_of(column: pa.ListArray, make: Callable[..., T]) -> Callable[[int], tuple[T, ...]]:
    """How to read the lists of structs of a column, each struct through `make`.

    Args:
        column: without nulls but in the structs' fields.
        make: takes the fields of a struct in their order.
    """
    offsets, structs = offsets_of(column).data, column.values
    fields = [
        reader(pc.struct_field(structs, structs.type.field(i).name))
        for i in range(structs.type.num_fields)
    ]
    return lambda row: tuple(
        [make(*[read(at) for read in fields]) for at in range(offsets[row], offsets[row + 1])]
    )


def _strings(column: pa.Array) -> Read:
    offsets = offsets_of(column).data
    valid, _, stored = column.buffers()
    text = memoryview(b"" if stored is None else stored)

    def read(row: int) -> str:
        return str(text[offsets[row] : offsets[row + 1]], "utf-8")

    if not column.null_count:
        return read
    bits, first = memoryview(valid).cast("B"), column.offset

    def read_valid(row: int) -> str | None:
        at = first + row
        value = read(row)
        return value if bits[at >> 3] >> (at & 7) & 1 else None

    return read_valid


def _lists(column: pa.ListArray) -> Read:
    offsets = offsets_of(column).data
    value = reader(column.values)
    return lambda row: list(map(value, range(offsets[row], offsets[row + 1])))


def _structs(column: pa.StructArray) -> Read:
    names = [column.type.field(i).name for i in range(column.type.num_fields)]
    fields = [(name, reader(pc.struct_field(column, name))) for name in names]
    return lambda row: {name: read(row) for name, read in fields}

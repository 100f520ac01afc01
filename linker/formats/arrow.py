"""Columns of Arrow as Python's values, whatever a file holds."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def values_of(column: pa.Array) -> list[Any]:
    """The values of a column, as `to_pylist`, but that no value ends the reading.

    A string that is not UTF-8 comes as its bytes. A date that Python cannot hold (of the year
    29349, or PostgreSQL's "infinity") is None. A time in a zone that is not known here is in UTC.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # As fine as Python has them; else pandas is asked, which may not be installed.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except (UnicodeDecodeError, OverflowError, pa.ArrowInvalid):
        values = [_value(cell) for cell in column]
    return values


def _value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        return error.object
    except OverflowError:
        return None
    except pa.ArrowInvalid:
        if not pa.types.is_timestamp(cell.type) or cell.type.tz == "UTC":
            raise
        return _value(cell.cast(pa.int64()).cast(pa.timestamp(cell.type.unit, "UTC")))

"""Columns of Arrow as Python's values, whatever a file holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

# Of ValueErrors: no UTF-8, Arrow's own, and nanoseconds without pandas. KeyError is pytz's of a
# zone that it does not know: PyArrow asks it where it is installed, as it is beside pandas 2.
_UNREADABLE = (OverflowError, ValueError, KeyError)


def values_of(
    column: pa.Array, *, beyond: Callable[[pa.Scalar], Any] = lambda _: None
) -> list[Any]:
    """The values of a column, as `to_pylist`, but that no value ends the reading.

    A string that is not UTF-8 comes as its bytes. A time in a zone that is not known here is in
    UTC.

    Args:
        beyond: what to take for a value that Python cannot hold, as a date of the year 29349, or
            PostgreSQL's "infinity"; None if it is not given.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        # As fine as Python has them; else pandas is asked, which may not be installed.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    try:
        values: list[Any] = column.to_pylist()
    except _UNREADABLE:
        values = [_value(cell, beyond) for cell in column]
    return values


def as_arrow_text(cell: pa.Scalar) -> str:
    """A value as Arrow writes it in text."""
    return str(cell.cast(pa.string()))


def _value(cell: pa.Scalar, beyond: Callable[[pa.Scalar], Any]) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        return error.object
    except _UNREADABLE:
        kind = cell.type
        if pa.types.is_struct(kind):
            return {name: _value(item, beyond) for name, item in cell.items()}
        if isinstance(cell, pa.ListScalar):
            return [_value(item, beyond) for item in cell.values]
        if pa.types.is_timestamp(kind) and kind.tz not in (None, "UTC"):
            return _value(cell.cast(pa.int64()).cast(pa.timestamp(kind.unit, "UTC")), beyond)
        return beyond(cell)

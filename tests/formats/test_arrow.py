"""Values that Python cannot hold as they are."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pyarrow as pa

from linker.formats.arrow import as_arrow_text, values_of


def test_plain_values_are_those_of_arrow() -> None:
    assert values_of(pa.array(["a", None, "é"])) == ["a", None, "é"]
    assert values_of(pa.array([1, None])) == [1, None]


def test_a_date_beyond_the_last_year_is_none_and_the_others_stay() -> None:
    days = (date(2020, 1, 2) - date(1970, 1, 1)).days
    assert values_of(pa.array([days, 3_652_060], pa.date32())) == [date(2020, 1, 2), None]
    assert values_of(pa.array([2**60], pa.timestamp("s"))) == [None]
    parts = pa.array([{"days": [3_652_060, days]}], pa.struct([("days", pa.list_(pa.date32()))]))
    assert values_of(parts) == [{"days": [None, date(2020, 1, 2)]}]
    text = [{"days": ["11969-01-01", date(2020, 1, 2)]}]
    assert values_of(parts, beyond=as_arrow_text) == text


def test_nanoseconds_are_cut() -> None:
    assert values_of(pa.array([1_500], pa.timestamp("ns"))) == [datetime(1970, 1, 1, 0, 0, 0, 1)]


def test_an_unknown_time_zone_is_read_as_utc() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    for unit in ("us", "ns"):
        times = pa.array(
            [2_000_000 * (1000 if unit == "ns" else 1), None], pa.timestamp(unit, "Mars/Phobos")
        )
        assert values_of(times) == [epoch + timedelta(seconds=2), None]


def test_bytes_that_are_no_utf8() -> None:
    column = pa.array([b"\xff\xfe", b"ok"]).view(pa.string())
    assert values_of(column) == [b"\xff\xfe", "ok"]

from __future__ import annotations

import re
from io import StringIO
from itertools import count

import pytest
from rich.console import Console

from linker.cli import progress
from linker.cli.progress import Bars


class Clock:
    """Stands for `time.monotonic`: it moves when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def _log() -> tuple[StringIO, Console]:
    file = StringIO()
    return file, Console(file=file, width=40)


def test_log_says_when_a_step_ends(clock: Clock) -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("reading obo")
        clock.now += 1.5
        bars.step("embedding names", total=3000, unit="names")
        bars.advance(1000)
        clock.now += 2
        bars.advance(2000)
    assert file.getvalue().splitlines() == [
        "reading obo: done in 1.5 s",
        "embedding names: done in 2.0 s, 1,500 names/s",
    ]


def test_what_was_done_before_a_run_went_on_is_no_pace(clock: Clock) -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("annotating", unit="notes")
        for read in (900, 905, 910, 1010):
            clock.now += 10
            bars.at(read, 32, total=1000)
    assert file.getvalue().splitlines() == [
        "annotating: 32 notes, 3.2 notes/s, 90%",
        "annotating: 64 notes, 3.2 notes/s, 90%, about 190 s left",
        "annotating: 96 notes, 3.2 notes/s, 91%, about 180 s left",
        # The file grew.
        "annotating: 128 notes, 3.2 notes/s",
        "annotating: done in 40.0 s, 3.2 notes/s",
    ]


def test_log_tells_rate_share_and_time_left_now_and_then(clock: Clock) -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("annotating", unit="notes")
        for read in (100, 200):
            clock.now += 5
            # The measure of the way is bytes here; notes are what is counted.
            bars.at(read, 32, total=800)
    assert file.getvalue().splitlines() == [
        "annotating: 64 notes, 6.4 notes/s, 25%, about 30 s left",
        "annotating: done in 10.0 s, 6.4 notes/s",
    ]


def test_a_note_stands_beside_its_own_step(clock: Clock) -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("training", total=10, unit="steps")
        bars.say("loss 0.5")
        clock.now += 20
        bars.advance(5)
        bars.step("writing", total=2, unit="models")
        clock.now += 20
        bars.advance(1)
    assert file.getvalue().splitlines() == [
        "training: 5 steps, 0.25 steps/s, loss 0.5, 50%, about 20 s left",
        "training: done in 20.0 s, 0.25 steps/s",
        "writing: 1 model, 0.05 models/s, 50%, about 20 s left",
        "writing: done in 20.0 s, 0.05 models/s",
    ]


def test_log_lines_are_plain_whole_and_literal(clock: Clock) -> None:
    file, console = _log()
    name = "loading encoder /data/[bold]models/" + "x" * 80
    with Bars(console) as bars:
        bars.step(name)
    assert file.getvalue().splitlines() == [f"{name}: done in 0.0 s"]
    assert "\x1b" not in file.getvalue()


def test_each_step_counts_its_own_unit() -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("embedding names", total=10, unit="names")
        bars.advance(10)
        bars.step("annotating notes", total=2, unit="notes")
        bars.advance(2)
        bars.step("counting", total=4)
        bars.advance(4)
    lines = file.getvalue().splitlines()
    assert lines[0].endswith(" names/s")
    assert lines[1].endswith(" notes/s")
    assert re.fullmatch(r"counting: done in [\d.]+ s, [\d,]+/s", lines[2])


def _fail(bars: Bars) -> None:
    with bars:
        bars.step("reading obo")
        raise OSError("full")


def test_a_step_that_failed_is_not_done() -> None:
    file, console = _log()
    with pytest.raises(OSError, match="full"):
        _fail(Bars(console))
    assert file.getvalue() == ""


def test_work_before_any_step_is_nothing() -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.advance(3)
        bars.at(1, 1, total=2)
    assert file.getvalue() == ""


def test_terminal_shows_bars() -> None:
    file = StringIO()
    with Bars(Console(file=file, force_terminal=True, width=120)) as bars:
        bars.step("loading [bold]x", total=None)
        bars.step("embedding names", total=2, unit="names")
        bars.advance(2)
    drawn = file.getvalue()
    assert "loading [bold]x" in drawn
    assert "embedding names" in drawn
    assert "100%" in drawn
    assert "done in" not in drawn


def test_the_rate_of_a_step_that_ended_does_not_fall() -> None:
    seconds = [0.0]
    console = Console(file=StringIO(), width=100, force_terminal=True, get_time=lambda: seconds[0])
    with Bars(console) as bars:
        bars.step("reading", total=1000, unit="rows")
        seconds[0] = 2
        bars.advance(1000)
        bars.step("linking", total=10, unit="terms")
        seconds[0] = 100
        rate = next(column for column in bars._bars.columns if isinstance(column, progress._Rate))
        assert [str(rate.render(task)) for task in bars._bars.tasks] == ["500 rows/s", ""]


@pytest.mark.parametrize("total", [0, 64])
def test_a_bar_is_at_its_end_only_when_the_step_is(total: int) -> None:
    """Of stdin there are 0 bytes, and small files are read before their notes are done."""
    file = StringIO()
    console = Console(file=file, force_terminal=True, width=120)
    with Bars(console) as bars:
        bars.step("annotating", unit="notes")
        for _ in range(2):
            bars.at(64, 32, total=total)
            (task,) = bars._bars.tasks
            assert (task.finished, task.finished_time) == (False, None)
    assert task.finished
    assert "✓ annotating" in file.getvalue()


def test_bytes_are_told_as_megabytes(clock: Clock) -> None:
    file, console = _log()
    with Bars(console) as bars:
        bars.step("reading MRCONSO.RRF", total=40_000_000, unit="bytes")
        clock.now += 10
        bars.advance(20_000_000)
        clock.now += 10
        bars.advance(20_000_000)
    assert file.getvalue().splitlines() == [
        "reading MRCONSO.RRF: 20.0 MB, 2.0 MB/s, 50%, about 10 s left",
        "reading MRCONSO.RRF: 40.0 MB, 2.0 MB/s, 100%, about 0 s left",
        "reading MRCONSO.RRF: done in 20.0 s, 2.0 MB/s",
    ]


@pytest.mark.parametrize(
    ("width", "there"),
    [(40, ""), (60, "✓ left links"), (80, "✓ ━ left links"), (100, "✓ ━ elapsed left links")],
)
def test_a_bar_is_a_line_with_rate_and_time_left_however_narrow(width: int, there: str) -> None:
    file, seconds = StringIO(), count()
    console = Console(
        file=file, width=width, force_terminal=True, color_system=None, get_time=seconds.__next__
    )
    with Bars(console) as bars:
        bars.step("annotating", total=1000, unit="notes")
        bars.say("12 links")
        bars.advance(1000)
    last = file.getvalue().split("\x1b[2K")[-1].splitlines()[0]
    assert len(last) <= width
    assert re.search(r"annotating .*100% \d+ notes/s .*0:00:00", last)
    assert [
        part for part in ("✓", "━", "elapsed", "left", "links") if part in last
    ] == there.split()


@pytest.mark.parametrize("width", [40, 60, 80])
def test_where_there_is_no_room_the_name_alone_is_cut(width: int) -> None:
    file = StringIO()
    console = Console(
        file=file, width=width, force_terminal=True, color_system=None, get_time=lambda: 0.0
    )
    name = "writing problems_of_all_wards.out.csv"
    with Bars(console) as bars:
        bars.step("reading problems.csv", total=20_000, unit="rows")
        bars.advance(20_000)
        bars.step(name, total=20_000, unit="rows")
        bars.advance(20_000)
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", file.getvalue())
    last = [line.rstrip() for line in drawn.splitlines() if "100%" in line][-1]
    assert len(last) <= width
    assert last.endswith(" 0:00:00")
    assert last.removeprefix("✓ ").startswith("writing prob"[: 9 if width == 40 else 12])

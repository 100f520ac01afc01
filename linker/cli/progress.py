"""How far a long job is, for a person: a bar with rate and ETA, or a line now and then in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from linker.counted import counted

LOG_EVERY = 10.0
"""Seconds between two lines where there is no terminal to draw on."""


class Bars:
    """Draws the steps of a job. A context manager; implements `linker.steps.Progress`.

    Args:
        console: where to draw; its terminal decides between bars and lines.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            *_columns(console.width), console=console, disable=not console.is_terminal
        )
        self._task: TaskID | None = None
        self._line = _LogLine(console)

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
        self._bars.stop()

    def step(self, name: str, total: int | None = None, unit: str = "") -> None:
        """A step begins; it has `total` units of work ("names"), if that is known."""
        self._finish()
        self._task = self._bars.add_task(name, total=total, units=0, unit=unit, said="")
        if not self._console.is_terminal:
            self._line.begin(name, total, unit)

    def advance(self, n: int) -> None:
        """`n` more units of the step are done."""
        if self._task is not None:
            done = self._bars.tasks[self._task].fields["units"] + n
            self._bars.update(self._task, advance=n, units=done)
            if not self._console.is_terminal:
                self._line.advance(n)

    def at(self, done: int, n: int, *, total: int) -> None:
        """The step is `done` of `total` on, in any measure; `n` more units of work came of that.

        A `total` of 0 is not known.
        """
        if self._task is not None:
            units = self._bars.tasks[self._task].fields["units"] + n
            # Only `_finish` ends a step: a small file is read before its notes are done.
            before_end = min(done, max(0, total - 1))
            self._bars.update(self._task, completed=before_end, total=total or None, units=units)
            if not self._console.is_terminal:
                self._line.advance(n, done, total)

    def say(self, what: str) -> None:
        """Show this beside the rate from now on ("12 links, 1 error")."""
        if self._task is not None:
            self._bars.update(self._task, said=what)
            self._line.said = what

    def _finish(self) -> None:
        if self._task is not None:
            task = self._bars.tasks[self._task]
            total = task.total if task.total is not None else 1
            self._bars.update(self._task, total=total, completed=total)
            if not self._console.is_terminal:
                self._line.end()


def _columns(width: int) -> Iterator[ProgressColumn]:
    """What a terminal of so many characters has room for: a column that lacks it is cut off."""
    if width >= 60:
        yield SpinnerColumn(finished_text="✓")
    yield _Name(Column())
    if width >= 80:
        yield BarColumn(bar_width=24 if width >= 100 else 12)
    yield TextColumn("{task.percentage:>3.0f}%")
    yield _Rate(Column(no_wrap=True))
    if width >= 100:
        yield TextColumn("elapsed")
        yield TimeElapsedColumn(Column(no_wrap=True))
    if width >= 60:
        yield TextColumn("left")
    yield TimeRemainingColumn(table_column=Column(no_wrap=True))
    if width >= 60:
        yield TextColumn("{task.fields[said]}", markup=False)


class _Name(ProgressColumn):
    """What the step is called, cut off before anything else is: its column alone may wrap."""

    def render(self, task: Task) -> Text:
        # A `Text` is no markup: a name may hold brackets, as a path does.
        return Text(task.description, no_wrap=True, overflow="ellipsis")


class _Rate(ProgressColumn):
    """Units a second since the step began, until it ended."""

    def render(self, task: Task) -> Text:
        units = task.fields["units"]
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(_rate(units, elapsed, task.fields["unit"]) if units and elapsed else "")


def _amount(units: float, unit: str) -> str:
    """A number with its unit; bytes as megabytes."""
    if unit == "bytes":
        return f"{units / 1e6:,.1f} MB"
    return counted(round(units), unit.removesuffix("s")) if unit else f"{units:,.0f}"


def _rate(units: int, elapsed: float, unit: str) -> str:
    rate = units / max(elapsed, 1e-9)
    # Two figures of what is slow: "0.25 steps/s".
    return f"{rate:.2g} {unit}/s" if rate < 10 and unit != "bytes" else f"{_amount(rate, unit)}/s"


class _LogLine:
    """The same for a log: a line every ten seconds, and one when a step ends."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name = self._unit = self.said = ""
        self._total: int | None = None
        self._done = self._units = 0
        self._begun = self._said = 0.0
        self._first: tuple[float, int] | None = None

    def begin(self, name: str, total: int | None, unit: str) -> None:
        self._name, self._total, self._unit, self.said = name, total, unit, ""
        self._done = self._units = 0
        self._begun = self._said = time.monotonic()
        self._first = None

    def advance(self, n: int, done: int | None = None, total: int | None = None) -> None:
        self._units += n
        self._done = self._done + n if done is None else done
        self._total = self._total if total is None else total
        if self._first is None:
            # A run that goes on has most of its way behind it when it first says where it is: that
            # is no pace. One that counts its own units begins with none.
            self._first = (self._begun, 0) if done is None else (time.monotonic(), done)
        if time.monotonic() - self._said >= LOG_EVERY:
            self._said = time.monotonic()
            self._say()

    def end(self) -> None:
        elapsed = time.monotonic() - self._begun
        rate = f", {_rate(self._units, elapsed, self._unit)}" if self._units else ""
        self._print(f"{self._name}: done in {elapsed:.1f} s{rate}")

    def _say(self) -> None:
        elapsed = time.monotonic() - self._begun
        units, rate = _amount(self._units, self._unit), _rate(self._units, elapsed, self._unit)
        line = f"{self._name}: {units}, {rate}"
        line += f", {self.said}" if self.said else ""
        # A file that grows while it is read is more than was to be done.
        if self._total and 0 < self._done <= self._total:
            line += f", {self._done / self._total:.0%}"
            since, before = self._first or (self._begun, 0)
            if self._done > before:
                pace = (self._done - before) / max(time.monotonic() - since, 1e-9)
                line += f", about {(self._total - self._done) / pace:.0f} s left"
        self._print(line)

    def _print(self, line: str) -> None:
        # A `Text` is no markup, and a log's lines are not cut to the width of a terminal.
        self._console.print(Text(line), soft_wrap=True)

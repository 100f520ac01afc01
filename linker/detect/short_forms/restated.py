"""A note with the short forms that it defines in full: "G6PD deficiency", "cerebral ALD".

Names are looked up in what the note says once its own letters are read: "G6PD deficiency" names a
deficiency of glucose-6-phosphate dehydrogenase. Where the letters are being defined,
"glucose-6-phosphate dehydrogenase (G6PD) deficiency", they add nothing and are passed over.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from linker.detect.short_forms.arrows import arrows_in
from linker.detect.short_forms.definitions import ShortForm, defined_in
from linker.text import stems

_OPENS = re.compile(r"\(\s?\Z")
_CLOSES = re.compile(r"\s?(?:[;,][^()]{0,60})?\)")
_AROUND = 100
"""Characters on each side of a short form that a name which holds it may reach."""


class _Edit(NamedTuple):
    """`Restated.text[start:stop]` stands for `text[begin:end]` of the note."""

    start: int
    stop: int
    begin: int
    end: int


class Restated:
    """A stretch of a note with its short forms in full.

    Args:
        begin: where in the note the stretch begins, in code points.
        text: the stretch, with long forms in it.
        edits: what of it the note writes otherwise, in reading order.
    """

    def __init__(self, begin: int, text: str, edits: Sequence[_Edit]) -> None:
        self.text = text
        self._begin = begin
        self._edits = edits
        self._starts = [edit.start for edit in edits]
        self._stops = [edit.stop for edit in edits]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Where in the note `text[start:end]` stands.

        Returns:
            None for a stretch that holds no short form and something beside it, and for one that
            begins or ends within a long form.
        """
        before = bisect_right(self._stops, start)
        until = bisect_left(self._starts, end)
        inside = self._edits[before:until]
        if not inside or inside[0].start < start or inside[-1].stop > end:
            return None
        if len(inside) == 1 and (inside[0].start, inside[0].stop) == (start, end):
            return None
        return self._in_note(start, before), self._in_note(end, until)

    def _in_note(self, at: int, n_edits: int) -> int:
        """The place in the note of a place behind so many edits."""
        if not n_edits:
            return self._begin + at
        last = self._edits[n_edits - 1]
        return last.end + at - last.stop


def restated(text: str, start: int, end: int, short_forms: Sequence[ShortForm]) -> Restated | None:
    """The stretch `text[start:end]` of a note with its short forms in full; None if it has none.

    Args:
        short_forms: of the whole note, as `defined_in` gives them.
    """
    first = bisect_left(short_forms, start, key=lambda short: short.start)
    said, length, done = [], 0, start
    edits = []
    for short in islice(short_forms, first, None):
        if short.end > end:
            break
        opens = _OPENS.search(text, max(done, short.start - 2), short.start)
        closes = _CLOSES.match(text, short.end, end)
        if opens and closes:
            begin, stop, full = done + len(text[done : opens.start()].rstrip()), closes.end(), ""
        else:
            begin, stop = short.start, short.end
            full = without_repeat(short.long_form, text[stop : stop + _AROUND])
        said += [text[done:begin], full]
        length += begin - done
        edits.append(_Edit(length, length + len(full), begin, stop))
        length += len(full)
        done = stop
    if not edits:
        return None
    said.append(text[done:end])
    return Restated(start, "".join(said), edits)


def restated_in(text: str) -> Iterator[Restated]:
    """The stretches of a note in which names may hold short forms that it defines, or arrows."""
    short_forms: Sequence[ShortForm] = defined_in(text)
    if arrows := arrows_in(text):
        short_forms = sorted([*short_forms, *arrows])
    begin = end = 0
    for short in short_forms:
        if end and short.start - _AROUND > end:
            yield from _stretch(text, begin, end, short_forms)
            end = 0
        if not end:
            begin = max(0, short.start - _AROUND)
        end = min(len(text), short.end + _AROUND)
    if end:
        yield from _stretch(text, begin, end, short_forms)


def _stretch(
    text: str, begin: int, end: int, short_forms: Sequence[ShortForm]
) -> Iterator[Restated]:
    """`text[begin:end]` without the words that it cuts."""
    while 0 < begin < end and not text[begin - 1].isspace():
        begin += 1
    while begin < end < len(text) and not text[end].isspace():
        end -= 1
    found = restated(text, begin, end, short_forms)
    if found is not None:
        yield found


def without_repeat(long_form: str, behind: str) -> str:
    """A long form without its last word, if that stands behind it already: "HIV infection"."""
    *first, last = long_form.split()
    after = stems(behind)[:1]
    return " ".join(first) if first and after == stems(last) else long_form

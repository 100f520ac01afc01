"""Where a text may be naming something, and which of such places stay where they overlap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linker.schema import Mention


class Match(NamedTuple):
    """A stretch of a text that may be a name.

    Attributes:
        start, end: half-open, in code points of the text.
        n_words: of the name; more words are a better match.
        long_form: what to look up in its place, if anything.
        row: the name, -1 where it is none of its own.
        doubtful: letters that stand for a disorder, if the note says so.
        local: the house gave this name, and means it wherever it stands.
    """

    start: int
    end: int
    n_words: int
    long_form: str | None
    row: int = -1
    doubtful: bool = False
    local: bool = False


def mention_of(text: str, match: Match) -> Mention:
    """The mention of a match in its text."""
    stretch = text[match.start : match.end]
    # An apostrophe at the end of a word closes a quotation, or makes a genitive ("the seizures'").
    if stretch[-2:-1].isalpha() and stretch[-1] in "'\u2019":
        stretch = stretch[:-1]
    return Mention(match.start, match.start + len(stretch), stretch, long_form=match.long_form)


def longest(matches: list[Match]) -> list[Match]:
    """Matches without overlaps: those of more words first, then the longer, then the earlier."""
    kept: list[Match] = []
    taken = bytearray(max((match.end for match in matches), default=0))
    for match in sorted(matches, key=_rank):
        start, end = match.start, match.end
        if taken.find(1, start, end) < 0:
            taken[start:end] = b"\1" * (end - start)
            kept.append(match)
    return kept


def each_span(matches: list[Match]) -> Iterable[Match]:
    """One match for each span."""
    best: dict[tuple[int, int], Match] = {}
    for match in sorted(matches, key=_rank):
        best.setdefault((match.start, match.end), match)
    return best.values()


def _rank(match: Match) -> tuple[int, int, int, bool]:
    # The long form of an abbreviation comes last: a name of the index that is spelled out wins.
    return -match.n_words, match.start - match.end, match.start, match.long_form is not None

"""The words of some texts as columns: what the detectors compute with, many notes at once.

What is known of a word (its stem, the hash of that, what it is to the dictionary matcher) is looked
up once for each distinct word that a detector meets, and kept in a bounded vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from linker.detect.dictionary.composites import JOINTS
from linker.detect.dictionary.grams import SIDES, Hashes, Positions
from linker.detect.dictionary.lay import is_of_saying
from linker.detect.dictionary.variants import entry_of
from linker.detect.sentences import hard_breaks, plain_newlines
from linker.text import Word, pieces, stem, word_hash

# What stands between two words of one mention: spaces, one line break, a hyphen, slash, apostrophe,
# the sign of a number ("Tylenol #3").
_GLUE = re.compile(r"[ \t\u00a0]*(?:[-‐‑–/'’+#][ \t\u00a0]*)?(?:\r?\n[ \t]*)?")
_COMMA = re.compile(r"[ ]?,[ \t]*(?:\r?\n[ \t]*)?")
_BREAKS, _SLASH = 1, 2
"""What a gap between two words is: it ends a run; it is a slash."""

_KEPT_WORDS = 1 << 17
_KEPT_GAPS = 1 << 12

_TERM = np.dtype(
    [
        ("hash", np.uint64),
        ("entry", np.int16),
        ("side", np.bool_),
        ("joint", np.bool_),
        ("marked", np.bool_),
        ("lay", np.bool_),
    ]
)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Words, text by text in reading order: equally long columns.

    Attributes:
        text: which text.
        start, end: where in it, half-open, in code points.
        position: which of all words.
        run: which run: a stretch that a mention may span. A full stop, a bullet, a bracket or the
            border of a table cell ends one, and so does the end of the text or of a line that is
            not full; a space, a hyphen, a comma or the end of a full line does not.
        term: which word of the vocabulary.
        hash: that of its stem; 0 for a stop word.
        entry: what it is to `linker.detect.dictionary.variants`.
        side: it says on which side, and not what.
        joint: it is "and" or "or".
        slash: nothing but a slash stands between it and the word before.
        marked: as the vocabulary was told.
        lay: sayings of patients are looked for around it.
    """

    text: Positions
    start: Positions
    end: Positions
    position: Positions
    run: Positions
    term: Positions
    hash: Hashes
    entry: npt.NDArray[np.int16]
    side: Flags
    joint: Flags
    slash: Flags
    marked: Flags
    lay: Flags

    def __len__(self) -> int:
        return len(self.term)

    def __getitem__(self, at: Positions | Flags | slice) -> Tokens:
        return Tokens(*(getattr(self, field.name)[at] for field in fields(self)))

    def content(self) -> Tokens:
        """Those that are no stop words."""
        return self[np.flatnonzero(self.hash)]


class Vocabulary(dict[str, int]):
    """Numbers the distinct words of texts, and keeps what is known of each.

    It is for one thread at a time.

    Args:
        mark: a question about a word as it is written; the answer is `Tokens.marked`.
    """

    def __init__(self, mark: Callable[[str], bool] = lambda _: False) -> None:
        super().__init__()
        self._mark = mark
        self._gaps = _Gaps()
        self._stems: list[str] = []
        self._terms = np.zeros(1024, dtype=_TERM)

    def __missing__(self, word: str) -> int:
        own = stem(word)
        side, joint = own in SIDES, own in JOINTS
        row = (word_hash(own), entry_of(own), side, joint, self._mark(word), is_of_saying(word))
        # Looked up first, kept then, numbered last: Ctrl-C between any two of these lines leaves
        # only what the next word overwrites.
        number = len(self)
        if number == len(self._terms):
            self._terms = np.concatenate([self._terms, np.zeros_like(self._terms)])
        self._stems[number:] = [own]
        self._terms[number] = row
        self[word] = number
        return number

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The words of some texts. Those of earlier calls are no longer to be asked about."""
        if len(self) > _KEPT_WORDS:
            self.clear()
            self._stems.clear()
        cut = [pieces(text) for text in texts]
        counts = [len(parts) // 2 for parts in cut]
        bounds = np.cumsum([0, *counts])
        start, end, term, gap = (np.empty(bounds[-1], dtype=np.int64) for _ in range(4))
        for i, parts in enumerate(cut):
            n, own = counts[i], slice(bounds[i], bounds[i + 1])
            ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))
            start[own], end[own] = ends[:-1:2], ends[1::2]
            term[own] = np.fromiter(map(self.__getitem__, parts[1::2]), np.int64, n)
            gap[own] = np.fromiter(map(self._gaps.__getitem__, parts[:-1:2]), np.int64, n)
            gap[own.start : own.start + 1] = _BREAKS
            gap[own.start + _behind_lines(texts[i], start[own])] |= _BREAKS
        known = self._terms[term]
        return Tokens(
            text=np.repeat(np.arange(len(cut)), counts),
            start=start,
            end=end,
            position=np.arange(len(term)),
            run=np.cumsum(gap & _BREAKS != 0),
            term=term,
            slash=gap & _SLASH != 0,
            **{name: np.ascontiguousarray(known[name]) for name in _TERM.names or ()},
        )

    def stems(self, terms: Positions) -> list[str]:
        """The stems of some words of the last call of `tokens`, as `Tokens.term` numbers them."""
        return [self._stems[term] for term in terms.tolist()]

    def words(self, tokens: Tokens) -> list[Word]:
        """Some words of the last call of `tokens`, one by one."""
        columns = (tokens.start.tolist(), tokens.end.tolist(), self.stems(tokens.term))
        return [Word(*word) for word in zip(*columns, strict=True)]


class _Gaps(dict[str, int]):
    """What the gaps between words are, each distinct one looked at once."""

    def __missing__(self, gap: str) -> int:
        if len(self) > _KEPT_GAPS:
            self.clear()
        glue = gap == " " or _GLUE.fullmatch(gap) or _COMMA.fullmatch(gap)
        kind = (0 if glue else _BREAKS) | (_SLASH if gap.strip() == "/" else 0)
        self[gap] = kind
        return kind


def _behind_lines(text: str, starts: Positions) -> Positions:
    """Which words are the first behind a line that ends a sentence: an item of a list, a header."""
    breaks = hard_breaks(plain_newlines(text))
    behind = np.searchsorted(starts, np.fromiter(breaks, np.int64, len(breaks)))
    return behind[behind < len(starts)]


def together(texts: Sequence[str], characters: int) -> Iterator[Sequence[str]]:
    """Cut texts into groups of at least so many characters but for the last, in their order."""
    first, size = 0, 0
    for i, text in enumerate(texts):
        size += len(text)
        if size >= characters:
            yield texts[first : i + 1]
            first, size = i + 1, 0
    if first < len(texts):
        yield texts[first:]

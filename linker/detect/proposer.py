"""The span proposer: phrases that are no name, of words that names are made of.

"low blood sodium" is in no list that has only "hyponatremia", yet its words are words of names. A
phrase is a run of content words, between words that no name has; its last words are phrases too
("severe low blood sodium"). Each is put to the linker, whose probability decides: a proposal that
does not link is dropped, and costs an encoder run all the same. So it is off unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from linker.checked import Checked, shipped
from linker.detect.combine import longest_first
from linker.detect.dictionary.tokens import Vocabulary
from linker.detect.sentences import plain_text
from linker.index import Index
from linker.schema import Mention
from linker.text import stem, stems, word_hash

MIN_WORDS, MAX_WORDS = 2, 5
"""Content words of a proposal: one word that is no name is seldom a concept."""

_STEP = 65_536


class _Words(Checked):
    words: frozenset[str]


class SpanProposer:
    """Proposes phrases of the index's words. The linker drops those that do not link.

    Args:
        index: whose words to look for.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        # Numbers are words of names, and of no phrase that is a concept.
        self._words = Vocabulary(lambda word: stem(word).isdigit())

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The longest proposals of each text. See `Detector`."""
        return [longest_first(mentions) for mentions in self.detect_all(texts)]

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        """All proposals of each text, in the order of their starts, the longer first."""
        return [list(self._propose(text)) for text in texts]

    def _propose(self, text: str) -> Iterator[Mention]:
        content = self._words.tokens([plain_text(text)]).content()
        usable = np.isin(content.hash, self._known) & ~content.marked
        # Neither falls: their sum changes where a run ends or a word comes between.
        phrase = (content.run + np.cumsum(~usable))[usable]
        content = content[usable]
        starts, ends = content.start.tolist(), content.end.tolist()
        firsts = np.flatnonzero(np.diff(phrase, prepend=-1)).tolist()
        for first, stop in pairwise([*firsts, len(phrase)]):
            for begin in range(max(first, stop - MAX_WORDS), stop - MIN_WORDS + 1):
                start, end = starts[begin], ends[stop - 1]
                if "," not in text[start:end]:
                    yield Mention(start, end, text[start:end], proposed=True)

    @cached_property
    def _known(self) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        """The hashes of the words of all names but those that join words, sorted."""
        store = self._index.store
        known: set[str] = set()
        for start in range(0, store.n_names, _STEP):
            for name in store.normals(start, min(start + _STEP, store.n_names)):
                known.update(stems(name))
        known -= _joining_words()
        return np.unique(np.array([*map(word_hash, known)], dtype=np.uint64))


@lru_cache(maxsize=1)
def _joining_words() -> frozenset[str]:
    return shipped(_Words, __package__, "joining_words.toml").words

"""The span proposer: phrases that are no name, of words that names are made of.

"low blood sodium" is in no list that has only "hyponatremia", yet its words are words of names. A
phrase is a run of content words, between words that no name has; its last words are phrases too
("severe low blood sodium"). Each is put to the linker, whose probability decides: a proposal that
does not link is dropped, and costs an encoder run all the same. So it is off unless asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np

from linker.config import read_toml
from linker.detect.combine import longest_first
from linker.detect.grams import runs
from linker.index import Index
from linker.schema import Mention
from linker.text import Word, readable, word_hash, words

MIN_WORDS, MAX_WORDS = 2, 5
"""Content words of a proposal: one word that is no name is seldom a concept."""

_STEP = 65_536


class SpanProposer:
    """Proposes phrases of the index's words. The linker drops those that do not link.

    Args:
        index: whose words to look for.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def detect(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The longest proposals of each text. See `Detector`."""
        return [longest_first(mentions) for mentions in self.detect_all(texts)]

    def detect_all(self, texts: Sequence[str]) -> list[list[Mention]]:
        """All proposals of each text, in the order of their starts, the longer first."""
        return [list(self._propose(text)) for text in texts]

    def _propose(self, text: str) -> Iterator[Mention]:
        safe = readable(text)
        found = words(safe)
        for phrase in self._phrases(found, runs(safe, found).tolist()):
            content = [word for word in phrase if word.stem]
            for first in range(max(0, len(content) - MAX_WORDS), len(content) - MIN_WORDS + 1):
                start, end = content[first].start, content[-1].end
                if "," not in text[start:end]:
                    yield Mention(start, end, text[start:end], proposed=True)

    def _phrases(self, found: Sequence[Word], run: Sequence[int]) -> Iterator[list[Word]]:
        """Words of names in a row, stop words among them."""
        hashes = np.array([word_hash(word.stem) for word in found], dtype=np.uint64)
        known = np.isin(hashes, self._vocabulary).tolist()
        phrase: list[Word] = []
        for i, word in enumerate(found):
            if phrase and run[i] != run[i - 1]:
                yield phrase
                phrase = []
            if known[i] and not word.stem.isdigit():
                phrase.append(word)
            elif word.stem:
                yield phrase
                phrase = []
            elif phrase:
                phrase.append(word)
        yield phrase

    @cached_property
    def _vocabulary(self) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        """The hashes of the words of all names but those that join words, sorted."""
        store = self._index.store
        stems: set[str] = set()
        for start in range(0, store.n_names, _STEP):
            for name in store.normals(start, min(start + _STEP, store.n_names)):
                stems.update(word.stem for word in words(name))
        stems -= _joining_words() | {""}
        return np.unique(np.array([word_hash(stem) for stem in stems], dtype=np.uint64))


@lru_cache(maxsize=1)
def _joining_words() -> frozenset[str]:
    return frozenset(read_toml(resources.files(__package__) / "data/joining_words.toml")["words"])

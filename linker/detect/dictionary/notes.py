"""Some notes as the dictionary matcher sees them: their words, and every n-gram with its hash."""

from __future__ import annotations

from collections.abc import Sequence

from linker.detect.dictionary.grams import Positions, grams, sums_of
from linker.detect.dictionary.tokens import Tokens


class Notes:
    """Some notes, looked at together.

    Attributes:
        texts: as `plain_text` has them.
        defined: the strings that stand alone in parentheses, of each.
        tokens: the words.
        content: those that are no stop words.
        grams: the first word, and the number of words, of every n-gram of `content`.
        keys: the hash of each n-gram.
    """

    def __init__(
        self, texts: Sequence[str], defined: Sequence[frozenset[str]], tokens: Tokens
    ) -> None:
        self.texts = texts
        self.defined = defined
        self.tokens = tokens
        self.content = tokens.content()
        self.grams = first, length = grams(self.content.position, self.content.run)
        sums = sums_of(self.content.hash)
        self.keys = sums[first + length] - sums[first]

    def place(self, gram: int) -> tuple[int, int, int]:
        """Which text an n-gram is of, and where in it: half-open, in code points."""
        first, length = self.grams
        begin, last = first[gram], first[gram] + length[gram] - 1
        content = self.content
        return int(content.text[begin]), int(content.start[begin]), int(content.end[last])

    def terms(self, gram: int) -> Positions:
        """The words of an n-gram, as the vocabulary numbers them."""
        first, length = self.grams
        return self.content.term[first[gram] : first[gram] + length[gram]]

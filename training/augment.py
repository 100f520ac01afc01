"""Abstracts made to look like notes: other case, fewer marks, other names in a mention's place."""

from __future__ import annotations

import random
from dataclasses import dataclass

from corpus import Tokens
from spacy.language import Language


@dataclass(frozen=True, slots=True)
class Augmenter:
    """Changes a text at random, and its labelled spans with it.

    Attributes:
        names: for a label, names that may stand in the place of a mention, each as its words.
        swap, lower, upper, bare: the share of mentions that get another name; of texts in small
            letters, in capitals, and without punctuation.
    """

    names: dict[str, list[tuple[str, ...]]]
    swap: float = 0.15
    lower: float = 0.10
    upper: float = 0.08
    bare: float = 0.05

    def __call__(self, tokens: Tokens, rng: random.Random) -> Tokens:
        """A changed copy."""
        tokens = self._swapped(tokens, rng)
        draw = rng.random()
        if draw < self.lower:
            return _mapped(tokens, str.lower)
        if draw < self.lower + self.upper:
            return _mapped(tokens, str.upper)
        if draw < self.lower + self.upper + self.bare:
            return _without_marks(tokens)
        return tokens

    def _swapped(self, tokens: Tokens, rng: random.Random) -> Tokens:
        words: list[str] = []
        spaces: list[bool] = []
        spans = []
        at = 0
        for start, end, label in tokens.spans:
            words += tokens.words[at:start]
            spaces += tokens.spaces[at:start]
            new = tokens.words[start:end]
            gaps = tokens.spaces[start:end]
            # A short form stays: what it stands for is written elsewhere in the text.
            if rng.random() < self.swap and not (len(new) == 1 and new[0].isupper()):
                name = rng.choice(self.names[label])
                if not name[0].isupper():
                    name = (name[0].lower(), *name[1:])
                # Spaces inside are not kept: they are no feature of the model.
                new, gaps = name, (*(True,) * (len(name) - 1), gaps[-1])
            spans.append((len(words), len(words) + len(new), label))
            words += new
            spaces += gaps
            at = end
        words += tokens.words[at:]
        spaces += tokens.spaces[at:]
        return Tokens(tuple(words), tuple(spaces), tuple(spans))


def _mapped(tokens: Tokens, change) -> Tokens:
    return Tokens(tuple(map(change, tokens.words)), tokens.spaces, tokens.spans)


def _without_marks(tokens: Tokens) -> Tokens:
    inside = {i for start, end, _ in tokens.spans for i in range(start, end)}
    keep = [i for i, w in enumerate(tokens.words) if i in inside or w not in {".", ",", ";", ":"}]
    new = {old: i for i, old in enumerate(keep)}
    return Tokens(
        tuple(tokens.words[i] for i in keep),
        tuple(tokens.spaces[i] for i in keep),
        tuple((new[start], new[end - 1] + 1, label) for start, end, label in tokens.spans),
    )


def name_words(nlp: Language, names: dict[str, list[str]]) -> dict[str, list[tuple[str, ...]]]:
    """The names as the words of the pipeline's tokenizer."""
    return {
        label: [tuple(token.text for token in nlp.make_doc(name)) for name in of_label]
        for label, of_label in names.items()
    }

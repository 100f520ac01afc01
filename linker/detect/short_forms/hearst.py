"""The long form of a short form, by its letters: Schwartz and Hearst (2003).

"A simple algorithm for identifying abbreviation definitions in biomedical text", Pacific Symposium
on Biocomputing 8, figure 1; to the letter as scispaCy has it (`scispacy.abbreviation`), which the
tests hold it to. Over plain words: scispaCy's wants spaCy's spans, and importing spaCy takes longer
than annotating a hundred notes.
"""

from __future__ import annotations

from collections.abc import Sequence


def long_form_start(words: Sequence[str], short: str) -> int | None:
    """Where among the words before a short form its long form begins; it ends with the last one.

    From the right, each letter and digit of the short form takes the nearest place to the left that
    has it, whatever the case; the first one must begin a word or part of one.

    Args:
        words: what may hold the long form, in reading order.
        short: the short form.

    Returns:
        An index into `words`; None if they do not hold the letters.
    """
    text = " ".join(words)
    at = len(text) - 1
    for i in range(len(short) - 1, -1, -1):
        letter = short[i].lower()
        if not letter.isalnum():
            continue
        while (at >= 0 and text[at].lower() != letter) or (
            i == 0 and at > 0 and text[at - 1].isalnum()
        ):
            at -= 1
        if at < 0:
            return None
        at -= 1
    end = 0
    for n, word in enumerate(words):
        end += len(word) + 1
        if end > at + 1:
            return n
    return None

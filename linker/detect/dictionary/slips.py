"""Symptoms that are often misspelt: "nausia", "diahrrea", "palpatations".

Forums and triage notes are full of them. To look for slips of every name finds plain English in
notes ("strips", "injection"); of these words, which are `misspelt` in `data/short_names.toml`, no
English word is a slip.
"""

from __future__ import annotations

from collections.abc import Iterable

ByEnds = dict[tuple[str, str, int], tuple[str, ...]]
"""Words by a first letter, a last letter and a length that a slip of theirs may have."""


def by_ends(words: Iterable[str]) -> ByEnds:
    """Words by their ends, which a slip leaves as they are, and its length."""
    found: ByEnds = {}
    for word in words:
        for length in range(len(word) - 1, len(word) + 2):
            key = word[0], word[-1], length
            found[key] = (*found.get(key, ()), word)
    return found


def without_slip(word: str, right: ByEnds) -> str | None:
    """The word of which another is a slip: a letter left out, put in or changed, or some swapped.

    Args:
        word: in lower case; if it is one of them, it is none of its own slips.
        right: as by `by_ends`.
    """
    alike = right.get((word[0], word[-1], len(word)), ()) if word else ()
    return next((own for own in alike if _is_slip(word, own)), None)


def _is_slip(word: str, right: str) -> bool:
    if word == right:
        return False
    shortest = min(len(word), len(right))
    start = next((i for i in range(shortest) if word[i] != right[i]), shortest)
    rest, own = word[start:], right[start:]
    shortest = min(len(rest), len(own))
    same = next((i for i in range(shortest) if rest[~i] != own[~i]), shortest)
    rest, own = rest[: len(rest) - same], own[: len(own) - same]
    return max(len(rest), len(own)) <= 1 or (2 <= len(rest) <= 3 and rest == own[::-1])

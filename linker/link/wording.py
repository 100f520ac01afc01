"""Queries that are a name in another wording, and so mean what it means.

"Haematuria" is hematuria, and "hypoplasia of the fibula" fibular hypoplasia: a small encoder takes
the first for a stranger, and the second for aplasia as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linker.detect import entry_of, in_other_words, is_list, same_in_other_words
from linker.index import Index
from linker.text import american, stems, word_hash


def in_other_spelling(index: Index, normal: str, rows: Sequence[int]) -> int | None:
    """The first of some names' rows that is a normal form in the other spelling of English."""
    for row in rows:
        if american(index.store.normal(row)) == american(normal):
            return row
    return None


def as_noun_or_adjective(index: Index, normal: str) -> int | None:
    """The row of the name that says a normal form with a noun for an adjective, or the reverse.

    Of several the one with most of the words themselves, then the first.
    """
    asked = stems(normal)
    if len(asked) < 2 or is_list(normal, asked):
        return None
    hashes = np.array([*map(word_hash, asked)], dtype=np.uint64)
    entries = np.array([*map(entry_of, asked)], dtype=np.int16)
    whole = np.array([len(asked)], dtype=np.int64)
    _, added = in_other_words(entries, hashes, np.zeros(1, dtype=np.int64), whole)
    if not len(added):
        return None
    _, rows = index.lexicon.find(hashes.sum(dtype=np.uint64) + added)
    names = {row: stems(index.store.normal(row)) for row in rows.tolist()}
    fitting = [row for row, name in names.items() if same_in_other_words(asked, name)]
    return min(fitting, key=lambda row: (-len({*asked} & {*names[row]}), row), default=None)

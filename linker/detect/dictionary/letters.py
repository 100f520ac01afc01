"""Letters that a terminology has as a name, and that mean another thing in a note: "RB", "CIA"."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import compress

import numpy as np

from linker.detect.dictionary.disorders import is_letters, means_another_thing, spelled_out
from linker.detect.dictionary.match import Match
from linker.index import Store


def supported(
    text: str, matches: list[Match], defined: frozenset[str], store: Store
) -> list[Match]:
    """Leave out the short capitals that only seem to be names of the index.

    Two letters mean too many things, and what stands in parentheses is defined by the note: it
    takes another name of the same concept in the note to say that this one is meant. Letters
    that stand for a disorder need one that has these letters: RB1 is no retinoblastoma.

    Args:
        defined: the strings that stand alone in parentheses in the text.
    """
    strings = [text[match.start : match.end] for match in matches]
    # An abbreviation that is another thing somewhere is another thing everywhere.
    others = {
        string
        for match, string in zip(matches, strings, strict=True)
        if is_letters(string)
        and not match.local
        and means_another_thing(text, match.start, match.end)
    }
    if others:
        kept = [string not in others for string in strings]
        matches, strings = [*compress(matches, kept)], [*compress(strings, kept)]
    doubtful = {
        match
        for match, short in zip(matches, strings, strict=True)
        if match.long_form is None
        and not match.local
        and (
            match.doubtful
            or (short.isupper() and (len(short) <= 2 or (short in defined and len(short) <= 5)))
        )
    }
    if not doubtful:
        return matches
    concepts = {match: [pair.concept for pair in store.pairs(match.row)] for match in doubtful}
    sure = [match for match in matches if match.row >= 0 and match not in doubtful]
    known = _named(store, text, sure, {c for own in concepts.values() for c in own})

    def is_known(match: Match) -> bool:
        letters = text[match.start : match.end]
        return any(
            concept in known
            and (len(letters) <= 2 or not match.doubtful or spelled_out(letters, known[concept]))
            for concept in concepts[match]
        )

    return [match for match in matches if match not in doubtful or is_known(match)]


def _named(
    store: Store, text: str, matches: Sequence[Match], concepts: Collection[int]
) -> dict[int, set[str]]:
    """How a text names some concepts: those of them that have a match."""
    found = store.pair_rows(np.array([m.row for m in matches], dtype=np.int64))
    asked = np.isin(found.concept, list(concepts))
    named: dict[int, set[str]] = {}
    for at, concept in zip(found.name[asked].tolist(), found.concept[asked].tolist(), strict=True):
        match = matches[at]
        named.setdefault(concept, set()).add(text[match.start : match.end])
    return named

"""Queries that are a name in another wording, and so mean what it means.

"Haematuria" is hematuria, "rashes" are a rash, "hypoplasia of the fibula" is fibular hypoplasia,
"glutamate" glutamic acid, and "pnuemonia" pneumonia: a small encoder takes the first and the last
for strangers, and the third for aplasia as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, combinations
from string import ascii_lowercase

import numpy as np

from linker.checked import Checked, shipped
from linker.index import MAX_WORDS, Index
from linker.text import bag_hash, inflected, normalise, readable, stem, stems

_DIRECTED = re.compile(r"(\w+)[ -]to[ -](\w+)")
_SALT = re.compile(r"[a-z]{2}ate$")
_WORDS_OF_DIRECTION = (
    ("low", "decreased", "reduced", "diminished", "decrease"),
    ("high", "elevated", "increased", "raised", "increase"),
)
_DIRECTION = {word: words for words in _WORDS_OF_DIRECTION for word in words}
_MEASURED = ("blood", "cell", "circulating", "serum", "level", "count", "concentration")
_NUMBERED = re.compile(r"(?<=[^\W\d_])[ -]?(?=\d)|(?<=\d)[ -]?(?=[^\W\d_])")
"""Where a letter and a digit meet, with or without a space or hyphen: "HER-2", "HER2"."""
_INORGANIC = (
    "arsenate", "borate", "carbonate", "chlorate", "chromate", "nitrate", "phosphate", "silicate",
    "sulfate", "sulphate",
)  # fmt: skip
_KINDS = ("complex", "pathway")
"""What stands last in names that say with it no more than what kind of thing they name. Not
"disease" or "cell": an eyeball is no eye disease, and blood no blood cell."""
_LEAST_OF_KIND = 3
"""Letters of a query that may lack its kind."""
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_IN_FIGURES = {word: str(number) for number, word in enumerate(_NUMBERS, start=1)}
_OTHER_NUMBER = {**_IN_FIGURES, **{figures: word for word, figures in _IN_FIGURES.items()}}
_DOUBLE = re.compile(r"(.)\1")
_SHORTEST, _LONGEST = 5, 40
"""Letters of a word that may be misspelt: shorter ones are too near each other, and a longer one is
no word: the longest names of chemicals are cut at their hyphens."""


class _Words(Checked):
    words: tuple[str, ...]


def singular(index: Index, query: str, normal: str, rows: Sequence[int]) -> str:
    """A query without the ending by which it is the plural of a name; else the query.

    Args:
        normal: its normal form.
        rows: the names that have its words, in any order and inflection.
    """
    written = readable(query).rstrip()
    for row in rows:
        name = index.store.normal(row)
        for ending in ("s", "es"):
            if normal == f"{name}{ending}" and written.lower().endswith(ending):
                return written[: -len(ending)]
    return query


def in_other_order(index: Index, normal: str, rows: Sequence[int]) -> int | None:
    """The first of some names' rows that has the very words of a normal form, however written.

    In another order, in the other spelling of English, with Roman numbers: "stage IV kidney
    disease". The encoder takes that for stage I. Names in the same order stand before others, and
    "left to right" is no other order of "right to left".
    """
    asked = inflected(normal)
    names = [(row, index.store.normal(row)) for row in rows]
    for row, name in names:
        if inflected(name) == asked:
            return row
    for row, name in names:
        if sorted(inflected(name)) == sorted(asked) and not _is_reverse(normal, name):
            return row
    return None


def _is_reverse(normal: str, name: str) -> bool:
    """Whether a name goes to where a query comes from: "left to right", "right-to-left"."""
    match = _DIRECTED.search(normal)
    return match is not None and any(
        (back[1], back[2]) == (match[2], match[1]) for back in _DIRECTED.finditer(name)
    )


def as_acid(index: Index, normal: str) -> int | None:
    """The row of the acid of which a normal form is the ion or the salt: "glutamate".

    Who writes of glutamate in a body means glutamic acid, by which terminologies file it; an
    encoder takes it for the class of glutamates. Of inorganic acids the salts are other things.
    """
    if not _SALT.search(normal) or normal.endswith(_INORGANIC):
        return None
    return min(named(index, stems(f"{normal.removesuffix('ate')}ic acid")), default=None)


def as_measured(index: Index, normal: str) -> int | None:
    """The row of the name that says more of a measurement: "low sodium" is low blood sodium levels.

    What is measured, and where, goes without saying beside "low" and "high", each of which has
    other words. Where as few more words make names of two concepts, it is neither.
    """
    asked = stems(normal)
    at = [i for i, word in enumerate(asked) if word in _DIRECTION]
    if len(at) != 1 or len(asked) < 2:
        return None
    rest = asked[: at[0]] + asked[at[0] + 1 :]
    for n in range(3):
        said = [
            [word, *rest, *more]
            for more in combinations(_MEASURED, n)
            for word in _DIRECTION[asked[at[0]]]
        ]
        rows = [min(found) for found in named_all(index, said) if found]
        concepts = {frozenset(pair.concept for pair in index.store.pairs(row)) for row in rows}
        if len(concepts) == 1:
            return rows[0]
        if concepts:
            return None
    return None


def with_number_apart(index: Index, normal: str) -> int | None:
    """The row of the name that a normal form is but for how its numbers are set off: "E4031"."""
    if not _NUMBERED.search(normal):
        return None
    for written in (_NUMBERED.sub(" ", normal), _NUMBERED.sub("", normal)):
        rows = named(index, stems(written))
        if rows:
            return min(rows)
    return None


def in_other_numbers(index: Index, normal: str) -> int | None:
    """The row of the name that has its small numbers in figures, not in words, or the reverse.

    "Type two diabetes" is dictated. One alone is no number: "one kidney" is of one.
    """
    asked = stems(normal)
    said = [_OTHER_NUMBER.get(word, word) for word in asked]
    return min(named(index, said), default=None) if said != asked and len(asked) > 1 else None


def with_its_kind(index: Index, normal: str) -> int | None:
    """The row of the name that also says what kind of thing it is: "MCM" is the MCM complex.

    Where two kinds make names of two concepts, it is neither.
    """
    asked = stems(normal)
    if len(normal) < _LEAST_OF_KIND or not {*asked}.isdisjoint(_KINDS):
        return None
    rows = sorted(chain.from_iterable(named_all(index, [[*asked, kind] for kind in _KINDS])))
    concepts = {pair.concept for row in rows for pair in index.store.pairs(row)}
    return rows[0] if len(concepts) == 1 else None


def without_slip(index: Index, normal: str) -> int | None:
    """The row of the name that a normal form is with a slip of the pen in one of its words.

    The word is in no name at all, nor a plain one ("couch"), and begins as the right one does;
    where two words would make two names of it, it is neither.
    """
    asked = stems(normal)
    unknown = np.flatnonzero(~index.lexicon.knows(asked)).tolist()
    if len(unknown) != 1 or len(asked) > MAX_WORDS:
        return None
    at = unknown[0]
    word = asked[at]
    if not _SHORTEST <= len(word) <= _LONGEST or not (word.isascii() and word.isalpha()):
        return None
    if word in _plain_words():
        return None
    slips = sorted(_slips(word))
    right = [slips[i] for i in np.flatnonzero(index.lexicon.knows(slips)).tolist()]
    names = named_all(index, [[*asked[:at], said, *asked[at + 1 :]] for said in right])
    found = [(said, row) for said, rows in zip(right, names, strict=True) for row in rows]
    return min(found)[1] if len({said for said, _ in found}) == 1 else None


@lru_cache(maxsize=1)
def _plain_words() -> frozenset[str]:
    """The stems of words that are no slips of others."""
    return frozenset(map(stem, shipped(_Words, __package__, "plain_words.toml").words))


def named(index: Index, asked: Sequence[str]) -> list[int]:
    """The rows of the names that have these stems, in any order."""
    if not 1 <= len(asked) <= MAX_WORDS:
        return []
    bag, normal_of = sorted(asked), index.store.normal
    # The hash proposes; the words decide.
    rows = index.lexicon.rows_of(bag_hash(asked))
    return [row for row in rows if sorted(stems(normal_of(row))) == bag]


def rows_of(index: Index, text: str) -> list[int]:
    """The rows of the names that have the words of a text, in any order and inflection."""
    return named(index, stems(normalise(text)))


def named_all(index: Index, asked: Sequence[Sequence[str]]) -> list[list[int]]:
    """The same as `named`, for several bags of stems at once."""
    found: list[list[int]] = [[] for _ in asked]
    fitting = [i for i, bag in enumerate(asked) if 1 <= len(bag) <= MAX_WORDS]
    hashes = np.array([bag_hash(asked[i]) for i in fitting], dtype=np.uint64)
    for place, row in zip(*index.lexicon.find(hashes), strict=True):
        bag = asked[fitting[place]]
        if sorted(stems(index.store.normal(row))) == sorted(bag):
            found[fitting[place]].append(int(row))
    return found


def _slips(word: str) -> set[str]:
    """The words that one letter left out, put in, changed or swapped makes of one, not the first.

    Damerau (1964): four of five misspellings are one of these. Of the others, many are letters that
    stand double, or should.
    """
    cuts = [(word[:i], word[i:]) for i in range(1, len(word) + 1)]
    left_out = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    changed = {a + c + b[1:] for a, b in cuts if b for c in ascii_lowercase}
    put_in = {a + c + b for a, b in cuts for c in ascii_lowercase}
    return (left_out | swapped | changed | put_in | _doubled(word)) - {word}


def _doubled(word: str) -> set[str]:
    """The words that differ in which letters stand double, of these two at most: "hemmorhage"."""
    single = _DOUBLE.sub(r"\1", word)
    one = {single[:i] + single[i - 1 :] for i in range(1, len(single) + 1)}
    two = {
        single[:i] + single[i - 1 : j] + single[j - 1 :]
        for i, j in combinations(range(1, len(single) + 1), 2)
    }
    return {single} | one | two

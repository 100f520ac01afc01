"""The one normaliser, for build and run time alike.

Three views of a string, each with one purpose:

- `normalise`: the form that the encoder reads. Two names with one normal form share a vector.
- `words`: the words of a text with their offsets, and `stem`, the form in which the lexicon
  compares them: blind to case, accents, plural, possessive, Greek letters, American spelling.
  `stems`: those of a whole text. `pieces`: the words, and what stands between them.
- `readable`: the text itself, made safe for tokenizers without moving any offset. `typed`: as it
  would be typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣－"), "-")
_QUOTES = {**dict.fromkeys(map(ord, "‘’‚‛′`´ʼ"), "'"), **dict.fromkeys(map(ord, "“”„‟″"), '"')}
# Else NFKC makes letters of them, which a note's own word lacks: "Humira™" would be "humiratm".
_TRADE_MARKS = dict.fromkeys(map(ord, "™℠"), " ")
# Soft hyphens are seen at the end of a line only: typesetters and web pages put them into words.
_TABLE = {**_DASHES, **_QUOTES, **_TRADE_MARKS, 0xAD: None}
# Controls, format characters (zero-width joiners, byte-order marks) and lone surrogates; and the
# full-width forms of ASCII and of the space, as East Asian input methods write them.
_UNREADABLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u200b-\u200f\u2060"
    r"\uff01-\uff5e\u3000]"
)
_FOOTNOTE = re.compile("(?<=[a-z]{4})[\u00b9\u00b2\u00b3\u2070\u2074-\u2079]{1,3}(?![^\\W_])")
_FULL_WIDTH = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
_CONTROLS = {code: " " for code in range(0x80) if _UNREADABLE.match(chr(code))}

# A word is letters or digits with their combining marks, then perhaps an apostrophe and an ending.
_MARKS = "\u0300-\u036f"
_WORD = re.compile(rf"[^\W_][^\W_{_MARKS}]*(?:[{_MARKS}]+[^\W_]*)*(?:['’]s?(?![^\W_]))?")
_PIECES = re.compile(f"({_WORD.pattern})")

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega",
}  # fmt: skip
# Letters that are no letter with a mark: œdema, fœtal, Løken. A "ß" alone is a keyboard's beta.
_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "ß": "ss"}
_SPELT = {**_GREEK, **_LETTERS}
# "x" is left out: "x-ray" and "fragile X" are no tens.
_ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
}
STOP_WORDS = frozenset({"of", "the", "in", "on", "by", "to", "for", "at", "an"})
"""Words that a name may gain or lose without meaning another thing ("fracture of the femur")."""
_LATIN_PLURALS = ("oses", "yses", "stases", "theses", "crises")
_NO_LATIN_PLURAL = frozenset({
    "closes", "overdoses", "primroses", "purposes", "glucoses", "hexoses", "pentoses", "sucroses",
})  # fmt: skip
"""Plurals of words with an "e" that are long enough to be taken for them."""
_IN_CHE = frozenset({
    "aches", "backaches", "bellyaches", "douches", "earaches", "headaches", "heartaches",
    "moustaches", "mustaches", "stomachaches", "toothaches",
})  # fmt: skip
"""Plurals of words that end in "che": those of "patch" and "approach" lose the "e" as well."""


_AMERICAN_PARTS = {"ae": "e", "oe": "e", "sulph": "sulf", "leuco": "leuko", "neurone": "neuron"}
_BRITISH_PARTS = re.compile("|".join(_AMERICAN_PARTS))
_AMERICAN_ENDS = {
    "our": "or", "is": "iz", "ys": "yz", "tre": "ter", "bre": "ber", "vre": "ver",
    "inium": "inum",
}  # fmt: skip
_BRITISH_ENDS = re.compile(
    r"our(?=(?:al|ed|ing|able|ation|ful|less)?$)"
    # Not "raised", "rising", "disable", "incised", "supervised", "surprised", "compromised".
    r"|(?<=[a-z][a-z][bdfghklmnrtxz])(?<!pr)(?<!prem)(?<!prom)is(?=(?:e|ed|er|ing|able|ation)$)"
    r"|(?<=[a-z][a-z]l)ys(?=(?:e|ed|er|ing)$)"
    r"|[tbv]re$"
    r"|(?<=alum)inium$"
)
"""How a word ends in British spelling, and what is the American for it."""


class Word(NamedTuple):
    """A word of a text, `text[start:end]` in code points, and its stem ("" for a stop word)."""

    start: int
    end: int
    stem: str


_word = tuple.__new__


def readable(text: str) -> str:
    """Replace what tokenizers refuse (NUL, controls, lone surrogates), one character for one.

    Full-width letters, digits and signs become the plain ones, the raised number of a footnote
    blanks ("arthritis²", but "cm²"). Offsets into the result are offsets into `text`.
    """
    if text.isascii():
        # A tenth of the time that a search takes.
        return text.translate(_CONTROLS)
    text = _FOOTNOTE.sub(lambda found: " " * len(found[0]), text)
    return _UNREADABLE.sub(lambda found: _FULL_WIDTH.get(found.group(), " "), text)


@lru_cache(maxsize=65536)
def normalise(name: str) -> str:
    """The form of a name or mention that is embedded: NFKC, lower case, single spaces.

    Idempotent. Typographic dashes and quotation marks become the plain ones; trade mark signs
    become spaces, and soft hyphens nothing.
    """
    name = unicodedata.normalize("NFKC", readable(name).translate(_TABLE)).lower()
    # Lower-casing can undo NFKC (the dotted capital I), and NFKC can bring new spaces.
    return " ".join(unicodedata.normalize("NFKC", name).translate(_TABLE).split())


def typed(text: str) -> str:
    """A text with the dashes and quotation marks of a keyboard, single spaces, and no controls.

    Two texts are written alike, capitals and all, if they are equal so.
    """
    plain = readable(text)
    plain = plain if plain.isascii() else plain.translate(_TABLE)
    return " ".join(plain.split())


def words(text: str) -> list[Word]:
    """The words of a text in reading order. Punctuation, hyphens and underscores separate words."""
    # `Word(...)` is a Python function; this makes the same values in two thirds of the time.
    return [_word(Word, (m.start(), m.end(), stem(m.group()))) for m in _WORD.finditer(text)]


def pieces(text: str) -> list[str]:
    """A text cut into its words, at the odd places, and what stands before, between, behind them.

    The words are those of `words`. Joined, the pieces are the text.
    """
    return _PIECES.split(text)


def stems(text: str) -> list[str]:
    """The stems of the words of a text in reading order, stop words left out."""
    return [found for found in map(stem, _WORD.findall(text)) if found]


@lru_cache(maxsize=262144)
def stem(word: str) -> str:
    """The form in which the lexicon compares words; "" for a stop word.

    Light on purpose (Harman 1991, the "S" stemmer, with the Latin plurals of medicine): a heavy
    stemmer makes "hypertension" and "hypertensive" one, and no later step can part them.
    """
    word = _folded(word)
    if len(word) > 3 and not word[-1].isdigit():
        word = _singular(word)
    return _american(word) if len(word) > 4 else word


def inflected(text: str) -> list[str]:
    """The words of a text as `stems` gives them, but singular and plural apart."""
    found = (_folded(word) for word in _WORD.findall(text))
    return [_american_of_either(word) for word in found if word]


def _american_of_either(word: str) -> str:
    """A word in American spelling, a plural as the plural."""
    plural = len(word) > 5 and word.endswith("s") and not word.endswith("ss")
    root = word[:-1] if plural else word
    return (_american(root) if len(root) > 4 else root) + "s" * plural


def _folded(word: str) -> str:
    """A word without case, accents, possessive, Greek letters and Roman numbers."""
    word = word.translate(_TABLE)
    if word.isascii():
        word = word.lower()
    else:
        word = "β" if word == "ß" else unicodedata.normalize("NFKD", word).lower()
        word = "".join(_SPELT.get(c, c) for c in word if not unicodedata.combining(c))
    word = word.removesuffix("'").removesuffix("'s")
    return "" if word in STOP_WORDS else _ROMAN.get(word, word)


def _singular(word: str) -> str:
    if len(word) > 5 and word.endswith(_LATIN_PLURALS) and word not in _NO_LATIN_PLURAL:
        return f"{word[:-2]}is"
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")) and word not in _IN_CHE:
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _american(word: str) -> str:
    # Both sides of a comparison pass here, so "aerobic" may become "erobic": it still meets itself.
    word = _BRITISH_PARTS.sub(lambda match: _AMERICAN_PARTS[match[0]], word)
    return _BRITISH_ENDS.sub(lambda match: _AMERICAN_ENDS[match[0]], word)


@lru_cache(maxsize=262144)
def word_hash(stem: str) -> int:
    """64 bits of a stem; 0 for a stop word, so that it counts for nothing in `bag_hash`."""
    return hash_of(stem) if stem else 0


def hash_of(string: str) -> int:
    """64 bits of a string, the same on every machine."""
    return int.from_bytes(blake2b(string.encode(), digest_size=8).digest(), "little")


def bag_hash(stems: Iterable[str]) -> int:
    """64 bits of a bag of stems, whatever their order; 0 for a bag without any.

    A sum, so that the hash of every n-gram of a note is a difference of two prefix sums.
    """
    return sum(map(word_hash, stems)) & 0xFFFF_FFFF_FFFF_FFFF

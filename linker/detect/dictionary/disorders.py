"""Names of disorders that say too little by themselves: body parts, and letters nobody explains.

Terminologies of diseases hold, as names, the body part that a neoplasm is of ("skin", "thymus"),
and the letters by which geneticists file a syndrome ("PBS", "CBA", "CLN2"). In a text these are
the body part, a buffer, a mouse strain, a gene. Of 669 mentions in the train splits of CRAFT, NCBI
disease and BC5CDR by letters alone, with no other name of the disorder beside them, 21 named the
disorder. In other terminologies the same strings are what is meant: "skin" in an anatomy, "ATP"
among drugs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from linker.checked import Checked, shipped
from linker.detect.dictionary.word_groups import is_part
from linker.detect.short_forms.hearst import long_form_start
from linker.text import stem, stems

_LONGEST = 6
"""Characters of a short form that is taken for letters and not for a name in capitals."""
_BONE = stem("bone")
_BASES = re.compile(r"[ACGTU]{3,}")
_BASES_BEFORE = re.compile(r"(?:^|[^A-Za-z])[ACGTUN]{3,}['′’)]?[ -]\Z")
_BASES_AFTER = re.compile(r"[ -][ACGTUN]{3,}(?:[^A-Za-z]|$)")
_OF_A_MOLECULE = re.compile(r"[ -](?:domain|motif|promoter|plasmid|buffer|mRNA|cDNA|vector)s?\b")
SPREADS_TO = re.compile(
    r"\b(?:ca|cancer|carcinoma|disease|lymphoma|malignancy|melanoma|neoplasm|tumou?r)s? to\b",
    re.IGNORECASE,
)
"""What follows is where it went: "colon cancer to liver" is no liver cancer."""
_TOWN = re.compile(r"[A-Z][a-z]+,? \Z")
_COUNTRY = re.compile(r",? (?:USA|U\.S\.A|US|United States|\d{5})\b")


class _File(Checked):
    too_little: tuple[str, ...]
    positions: tuple[str, ...]


def says_too_little(stems: Sequence[str]) -> bool:
    """Whether words name no disorder, although a terminology of disorders has them as a name.

    Args:
        stems: of the content words of a text.
    """
    return tuple(stems) in _too_little() or _is_a_bone(stems)


def _is_a_bone(stems: Sequence[str]) -> bool:
    """Whether words are a bone or its part: HPO names a fracture so ("bone distal phalanx")."""
    return _BONE in stems and all(is_part(own) or own in _positions() for own in stems)


@lru_cache(maxsize=16384)
def is_letters(text: str) -> bool:
    """Whether a text is a word of at most six characters with two capitals, or one and a number.

    "PBS", "CLN2"; "L1", which is a vertebra where a leukemia is called so.
    """
    return (
        len(text) <= _LONGEST
        and text.isalnum()
        and (
            sum(c.isupper() for c in text.rstrip("s")) >= 2
            or (text[0].isupper() and text[1:].isdigit())
        )
    )


def spelled_out(letters: str, names: Iterable[str]) -> bool:
    """Whether one of some names has the letters and digits of a short form, in order."""
    return any(
        len(name) > len(letters) + 1 and long_form_start(name.split(), letters) is not None
        for name in names
    )


def means_another_thing(text: str, start: int, end: int) -> bool:
    """Whether the abbreviation `text[start:end]` is something else where it stands.

    A codon in a sequence ("CGT AAA TTC"), a state of the USA ("Santa Cruz, CA, USA"), a part of a
    molecule or a tool of the laboratory ("the DM domain").
    """
    before, after = text[max(0, start - 24) : start], text[end : end + 24]
    if _BASES.fullmatch(text, start, end):
        return bool(_BASES_BEFORE.search(before) or _BASES_AFTER.match(after))
    return bool(
        _OF_A_MOLECULE.match(after)
        or (end - start == 2 and _TOWN.search(before) and _COUNTRY.match(after))
    )


@lru_cache(maxsize=1)
def _data() -> _File:
    return shipped(_File, __package__, "disorders.toml")


@lru_cache(maxsize=1)
def _positions() -> frozenset[str]:
    return frozenset(map(stem, _data().positions))


@lru_cache(maxsize=1)
def _too_little() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(stems(text)) for text in _data().too_little)

"""Words with a prefix, hyphened in a note: "non-productive cough", "post-herpetic neuralgia".

A terminology may write them as one word, and what stands behind "non-", "anti-" or "pre-" is not
what the note says: neither a non-productive cough nor a productive one is named by "productive
cough" there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# fmt: off
_PREFIXES = (
    "ante", "anti", "antero", "auto", "bi", "brady", "broncho", "cardio", "cerebro", "contra",
    "cranio", "dys", "electro", "endo", "epi", "extra", "fibro", "fronto", "gastro", "genito",
    "hemi", "hemo", "hepato", "hyper", "hypo", "immuno", "infra", "inter", "intra", "lympho",
    "macro", "mal", "medi", "mega", "meta", "micro", "mid", "mono", "multi", "musculo", "myo",
    "naso", "neo", "nephro", "neuro", "non", "oculo", "oro", "osteo", "oto", "pan", "para",
    "parieto", "peri", "pneumo", "poly", "post", "postero", "pre", "pseudo", "psycho",
    "quadri", "re", "recto", "retro", "sacro", "semi", "sub", "super", "supra", "tachy",
    "temporo", "thrombo", "trans", "tri", "ultra", "under", "uni", "uro", "utero", "vaso",
    "ventriculo", "vesico",
)
# fmt: on
_PREFIX = re.compile(
    rf"(?<![\w-])(?:{'|'.join(sorted(_PREFIXES, key=len, reverse=True))})-(?=[^\W\d_]{{3}})",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(r"(?<![\w-])(?:(?:anti|non|pre)-|non )\Z", re.IGNORECASE)
_LONGEST_OTHERWISE = len("anti-") + 1
_JOINER = "\u0335"
"""Stands for the hyphen: a mark that words are compared without, as long as what it replaces."""
_AROUND = 60
"""Characters on each side of a prefix that a name with it may reach."""


def joined_in(text: str) -> Iterator[tuple[int, str]]:
    """The stretches of a note around prefixes, where each begins, their hyphens as joiners."""
    begin = end = 0
    if "-" not in text:
        return
    for match in _PREFIX.finditer(text):
        if end and match.start() - _AROUND > end:
            yield begin, _join(text[begin:end])
            end = 0
        if not end:
            begin = _word_start(text, max(0, match.start() - _AROUND))
        end = min(len(text), match.end() + _AROUND)
    if end:
        yield begin, _join(text[begin:end])


def in_one_word(stretch: str) -> str | None:
    """A stretch of what `joined_in` yields, its prefixed words in one; None if it has none."""
    return stretch.replace(_JOINER, "") if _JOINER in stretch else None


def is_prefixed(text: str, start: int) -> bool:
    """Whether a prefix in front makes what begins at `start` another thing: "non-", "anti-"."""
    return (
        start > 0
        and text[start - 1] in "- "
        and _OTHERWISE.search(text, max(0, start - _LONGEST_OTHERWISE), start) is not None
    )


def _join(text: str) -> str:
    return _PREFIX.sub(lambda match: match.group()[:-1] + _JOINER, text)


def _word_start(text: str, at: int) -> int:
    """The first place from `at` on where no word is cut."""
    while 0 < at < len(text) and not text[at - 1].isspace():
        at += 1
    return at

"""Words with a prefix, hyphened in a note: "non-productive cough", "post-herpetic neuralgia".

A terminology may write them as one word, and what stands behind "non-", "anti-" or "pre-" is not
what the note says: neither a non-productive cough nor a productive one is named by "productive
cough" there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# fmt: off
_PREFIXES = frozenset((
    "ante", "anti", "antero", "auto", "bi", "brady", "broncho", "cardio", "cerebro", "contra",
    "cranio", "dys", "electro", "endo", "epi", "extra", "fibro", "fronto", "gastro", "genito",
    "hemi", "hemo", "hepato", "hyper", "hypo", "immuno", "infra", "inter", "intra", "lympho",
    "macro", "mal", "medi", "mega", "meta", "micro", "mid", "mono", "multi", "musculo", "myo",
    "naso", "neo", "nephro", "neuro", "non", "oculo", "oro", "osteo", "oto", "pan", "para",
    "parieto", "peri", "pneumo", "poly", "post", "postero", "pre", "pseudo", "psycho",
    "quadri", "re", "recto", "retro", "sacro", "semi", "sub", "super", "supra", "tachy",
    "temporo", "thrombo", "trans", "tri", "ultra", "under", "uni", "uro", "utero", "vaso",
    "ventriculo", "vesico",
))
# fmt: on
_HYPHEN = re.compile(r"-(?=[^\W\d_]{3})")
_BEFORE = re.compile(r"(?<![\w-])[^\W\d_]{2,10}\Z")
_LONGEST_PREFIX = 10
_OTHERWISE = re.compile(r"(?<![\w-])(?:(?:anti|non|pre)-|non )\Z", re.IGNORECASE)
_LONGEST_OTHERWISE = len("anti-") + 1
_JOINER = "\u0335"
"""Stands for the hyphen: a mark that words are compared without, as long as what it replaces."""
_AROUND = 60
"""Characters on each side of a prefix that a name with it may reach."""


def joined_in(text: str) -> Iterator[tuple[int, str]]:
    """The stretches of a note around prefixes, where each begins, their hyphens as joiners."""
    near: list[int] = []
    for at in _hyphens(text):
        if near and at - 2 * _AROUND > near[-1]:
            yield _joined(text, near)
            near = []
        near.append(at)
    if near:
        yield _joined(text, near)


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


def _hyphens(text: str) -> Iterator[int]:
    """Where a hyphen stands behind a prefix."""
    for hyphen in _HYPHEN.finditer(text):
        at = hyphen.start()
        before = _BEFORE.search(text, max(0, at - _LONGEST_PREFIX), at)
        if before is not None and before.group().lower() in _PREFIXES:
            yield at


def _joined(text: str, hyphens: list[int]) -> tuple[int, str]:
    begin = _word_start(text, max(0, hyphens[0] - _AROUND))
    stretch = [*text[begin : hyphens[-1] + _AROUND]]
    for at in hyphens:
        stretch[at - begin] = _JOINER
    return begin, "".join(stretch)


def _word_start(text: str, at: int) -> int:
    """The first place from `at` on where no word is cut."""
    while 0 < at < len(text) and not text[at - 1].isspace():
        at += 1
    return at

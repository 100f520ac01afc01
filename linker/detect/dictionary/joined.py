"""Words that a note writes in two pieces: "non-productive", "gall bladder", "micro-" and "cephaly".

A terminology may write them as one word, be there a prefix with a hyphen, a compound in two words,
a hyphen at the end of a line, or a soft one anywhere. And what stands behind the first piece is not
what the note says: neither a non-productive cough nor a productive one is named by "productive
cough" there, and no stone of a bladder by "bladder stones" in "gall bladder stones".
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
_ANY_HYPHEN = re.compile(r"[-\u2010\u2011](?=[^\W\d_]{3})")
_LINE_END = re.compile(r"[-\u2010\u2011](?<=[a-z]{2}.) ?\n[ \t]*(?=[a-z]{2})")
_SOFT = re.compile(r"(?<=[^\W\d_])\u00ad(?: ?\n[ \t]*)?(?=[^\W\d_])")
_COMPOUNDS = {
    **dict.fromkeys(("back", "belly", "ear", "head", "stomach", "tooth"), ("ache",)),
    "gall": ("bladder", "stone"),
    "heart": ("burn",),
    "light": ("headed",),
    "nose": ("bleed",),
}
"""First pieces of words that notes write in two, and the second ones."""
_SECONDS = tuple(sorted({piece for pieces in _COMPOUNDS.values() for piece in pieces}))
_INITIALS = {*"".join(piece[0] + piece[0].upper() for piece in _SECONDS)} - {*"aA"}
_BEFORE = re.compile(r"(?<![\w\u2010\u2011-])[^\W\d_]{2,10}\Z")
_LONGEST_PREFIX = 10
_OTHERWISE = re.compile(
    r"(?<![\w\u2010\u2011-])(?:(?:anti|non|pre)[-\u2010\u2011]|non )\Z", re.IGNORECASE
)
_LONGEST_OTHERWISE = len("anti-") + 1
_JOINING = frozenset("- \u2010\u2011")
_JOINER = "\u0335"
"""Stands for the hyphen: a mark that words are compared without, as long as what it replaces."""
_AROUND = 60
"""Characters on each side of such a word that a name with it may reach."""


def joined_in(text: str) -> Iterator[tuple[int, str]]:
    """The stretches of a note around words in two pieces, where each begins.

    What parts the pieces is joiners there.

    Args:
        text: as `plain_text` has it.
    """
    near: list[tuple[int, int]] = []
    for gap in _gaps(text):
        if near and gap[0] - 2 * _AROUND > near[-1][0]:
            yield _joined(text, near)
            near = []
        near.append(gap)
    if near:
        yield _joined(text, near)


def in_one_word(stretch: str) -> str | None:
    """A stretch of what `joined_in` yields, its words in one piece; None if it has none in two."""
    return stretch.replace(_JOINER, "") if _JOINER in stretch else None


def is_prefixed(text: str, start: int) -> bool:
    """Whether what stands in front makes what begins at `start` another thing: "non-", "gall "."""
    before = text[max(0, start - 2) : start]
    return before[-1:] in _JOINING and (
        (
            # All but "non " have a hyphen.
            (before[-1:] != " " or before[:1] in "nN")
            and _OTHERWISE.search(text, max(0, start - _LONGEST_OTHERWISE), start) is not None
        )
        # Half an ache is a pain.
        or (text[start] in _INITIALS and _is_compound(text, start - 1))
    )


def _gaps(text: str) -> list[tuple[int, int]]:
    """What parts the pieces of words, in reading order: half-open, in code points."""
    typeset = "\u2010" in text or "\u2011" in text
    hyphens = (_ANY_HYPHEN if typeset else _HYPHEN).finditer(text)
    gaps = [hyphen.span() for hyphen in hyphens if _is_prefix(text, hyphen.start())]
    if typeset or "-\n" in text or "- \n" in text:
        gaps += [match.span() for match in _LINE_END.finditer(text)]
    if "\u00ad" in text:
        gaps += [match.span() for match in _SOFT.finditer(text)]
    gaps += [(at, at + 1) for at in _between_compounds(text)]
    return sorted({*gaps})


def _between_compounds(text: str) -> Iterator[int]:
    lower = text.lower()
    if len(lower) != len(text):  # A capital that is two letters when written small.
        lower = text
    for piece in _SECONDS:
        at = lower.find(piece)
        while at > 0:
            if lower[at - 1] in " -" and _is_compound(lower, at - 1):
                yield at - 1
            at = lower.find(piece, at + 1)


def _is_prefix(text: str, end: int) -> bool:
    before = _BEFORE.search(text, max(0, end - _LONGEST_PREFIX), end)
    return before is not None and before.group().lower() in _PREFIXES


def _is_compound(text: str, gap: int) -> bool:
    """Whether `text[gap]` parts two pieces of one word."""
    behind = text[gap + 1 : gap + 1 + _LONGEST_PREFIX].lower()
    if not behind.startswith(_SECONDS):
        return False
    first = _BEFORE.search(text, max(0, gap - _LONGEST_PREFIX), gap)
    return first is not None and behind.startswith(_COMPOUNDS.get(first.group().lower(), ()))


def _joined(text: str, gaps: list[tuple[int, int]]) -> tuple[int, str]:
    begin = _word_start(text, max(0, gaps[0][0] - _AROUND))
    stretch = [*text[begin : _word_end(text, gaps[-1][1])]]
    for start, end in gaps:
        stretch[start - begin : end - begin] = _JOINER * (end - start)
    return begin, "".join(stretch)


def _word_start(text: str, at: int) -> int:
    """The first place from `at` on where no word is cut."""
    while 0 < at < len(text) and not text[at - 1].isspace():
        at += 1
    return at


def _word_end(text: str, gap_end: int) -> int:
    """The last place near behind a gap where no word is cut; its end if a word has no end there."""
    at = min(len(text), gap_end + _AROUND)
    while gap_end < at < len(text) and not text[at].isspace():
        at -= 1
    return at

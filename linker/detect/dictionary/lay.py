"""What patients say, and what it is: "heart racing" is palpitations, "my back hurts" back pain.

Histories and triage notes quote patients, and forums are written by them; terminologies have the
clinicians' word. Which phrases, and for what, is data: `data/lay.toml`. What of it a terminology
has is for the caller to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from itertools import chain, takewhile
from typing import NamedTuple

from linker.checked import Checked, shipped

_BLANKS = "\t\n\r\u00a0"
_GAP = "(?: +)"
_IN_CLAUSE = r"[^.,;:!?\n]"
_HYPHEN_OR_GAP = f"(?:-|{_GAP})"
_WORD = re.compile(r"[^\W_]+")
_LEADING = re.compile(
    rf"(?:(?:my|his|her|your|their|our|the|'s|’s|is|are|was|were|am|be|been|being|so|really|very"
    rf"|extremely|slightly|somewhat|just|also|still|quite|pretty|too){_GAP})+",
    re.IGNORECASE,
)
"""What a pattern may begin with that is no part of the mention: "her", "was so"."""


class Saying(NamedTuple):
    """`text[start:end]`, in code points, says what has one of these names, the most usual first."""

    start: int
    end: int
    names: tuple[str, ...]


class _Finding(Checked):
    names: tuple[str, ...]
    at: tuple[str, ...]
    said: tuple[str, ...]
    near: frozenset[str] = frozenset()
    unless_behind: tuple[str, ...] = ()


class _File(Checked):
    fillers: frozenset[str]
    circumstances: frozenset[str]
    words: dict[str, str]
    parts: dict[str, tuple[str, ...]]
    findings: tuple[_Finding, ...]


def is_of_saying(word: str) -> bool:
    """Whether a word is one of those around which sayings are looked for."""
    return word.lower() in _findings_at()


def sayings_at(stretch: str, start: int, end: int) -> Iterator[Saying]:
    """The sayings in a stretch of text that hold its word `stretch[start:end]`.

    Args:
        stretch: whole words, without the end of a sentence among them.
        start, end: of a word for which `is_of_saying`.
    """
    findings = _findings_at().get(stretch[start:end].lower(), ())
    if not findings:
        return
    plain = stretch
    for blank in _BLANKS:
        plain = plain.replace(blank, " ")
    words = {*_words(plain)}
    for finding in findings:
        if finding.near and finding.near.isdisjoint(words):
            continue
        for match in _ways(finding.said).finditer(plain):
            if (
                match.start() <= start
                and end <= match.end()
                and not _stands_behind(finding.unless_behind, plain, match.start())
            ):
                yield Saying(_begin(match, start), match.end(), _names(finding.names, match))


@lru_cache(maxsize=16384)
def names_of_saying(text: str) -> tuple[str, ...]:
    """The names of what a whole text says, which may have more around it that adds nothing.

    "I can't sleep at all since my accident". Of several sayings in it the longest counts.

    Returns:
        () where it is no saying, or says more.
    """
    found = [
        saying
        for word in _WORD.finditer(text)
        if is_of_saying(word.group())
        for saying in sayings_at(text, *word.span())
    ]
    if not found:
        return ()
    longest = max(found, key=lambda saying: (saying.end - saying.start, -saying.start))
    before, behind = _words(text[: longest.start]), _words(text[longest.end :])
    around = chain(before, takewhile(lambda w: w not in _file().circumstances, behind))
    return longest.names if _file().fillers.issuperset(around) else ()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _begin(match: re.Match[str], at_most: int) -> int:
    """Where the mention of a match begins: at the place marked in its pattern, or past its verb."""
    marked = _group(match, "from")
    if marked is not None:
        return match.start(marked)
    leading = _LEADING.match(match.string, match.start(), at_most)
    return leading.end() if leading else match.start()


def _stands_behind(words: Sequence[str], text: str, start: int) -> bool:
    """Whether one of some expressions ends right before a place."""
    return bool(words) and _end_in(words).search(text[:start]) is not None


@cache
def _end_in(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})\s+\Z", re.IGNORECASE)


def _group(match: re.Match[str], kind: str) -> str | None:
    """The name of the group of a kind, in the way of saying it that matched."""
    named = (name for name, said in match.groupdict().items() if said is not None)
    return next((name for name in named if name.rstrip("0123456789") == kind), None)


def _names(names: Sequence[str], match: re.Match[str]) -> tuple[str, ...]:
    """The names of a finding with the body part in them that was said, and its side."""
    part, side = _group(match, "part"), _group(match, "side")
    if part is None:
        return tuple(names)
    beside = match[side].lower() if side else ""
    forms = _parts()[match[part].lower()]
    return tuple(
        dict.fromkeys(
            " ".join(name.replace("{side}", beside).replace("{part}", form).split())
            for name in names
            for form in (forms if "{part}" in name else forms[:1])
        )
    )


@lru_cache(maxsize=1)
def _file() -> _File:
    return shipped(_File, __package__, "lay.toml")


@lru_cache(maxsize=1)
def _parts() -> dict[str, tuple[str, ...]]:
    """What names have for a body part, by the part as it is said, singular and plural."""
    return {said: forms for part, forms in _file().parts.items() for said in (part, f"{part}s")}


@lru_cache(maxsize=1)
def _findings_at() -> dict[str, tuple[_Finding, ...]]:
    """The findings that a word may be part of saying."""
    found: dict[str, list[_Finding]] = {}
    for finding in _file().findings:
        for word in finding.at:
            found.setdefault(word, []).append(finding)
    return {word: tuple(findings) for word, findings in found.items()}


@cache
def _ways(said: Sequence[str]) -> re.Pattern[str]:
    """One expression for all ways to say a finding, of whole words; made when first needed."""
    file = _file()
    part = f"(?P<part>{'|'.join(sorted(_parts(), key=len, reverse=True))})"
    words = {**file.words, "part": part}
    ways = []
    for i, way in enumerate(said):
        for name, fragment in words.items():
            way = way.replace(f"{{{name}}}", fragment)
        way = way.replace("~", "(?P<from>)").replace(".{", f"{_IN_CLAUSE}{{")
        way = re.sub(r"\[- \]|( )", lambda m: _GAP if m[1] else _HYPHEN_OR_GAP, way)
        # A name may stand in one of the ways only.
        ways.append(re.sub(r"\?P<(\w+)>", rf"?P<\g<1>{i}>", way))
    return re.compile(rf"(?<![\w'’-])(?:{'|'.join(ways)})(?![\w-]|['’]\w)", re.IGNORECASE)

"""Short forms: those that a note defines itself, and those of clinical usage.

A note's own definitions, "obstructive sleep apnea (OSA)", are found by the algorithm of Schwartz
and Hearst (2003), `linker.detect.hearst`, on one definition at a time. scispaCy's pipeline
component for it compares each parenthesis with all that follow (quadratic on a long note), misses a
long form of three words in parentheses, reads a long form across sentences, and replaces extensions
of `Doc` for the whole process.

The table of clinical abbreviations holds those of which one sense, a finding or disease, dominates
in notes. A row without a long form is one that notes use in several senses (MS, PE, RA): it is
linked only where its note defines it.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from linker.detect.bracketed import bracketed
from linker.detect.hearst import long_form_start
from linker.detect.senses import sense_of
from linker.detect.sentences import ends_sentence, hard_breaks, plain_newlines
from linker.schema import Mention
from linker.text import STOP_WORDS, readable

_PARENTHESIS = re.compile(r"\(([^()]{2,120})\)")
_SHORT = r"[^\W_](?:[\w/&+-]{0,8}[^\W_])"
_LETTERS = re.compile(r"(?<![\w/])[A-Za-z](?:/[A-Za-z]){1,4}(?![\w/])")
_IS_SHORT = re.compile(_SHORT)
_SHORT_BEFORE = re.compile(rf"(?<![\w/&+.-])({_SHORT}) ?\Z")
_WORD = re.compile(r"[^\W_](?:[\w'’/&+-]*[^\W_])?|[^\w\s]")
_HEAD = re.compile(r"[^\W_]+")
_STOP = re.compile(r"[.!?](?=\s)|[;:()\[\]]")
_LAST_WORD = re.compile(r"[^\W_]+\Z")
_CAUSE = re.compile(r"(?:induced|associated|related)[ \t\n]+\Z")
# Laboratory animals get the disease by being immunised: letters for it name the experiment.
_MODEL = re.compile(
    r"(?:adjuvant|antigen|carrageenan|collagen|ovalbumin|peptidoglycan|pristane|proteoglycan|zymosan)"
    r"[- \t\n]{1,2}induced[ \t\n]+\Z",
    re.IGNORECASE,
)
_NEAR = 8
"""Mentions before the end of a long form that may reach it, where mentions overlap."""
_BEFORE = 200
"""Characters before a parenthesis in which the long form is looked for, at most 15 words."""
_KEPT = 16384
"""Strings whose answer is kept: notes say the same few thousand things."""

# In parentheses after a phrase that happens to hold their letters, these define nothing.
# fmt: off
_NO_SHORT_FORMS = frozenset((
    "NOS", "NEC", "NA", "N/A", "POS", "NEG", "AM", "PM", "OD", "OS", "OU", "BID", "TID", "QID",
    "PRN", "PO", "IV", "IM", "SC", "SQ", "SL", "PR", "QD", "QHS", "QOD", "QAM", "QPM", "YO", "MD",
    "DO", "RN", "NP", "PHD", "USA", "US", "UK", "ST", "ND", "RD", "TH", "II", "III", "VI", "VII",
    "VIII", "IX", "XI", "XII", "RT", "LT", "BL", "WNL", "NKDA", "MG", "ML", "CM", "MM", "KG",
    "LB", "MCG", "MMHG", "DL", "CC", "HR", "HRS", "MIN", "SEC", "JAN", "FEB", "APR", "JUN", "JUL",
    "AUG", "SEP", "OCT", "NOV", "DEC", "MON", "TUE", "WED", "THU", "FRI", "SUN", "RIGHT", "LEFT",
    "SEE", "NOTE", "YES", "NONE", "FIG", "REF", "VS", "AKA", "IE", "EG",
))
# fmt: on


class ShortForm(NamedTuple):
    """A short form that its note defines: `text[start:end]`, and `text[long_start:long_end]`.

    Half-open, in code points. `long_form` is the long form with single spaces.
    """

    start: int
    end: int
    long_form: str
    long_start: int
    long_end: int


def defined_in(text: str) -> list[ShortForm]:
    """Every occurrence of the short forms that a note defines, in reading order.

    An occurrence has the meaning of the last definition before it, or of the first definition if it
    stands before all. Plurals ("UTIs") count. No state is kept between texts.
    """
    if "(" not in text:
        return []
    definitions: dict[str, list[ShortForm]] = {}
    for definition in _definitions(readable(plain_newlines(text))):
        short = _singular(text[definition.start : definition.end])
        definitions.setdefault(short, []).append(definition)
    if not definitions:
        return []
    # The shorts by their first letters and digits, the longest first: "MDR" also begins "MDR-TB".
    heads: dict[str, list[str]] = {}
    for short in sorted(definitions, key=lambda short: (-len(short), short)):
        match = _HEAD.match(short)
        if match is not None:
            heads.setdefault(match.group(), []).append(short)
    found: list[ShortForm] = []
    done = 0
    last = dict.fromkeys(definitions, 0)
    for word in _HEAD.finditer(text):
        start = word.start()
        if start < done:
            continue
        head = word.group()
        for short in (*heads.get(head, ()), *heads.get(_singular(head), ())):
            end = _end_of(text, start, short)
            if end is None:
                continue
            senses = definitions[short]
            while last[short] + 1 < len(senses) and senses[last[short] + 1].start <= start:
                last[short] += 1
            sense = senses[last[short]]
            if not sense.long_start <= start < sense.long_end:
                found.append(sense._replace(start=start, end=end))
                done = end
            break
    return found


def _end_of(text: str, start: int, short: str) -> int | None:
    """Where the short form at `start` ends, its plural "s" included; None if it is not there."""
    if not text.startswith(short, start):
        return None
    end = start + len(short)
    if text.startswith("s", end):
        end += 1
    return None if end < len(text) and (text[end].isalnum() or text[end] == "_") else end


def _singular(short: str) -> str:
    plural = len(short) > 2 and short[-1] == "s" and short[-2].isupper()
    return short[:-1] if plural else short


def _definitions(text: str) -> Iterator[ShortForm]:
    """The definitions of a text, each with the short form that stands in it."""
    hard: set[int] | None = None
    known: dict[tuple[str, str], tuple[int, int] | None] = {}  # Relative: a clause may come again.
    for match in _PARENTHESIS.finditer(text):
        inner_start, inner_end = match.span(1)
        begin = max(0, match.start() - _BEFORE)
        inner = match.group(1)
        if _IS_SHORT.fullmatch(inner):
            long_start, long_end, start, end = begin, match.start(), inner_start, inner_end
        else:
            before = _SHORT_BEFORE.search(text, max(0, match.start() - 12), match.start())
            if before is None:
                continue
            long_start, long_end = inner_start, inner_end
            start, end = before.span(1)
        short = text[start:end]
        if not _may_be_short(short) or not _has_letters(text[long_start:long_end], short):
            continue
        if hard is None:
            hard = hard_breaks(text)
        clause_start = _clause_start(text, long_start, long_end, hard)
        if long_start == inner_start and clause_start != long_start:
            continue
        key = (text[clause_start:long_end], short)
        if key not in known:
            known[key] = _long_form(*key)
        edges = known[key]
        if edges is not None:
            first, last = clause_start + edges[0], clause_start + edges[1]
            yield ShortForm(start, end, " ".join(text[first:last].split()), first, last)


def _may_be_short(short: str) -> bool:
    marks = sum(c.isupper() or c.isdigit() for c in short)
    letters = sum(c.isalpha() for c in short)
    return (
        short[0].isalpha()
        and 2 * letters >= len(short)
        and marks >= 2
        and any(c.isupper() for c in short)
        and short.upper() not in _NO_SHORT_FORMS
    )


def _has_letters(long: str, short: str) -> bool:
    """Whether the letters of the short form stand in the long one, in order: a cheap check."""
    long = long.lower()
    at = len(long)
    for c in reversed(short.lower()):
        if c.isalnum():
            at = long.rfind(c, 0, at)
            if at < 0:
                return False
    return True


def _clause_start(text: str, start: int, end: int, hard: set[int]) -> int:
    """The last place in [start, end) where a sentence, list item or bracket begins, or `start`."""
    begin = start
    for match in reversed(list(_STOP.finditer(text, start, end))):
        if match.group() not in ".!?" or ends_sentence(
            text, match.start(), _word_before(text, match.start())
        ):
            begin = match.end()
            break
    for at in range(end - 1, begin - 1, -1):
        if at in hard:
            return at + 1
    return begin


def _word_before(text: str, at: int) -> str:
    match = _LAST_WORD.search(text[max(0, at - 12) : at])
    return "" if match is None else match.group().lower()


def _long_form(text: str, short: str) -> tuple[int, int] | None:
    """Where, at the end of `text`, the long form of `short` is."""
    words = list(_WORD.finditer(text))
    n_letters = len(short)
    words = words[-min(n_letters + 5, 2 * n_letters) :]
    if not words:
        return None
    begin = long_form_start([word.group() for word in words], short)
    if begin is None:
        return None
    first, last = words[begin], words[-1]
    form = text[first.start() : last.end()]
    # A word in capitals is no short form of a phrase in capitals that holds it.
    contained = re.search(rf"(?<!\w){re.escape(short)}(?!\w)", form, re.IGNORECASE)
    shouted = form.isupper() and short.isalpha() and len(short) > 5
    # "onset of arthritis (OA)": no long form begins with "of".
    rest = first.group().lower() in STOP_WORDS
    if contained or shouted or rest or len(form) <= len(short) + 1 or not last.group()[0].isalnum():
        return None
    return first.start(), last.end()


def expand(
    text: str, mentions: Sequence[Mention], *, drop_undetected: bool = False
) -> list[Mention]:
    """Give mentions that are short forms their long forms, and add those that were missed.

    A note's own definition comes first. For other short forms the table of clinical abbreviations
    speaks, unless the note puts them in parentheses: then it defines them, by the mention before
    the bracket or in a way that is not understood here ("myotonic dystrophy (DM)" is no diabetes
    mellitus).

    Args:
        text: the note.
        mentions: of this text, in the order of their starts; they may overlap.
        drop_undetected: leave out the short forms that the note defines by a long form in whose
            head the detector saw no mention: "galactose-1-phosphate uridyltransferase (GALT)" names
            no disease, whatever the index means by "GALT". For mentions that a detector found; not
            for those of an annotator.

    Returns:
        The mentions in the same order. An occurrence of a short form that the note defines, and
        that no mention touches, becomes a mention.
    """
    short_forms = defined_in(text)
    meant = {
        (short.start, short.end): _meant_by(text, short, mentions, trust=not drop_undetected)
        for short in short_forms
    }
    in_parentheses = parenthesised(text)
    by_bracket = bracketed(text, mentions)
    expanded = []
    for mention in mentions:
        span = (mention.start, mention.end)
        bracket = by_bracket.get(mention.text)
        long_form = meant.get(span, mention.long_form)
        if long_form is not None and _is_longer(bracket, long_form, mention):
            long_form = bracket
        if long_form is None:
            if span in meant:
                continue
            if mention.text not in in_parentheses:
                long_form = stands_for(text, *span) or None
        if long_form is None:
            long_form = bracket
        same = long_form == mention.long_form
        expanded.append(mention if same else replace(mention, long_form=long_form))
    added = []
    i, reached = 0, 0
    for short in short_forms:
        while i < len(mentions) and mentions[i].start < short.end:
            reached = max(reached, mentions[i].end)
            i += 1
        long_form = meant[short.start, short.end]
        if long_form is not None and reached <= short.start:
            added.append(
                Mention(short.start, short.end, text[short.start : short.end], long_form=long_form)
            )
    return sorted([*expanded, *added], key=lambda mention: (mention.start, -mention.end))


def _meant_by(
    text: str, short: ShortForm, mentions: Sequence[Mention], *, trust: bool
) -> str | None:
    """What to look a short form up by; None where its long form has no mention for a head.

    "contrast-induced nephropathy (CIN)" is looked up as nephropathy: what induced it is no part of
    a name. "collagen-induced arthritis (CIA)" is an experiment.
    """
    before = bisect_left(mentions, short.long_end, key=lambda mention: mention.start)
    near = mentions[max(0, before - _NEAR) : before]
    # A long form may end one letter before its mention does: "carcinomas (CA)".
    heads = [m for m in near if short.long_end <= m.end <= short.long_end + 1 and not m.proposed]
    if not heads:
        return short.long_form if trust else None
    head = min(heads, key=lambda mention: mention.start)
    cause = text[short.long_start : max(head.start, short.long_start)]
    if _MODEL.search(cause):
        return None
    return head.query if _CAUSE.search(cause) else short.long_form


def _is_longer(bracketed: str | None, long_form: str, short: Mention) -> bool:
    """Whether the mention before the bracket holds the long form and one more initial.

    The search for letters takes the shortest phrase that has them: "adenomatous polyposis coli" for
    the AAPC of "attenuated adenomatous polyposis coli (AAPC)".
    """
    return (
        bracketed is not None
        and long_form.lower() in bracketed.lower()
        and bracketed[0].lower() == short.text[0].lower()
    )


def parenthesised(text: str) -> frozenset[str]:
    """The strings that stand alone in parentheses, as a short form does where it is defined."""
    return frozenset(match.group(1).strip() for match in _PARENTHESIS.finditer(text))


def stands_for(text: str, start: int, end: int) -> str | None:
    """What the abbreviation `text[start:end]` stands for among the words around it.

    Returns:
        "" where that is no finding ("CVA tenderness"); None where neither they nor the table say.
    """
    sense = sense_of(text, start, end)
    return clinical_long_form(text[start:end]) if sense is None else sense


@lru_cache(maxsize=_KEPT)
def clinical_long_form(short: str) -> str | None:
    """What an abbreviation stands for in clinical notes; None if unknown, or no sense dominates.

    Case counts only where the abbreviation is a word or a name when written small ("AIDS", "PAD").
    """
    short = " ".join(short.split())
    exact, folded = _clinical_table()
    for form in (
        short,
        short.replace(".", "") if re.fullmatch(r"(?:[A-Za-z]\.){2,}", short) else short,
        _singular(short),
    ):
        long_form = exact.get(form) or folded.get(form.lower())
        if long_form:
            return long_form
    return None


def letters_in(text: str) -> Iterator[ShortForm]:
    """The letters of the lists that notes shorten to letters ("n/v/d"), in reading order.

    Each letter with what it stands for, which the note does not write out: `long_start` and
    `long_end` are those of the list.
    """
    if "/" not in text:
        return
    table = _letters()
    for match in _LETTERS.finditer(text):
        long_forms = table.get(match.group().lower(), ())
        for i, long_form in enumerate(long_forms):
            at = match.start() + 2 * i
            yield ShortForm(at, at + 1, long_form, *match.span())


@lru_cache(maxsize=1)
def _letters() -> dict[str, tuple[str, ...]]:
    source = resources.files(__package__) / "data/clinical_letters.tsv"
    with source.open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["short"]: tuple(row["long"].split("|")) for row in rows}


def stands_for_in_phrase(text: str, start: int, end: int) -> str | None:
    """What `text[start:end]` stands for as a word of a phrase: "GI" of "GI bleed".

    Returns:
        None where it is no abbreviation, or one whose sense is no finding.
    """
    exact, folded = _parts_table()
    short = text[start:end]
    part = exact.get(short) or folded.get(short.lower())
    return part or stands_for(text, start, end) or None


@lru_cache(maxsize=_KEPT)
def may_stand_in_phrase(short: str) -> bool:
    """Whether a word is an abbreviation in some phrase."""
    exact, folded = _parts_table()
    return short in exact or short.lower() in folded or is_abbreviation(short)


@lru_cache(maxsize=_KEPT)
def is_abbreviation(short: str) -> bool:
    """Whether the table of clinical abbreviations has a row for it, ambiguous ones included."""
    exact, folded = _clinical_table()
    return any(form in exact or form.lower() in folded for form in (short, _singular(short)))


@lru_cache(maxsize=1)
def _clinical_table() -> tuple[dict[str, str], dict[str, str]]:
    """The long form of an ambiguous abbreviation is ""."""
    return _read_table("clinical_abbreviations.tsv")


@lru_cache(maxsize=1)
def _parts_table() -> tuple[dict[str, str], dict[str, str]]:
    """What is no mention by itself: organs, places, germs, and short words of notes."""
    return _read_table("clinical_parts.tsv")


def _read_table(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """The abbreviations that need their exact case, and the others in lower case."""
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    with (resources.files(__package__) / "data" / name).open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["case"] == "exact":
                exact[row["short"]] = row["long"]
            else:
                folded[row["short"].lower()] = row["long"]
    return exact, folded
